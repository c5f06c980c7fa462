// Segments, calls and binaries that do not verify.
// One case per constraint, named by the label it has in the operation's description.
// RUN: mla-opt %s --split-input-file --verify-diagnostics

// mla.segment (C1): a segment returns.
// expected-error @+1 {{'mla.segment' op must end with mla.return}}
mla.segment @MLA_0 {
^bb0(%x: tensor<3xi8>):
  llvm.unreachable
}

// -----

// mla.segment (C2): shapes are static.
// expected-error @+1 {{'mla.segment' op argument 0 is 'tensor<?xi8>', expected a tensor of static shape}}
mla.segment @MLA_0 {
^bb0(%x: tensor<?xi8>):
  mla.return
}

// -----

// mla.segment (C3): every input has a name.
// expected-error @+1 {{'mla.segment' op input_names has 2 names for 1 tensors}}
mla.segment @MLA_0 attributes {input_names = ["a", "b"]} {
^bb0(%x: tensor<3xi8>):
  mla.return
}

// -----

// mla.segment (C3): every output has a name.
// expected-error @+1 {{'mla.segment' op output_names has 0 names for 1 tensors}}
mla.segment @MLA_0 attributes {output_names = []} {
^bb0(%x: tensor<3xi8>):
  mla.return %x : tensor<3xi8>
}

// -----

// mla.segment (C4): only layers stand in a segment.
// expected-error @+1 {{'mla.segment' op holds 'tosa.abs', which is not a layer operation of mla}}
mla.segment @MLA_0 {
^bb0(%x: tensor<3xi8>):
  %y = tosa.abs %x : (tensor<3xi8>) -> tensor<3xi8>
  mla.return %y : tensor<3xi8>
}

// -----

// mla.segment (C5): every input has its place in DRAM, or none has.
// expected-error @+1 {{'mla.segment' op input_dram has 2 entries for 1 tensors}}
mla.segment @MLA_0 attributes {input_dram = [#mla.dram<hwc>, #mla.dram<hwc>]} {
^bb0(%x: tensor<3xi8>):
  mla.return
}

// -----

// mla.segment (C5): tiles do not cut blocks of channels.
// expected-error @+1 {{'mla.segment' op output_dram cuts 40 channels into tiles of 8, which are no blocks of 16}}
mla.segment @MLA_0 attributes {output_dram = [#mla.dram<hwc, tile = [1, 1, 8]>]} {
^bb0(%x: tensor<1x2x2x40xi8>):
  mla.return %x : tensor<1x2x2x40xi8>
}

// -----

// mla.return: a return stands in a segment.
func.func @f() {
  // expected-error @+1 {{'mla.return' op expects parent op 'mla.segment'}}
  mla.return
}

// -----

// mla.call (C1): what is called exists.
// expected-error @+1 {{'mla.call' op callee 'MLA_7' is not an mla.segment, mla.program or mla.binary}}
mla.call @MLA_7() : () -> ()

// -----

// mla.call (C2): a call has the segment's inputs.
mla.segment @MLA_0 {
^bb0(%x: tensor<3xi8>):
  mla.return %x : tensor<3xi8>
}
// expected-error @+1 {{'mla.call' op has 0 inputs, 'MLA_0' has 1}}
%y = mla.call @MLA_0() : () -> tensor<3xi8>

// -----

// mla.call (C2): a call has the segment's types.
mla.segment @MLA_0 {
^bb0(%x: tensor<3xi8>):
  mla.return %x : tensor<3xi8>
}
func.func @f(%x: tensor<3xi8>) {
  // expected-error @+1 {{'mla.call' op output 0 is 'tensor<4xi8>', 'MLA_0' has 'tensor<3xi8>'}}
  %y = mla.call @MLA_0(%x) : (tensor<3xi8>) -> tensor<4xi8>
  return
}

// -----

// mla.call (C2): a call has as many tensors as the program.
mla.program @MLA_0 target "mlsoc" quads 1 batch 1 end_cycle 0 dram_bytes 3 {
  mla.program.io input "x" dram 0 bytes 3 "int8" [3] "HWC"
  mla.program.stream 0 {
  }
}
func.func @f(%x: tensor<3xi8>) {
  // expected-error @+1 {{'mla.call' op has 1 inputs and 1 outputs, 'MLA_0' has 1 and 0}}
  %y = mla.call @MLA_0(%x) : (tensor<3xi8>) -> tensor<3xi8>
  return
}

// -----

// mla.binary (C1): a binary is made of bytes.
// expected-error @+1 {{'mla.binary' op lm is 'tensor<2xi16>', expected a row of bytes}}
mla.binary @MLA_0 attributes {lm = dense<[127, 69]> : tensor<2xi16>, stats = {}}

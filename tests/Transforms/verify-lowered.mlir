// The checkpoint behind the partitioning refuses what stands in the wrong place, and passes what is right.
// RUN: mla-opt %s --afe-verify-lowered --split-input-file --verify-diagnostics

// What computes belongs into a segment.
func.func @main(%x: tensor<1x5xf32>) -> tensor<1x5xf32> {
  // expected-error @below {{belongs into a segment, but stands in @main}}
  %0 = tosa.sin %x : (tensor<1x5xf32>) -> tensor<1x5xf32>
  return %0 : tensor<1x5xf32>
}

// -----

// A segment that nothing calls, and one that is called twice.
// expected-error @below {{segment 'MLA_0' is called 0 times in @main, expected once}}
mla.segment @MLA_0 {
^bb0(%x: tensor<1x6xi8>):
  %0 = mla.reshape %x : tensor<1x6xi8> -> tensor<2x3xi8>
  mla.return %0 : tensor<2x3xi8>
}
// expected-error @below {{segment 'APU_1' is called 2 times in @main, expected once}}
a65.segment @APU_1 {
^bb0(%x: tensor<2x3xi8>):
  %0 = tosa.clamp %x {a65.reason = "a test", min_val = -9 : i8, max_val = 100 : i8} : (tensor<2x3xi8>) -> tensor<2x3xi8>
  a65.return %0 : tensor<2x3xi8>
}
func.func @main(%x: tensor<2x3xi8>) -> (tensor<2x3xi8>, tensor<2x3xi8>) {
  %0 = a65.call @APU_1(%x) : (tensor<2x3xi8>) -> tensor<2x3xi8>
  %1 = a65.call @APU_1(%x) : (tensor<2x3xi8>) -> tensor<2x3xi8>
  return %0, %1 : tensor<2x3xi8>, tensor<2x3xi8>
}

// -----

// Calls and the EV74's functions in @main, layers and TOSA where they belong.
mla.segment @MLA_0 {
^bb0(%x: tensor<1x6xi8>):
  %0 = mla.reshape %x : tensor<1x6xi8> -> tensor<2x3xi8>
  mla.return %0 : tensor<2x3xi8>
}
a65.segment @APU_1 {
^bb0(%x: tensor<2x3xi8>):
  %0 = tosa.clamp %x {a65.reason = "a test", min_val = -9 : i8, max_val = 100 : i8} : (tensor<2x3xi8>) -> tensor<2x3xi8>
  a65.return %0 : tensor<2x3xi8>
}
func.func @main(%x: tensor<1x6xi8>) -> tensor<2x3xi8> {
  %0 = mla.call @MLA_0(%x) : (tensor<1x6xi8>) -> tensor<2x3xi8>
  %1 = a65.call @APU_1(%0) : (tensor<2x3xi8>) -> tensor<2x3xi8>
  return %1 : tensor<2x3xi8>
}

// Operations of the host that do not verify.
// One case per constraint, named by the label it has in the operation's description.
// RUN: mla-opt %s --split-input-file --verify-diagnostics

// a65.segment (C1): a segment returns.
// expected-error @+1 {{'a65.segment' op must end with a65.return}}
a65.segment @APU_1 {
^bb0(%x: tensor<3xf32>):
  llvm.unreachable
}

// -----

// a65.segment (C2): shapes are static.
// expected-error @+1 {{'a65.segment' op argument 0 is 'tensor<?xf32>', expected a tensor of static shape}}
a65.segment @APU_1 {
^bb0(%x: tensor<?xf32>):
  a65.return
}

// -----

// a65.segment (C3): every input has a name.
// expected-error @+1 {{'a65.segment' op input_names has 0 names for 1 tensors}}
a65.segment @APU_1 attributes {input_names = []} {
^bb0(%x: tensor<3xf32>):
  a65.return
}

// -----

// a65.segment (C4): no layer of the MLA stands in a host segment.
// expected-error @+1 {{'a65.segment' op holds 'mla.reshape', which is no host computation}}
a65.segment @APU_1 {
^bb0(%x: tensor<3xi8>):
  %y = mla.reshape %x : tensor<3xi8> -> tensor<1x3xi8>
  a65.return %y : tensor<1x3xi8>
}

// -----

// a65.return: a return stands in a segment.
func.func @f() {
  // expected-error @+1 {{'a65.return' op expects parent op 'a65.segment'}}
  a65.return
}

// -----

// a65.call (C1): what is called exists.
// expected-error @+1 {{'a65.call' op callee 'APU_7' is not an a65.segment or a65.binary}}
a65.call @APU_7() : () -> ()

// -----

// a65.call (C2): a call has the segment's types.
a65.segment @APU_1 {
^bb0(%x: tensor<3xf32>):
  a65.return %x : tensor<3xf32>
}
func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{'a65.call' op input 0 is 'tensor<4xf32>', 'APU_1' has 'tensor<3xf32>'}}
  %y = a65.call @APU_1(%x) : (tensor<4xf32>) -> tensor<3xf32>
  return
}

// -----

// a65.binary (C1): a binary is made of bytes.
// expected-error @+1 {{'a65.binary' op so is 'tensor<2xi32>', expected a row of bytes}}
a65.binary @APU_1 attributes {so = dense<[127, 69]> : tensor<2xi32>, stats = {}}

// -----

// a65.ev74 (C1): the kernel is known.
func.func @f(%x: tensor<1x3xi8>) {
  // expected-error @+1 {{'a65.ev74' op the EV74 has no kernel 'blur'}}
  %q = a65.ev74 "blur" (%x) {params = {}}
    : (tensor<1x3xi8>) -> tensor<1x3xi8>
  return
}

// -----

// a65.ev74 (C2): the kernel has its number of inputs.
// expected-error @+1 {{'a65.ev74' op cast_transform has 0 inputs, expected 1}}
%q = a65.ev74 "cast_transform" () {params = {out_dtype = "int8"}} : () -> tensor<3xi8>

// -----

// a65.ev74 (C2): a kernel has outputs.
func.func @f(%x: tensor<3xi8>) {
  // expected-error @+1 {{'a65.ev74' op unpack_transform has 0 outputs, expected at least 1}}
  a65.ev74 "unpack_transform" (%x) {params = {tensor_types = [], tensor_shapes = []}} : (tensor<3xi8>) -> ()
  return
}

// -----

// a65.ev74 (C3): the kernel has its parameters.
func.func @f(%x: tensor<1x3xf32>) {
  // expected-error @+1 {{'a65.ev74' op quantization_transform needs the parameters channel_params or divisor, zero_point}}
  %q = a65.ev74 "quantization_transform" (%x) {params = {divisor = 2.0 : f32}}
    : (tensor<1x3xf32>) -> tensor<1x3xi8>
  return
}

// -----

// a65.ev74 (C4): a cast keeps the shape.
func.func @f(%x: tensor<1x3xi32>) {
  // expected-error @+1 {{'a65.ev74' op cast_transform makes 'tensor<3xi64>' of 'tensor<1x3xi32>', expected the same shape}}
  %q = a65.ev74 "cast_transform" (%x) {params = {out_dtype = "int64"}}
    : (tensor<1x3xi32>) -> tensor<3xi64>
  return
}

// -----

// a65.ev74 (C4): quantization makes integers of floats.
func.func @f(%x: tensor<1x3xi8>) {
  // expected-error @+1 {{'a65.ev74' op quantization_transform makes 'f32' of 'i8', expected integers of floats}}
  %q = a65.ev74 "quantization_transform" (%x) {params = {divisor = 2.0 : f32, zero_point = 0 : i64}}
    : (tensor<1x3xi8>) -> tensor<1x3xf32>
  return
}

// -----

// a65.ev74 (C5): a reshape keeps the elements.
func.func @f(%x: tensor<1x3xi8>) {
  // expected-error @+1 {{'a65.ev74' op reshape_transform makes 'tensor<4xi8>' of 'tensor<1x3xi8>', expected the same elements}}
  %q = a65.ev74 "reshape_transform" (%x) {params = {newshape = [4]}}
    : (tensor<1x3xi8>) -> tensor<4xi8>
  return
}

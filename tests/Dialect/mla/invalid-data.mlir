// Data movement that does not verify.
// One case per constraint, named by the label it has in the operation's description.
// RUN: mla-opt %s --split-input-file --verify-diagnostics

// mla.concat (C1): there is something to concatenate.
// expected-error @+1 {{'mla.concat' op has no inputs}}
%y = "mla.concat"() {axis = 0 : i64} : () -> tensor<3xi8>

// -----

// mla.concat (C1): all inputs have the output's element type.
func.func @f(%a: tensor<1x7x5x24xi8>, %b: tensor<1x7x5x3xi16>) {
  // expected-error @+1 {{'mla.concat' op input 1 is 'tensor<1x7x5x3xi16>', expected rank and element type of the output}}
  %y = mla.concat %a, %b {axis = 3 : i64} : tensor<1x7x5x24xi8>, tensor<1x7x5x3xi16> -> tensor<1x7x5x27xi8>
  return
}

// -----

// mla.concat (C2): the axis is a dimension.
func.func @f(%a: tensor<1x7x5x24xi8>, %b: tensor<1x7x5x3xi8>) {
  // expected-error @+1 {{'mla.concat' op axis is 4, allowed is 0 to 3}}
  %y = mla.concat %a, %b {axis = 4 : i64} : tensor<1x7x5x24xi8>, tensor<1x7x5x3xi8> -> tensor<1x7x5x27xi8>
  return
}

// -----

// mla.concat (C3): the inputs agree in the other dimensions.
func.func @f(%a: tensor<1x7x5x24xi8>, %b: tensor<1x7x3x3xi8>) {
  // expected-error @+1 {{'mla.concat' op input 1 has size 3 in dimension 2, expected 5}}
  %y = mla.concat %a, %b {axis = 3 : i64} : tensor<1x7x5x24xi8>, tensor<1x7x3x3xi8> -> tensor<1x7x5x27xi8>
  return
}

// -----

// mla.concat (C3): the sizes along the axis add up.
func.func @f(%a: tensor<1x7x5x24xi8>, %b: tensor<1x7x5x3xi8>) {
  // expected-error @+1 {{'mla.concat' op output has shape [1, 7, 5, 28], expected [1, 7, 5, 27] from the inputs}}
  %y = mla.concat %a, %b {axis = 3 : i64} : tensor<1x7x5x24xi8>, tensor<1x7x5x3xi8> -> tensor<1x7x5x28xi8>
  return
}

// -----

// mla.slice (C1): there is a start per dimension.
func.func @f(%a: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.slice' op start has 2 entries, expected 4}}
  %y = mla.slice %a {start = array<i64: 0, 1>, size = array<i64: 1, 3, 5, 20>} : tensor<1x7x5x24xi8> -> tensor<1x3x5x20xi8>
  return
}

// -----

// mla.slice (C2): a stride is at least 1.
func.func @f(%a: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.slice' op strides[1] is 0, allowed is 1 to 2147483647}}
  %y = mla.slice %a {start = array<i64: 0, 1, 0, 4>, size = array<i64: 1, 3, 5, 20>,
      strides = array<i64: 1, 0, 1, 1>} : tensor<1x7x5x24xi8> -> tensor<1x3x5x20xi8>
  return
}

// -----

// mla.slice (C2): the box is within the input.
func.func @f(%a: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.slice' op reads element 7 in dimension 1, but the input has 7}}
  %y = mla.slice %a {start = array<i64: 0, 3, 0, 4>, size = array<i64: 1, 3, 5, 20>,
      strides = array<i64: 1, 2, 1, 1>} : tensor<1x7x5x24xi8> -> tensor<1x3x5x20xi8>
  return
}

// -----

// mla.slice (C3): the output is as large as the box.
func.func @f(%a: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.slice' op output has shape [1, 3, 5, 21], expected [1, 3, 5, 20] from size}}
  %y = mla.slice %a {start = array<i64: 0, 1, 0, 4>, size = array<i64: 1, 3, 5, 20>} : tensor<1x7x5x24xi8> -> tensor<1x3x5x21xi8>
  return
}

// -----

// mla.slice (C3): a slice keeps the element type.
func.func @f(%a: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.slice' op failed to verify that all of {input, output} have same element type}}
  %y = mla.slice %a {start = array<i64: 0, 1, 0, 4>, size = array<i64: 1, 3, 5, 20>} : tensor<1x7x5x24xi8> -> tensor<1x3x5x20xi16>
  return
}

// -----

// mla.pad (C1): padding is not negative.
func.func @f(%a: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.pad' op low[1] is -1, allowed is 0 to 2147483647}}
  %y = mla.pad %a {low = array<i64: 0, -1, 0, 0>, high = array<i64: 0, 2, 1, 0>, value = 0 : i32} : tensor<1x7x5x24xi8> -> tensor<1x8x6x24xi8>
  return
}

// -----

// mla.pad (C2): the output is as large as input and padding.
func.func @f(%a: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.pad' op output has shape [1, 9, 6, 24], expected [1, 10, 6, 24] from input, low and high}}
  %y = mla.pad %a {low = array<i64: 0, 1, 0, 0>, high = array<i64: 0, 2, 1, 0>, value = 0 : i32} : tensor<1x7x5x24xi8> -> tensor<1x9x6x24xi8>
  return
}

// -----

// mla.pad (C3): the value is one of the element type.
func.func @f(%a: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.pad' op value is 128, allowed is -128 to 127}}
  %y = mla.pad %a {low = array<i64: 0, 1, 0, 0>, high = array<i64: 0, 2, 1, 0>, value = 128 : i32} : tensor<1x7x5x24xi8> -> tensor<1x10x6x24xi8>
  return
}

// -----

// mla.reshape (C1): no element is lost.
func.func @f(%a: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.reshape' op output has 816 elements, the input 840}}
  %y = mla.reshape %a : tensor<1x7x5x24xi8> -> tensor<34x24xi8>
  return
}

// -----

// mla.transpose (C1): every dimension is named.
func.func @f(%a: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.transpose' op perms has 3 entries, expected 4}}
  %y = mla.transpose %a {perms = array<i64: 0, 2, 1>} : tensor<1x7x5x24xi8> -> tensor<1x5x7x24xi8>
  return
}

// -----

// mla.transpose (C1): no dimension is named twice.
func.func @f(%a: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.transpose' op perms [0, 3, 3, 1] names dimension 3 twice}}
  %y = mla.transpose %a {perms = array<i64: 0, 3, 3, 1>} : tensor<1x7x5x24xi8> -> tensor<1x24x24x7xi8>
  return
}

// -----

// mla.transpose (C2): the output has the permuted shape.
func.func @f(%a: tensor<1x7x5x24xi8>) {
  // expected-error @+1 {{'mla.transpose' op output has shape [1, 7, 5, 24], expected [1, 24, 7, 5] from input and perms}}
  %y = mla.transpose %a {perms = array<i64: 0, 3, 1, 2>} : tensor<1x7x5x24xi8> -> tensor<1x7x5x24xi8>
  return
}

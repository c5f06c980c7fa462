// Every operation that stays on the host says which constraint it breaks and what would help.
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file | FileCheck %s
// RUN: mla-opt %s --afe-lower-to-mla --afe-partition --split-input-file | FileCheck %s --check-prefix=SEGMENT

// CHECK: a65.hint = "quantize this layer to int8", a65.reason = "'tosa.matmul' multiplies f32 values, the MLA 8-bit ones"
func.func @main(%a: tensor<1x3x4xf32>, %b: tensor<1x4x5xf32>) -> tensor<1x3x5xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %m = tosa.matmul %a, %b, %z, %z : (tensor<1x3x4xf32>, tensor<1x4x5xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x5xf32>
  return %m : tensor<1x3x5xf32>
}

// -----

// CHECK: a65.reason = "'tosa.conv2d' has weights that are computed, the MLA's are constants"
func.func @main(%x: tensor<1x5x7x3xi8>, %w: tensor<2x1x1x3xi8>) -> tensor<1x5x7x2xi32> {
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %b = "tosa.const"() <{values = dense<0> : tensor<2xi32>}> : () -> tensor<2xi32>
  %y = tosa.conv2d %x, %w, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x5x7x3xi8>, tensor<2x1x1x3xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x5x7x2xi32>
  return %y : tensor<1x5x7x2xi32>
}

// -----

// CHECK: a65.reason = "'tosa.transpose' has a tensor of rank 5, the MLA's have at most 4"
func.func @main(%x: tensor<1x2x3x4x5xi8>) -> tensor<1x2x3x4x5xi8> {
  %c = tosa.clamp %x {min_val = -5 : i8, max_val = 6 : i8} : (tensor<1x2x3x4x5xi8>) -> tensor<1x2x3x4x5xi8>
  %t = tosa.transpose %c {perms = array<i32: 0, 4, 3, 2, 1>} : (tensor<1x2x3x4x5xi8>) -> tensor<1x5x4x3x2xi8>
  %d = tosa.clamp %t {min_val = -5 : i8, max_val = 6 : i8} : (tensor<1x5x4x3x2xi8>) -> tensor<1x5x4x3x2xi8>
  %u = tosa.transpose %d {perms = array<i32: 0, 4, 3, 2, 1>} : (tensor<1x5x4x3x2xi8>) -> tensor<1x2x3x4x5xi8>
  return %u : tensor<1x2x3x4x5xi8>
}

// -----

// Rows alone cannot be reduced; comparisons whose result leaves make no 8-bit tensor.
// CHECK-DAG: a65.reason = "'tosa.reduce_max' reduces the batch, or rows or columns alone
// CHECK-DAG: a65.reason = "'tosa.equal' makes a boolean tensor, which the MLA does not store"
func.func @main(%x: tensor<1x5x7x3xi8>, %y: tensor<1x5x7x3xi8>) -> (tensor<1x1x7x3xi8>, tensor<1x5x7x3xi1>) {
  %r = tosa.reduce_max %x {axis = 1 : i32} : (tensor<1x5x7x3xi8>) -> tensor<1x1x7x3xi8>
  %e = tosa.equal %x, %y : (tensor<1x5x7x3xi8>, tensor<1x5x7x3xi8>) -> tensor<1x5x7x3xi1>
  return %r, %e : tensor<1x1x7x3xi8>, tensor<1x5x7x3xi1>
}

// -----

// f32 arithmetic that ends in f32 stays whole: the MLA does not take a part of it.
// CHECK-NOT: mla.vector
// CHECK: a65.reason = "'tosa.reduce_sum' works on f32 tensors that do not come from 8-bit ones"
// SEGMENT: a65.segment @APU_0
// SEGMENT-NOT: mla.segment
func.func @main(%x: tensor<1x7xi8>) -> tensor<1x7xf32> {
  %f = tosa.custom %x {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 0.3 : f32, zero_point = 3 : i64}"} : (tensor<1x7xi8>) -> tensor<1x7xf32>
  %e = tosa.exp %f : (tensor<1x7xf32>) -> tensor<1x7xf32>
  %s = tosa.reduce_sum %e {axis = 1 : i32} : (tensor<1x7xf32>) -> tensor<1x1xf32>
  %r = tosa.reciprocal %s : (tensor<1x1xf32>) -> tensor<1x1xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %p = tosa.mul %e, %r, %shift : (tensor<1x7xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x7xf32>
  return %p : tensor<1x7xf32>
}

// -----

// An operator nobody knows, and attributes that do not parse, only fail to match.
// CHECK: a65.reason = "the MLA has no operation for 'litert.softmax'"
// CHECK: a65.reason = "the MLA has no operation for 'other'"
func.func @main(%x: tensor<1x7xi8>) -> tensor<1x7xi8> {
  %s = tosa.custom %x {domain_name = "afe", operator_name = "litert.softmax", implementation_attrs = "{beta = "} : (tensor<1x7xi8>) -> tensor<1x7xi8>
  %o = tosa.custom %s {domain_name = "mine", operator_name = "other", implementation_attrs = ""} : (tensor<1x7xi8>) -> tensor<1x7xi8>
  return %o : tensor<1x7xi8>
}

// -----

// CHECK: a65.reason = "'litert.detection_postprocess' goes on as its data tell, the MLA's programs are fixed"
func.func @main(%b: tensor<1x7x4xf32>, %s: tensor<1x7x2xf32>, %a: tensor<7x4xf32>) -> tensor<1x5xf32> {
  %r:4 = tosa.custom %b, %s, %a {operator_name = "litert.detection_postprocess", domain_name = "afe", implementation_attrs = "{max_detections = 5 : i64}"} : (tensor<1x7x4xf32>, tensor<1x7x2xf32>, tensor<7x4xf32>) -> (tensor<1x5x4xf32>, tensor<1x5xf32>, tensor<1x5xf32>, tensor<1xf32>)
  return %r#2 : tensor<1x5xf32>
}

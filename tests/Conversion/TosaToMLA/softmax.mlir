// Softmax and argmax over the channels are reductions inside one program.
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file | FileCheck %s

// LiteRT's softmax in the order of its reference kernel; the change to uint8 at the result is in the last two steps.
// CHECK-LABEL: func.func @main
// CHECK: mla.vector %arg0 : (tensor<2x11xi8>) -> tensor<2x11xui8>
// CHECK: %[[M:.*]] = mla.v.reduce max channels %[[X:.*]] : i32
// CHECK: %[[D:.*]] = mla.v.sub %[[X]], %[[M]]
// CHECK: %[[E:.*]] = mla.v.table32 %[[D]] {table = array<i32: 1065353216,
// CHECK: %[[S:.*]] = mla.v.reduce sum channels %[[E]] : f32
// CHECK: %[[P:.*]] = mla.v.mul %[[S]]
// CHECK: %[[R:.*]] = mla.v.div %{{.*}}, %[[P]]
// CHECK: %[[Q:.*]] = mla.v.mul %[[E]], %[[R]]
// CHECK: %[[H:.*]] = mla.v.add %[[Q]]
// CHECK: %[[I:.*]] = mla.v.float_to_int trunc %[[H]]
// CHECK: mla.v.clamp %{{.*}} {hi = 255 : i32, lo = 0 : i32}
// CHECK-NOT: tosa.
func.func @main(%x: tensor<2x11xi8>) -> tensor<2x11xui8> {
  %s = tosa.custom %x {domain_name = "afe", operator_name = "litert.softmax", implementation_attrs = "{beta = 1.0 : f32, input_scale = 0.1 : f32, output_scale = 0.00390625 : f32, output_zero_point = -128 : i64}"} : (tensor<2x11xi8>) -> tensor<2x11xi8>
  %one = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %thirty = "tosa.const"() <{values = dense<30> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %uz = "tosa.const"() <{values = dense<128> : tensor<1xui8>}> : () -> tensor<1xui8>
  %u = tosa.rescale %s, %one, %thirty, %z, %uz {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = true}
    : (tensor<2x11xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xui8>) -> tensor<2x11xui8>
  return %u : tensor<2x11xui8>
}

// -----

// The axis stays with size 1; dropping it is a reshape at the edge.
// CHECK-LABEL: func.func @main
// CHECK: %[[V:.*]] = mla.vector %arg0 : (tensor<1x3x5x7xi8>) -> tensor<1x3x5x1xi32>
// CHECK: mla.v.reduce argmax channels
// CHECK: tosa.reshape %[[V]]
// CHECK-NOT: a65.reason
func.func @main(%x: tensor<1x3x5x7xi8>) -> tensor<1x3x5xi32> {
  %a = tosa.argmax %x {axis = 3 : i32} : (tensor<1x3x5x7xi8>) -> tensor<1x3x5xi32>
  return %a : tensor<1x3x5xi32>
}

// -----

// A softmax with a table of its own, and the quantization that alone reads it: the table is indexed by the low byte of x - max.
// CHECK-LABEL: func.func @main
// CHECK: mla.vector %arg0 : (tensor<2x11xi8>) -> tensor<2x11xi8>
// CHECK: %[[E:.*]] = mla.v.table32 %{{.*}} {table = array<i32: 1077936128, 1065353216, 1065353216,
// CHECK: %[[S:.*]] = mla.v.reduce sum channels %[[E]] : f32
// CHECK: %[[R:.*]] = mla.v.div %{{.*}}, %[[S]]
// CHECK: %[[P:.*]] = mla.v.mul %[[E]], %[[R]]
// The scale is a power of two: dividing by it is a product.
// CHECK-NOT: mla.v.div
// CHECK: %[[Q:.*]] = mla.v.mul %[[P]], %{{.*}}
// CHECK: mla.v.float_to_int half_even %[[Q]]
// CHECK-NOT: a65.reason
func.func @main(%x: tensor<2x11xi8>) -> tensor<2x11xi8> {
  %table = "tosa.const"() <{values = dense<"0x000040400000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F"> : tensor<256xf32>}> : () -> tensor<256xf32>
  %p = tosa.custom %x, %table {domain_name = "afe", operator_name = "qdq.softmax", implementation_attrs = "{}"} : (tensor<2x11xi8>, tensor<256xf32>) -> tensor<2x11xf32>
  %q = tosa.custom %p {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{scale = 0.00390625 : f32, zero_point = -128 : i64, rounding = \"half_even\"}"} : (tensor<2x11xf32>) -> tensor<2x11xi8>
  return %q : tensor<2x11xi8>
}

// -----

// One whose result stays f32 is the host's.
// CHECK-LABEL: func.func @main
// CHECK: tosa.custom {{.*}}a65.hint = "quantize its result", a65.reason = "'qdq.softmax' makes an f32 tensor
func.func @main(%x: tensor<2x11xi8>) -> tensor<2x11xf32> {
  %table = "tosa.const"() <{values = dense<1.0> : tensor<256xf32>}> : () -> tensor<256xf32>
  %p = tosa.custom %x, %table {domain_name = "afe", operator_name = "qdq.softmax", implementation_attrs = "{}"} : (tensor<2x11xi8>, tensor<256xf32>) -> tensor<2x11xf32>
  return %p : tensor<2x11xf32>
}

// -----

// A scale that is none: the rounded product with its reciprocal, or one more where x reaches the next threshold.
// CHECK-LABEL: func.func @main
// CHECK: %[[P:.*]] = mla.v.mul %{{.*}}, %{{.*}} : f32
// CHECK: %[[Q:.*]] = mla.v.mul %[[P]], %{{.*}} : f32
// CHECK: %[[G:.*]] = mla.v.float_to_int floor %[[Q]]
// CHECK: %[[C:.*]] = mla.v.clamp %[[G]] {hi = 255 : i32, lo = 0 : i32}
// CHECK: %[[T:.*]] = mla.v.table32 %[[C]] {{.*}} : f32
// CHECK: %[[M:.*]] = mla.v.cmp ge %[[P]], %[[T]] : f32
// CHECK: mla.v.add %[[C]], %[[M]]
func.func @main(%x: tensor<2x11xi8>) -> tensor<2x11xi8> {
  %table = "tosa.const"() <{values = dense<1.0> : tensor<256xf32>}> : () -> tensor<256xf32>
  %p = tosa.custom %x, %table {domain_name = "afe", operator_name = "qdq.softmax", implementation_attrs = "{}"} : (tensor<2x11xi8>, tensor<256xf32>) -> tensor<2x11xf32>
  %q = tosa.custom %p {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{scale = 0.003921569 : f32, zero_point = -128 : i64, rounding = \"half_even\"}"} : (tensor<2x11xf32>) -> tensor<2x11xi8>
  return %q : tensor<2x11xi8>
}

// -----

// What matrix products alone read from the left is uint8 with zero point 0: nothing is added to it.
// CHECK-LABEL: func.func @main
// CHECK: %[[S:.*]] = mla.vector %arg0 : (tensor<2x8x16xi8>) -> tensor<2x8x16xui8>
// CHECK: %[[I:.*]] = mla.v.float_to_int trunc
// CHECK-NEXT: %[[C:.*]] = mla.v.clamp %[[I]] {hi = 255 : i32, lo = 0 : i32}
// CHECK-NEXT: mla.v.yield %[[C]]
// CHECK: mla.matmul %[[S]], %arg1 {lhs_zp = 0 : i32
func.func @main(%x: tensor<2x8x16xi8>, %v: tensor<2x16x16xi8>) -> tensor<2x8x16xi32> {
  %s = tosa.custom %x {domain_name = "afe", operator_name = "litert.softmax", implementation_attrs = "{beta = 1.0 : f32, input_scale = 0.1 : f32, output_scale = 0.00390625 : f32, output_zero_point = -128 : i64}"} : (tensor<2x8x16xi8>) -> tensor<2x8x16xi8>
  %a = "tosa.const"() <{values = dense<-128> : tensor<1xi8>}> : () -> tensor<1xi8>
  %b = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %p = tosa.matmul %s, %v, %a, %b : (tensor<2x8x16xi8>, tensor<2x16x16xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<2x8x16xi32>
  return %p : tensor<2x8x16xi32>
}

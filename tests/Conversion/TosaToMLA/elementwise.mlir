// Elementwise operations cluster into vector programs; 32-bit tensors between them disappear.
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file | FileCheck %s

// What depends on one 8-bit input alone becomes a table: dequantization here. The addition of two tensors
// does not, and its broadcast operand stays an input with dimensions of 1. The division by a constant scale is a
// product that is off by at most one code, and a comparison with the threshold of that code.
// CHECK-LABEL: func.func @main
// CHECK: mla.vector %arg0, %arg1
// CHECK-SAME: (tensor<2x3x5x7xi8>, tensor<2x1x1x7xi8>) -> tensor<2x3x5x7xi8>
// CHECK: %[[A:.*]] = mla.v.table32 %{{.*}} : f32
// CHECK: %[[B:.*]] = mla.v.table32 %{{.*}} : f32
// CHECK: %[[S:.*]] = mla.v.add %[[A]], %[[B]] : f32
// CHECK: %[[P:.*]] = mla.v.mul %[[S]]
// CHECK: %[[I:.*]] = mla.v.float_to_int floor %[[P]]
// CHECK: %[[C:.*]] = mla.v.clamp %[[I]] {hi = 126 : i32, lo = -129 : i32}
// CHECK: %[[T:.*]] = mla.v.table32 %[[C]]
// CHECK: %[[G:.*]] = mla.v.cmp ge %[[S]], %[[T]]
// CHECK: mla.v.add %[[C]], %[[G]]
// CHECK-NOT: tosa.
func.func @main(%x: tensor<2x3x5x7xi8>, %y: tensor<2x1x1x7xi8>) -> tensor<2x3x5x7xi8> {
  %xf = tosa.custom %x {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 0.5 : f32, zero_point = 3 : i64}"} : (tensor<2x3x5x7xi8>) -> tensor<2x3x5x7xf32>
  %yf = tosa.custom %y {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 0.25 : f32, zero_point = -9 : i64}"} : (tensor<2x1x1x7xi8>) -> tensor<2x1x1x7xf32>
  %sum = tosa.add %xf, %yf : (tensor<2x3x5x7xf32>, tensor<2x1x1x7xf32>) -> tensor<2x3x5x7xf32>
  %q = tosa.custom %sum {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{rounding = \22half_even\22, scale = 0.75 : f32, zero_point = 1 : i64}"} : (tensor<2x3x5x7xf32>) -> tensor<2x3x5x7xi8>
  return %q : tensor<2x3x5x7xi8>
}

// -----

// A function that VECTOR does not have is computed here, for all 256 codes.
// CHECK-LABEL: func.func @main
// CHECK: mla.vector %arg0 : (tensor<1x3x5x7xi8>) -> tensor<1x3x5x7xi8>
// CHECK-NEXT: ^bb0(%[[X:.*]]: i32):
// CHECK-NEXT: %[[T:.*]] = mla.v.table8 %[[X]]
// CHECK-NEXT: mla.v.yield %[[T]]
func.func @main(%x: tensor<1x3x5x7xi8>) -> tensor<1x3x5x7xi8> {
  %f = tosa.custom %x {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 0.05 : f32, zero_point = 3 : i64}"} : (tensor<1x3x5x7xi8>) -> tensor<1x3x5x7xf32>
  %t = tosa.tanh %f : (tensor<1x3x5x7xf32>) -> tensor<1x3x5x7xf32>
  %e = tosa.exp %t : (tensor<1x3x5x7xf32>) -> tensor<1x3x5x7xf32>
  %q = tosa.custom %e {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{rounding = \22half_even\22, scale = 0.01 : f32, zero_point = -100 : i64}"} : (tensor<1x3x5x7xf32>) -> tensor<1x3x5x7xi8>
  return %q : tensor<1x3x5x7xi8>
}

// -----

// Functions that are the identity on all codes vanish.
// CHECK-LABEL: func.func @main
// CHECK-NEXT: return %arg0
func.func @main(%x: tensor<1x3x5x7xi8>) -> tensor<1x3x5x7xi8> {
  %f = tosa.custom %x {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 0.3 : f32, zero_point = 3 : i64}"} : (tensor<1x3x5x7xi8>) -> tensor<1x3x5x7xf32>
  %q = tosa.custom %f {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{rounding = \22half_away\22, scale = 0.3 : f32, zero_point = 3 : i64}"} : (tensor<1x3x5x7xf32>) -> tensor<1x3x5x7xi8>
  return %q : tensor<1x3x5x7xi8>
}

// -----

// Sums over rows and columns are one reduction over pixels. Per-channel parameters are inputs; one value per
// channel and one per element would not mix in a program that reduces, so the parameters get their own.
// CHECK-LABEL: func.func @main
// CHECK-DAG: %[[M:.*]] = mla.const dense<{{.*}}> : tensor<1x1x1x3xi32>
// CHECK-DAG: %[[S:.*]] = mla.const dense<{{.*}}> : tensor<1x1x1x3xi8>
// CHECK: %[[V:.*]] = mla.vector %arg0 : (tensor<2x5x7x3xi8>) -> tensor<2x1x1x3xi32>
// CHECK: %[[X:.*]] = mla.v.sub
// CHECK: mla.v.reduce sum pixels %[[X]]
// CHECK: mla.vector %[[V]], %[[M]], %[[S]] : (tensor<2x1x1x3xi32>, tensor<1x1x1x3xi32>, tensor<1x1x1x3xi8>) -> tensor<2x1x1x3xi8>
// CHECK: mla.v.rescale_channel double
func.func @main(%x: tensor<2x5x7x3xi8>) -> tensor<2x1x1x3xi8> {
  %one = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %thirty = "tosa.const"() <{values = dense<30> : tensor<1xi8>}> : () -> tensor<1xi8>
  %xz = "tosa.const"() <{values = dense<4> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zi = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %c = tosa.rescale %x, %one, %thirty, %xz, %zi {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<2x5x7x3xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi32>) -> tensor<2x5x7x3xi32>
  %h = tosa.reduce_sum %c {axis = 1 : i32} : (tensor<2x5x7x3xi32>) -> tensor<2x1x7x3xi32>
  %s = tosa.reduce_sum %h {axis = 2 : i32} : (tensor<2x1x7x3xi32>) -> tensor<2x1x1x3xi32>
  %m = "tosa.const"() <{values = dense<[1200000000, 1300000000, 1400000000]> : tensor<3xi32>}> : () -> tensor<3xi32>
  %shift = "tosa.const"() <{values = dense<[35, 36, 37]> : tensor<3xi8>}> : () -> tensor<3xi8>
  %oz = "tosa.const"() <{values = dense<-6> : tensor<1xi8>}> : () -> tensor<1xi8>
  %q = tosa.rescale %s, %m, %shift, %zi, %oz {scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = true, input_unsigned = false, output_unsigned = false}
    : (tensor<2x1x1x3xi32>, tensor<3xi32>, tensor<3xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<2x1x1x3xi8>
  return %q : tensor<2x1x1x3xi8>
}

// -----

// Five operands do not fit one program: it is cut, here at a 32-bit sum.
// CHECK-LABEL: func.func @main
// CHECK: %[[P:.*]] = mla.vector {{.*}} -> tensor<1x3x5x7xi32>
// CHECK: mla.vector {{.*}}%[[P]]{{.*}} -> tensor<1x3x5x7xi8>
// CHECK-NOT: tosa.
func.func @main(%a: tensor<1x3x5x7xi8>, %b: tensor<1x3x5x7xi8>, %c: tensor<1x3x5x7xi8>, %d: tensor<1x3x5x7xi8>, %e: tensor<1x3x5x7xi8>) -> tensor<1x3x5x7xi8> {
  %a1 = tosa.cast %a : (tensor<1x3x5x7xi8>) -> tensor<1x3x5x7xi32>
  %b1 = tosa.cast %b : (tensor<1x3x5x7xi8>) -> tensor<1x3x5x7xi32>
  %c1 = tosa.cast %c : (tensor<1x3x5x7xi8>) -> tensor<1x3x5x7xi32>
  %d1 = tosa.cast %d : (tensor<1x3x5x7xi8>) -> tensor<1x3x5x7xi32>
  %e1 = tosa.cast %e : (tensor<1x3x5x7xi8>) -> tensor<1x3x5x7xi32>
  %s1 = tosa.add %a1, %b1 : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %s2 = tosa.add %s1, %c1 : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %s3 = tosa.add %s2, %d1 : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %s4 = tosa.sub %s3, %e1 : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %l = tosa.clamp %s4 {min_val = -128 : i32, max_val = 127 : i32} : (tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %q = tosa.cast %l : (tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi8>
  return %q : tensor<1x3x5x7xi8>
}

// -----

// Comparison, selection, bits and shifts are lane operations as well.
// CHECK-LABEL: func.func @main
// CHECK: mla.vector %arg0, %arg1
// CHECK-DAG: mla.v.cmp gt
// CHECK-DAG: mla.v.select
// CHECK-DAG: mla.v.xor
// CHECK-DAG: mla.v.shr %{{.*}} {round}
// CHECK-NOT: tosa.
func.func @main(%a: tensor<3x5xi8>, %b: tensor<3x5xi8>) -> tensor<3x5xi8> {
  %a1 = tosa.cast %a : (tensor<3x5xi8>) -> tensor<3x5xi32>
  %b1 = tosa.cast %b : (tensor<3x5xi8>) -> tensor<3x5xi32>
  %g = tosa.greater %a1, %b1 : (tensor<3x5xi32>, tensor<3x5xi32>) -> tensor<3x5xi1>
  %x = tosa.bitwise_xor %a1, %b1 : (tensor<3x5xi32>, tensor<3x5xi32>) -> tensor<3x5xi32>
  %s = tosa.select %g, %x, %b1 : (tensor<3x5xi1>, tensor<3x5xi32>, tensor<3x5xi32>) -> tensor<3x5xi32>
  %one = "tosa.const"() <{values = dense<1> : tensor<1x1xi32>}> : () -> tensor<1x1xi32>
  %r = tosa.arithmetic_right_shift %s, %one {round = true} : (tensor<3x5xi32>, tensor<1x1xi32>) -> tensor<3x5xi32>
  %q = tosa.cast %r : (tensor<3x5xi32>) -> tensor<3x5xi8>
  return %q : tensor<3x5xi8>
}

// -----

// A program that is too long is cut where a 32-bit tensor passes, never between a comparison and its selection.
// CHECK-LABEL: func.func @main
// CHECK: mla.vector {{.*}} -> tensor<1x3x5x7xi32>
// CHECK-NOT: -> tensor<1x3x5x7xi1>
// CHECK: mla.vector {{.*}} -> tensor<1x3x5x7xi8>
// CHECK-NOT: tosa.
func.func @main(%x: tensor<1x3x5x7xi8>, %y: tensor<1x3x5x7xi8>) -> tensor<1x3x5x7xi8> {
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %a = tosa.cast %x : (tensor<1x3x5x7xi8>) -> tensor<1x3x5x7xi32>
  %b = tosa.cast %y : (tensor<1x3x5x7xi8>) -> tensor<1x3x5x7xi32>
  %v0 = tosa.mul %a, %b, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %g0 = tosa.greater %v0, %b : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi1>
  %p0 = tosa.mul %v0, %a, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %v1 = tosa.select %g0, %p0, %v0 : (tensor<1x3x5x7xi1>, tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %g1 = tosa.greater %v1, %b : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi1>
  %p1 = tosa.mul %v1, %a, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %v2 = tosa.select %g1, %p1, %v1 : (tensor<1x3x5x7xi1>, tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %g2 = tosa.greater %v2, %b : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi1>
  %p2 = tosa.mul %v2, %a, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %v3 = tosa.select %g2, %p2, %v2 : (tensor<1x3x5x7xi1>, tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %g3 = tosa.greater %v3, %b : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi1>
  %p3 = tosa.mul %v3, %a, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %v4 = tosa.select %g3, %p3, %v3 : (tensor<1x3x5x7xi1>, tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %g4 = tosa.greater %v4, %b : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi1>
  %p4 = tosa.mul %v4, %a, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %v5 = tosa.select %g4, %p4, %v4 : (tensor<1x3x5x7xi1>, tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %g5 = tosa.greater %v5, %b : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi1>
  %p5 = tosa.mul %v5, %a, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %v6 = tosa.select %g5, %p5, %v5 : (tensor<1x3x5x7xi1>, tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %g6 = tosa.greater %v6, %b : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi1>
  %p6 = tosa.mul %v6, %a, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %v7 = tosa.select %g6, %p6, %v6 : (tensor<1x3x5x7xi1>, tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %g7 = tosa.greater %v7, %b : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi1>
  %p7 = tosa.mul %v7, %a, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %v8 = tosa.select %g7, %p7, %v7 : (tensor<1x3x5x7xi1>, tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %g8 = tosa.greater %v8, %b : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi1>
  %p8 = tosa.mul %v8, %a, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %v9 = tosa.select %g8, %p8, %v8 : (tensor<1x3x5x7xi1>, tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %g9 = tosa.greater %v9, %b : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi1>
  %p9 = tosa.mul %v9, %a, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %v10 = tosa.select %g9, %p9, %v9 : (tensor<1x3x5x7xi1>, tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %g10 = tosa.greater %v10, %b : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi1>
  %p10 = tosa.mul %v10, %a, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %v11 = tosa.select %g10, %p10, %v10 : (tensor<1x3x5x7xi1>, tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %g11 = tosa.greater %v11, %b : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi1>
  %p11 = tosa.mul %v11, %a, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %v12 = tosa.select %g11, %p11, %v11 : (tensor<1x3x5x7xi1>, tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %g12 = tosa.greater %v12, %b : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi1>
  %p12 = tosa.mul %v12, %a, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %v13 = tosa.select %g12, %p12, %v12 : (tensor<1x3x5x7xi1>, tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %g13 = tosa.greater %v13, %b : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi1>
  %p13 = tosa.mul %v13, %a, %z : (tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>, tensor<1xi8>) -> tensor<1x3x5x7xi32>
  %v14 = tosa.select %g13, %p13, %v13 : (tensor<1x3x5x7xi1>, tensor<1x3x5x7xi32>, tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %c = tosa.clamp %v14 {min_val = -128 : i32, max_val = 127 : i32} : (tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi32>
  %r = tosa.cast %c : (tensor<1x3x5x7xi32>) -> tensor<1x3x5x7xi8>
  return %r : tensor<1x3x5x7xi8>
}

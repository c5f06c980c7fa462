// TOSA in the forms that the lowering recognises: what does nothing goes, movement sinks or rises until it cancels.
// RUN: mla-opt %s --afe-canonicalize --split-input-file | FileCheck %s

// Two transposes that undo each other go, and so do clamps that follow each other.
// CHECK-LABEL: func.func @main
// CHECK-NOT: tosa.transpose
// CHECK: %[[C:.*]] = tosa.clamp %arg0 {max_val = 90 : i8, min_val = -9 : i8} : (tensor<1x5x7x3xi8>) -> tensor<1x5x7x3xi8>
// CHECK-NEXT: return %[[C]]
func.func @main(%x: tensor<1x5x7x3xi8>) -> tensor<1x5x7x3xi8> {
  %0 = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x5x7x3xi8>) -> tensor<1x3x5x7xi8>
  %1 = tosa.transpose %0 {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x3x5x7xi8>) -> tensor<1x5x7x3xi8>
  %2 = tosa.clamp %1 {min_val = -9 : i8, max_val = 100 : i8} : (tensor<1x5x7x3xi8>) -> tensor<1x5x7x3xi8>
  %3 = tosa.clamp %2 {min_val = -50 : i8, max_val = 90 : i8} : (tensor<1x5x7x3xi8>) -> tensor<1x5x7x3xi8>
  return %3 : tensor<1x5x7x3xi8>
}

// -----

// INEXACT_ROUND becomes SINGLE_ROUND; a rescale by one and a sum over one element go.
// CHECK-LABEL: func.func @main
// CHECK: %[[R:.*]] = tosa.rescale %arg0, {{.*}}rounding_mode = SINGLE_ROUND
// CHECK-NEXT: return %[[R]]
func.func @main(%x: tensor<1x5xi8>) -> tensor<1x5xi32> {
  %m = "tosa.const"() <{values = dense<1200000000> : tensor<1xi32>}> : () -> tensor<1xi32>
  %one = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<30> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zi = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %0 = tosa.rescale %x, %one, %s, %z, %z {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x5xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x5xi8>
  %1 = tosa.rescale %0, %m, %s, %z, %zi {scale32 = true, rounding_mode = INEXACT_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x5xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi32>) -> tensor<1x5xi32>
  %2 = tosa.reduce_sum %1 {axis = 0 : i32} : (tensor<1x5xi32>) -> tensor<1x5xi32>
  return %2 : tensor<1x5xi32>
}

// -----

// Computations on one constant are done here, the addition remains.
// CHECK-LABEL: func.func @main
// CHECK: %[[C:.*]] = "tosa.const"() <{values = dense<-8> : tensor<1x1xi32>}>
// CHECK: tosa.add %arg0, %[[C]]
func.func @main(%x: tensor<3x5xi32>) -> tensor<3x5xi32> {
  %c = "tosa.const"() <{values = dense<-5> : tensor<1x1xi8>}> : () -> tensor<1x1xi8>
  %one = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<30> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zi = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %0 = tosa.rescale %c, %one, %s, %z, %zi {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x1xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi32>) -> tensor<1x1xi32>
  %1 = tosa.add %x, %0 : (tensor<3x5xi32>, tensor<1x1xi32>) -> tensor<3x5xi32>
  return %1 : tensor<3x5xi32>
}

// -----

// A clamp of f32 values moves behind the quantization, with its bounds quantized.
// CHECK-LABEL: func.func @main
// CHECK: %[[Q:.*]] = tosa.custom %arg0
// CHECK: tosa.clamp %[[Q]] {max_val = 17 : i8, min_val = 5 : i8}
func.func @main(%x: tensor<3x5xf32>) -> tensor<3x5xi8> {
  %0 = tosa.clamp %x {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<3x5xf32>) -> tensor<3x5xf32>
  %q = tosa.custom %0 {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{rounding = \22half_even\22, scale = 0.5 : f32, zero_point = 5 : i64}"} : (tensor<3x5xf32>) -> tensor<3x5xi8>
  return %q : tensor<3x5xi8>
}

// -----

// Reshapes sink through what does not look at shapes, and meet; the softmax keeps its last axis.
// CHECK-LABEL: func.func @main
// CHECK: %[[C:.*]] = tosa.clamp {{.*}} : (tensor<2x1x1x7xi8>) -> tensor<2x1x1x7xi8>
// CHECK: %[[S:.*]] = tosa.custom %[[C]]{{.*}} : (tensor<2x1x1x7xi8>) -> tensor<2x1x1x7xi8>
// CHECK: tosa.reshape %[[S]]
func.func @main(%x: tensor<2x1x1x7xi8>) -> tensor<2x7xi8> {
  %p = tosa.max_pool2d %x {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>} : (tensor<2x1x1x7xi8>) -> tensor<2x1x1x7xi8>
  %shape = tosa.const_shape {values = dense<[2, 7]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %0 = tosa.reshape %p, %shape : (tensor<2x1x1x7xi8>, !tosa.shape<2>) -> tensor<2x7xi8>
  %1 = tosa.clamp %0 {min_val = -9 : i8, max_val = 100 : i8} : (tensor<2x7xi8>) -> tensor<2x7xi8>
  %2 = tosa.custom %1 {domain_name = "afe", operator_name = "litert.softmax", implementation_attrs = "{beta = 1.0 : f32, input_scale = 0.1 : f32, output_scale = 0.00390625 : f32, output_zero_point = -128 : i64}"} : (tensor<2x7xi8>) -> tensor<2x7xi8>
  return %2 : tensor<2x7xi8>
}

// -----

// Slices rise over transposes and over reshapes that split the sliced dimension off; transposes of rank 5 lose
// dimensions of size 1: the heads of an attention layer.
// CHECK-LABEL: func.func @main
// CHECK: %[[S:.*]] = tosa.slice %arg0, {{.*}} -> tensor<1x7x6xi8>
// CHECK: %[[R:.*]] = tosa.reshape %[[S]], {{.*}} -> tensor<1x7x2x3xi8>
// CHECK: %[[T:.*]] = tosa.transpose %[[R]] {perms = array<i32: 0, 2, 1, 3>}
// CHECK-NOT: tosa.transpose
func.func @main(%x: tensor<1x7x18xi8>) -> tensor<2x7x3xi8> {
  %shape = tosa.const_shape {values = dense<[1, 7, 3, 2, 3]> : tensor<5xindex>} : () -> !tosa.shape<5>
  %0 = tosa.reshape %x, %shape : (tensor<1x7x18xi8>, !tosa.shape<5>) -> tensor<1x7x3x2x3xi8>
  %1 = tosa.transpose %0 {perms = array<i32: 2, 0, 3, 1, 4>} : (tensor<1x7x3x2x3xi8>) -> tensor<3x1x2x7x3xi8>
  %start = tosa.const_shape {values = dense<[1, 0, 0, 0, 0]> : tensor<5xindex>} : () -> !tosa.shape<5>
  %size = tosa.const_shape {values = dense<[1, 1, 2, 7, 3]> : tensor<5xindex>} : () -> !tosa.shape<5>
  %2 = tosa.slice %1, %start, %size : (tensor<3x1x2x7x3xi8>, !tosa.shape<5>, !tosa.shape<5>) -> tensor<1x1x2x7x3xi8>
  %flat = tosa.const_shape {values = dense<[2, 7, 3]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %3 = tosa.reshape %2, %flat : (tensor<1x1x2x7x3xi8>, !tosa.shape<3>) -> tensor<2x7x3xi8>
  return %3 : tensor<2x7x3xi8>
}

// -----

// Quantization rises over slices and concatenations, once per tensor: bytes are moved, not f32.
// CHECK-LABEL: func.func @main
// CHECK-COUNT-1: operator_name = "quantize"
// CHECK-NOT: quantize
// CHECK: tosa.concat {{.*}} -> tensor<1x3x10xi8>
func.func @main(%x: tensor<1x6x5xf32>) -> tensor<1x3x10xi8> {
  %first = tosa.const_shape {values = dense<0> : tensor<3xindex>} : () -> !tosa.shape<3>
  %second = tosa.const_shape {values = dense<[0, 3, 0]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %size = tosa.const_shape {values = dense<[1, 3, 5]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %0 = tosa.slice %x, %first, %size : (tensor<1x6x5xf32>, !tosa.shape<3>, !tosa.shape<3>) -> tensor<1x3x5xf32>
  %1 = tosa.slice %x, %second, %size : (tensor<1x6x5xf32>, !tosa.shape<3>, !tosa.shape<3>) -> tensor<1x3x5xf32>
  %2 = tosa.concat %0, %1 {axis = 2 : i32} : (tensor<1x3x5xf32>, tensor<1x3x5xf32>) -> tensor<1x3x10xf32>
  %q = tosa.custom %2 {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{rounding = \22half_even\22, scale = 0.5 : f32, zero_point = 5 : i64}"} : (tensor<1x3x10xf32>) -> tensor<1x3x10xi8>
  return %q : tensor<1x3x10xi8>
}

// -----

// A fully connected layer over tokens keeps the batch apart: tokens are pixels.
// CHECK-LABEL: func.func @main
// CHECK: tosa.reshape {{.*}} -> tensor<2x7x1x6xi8>
// CHECK: tosa.conv2d {{.*}} -> tensor<2x7x1x4xi32>
// CHECK: tosa.reshape {{.*}} -> tensor<14x1x1x4xi32>
func.func @main(%x: tensor<2x7x6xi8>) -> tensor<14x1x1x4xi32> {
  %c = tosa.clamp %x {min_val = -9 : i8, max_val = 100 : i8} : (tensor<2x7x6xi8>) -> tensor<2x7x6xi8>
  %shape = tosa.const_shape {values = dense<[14, 1, 1, 6]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %0 = tosa.reshape %c, %shape : (tensor<2x7x6xi8>, !tosa.shape<4>) -> tensor<14x1x1x6xi8>
  %w = "tosa.const"() <{values = dense<2> : tensor<4x1x1x6xi8>}> : () -> tensor<4x1x1x6xi8>
  %b = "tosa.const"() <{values = dense<0> : tensor<4xi32>}> : () -> tensor<4xi32>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %y = tosa.conv2d %0, %w, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<14x1x1x6xi8>, tensor<4x1x1x6xi8>, tensor<4xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<14x1x1x4xi32>
  return %y : tensor<14x1x1x4xi32>
}

// A quantized addition moves into the epilogue of the convolution that alone produces one of its operands.
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file | FileCheck %s

// LiteRT: both operands shifted left by 20, rescaled, added, rescaled; the clamp belongs to the sum.
// CHECK-LABEL: func.func @main
// CHECK: mla.conv2d %arg0, %{{.*}} bias(%{{.*}}) residual(%arg1)
// CHECK-SAME: requant = #mla.requant<double, multipliers = [1518500250], shifts = [38], zp = 3>
// CHECK-SAME: residual_add = #mla.residual<litert_add, selfZp = 3, selfMultiplier = 1400000000, selfShift = 32, residualZp = -7, residualMultiplier = 1073741824, residualShift = 31, sumMultiplier = 1700000000, sumShift = 49, sumZp = -2, lo = -2>
// CHECK-NOT: tosa.
func.func @main(%x: tensor<1x5x3x4xi8>, %y: tensor<1x5x3x6xi8>) -> tensor<1x5x3x6xi8> {
  %w = "tosa.const"() <{values = dense<2> : tensor<6x1x1x4xi8>}> : () -> tensor<6x1x1x4xi8>
  %b = "tosa.const"() <{values = dense<5> : tensor<6xi32>}> : () -> tensor<6xi32>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zi = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<1518500250> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<38> : tensor<1xi8>}> : () -> tensor<1xi8>
  %vz = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %acc = tosa.conv2d %x, %w, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x5x3x4xi8>, tensor<6x1x1x4xi8>, tensor<6xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x5x3x6xi32>
  %v = tosa.rescale %acc, %m, %s, %zi, %vz {scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x5x3x6xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x5x3x6xi8>
  %one = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %ten = "tosa.const"() <{values = dense<10> : tensor<1xi8>}> : () -> tensor<1xi8>
  %v0 = tosa.rescale %v, %one, %ten, %vz, %zi {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x5x3x6xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi32>) -> tensor<1x5x3x6xi32>
  %mv = "tosa.const"() <{values = dense<1400000000> : tensor<1xi32>}> : () -> tensor<1xi32>
  %sv = "tosa.const"() <{values = dense<32> : tensor<1xi8>}> : () -> tensor<1xi8>
  %v1 = tosa.rescale %v0, %mv, %sv, %zi, %zi {scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x5x3x6xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi32>) -> tensor<1x5x3x6xi32>
  %yz = "tosa.const"() <{values = dense<-7> : tensor<1xi8>}> : () -> tensor<1xi8>
  %y0 = tosa.rescale %y, %one, %ten, %yz, %zi {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x5x3x6xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi32>) -> tensor<1x5x3x6xi32>
  %sy = "tosa.const"() <{values = dense<31> : tensor<1xi8>}> : () -> tensor<1xi8>
  %y1 = tosa.rescale %y0, %one, %sy, %zi, %zi {scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x5x3x6xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi32>) -> tensor<1x5x3x6xi32>
  %sum = tosa.add %v1, %y1 : (tensor<1x5x3x6xi32>, tensor<1x5x3x6xi32>) -> tensor<1x5x3x6xi32>
  %ms = "tosa.const"() <{values = dense<1700000000> : tensor<1xi32>}> : () -> tensor<1xi32>
  %ss = "tosa.const"() <{values = dense<49> : tensor<1xi8>}> : () -> tensor<1xi8>
  %oz = "tosa.const"() <{values = dense<-2> : tensor<1xi8>}> : () -> tensor<1xi8>
  %q = tosa.rescale %sum, %ms, %ss, %zi, %oz {scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x5x3x6xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x5x3x6xi8>
  %r = tosa.clamp %q {min_val = -2 : i8, max_val = 127 : i8} : (tensor<1x5x3x6xi8>) -> tensor<1x5x3x6xi8>
  return %r : tensor<1x5x3x6xi8>
}

// -----

// QDQ: dequantize both, add in f32, quantize half to even. The residual is computed between convolution and
// addition: the convolution moves behind it.
// CHECK-LABEL: func.func @main
// CHECK: %[[R:.*]] = mla.vector %arg1
// CHECK: mla.conv2d %arg0, %{{.*}} residual(%[[R]])
// CHECK-SAME: residual_add = #mla.residual<f32_add, selfZp = 3, selfMultiplier = 1056964608, selfShift = 0, residualZp = 0, residualMultiplier = 1048576000, residualShift = 0, sumMultiplier = 1061158912, sumShift = 0, sumZp = 1, leftShift = 0>
// CHECK-NOT: tosa.
func.func @main(%x: tensor<1x5x3x4xi8>, %y: tensor<1x10x3x6xi8>) -> tensor<1x5x3x6xi8> {
  %w = "tosa.const"() <{values = dense<2> : tensor<6x1x1x4xi8>}> : () -> tensor<6x1x1x4xi8>
  %b = "tosa.const"() <{values = dense<0> : tensor<6xi32>}> : () -> tensor<6xi32>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zi = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<1518500250> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<38> : tensor<1xi8>}> : () -> tensor<1xi8>
  %vz = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %acc = tosa.conv2d %x, %w, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x5x3x4xi8>, tensor<6x1x1x4xi8>, tensor<6xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x5x3x6xi32>
  %v = tosa.rescale %acc, %m, %s, %zi, %vz {scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x5x3x6xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x5x3x6xi8>
  %p = tosa.max_pool2d %y {kernel = array<i64: 2, 1>, stride = array<i64: 2, 1>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x10x3x6xi8>) -> tensor<1x5x3x6xi8>
  %vf = tosa.custom %v {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 0.5 : f32, zero_point = 3 : i64}"} : (tensor<1x5x3x6xi8>) -> tensor<1x5x3x6xf32>
  %pf = tosa.custom %p {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 0.25 : f32, zero_point = 0 : i64}"} : (tensor<1x5x3x6xi8>) -> tensor<1x5x3x6xf32>
  %sum = tosa.add %vf, %pf : (tensor<1x5x3x6xf32>, tensor<1x5x3x6xf32>) -> tensor<1x5x3x6xf32>
  %q = tosa.custom %sum {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{rounding = \22half_even\22, scale = 0.75 : f32, zero_point = 1 : i64}"} : (tensor<1x5x3x6xf32>) -> tensor<1x5x3x6xi8>
  return %q : tensor<1x5x3x6xi8>
}

// -----

// x * sigmoid(x) between the convolution and the addition is a function of a byte: a table in front of
// the addition.
// CHECK-LABEL: func.func @main
// CHECK: mla.conv2d %arg0, %{{.*}} residual(%{{.*}})
// CHECK-SAME: residual_add = #mla.residual<f32_add, selfZp = -20, {{.*}}selfTable = [-21, -21, -20,
// CHECK-NOT: tosa.
func.func @main(%x: tensor<1x5x3x4xi8>, %y: tensor<1x10x3x6xi8>) -> tensor<1x5x3x6xi8> {
  %w = "tosa.const"() <{values = dense<2> : tensor<6x1x1x4xi8>}> : () -> tensor<6x1x1x4xi8>
  %b = "tosa.const"() <{values = dense<0> : tensor<6xi32>}> : () -> tensor<6xi32>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zi = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<1518500250> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<38> : tensor<1xi8>}> : () -> tensor<1xi8>
  %vz = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %acc = tosa.conv2d %x, %w, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x5x3x4xi8>, tensor<6x1x1x4xi8>, tensor<6xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x5x3x6xi32>
  %v = tosa.rescale %acc, %m, %s, %zi, %vz {scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x5x3x6xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x5x3x6xi8>
  %p = tosa.max_pool2d %y {kernel = array<i64: 2, 1>, stride = array<i64: 2, 1>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x10x3x6xi8>) -> tensor<1x5x3x6xi8>
  %af = tosa.custom %v {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 0.5 : f32, zero_point = 3 : i64}"} : (tensor<1x5x3x6xi8>) -> tensor<1x5x3x6xf32>
  %sf = tosa.sigmoid %af : (tensor<1x5x3x6xf32>) -> tensor<1x5x3x6xf32>
  %gq = tosa.custom %sf {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{rounding = \22half_even\22, scale = 3.906250e-03 : f32, zero_point = -128 : i64}"} : (tensor<1x5x3x6xf32>) -> tensor<1x5x3x6xi8>
  %gf = tosa.custom %gq {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 3.906250e-03 : f32, zero_point = -128 : i64}"} : (tensor<1x5x3x6xi8>) -> tensor<1x5x3x6xf32>
  %zs = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %mf = tosa.mul %af, %gf, %zs : (tensor<1x5x3x6xf32>, tensor<1x5x3x6xf32>, tensor<1xi8>) -> tensor<1x5x3x6xf32>
  %mq = tosa.custom %mf {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{rounding = \22half_even\22, scale = 0.5 : f32, zero_point = -20 : i64}"} : (tensor<1x5x3x6xf32>) -> tensor<1x5x3x6xi8>
  %vf = tosa.custom %mq {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 0.5 : f32, zero_point = -20 : i64}"} : (tensor<1x5x3x6xi8>) -> tensor<1x5x3x6xf32>
  %pf = tosa.custom %p {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 0.25 : f32, zero_point = 0 : i64}"} : (tensor<1x5x3x6xi8>) -> tensor<1x5x3x6xf32>
  %sum = tosa.add %vf, %pf : (tensor<1x5x3x6xf32>, tensor<1x5x3x6xf32>) -> tensor<1x5x3x6xf32>
  %q = tosa.custom %sum {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{rounding = \22half_even\22, scale = 0.75 : f32, zero_point = 1 : i64}"} : (tensor<1x5x3x6xf32>) -> tensor<1x5x3x6xi8>
  return %q : tensor<1x5x3x6xi8>
}

// Convolutions become one layer operation with their whole epilogue; what stands in front and costs the
// engine nothing is folded into them.
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file | FileCheck %s

// Double rounding per channel, then the clamp of a fused activation: one requantization.
// CHECK-LABEL: func.func @main
// CHECK: mla.conv2d %arg0, %{{.*}} bias(%{{.*}})
// CHECK-SAME: input_zp = -3 : i32, pad = array<i64: 1, 0, 2, 0>
// CHECK-SAME: #mla.requant<double, multipliers = [1073741824, 1518500250], shifts = [33, 38], zp = -5, lo = -5, hi = 90>
// CHECK-SAME: stride = array<i64: 2, 1>
// CHECK-SAME: weight_zp = 1
// CHECK-NOT: tosa.
func.func @main(%x: tensor<1x6x5x3xi8>) -> tensor<1x3x5x2xi8> {
  %w = "tosa.const"() <{values = dense<2> : tensor<2x3x3x3xi8>}> : () -> tensor<2x3x3x3xi8>
  %b = "tosa.const"() <{values = dense<[4, -9]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %xz = "tosa.const"() <{values = dense<-3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %wz = "tosa.const"() <{values = dense<1> : tensor<1xi8>}> : () -> tensor<1xi8>
  %m = "tosa.const"() <{values = dense<[1073741824, 1518500250]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %s = "tosa.const"() <{values = dense<[33, 38]> : tensor<2xi8>}> : () -> tensor<2xi8>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %oz = "tosa.const"() <{values = dense<-5> : tensor<1xi8>}> : () -> tensor<1xi8>
  %acc = tosa.conv2d %x, %w, %b, %xz, %wz {acc_type = i32, pad = array<i64: 1, 0, 2, 0>, stride = array<i64: 2, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x6x5x3xi8>, tensor<2x3x3x3xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x3x5x2xi32>
  %q = tosa.rescale %acc, %m, %s, %z, %oz {scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = true, input_unsigned = false, output_unsigned = false}
    : (tensor<1x3x5x2xi32>, tensor<2xi32>, tensor<2xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x3x5x2xi8>
  %r = tosa.clamp %q {min_val = -5 : i8, max_val = 90 : i8} : (tensor<1x3x5x2xi8>) -> tensor<1x3x5x2xi8>
  return %r : tensor<1x3x5x2xi8>
}

// -----

// The five operations of an ONNX requantization are one F32_RNE; a table behind it is fused, with entry
// 0 for value 0.
// CHECK-LABEL: func.func @main
// CHECK: mla.depthwise_conv2d
// CHECK-SAME: #mla.requant<f32_rne, multipliers = [1008981770], zp = 7>
// CHECK-SAME: table = array<i8: 0, 1, 2,
// CHECK-NOT: tosa.
func.func @main(%x: tensor<1x6x5x3xi8>) -> tensor<1x4x5x6xi8> {
  %w = "tosa.const"() <{values = dense<2> : tensor<3x1x3x2xi8>}> : () -> tensor<3x1x3x2xi8>
  %b = "tosa.const"() <{values = dense<0> : tensor<6xi32>}> : () -> tensor<6xi32>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %scale = "tosa.const"() <{values = dense<0.01> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %zp = "tosa.const"() <{values = dense<7> : tensor<1x1x1x1xi32>}> : () -> tensor<1x1x1x1xi32>
  %t = "tosa.const"() <{values = dense<[-128, -127, -126, -125, -124, -123, -122, -121, -120, -119, -118, -117, -116, -115, -114, -113, -112, -111, -110, -109, -108, -107, -106, -105, -104, -103, -102, -101, -100, -99, -98, -97, -96, -95, -94, -93, -92, -91, -90, -89, -88, -87, -86, -85, -84, -83, -82, -81, -80, -79, -78, -77, -76, -75, -74, -73, -72, -71, -70, -69, -68, -67, -66, -65, -64, -63, -62, -61, -60, -59, -58, -57, -56, -55, -54, -53, -52, -51, -50, -49, -48, -47, -46, -45, -44, -43, -42, -41, -40, -39, -38, -37, -36, -35, -34, -33, -32, -31, -30, -29, -28, -27, -26, -25, -24, -23, -22, -21, -20, -19, -18, -17, -16, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 126]> : tensor<256xi8>}> : () -> tensor<256xi8>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %acc = tosa.depthwise_conv2d %x, %w, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x6x5x3xi8>, tensor<3x1x3x2xi8>, tensor<6xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x4x5x6xi32>
  %f = tosa.cast %acc : (tensor<1x4x5x6xi32>) -> tensor<1x4x5x6xf32>
  %p = tosa.mul %f, %scale, %shift : (tensor<1x4x5x6xf32>, tensor<1x1x1x1xf32>, tensor<1xi8>) -> tensor<1x4x5x6xf32>
  %i = tosa.cast %p : (tensor<1x4x5x6xf32>) -> tensor<1x4x5x6xi32>
  %a = tosa.add %i, %zp : (tensor<1x4x5x6xi32>, tensor<1x1x1x1xi32>) -> tensor<1x4x5x6xi32>
  %c = tosa.clamp %a {min_val = -128 : i32, max_val = 127 : i32} : (tensor<1x4x5x6xi32>) -> tensor<1x4x5x6xi32>
  %q = tosa.cast %c : (tensor<1x4x5x6xi32>) -> tensor<1x4x5x6xi8>
  %r = tosa.table %q, %t : (tensor<1x4x5x6xi8>, tensor<256xi8>) -> tensor<1x4x5x6xi8>
  return %r : tensor<1x4x5x6xi8>
}

// -----

// A uint8 argument is read as it is; padding with the zero point and rows that no window reaches fold;
// the change to uint8 at the result is 128 more in zero point and clamp.
// CHECK-LABEL: func.func @main
// CHECK: mla.conv2d %arg0
// CHECK-SAME: input_zp = 118 : i32, pad = array<i64: 1, 0, 0, 0>
// CHECK-SAME: #mla.requant<single, multipliers = [1073741824], shifts = [36], zp = 130, lo = 0, hi = 255>
// CHECK-SAME: tensor<1x8x9x3xui8>
// CHECK-SAME: -> tensor<1x4x4x2xui8>
// CHECK-NOT: tosa.
func.func @main(%u: tensor<1x8x9x3xui8>) -> tensor<1x4x4x2xui8> {
  %one = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %thirty = "tosa.const"() <{values = dense<30> : tensor<1xi8>}> : () -> tensor<1xi8>
  %uz = "tosa.const"() <{values = dense<128> : tensor<1xui8>}> : () -> tensor<1xui8>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %x = tosa.rescale %u, %one, %thirty, %uz, %z {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = true, output_unsigned = false}
    : (tensor<1x8x9x3xui8>, tensor<1xi32>, tensor<1xi8>, tensor<1xui8>, tensor<1xi8>) -> tensor<1x8x9x3xi8>
  %amounts = tosa.const_shape {values = dense<[0, 0, 1, 0, 0, 0, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %xz = "tosa.const"() <{values = dense<-10> : tensor<1xi8>}> : () -> tensor<1xi8>
  %p = tosa.pad %x, %amounts, %xz : (tensor<1x8x9x3xi8>, !tosa.shape<8>, tensor<1xi8>) -> tensor<1x9x9x3xi8>
  %start = tosa.const_shape {values = dense<0> : tensor<4xindex>} : () -> !tosa.shape<4>
  %size = tosa.const_shape {values = dense<[1, 8, 8, 3]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %c = tosa.slice %p, %start, %size : (tensor<1x9x9x3xi8>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<1x8x8x3xi8>
  %w = "tosa.const"() <{values = dense<2> : tensor<2x2x2x3xi8>}> : () -> tensor<2x2x2x3xi8>
  %b = "tosa.const"() <{values = dense<[4, -9]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %acc = tosa.conv2d %c, %w, %b, %xz, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>}
    : (tensor<1x8x8x3xi8>, tensor<2x2x2x3xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x4x4x2xi32>
  %az = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %oz = "tosa.const"() <{values = dense<2> : tensor<1xi8>}> : () -> tensor<1xi8>
  %shift = "tosa.const"() <{values = dense<36> : tensor<1xi8>}> : () -> tensor<1xi8>
  %q = tosa.rescale %acc, %one, %shift, %az, %oz {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x4x4x2xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x4x4x2xi8>
  %r = tosa.rescale %q, %one, %thirty, %z, %uz {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = true}
    : (tensor<1x4x4x2xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xui8>) -> tensor<1x4x4x2xui8>
  return %r : tensor<1x4x4x2xui8>
}

// -----

// An accumulator that is used twice leaves raw; the flattening before a fully connected layer is a kernel as
// large as the image.
// CHECK-LABEL: func.func @main
// CHECK: mla.conv2d %arg0, %[[W:[^ ]*]] bias
// CHECK-SAME: #mla.requant<none>
// CHECK-SAME: tensor<2x3x5x4xi8>, tensor<7x3x5x4xi8>, tensor<7xi32> -> tensor<2x1x1x7xi32>
func.func @main(%x: tensor<2x3x5x4xi8>) -> (tensor<2x1x1x7xi32>, tensor<2x1x1x7xi32>) {
  %shape = tosa.const_shape {values = dense<[2, 1, 1, 60]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %flat = tosa.reshape %x, %shape : (tensor<2x3x5x4xi8>, !tosa.shape<4>) -> tensor<2x1x1x60xi8>
  %w = "tosa.const"() <{values = dense<2> : tensor<7x1x1x60xi8>}> : () -> tensor<7x1x1x60xi8>
  %b = "tosa.const"() <{values = dense<3> : tensor<7xi32>}> : () -> tensor<7xi32>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %acc = tosa.conv2d %flat, %w, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<2x1x1x60xi8>, tensor<7x1x1x60xi8>, tensor<7xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<2x1x1x7xi32>
  return %acc, %acc : tensor<2x1x1x7xi32>, tensor<2x1x1x7xi32>
}

// -----

// Transposed convolution, and a product of two activations with the transpose of the second folded.
// CHECK-LABEL: func.func @main
// CHECK-DAG: mla.transpose_conv2d %arg0, %{{[^ ]*}} {{{.*}}out_pad = array<i64: -1, 0, 0, -1>
// CHECK-DAG: mla.matmul %arg1, %arg2 {lhs_zp = 3 : i32, {{.*}}rhs_zp = -4 : i32, transpose_rhs}
func.func @main(%x: tensor<1x3x4x5xi8>, %a: tensor<2x3x4xi8>, %c: tensor<2x5x4xi8>) -> (tensor<1x6x9x2xi32>, tensor<2x3x5xi32>) {
  %w = "tosa.const"() <{values = dense<2> : tensor<2x3x4x5xi8>}> : () -> tensor<2x3x4x5xi8>
  %b = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %acc = tosa.transpose_conv2d %x, %w, %b, %z, %z {acc_type = i32, out_pad = array<i64: -1, 0, 0, -1>, stride = array<i64: 2, 2>}
    : (tensor<1x3x4x5xi8>, tensor<2x3x4x5xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x6x9x2xi32>
  %t = tosa.transpose %c {perms = array<i32: 0, 2, 1>} : (tensor<2x5x4xi8>) -> tensor<2x4x5xi8>
  %az = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %bz = "tosa.const"() <{values = dense<-4> : tensor<1xi8>}> : () -> tensor<1xi8>
  %m = tosa.matmul %a, %t, %az, %bz : (tensor<2x3x4xi8>, tensor<2x4x5xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<2x3x5xi32>
  return %acc, %m : tensor<1x6x9x2xi32>, tensor<2x3x5xi32>
}

// Layers are named by what was fused into them, and numbered within their segment.
// RUN: mla-opt %s --afe-name-layers | FileCheck %s

// CHECK: mla.segment @MLA_0
mla.segment @MLA_0 {
^bb0(%x: tensor<1x5x7x3xi8>, %r: tensor<1x5x7x2xi8>):
  %w = mla.const dense<2> : tensor<2x1x1x3xi8>
  %f = mla.const dense<2> : tensor<4x5x7x2xi8>
  %d = mla.const dense<2> : tensor<3x3x2x1xi8>
  // The clamp at the zero point is a ReLU, in front of the addition and behind it.
  // CHECK: mla.conv2d {{.*}} layer = "conv2d_relu_add_relu_0"
  %0 = mla.conv2d %x, %w residual(%r) {dilation = array<i64: 1, 1>, input_zp = 0 : i32, pad = array<i64: 0, 0, 0, 0>, requant = #mla.requant<single, multipliers = [1200000000], shifts = [35], zp = 4, lo = 4>,
    residual_add = #mla.residual<litert_add, selfZp = 4, selfMultiplier = 1073741824, selfShift = 31, residualZp = 0, residualMultiplier = 1073741824, residualShift = 31, sumMultiplier = 1073741824, sumShift = 49, sumZp = -2, lo = -2>,
    stride = array<i64: 1, 1>, weight_zp = 0 : i32} : tensor<1x5x7x3xi8>, tensor<2x1x1x3xi8>, tensor<1x5x7x2xi8> -> tensor<1x5x7x2xi8>
  // CHECK: mla.depthwise_conv2d {{.*}} layer = "depthwise_conv2d_1"
  %1 = mla.depthwise_conv2d %0, %d {dilation = array<i64: 1, 1>, input_zp = 0 : i32, pad = array<i64: 1, 1, 1, 1>, requant = #mla.requant<single, multipliers = [1200000000], shifts = [35]>, stride = array<i64: 1, 1>, weight_zp = 0 : i32}
    : tensor<1x5x7x2xi8>, tensor<3x3x2x1xi8> -> tensor<1x5x7x2xi8>
  // CHECK: mla.vector {{.*}} {layer = "mul_2"}
  %2 = mla.vector %1, %0 : (tensor<1x5x7x2xi8>, tensor<1x5x7x2xi8>) -> tensor<1x5x7x2xi8> {
  ^bb0(%a: i32, %b: i32):
    %one = mla.v.const 1 : i32
    %c = mla.v.add %a, %one : i32
    %p = mla.v.mul %c, %b : i32
    %q = mla.v.clamp %p {hi = 127 : i32, lo = -128 : i32} : i32
    mla.v.yield %q : i32
  }
  // CHECK: mla.vector {{.*}} {layer = "max_pool_3", window
  %3 = mla.vector %2 {window = #mla.window<kernelRows = 3, kernelCols = 3, strideRows = 1, strideCols = 1, padTop = 1, padBottom = 1, padLeft = 1, padRight = 1>} : (tensor<1x5x7x2xi8>) -> tensor<1x5x7x2xi8> {
  ^bb0(%a: i32):
    %m = mla.v.window_max
    mla.v.yield %m : i32
  }
  // CHECK: mla.pad {{.*}} layer = "pad_4"
  %4 = mla.pad %3 {high = array<i64: 0, 0, 0, 0>, low = array<i64: 0, 0, 0, 0>, value = 0 : i32} : tensor<1x5x7x2xi8> -> tensor<1x5x7x2xi8>
  // A convolution that reads its whole input at once.
  // CHECK: mla.conv2d {{.*}} layer = "fully_connected_table_5"
  %5 = mla.conv2d %4, %f {dilation = array<i64: 1, 1>, input_zp = 0 : i32, pad = array<i64: 0, 0, 0, 0>, requant = #mla.requant<single, multipliers = [1200000000], shifts = [35]>, stride = array<i64: 1, 1>, weight_zp = 0 : i32, table = array<i8: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, -128, -127, -126, -125, -124, -123, -122, -121, -120, -119, -118, -117, -116, -115, -114, -113, -112, -111, -110, -109, -108, -107, -106, -105, -104, -103, -102, -101, -100, -99, -98, -97, -96, -95, -94, -93, -92, -91, -90, -89, -88, -87, -86, -85, -84, -83, -82, -81, -80, -79, -78, -77, -76, -75, -74, -73, -72, -71, -70, -69, -68, -67, -66, -65, -64, -63, -62, -61, -60, -59, -58, -57, -56, -55, -54, -53, -52, -51, -50, -49, -48, -47, -46, -45, -44, -43, -42, -41, -40, -39, -38, -37, -36, -35, -34, -33, -32, -31, -30, -29, -28, -27, -26, -25, -24, -23, -22, -21, -20, -19, -18, -17, -16, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1>}
    : tensor<1x5x7x2xi8>, tensor<4x5x7x2xi8> -> tensor<1x1x1x4xi8>
  mla.return %5 : tensor<1x1x1x4xi8>
}

// Numbers begin anew in the next segment.
// CHECK: mla.segment @MLA_2
// CHECK: mla.reshape {{.*}} {layer = "reshape_0"}
mla.segment @MLA_2 {
^bb0(%x: tensor<1x5x7x3xi8>):
  %0 = mla.reshape %x : tensor<1x5x7x3xi8> -> tensor<1x105xi8>
  mla.return %0 : tensor<1x105xi8>
}

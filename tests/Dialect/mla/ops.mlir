// Every operation of the dialect is written, read, written and read again without a change, in the
// pretty and in the generic form.
// RUN: mla-opt %s | mla-opt | FileCheck %s
// RUN: mla-opt %s --mlir-print-op-generic | mla-opt | FileCheck %s
// RUN: mla-opt %s --emit-bytecode | mla-opt | FileCheck %s

module attributes {mla.target = #mla.target<"tiny", {quads = 1, tiles = 4, l1_bytes = 65536}>} {

// CHECK-LABEL: func.func @layers
func.func @layers(%x: tensor<2x9x7x24xi8>, %r: tensor<2x5x4x40xi8>) {
  // CHECK: mla.const dense<1> : tensor<40x3x3x24xi8>
  %w = mla.const dense<1> : tensor<40x3x3x24xi8>
  %b = mla.const dense<7> : tensor<40xi32>

  // CHECK: mla.conv2d %{{.*}}, %{{.*}} bias(%{{.*}}) residual(%{{.*}}) {
  // CHECK-SAME: dilation = array<i64: 1, 1>
  // CHECK-SAME: input_zp = -3 : i32
  // CHECK-SAME: layer = "conv2d_add_relu_3"
  // CHECK-SAME: pad = array<i64: 1, 1, 1, 1>
  // CHECK-SAME: requant = #mla.requant<double, multipliers = [1518500250], shifts = [38], zp = -5>
  // CHECK-SAME: residual_add = #mla.residual<litert_add, selfZp = -5
  // CHECK-SAME: stride = array<i64: 2, 2>
  // CHECK-SAME: -> tensor<2x5x4x40xi8>
  %y = mla.conv2d %x, %w bias(%b) residual(%r) {
      stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>,
      input_zp = -3 : i32, weight_zp = 0 : i32, layer = "conv2d_add_relu_3",
      requant = #mla.requant<double, multipliers = [1518500250], shifts = [38], zp = -5>,
      residual_add = #mla.residual<litert_add, selfZp = -5, selfMultiplier = 1073741824,
        selfShift = 31, residualZp = 4, residualMultiplier = 1610612736, residualShift = 31,
        sumMultiplier = 1073741824, sumShift = 49, sumZp = -128>}
      : tensor<2x9x7x24xi8>, tensor<40x3x3x24xi8>, tensor<40xi32>, tensor<2x5x4x40xi8>
      -> tensor<2x5x4x40xi8>

  // A grouped convolution whose accumulator leaves as int32.
  // CHECK: mla.conv2d {{.*}} groups = 3 : i64
  // CHECK-SAME: requant = #mla.requant<none>
  %wg = mla.const dense<1> : tensor<6x1x1x8xi8>
  %acc = mla.conv2d %x, %wg {
      stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>,
      groups = 3, input_zp = 0 : i32, weight_zp = 0 : i32, requant = #mla.requant<none>}
      : tensor<2x9x7x24xi8>, tensor<6x1x1x8xi8> -> tensor<2x9x7x6xi32>

  // CHECK: mla.depthwise_conv2d
  // CHECK-SAME: requant = #mla.requant<f32_rne, multipliers = [983826432], lo = 0>
  %wd = mla.const dense<1> : tensor<3x5x24x2xi8>
  %d = mla.depthwise_conv2d %x, %wd {
      stride = array<i64: 1, 1>, dilation = array<i64: 2, 1>, pad = array<i64: 2, 2, 2, 2>,
      input_zp = 1 : i32, weight_zp = 2 : i32,
      requant = #mla.requant<f32_rne, multipliers = [983826432], lo = 0>}
      : tensor<2x9x7x24xi8>, tensor<3x5x24x2xi8> -> tensor<2x9x7x48xi8>

  // CHECK: mla.transpose_conv2d {{.*}} out_pad = array<i64: 0, -1, 0, 0>
  %wt = mla.const dense<1> : tensor<5x3x3x24xi8>
  %t = mla.transpose_conv2d %x, %wt {
      stride = array<i64: 2, 2>, out_pad = array<i64: 0, -1, 0, 0>,
      input_zp = 0 : i32, weight_zp = 0 : i32,
      requant = #mla.requant<single, multipliers = [1073741824, 1073741825, 1073741826, 1073741827,
        1073741828], shifts = [30, 31, 32, 33, 34]>}
      : tensor<2x9x7x24xi8>, tensor<5x3x3x24xi8> -> tensor<2x18x15x5xi8>
  return
}

// CHECK-LABEL: func.func @matmul
func.func @matmul(%lhs: tensor<3x7x20xi8>, %rhs: tensor<3x20x9xi8>, %rhs_t: tensor<3x9x20xi8>) {
  // CHECK: mla.matmul %{{.*}}, %{{.*}} {lhs_zp = 1 : i32, requant = #mla.requant<double, multipliers = [1073741824], shifts = [40]>, rhs_zp = -2 : i32}
  %0 = mla.matmul %lhs, %rhs {lhs_zp = 1 : i32, rhs_zp = -2 : i32,
      requant = #mla.requant<double, multipliers = [1073741824], shifts = [40]>}
      : tensor<3x7x20xi8>, tensor<3x20x9xi8> -> tensor<3x7x9xi8>
  // CHECK: mla.matmul {{.*}} transpose_rhs
  %1 = mla.matmul %lhs, %rhs_t {transpose_rhs, lhs_zp = 0 : i32, rhs_zp = 0 : i32,
      requant = #mla.requant<none>} : tensor<3x7x20xi8>, tensor<3x9x20xi8> -> tensor<3x7x9xi32>
  return
}

// CHECK-LABEL: func.func @data_movement
func.func @data_movement(%a: tensor<1x7x5x24xi8>, %b: tensor<1x7x5x3xi8>) {
  // CHECK: mla.concat %{{.*}}, %{{.*}} {axis = 3 : i64}
  %0 = mla.concat %a, %b {axis = 3 : i64}
      : tensor<1x7x5x24xi8>, tensor<1x7x5x3xi8> -> tensor<1x7x5x27xi8>
  // CHECK: mla.slice {{.*}}size = array<i64: 1, 3, 5, 20>, start = array<i64: 0, 1, 0, 4>, strides = array<i64: 1, 2, 1, 1>
  %1 = mla.slice %a {start = array<i64: 0, 1, 0, 4>, size = array<i64: 1, 3, 5, 20>,
      strides = array<i64: 1, 2, 1, 1>} : tensor<1x7x5x24xi8> -> tensor<1x3x5x20xi8>
  // CHECK: mla.pad {{.*}}high = array<i64: 0, 2, 1, 0>, low = array<i64: 0, 1, 0, 0>, value = -9 : i32
  %2 = mla.pad %a {low = array<i64: 0, 1, 0, 0>, high = array<i64: 0, 2, 1, 0>, value = -9 : i32}
      : tensor<1x7x5x24xi8> -> tensor<1x10x6x24xi8>
  // CHECK: mla.reshape %{{.*}} : tensor<1x7x5x24xi8> -> tensor<35x24xi8>
  %3 = mla.reshape %a : tensor<1x7x5x24xi8> -> tensor<35x24xi8>
  // CHECK: mla.transpose %{{.*}} {perms = array<i64: 0, 3, 1, 2>}
  %4 = mla.transpose %a {perms = array<i64: 0, 3, 1, 2>} : tensor<1x7x5x24xi8> -> tensor<1x24x7x5xi8>
  return
}

// CHECK-LABEL: func.func @vector
func.func @vector(%a: tensor<1x7x5x24xi8>, %c: tensor<1x1x1x24xi32>, %f: tensor<1x7x5x24xf32>) {
  // CHECK: mla.vector %{{.*}}, %{{.*}} {layer = "add_0"}
  %0 = mla.vector %a, %c {layer = "add_0"}
      : (tensor<1x7x5x24xi8>, tensor<1x1x1x24xi32>) -> tensor<1x7x5x24xi8> {
  ^bb0(%x: i32, %y: i32):
    // CHECK: mla.v.const 20 : i32
    %k = mla.v.const 20 : i32
    // CHECK: mla.v.add %{{.*}}, %{{.*}} : i32
    %v0 = mla.v.add %x, %y : i32
    // CHECK: mla.v.sub
    %v1 = mla.v.sub %v0, %k : i32
    // CHECK: mla.v.mul
    %v2 = mla.v.mul %v1, %x : i32
    // CHECK: mla.v.min
    %v3 = mla.v.min %v2, %k : i32
    // CHECK: mla.v.max
    %v4 = mla.v.max %v3, %y : i32
    // CHECK: mla.v.shl
    %v5 = mla.v.shl %v4, %k : i32
    // CHECK: mla.v.lshr
    %v6 = mla.v.lshr %v5, %k : i32
    // CHECK: mla.v.and
    %v7 = mla.v.and %v6, %k : i32
    // CHECK: mla.v.or
    %v8 = mla.v.or %v7, %k : i32
    // CHECK: mla.v.xor
    %v9 = mla.v.xor %v8, %k : i32
    // CHECK: mla.v.shr %{{.*}}, %{{.*}} {round} : i32
    %v10 = mla.v.shr %v9, %k {round} : i32
    // CHECK: mla.v.mul_shift %{{.*}}, %{{.*}} {shift = 15 : i32} : i32
    %v11 = mla.v.mul_shift %v10, %k {shift = 15 : i32} : i32
    // CHECK: mla.v.abs
    %v12 = mla.v.abs %v11 : i32
    // CHECK: mla.v.clz
    %v13 = mla.v.clz %v12 : i32
    // CHECK: mla.v.clamp %{{.*}} {hi = 90 : i32, lo = -7 : i32} : i32
    %v14 = mla.v.clamp %v13 {lo = -7 : i32, hi = 90 : i32} : i32
    // CHECK: mla.v.cmp gt %{{.*}}, %{{.*}} : i32
    %v15 = mla.v.cmp gt %v14, %k : i32
    // CHECK: mla.v.select %{{.*}}, %{{.*}}, %{{.*}} : i32
    %v16 = mla.v.select %v15, %v14, %x : i32
    // CHECK: mla.v.rescale double %{{.*}} {multiplier = 1073741824 : i32, shift = 31 : i32, zp = 3 : i32}
    %v17 = mla.v.rescale double %v16 {multiplier = 1073741824 : i32, shift = 31 : i32, zp = 3 : i32} : i32
    // CHECK: mla.v.rescale_channel single %{{.*}}, %{{.*}}, %{{.*}} {zp = 0 : i32}
    %v18 = mla.v.rescale_channel single %v17, %y, %k {zp = 0 : i32}
    // CHECK: mla.v.row
    %row = mla.v.row
    // CHECK: mla.v.col
    %col = mla.v.col
    // CHECK: mla.v.channel
    %ch = mla.v.channel
    %v19 = mla.v.add %row, %col : i32
    %v20 = mla.v.add %v19, %ch : i32
    %v21 = mla.v.add %v20, %v18 : i32
    // CHECK: mla.v.yield %{{.*}} : i32
    mla.v.yield %v21 : i32
  }

  // CHECK: mla.vector
  %1:2 = mla.vector %a, %f
      : (tensor<1x7x5x24xi8>, tensor<1x7x5x24xf32>) -> (tensor<1x7x5x24xi8>, tensor<1x7x5x24xf32>) {
  ^bb0(%x: i32, %y: f32):
    // CHECK: mla.v.const 1.500000e+00 : f32
    %k = mla.v.const 1.5 : f32
    // CHECK: mla.v.int_to_float
    %f0 = mla.v.int_to_float %x
    // CHECK: mla.v.div
    %f1 = mla.v.div %f0, %k : f32
    // CHECK: mla.v.sqrt
    %f2 = mla.v.sqrt %f1 : f32
    // CHECK: mla.v.add %{{.*}}, %{{.*}} : f32
    %f3 = mla.v.add %f2, %y : f32
    // CHECK: mla.v.cmp ge %{{.*}}, %{{.*}} : f32
    %c0 = mla.v.cmp ge %f3, %k : f32
    // CHECK: mla.v.select %{{.*}}, %{{.*}}, %{{.*}} : f32
    %f4 = mla.v.select %c0, %f3, %k : f32
    // CHECK: mla.v.float_to_int half_even
    %i0 = mla.v.float_to_int half_even %f4
    mla.v.yield %i0, %f4 : i32, f32
  }
  return
}

// CHECK-LABEL: func.func @vector_tables
func.func @vector_tables(%a: tensor<1x3x5x24xi8>, %h: tensor<1x3x5x24xi16>) {
  // CHECK: mla.v.table8 %{{.*}} {table = array<i8: 1,
  %0 = mla.vector %a : (tensor<1x3x5x24xi8>) -> tensor<1x3x5x24xi8> {
  ^bb0(%x: i32):
    %v = mla.v.table8 %x {table = array<i8: 1, 38, 75, 112, -107, -70, -33, 4, 41, 78, 115, -104, -67, -30, 7, 44, 81, 118, -101,
      -64, -27, 10, 47, 84, 121, -98, -61, -24, 13, 50, 87, 124, -95, -58, -21, 16, 53, 90,
      127, -92, -55, -18, 19, 56, 93, -126, -89, -52, -15, 22, 59, 96, -123, -86, -49, -12, 25,
      62, 99, -120, -83, -46, -9, 28, 65, 102, -117, -80, -43, -6, 31, 68, 105, -114, -77, -40,
      -3, 34, 71, 108, -111, -74, -37, 0, 37, 74, 111, -108, -71, -34, 3, 40, 77, 114, -105,
      -68, -31, 6, 43, 80, 117, -102, -65, -28, 9, 46, 83, 120, -99, -62, -25, 12, 49, 86, 123,
      -96, -59, -22, 15, 52, 89, 126, -93, -56, -19, 18, 55, 92, -127, -90, -53, -16, 21, 58,
      95, -124, -87, -50, -13, 24, 61, 98, -121, -84, -47, -10, 27, 64, 101, -118, -81, -44,
      -7, 30, 67, 104, -115, -78, -41, -4, 33, 70, 107, -112, -75, -38, -1, 36, 73, 110, -109,
      -72, -35, 2, 39, 76, 113, -106, -69, -32, 5, 42, 79, 116, -103, -66, -29, 8, 45, 82, 119,
      -100, -63, -26, 11, 48, 85, 122, -97, -60, -23, 14, 51, 88, 125, -94, -57, -20, 17, 54,
      91, -128, -91, -54, -17, 20, 57, 94, -125, -88, -51, -14, 23, 60, 97, -122, -85, -48,
      -11, 26, 63, 100, -119, -82, -45, -8, 29, 66, 103, -116, -79, -42, -5, 32, 69, 106, -113,
      -76, -39, -2, 35, 72, 109, -110, -73, -36>}
    mla.v.yield %v : i32
  }
  // CHECK: mla.v.table32 %{{.*}} {table = array<i32: 1,
  // CHECK-SAME: : f32
  %1 = mla.vector %a : (tensor<1x3x5x24xi8>) -> tensor<1x3x5x24xf32> {
  ^bb0(%x: i32):
    %v = mla.v.table32 %x {table = array<i32: 1, 10, 19, 28, 37, 46, 55, 64, 73, 82, 91, 100, 109, 118, 127, 136, 145, 154, 163, 172,
      181, 190, 199, 208, 217, 226, 235, 244, 253, 262, 271, 280, 289, 298, 307, 316, 325, 334,
      343, 352, 361, 370, 379, 388, 397, 406, 415, 424, 433, 442, 451, 460, 469, 478, 487, 496,
      505, 514, 523, 532, 541, 550, 559, 568, 577, 586, 595, 604, 613, 622, 631, 640, 649, 658,
      667, 676, 685, 694, 703, 712, 721, 730, 739, 748, 757, 766, 775, 784, 793, 802, 811, 820,
      829, 838, 847, 856, 865, 874, 883, 892, 901, 910, 919, 928, 937, 946, 955, 964, 973, 982,
      991, 1000, 1009, 1018, 1027, 1036, 1045, 1054, 1063, 1072, 1081, 1090, 1099, 1108, 1117,
      1126, 1135, 1144, 1153, 1162, 1171, 1180, 1189, 1198, 1207, 1216, 1225, 1234, 1243, 1252,
      1261, 1270, 1279, 1288, 1297, 1306, 1315, 1324, 1333, 1342, 1351, 1360, 1369, 1378, 1387,
      1396, 1405, 1414, 1423, 1432, 1441, 1450, 1459, 1468, 1477, 1486, 1495, 1504, 1513, 1522,
      1531, 1540, 1549, 1558, 1567, 1576, 1585, 1594, 1603, 1612, 1621, 1630, 1639, 1648, 1657,
      1666, 1675, 1684, 1693, 1702, 1711, 1720, 1729, 1738, 1747, 1756, 1765, 1774, 1783, 1792,
      1801, 1810, 1819, 1828, 1837, 1846, 1855, 1864, 1873, 1882, 1891, 1900, 1909, 1918, 1927,
      1936, 1945, 1954, 1963, 1972, 1981, 1990, 1999, 2008, 2017, 2026, 2035, 2044, 2053, 2062,
      2071, 2080, 2089, 2098, 2107, 2116, 2125, 2134, 2143, 2152, 2161, 2170, 2179, 2188, 2197,
      2206, 2215, 2224, 2233, 2242, 2251, 2260, 2269, 2278, 2287, 2296>} : f32
    mla.v.yield %v : f32
  }
  // CHECK: mla.v.table16 %{{.*}} {table = array<i16: 1,
  %2 = mla.vector %h : (tensor<1x3x5x24xi16>) -> tensor<1x3x5x24xi32> {
  ^bb0(%x: i32):
    %v = mla.v.table16 %x {table = array<i16: 1, 8, 15, 22, 29, 36, 43, 50, 57, 64, 71, 78, 85, 92, 99, 106, 113, 120, 127, 134, 141,
      148, 155, 162, 169, 176, 183, 190, 197, 204, 211, 218, 225, 232, 239, 246, 253, 260, 267,
      274, 281, 288, 295, 2, 9, 16, 23, 30, 37, 44, 51, 58, 65, 72, 79, 86, 93, 100, 107, 114,
      121, 128, 135, 142, 149, 156, 163, 170, 177, 184, 191, 198, 205, 212, 219, 226, 233, 240,
      247, 254, 261, 268, 275, 282, 289, 296, 3, 10, 17, 24, 31, 38, 45, 52, 59, 66, 73, 80,
      87, 94, 101, 108, 115, 122, 129, 136, 143, 150, 157, 164, 171, 178, 185, 192, 199, 206,
      213, 220, 227, 234, 241, 248, 255, 262, 269, 276, 283, 290, 297, 4, 11, 18, 25, 32, 39,
      46, 53, 60, 67, 74, 81, 88, 95, 102, 109, 116, 123, 130, 137, 144, 151, 158, 165, 172,
      179, 186, 193, 200, 207, 214, 221, 228, 235, 242, 249, 256, 263, 270, 277, 284, 291, 298,
      5, 12, 19, 26, 33, 40, 47, 54, 61, 68, 75, 82, 89, 96, 103, 110, 117, 124, 131, 138, 145,
      152, 159, 166, 173, 180, 187, 194, 201, 208, 215, 222, 229, 236, 243, 250, 257, 264, 271,
      278, 285, 292, 299, 6, 13, 20, 27, 34, 41, 48, 55, 62, 69, 76, 83, 90, 97, 104, 111, 118,
      125, 132, 139, 146, 153, 160, 167, 174, 181, 188, 195, 202, 209, 216, 223, 230, 237, 244,
      251, 258, 265, 272, 279, 286, 293, 300, 7, 14, 21, 28, 35, 42, 49, 56, 63, 70, 77, 84,
      91, 98, 105, 112, 119, 126, 133, 140, 147, 154, 161, 168, 175, 182, 189, 196, 203, 210,
      217, 224, 231, 238, 245, 252, 259, 266, 273, 280, 287, 294, 1, 8, 15, 22, 29, 36, 43, 50,
      57, 64, 71, 78, 85, 92, 99, 106, 113, 120, 127, 134, 141, 148, 155, 162, 169, 176, 183,
      190, 197, 204, 211, 218, 225, 232, 239, 246, 253, 260, 267, 274, 281, 288, 295, 2, 9, 16,
      23, 30, 37, 44, 51, 58, 65, 72, 79, 86, 93, 100, 107, 114, 121, 128, 135, 142, 149, 156,
      163, 170, 177, 184, 191, 198, 205, 212, 219, 226, 233, 240, 247, 254, 261, 268, 275, 282,
      289, 296, 3, 10, 17, 24, 31, 38, 45, 52, 59, 66, 73, 80, 87, 94, 101, 108, 115, 122, 129,
      136, 143, 150, 157, 164, 171, 178, 185, 192, 199, 206, 213, 220, 227, 234, 241, 248, 255,
      262, 269, 276, 283, 290, 297, 4, 11, 18, 25, 32, 39, 46, 53, 60, 67, 74, 81, 88, 95, 102,
      109, 116, 123, 130, 137, 144, 151, 158, 165, 172, 179, 186, 193, 200, 207, 214, 221, 228,
      235, 242, 249, 256, 263, 270, 277, 284, 291, 298, 5, 12, 19, 26, 33, 40, 47, 54, 61, 68,
      75, 82, 89, 96, 103, 110, 117, 124, 131, 138, 145, 152, 159, 166, 173, 180, 187, 194,
      201, 208, 215, 222, 229, 236, 243, 250, 257, 264, 271, 278, 285>}
    mla.v.yield %v : i32
  }
  return
}

// CHECK-LABEL: func.func @vector_reductions
func.func @vector_reductions(%a: tensor<2x7x5x24xi8>) {
  // CHECK: mla.v.reduce sum pixels %{{.*}} : i32 -> i32
  %mean = mla.vector %a : (tensor<2x7x5x24xi8>) -> tensor<2x1x1x24xi8> {
  ^bb0(%x: i32):
    %s = mla.v.reduce sum pixels %x : i32 -> i32
    %m = mla.v.rescale double %s {multiplier = 1073741824 : i32, shift = 35 : i32, zp = 0 : i32} : i32
    mla.v.yield %m : i32
  }
  // CHECK: mla.v.reduce argmax channels %{{.*}} : i32 -> i32
  %argmax = mla.vector %a : (tensor<2x7x5x24xi8>) -> tensor<2x7x5x1xi32> {
  ^bb0(%x: i32):
    %i = mla.v.reduce argmax channels %x : i32 -> i32
    mla.v.yield %i : i32
  }
  // CHECK: mla.v.reduce max channels %{{.*}} : i32 -> i32
  %shifted = mla.vector %a : (tensor<2x7x5x24xi8>) -> tensor<2x7x5x24xi8> {
  ^bb0(%x: i32):
    %m = mla.v.reduce max channels %x : i32 -> i32
    %d = mla.v.sub %x, %m : i32
    mla.v.yield %d : i32
  }
  return
}

// CHECK-LABEL: func.func @vector_windows
func.func @vector_windows(%a: tensor<1x9x7x24xi8>) {
  // CHECK: mla.vector %{{.*}} {window = #mla.window<kernelRows = 3, kernelCols = 2, strideRows = 2, strideCols = 1, padTop = 1, padBottom = 1, padLeft = 0, padRight = 1>}
  %pool = mla.vector %a {window = #mla.window<kernelRows = 3, kernelCols = 2, strideRows = 2,
      strideCols = 1, padTop = 1, padBottom = 1, padLeft = 0, padRight = 1>}
      : (tensor<1x9x7x24xi8>) -> tensor<1x5x7x24xi8> {
  ^bb0(%x: i32):
    // CHECK: mla.v.window_max
    %m = mla.v.window_max
    // CHECK: mla.v.window_sum
    %s = mla.v.window_sum
    // CHECK: mla.v.window_count
    %n = mla.v.window_count
    %t = mla.v.add %m, %s : i32
    %u = mla.v.add %t, %n : i32
    mla.v.yield %u : i32
  }
  return
}

// CHECK-LABEL: func.func @vector_resize
func.func @vector_resize(%a: tensor<1x4x3x24xi8>) {
  %0 = mla.vector %a : (tensor<1x4x3x24xi8>) -> tensor<1x8x6x24xi8> {
  ^bb0(%x: i32):
    %one = mla.v.const 1 : i32
    %row = mla.v.row
    %col = mla.v.col
    %half_row = mla.v.lshr %row, %one : i32
    %half_col = mla.v.lshr %col, %one : i32
    // CHECK: mla.v.gather_bilinear %{{.*}}, %{{.*}} {fraction_bits = 10 : i32}
    %b = mla.v.gather_bilinear %half_row, %half_col {fraction_bits = 10 : i32}
    // CHECK: mla.v.gather_nearest %{{.*}}, %{{.*}}
    %n = mla.v.gather_nearest %half_row, %half_col
    %s = mla.v.add %b, %n : i32
    mla.v.yield %s : i32
  }
  return
}

// CHECK: mla.segment @MLA_0 attributes {input_names = ["image"], output_names = ["logits"]}
mla.segment @MLA_0 attributes {input_names = ["image"], output_names = ["logits"]} {
^bb0(%x: tensor<1x8x8x3xi8>):
  %y = mla.reshape %x : tensor<1x8x8x3xi8> -> tensor<1x192xi8>
  // CHECK: mla.return %{{.*}} : tensor<1x192xi8>
  mla.return %y : tensor<1x192xi8>
}

// Places in DRAM, with and without tiles.
// CHECK: mla.segment @MLA_2 attributes {input_dram = [#mla.dram<hwc>, #mla.dram<hwc, tile = [2, 8, 3]>],
// CHECK-SAME: output_dram = [#mla.dram<hwc16, tile = [8, 8, 16], packed = true>]}
mla.segment @MLA_2 attributes {
  input_dram = [#mla.dram<hwc>, #mla.dram<hwc, tile = [2, 8, 3]>],
  output_dram = [#mla.dram<hwc16, tile = [8, 8, 16], packed = true>]} {
^bb0(%x: tensor<1x8x8x40xi8>, %y: tensor<1x8x8x3xi8>):
  mla.return %x : tensor<1x8x8x40xi8>
}

// CHECK: mla.binary @MLA_1 attributes {lm = dense<[127, 69]> : tensor<2xi8>, stats = {end_cycle = 7 : i64}}
mla.binary @MLA_1 attributes {lm = dense<[127, 69]> : tensor<2xi8>, stats = {end_cycle = 7 : i64}}

// CHECK-LABEL: func.func @calls
func.func @calls(%x: tensor<1x8x8x3xi8>) -> tensor<1x192xi8> {
  // CHECK: mla.call @MLA_0(%{{.*}}) : (tensor<1x8x8x3xi8>) -> tensor<1x192xi8>
  %0 = mla.call @MLA_0(%x) : (tensor<1x8x8x3xi8>) -> tensor<1x192xi8>
  // CHECK: mla.call @MLA_1(%{{.*}}) : (tensor<1x8x8x3xi8>) -> tensor<1x192xi8>
  %1 = mla.call @MLA_1(%x) : (tensor<1x8x8x3xi8>) -> tensor<1x192xi8>
  return %1 : tensor<1x192xi8>
}

}

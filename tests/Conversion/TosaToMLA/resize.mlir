// Resizing gathers at positions that are computed beforehand, one constant for rows and one for columns.
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file | FileCheck %s

// LiteRT, nearest: the kernel's f32 index arithmetic.
// CHECK-LABEL: func.func @main
// CHECK-DAG: %[[R:.*]] = mla.const dense<{{\[}}[{{\[}}[0]], {{\[}}[0]], {{\[}}[1]], {{\[}}[2]], {{\[}}[2]]]]> : tensor<1x5x1x1xi32>
// CHECK-DAG: %[[C:.*]] = mla.const dense<{{\[}}[{{\[}}[0], [1], [3], [4]]]]> : tensor<1x1x4x1xi32>
// CHECK: mla.vector %arg0, %[[R]], %[[C]]
// CHECK: mla.v.gather_nearest
func.func @main(%x: tensor<1x3x5x7xi8>) -> tensor<1x5x4x7xi8> {
  %r = tosa.custom %x {domain_name = "afe", operator_name = "litert.resize_nearest", implementation_attrs = "{align_corners = false, half_pixel_centers = true}"} : (tensor<1x3x5x7xi8>) -> tensor<1x5x4x7xi8>
  return %r : tensor<1x5x4x7xi8>
}

// -----

// LiteRT, bilinear int8: 10 fraction bits, the sum divided by 2^20 half away from zero.
// CHECK-LABEL: func.func @main
// CHECK-DAG: mla.const dense<{{\[}}[{{\[}}[0]], {{\[}}[512]], {{\[}}[1024]], {{\[}}[1536]], {{\[}}[2048]]]]> : tensor<1x5x1x1xi32>
// CHECK: %[[S:.*]] = mla.v.gather_bilinear %{{.*}}, %{{.*}} {fraction_bits = 10 : i32}
// CHECK: %[[N:.*]] = mla.v.shr %[[S]]
// CHECK: %[[A:.*]] = mla.v.add %[[S]], %[[N]]
// CHECK: mla.v.shr %[[A]], %{{.*}} {round}
func.func @main(%x: tensor<1x3x4x7xi8>) -> tensor<1x5x4x7xi8> {
  %r = tosa.custom %x {domain_name = "afe", operator_name = "litert.resize_bilinear", implementation_attrs = "{align_corners = true, half_pixel_centers = false}"} : (tensor<1x3x4x7xi8>) -> tensor<1x5x4x7xi8>
  return %r : tensor<1x5x4x7xi8>
}

// -----

// The uint8 kernel interpolates in f32: exact in integers while all fractions are multiples of 2^-7 …
// CHECK-LABEL: func.func @main
// CHECK: mla.v.gather_bilinear %{{.*}}, %{{.*}} {fraction_bits = 7 : i32}
// CHECK-NOT: tosa.
func.func @main(%x: tensor<1x3x4x7xi8>) -> tensor<1x5x4x7xi8> {
  %r = tosa.custom %x {domain_name = "afe", operator_name = "litert.resize_bilinear", implementation_attrs = "{align_corners = true, half_pixel_centers = false, unsigned = true}"} : (tensor<1x3x4x7xi8>) -> tensor<1x5x4x7xi8>
  return %r : tensor<1x5x4x7xi8>
}

// -----

// … and left to the host otherwise, with the reason.
// CHECK-LABEL: func.func @main
// CHECK: tosa.custom %arg0 {a65.hint = "quantize the model to int8{{.*}}", a65.reason = "'litert.resize_bilinear' interpolates uint8 in f32
func.func @main(%x: tensor<1x3x4x7xi8>) -> tensor<1x7x4x7xi8> {
  %r = tosa.custom %x {domain_name = "afe", operator_name = "litert.resize_bilinear", implementation_attrs = "{align_corners = false, half_pixel_centers = false, unsigned = true}"} : (tensor<1x3x4x7xi8>) -> tensor<1x7x4x7xi8>
  return %r : tensor<1x7x4x7xi8>
}

// -----

// TOSA's resize: positions in units of the numerator; bilinear sums stay undivided for the rescale behind.
// CHECK-LABEL: func.func @main
// CHECK-DAG: mla.const dense<{{\[}}[{{\[}}[0]], {{\[}}[0]], {{\[}}[1]], {{\[}}[1]], {{\[}}[2]], {{\[}}[2]]]]> : tensor<1x6x1x1xi32>
// CHECK-DAG: mla.v.gather_nearest
// CHECK-DAG: mla.v.gather_bilinear %{{.*}}, %{{.*}} {fraction_bits = 1 : i32}
// CHECK-NOT: tosa.
func.func @main(%x: tensor<1x3x4x7xi8>) -> (tensor<1x6x8x7xi8>, tensor<1x5x7x7xi32>) {
  %scale = tosa.const_shape {values = dense<[4, 2, 4, 2]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %offset = tosa.const_shape {values = dense<-1> : tensor<2xindex>} : () -> !tosa.shape<2>
  %border = tosa.const_shape {values = dense<1> : tensor<2xindex>} : () -> !tosa.shape<2>
  %r = tosa.resize %x, %scale, %offset, %border {mode = NEAREST_NEIGHBOR} : (tensor<1x3x4x7xi8>, !tosa.shape<4>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<1x6x8x7xi8>
  %scale2 = tosa.const_shape {values = dense<[2, 1, 2, 1]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %zero = tosa.const_shape {values = dense<0> : tensor<2xindex>} : () -> !tosa.shape<2>
  %b = tosa.resize %x, %scale2, %zero, %zero {mode = BILINEAR} : (tensor<1x3x4x7xi8>, !tosa.shape<4>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<1x5x7x7xi32>
  return %r, %b : tensor<1x6x8x7xi8>, tensor<1x5x7x7xi32>
}

// -----

// Reversing rows is a gather, too.
// CHECK-LABEL: func.func @main
// CHECK-DAG: mla.const dense<{{\[}}[{{\[}}[2]], {{\[}}[1]], {{\[}}[0]]]]> : tensor<1x3x1x1xi32>
// CHECK: mla.v.gather_nearest
func.func @main(%x: tensor<1x3x4x7xi8>) -> tensor<1x3x4x7xi8> {
  %r = tosa.reverse %x {axis = 1 : i32} : (tensor<1x3x4x7xi8>) -> tensor<1x3x4x7xi8>
  return %r : tensor<1x3x4x7xi8>
}

// -----

// An argmax behind a resize is part of its program: the enlarged image exists nowhere. What it would
// have stored is a byte, so that nothing is cut off.
// CHECK-LABEL: func.func @main
// CHECK: mla.vector %arg0, %{{.*}}, %{{.*}} : {{.*}} -> tensor<1x5x4x1xi32>
// CHECK: mla.v.gather_bilinear
// CHECK: mla.v.reduce argmax channels
// CHECK-NOT: mla.vector
func.func @main(%x: tensor<1x3x4x7xi8>) -> tensor<1x5x4xi32> {
  %r = tosa.custom %x {domain_name = "afe", operator_name = "litert.resize_bilinear", implementation_attrs = "{align_corners = true, half_pixel_centers = false, unsigned = true}"} : (tensor<1x3x4x7xi8>) -> tensor<1x5x4x7xi8>
  %a = tosa.argmax %r {axis = 3 : i32} : (tensor<1x5x4x7xi8>) -> tensor<1x5x4xi32>
  return %a : tensor<1x5x4xi32>
}

// -----

// Where an image grows far in width, rows are mixed first and columns then: 16 bits hold what stands between.
// CHECK-LABEL: func.func @main
// CHECK: %[[ROWS:.*]] = mla.vector %arg0, {{.*}} -> tensor<1x17x3x7xi16>
// CHECK: mla.v.gather_linear %{{.*}}, %{{.*}} {fraction_bits = 7 : i32}
// CHECK: mla.vector %[[ROWS]], {{.*}} -> tensor<1x17x17x1xi32>
// CHECK: %[[S:.*]] = mla.v.gather_linear %{{.*}}, %{{.*}} {columns, fraction_bits = 7 : i32}
// CHECK: %[[V:.*]] = mla.v.shr %[[S]], %{{.*}} {round}
// CHECK: mla.v.reduce argmax channels %[[V]]
func.func @main(%x: tensor<1x3x3x7xi8>) -> tensor<1x17x17xi32> {
  %r = tosa.custom %x {domain_name = "afe", operator_name = "litert.resize_bilinear", implementation_attrs = "{align_corners = true, half_pixel_centers = false, unsigned = true}"} : (tensor<1x3x3x7xi8>) -> tensor<1x17x17x7xi8>
  %a = tosa.argmax %r {axis = 3 : i32} : (tensor<1x17x17x7xi8>) -> tensor<1x17x17xi32>
  return %a : tensor<1x17x17xi32>
}

// -----

// A bilinear resize of a single pixel repeats it.
// CHECK-LABEL: func.func @main
// CHECK: mla.v.gather_nearest
// CHECK-NOT: mla.v.gather_bilinear
func.func @main(%x: tensor<1x1x1x7xi8>) -> tensor<1x5x4x7xi8> {
  %r = tosa.custom %x {domain_name = "afe", operator_name = "litert.resize_bilinear", implementation_attrs = "{align_corners = true, half_pixel_centers = false, unsigned = true}"} : (tensor<1x1x1x7xi8>) -> tensor<1x5x4x7xi8>
  return %r : tensor<1x5x4x7xi8>
}

// -----

// One to the same size is none.
// CHECK-LABEL: func.func @main
// CHECK-NOT: mla.vector
// CHECK: return %arg0
func.func @main(%x: tensor<1x5x4x7xi8>) -> tensor<1x5x4x7xi8> {
  %r = tosa.custom %x {domain_name = "afe", operator_name = "litert.resize_bilinear", implementation_attrs = "{align_corners = false, half_pixel_centers = false}"} : (tensor<1x5x4x7xi8>) -> tensor<1x5x4x7xi8>
  return %r : tensor<1x5x4x7xi8>
}

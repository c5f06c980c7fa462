// Tiles of two pixels by four channels, and narrower ones where the sizes leave a rest; neighbouring
// taps of a row are one run of bytes. A convolution of other types stays.
// RUN: mla-opt %s --pass-pipeline='builtin.module(func.func(a65-tile-contractions))' | FileCheck %s

// 5 columns and 6 channels: four nests.
// CHECK-LABEL: func.func @conv
// CHECK: %[[X:.*]] = memref.collapse_shape %{{.*}} {{\[\[}}0], [1], [2, 3]] : memref<1x6x7x4xi8> into memref<1x6x28xi8>
// CHECK: %[[W:.*]] = memref.collapse_shape %{{.*}} {{\[\[}}0], [1], [2, 3]] : memref<6x2x3x4xi8> into memref<6x2x12xi8>
// CHECK: scf.parallel
// CHECK-COUNT-8: memref.load %{{.*}} : memref<1x5x5x6xi32>
// CHECK: scf.for {{.*}} iter_args
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-2: memref.load %[[X]]
// CHECK-COUNT-4: memref.load %[[W]]
// CHECK-COUNT-8: arith.muli %{{.*}}, %{{.*}} : i32
// CHECK-COUNT-8: memref.store
// CHECK-COUNT-3: scf.parallel
// CHECK-NOT: scf.parallel
func.func @conv(%x: memref<1x6x7x4xi8>, %w: memref<6x2x3x4xi8>, %y: memref<1x5x5x6xi32>) {
  linalg.conv_2d_nhwc_fhwc {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%x, %w : memref<1x6x7x4xi8>, memref<6x2x3x4xi8>) outs(%y : memref<1x5x5x6xi32>)
  return
}

// CHECK-LABEL: func.func @product
// CHECK: scf.parallel
// CHECK: scf.for {{.*}} iter_args
// CHECK-NOT: linalg.generic
func.func @product(%a: memref<2x4x64xi8>, %b: memref<2x8x64xi8>, %y: memref<2x4x8xi32>) {
  linalg.generic {indexing_maps = [affine_map<(n, i, j, k) -> (n, i, k)>, affine_map<(n, i, j, k) -> (n, j, k)>, affine_map<(n, i, j, k) -> (n, i, j)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2x4x64xi8>, memref<2x8x64xi8>) outs(%y : memref<2x4x8xi32>) {
  ^bb0(%p: i8, %q: i8, %sum: i32):
    %0 = arith.extsi %p : i8 to i32
    %1 = arith.extsi %q : i8 to i32
    %2 = arith.muli %0, %1 : i32
    %3 = arith.addi %sum, %2 : i32
    linalg.yield %3 : i32
  }
  return
}

// CHECK-LABEL: func.func @floats
// CHECK: linalg.conv_2d_nhwc_fhwc
func.func @floats(%x: memref<1x6x7x4xf32>, %w: memref<6x2x3x4xf32>, %y: memref<1x5x5x6xf32>) {
  linalg.conv_2d_nhwc_fhwc {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%x, %w : memref<1x6x7x4xf32>, memref<6x2x3x4xf32>) outs(%y : memref<1x5x5x6xf32>)
  return
}

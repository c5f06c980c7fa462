// A gather by constant indices is a choice of rows and columns of an image.
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file | FileCheck %s

// Rows 2, 0 and columns 1, 4, 1 of 3 x 5 pixels: the image itself is read.
// CHECK-LABEL: func.func @main
// CHECK-DAG: mla.const dense<{{\[\[\[\[}}2]], {{\[\[}}0]]]]> : tensor<1x2x1x1xi32>
// CHECK-DAG: mla.const dense<{{\[\[\[\[}}1], [4], [1]]]]> : tensor<1x1x3x1xi32>
// CHECK: mla.vector %arg0, %{{.*}}, %{{.*}} : (tensor<1x3x5x7xi8>, tensor<1x2x1x1xi32>, tensor<1x1x3x1xi32>) -> tensor<1x2x3x7xi8>
// CHECK: mla.v.gather_nearest
// CHECK-NOT: tosa.gather
func.func @main(%x: tensor<1x3x5x7xi8>) -> tensor<1x2x3x7xi8> {
  %flat = tosa.const_shape {values = dense<[1, 15, 7]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %image = tosa.const_shape {values = dense<[1, 2, 3, 7]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %i = "tosa.const"() <{values = dense<[[11, 14, 11, 1, 4, 1]]> : tensor<1x6xi32>}> : () -> tensor<1x6xi32>
  %v = tosa.reshape %x, %flat : (tensor<1x3x5x7xi8>, !tosa.shape<3>) -> tensor<1x15x7xi8>
  %g = tosa.gather %v, %i : (tensor<1x15x7xi8>, tensor<1x6xi32>) -> tensor<1x6x7xi8>
  %r = tosa.reshape %g, %image : (tensor<1x6x7xi8>, !tosa.shape<4>) -> tensor<1x2x3x7xi8>
  return %r : tensor<1x2x3x7xi8>
}

// -----

// Indices that are no such grid choose rows of an image one element wide.
// CHECK-LABEL: func.func @main
// CHECK: mla.vector {{.*}} : (tensor<2x15x1x7xi8>, tensor<1x4x1x1xi32>, tensor<1x1x1x1xi32>) -> tensor<2x4x1x7xi8>
// CHECK-NOT: tosa.gather
func.func @main(%x: tensor<2x15x7xi8>) -> tensor<2x4x7xi8> {
  %i = "tosa.const"() <{values = dense<[[11, 14, 0, 1], [11, 14, 0, 1]]> : tensor<2x4xi32>}> : () -> tensor<2x4xi32>
  %g = tosa.gather %x, %i : (tensor<2x15x7xi8>, tensor<2x4xi32>) -> tensor<2x4x7xi8>
  return %g : tensor<2x4x7xi8>
}

// -----

// Indices that differ from image to image, and those out of range, are the host's.
// CHECK-LABEL: func.func @main
// CHECK: tosa.gather {{.*}}a65.reason
// CHECK: tosa.gather {{.*}}a65.reason
func.func @main(%x: tensor<2x15x7xi8>) -> (tensor<2x2x7xi8>, tensor<2x2x7xi8>) {
  %i = "tosa.const"() <{values = dense<[[11, 14], [11, 13]]> : tensor<2x2xi32>}> : () -> tensor<2x2xi32>
  %j = "tosa.const"() <{values = dense<[[11, 15], [11, 15]]> : tensor<2x2xi32>}> : () -> tensor<2x2xi32>
  %g = tosa.gather %x, %i : (tensor<2x15x7xi8>, tensor<2x2xi32>) -> tensor<2x2x7xi8>
  %h = tosa.gather %x, %j : (tensor<2x15x7xi8>, tensor<2x2xi32>) -> tensor<2x2x7xi8>
  return %g, %h : tensor<2x2x7xi8>, tensor<2x2x7xi8>
}

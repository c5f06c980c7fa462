// Zero points leave the sums: into the bias, and into a convolution by ones where the weights have one;
// the padding is the input's zero point. The taps of a depthwise convolution are written out.
// RUN: mla-opt %s --pass-pipeline='builtin.module(func.func(a65-lower-convolutions))' | FileCheck %s

// CHECK-LABEL: func.func @conv
// CHECK-DAG: dense<[-23, 8]> : tensor<2xi32>
// CHECK: %[[PADDED:.*]] = tosa.pad %{{.*}} -> tensor<1x5x8x3xi8>
// CHECK: %[[SUMS:.*]] = tosa.conv2d %[[PADDED]], %{{.*}} pad = array<i64: 0, 0, 0, 0>{{.*}} -> tensor<1x5x8x2xi32>
// CHECK: dense<1> : tensor<1x1x1x3xi8>
// CHECK: %[[PIXELS:.*]] = tosa.conv2d %[[PADDED]], %{{.*}} -> tensor<1x5x8x1xi32>
// CHECK: dense<2> : tensor<1x1x1x1xi32>
// CHECK: %[[TERM:.*]] = tosa.mul %[[PIXELS]]
// CHECK: tosa.add %[[SUMS]], %[[TERM]]
func.func @conv(%x: tensor<1x5x7x3xi8>) -> tensor<1x5x8x2xi32> {
  // bias - 4 * (sum of weights - 3 * -2): 5 - 4 * (1 + 6), and 8 - 4 * (-6 + 6).
  %w = "tosa.const"() {values = dense<[[[[1, 2, -2]]], [[[-1, -2, -3]]]]> : tensor<2x1x1x3xi8>} : () -> tensor<2x1x1x3xi8>
  %b = "tosa.const"() {values = dense<[5, 8]> : tensor<2xi32>} : () -> tensor<2xi32>
  %zx = "tosa.const"() {values = dense<4> : tensor<1xi8>} : () -> tensor<1xi8>
  %zw = "tosa.const"() {values = dense<-2> : tensor<1xi8>} : () -> tensor<1xi8>
  %r = tosa.conv2d %x, %w, %b, %zx, %zw {acc_type = i32, pad = array<i64: 0, 0, 0, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x5x7x3xi8>, tensor<2x1x1x3xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x5x8x2xi32>
  return %r : tensor<1x5x8x2xi32>
}

// CHECK-LABEL: func.func @depthwise
// CHECK-DAG: dense<{{\[\[}}3, -1, 4], [2, 1, 9]]> : tensor<2x3xi16>
// CHECK-DAG: tensor.extract_slice %{{.*}}[0, 0, 0, 0] [1, 2, 7, 3] [1, 2, 1, 1]
// CHECK-DAG: tensor.extract_slice %{{.*}}[0, 1, 0, 0] [1, 2, 7, 3] [1, 2, 1, 1]
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "parallel"]
// CHECK-COUNT-2: arith.muli
// CHECK-NOT: tosa.depthwise_conv2d
func.func @depthwise(%x: tensor<1x4x7x3xi8>) -> tensor<1x2x7x3xi32> {
  %w = "tosa.const"() {values = dense<[[[[1], [-3], [2]]], [[[0], [-1], [7]]]]> : tensor<2x1x3x1xi8>} : () -> tensor<2x1x3x1xi8>
  %b = "tosa.const"() {values = dense<0> : tensor<3xi32>} : () -> tensor<3xi32>
  %zx = "tosa.const"() {values = dense<4> : tensor<1xi8>} : () -> tensor<1xi8>
  %zw = "tosa.const"() {values = dense<-2> : tensor<1xi8>} : () -> tensor<1xi8>
  %r = tosa.depthwise_conv2d %x, %w, %b, %zx, %zw {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 1>, dilation = array<i64: 1, 1>} : (tensor<1x4x7x3xi8>, tensor<2x1x3x1xi8>, tensor<3xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x7x3xi32>
  return %r : tensor<1x2x7x3xi32>
}

// CHECK-LABEL: func.func @matmul
// CHECK: %[[B:.*]] = tosa.transpose %{{.*}} {perms = array<i32: 0, 2, 1>}
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// CHECK-NOT: tosa.matmul
func.func @matmul(%a: tensor<2x5x64xi8>, %b: tensor<2x64x9xi8>) -> tensor<2x5x9xi32> {
  %z = "tosa.const"() {values = dense<3> : tensor<1xi8>} : () -> tensor<1xi8>
  %r = tosa.matmul %a, %b, %z, %z : (tensor<2x5x64xi8>, tensor<2x64x9xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<2x5x9xi32>
  return %r : tensor<2x5x9xi32>
}

// Computed weights, and floats, stay.
// CHECK-LABEL: func.func @others
// CHECK: tosa.conv2d
// CHECK: tosa.matmul
func.func @others(%x: tensor<1x5x7x3xi8>, %w: tensor<2x1x1x3xi8>, %a: tensor<1x3x5xf32>, %c: tensor<1x5x3xf32>) -> (tensor<1x5x7x2xi32>, tensor<1x3x3xf32>) {
  %b = "tosa.const"() {values = dense<[5, 8]> : tensor<2xi32>} : () -> tensor<2xi32>
  %z = "tosa.const"() {values = dense<4> : tensor<1xi8>} : () -> tensor<1xi8>
  %f = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %r = tosa.conv2d %x, %w, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x5x7x3xi8>, tensor<2x1x1x3xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x5x7x2xi32>
  %m = tosa.matmul %a, %c, %f, %f : (tensor<1x3x5xf32>, tensor<1x5x3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3xf32>
  return %r, %m : tensor<1x5x7x2xi32>, tensor<1x3x3xf32>
}

// -----

// Weights that are an argument stay a depthwise convolution; its padding becomes an operation of its own.
// CHECK-LABEL: func.func @computed_weights
// CHECK: %[[P:.*]] = tosa.pad %arg0
// CHECK-SAME: -> tensor<1x6x8x3xi8>
// CHECK: tosa.depthwise_conv2d %[[P]], %arg1
// CHECK-SAME: pad = array<i64: 0, 0, 0, 0>
func.func @computed_weights(%x: tensor<1x4x7x3xi8>, %w: tensor<1x1x3x1xi8>) -> tensor<1x6x8x3xi32> {
  %b = "tosa.const"() <{values = dense<5> : tensor<3xi32>}> : () -> tensor<3xi32>
  %zx = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zw = "tosa.const"() <{values = dense<-2> : tensor<1xi8>}> : () -> tensor<1xi8>
  %r = tosa.depthwise_conv2d %x, %w, %b, %zx, %zw {acc_type = i32, pad = array<i64: 1, 1, 0, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x4x7x3xi8>, tensor<1x1x3x1xi8>, tensor<3xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x6x8x3xi32>
  return %r : tensor<1x6x8x3xi32>
}

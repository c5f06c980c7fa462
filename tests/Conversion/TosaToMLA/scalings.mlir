// Products of an image with one number per channel.
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file | FileCheck %s

// Squeeze and excitation: the factors are the weights of a depthwise 1x1 convolution.
// CHECK-LABEL: func.func @main
// CHECK: mla.scale %arg0, %arg1 {factors_zp = -128 : i32, input_zp = 5 : i32, requant = #mla.requant<double, multipliers = [1518500250], shifts = [38], zp = -7, lo = -100>}
// CHECK-NOT: mla.vector
func.func @main(%x: tensor<2x9x7x24xi8>, %f: tensor<2x1x1x24xi8>) -> tensor<2x9x7x24xi8> {
  %r = mla.vector %f, %x : (tensor<2x1x1x24xi8>, tensor<2x9x7x24xi8>) -> tensor<2x9x7x24xi8> {
  ^bb0(%b: i32, %a: i32):
    %azp = mla.v.const 5 : i32
    %bzp = mla.v.const 128 : i32
    %d = mla.v.sub %a, %azp : i32
    %e = mla.v.add %b, %bzp : i32
    %p = mla.v.mul %e, %d : i32
    %s = mla.v.rescale double %p {multiplier = 1518500250 : i32, shift = 38 : i32, zp = -7 : i32} : i32
    %c = mla.v.clamp %s {lo = -100 : i32, hi = 127 : i32} : i32
    mla.v.yield %c : i32
  }
  return %r : tensor<2x9x7x24xi8>
}

// -----

// Factors per pixel are none.
// CHECK-LABEL: func.func @main
// CHECK-NOT: mla.scale
func.func @main(%x: tensor<1x9x7x24xi8>, %f: tensor<1x9x7x1xi8>) -> tensor<1x9x7x24xi8> {
  %r = mla.vector %x, %f : (tensor<1x9x7x24xi8>, tensor<1x9x7x1xi8>) -> tensor<1x9x7x24xi8> {
  ^bb0(%a: i32, %b: i32):
    %p = mla.v.mul %a, %b : i32
    %s = mla.v.rescale double %p {multiplier = 1518500250 : i32, shift = 38 : i32, zp = 0 : i32} : i32
    %c = mla.v.clamp %s {lo = -128 : i32, hi = 127 : i32} : i32
    mla.v.yield %c : i32
  }
  return %r : tensor<1x9x7x24xi8>
}

// -----

// The mean of a large image: sums of rectangles, which go along with whatever makes the image, and the
// sum of those; the zero point is taken off once.
// CHECK-LABEL: func.func @main
// CHECK: %[[SUMS:.*]] = mla.vector %arg0 {window = {{.*}} -> tensor<2x19x2x24xi32>
// CHECK: mla.v.window_sum
// CHECK: mla.vector %[[SUMS]] : {{.*}} -> tensor<2x1x1x24xi8>
// CHECK: %[[S:.*]] = mla.v.reduce sum pixels %{{.*}}
// CHECK: %[[Z:.*]] = mla.v.const 2660 : i32
// CHECK: %[[D:.*]] = mla.v.sub %[[S]], %[[Z]]
// CHECK: mla.v.rescale single %[[D]]
func.func @main(%x: tensor<2x19x28x24xi8>) -> tensor<2x1x1x24xi8> {
  %r = mla.vector %x : (tensor<2x19x28x24xi8>) -> tensor<2x1x1x24xi8> {
  ^bb0(%a: i32):
    %zp = mla.v.const 5 : i32
    %d = mla.v.sub %a, %zp : i32
    %s = mla.v.reduce sum pixels %d : i32 -> i32
    %q = mla.v.rescale single %s {multiplier = 1518500250 : i32, shift = 40 : i32, zp = 0 : i32} : i32
    %c = mla.v.clamp %q {lo = -128 : i32, hi = 127 : i32} : i32
    mla.v.yield %c : i32
  }
  return %r : tensor<2x1x1x24xi8>
}

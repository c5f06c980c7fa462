// Vector programs with fewer operations for the same numbers.
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file | FileCheck %s

// The left shift by 20 in front of a quantized addition, and the halving behind it, are one shift by 19
// while no number is cut off; the zero point that is subtracted behind the clamp moves into it.
// CHECK-LABEL: func.func @main
// CHECK: %[[R:.*]] = mla.v.rescale double %{{.*}} {multiplier = 2131782528 : i32, shift = 35 : i32, zp = 0 : i32}
// CHECK: %[[C:.*]] = mla.v.clamp %[[R]] {hi = 124 : i32, lo = -131 : i32}
// CHECK: %[[N:.*]] = mla.v.const 19 : i32
// CHECK: %[[S:.*]] = mla.v.shl %[[C]], %[[N]]
// CHECK: mla.v.yield %[[S]]
func.func @main(%x: tensor<1x3x5x40xi8>, %y: tensor<1x3x5x40xi8>) -> tensor<1x3x5x40xi32> {
  %r = mla.vector %x, %y : (tensor<1x3x5x40xi8>, tensor<1x3x5x40xi8>) -> tensor<1x3x5x40xi32> {
  ^bb0(%a: i32, %b: i32):
    %zp = mla.v.const 3 : i32
    %p = mla.v.mul %a, %b : i32
    %s = mla.v.rescale double %p {multiplier = 2131782528 : i32, shift = 35 : i32, zp = 3 : i32} : i32
    %c = mla.v.clamp %s {lo = -128 : i32, hi = 127 : i32} : i32
    %d = mla.v.sub %c, %zp : i32
    %up = mla.v.rescale single %d {multiplier = 1073741824 : i32, shift = 10 : i32, zp = 0 : i32} : i32
    %half = mla.v.rescale double %up {multiplier = 1073741824 : i32, shift = 31 : i32, zp = 0 : i32} : i32
    mla.v.yield %half : i32
  }
  return %r : tensor<1x3x5x40xi32>
}

// -----

// A scaling that may cut off, and one that rounds, stay as they are.
// CHECK-LABEL: func.func @main
// CHECK: mla.v.rescale single %{{.*}} {multiplier = 1073741824 : i32, shift = 10 : i32, zp = 0 : i32}
// CHECK: mla.v.rescale double %{{.*}} {multiplier = 1073741824 : i32, shift = 31 : i32, zp = 0 : i32}
func.func @main(%x: tensor<1x3x5x40xi32>, %y: tensor<1x3x5x40xi8>) -> (tensor<1x3x5x40xi32>, tensor<1x3x5x40xi32>) {
  %r:2 = mla.vector %x, %y : (tensor<1x3x5x40xi32>, tensor<1x3x5x40xi8>) -> (tensor<1x3x5x40xi32>, tensor<1x3x5x40xi32>) {
  ^bb0(%a: i32, %b: i32):
    %up = mla.v.rescale single %a {multiplier = 1073741824 : i32, shift = 10 : i32, zp = 0 : i32} : i32
    %half = mla.v.rescale double %b {multiplier = 1073741824 : i32, shift = 31 : i32, zp = 0 : i32} : i32
    mla.v.yield %up, %half : i32, i32
  }
  return %r#0, %r#1 : tensor<1x3x5x40xi32>, tensor<1x3x5x40xi32>
}

// -----

// A constant leaves a sum over 40 channels: it is added once per pixel. What is computed from the mean
// alone is computed where the mean is, as a second result, because somebody else reads the mean.
// CHECK-LABEL: func.func @main
// CHECK: %[[V:.*]]:2 = mla.vector %arg0 : (tensor<1x3x5x40xi8>) -> (tensor<1x3x5x1xi8>, tensor<1x3x5x1xi32>)
// CHECK: %[[SUM:.*]] = mla.v.reduce sum channels %{{.*}} : i32 -> i32
// CHECK: %[[K:.*]] = mla.v.const -200 : i32
// CHECK: mla.v.add %[[SUM]], %[[K]] : i32
// CHECK: %[[C:.*]] = mla.v.clamp
// CHECK: %[[D:.*]] = mla.v.sub %[[C]], %{{.*}} : i32
// CHECK: mla.v.yield %[[C]], %[[D]]
// CHECK: mla.vector %arg0, %[[V]]#1
// CHECK-NOT: mla.v.sub
// CHECK: mla.v.mul
func.func @main(%x: tensor<1x3x5x40xi8>) -> (tensor<1x3x5x40xi32>, tensor<1x3x5x1xi8>) {
  %mean = mla.vector %x : (tensor<1x3x5x40xi8>) -> tensor<1x3x5x1xi8> {
  ^bb0(%a: i32):
    %zp = mla.v.const 5 : i32
    %d = mla.v.sub %a, %zp : i32
    %s = mla.v.reduce sum channels %d : i32 -> i32
    %m = mla.v.rescale double %s {multiplier = 1717986918 : i32, shift = 36 : i32, zp = -4 : i32} : i32
    %c = mla.v.clamp %m {lo = -128 : i32, hi = 127 : i32} : i32
    mla.v.yield %c : i32
  }
  %r = mla.vector %x, %mean : (tensor<1x3x5x40xi8>, tensor<1x3x5x1xi8>) -> tensor<1x3x5x40xi32> {
  ^bb0(%a: i32, %b: i32):
    %zp = mla.v.const -4 : i32
    %d = mla.v.sub %b, %zp : i32
    %p = mla.v.mul %a, %d : i32
    mla.v.yield %p : i32
  }
  return %r, %mean : tensor<1x3x5x40xi32>, tensor<1x3x5x1xi8>
}

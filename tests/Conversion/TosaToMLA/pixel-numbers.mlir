// What follows from a sum over channels is computed where the sum is: in a program of its own it would take a lane per channel of a block.
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file | FileCheck %s

// A mean, a sum of distances from it, and a number of both become one program; what nobody else reads is not stored.
// CHECK-LABEL: func.func @main
// CHECK: %[[N:.*]]:2 = mla.vector %arg0 : (tensor<1x5x32xi8>) -> (tensor<1x5x1xi32>, tensor<1x5x1xi32>)
// CHECK: mla.v.reduce sum channels
// CHECK: mla.v.reduce sum channels
// CHECK: %[[P:.*]] = mla.v.mul
// CHECK: mla.v.yield %{{.*}}, %[[P]]
// CHECK: mla.vector %arg0, %[[N]]#0, %[[N]]#1
// CHECK-NOT: mla.vector
func.func @main(%x: tensor<1x5x32xi8>) -> tensor<1x5x32xi32> {
  %mean = mla.vector %x : (tensor<1x5x32xi8>) -> tensor<1x5x1xi32> {
  ^bb0(%a: i32):
    %s = mla.v.reduce sum channels %a : i32 -> i32
    mla.v.yield %s : i32
  }
  %spread = mla.vector %x, %mean : (tensor<1x5x32xi8>, tensor<1x5x1xi32>) -> tensor<1x5x1xi32> {
  ^bb0(%a: i32, %m: i32):
    %d = mla.v.sub %a, %m : i32
    %s = mla.v.reduce sum channels %d : i32 -> i32
    mla.v.yield %s : i32
  }
  %both = mla.vector %spread, %mean : (tensor<1x5x1xi32>, tensor<1x5x1xi32>) -> tensor<1x5x1xi32> {
  ^bb0(%s: i32, %m: i32):
    %p = mla.v.mul %s, %m : i32
    mla.v.yield %p : i32
  }
  %y = mla.vector %x, %mean, %both : (tensor<1x5x32xi8>, tensor<1x5x1xi32>, tensor<1x5x1xi32>) -> tensor<1x5x32xi32> {
  ^bb0(%a: i32, %m: i32, %b: i32):
    %d = mla.v.sub %a, %m : i32
    %p = mla.v.mul %d, %b : i32
    mla.v.yield %p : i32
  }
  return %y : tensor<1x5x32xi32>
}

// -----

// A number that is stored narrower than it is must be read back as it was stored: nothing is joined.
// CHECK-LABEL: func.func @main
// CHECK: mla.vector %arg0 : (tensor<1x5x32xi8>) -> tensor<1x5x1xi8>
// CHECK: mla.vector %{{.*}} : (tensor<1x5x1xi8>) -> tensor<1x5x1xi32>
func.func @main(%x: tensor<1x5x32xi8>) -> tensor<1x5x1xi32> {
  %sum = mla.vector %x : (tensor<1x5x32xi8>) -> tensor<1x5x1xi8> {
  ^bb0(%a: i32):
    %s = mla.v.reduce sum channels %a : i32 -> i32
    mla.v.yield %s : i32
  }
  %square = mla.vector %sum : (tensor<1x5x1xi8>) -> tensor<1x5x1xi32> {
  ^bb0(%s: i32):
    %p = mla.v.mul %s, %s : i32
    mla.v.yield %p : i32
  }
  return %square : tensor<1x5x1xi32>
}

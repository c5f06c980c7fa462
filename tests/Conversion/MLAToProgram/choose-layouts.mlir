// RUN: mla-opt %s --mla-choose-layouts | FileCheck %s

// A reshape that flattens an image of whole channel blocks moves nothing, if the tensor before it is
// interleaved; one of 24 channels cannot be a view.
// CHECK-LABEL: mla.segment @flatten
mla.segment @flatten {
^bb0(%x: tensor<2x5x3x32xi8>, %y: tensor<2x5x3x24xi8>):
  // CHECK: mla.vector {{.*}} {interleaved}
  %a = mla.vector %x : (tensor<2x5x3x32xi8>) -> tensor<2x5x3x32xi8> {
  ^bb0(%l: i32):
    mla.v.yield %l : i32
  }
  // CHECK: mla.reshape {{.*}} {view} : tensor<2x5x3x32xi8>
  %f = mla.reshape %a : tensor<2x5x3x32xi8> -> tensor<2x480xi8>
  // CHECK: mla.reshape %{{[^ ]*}} : tensor<2x5x3x24xi8>
  %g = mla.reshape %y : tensor<2x5x3x24xi8> -> tensor<2x360xi8>
  mla.return %f, %g : tensor<2x480xi8>, tensor<2x360xi8>
}

// Parts of a concatenation are written in place when they start on a channel block; the graph's
// inputs cannot be.
// CHECK-LABEL: mla.segment @concat
mla.segment @concat {
^bb0(%x: tensor<1x7x5x16xi8>, %y: tensor<1x7x5x12xi8>):
  %a = mla.vector %x : (tensor<1x7x5x16xi8>) -> tensor<1x7x5x16xi8> {
  ^bb0(%l: i32):
    mla.v.yield %l : i32
  }
  %b = mla.vector %y : (tensor<1x7x5x12xi8>) -> tensor<1x7x5x12xi8> {
  ^bb0(%l: i32):
    mla.v.yield %l : i32
  }
  // CHECK: mla.concat {{.*}} {axis = 3 : i64, view}
  %c = mla.concat %a, %b {axis = 3 : i64} : tensor<1x7x5x16xi8>, tensor<1x7x5x12xi8> -> tensor<1x7x5x28xi8>
  // CHECK: mla.concat {{.*}} {axis = 3 : i64} :
  %d = mla.concat %b, %a {axis = 3 : i64} : tensor<1x7x5x12xi8>, tensor<1x7x5x16xi8> -> tensor<1x7x5x28xi8>
  // CHECK: mla.concat {{.*}} {axis = 1 : i64} :
  %e = mla.concat %x, %a {axis = 1 : i64} : tensor<1x7x5x16xi8>, tensor<1x7x5x16xi8> -> tensor<1x14x5x16xi8>
  mla.return %c, %d, %e : tensor<1x7x5x28xi8>, tensor<1x7x5x28xi8>, tensor<1x14x5x16xi8>
}

// Slices that start on a channel block are views, others and strided ones are not.
// CHECK-LABEL: mla.segment @slice
mla.segment @slice {
^bb0(%x: tensor<1x7x5x48xi8>):
  // CHECK: mla.slice {{.*}} view
  %a = mla.slice %x {start = array<i64: 0, 2, 1, 16>, size = array<i64: 1, 3, 4, 32>} : tensor<1x7x5x48xi8> -> tensor<1x3x4x32xi8>
  // CHECK-NOT: view
  %b = mla.slice %x {start = array<i64: 0, 0, 0, 8>, size = array<i64: 1, 7, 5, 16>} : tensor<1x7x5x48xi8> -> tensor<1x7x5x16xi8>
  %c = mla.slice %x {start = array<i64: 0, 0, 0, 0>, size = array<i64: 1, 3, 5, 48>, strides = array<i64: 1, 2, 1, 1>} : tensor<1x7x5x48xi8> -> tensor<1x3x5x48xi8>
  mla.return %a, %b, %c : tensor<1x3x4x32xi8>, tensor<1x7x5x16xi8>, tensor<1x3x5x48xi8>
}

// RUN: mla-opt %s --mla-choose-layouts | FileCheck %s

// A reshape that flattens an image of whole channel blocks moves nothing, if the tensor before it is
// interleaved; one of 24 channels cannot be a view where a layer reads it.
// CHECK-LABEL: mla.segment @flatten
mla.segment @flatten {
^bb0(%x: tensor<2x5x3x32xi8>):
  // CHECK: mla.vector {{.*}} {interleaved}
  %a = mla.vector %x : (tensor<2x5x3x32xi8>) -> tensor<2x5x3x32xi8> {
  ^bb0(%l: i32):
    mla.v.yield %l : i32
  }
  // CHECK: mla.reshape {{.*}} {view} : tensor<2x5x3x32xi8>
  %f = mla.reshape %a : tensor<2x5x3x32xi8> -> tensor<2x480xi8>
  // CHECK: mla.slice {{.*}}view
  %b = mla.slice %a {start = array<i64: 0, 0, 0, 0>, size = array<i64: 2, 5, 3, 24>} : tensor<2x5x3x32xi8> -> tensor<2x5x3x24xi8>
  // CHECK: mla.reshape %{{[^ ]*}} : tensor<2x5x3x24xi8>
  %g = mla.reshape %b : tensor<2x5x3x24xi8> -> tensor<2x360xi8>
  %h = mla.vector %g : (tensor<2x360xi8>) -> tensor<2x360xi8> {
  ^bb0(%l: i32):
    mla.v.yield %l : i32
  }
  mla.return %f, %g, %h : tensor<2x480xi8>, tensor<2x360xi8>, tensor<2x360xi8>
}

// Parts of a concatenation are written in place when they start on a channel block and the others
// are copied; the graph's inputs cannot be.
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
  %s = mla.vector %x : (tensor<1x7x5x16xi8>) -> tensor<1x7x5x16xi8> {
  ^bb0(%l: i32):
    mla.v.yield %l : i32
  }
  // CHECK: mla.concat {{.*}} {axis = 3 : i64, interleaved, view}
  %c = mla.concat %a, %b {axis = 3 : i64} : tensor<1x7x5x16xi8>, tensor<1x7x5x12xi8> -> tensor<1x7x5x28xi8>
  // CHECK: mla.concat {{.*}} {axis = 3 : i64, interleaved} :
  %d = mla.concat %b, %a {axis = 3 : i64} : tensor<1x7x5x12xi8>, tensor<1x7x5x16xi8> -> tensor<1x7x5x28xi8>
  // CHECK: mla.concat {{.*}} {axis = 1 : i64, in_place = array<i64: 1>} :
  %e = mla.concat %x, %s {axis = 1 : i64} : tensor<1x7x5x16xi8>, tensor<1x7x5x16xi8> -> tensor<1x14x5x16xi8>
  mla.return %c, %d, %e : tensor<1x7x5x28xi8>, tensor<1x7x5x28xi8>, tensor<1x14x5x16xi8>
}

// Slices that start on a channel block are views, strided rows too; where a layer reads a slice that
// starts inside a block, it is moved.
// CHECK-LABEL: mla.segment @slice
mla.segment @slice {
^bb0(%x: tensor<1x7x5x48xi8>):
  // CHECK: mla.slice {{.*}} view
  %a = mla.slice %x {start = array<i64: 0, 2, 1, 16>, size = array<i64: 1, 3, 4, 32>} : tensor<1x7x5x48xi8> -> tensor<1x3x4x32xi8>
  // CHECK: mla.slice %arg0 {size = array<i64: 1, 7, 5, 16>, start = array<i64: 0, 0, 0, 8>} :
  %b = mla.slice %x {start = array<i64: 0, 0, 0, 8>, size = array<i64: 1, 7, 5, 16>} : tensor<1x7x5x48xi8> -> tensor<1x7x5x16xi8>
  // CHECK: mla.slice {{.*}} strides = array<i64: 1, 2, 1, 1>, view
  %c = mla.slice %x {start = array<i64: 0, 0, 0, 0>, size = array<i64: 1, 3, 5, 48>, strides = array<i64: 1, 2, 1, 1>} : tensor<1x7x5x48xi8> -> tensor<1x3x5x48xi8>
  %d = mla.vector %b : (tensor<1x7x5x16xi8>) -> tensor<1x7x5x16xi8> {
  ^bb0(%l: i32):
    mla.v.yield %l : i32
  }
  mla.return %a, %d, %c : tensor<1x3x4x32xi8>, tensor<1x7x5x16xi8>, tensor<1x3x5x48xi8>
}

// The heads of an attention layer are views of the projection, 32 channels each: nothing moves. The
// transposed keys are read by the transposing LOAD, and the product is written where the heads are
// merged.
// CHECK-LABEL: mla.segment @heads
mla.segment @heads {
^bb0(%x: tensor<1x21x1x64xi8>):
  // CHECK: mla.vector %arg0 :
  %p = mla.vector %x : (tensor<1x21x1x64xi8>) -> tensor<1x21x1x64xi8> {
  ^bb0(%l: i32):
    mla.v.yield %l : i32
  }
  // CHECK-COUNT-4: view}
  // CHECK: mla.transpose {{.*}} {perms = array<i64: 0, 2, 1>, view} : tensor<2x32x21xi8> -> tensor<2x21x32xi8>
  // CHECK-NEXT: mla.matmul {{.*}}transpose_rhs
  %s = mla.reshape %p : tensor<1x21x1x64xi8> -> tensor<1x21x2x32xi8>
  %q = mla.reshape %s : tensor<1x21x2x32xi8> -> tensor<21x2x32xi8>
  %qt = mla.transpose %q {perms = array<i64: 1, 0, 2>} : tensor<21x2x32xi8> -> tensor<2x21x32xi8>
  %kt = mla.transpose %q {perms = array<i64: 1, 2, 0>} : tensor<21x2x32xi8> -> tensor<2x32x21xi8>
  %m = mla.matmul %qt, %kt {lhs_zp = 1 : i32, rhs_zp = -2 : i32,
      requant = #mla.requant<double, multipliers = [1073741824], shifts = [40]>}
      : tensor<2x21x32xi8>, tensor<2x32x21xi8> -> tensor<2x21x21xi8>
  // CHECK: mla.matmul
  %o = mla.matmul %m, %qt {lhs_zp = 1 : i32, rhs_zp = -2 : i32,
      requant = #mla.requant<double, multipliers = [1073741824], shifts = [40]>}
      : tensor<2x21x21xi8>, tensor<2x21x32xi8> -> tensor<2x21x32xi8>
  // CHECK: mla.transpose {{.*}} view}
  %t = mla.transpose %o {perms = array<i64: 1, 0, 2>} : tensor<2x21x32xi8> -> tensor<21x2x32xi8>
  // CHECK: mla.reshape {{.*}} {view}
  %r = mla.reshape %t : tensor<21x2x32xi8> -> tensor<1x21x1x64xi8>
  // CHECK: mla.vector
  %v = mla.vector %r : (tensor<1x21x1x64xi8>) -> tensor<1x21x1x64xi8> {
  ^bb0(%l: i32):
    mla.v.yield %l : i32
  }
  mla.return %v : tensor<1x21x1x64xi8>
}

// A layer in front of a reshape that only a concatenation reads is written straight into it.
// CHECK-LABEL: mla.segment @through
mla.segment @through {
^bb0(%x: tensor<1x3x5x20xi8>, %y: tensor<1x2x20xi8>):
  %a = mla.vector %x : (tensor<1x3x5x20xi8>) -> tensor<1x3x5x20xi8> {
  ^bb0(%l: i32):
    mla.v.yield %l : i32
  }
  // CHECK: mla.reshape {{.*}} {written_through}
  %r = mla.reshape %a : tensor<1x3x5x20xi8> -> tensor<1x15x20xi8>
  // CHECK: mla.concat {{.*}}in_place = array<i64: 1>
  %c = mla.concat %y, %r {axis = 1 : i64} : tensor<1x2x20xi8>, tensor<1x15x20xi8> -> tensor<1x17x20xi8>
  %v = mla.vector %c : (tensor<1x17x20xi8>) -> tensor<1x17x20xi8> {
  ^bb0(%l: i32):
    mla.v.yield %l : i32
  }
  mla.return %v : tensor<1x17x20xi8>
}

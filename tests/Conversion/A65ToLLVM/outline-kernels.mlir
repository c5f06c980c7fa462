// A loop nest becomes a function of the buffers it touches; constants and views are made again inside.
// A parallel nest with enough work takes a range of its first dimension that has several iterations;
// a nest that allocates, and one whose values are read behind it, stay.
// RUN: mla-opt %s --a65-outline-kernels | FileCheck %s

// CHECK-LABEL: func.func private @apu_1_kernel_0(
// CHECK-SAME: %[[X:.*]]: memref<3x7xf32>, %[[Y:.*]]: memref<3x7xf32>) attributes {a65.kernel}
// CHECK: %[[ROW:.*]] = memref.subview %[[X]]
// CHECK: scf.for
// CHECK: memref.load %[[ROW]]
// CHECK: memref.store %{{.*}}, %[[Y]]

// CHECK-LABEL: func.func private @apu_1_kernel_1(
// CHECK-SAME: %[[A:.*]]: memref<1x64x512xi8>, %[[BEGIN:.*]]: index, %[[END:.*]]: index)
// CHECK-SAME: a65.shared_iterations = 32 : i64
// CHECK: %[[C2:.*]] = arith.constant 2 : index
// CHECK: %[[LAST:.*]] = arith.muli %[[END]], %[[C2]]
// CHECK: %[[FIRST:.*]] = arith.muli %[[BEGIN]], %[[C2]]
// CHECK: scf.parallel

// CHECK-LABEL: func.func @apu_1(
// CHECK: call @apu_1_kernel_0(%{{.*}}, %{{.*}}) : (memref<3x7xf32>, memref<3x7xf32>) -> ()
// CHECK: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK: %[[ALL:.*]] = arith.constant 32 : index
// CHECK: call @apu_1_kernel_1(%{{.*}}, %[[ZERO]], %[[ALL]])
// CHECK: scf.for
// CHECK: memref.alloc
// CHECK: scf.for {{.*}} iter_args
func.func @apu_1(%x: memref<3x7xf32>, %y: memref<3x7xf32>, %a: memref<1x64x512xi8>, %s: memref<1xf32>)
    attributes {a65.segment = "APU_1", a65.num_inputs = 1 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c7 = arith.constant 7 : index
  %c64 = arith.constant 64 : index
  %c512 = arith.constant 512 : index
  %byte = arith.constant 5 : i8
  %zero = arith.constant 0.0 : f32
  %row = memref.subview %x[1, 0] [1, 7] [1, 1] : memref<3x7xf32> to memref<1x7xf32, strided<[7, 1], offset: 7>>
  scf.for %i = %c0 to %c7 step %c1 {
    %v = memref.load %row[%c0, %i] : memref<1x7xf32, strided<[7, 1], offset: 7>>
    memref.store %v, %y[%c1, %i] : memref<3x7xf32>
  }
  scf.parallel (%n, %i, %j) = (%c0, %c0, %c0) to (%c1, %c64, %c512) step (%c1, %c2, %c1) {
    memref.store %byte, %a[%n, %i, %j] : memref<1x64x512xi8>
  }
  scf.for %i = %c0 to %c7 step %c1 {
    %own = memref.alloc() : memref<4xf32>
    memref.store %zero, %own[%c0] : memref<4xf32>
  }
  %sum = scf.for %i = %c0 to %c7 step %c1 iter_args(%acc = %zero) -> f32 {
    %v = memref.load %y[%c1, %i] : memref<3x7xf32>
    %next = arith.addf %acc, %v : f32
    scf.yield %next : f32
  }
  memref.store %sum, %s[%c0] : memref<1xf32>
  return
}

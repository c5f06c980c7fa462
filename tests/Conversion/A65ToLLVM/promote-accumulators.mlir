// An element that every iteration loads and stores is carried in a register, through two loops; not
// so where the loop reads the same buffer by another way.
// RUN: mla-opt %s --pass-pipeline='builtin.module(func.func(a65-promote-accumulators))' | FileCheck %s

// CHECK-LABEL: func.func @sum
// CHECK: %[[START:.*]] = memref.load %[[Y:.*]][%[[C0:.*]]]
// CHECK: %[[ALL:.*]] = scf.for {{.*}} iter_args(%[[OUTER:.*]] = %[[START]]) -> (i32)
// CHECK: %[[ROW:.*]] = scf.for {{.*}} iter_args(%[[SUM:.*]] = %[[OUTER]]) -> (i32)
// CHECK: %[[V:.*]] = memref.load
// CHECK: %[[NEXT:.*]] = arith.addi %[[SUM]], %[[V]]
// CHECK: scf.yield %[[NEXT]]
// CHECK: scf.yield %[[ROW]]
// CHECK: memref.store %[[ALL]], %[[Y]][%[[C0]]]
func.func @sum(%x: memref<5x7xi32>, %y: memref<1xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %c7 = arith.constant 7 : index
  scf.for %i = %c0 to %c5 step %c1 {
    scf.for %j = %c0 to %c7 step %c1 {
      %v = memref.load %x[%i, %j] : memref<5x7xi32>
      %a = memref.load %y[%c0] : memref<1xi32>
      %b = arith.addi %a, %v : i32
      memref.store %b, %y[%c0] : memref<1xi32>
    }
  }
  return
}

// CHECK-LABEL: func.func @prefix
// CHECK-NOT: iter_args
func.func @prefix(%y: memref<7xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  scf.for %i = %c0 to %c7 step %c1 {
    %v = memref.load %y[%i] : memref<7xi32>
    %a = memref.load %y[%c0] : memref<7xi32>
    %b = arith.addi %a, %v : i32
    memref.store %b, %y[%c0] : memref<7xi32>
  }
  return
}

// A view of the same buffer counts as the buffer.
// CHECK-LABEL: func.func @view
// CHECK-NOT: iter_args
func.func @view(%y: memref<3x7xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %flat = memref.collapse_shape %y [[0, 1]] : memref<3x7xi32> into memref<21xi32>
  scf.for %i = %c0 to %c7 step %c1 {
    %v = memref.load %flat[%i] : memref<21xi32>
    %a = memref.load %y[%c0, %c0] : memref<3x7xi32>
    %b = arith.addi %a, %v : i32
    memref.store %b, %y[%c0, %c0] : memref<3x7xi32>
  }
  return
}

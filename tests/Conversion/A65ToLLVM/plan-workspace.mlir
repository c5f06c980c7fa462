// Buffers that do not live together share bytes, those that do are apart and aligned; a buffer in a
// loop has one place for all iterations; a size that is not known is an error.
// RUN: mla-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(func.func(a65-plan-workspace))' | FileCheck %s

// %a and %c never live together: 84 and 28 bytes at 0; %b lives with both, at 128.
// CHECK-LABEL: func.func @shared
// CHECK-SAME: (%{{.*}}: memref<3x7xi32>, %[[W:.*]]: memref<192xi8>)
// CHECK-SAME: a65.workspace_bytes = 192 : i64
// CHECK: %[[OA:.*]] = arith.constant 0 : index
// CHECK: memref.view %[[W]][%[[OA]]][] : memref<192xi8> to memref<3x7xi32>
// CHECK: %[[OB:.*]] = arith.constant 128 : index
// CHECK: memref.view %[[W]][%[[OB]]][] : memref<192xi8> to memref<3x5xi32>
// CHECK: %[[OC:.*]] = arith.constant 0 : index
// CHECK: memref.view %[[W]][%[[OC]]][] : memref<192xi8> to memref<7xi32>
// CHECK-NOT: memref.alloc
func.func @shared(%x: memref<3x7xi32>) {
  %one = arith.constant 1 : i32
  %a = memref.alloc() : memref<3x7xi32>
  %b = memref.alloc() : memref<3x5xi32>
  %c = memref.alloc() : memref<7xi32>
  memref.copy %x, %a : memref<3x7xi32> to memref<3x7xi32>
  linalg.fill ins(%one : i32) outs(%b : memref<3x5xi32>)
  memref.copy %a, %x : memref<3x7xi32> to memref<3x7xi32>
  linalg.fill ins(%one : i32) outs(%c : memref<7xi32>)
  linalg.copy ins(%b : memref<3x5xi32>) outs(%b : memref<3x5xi32>)
  linalg.copy ins(%c : memref<7xi32>) outs(%c : memref<7xi32>)
  return
}

// -----

func.func @unknown(%n: index) {
  // expected-error@+1 {{'memref.alloc' op of a size that is not known has no place in the workspace}}
  %a = memref.alloc(%n) : memref<?xi32>
  return
}

// -----

// What one iteration hands to the next would be overwritten there.
func.func @carried(%start: memref<7xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %r = scf.for %i = %c0 to %c7 step %c1 iter_args(%m = %start) -> memref<7xi32> {
    // expected-error@+1 {{'memref.alloc' op in a loop is carried to the next iteration}}
    %a = memref.alloc() : memref<7xi32>
    memref.copy %m, %a : memref<7xi32> to memref<7xi32>
    scf.yield %a : memref<7xi32>
  }
  memref.copy %r, %start : memref<7xi32> to memref<7xi32>
  return
}

// -----

// 48-bit integers take eight bytes in memory.
// CHECK-LABEL: func.func @wide
// CHECK-SAME: a65.workspace_bytes = 128 : i64
func.func @wide(%x: memref<16xi48>) {
  %a = memref.alloc() : memref<16xi48>
  memref.copy %x, %a : memref<16xi48> to memref<16xi48>
  memref.copy %a, %x : memref<16xi48> to memref<16xi48>
  return
}

// RUN: mla-opt %s --afe-canonicalize | FileCheck %s

// Two transposes that undo each other go, and so do clamps that follow each other.
// CHECK-LABEL: func.func @main
// CHECK-NOT: tosa.transpose
// CHECK: %[[C:.*]] = tosa.clamp %arg0 {max_val = 90 : i8, min_val = -9 : i8} : (tensor<1x5x7x3xi8>) -> tensor<1x5x7x3xi8>
// CHECK-NEXT: return %[[C]]
func.func @main(%x: tensor<1x5x7x3xi8>) -> tensor<1x5x7x3xi8> {
  %0 = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x5x7x3xi8>) -> tensor<1x3x5x7xi8>
  %1 = tosa.transpose %0 {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x3x5x7xi8>) -> tensor<1x5x7x3xi8>
  %2 = tosa.clamp %1 {min_val = -9 : i8, max_val = 100 : i8} : (tensor<1x5x7x3xi8>) -> tensor<1x5x7x3xi8>
  %3 = tosa.clamp %2 {min_val = -50 : i8, max_val = 90 : i8} : (tensor<1x5x7x3xi8>) -> tensor<1x5x7x3xi8>
  return %3 : tensor<1x5x7x3xi8>
}

// Copies into a part of a buffer become loops later; dense ones stay for the library's memcpy.
// RUN: mla-opt %s --pass-pipeline='builtin.module(func.func(a65-lower-copies))' | FileCheck %s

// CHECK-LABEL: func.func @copies
// CHECK: memref.copy %{{.*}}, %{{.*}} : memref<3x7xi8> to memref<3x7xi8>
// CHECK: linalg.copy ins(%{{.*}} : memref<3x7xi8>) outs(%{{.*}} : memref<3x7xi8, strided<[9, 1], offset: 10>>)
// CHECK-NOT: memref.copy
func.func @copies(%a: memref<3x7xi8>, %b: memref<3x7xi8>, %c: memref<5x9xi8>) {
  %part = memref.subview %c[1, 1] [3, 7] [1, 1] : memref<5x9xi8> to memref<3x7xi8, strided<[9, 1], offset: 10>>
  memref.copy %a, %b : memref<3x7xi8> to memref<3x7xi8>
  memref.copy %a, %part : memref<3x7xi8> to memref<3x7xi8, strided<[9, 1], offset: 10>>
  return
}

// What the MLA cannot take whatever the operator is stays on the host: what is computed from constants
// alone, what has more rows or columns than instructions count, and everything where that is asked for.
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file | FileCheck %s
// RUN: mla-opt %s --afe-lower-to-mla=arm-only --split-input-file | FileCheck %s --check-prefix=ARM
// RUN: mla-opt %s --afe-lower-to-mla --afe-partition --afe-verify-lowered --split-input-file | FileCheck %s --check-prefix=SEGMENT

// A function of a constant that is combined with an image: the vector program takes it in.
// CHECK-LABEL: func.func @main
// CHECK-NOT: tosa.
// CHECK: mla.vector
// CHECK: mla.v.table8
// CHECK: mla.v.and
// ARM: a65.reason = "'tosa.bitwise_and' is kept on the Cortex-A65 by the option arm-only"
// ARM-NOT: mla.
// SEGMENT: mla.call @MLA_0
func.func @main(%x: tensor<1x3x5xi8>) -> tensor<1x3x5xi8> {
  %k = "tosa.const"() <{values = dense<7> : tensor<1x3x5xi8>}> : () -> tensor<1x3x5xi8>
  %t = "tosa.const"() <{values = dense<9> : tensor<256xi8>}> : () -> tensor<256xi8>
  %0 = tosa.table %k, %t : (tensor<1x3x5xi8>, tensor<256xi8>) -> tensor<1x3x5xi8>
  %1 = tosa.bitwise_and %x, %0 : (tensor<1x3x5xi8>, tensor<1x3x5xi8>) -> tensor<1x3x5xi8>
  return %1 : tensor<1x3x5xi8>
}

// -----

// What no vector program takes in is computed before: pooling of a constant.
// CHECK: tosa.max_pool2d {{.*}}a65.reason = "'tosa.max_pool2d' is computed from constants alone"
// CHECK: mla.vector
// SEGMENT: a65.call @APU_0() : () -> tensor<1x1x1x3xi8>
// SEGMENT: mla.call @MLA_1
func.func @main(%x: tensor<1x1x1x3xi8>) -> tensor<1x1x1x3xi8> {
  %k = "tosa.const"() <{values = dense<7> : tensor<1x2x2x3xi8>}> : () -> tensor<1x2x2x3xi8>
  %0 = tosa.max_pool2d %k {kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>} : (tensor<1x2x2x3xi8>) -> tensor<1x1x1x3xi8>
  %1 = tosa.bitwise_and %x, %0 : (tensor<1x1x1x3xi8>, tensor<1x1x1x3xi8>) -> tensor<1x1x1x3xi8>
  return %1 : tensor<1x1x1x3xi8>
}

// -----

// A result that is a constant is copied by the host.
// CHECK: tosa.identity {{.*}} {a65.hint = "let the exporter fold constants", a65.reason = "'tosa.identity' is computed from constants alone"}
// SEGMENT: a65.call @APU_0() : () -> tensor<2xi32>
func.func @main() -> tensor<2xi32> {
  %k = "tosa.const"() <{values = dense<[3, 4]> : tensor<2xi32>}> : () -> tensor<2xi32>
  return %k : tensor<2xi32>
}

// -----

// At the edges, too, where the EV74 would cast an argument.
// CHECK: tosa.cast {{.*}}a65.reason = "'tosa.cast' is computed from constants alone"
// SEGMENT: a65.call @APU_0() : () -> tensor<2xi32>
func.func @main() -> tensor<2xi32> {
  %k = "tosa.const"() <{values = dense<[3, 4]> : tensor<2xi8>}> : () -> tensor<2xi8>
  %0 = tosa.cast %k : (tensor<2xi8>) -> tensor<2xi32>
  return %0 : tensor<2xi32>
}

// -----

// CHECK: a65.reason = "'tosa.bitwise_not' has a tensor of 40000 rows or columns, the MLA counts to 32767"
func.func @main(%x: tensor<1x40000x3xi8>) -> tensor<1x40000x3xi8> {
  %0 = tosa.bitwise_not %x : (tensor<1x40000x3xi8>) -> tensor<1x40000x3xi8>
  return %0 : tensor<1x40000x3xi8>
}

// -----

// CHECK: a65.reason = "'tosa.conv2d' has a kernel side, stride, dilation or padding above 255, or parameters that are no constants"
func.func @main(%x: tensor<1x300x3x2xi8>) -> tensor<1x2x1x2xi32> {
  %w = "tosa.const"() <{values = dense<1> : tensor<2x3x3x2xi8>}> : () -> tensor<2x3x3x2xi8>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %b = "tosa.const"() <{values = dense<0> : tensor<2xi32>}> : () -> tensor<2xi32>
  %y = tosa.conv2d %x, %w, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 297, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x300x3x2xi8>, tensor<2x3x3x2xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x1x2xi32>
  return %y : tensor<1x2x1x2xi32>
}

// Indices stay within the rows there are; a division neither divides by zero nor overflows.
// RUN: mla-opt %s --pass-pipeline='builtin.module(func.func(a65-guard-undefined))' | FileCheck %s

// CHECK-LABEL: func.func @rows
// CHECK-DAG: %[[FIRST:.*]] = "tosa.const"() <{values = dense<0> : tensor<1x1xi32>}>
// CHECK-DAG: %[[LAST:.*]] = "tosa.const"() <{values = dense<4> : tensor<1x1xi32>}>
// CHECK: %[[ABOVE:.*]] = tosa.maximum %[[I:.*]], %[[FIRST]]
// CHECK: %[[IN:.*]] = tosa.minimum %[[ABOVE]], %[[LAST]]
// CHECK: tosa.gather %{{.*}}, %[[IN]]
// CHECK: tosa.minimum
// CHECK: tosa.scatter
func.func @rows(%x: tensor<1x5x3xi8>, %i: tensor<1x2xi32>, %y: tensor<1x2x3xi8>) -> (tensor<1x2x3xi8>, tensor<1x5x3xi8>) {
  %0 = tosa.gather %x, %i : (tensor<1x5x3xi8>, tensor<1x2xi32>) -> tensor<1x2x3xi8>
  %1 = tosa.scatter %x, %i, %y : (tensor<1x5x3xi8>, tensor<1x2xi32>, tensor<1x2x3xi8>) -> tensor<1x5x3xi8>
  return %0, %1 : tensor<1x2x3xi8>, tensor<1x5x3xi8>
}

// CHECK-LABEL: func.func @quotient
// CHECK: %[[BAD:.*]] = tosa.logical_or
// CHECK: %[[D:.*]] = tosa.select %[[BAD]]
// CHECK: %[[Q:.*]] = tosa.intdiv %{{.*}}, %[[D]]
// CHECK: %[[N:.*]] = tosa.sub %{{.*}}, %[[Q]]
// CHECK: %[[R:.*]] = tosa.select %{{.*}}, %[[N]], %[[Q]]
// CHECK: return %[[R]]
func.func @quotient(%x: tensor<5xi32>, %y: tensor<5xi32>) -> tensor<5xi32> {
  %0 = tosa.intdiv %x, %y : (tensor<5xi32>, tensor<5xi32>) -> tensor<5xi32>
  return %0 : tensor<5xi32>
}

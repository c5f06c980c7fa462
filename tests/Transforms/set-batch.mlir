// RUN: mla-opt %s --afe-set-batch=batch-size=3 --split-input-file | FileCheck %s
// RUN: mla-opt %s --afe-set-batch="batch-size=3 strict=true" --split-input-file --verify-diagnostics -o /dev/null

// The batch goes through elementwise operations and through reshapes that keep it.
// CHECK-LABEL: func.func @main(%arg0: tensor<3x5x7xi8>) -> tensor<3x35xi8>
// CHECK: values = dense<[3, 35]>
// CHECK: tosa.reshape {{.*}} -> tensor<3x35xi8>
func.func @main(%x: tensor<1x5x7xi8>) -> tensor<1x35xi8> {
  %0 = tosa.clamp %x {min_val = -9 : i8, max_val = 100 : i8} : (tensor<1x5x7xi8>) -> tensor<1x5x7xi8>
  %s = tosa.const_shape {values = dense<[1, 35]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %1 = tosa.reshape %0, %s : (tensor<1x5x7xi8>, !tosa.shape<2>) -> tensor<1x35xi8>
  return %1 : tensor<1x35xi8>
}

// -----

// A reshape over the batch keeps the module as it is, and is named.
// CHECK: module attributes {afe.batch_limit = "'tosa.reshape' at {{.*}} joins the batch dimension with another one"}
// CHECK: func.func @main(%arg0: tensor<1x6x4xi8>) -> tensor<2x3x4xi8>
func.func @main(%x: tensor<1x6x4xi8>) -> tensor<2x3x4xi8> {
  %s = tosa.const_shape {values = dense<[2, 3, 4]> : tensor<3xindex>} : () -> !tosa.shape<3>
  // expected-error @below {{joins the batch dimension with another one}}
  %0 = tosa.reshape %x, %s : (tensor<1x6x4xi8>, !tosa.shape<3>) -> tensor<2x3x4xi8>
  return %0 : tensor<2x3x4xi8>
}

// The batch is followed from the arguments to the results; where it cannot change, the module says why.
// RUN: mla-opt %s --afe-set-batch=batch-size=3 --split-input-file | FileCheck %s
// RUN: mla-opt %s --afe-set-batch="batch-size=3 strict=true" --split-input-file --verify-diagnostics -o /dev/null

// The batch goes through elementwise operations and through reshapes that keep it; the shapes that
// reshapes and slices name follow.
// CHECK-LABEL: func.func @main(%arg0: tensor<3x5x7xi8>) -> tensor<3x30xi8>
// CHECK: tosa.clamp {{.*}} -> tensor<3x5x7xi8>
// CHECK: values = dense<[3, 35]>
// CHECK: tosa.reshape {{.*}} -> tensor<3x35xi8>
// CHECK: values = dense<[3, 30]>
// CHECK: tosa.slice {{.*}} -> tensor<3x30xi8>
func.func @main(%x: tensor<1x5x7xi8>) -> tensor<1x30xi8> {
  %0 = tosa.clamp %x {min_val = -9 : i8, max_val = 100 : i8} : (tensor<1x5x7xi8>) -> tensor<1x5x7xi8>
  %s = tosa.const_shape {values = dense<[1, 35]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %1 = tosa.reshape %0, %s : (tensor<1x5x7xi8>, !tosa.shape<2>) -> tensor<1x35xi8>
  %start = tosa.const_shape {values = dense<[0, 5]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %size = tosa.const_shape {values = dense<[1, 30]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %2 = tosa.slice %1, %start, %size : (tensor<1x35xi8>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<1x30xi8>
  return %2 : tensor<1x30xi8>
}

// -----

// Heads may stand behind the batch in the first dimension, as long as the results have it alone; a constant
// that is joined to every image is repeated.
// CHECK-LABEL: func.func @main(%arg0: tensor<3x2x5xi8>) -> tensor<3x3x5xi8>
// CHECK: tosa.reshape {{.*}} -> tensor<6x1x5xi8>
// CHECK: tosa.clamp {{.*}} -> tensor<6x1x5xi8>
// CHECK: tosa.reshape {{.*}} -> tensor<3x2x5xi8>
// CHECK: tosa.tile {{.*}} -> tensor<3x1x5xi8>
// CHECK: tosa.concat {{.*}} -> tensor<3x3x5xi8>
func.func @main(%x: tensor<1x2x5xi8>) -> tensor<1x3x5xi8> {
  %s = tosa.const_shape {values = dense<[2, 1, 5]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %0 = tosa.reshape %x, %s : (tensor<1x2x5xi8>, !tosa.shape<3>) -> tensor<2x1x5xi8>
  %1 = tosa.clamp %0 {min_val = -9 : i8, max_val = 100 : i8} : (tensor<2x1x5xi8>) -> tensor<2x1x5xi8>
  %t = tosa.const_shape {values = dense<[1, 2, 5]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %2 = tosa.reshape %1, %t : (tensor<2x1x5xi8>, !tosa.shape<3>) -> tensor<1x2x5xi8>
  %c = "tosa.const"() <{values = dense<7> : tensor<1x1x5xi8>}> : () -> tensor<1x1x5xi8>
  %3 = tosa.concat %2, %c {axis = 1 : i32} : (tensor<1x2x5xi8>, tensor<1x1x5xi8>) -> tensor<1x3x5xi8>
  return %3 : tensor<1x3x5xi8>
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

// -----

// So do a sum over the images and a transpose that moves the batch.
// CHECK: afe.batch_limit = "'tosa.reduce_sum' at {{.*}} works along the batch dimension"
func.func @main(%x: tensor<2x6xi32>) -> tensor<1x6xi32> {
  // expected-error @below {{works along the batch dimension}}
  %0 = tosa.reduce_sum %x {axis = 0 : i32} : (tensor<2x6xi32>) -> tensor<1x6xi32>
  return %0 : tensor<1x6xi32>
}

// -----

// CHECK: afe.batch_limit = "'tosa.transpose' at {{.*}} moves the batch dimension"
func.func @main(%x: tensor<1x6xi8>) -> tensor<6x1xi8> {
  // expected-error @below {{moves the batch dimension}}
  %0 = tosa.transpose %x {perms = array<i32: 1, 0>} : (tensor<1x6xi8>) -> tensor<6x1xi8>
  return %0 : tensor<6x1xi8>
}

// -----

// An operator of a foreign domain may do anything with the batch.
// CHECK: afe.batch_limit = "'detect' at {{.*}} is an operator of its own, whose batch is not known"
func.func @main(%x: tensor<1x6xi8>) -> tensor<1x6xi8> {
  // expected-error @below {{is an operator of its own}}
  %0 = tosa.custom %x {operator_name = "detect", domain_name = "other", implementation_attrs = ""} : (tensor<1x6xi8>) -> tensor<1x6xi8>
  return %0 : tensor<1x6xi8>
}

// -----

// Constant indices choose from every image of the batch.
// CHECK-LABEL: func.func @main(%arg0: tensor<3x15x7xi8>) -> tensor<3x4x7xi8>
// CHECK: %[[I:.*]] = tosa.tile
// CHECK: tosa.gather %arg0, %[[I]] : (tensor<3x15x7xi8>, tensor<3x4xi32>) -> tensor<3x4x7xi8>
func.func @main(%x: tensor<1x15x7xi8>) -> tensor<1x4x7xi8> {
  %i = "tosa.const"() <{values = dense<[[11, 14, 0, 1]]> : tensor<1x4xi32>}> : () -> tensor<1x4xi32>
  %g = tosa.gather %x, %i : (tensor<1x15x7xi8>, tensor<1x4xi32>) -> tensor<1x4x7xi8>
  return %g : tensor<1x4x7xi8>
}

// -----

// A multiplier per element of the only dimension ties all of it together.
// CHECK: afe.batch_limit = "'tosa.rescale' at {{.*}} scales every element of the batch dimension by itself"
// CHECK: func.func @main(%arg0: tensor<2xi32>) -> tensor<2xi32>
func.func @main(%x: tensor<2xi32>) -> tensor<2xi32> {
  %m = "tosa.const"() <{values = dense<[1073741824, 1073741825]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %s = "tosa.const"() <{values = dense<[30, 31]> : tensor<2xi8>}> : () -> tensor<2xi8>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  // expected-error @below {{scales every element of the batch dimension by itself}}
  %0 = tosa.rescale %x, %m, %s, %z, %z {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = true, input_unsigned = false, output_unsigned = false}
    : (tensor<2xi32>, tensor<2xi32>, tensor<2xi8>, tensor<1xi32>, tensor<1xi32>) -> tensor<2xi32>
  return %0 : tensor<2xi32>
}

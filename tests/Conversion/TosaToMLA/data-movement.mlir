// 8-bit tensors are moved by data operations; at the edges of the model reshapes and transposes stay TOSA for the EV74.
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: %[[P:.*]] = mla.pad %arg0 {high = array<i64: 0, 2, 0, 0>, low = array<i64: 0, 1, 0, 0>, value = -7 : i32} : tensor<1x3x4x6xi8> -> tensor<1x6x4x6xi8>
// CHECK: %[[S:.*]] = mla.slice %[[P]] {size = array<i64: 1, 3, 4, 6>, start = array<i64: 0, 2, 0, 0>}
// CHECK: %[[C:.*]] = mla.concat %[[S]], %arg0 {axis = 3 : i64}
// CHECK: %[[T:.*]] = mla.transpose %[[C]] {perms = array<i64: 0, 2, 1, 3>} : tensor<1x3x4x12xi8> -> tensor<1x4x3x12xi8>
// CHECK: %[[R:.*]] = mla.reshape %[[T]] : tensor<1x4x3x12xi8> -> tensor<1x4x36xi8>
// CHECK: mla.concat %[[R]], %[[R]] {axis = 2 : i64}
// CHECK-NOT: tosa.
func.func @main(%x: tensor<1x3x4x6xi8>) -> tensor<1x4x72xi8> {
  %amounts = tosa.const_shape {values = dense<[0, 0, 1, 2, 0, 0, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %v = "tosa.const"() <{values = dense<-7> : tensor<1xi8>}> : () -> tensor<1xi8>
  %p = tosa.pad %x, %amounts, %v : (tensor<1x3x4x6xi8>, !tosa.shape<8>, tensor<1xi8>) -> tensor<1x6x4x6xi8>
  %start = tosa.const_shape {values = dense<[0, 2, 0, 0]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %size = tosa.const_shape {values = dense<[1, 3, 4, 6]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %s = tosa.slice %p, %start, %size : (tensor<1x6x4x6xi8>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<1x3x4x6xi8>
  %c = tosa.concat %s, %x {axis = 3 : i32} : (tensor<1x3x4x6xi8>, tensor<1x3x4x6xi8>) -> tensor<1x3x4x12xi8>
  %t = tosa.transpose %c {perms = array<i32: 0, 2, 1, 3>} : (tensor<1x3x4x12xi8>) -> tensor<1x4x3x12xi8>
  %shape = tosa.const_shape {values = dense<[1, 4, 36]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %r = tosa.reshape %t, %shape : (tensor<1x4x3x12xi8>, !tosa.shape<3>) -> tensor<1x4x36xi8>
  %twice = tosa.const_shape {values = dense<[1, 1, 2]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %u = tosa.tile %r, %twice : (tensor<1x4x36xi8>, !tosa.shape<3>) -> tensor<1x4x72xi8>
  return %u : tensor<1x4x72xi8>
}

// -----

// A layout change right behind an argument and a reshape right before a result are the EV74's: no reason is needed.
// CHECK-LABEL: func.func @main
// CHECK: tosa.transpose %arg0
// CHECK: mla.vector
// CHECK: tosa.reshape
// CHECK-NOT: a65.reason
func.func @main(%x: tensor<1x3x4x5xi8>) -> tensor<1x60xi8> {
  %t = tosa.transpose %x {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x3x4x5xi8>) -> tensor<1x4x5x3xi8>
  %c = tosa.clamp %t {min_val = -5 : i8, max_val = 6 : i8} : (tensor<1x4x5x3xi8>) -> tensor<1x4x5x3xi8>
  %shape = tosa.const_shape {values = dense<[1, 60]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %r = tosa.reshape %c, %shape : (tensor<1x4x5x3xi8>, !tosa.shape<2>) -> tensor<1x60xi8>
  return %r : tensor<1x60xi8>
}

// -----

// 16-bit tensors between two programs are moved too: steps of a sequence.
// CHECK-LABEL: func.func @main
// CHECK: %[[WIDE:.*]] = mla.vector {{.*}} -> tensor<1x5x1x7xi16>
// CHECK: mla.slice %[[WIDE]] {size = array<i64: 1, 1, 1, 7>, start = array<i64: 0, 3, 0, 0>} : tensor<1x5x1x7xi16> -> tensor<1x1x1x7xi16>
// CHECK-NOT: tosa.
func.func @main(%x: tensor<1x5x1x7xi8>) -> tensor<1x1x1x7xi8> {
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %up = "tosa.const"() <{values = dense<23> : tensor<1xi8>}> : () -> tensor<1xi8>
  %down = "tosa.const"() <{values = dense<37> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zi8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zi16 = "tosa.const"() <{values = dense<0> : tensor<1xi16>}> : () -> tensor<1xi16>
  %w = tosa.rescale %x, %m, %up, %zi8, %zi16 {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false} : (tensor<1x5x1x7xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi16>) -> tensor<1x5x1x7xi16>
  %start = tosa.const_shape {values = dense<[0, 3, 0, 0]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %size = tosa.const_shape {values = dense<[1, 1, 1, 7]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %s = tosa.slice %w, %start, %size : (tensor<1x5x1x7xi16>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<1x1x1x7xi16>
  %n = tosa.rescale %s, %m, %down, %zi16, %zi8 {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false} : (tensor<1x1x1x7xi16>, tensor<1xi32>, tensor<1xi8>, tensor<1xi16>, tensor<1xi8>) -> tensor<1x1x1x7xi8>
  return %n : tensor<1x1x1x7xi8>
}

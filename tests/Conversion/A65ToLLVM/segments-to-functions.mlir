// A segment becomes a function on memrefs, inputs first; what is done with unsigned integers keeps
// its sign as an attribute, and where that cannot be said it is an error.
// RUN: mla-opt %s --split-input-file --verify-diagnostics --a65-segments-to-functions | FileCheck %s

// CHECK-LABEL: func.func @apu_1
// CHECK-SAME: (%[[X:.*]]: memref<3x7xf32>, %[[Y:.*]]: memref<3x7xf32>, %[[Z:.*]]: memref<3x7xf32>)
// CHECK-SAME: a65.num_inputs = 1 : i64, a65.segment = "APU_1"
// CHECK: %[[IN:.*]] = bufferization.to_tensor %[[X]] restrict
// CHECK: %[[ABS:.*]] = tosa.abs %[[IN]]
// CHECK: bufferization.materialize_in_destination %[[ABS]] in restrict writable %[[Y]]
// CHECK: bufferization.materialize_in_destination %[[IN]] in restrict writable %[[Z]]
a65.segment @APU_1 {
^bb0(%x: tensor<3x7xf32>):
  %y = tosa.abs %x : (tensor<3x7xf32>) -> tensor<3x7xf32>
  a65.return %y, %x : tensor<3x7xf32>, tensor<3x7xf32>
}

// -----

// CHECK-LABEL: func.func @apu_x
// CHECK: tosa.custom
// CHECK-SAME: a65.unsigned_output
// CHECK-SAME: -> tensor<3xi8>
a65.segment @"APU.x" {
^bb0(%x: tensor<3xf32>):
  %y = tosa.custom %x {operator_name = "quantize", domain_name = "afe", implementation_attrs = "{}"} : (tensor<3xf32>) -> tensor<3xui8>
  a65.return %y : tensor<3xui8>
}

// -----

a65.segment @APU_1 {
^bb0(%x: tensor<3xui8>, %y: tensor<3xui8>):
  // expected-error@+1 {{'tosa.maximum' op on unsigned integers has no lowering for the Cortex-A65}}
  %z = "tosa.maximum"(%x, %y) : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xui8>
  a65.return %z : tensor<3xui8>
}

// -----

a65.segment @APU_1 {
^bb0(%x: tensor<i32>):
  %n = "tosa.const"() {values = dense<5> : tensor<i32>} : () -> tensor<i32>
  // expected-error@+1 {{'tosa.while_loop' op has no lowering for the Cortex-A65}}
  %r = tosa.while_loop (%i = %x) : (tensor<i32>) -> tensor<i32> {
    %c = tosa.greater %n, %i : (tensor<i32>, tensor<i32>) -> tensor<i1>
    tosa.yield %c : tensor<i1>
  } do {
  ^bb0(%i: tensor<i32>):
    %j = tosa.add %i, %i : (tensor<i32>, tensor<i32>) -> tensor<i32>
    tosa.yield %j : tensor<i32>
  }
  a65.return %r : tensor<i32>
}

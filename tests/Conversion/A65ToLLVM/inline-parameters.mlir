// Parameters of a rescale come inline, whatever they were; weights stay resources; parameters that
// are computed have no lowering.
// RUN: mla-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(func.func(a65-inline-parameters))' | FileCheck %s

// CHECK-LABEL: func.func @resources
// CHECK: values = dense<[1073741825, 1073741826, 1073741827]> : tensor<3xi32>
// CHECK: values = dense_resource<weights> : tensor<3xi32>
func.func @resources(%x: tensor<2x3xi32>) -> (tensor<2x3xi8>, tensor<3xi32>) {
  %m = "tosa.const"() <{values = dense_resource<multipliers> : tensor<3xi32>}> : () -> tensor<3xi32>
  %s = "tosa.const"() <{values = dense<41> : tensor<3xi8>}> : () -> tensor<3xi8>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %o = "tosa.const"() <{values = dense<-14> : tensor<1xi8>}> : () -> tensor<1xi8>
  %w = "tosa.const"() <{values = dense_resource<weights> : tensor<3xi32>}> : () -> tensor<3xi32>
  %r = tosa.rescale %x, %m, %s, %z, %o {input_unsigned = false, output_unsigned = false, per_channel = true, rounding_mode = SINGLE_ROUND, scale32 = true} : (tensor<2x3xi32>, tensor<3xi32>, tensor<3xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<2x3xi8>
  return %r, %w : tensor<2x3xi8>, tensor<3xi32>
}

{-#
  dialect_resources: {
    builtin: {
      multipliers: "0x04000000010000400200004003000040",
      weights: "0x04000000010000400200004003000040"
    }
  }
#-}

// -----

func.func @computed(%x: tensor<2x3xi32>, %m: tensor<3xi32>) -> tensor<2x3xi8> {
  %s = "tosa.const"() <{values = dense<41> : tensor<3xi8>}> : () -> tensor<3xi8>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %o = "tosa.const"() <{values = dense<-14> : tensor<1xi8>}> : () -> tensor<1xi8>
  // expected-error@+1 {{'tosa.rescale' op with parameters that are no constants has no lowering for the Cortex-A65}}
  %r = tosa.rescale %x, %m, %s, %z, %o {input_unsigned = false, output_unsigned = false, per_channel = true, rounding_mode = SINGLE_ROUND, scale32 = true} : (tensor<2x3xi32>, tensor<3xi32>, tensor<3xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<2x3xi8>
  return %r : tensor<2x3xi8>
}

// -----

func.func @inexact(%x: tensor<2x3xi32>) -> tensor<2x3xi8> {
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<41> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %o = "tosa.const"() <{values = dense<-14> : tensor<1xi8>}> : () -> tensor<1xi8>
  // expected-error@+1 {{'tosa.rescale' op with INEXACT_ROUND has no lowering for the Cortex-A65}}
  %r = tosa.rescale %x, %m, %s, %z, %o {input_unsigned = false, output_unsigned = false, per_channel = false, rounding_mode = INEXACT_ROUND, scale32 = true} : (tensor<2x3xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<2x3xi8>
  return %r : tensor<2x3xi8>
}

// Valid but odd modules: every pass takes them, one after the other or all together, and leaves valid modules.
// RUN: mla-opt %s --afe-canonicalize --split-input-file | FileCheck %s
// RUN: mla-opt %s --afe-set-batch=batch-size=3 --split-input-file | FileCheck %s
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file | FileCheck %s
// RUN: mla-opt %s --afe-canonicalize --afe-set-batch=batch-size=3 --afe-lower-to-mla --afe-partition --afe-name-layers --split-input-file | FileCheck %s

// Rank 0 and control flow.
// CHECK: func.func {{(private )?}}@main
func.func @main(%x: tensor<f32>, %c: tensor<i1>) -> tensor<f32> {
  %0 = tosa.abs %x : (tensor<f32>) -> tensor<f32>
  %1 = tosa.add %0, %0 : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %r = tosa.cond_if %c (%a = %1, %b = %0) : tensor<i1> (tensor<f32>, tensor<f32>) -> tensor<f32> {
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %2 = tosa.add %a, %b : (tensor<f32>, tensor<f32>) -> tensor<f32>
    tosa.yield %2 : tensor<f32>
  } else {
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    tosa.yield %a : tensor<f32>
  }
  return %r : tensor<f32>
}

// -----

// An 8-bit scalar.
// CHECK: func.func {{(private )?}}@main
func.func @main(%x: tensor<i8>) -> tensor<i8> {
  %one = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<31> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.rescale %x, %one, %s, %z, %z {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<i8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<i8>
  return %0 : tensor<i8>
}

// -----

// No arguments.
// CHECK: func.func {{(private )?}}@main
func.func @main() -> tensor<2x3xi8> {
  %c = "tosa.const"() <{values = dense<3> : tensor<2x3xi8>}> : () -> tensor<2x3xi8>
  %0 = tosa.clamp %c {min_val = -9 : i8, max_val = 100 : i8} : (tensor<2x3xi8>) -> tensor<2x3xi8>
  return %0 : tensor<2x3xi8>
}

// -----

// No results.
// CHECK: func.func {{(private )?}}@main
func.func @main(%x: tensor<2x3xi8>) {
  return
}

// -----

// A declaration.
// CHECK: func.func {{(private )?}}@main
func.func private @main(tensor<2x3xi8>)

// -----

// Another function only.
// CHECK: func.func {{(private )?}}@other
func.func @other(%x: tensor<2x3xi8>) { return }

// -----

// Element types that only pass through.
// CHECK: func.func {{(private )?}}@main
func.func @main(%x: tensor<1x4x4x8xf16>, %y: tensor<1x4x4x8xbf16>, %z: tensor<1x3xi16>, %q: tensor<1x3xi64>) -> (tensor<1x4x4x8xf16>, tensor<1x4x4x8xbf16>, tensor<1x3xi16>, tensor<1x3xi64>) {
  %0 = tosa.abs %x : (tensor<1x4x4x8xf16>) -> tensor<1x4x4x8xf16>
  %1 = tosa.abs %y : (tensor<1x4x4x8xbf16>) -> tensor<1x4x4x8xbf16>
  %2 = tosa.clamp %0 {min_val = 0.0 : f16, max_val = 6.0 : f16} : (tensor<1x4x4x8xf16>) -> tensor<1x4x4x8xf16>
  %3 = tosa.clamp %z {min_val = -9 : i16, max_val = 100 : i16} : (tensor<1x3xi16>) -> tensor<1x3xi16>
  %4 = tosa.identity %q : (tensor<1x3xi64>) -> tensor<1x3xi64>
  return %2, %1, %3, %4 : tensor<1x4x4x8xf16>, tensor<1x4x4x8xbf16>, tensor<1x3xi16>, tensor<1x3xi64>
}

// -----

// Custom operators in undefined forms.
// CHECK: func.func {{(private )?}}@main
func.func @main(%x: tensor<1x3xi8>) -> tensor<1x3xi8> {
  %0 = tosa.custom %x {domain_name = "afe", operator_name = "quantize", implementation_attrs = ""} : (tensor<1x3xi8>) -> tensor<1x3xi8>
  %1 = tosa.custom %0 {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 1, zero_point = 1.0}"} : (tensor<1x3xi8>) -> tensor<1x3xi8>
  %2 = tosa.custom %1, %1, %1 {domain_name = "afe", operator_name = "litert.softmax", implementation_attrs = "{}"} : (tensor<1x3xi8>, tensor<1x3xi8>, tensor<1x3xi8>) -> tensor<1x3xi8>
  %3:2 = tosa.custom %2 {domain_name = "afe", operator_name = "div_f32", implementation_attrs = "{}"} : (tensor<1x3xi8>) -> (tensor<1x3xi8>, tensor<1x3xf32>)
  %4 = tosa.custom %3#1 {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{scale = 0.0 : f32, zero_point = 99999999999 : i64, rounding = \22half_even\22}"} : (tensor<1x3xf32>) -> tensor<1x3xi8>
  %5 = tosa.custom %4 {domain_name = "afe", operator_name = "litert.average_pool_2d", implementation_attrs = "{kernel = array<i64: 0>, stride = array<i64: 0, 1>, pad = array<i64>, min = 5 : i64, max = -5 : i64}"} : (tensor<1x3xi8>) -> tensor<1x3xi8>
  %6 = tosa.custom %5 {domain_name = "afe", operator_name = "litert.resize_bilinear", implementation_attrs = "[]"} : (tensor<1x3xi8>) -> tensor<1x3xi8>
  %7 = tosa.custom %6 {domain_name = "afe", operator_name = "qdq.lookup", implementation_attrs = ""} : (tensor<1x3xi8>) -> tensor<1x3xf32>
  %8 = tosa.custom %7 {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{scale = 0.1 : f32, zero_point = 1 : i64}"} : (tensor<1x3xf32>) -> tensor<1x3xi8>
  %9 = tosa.custom {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{scale = 0.1 : f32, zero_point = 1 : i64}"} : () -> tensor<1x3xi8>
  %10 = tosa.custom {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 0.1 : f32, zero_point = 1 : i64}"} : () -> tensor<1x3xf32>
  return %8 : tensor<1x3xi8>
}

// -----

// A window of nothing but padding, an empty clamp range.
// CHECK: func.func {{(private )?}}@main
func.func @main(%x: tensor<1x4x4x2xi8>) -> tensor<1x1x1x2xi8> {
  %0 = tosa.custom %x {domain_name = "afe", operator_name = "litert.average_pool_2d", implementation_attrs = "{kernel = array<i64: 4, 4>, stride = array<i64: 1, 1>, pad = array<i64: 200, 200, 0, 0>, min = 5 : i64, max = -5 : i64}"} : (tensor<1x4x4x2xi8>) -> tensor<1x1x1x2xi8>
  return %0 : tensor<1x1x1x2xi8>
}

// -----

// Parameters that are no constants.
// CHECK: func.func {{(private )?}}@main
func.func @main(%x: tensor<1x4x4x2xi8>, %m: tensor<1xi32>, %s: tensor<1xi8>, %z: tensor<1xi8>) -> tensor<1x4x4x2xi8> {
  %0 = tosa.rescale %x, %m, %s, %z, %z {scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x4x4x2xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x4x4x2xi8>

  %tb = "tosa.const"() <{values = dense<3> : tensor<256xi8>}> : () -> tensor<256xi8>
  %t = tosa.table %0, %tb : (tensor<1x4x4x2xi8>, tensor<256xi8>) -> tensor<1x4x4x2xi8>
  return %t : tensor<1x4x4x2xi8>
}

// -----

// Integers of 32 bits.
// CHECK: func.func {{(private )?}}@main
func.func @main(%x: tensor<1x4xi32>, %y: tensor<4x4xi32>) -> (tensor<4x4xi32>, tensor<1x1xi32>, tensor<4xi32>) {
  %0 = tosa.intdiv %x, %y : (tensor<1x4xi32>, tensor<4x4xi32>) -> tensor<4x4xi32>
  %1 = tosa.reduce_sum %x {axis = 1 : i32} : (tensor<1x4xi32>) -> tensor<1x1xi32>
  %2 = tosa.argmax %y {axis = 0 : i32} : (tensor<4x4xi32>) -> tensor<4xi32>
  return %0, %1, %2 : tensor<4x4xi32>, tensor<1x1xi32>, tensor<4xi32>
}

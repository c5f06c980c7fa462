// Custom operators become linalg; one that is not known, or that lacks a parameter, is an error.
// RUN: mla-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(func.func(a65-lower-custom))' | FileCheck %s

// CHECK-LABEL: func.func @dequantize
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<5x7xi8>) outs(%{{.*}} : tensor<5x7xf32>)
// CHECK: arith.extsi %{{.*}} : i8 to i32
// CHECK: arith.subi
// CHECK: arith.sitofp %{{.*}} : i32 to f32
// CHECK: arith.mulf
func.func @dequantize(%x: tensor<5x7xi8>) -> tensor<5x7xf32> {
  %y = tosa.custom %x {operator_name = "dequantize", domain_name = "afe", implementation_attrs = "{scale = 0.25 : f32, zero_point = -3 : i64}"} : (tensor<5x7xi8>) -> tensor<5x7xf32>
  return %y : tensor<5x7xf32>
}

// -----

// The division is one, not a product with the reciprocal; a dimension of 1 is read at 0.
// CHECK: #[[COLUMN:.*]] = affine_map<(d0, d1) -> (d0, 0)>
// CHECK-LABEL: func.func @divide
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[COLUMN]], #{{.*}}]
// CHECK: arith.divf
func.func @divide(%x: tensor<5x7xf32>, %y: tensor<5x1xf32>) -> tensor<5x7xf32> {
  %z = tosa.custom %x, %y {operator_name = "div_f32", domain_name = "afe", implementation_attrs = "{}"} : (tensor<5x7xf32>, tensor<5x1xf32>) -> tensor<5x7xf32>
  return %z : tensor<5x7xf32>
}

// -----

func.func @unknown(%x: tensor<5xf32>) -> tensor<5xf32> {
  // expected-error@+1 {{'tosa.custom' op 'qdq.gelu' of domain 'afe' has no lowering for the Cortex-A65}}
  %y = tosa.custom %x {operator_name = "qdq.gelu", domain_name = "afe", implementation_attrs = "{}"} : (tensor<5xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// -----

func.func @incomplete(%x: tensor<5xi8>) -> tensor<5xf32> {
  // expected-error@+1 {{'tosa.custom' op 'dequantize' needs 8-, 16- or 32-bit integers in, f32 out, scale and zero_point}}
  %y = tosa.custom %x {operator_name = "dequantize", domain_name = "afe", implementation_attrs = "{scale = 0.25 : f32}"} : (tensor<5xi8>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}

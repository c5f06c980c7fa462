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

// -----

// Loops on buffers: the boxes in f64, then the best candidate once per detection; four results.
// CHECK-LABEL: func.func @detect
// CHECK-COUNT-6: memref.alloc()
// CHECK: math.exp %{{.*}} : f64
// CHECK: scf.for
// CHECK: arith.maxnumf
// CHECK: scf.if
// CHECK-COUNT-4: bufferization.to_tensor
// CHECK-NOT: tosa.custom
func.func @detect(%b: tensor<1x7x4xf32>, %s: tensor<1x7x3xf32>, %a: tensor<7x4xf32>) -> (tensor<1x5x4xf32>, tensor<1x5xf32>, tensor<1x5xf32>, tensor<1xf32>) {
  %r:4 = tosa.custom %b, %s, %a {operator_name = "litert.detection_postprocess", domain_name = "afe", implementation_attrs = "{max_detections = 5 : i64, max_classes = 1 : i64, detections_per_class = 9 : i64, num_classes = 2 : i64, regular = false, score_threshold = 0.5 : f32, iou_threshold = 0.5 : f32, y_scale = 10.0 : f32, x_scale = 10.0 : f32, h_scale = 5.0 : f32, w_scale = 5.0 : f32}"} : (tensor<1x7x4xf32>, tensor<1x7x3xf32>, tensor<7x4xf32>) -> (tensor<1x5x4xf32>, tensor<1x5xf32>, tensor<1x5xf32>, tensor<1xf32>)
  return %r#0, %r#1, %r#2, %r#3 : tensor<1x5x4xf32>, tensor<1x5xf32>, tensor<1x5xf32>, tensor<1xf32>
}

// -----

func.func @too_few_anchors(%b: tensor<1x7x4xf32>, %s: tensor<1x7x3xf32>, %a: tensor<6x4xf32>) -> (tensor<1x5x4xf32>, tensor<1x5xf32>, tensor<1x5xf32>, tensor<1xf32>) {
  // expected-error@+1 {{'litert.detection_postprocess' needs f32 box encodings, scores and anchors of shapes that belong together}}
  %r:4 = tosa.custom %b, %s, %a {operator_name = "litert.detection_postprocess", domain_name = "afe", implementation_attrs = "{max_detections = 5 : i64, max_classes = 1 : i64, detections_per_class = 9 : i64, num_classes = 2 : i64, regular = false, score_threshold = 0.5 : f32, iou_threshold = 0.5 : f32, y_scale = 10.0 : f32, x_scale = 10.0 : f32, h_scale = 5.0 : f32, w_scale = 5.0 : f32}"} : (tensor<1x7x4xf32>, tensor<1x7x3xf32>, tensor<6x4xf32>) -> (tensor<1x5x4xf32>, tensor<1x5xf32>, tensor<1x5xf32>, tensor<1xf32>)
  return %r#0, %r#1, %r#2, %r#3 : tensor<1x5x4xf32>, tensor<1x5xf32>, tensor<1x5xf32>, tensor<1xf32>
}

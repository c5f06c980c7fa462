// Pooling becomes a vector program with a window; averages divide exactly as their producer does.
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file | FileCheck %s

// The maximum of a window; rows that no window reaches need not be sliced off; the table behind is part of the
// program.
// CHECK-LABEL: func.func @main
// CHECK: mla.vector %arg0 {window = #mla.window<kernelRows = 3, kernelCols = 2, strideRows = 2, strideCols = 2, padTop = 0, padBottom = 0, padLeft = 0, padRight = 0>}
// CHECK-SAME: (tensor<1x8x6x5xi8>) -> tensor<1x3x3x5xi8>
// CHECK: %[[M:.*]] = mla.v.window_max
// CHECK: mla.v.clamp %[[M]] {hi = 6 : i32, lo = -5 : i32}
// CHECK-NOT: tosa.
func.func @main(%x: tensor<1x8x6x5xi8>) -> tensor<1x3x3x5xi8> {
  %start = tosa.const_shape {values = dense<0> : tensor<4xindex>} : () -> !tosa.shape<4>
  %size = tosa.const_shape {values = dense<[1, 7, 6, 5]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %c = tosa.slice %x, %start, %size : (tensor<1x8x6x5xi8>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<1x7x6x5xi8>
  %p = tosa.max_pool2d %c {kernel = array<i64: 3, 2>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x7x6x5xi8>) -> tensor<1x3x3x5xi8>
  %r = tosa.clamp %p {min_val = -5 : i8, max_val = 6 : i8} : (tensor<1x3x3x5xi8>) -> tensor<1x3x3x5xi8>
  return %r : tensor<1x3x3x5xi8>
}

// -----

// TOSA's average: taps are counted where they differ, and the count's reciprocal looked up.
// CHECK-LABEL: func.func @main
// CHECK: padTop = 1
// CHECK-DAG: %[[S:.*]] = mla.v.window_sum
// CHECK-DAG: %[[N:.*]] = mla.v.window_count
// CHECK: %[[Z:.*]] = mla.v.mul %[[N]]
// CHECK: %[[D:.*]] = mla.v.sub %[[S]], %[[Z]]
// CHECK-DAG: %[[M:.*]] = mla.v.table32 %[[N]]
// CHECK: mla.v.rescale_channel single %[[D]], %[[M]], %{{.*}} {zp = -3 : i32}
func.func @main(%x: tensor<1x4x6x5xi8>) -> tensor<1x2x3x5xi8> {
  %xz = "tosa.const"() <{values = dense<7> : tensor<1xi8>}> : () -> tensor<1xi8>
  %oz = "tosa.const"() <{values = dense<-3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %p = tosa.avg_pool2d %x, %xz, %oz {acc_type = i32, kernel = array<i64: 3, 2>, stride = array<i64: 2, 2>, pad = array<i64: 1, 0, 0, 0>}
    : (tensor<1x4x6x5xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x3x5xi8>
  return %p : tensor<1x2x3x5xi8>
}

// -----

// LiteRT's average over the whole image is a reduction over its pixels. The reciprocal of 30 is a little too large,
// so that ties go away from zero; a uint8 model wants them up: twice the sum plus one, by 60.
// CHECK-LABEL: func.func @main
// CHECK: mla.vector %arg0 : (tensor<1x5x6x7xi8>) -> tensor<1x1x1x7xi8>
// CHECK: %[[S:.*]] = mla.v.reduce sum pixels
// CHECK: %[[Q:.*]] = mla.v.rescale single %[[S]] {multiplier = 1145324613 : i32, shift = 35 : i32, zp = 0 : i32}
// CHECK: mla.v.clamp %[[Q]] {hi = 100 : i32, lo = -128 : i32}
// CHECK: mla.vector %arg0
// CHECK: %[[S:.*]] = mla.v.reduce sum pixels
// CHECK: %[[T:.*]] = mla.v.add %[[S]], %[[S]]
// CHECK: %[[O:.*]] = mla.v.add %[[T]]
// CHECK: mla.v.rescale single %[[O]] {multiplier = 1145324613 : i32, shift = 36 : i32, zp = 0 : i32}
func.func @main(%x: tensor<1x5x6x7xi8>) -> (tensor<1x1x1x7xi8>, tensor<1x1x1x7xi8>) {
  %p = tosa.custom %x {domain_name = "afe", operator_name = "litert.average_pool_2d", implementation_attrs = "{kernel = array<i64: 5, 6>, max = 100 : i64, min = -128 : i64, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 5, 6>}"} : (tensor<1x5x6x7xi8>) -> tensor<1x1x1x7xi8>
  %u = tosa.custom %x {domain_name = "afe", operator_name = "litert.average_pool_2d", implementation_attrs = "{kernel = array<i64: 5, 6>, max = 127 : i64, min = -128 : i64, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 5, 6>, unsigned = true}"} : (tensor<1x5x6x7xi8>) -> tensor<1x1x1x7xi8>
  return %p, %u : tensor<1x1x1x7xi8>, tensor<1x1x1x7xi8>
}

// -----

// An f32 average of dequantized codes adds its taps in order: strided slices, four per program.
// CHECK-LABEL: func.func @main
// CHECK-COUNT-6: mla.slice %arg0 {{.*}} -> tensor<1x2x2x5xi8>
// CHECK: mla.vector {{.*}} -> tensor<1x2x2x5xi8>
// CHECK-NOT: tosa.
func.func @main(%x: tensor<1x4x6x5xi8>) -> tensor<1x2x2x5xi8> {
  %f = tosa.custom %x {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 0.3 : f32, zero_point = 3 : i64}"} : (tensor<1x4x6x5xi8>) -> tensor<1x4x6x5xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %p = tosa.avg_pool2d %f, %z, %z {acc_type = f32, kernel = array<i64: 2, 3>, stride = array<i64: 2, 3>, pad = array<i64: 0, 0, 0, 0>}
    : (tensor<1x4x6x5xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x5xf32>
  %q = tosa.custom %p {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{rounding = \22half_even\22, scale = 0.3 : f32, zero_point = 3 : i64}"} : (tensor<1x2x2x5xf32>) -> tensor<1x2x2x5xi8>
  return %q : tensor<1x2x2x5xi8>
}

// A grouped convolution, which importers write as slices, convolutions and a concatenation, is one layer.
// RUN: mla-opt %s --afe-lower-to-mla | FileCheck %s

// The accumulators are joined before the requantization, which is per channel over all groups.
// CHECK-LABEL: func.func @main
// CHECK-DAG: %[[W:.*]] = mla.const dense_resource<grouped> : tensor<4x1x1x3xi8>
// CHECK-DAG: %[[B:.*]] = mla.const dense<[1, 2, 3, 4]> : tensor<4xi32>
// CHECK: mla.conv2d %arg0, %[[W]] bias(%[[B]])
// CHECK-SAME: groups = 2 : i64
// CHECK-SAME: #mla.requant<single, multipliers = [1200000000], shifts = [35], zp = 5>
// CHECK-SAME: tensor<1x5x7x6xi8>, tensor<4x1x1x3xi8>, tensor<4xi32> -> tensor<1x5x7x4xi8>
// CHECK-NOT: mla.concat
// CHECK-NOT: tosa.
func.func @main(%x: tensor<1x5x7x6xi8>) -> tensor<1x5x7x4xi8> {
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zi = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %first = tosa.const_shape {values = dense<0> : tensor<4xindex>} : () -> !tosa.shape<4>
  %second = tosa.const_shape {values = dense<[0, 0, 0, 3]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %size = tosa.const_shape {values = dense<[1, 5, 7, 3]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %x0 = tosa.slice %x, %first, %size : (tensor<1x5x7x6xi8>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<1x5x7x3xi8>
  %x1 = tosa.slice %x, %second, %size : (tensor<1x5x7x6xi8>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<1x5x7x3xi8>
  %w0 = "tosa.const"() <{values = dense<[[[[1, 2, 3]]], [[[4, 5, 6]]]]> : tensor<2x1x1x3xi8>}> : () -> tensor<2x1x1x3xi8>
  %w1 = "tosa.const"() <{values = dense<7> : tensor<2x1x1x3xi8>}> : () -> tensor<2x1x1x3xi8>
  %b0 = "tosa.const"() <{values = dense<[1, 2]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %b1 = "tosa.const"() <{values = dense<[3, 4]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %y0 = tosa.conv2d %x0, %w0, %b0, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x5x7x3xi8>, tensor<2x1x1x3xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x5x7x2xi32>
  %y1 = tosa.conv2d %x1, %w1, %b1, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x5x7x3xi8>, tensor<2x1x1x3xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x5x7x2xi32>
  %y = tosa.concat %y0, %y1 {axis = 3 : i32} : (tensor<1x5x7x2xi32>, tensor<1x5x7x2xi32>) -> tensor<1x5x7x4xi32>
  %m = "tosa.const"() <{values = dense<1200000000> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<35> : tensor<1xi8>}> : () -> tensor<1xi8>
  %oz = "tosa.const"() <{values = dense<5> : tensor<1xi8>}> : () -> tensor<1xi8>
  %q = tosa.rescale %y, %m, %s, %zi, %oz {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
    : (tensor<1x5x7x4xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x5x7x4xi8>
  return %q : tensor<1x5x7x4xi8>
}

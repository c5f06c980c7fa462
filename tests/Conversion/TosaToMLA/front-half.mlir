// A uint8 input, its convolution, requantization and clamp are one layer operation: the shift to int8
// becomes part of the zero point, the clamp the requantization's range.
// RUN: mla-opt %s --afe-canonicalize --afe-lower-to-mla | FileCheck %s --check-prefix=LOWER
// The whole front half: one segment with the model's names, a named layer, a call.
// RUN: mla-opt %s --afe-canonicalize --afe-lower-to-mla --afe-partition --afe-name-layers --afe-verify-lowered | FileCheck %s --check-prefix=SEGMENT

// LOWER-NOT: tosa.
// LOWER: mla.conv2d %arg0
// LOWER-SAME: input_zp = 128 : i32
// LOWER-SAME: requant = #mla.requant<double, multipliers = [1518500250], shifts = [38], zp = -5, lo = -5, hi = 100>
// LOWER-SAME: tensor<1x9x7x3xui8>
// LOWER-NOT: tosa.

// SEGMENT: module attributes {afe.fallbacks = []}
// SEGMENT: mla.segment @MLA_0 attributes {input_names = ["image"], output_names = ["scores"]}
// SEGMENT: mla.conv2d
// SEGMENT-SAME: layer = "conv2d_relu_0"
// SEGMENT: func.func @main(%arg0: tensor<1x9x7x3xui8> {afe.name = "image"}) -> (tensor<1x5x7x20xi8> {afe.name = "scores"})
// SEGMENT: mla.call @MLA_0(%arg0)
func.func @main(%x: tensor<1x9x7x3xui8> {afe.name = "image"}) -> (tensor<1x5x7x20xi8> {afe.name = "scores"}) {
  %m0 = "tosa.const"() {values = dense<1073741824> : tensor<1xi32>} : () -> tensor<1xi32>
  %s0 = "tosa.const"() {values = dense<30> : tensor<1xi8>} : () -> tensor<1xi8>
  %u0 = "tosa.const"() {values = dense<128> : tensor<1xui8>} : () -> tensor<1xui8>
  %z0 = "tosa.const"() {values = dense<0> : tensor<1xi8>} : () -> tensor<1xi8>
  %q = tosa.rescale %x, %m0, %s0, %u0, %z0 {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = true, output_unsigned = false} : (tensor<1x9x7x3xui8>, tensor<1xi32>, tensor<1xi8>, tensor<1xui8>, tensor<1xi8>) -> tensor<1x9x7x3xi8>
  %w = "tosa.const"() {values = dense<2> : tensor<20x3x3x3xi8>} : () -> tensor<20x3x3x3xi8>
  %b = "tosa.const"() {values = dense<7> : tensor<20xi32>} : () -> tensor<20xi32>
  %a = tosa.conv2d %q, %w, %b, %z0, %z0 {acc_type = i32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 2, 1>, dilation = array<i64: 1, 1>} : (tensor<1x9x7x3xi8>, tensor<20x3x3x3xi8>, tensor<20xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x5x7x20xi32>
  %m1 = "tosa.const"() {values = dense<1518500250> : tensor<1xi32>} : () -> tensor<1xi32>
  %s1 = "tosa.const"() {values = dense<38> : tensor<1xi8>} : () -> tensor<1xi8>
  %zi = "tosa.const"() {values = dense<0> : tensor<1xi32>} : () -> tensor<1xi32>
  %zo = "tosa.const"() {values = dense<-5> : tensor<1xi8>} : () -> tensor<1xi8>
  %r = tosa.rescale %a, %m1, %s1, %zi, %zo {scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false} : (tensor<1x5x7x20xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x5x7x20xi8> 
  %c = tosa.clamp %r {min_val = -5 : i8, max_val = 100 : i8} : (tensor<1x5x7x20xi8>) -> tensor<1x5x7x20xi8>
  return %c : tensor<1x5x7x20xi8>
}

// @main is cut into alternating segments for the MLA and the A65; the edges of the model are the EV74's.
// RUN: mla-opt %s --afe-partition --split-input-file | FileCheck %s

// One MLA segment between two edges; constants are sunk into it; names come from the model.
// CHECK: module attributes {afe.fallbacks = []}
// CHECK: mla.segment @MLA_0 attributes {input_names = ["image"], output_names = ["scores"]} {
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<1x5x7x3xi8>):
// CHECK-NEXT: %[[W:.*]] = mla.const
// CHECK-NEXT: %[[Y:.*]] = mla.conv2d %[[X]], %[[W]]
// CHECK-NEXT: mla.return %[[Y]]
// CHECK-LABEL: func.func @main(%arg0: tensor<1x3x5x7xf32> {afe.name = "image"}) -> (tensor<1x70xf32> {afe.name = "scores"}) {
// CHECK-NEXT: %[[T:.*]] = a65.ev74 "layout_transform"(%arg0) {params = {dst_layout = "NHWC", perms = array<i64: 0, 2, 3, 1>, src_layout = "NCHW"}}
// CHECK-NEXT: %[[Q:.*]] = a65.ev74 "quantization_transform"(%[[T]]) {params = {divisor = 5.000000e-01 : f32, output_data_type = "int8", rounding = "half_even", zero_point = 5 : i64}}
// CHECK-NEXT: %[[C:.*]] = mla.call @MLA_0(%[[Q]])
// CHECK-NEXT: %[[D:.*]] = a65.ev74 "dequantization_transform"(%[[C]]) {params = {scale = 2.500000e-01 : f32, zero_point = -3 : i64}}
// CHECK-NEXT: %[[R:.*]] = a65.ev74 "reshape_transform"(%[[D]]) {params = {newshape = array<i64: 1, 70>}}
// CHECK-NEXT: return %[[R]]
func.func @main(%x: tensor<1x3x5x7xf32> {afe.name = "image"}) -> (tensor<1x70xf32> {afe.name = "scores"}) {
  %w = mla.const dense<2> : tensor<2x1x1x3xi8>
  %t = tosa.transpose %x {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x3x5x7xf32>) -> tensor<1x5x7x3xf32>
  %q = tosa.custom %t {domain_name = "afe", operator_name = "quantize", implementation_attrs = "{rounding = \22half_even\22, scale = 0.5 : f32, zero_point = 5 : i64}"} : (tensor<1x5x7x3xf32>) -> tensor<1x5x7x3xi8>
  %y = mla.conv2d %q, %w {dilation = array<i64: 1, 1>, input_zp = 5 : i32, pad = array<i64: 0, 0, 0, 0>, requant = #mla.requant<single, multipliers = [1200000000], shifts = [35]>, stride = array<i64: 1, 1>, weight_zp = 0 : i32}
    : tensor<1x5x7x3xi8>, tensor<2x1x1x3xi8> -> tensor<1x5x7x2xi8>
  %d = tosa.custom %y {domain_name = "afe", operator_name = "dequantize", implementation_attrs = "{scale = 0.25 : f32, zero_point = -3 : i64}"} : (tensor<1x5x7x2xi8>) -> tensor<1x5x7x2xf32>
  %shape = tosa.const_shape {values = dense<[1, 70]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %r = tosa.reshape %d, %shape : (tensor<1x5x7x2xf32>, !tosa.shape<2>) -> tensor<1x70xf32>
  return %r : tensor<1x70xf32>
}

// -----

// A host operation between two layers cuts the chain in three; a layer beside it joins the first segment. Every host
// operation is listed once, with its place in the model.
// CHECK: afe.fallbacks = [{cycles = 18 : i64, hint = "keep calm", location = "middle (net.tflite:7)", operator = "tosa.gather", reason = "because"}]
// CHECK: mla.segment @MLA_0
// CHECK: mla.concat
// CHECK: mla.pad
// CHECK: a65.segment @APU_1 attributes {input_names = ["first"], output_names = ["middle"]}
// CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<1x6x3xi8>):
// CHECK-NEXT: %[[I:.*]] = "tosa.const"
// CHECK-NEXT: tosa.gather %[[A]], %[[I]]
// CHECK: mla.segment @MLA_2 attributes {input_names = ["beside", "middle"], output_names = ["y"]}
// CHECK-LABEL: func.func @main
// CHECK: %[[C:.*]]:2 = mla.call @MLA_0(%arg0)
// CHECK: %[[G:.*]] = a65.call @APU_1(%[[C]]#0)
// CHECK: mla.call @MLA_2(%[[C]]#1, %[[G]])
func.func @main(%x: tensor<1x3x3xi8>) -> (tensor<1x7x3xi8> {afe.name = "y"}) {
  %indices = "tosa.const"() <{values = dense<[[4, 0, 5, 1]]> : tensor<1x4xi32>}> : () -> tensor<1x4xi32>
  %a = mla.concat %x, %x {axis = 1 : i64} : tensor<1x3x3xi8>, tensor<1x3x3xi8> -> tensor<1x6x3xi8> loc("first"("net.tflite":5:0))
  %g = tosa.gather %a, %indices {a65.hint = "keep calm", a65.reason = "because"} : (tensor<1x6x3xi8>, tensor<1x4xi32>) -> tensor<1x4x3xi8> loc("middle"("net.tflite":7:0))
  %b = mla.pad %x {high = array<i64: 0, 0, 0>, low = array<i64: 0, 0, 0>, value = 3 : i32} : tensor<1x3x3xi8> -> tensor<1x3x3xi8> loc("beside"("net.tflite":8:0))
  %y = mla.concat %b, %g {axis = 1 : i64} : tensor<1x3x3xi8>, tensor<1x4x3xi8> -> tensor<1x7x3xi8>
  return %y : tensor<1x7x3xi8>
}

// -----

// A model without work for the MLA, and one without any work, are cut as well.
// CHECK: a65.segment @APU_0
// CHECK: tosa.sin
// CHECK-LABEL: func.func @main
// CHECK: %[[C:.*]] = a65.call @APU_0(%arg0)
// CHECK: return %[[C]], %arg1
func.func @main(%x: tensor<3x5xf32>, %y: tensor<2x7xui8>) -> (tensor<3x5xf32>, tensor<2x7xui8>) {
  %0 = tosa.sin %x : (tensor<3x5xf32>) -> tensor<3x5xf32>
  return %0, %y : tensor<3x5xf32>, tensor<2x7xui8>
}

// -----

// The index of the largest score leaves as the model says, widened by the EV74.
// CHECK: a65.ev74 "cast_transform"(%{{.*}}) {params = {out_dtype = "int64"}} : (tensor<1x3xi32>) -> tensor<1x3xi64>
func.func @main(%x: tensor<1x3x7xi8>) -> tensor<1x3xi64> {
  %v = mla.vector %x : (tensor<1x3x7xi8>) -> tensor<1x3x1xi32> {
  ^bb0(%l: i32):
    %i = mla.v.reduce argmax channels %l : i32 -> i32
    mla.v.yield %i : i32
  }
  %shape = tosa.const_shape {values = dense<[1, 3]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %r = tosa.reshape %v, %shape : (tensor<1x3x1xi32>, !tosa.shape<2>) -> tensor<1x3xi32>
  %w = tosa.cast %r : (tensor<1x3xi32>) -> tensor<1x3xi64>
  return %w : tensor<1x3xi64>
}

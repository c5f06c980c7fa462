// Every operation of the dialect is written, read, written and read again without a change, in the
// pretty and in the generic form.
// RUN: mla-opt %s | mla-opt | FileCheck %s
// RUN: mla-opt %s --mlir-print-op-generic | mla-opt | FileCheck %s
// RUN: mla-opt %s --emit-bytecode | mla-opt | FileCheck %s

// CHECK: a65.segment @APU_1 {
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<3x7xf32>):
a65.segment @APU_1 {
^bb0(%x: tensor<3x7xf32>):
  %y = tosa.abs %x {a65.reason = "tosa.abs of f32: the MLA computes on int8"}
    : (tensor<3x7xf32>) -> tensor<3x7xf32>
  // CHECK: a65.return %{{.*}} : tensor<3x7xf32>
  a65.return %y : tensor<3x7xf32>
}

// CHECK: a65.binary @APU_2 attributes {so = dense<[127, 69]> : tensor<2xi8>, stats = {}}
a65.binary @APU_2 attributes {so = dense<[127, 69]> : tensor<2xi8>, stats = {}}

// CHECK-LABEL: func.func @calls
func.func @calls(%x: tensor<3x7xf32>) -> tensor<3x7xf32> {
  // CHECK: a65.call @APU_1(%{{.*}}) : (tensor<3x7xf32>) -> tensor<3x7xf32>
  %0 = a65.call @APU_1(%x) : (tensor<3x7xf32>) -> tensor<3x7xf32>
  // CHECK: a65.call @APU_2(%{{.*}}) : (tensor<3x7xf32>) -> tensor<3x7xf32>
  %1 = a65.call @APU_2(%0) : (tensor<3x7xf32>) -> tensor<3x7xf32>
  return %1 : tensor<3x7xf32>
}

// CHECK-LABEL: func.func @host_edges
func.func @host_edges(%x: tensor<1x9x7x3xf32>, %m: tensor<3x20xi8>) {
  // CHECK: a65.ev74 "quantization_transform"(%{{.*}}) {params = {channel_params = {{\[\[}}2.000000e+00 : f32, -1]], num_bits = 8 : i64, rounding = "TONEAREST"}}
  %q = a65.ev74 "quantization_transform" (%x) {params = {
      channel_params = [[2.0 : f32, -1 : i64]], num_bits = 8 : i64, rounding = "TONEAREST"}}
    : (tensor<1x9x7x3xf32>) -> tensor<1x9x7x3xi8>
  return
}

// A rough time of the chain: a segment's work and bytes, and a handover before every segment but the first.
// RUN: mla-opt %s --afe-estimate-time | FileCheck %s

// 40 cycles for each of 1,000 sines on a clock of 1150 MHz, 8,000 bytes at 51.2 a cycle, and 20,000 cycles of handover.
// CHECK: afe.estimate = {segments = {APU_1 = 54938 : i64, MLA_0 = 339 : i64}, total = 55277 : i64}
module {
  mla.segment @MLA_0 attributes {input_names = ["x"], output_names = ["y"]} {
  ^bb0(%x: tensor<1x1x1x1000xi8>):
    %y = mla.reshape %x : tensor<1x1x1x1000xi8> -> tensor<1x1x1000x1xi8>
    mla.return %y : tensor<1x1x1000x1xi8>
  }
  a65.segment @APU_1 attributes {input_names = ["f"], output_names = ["g"]} {
  ^bb0(%f: tensor<1000xf32>):
    %g = tosa.sin %f : (tensor<1000xf32>) -> tensor<1000xf32>
    a65.return %g : tensor<1000xf32>
  }
  func.func @main(%x: tensor<1x1x1x1000xi8>, %f: tensor<1000xf32>) -> (tensor<1x1x1000x1xi8>, tensor<1000xf32>) {
    %y = mla.call @MLA_0(%x) : (tensor<1x1x1x1000xi8>) -> tensor<1x1x1000x1xi8>
    %g = a65.call @APU_1(%f) : (tensor<1000xf32>) -> tensor<1000xf32>
    return %y, %g : tensor<1x1x1000x1xi8>, tensor<1000xf32>
  }
}

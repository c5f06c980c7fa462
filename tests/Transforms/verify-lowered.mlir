// RUN: mla-opt %s --afe-verify-lowered --split-input-file --verify-diagnostics

// What computes belongs into a segment.
func.func @main(%x: tensor<1x5xf32>) -> tensor<1x5xf32> {
  // expected-error @below {{belongs into a segment, but stands in @main}}
  %0 = tosa.sin %x : (tensor<1x5xf32>) -> tensor<1x5xf32>
  return %0 : tensor<1x5xf32>
}

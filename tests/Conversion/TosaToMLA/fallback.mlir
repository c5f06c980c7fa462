// What the MLA cannot compute stays TOSA with a reason and a hint, goes to the A65, and is listed.
// RUN: mla-opt %s --afe-lower-to-mla | FileCheck %s --check-prefix=LOWER
// RUN: mla-opt %s --afe-lower-to-mla --afe-partition --afe-verify-lowered | FileCheck %s --check-prefix=SEGMENT

// LOWER: tosa.sin %arg0 {a65.hint = "quantize the layers around it{{.*}}", a65.reason = "'tosa.sin' works on f32 tensors
// SEGMENT: afe.fallbacks = [{cycles = {{.*}}, hint = {{.*}}, location = {{.*}}, operator = "tosa.sin", reason = {{.*}}}]
// SEGMENT: a65.segment @APU_0
// SEGMENT: tosa.sin
// SEGMENT: a65.call @APU_0(%arg0)
func.func @main(%x: tensor<1x5xf32>) -> tensor<1x5xf32> {
  %0 = tosa.sin %x : (tensor<1x5xf32>) -> tensor<1x5xf32>
  return %0 : tensor<1x5xf32>
}

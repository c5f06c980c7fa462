// An image is read from in front of its first row and column: these stand twice, and the offset grows by the scale.
// RUN: mla-opt %s --pass-pipeline='builtin.module(func.func(a65-lower-custom))' | FileCheck %s

// CHECK: tosa.concat {{.*}}axis = 1{{.*}} -> tensor<1x5x5x3xi8>
// CHECK: %[[IMAGE:.*]] = tosa.concat {{.*}}axis = 2{{.*}} -> tensor<1x5x6x3xi8>
// CHECK: values = dense<3> : tensor<2xindex>
// CHECK: tosa.resize %[[IMAGE]]
func.func @half_pixel(%x: tensor<1x4x5x3xi8>) -> tensor<1x8x10x3xi32> {
  %scale = tosa.const_shape {values = dense<[4, 2, 4, 2]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %offset = tosa.const_shape {values = dense<-1> : tensor<2xindex>} : () -> !tosa.shape<2>
  %border = tosa.const_shape {values = dense<1> : tensor<2xindex>} : () -> !tosa.shape<2>
  %y = tosa.resize %x, %scale, %offset, %border {mode = BILINEAR}
    : (tensor<1x4x5x3xi8>, !tosa.shape<4>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<1x8x10x3xi32>
  return %y : tensor<1x8x10x3xi32>
}

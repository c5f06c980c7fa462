// The back end pass by pass on hand-written IR, each step continued from the text of the one before.
// RUN: mla-opt %s --mla-choose-layouts --mla-plan-tiles -o %t.plan.mlir
// RUN: FileCheck %s --check-prefix=PLAN < %t.plan.mlir
// RUN: mla-opt %t.plan.mlir --mla-place-buffers -o %t.place.mlir
// RUN: FileCheck %s --check-prefix=PLACE < %t.place.mlir
// RUN: mla-opt %t.place.mlir --mla-schedule-program --mla-validate-programs -o %t.schedule.mlir
// RUN: FileCheck %s --check-prefix=SCHEDULE < %t.schedule.mlir

module attributes {mla.target = #mla.target<"pair", {quads = 2, tiles = 8, l1_bytes = 32768, l2_bytes = 131072}>} {
  // PLAN: mla.segment @MLA_0 attributes {{.*}}resident = array<i1: true, true, true>
  // PLACE: mla.segment @MLA_0 attributes {{.*}}l2_addresses = array<i64: {{[0-9]+, [0-9]+, [0-9]+}}>{{.*}}staging_base = {{[0-9]+}}
  // SCHEDULE: mla.program @MLA_0 target "pair" {{.*}} quads 2 batch 1
  mla.segment @MLA_0 {
  ^bb0(%x: tensor<1x9x7x3xi8>):
    %w = mla.const dense<1> : tensor<20x3x3x3xi8>
    %b = mla.const dense<7> : tensor<20xi32>
    // PLAN: mla.conv2d
    // PLAN-SAME: plan = {{.*}}channelParts = {{[12]}}
    %0 = mla.conv2d %x, %w bias(%b) {stride = array<i64: 2, 1>, dilation = array<i64: 1, 1>,
        pad = array<i64: 1, 1, 1, 1>, input_zp = -1 : i32, weight_zp = 0 : i32, layer = "conv2d_0",
        requant = #mla.requant<double, multipliers = [1073741824], shifts = [36], zp = 3>}
        : tensor<1x9x7x3xi8>, tensor<20x3x3x3xi8>, tensor<20xi32> -> tensor<1x5x7x20xi8>
    // PLAN: mla.vector
    // PLAN-SAME: plan = {
    %1 = mla.vector %0 {window = #mla.window<kernelRows = 2, kernelCols = 2, strideRows = 1, strideCols = 2,
        padTop = 0, padBottom = 0, padLeft = 0, padRight = 1>, layer = "max_pool_1"}
        : (tensor<1x5x7x20xi8>) -> tensor<1x4x4x20xi8> {
    ^bb0(%l: i32):
      %m = mla.v.window_max
      mla.v.yield %m : i32
    }
    mla.return %1 : tensor<1x4x4x20xi8>
  }
}
// SCHEDULE: mla.program.layer 0 "conv2d_0"
// SCHEDULE: mla.program.layer 1 "max_pool_1"
// SCHEDULE: mla.program.stream 0
// SCHEDULE: mla.isa.tensor start
// SCHEDULE: mla.isa.vector start
// SCHEDULE: mla.program.stream 1
// SCHEDULE: mla.isa.output start

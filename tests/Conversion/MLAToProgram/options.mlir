// Effort and switches of the solvers: what the plan says with cascades and without, and that wrong
// names are refused with those that exist, by every pass that takes them.
// RUN: mla-opt %s --mla-choose-layouts --mla-plan-tiles | FileCheck %s --check-prefix=CASCADE
// RUN: mla-opt %s --mla-choose-layouts --mla-plan-tiles=disable=cascades | FileCheck %s --check-prefix=ALONE
// RUN: mla-opt %s --afe-phase-layout --afe-phase-plan="effort=low disable=cascades,in-place-sums" \
// RUN:   --afe-phase-place="effort=low disable=cascades,in-place-sums" \
// RUN:   --afe-phase-schedule="effort=low disable=cascades,in-place-sums" | FileCheck %s --check-prefix=SCHEDULED
// RUN: not mla-opt %s --mla-choose-layouts=disable=haste 2>&1 | FileCheck %s --check-prefix=SWITCH
// RUN: not mla-opt %s --mla-plan-tiles=disable=cascades,haste 2>&1 | FileCheck %s --check-prefix=SWITCH
// RUN: not mla-opt %s --mla-place-buffers=effort=most 2>&1 | FileCheck %s --check-prefix=EFFORT
// RUN: not mla-opt %s --mla-schedule-program=effort=most 2>&1 | FileCheck %s --check-prefix=EFFORT
// RUN: mla-opt --help | FileCheck %s --check-prefix=HELP

// SWITCH: error: unknown optimisation 'haste'; those that can be disabled are cascades, compression, exact-placement, in-place-concats, in-place-sums
// EFFORT: error: unknown effort 'most'; known are low, default, high
// HELP: --mla-plan-tiles
// HELP-NEXT: --disable=<string>
// HELP-NEXT: --effort=<string>

module attributes {mla.target = #mla.target<"pair", {quads = 2, tiles = 8, l1_bytes = 32768, l2_bytes = 524288}>} {
  // CASCADE: decisions = [{alone = {{.*}}cascade = {alone_cycles = {{[0-9]+}} : i64, constant_bytes = {{[1-9][0-9]*}}
  // CASCADE-SAME: why = "last-layer"
  // ALONE: decisions = [{alone =
  // ALONE-NOT: cascade = {
  // ALONE-SAME: why = "disabled"
  mla.segment @MLA_0 {
  ^bb0(%x: tensor<1x65x33x20xi8>):
    // CASCADE: layer = "copy_0"
    // CASCADE-SAME: cascade = 3
    // ALONE: layer = "copy_0"
    // ALONE-SAME: cascade = 1
    %0 = mla.vector %x {layer = "copy_0"} : (tensor<1x65x33x20xi8>) -> tensor<1x65x33x20xi8> {
    ^bb0(%l: i32):
      mla.v.yield %l : i32
    }
    %1 = mla.vector %0 {layer = "copy_1"} : (tensor<1x65x33x20xi8>) -> tensor<1x65x33x20xi8> {
    ^bb0(%l: i32):
      mla.v.yield %l : i32
    }
    // CASCADE: layer = "max_pool_2"
    // CASCADE-SAME: cascade = 0
    %2 = mla.vector %1 {window = #mla.window<kernelRows = 2, kernelCols = 2, strideRows = 1, strideCols = 2,
        padTop = 0, padBottom = 0, padLeft = 0, padRight = 1>, layer = "max_pool_2"}
        : (tensor<1x65x33x20xi8>) -> tensor<1x64x17x20xi8> {
    ^bb0(%l: i32):
      %m = mla.v.window_max
      mla.v.yield %m : i32
    }
    mla.return %2 : tensor<1x64x17x20xi8>
  }
}
// The program's stats say what came of it.
// SCHEDULED: mla.program @MLA_0
// SCHEDULED-SAME: decisions = [{end = {{[0-9]+}} : i64, engines = {dram = 0 : i64, load = {{[1-9][0-9]*}} : i64
// SCHEDULED-SAME: name = "copy_0", run = 0 : i64, search = {alone
// SCHEDULED-SAME: home = "L2", name = {{[^,]*}}, role = "output"

// What a plan says about tensors that have no room in L2, and what the module may forbid about it.
// RUN: split-file %s %t
// RUN: mla-opt %t/free.mlir --mla-choose-layouts --mla-plan-tiles=disable=cascades | FileCheck %s --check-prefix=FREE
// RUN: mla-opt %t/forbidden.mlir --mla-choose-layouts --mla-plan-tiles | FileCheck %s --check-prefix=FORBIDDEN
// RUN: mla-opt %t/forbidden.mlir --mla-choose-layouts --mla-plan-tiles=disable=cascades | FileCheck %s --check-prefix=SHOWN

// Two tensors of 32256 bytes meet at `b`, beside 16 KiB of staging; then the second meets the result.
// FREE: predicted_cycles = {{[1-9][0-9]*}} : i64
// FREE-SAME: resident = array<i1: false, false, false, true>
// FREE-SAME: spills = [{bytes = 32256 : i64, layer = "b", needed = 80896 : i64, storage = "a"},
// FREE-SAME:           {bytes = 32256 : i64, layer = "c", needed = 80896 : i64, storage = "b"}]

// Nothing may be spilled: the cascade, which hands over in L1, is the plan that is left.
// FORBIDDEN: spills = []
// FORBIDDEN: cascade = 3

// No plan is allowed: the least bad one is shown.
// SHOWN: spills = [{{.*}}storage = "a"}, {{.*}}storage = "b"}]

//--- free.mlir
module attributes {mla.target = #mla.target<"small", {quads = 1, tiles = 8, l1_bytes = 16384, l2_bytes = 65536}>} {
  mla.segment @MLA_0 {
  ^bb0(%x: tensor<1x63x32x16xi8>):
    %a = mla.vector %x {layer = "a"} : (tensor<1x63x32x16xi8>) -> tensor<1x63x32x16xi8> {
    ^bb0(%l: i32):
      mla.v.yield %l : i32
    }
    %b = mla.vector %a {layer = "b"} : (tensor<1x63x32x16xi8>) -> tensor<1x63x32x16xi8> {
    ^bb0(%l: i32):
      mla.v.yield %l : i32
    }
    %c = mla.vector %b {layer = "c"} : (tensor<1x63x32x16xi8>) -> tensor<1x63x32x16xi8> {
    ^bb0(%l: i32):
      mla.v.yield %l : i32
    }
    mla.return %c : tensor<1x63x32x16xi8>
  }
}
//--- forbidden.mlir
module attributes {afe.allowed_spills = [], mla.target = #mla.target<"small", {quads = 1, tiles = 8, l1_bytes = 16384, l2_bytes = 65536}>} {
  mla.segment @MLA_0 {
  ^bb0(%x: tensor<1x63x32x16xi8>):
    %a = mla.vector %x {layer = "a"} : (tensor<1x63x32x16xi8>) -> tensor<1x63x32x16xi8> {
    ^bb0(%l: i32):
      mla.v.yield %l : i32
    }
    %b = mla.vector %a {layer = "b"} : (tensor<1x63x32x16xi8>) -> tensor<1x63x32x16xi8> {
    ^bb0(%l: i32):
      mla.v.yield %l : i32
    }
    %c = mla.vector %b {layer = "c"} : (tensor<1x63x32x16xi8>) -> tensor<1x63x32x16xi8> {
    ^bb0(%l: i32):
      mla.v.yield %l : i32
    }
    mla.return %c : tensor<1x63x32x16xi8>
  }
}

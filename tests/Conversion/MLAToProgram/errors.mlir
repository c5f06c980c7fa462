// RUN: mla-opt %s --mla-choose-layouts --mla-plan-tiles --split-input-file --verify-diagnostics

// A layer whose smallest tile is larger than L1 says what it needs and what there is.
module attributes {mla.target = #mla.target<"narrow", {quads = 1, l1_bytes = 16384, l2_bytes = 65536}>} {
  // expected-error @below {{cannot be planned: 'softmax_0' needs at least}}
  mla.segment @MLA_0 {
  ^bb0(%x: tensor<1x20000xi8>):
    %0 = mla.vector %x {layer = "softmax_0"} : (tensor<1x20000xi8>) -> tensor<1x20000xi8> {
    ^bb0(%l: i32):
      %m = mla.v.reduce max channels %l : i32 -> i32
      mla.v.yield %m : i32
    }
    mla.return %0 : tensor<1x20000xi8>
  }
}

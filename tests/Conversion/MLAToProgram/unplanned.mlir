// RUN: mla-opt %s --mla-schedule-program --split-input-file --verify-diagnostics

// A pass that runs too early names the one that is missing.
mla.segment @MLA_0 {
^bb0(%x: tensor<1x5x7x20xi8>):
  // expected-error @below {{has no valid 'plan'; run --afe-phase-plan first}}
  %0 = mla.vector %x : (tensor<1x5x7x20xi8>) -> tensor<1x5x7x20xi8> {
  ^bb0(%l: i32):
    mla.v.yield %l : i32
  }
  mla.return %0 : tensor<1x5x7x20xi8>
}

// -----

// expected-error @below {{has no 'resident' entry for each of its 2 storages}}
mla.segment @MLA_0 {
^bb0(%x: tensor<1x5x7x20xi8>):
  %0 = mla.vector %x {interleaved, plan = {imageParts = 1, rowParts = 1, channelParts = 1, tileImages = 1, tileRows = 5,
      tileCols = 7, tileBlocks = 2, channelsOuter = false, inputChunks = 1, kernelChunks = 1, cascade = 0, predictedCycles = 9}}
      : (tensor<1x5x7x20xi8>) -> tensor<1x5x7x20xi8> {
  ^bb0(%l: i32):
    mla.v.yield %l : i32
  }
  mla.return %0 : tensor<1x5x7x20xi8>
}

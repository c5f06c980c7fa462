// TENSOR: starts a bank from 0, from partial sums or from what it holds, and adds a convolution.

#include "Simulator/Execute.h"
#include "Simulator/Timing.h"

#include <cstring>

namespace afe::sim {

static void readPartialSums(const Quad &quad, const isa::TensorFields &f, Bank &bank) {
  int32_t *to = bank.values.data();
  for (int64_t block = 0; block < bank.blocks; ++block)
    for (int64_t n = 0; n < f.images; ++n)
      for (int64_t y = 0; y < f.rows; ++y)
        for (int64_t x = 0; x < f.cols; ++x, to += 16)
          std::memcpy(to,
                      quad.l1.data() + f.psum + n * f.psum_sn + y * f.psum_sy + x * f.psum_sx +
                          block * f.psum_sc,
                      64);
}

/// Lanes past the output channels read no weight: they stay 0.
static void clearUnusedLanes(const isa::TensorFields &f, Bank &bank) {
  const int32_t used = f.oc - (bank.blocks - 1) * 16;
  if (used == 16)
    return;
  int32_t *values = bank.values.data() + int64_t(bank.blocks - 1) * bank.pixels * 16;
  for (int32_t pixel = 0; pixel < bank.pixels; ++pixel, values += 16)
    std::memset(values + used, 0, size_t(16 - used) * 4);
}

std::string execute(const Kernels &kernels, Quad &quad, const isa::TensorFields &f) {
  Bank &bank = quad.banks[f.bank];
  const int32_t pixels = f.images * f.rows * f.cols, blocks = int32_t(blocksOf16(f.oc));
  if (f.accumulate && (bank.pixels != pixels || bank.blocks != blocks))
    return "adds " + std::to_string(pixels) + " pixels of " + std::to_string(blocks) +
           " channel blocks to bank " + std::to_string(f.bank) + ", which holds " +
           std::to_string(bank.pixels) + " of " + std::to_string(bank.blocks);
  bank.pixels = pixels, bank.blocks = blocks;
  if (f.use_psum)
    readPartialSums(quad, f, bank);
  else if (!f.accumulate)
    std::memset(bank.values.data(), 0, size_t(blocks) * pixels * 64);
  TensorTask task{&f, quad.l1.data(), bank.values.data(), pixels, blocks, 0};
  if (f.mode == int(isa::TensorMode::Depthwise)) {
    kernels.depthwise(task);
  } else {
    task.steps = int32_t(tensorSteps(f));
    kernels.convolve(task);
  }
  clearUnusedLanes(f, bank);
  return {};
}

} // namespace afe::sim

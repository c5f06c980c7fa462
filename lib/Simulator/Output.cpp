// OUTPUT: gathers a block's parameters per lane and drains the bank row by row.

#include "Simulator/Access.h"
#include "Simulator/Arithmetic.h"
#include "Simulator/Execute.h"
#include "Simulator/Timing.h"

#include <algorithm>

namespace afe::sim {

static OutputTask taskOf(const Quad &quad, const isa::OutputFields &f) {
  OutputTask t{};
  t.mode = isa::Requant(f.mode), t.residual = isa::Residual(f.residual);
  std::fill_n(t.multiplier, 16, f.multiplier);
  std::fill_n(t.shift, 16, f.shift);
  t.zp = f.out_zp, t.lo = f.lo, t.hi = f.hi;
  t.resUnsigned = f.res_unsigned, t.resZp = f.res_zp, t.selfZp = f.self_zp;
  t.resMultiplier = f.res_mult, t.resShift = f.res_shift;
  t.selfMultiplier = f.self_mult, t.selfShift = f.self_shift;
  t.sumMultiplier = f.sum_mult, t.sumShift = f.sum_shift;
  t.leftShift = f.left_shift, t.sumZp = f.sum_zp, t.sumLo = f.sum_lo, t.sumHi = f.sum_hi;
  t.table = f.use_table ? quad.l1.data() + f.table : nullptr;
  t.tableFirst = f.use_table == 2;
  return t;
}

/// Bias and per-channel parameters of one block; the fault, if a channel's shift is none. In lanes
/// past the channels a shift out of range counts as the nearest in range.
static std::string readParams(const Quad &quad, const isa::OutputFields &f, int32_t block,
                              OutputTask &t) {
  if (!f.has_params)
    return {};
  const uint8_t *from = quad.l1.data() + f.params + block * paramBytes(f);
  std::memcpy(t.bias, from, 64);
  if (!f.per_channel || t.mode == isa::Requant::None)
    return {};
  std::memcpy(t.multiplier, from + 64, 64);
  for (int32_t lane = 0; lane < 16 && t.mode != isa::Requant::F32Rne; ++lane) {
    const int32_t shift = int8_t(from[128 + lane]);
    t.shift[lane] = std::clamp(shift, kMinShift, kMaxShift);
    if (t.shift[lane] != shift && block * 16 + lane < f.oc)
      return "shift of channel " + std::to_string(block * 16 + lane) + " is " +
             std::to_string(shift) + ", allowed is 2 to 62";
  }
  return {};
}

static void drainBlock(const Kernels &kernels, Quad &quad, const isa::OutputFields &f,
                       const OutputTask &task, int64_t block, const int32_t *values) {
  uint8_t *out = quad.l1.data() + f.out + block * f.out_sc;
  const uint8_t *res = task.residual == isa::Residual::None
                           ? quad.l1.data()
                           : quad.l1.data() + f.res + block * f.res_sc;
  const bool none = task.residual == isa::Residual::None;
  for (int64_t n = 0; n < f.images; ++n)
    for (int64_t y = 0; y < f.rows; ++y, values += int64_t(f.cols) * 16)
      kernels.output(task, values, f.cols, out + n * f.out_sn + y * f.out_sy, f.out_sx,
                     none ? res : res + n * f.res_sn + y * f.res_sy, none ? 0 : f.res_sx);
}

std::string execute(const Kernels &kernels, Quad &quad, const isa::OutputFields &f) {
  const Bank &bank = quad.banks[f.bank];
  const int32_t pixels = f.images * f.rows * f.cols, blocks = int32_t(blocksOf16(f.oc));
  if (bank.pixels != pixels || bank.blocks != blocks)
    return "drains " + std::to_string(pixels) + " pixels of " + std::to_string(blocks) +
           " channel blocks from bank " + std::to_string(f.bank) + ", which holds " +
           std::to_string(bank.pixels) + " of " + std::to_string(bank.blocks);
  OutputTask task = taskOf(quad, f);
  for (int32_t block = 0; block < blocks; ++block) {
    std::string problem = readParams(quad, f, block, task);
    if (!problem.empty())
      return problem;
    drainBlock(kernels, quad, f, task, block, bank.values.data() + int64_t(block) * pixels * 16);
  }
  return {};
}

} // namespace afe::sim

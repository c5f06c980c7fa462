// Accumulator banks: filled, added to, drained.

#include "Simulator/ValidatorBanks.h"

#include <algorithm>

namespace afe::sim {

static std::string bankName(int32_t bank) { return "bank " + std::to_string(bank); }

std::string BankHistory::tensor(const isa::TensorFields &f, int64_t start, int64_t end,
                                int64_t ready) {
  Bank &bank = banks[size_t(f.bank)];
  bool depthwise = f.mode == int(isa::TensorMode::Depthwise);
  Bank filled{int64_t(f.images) * f.rows * f.cols, (f.oc + 15) / 16, depthwise ? 0 : f.grid_p,
              end, ready, bank.drainedUntil};
  if (start < bank.drainedUntil)
    return bankName(f.bank) + " is drained until " + std::to_string(bank.drainedUntil);
  if (!f.accumulate && start < bank.ready)
    return bankName(f.bank) + " is being filled, ready at " + std::to_string(bank.ready);
  if (f.accumulate && bank.pixels == 0)
    return "adds to " + bankName(f.bank) + ", which was never filled";
  if (f.accumulate && start < bank.filledUntil)
    return bankName(f.bank) + " is being filled until " + std::to_string(bank.filledUntil);
  if (f.accumulate && (bank.pixels != filled.pixels || bank.blocks != filled.blocks ||
                       bank.grid != filled.grid))
    return "adds to " + bankName(f.bank) + " a block of another shape or grid than it holds";
  bank = filled;
  return {};
}

std::string BankHistory::output(const isa::OutputFields &f, int64_t start, int64_t end) {
  Bank &bank = banks[size_t(f.bank)];
  if (bank.pixels == 0)
    return "drains " + bankName(f.bank) + ", which was never filled";
  if (bank.pixels != int64_t(f.images) * f.rows * f.cols || bank.blocks != (f.oc + 15) / 16)
    return "drains " + bankName(f.bank) + ", which holds " + std::to_string(bank.pixels) +
           " pixels of " + std::to_string(bank.blocks) + " channel blocks";
  if (start < bank.ready)
    return bankName(f.bank) + " is ready at " + std::to_string(bank.ready);
  bank.drainedUntil = std::max(bank.drainedUntil, end);
  return {};
}

} // namespace afe::sim

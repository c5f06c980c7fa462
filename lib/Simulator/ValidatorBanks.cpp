// Accumulator banks: filled, added to, drained.

#include "Simulator/ValidatorBanks.h"

namespace afe::sim {

static std::string bankName(int32_t bank) { return "bank " + std::to_string(bank); }

BankHistory::Conflict BankHistory::tensor(const isa::TensorFields &f, const Run &run) {
  Bank &bank = banks[size_t(f.bank)];
  std::string name = bankName(f.bank);
  bool depthwise = f.mode == int(isa::TensorMode::Depthwise);
  Bank filled{int64_t(f.images) * f.rows * f.cols,
              (f.oc + 15) / 16,
              depthwise ? 0 : f.grid_p,
              run.end,
              run.ready,
              bank.drainedUntil,
              run.event,
              bank.drainer};
  if (run.start < bank.drainedUntil)
    return {name + " is drained until " + std::to_string(bank.drainedUntil), bank.drainer};
  if (!f.accumulate && run.start < bank.ready)
    return {name + " is being filled, ready at " + std::to_string(bank.ready), bank.filler};
  if (f.accumulate && bank.pixels == 0)
    return {"adds to " + name + ", which was never filled"};
  if (f.accumulate && run.start < bank.filledUntil)
    return {name + " is being filled until " + std::to_string(bank.filledUntil), bank.filler};
  if (f.accumulate &&
      (bank.pixels != filled.pixels || bank.blocks != filled.blocks || bank.grid != filled.grid))
    return {"adds to " + name + " a block of another shape or grid than it holds", bank.filler};
  bank = filled;
  return {};
}

BankHistory::Conflict BankHistory::output(const isa::OutputFields &f, const Run &run) {
  Bank &bank = banks[size_t(f.bank)];
  std::string name = bankName(f.bank);
  if (bank.pixels == 0)
    return {"drains " + name + ", which was never filled"};
  if (bank.pixels != int64_t(f.images) * f.rows * f.cols || bank.blocks != (f.oc + 15) / 16)
    return {"drains " + name + ", which holds " + std::to_string(bank.pixels) + " pixels of " +
                std::to_string(bank.blocks) + " channel blocks",
            bank.filler};
  if (run.start < bank.ready)
    return {name + " is ready at " + std::to_string(bank.ready), bank.filler};
  if (run.end > bank.drainedUntil) {
    bank.drainedUntil = run.end;
    bank.drainer = run.event;
  }
  return {};
}

} // namespace afe::sim

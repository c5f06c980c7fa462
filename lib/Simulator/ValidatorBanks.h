// C17 bank-hazard: the accumulator banks of one quad over time. Filling and adding happen at the
// same stage of the array, so that a TENSOR may add to a bank as soon as the TENSOR before has ended;
// OUTPUT waits for the latency as any reader does.
#pragma once

#include "Encoding/Isa.h"

#include <cstdint>
#include <string>
#include <vector>

namespace afe::sim {

class BankHistory {
public:
  explicit BankHistory(size_t banks) : banks(banks) {}

  /// Empty, or what the instruction, running in [start, end) and ready at `ready`, does wrong.
  std::string tensor(const isa::TensorFields &fields, int64_t start, int64_t end, int64_t ready);
  std::string output(const isa::OutputFields &fields, int64_t start, int64_t end);

private:
  /// The block a bank holds and when it may be touched.
  struct Bank {
    int64_t pixels = 0, blocks = 0, grid = 0; ///< grid 0: depthwise; pixels 0: never filled
    int64_t filledUntil = 0, ready = 0, drainedUntil = 0;
  };
  std::vector<Bank> banks;
};

} // namespace afe::sim

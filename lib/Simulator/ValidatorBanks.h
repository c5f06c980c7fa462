// C17 bank-hazard: the accumulator banks of one quad over time. Filling and adding happen at the
// same stage of the array, so that a TENSOR may add to a bank as soon as the TENSOR before has
// ended; OUTPUT waits for the latency as any reader does.
#pragma once

#include "Encoding/Isa.h"
#include "Simulator/ValidatorMemory.h"

#include <cstdint>
#include <string>
#include <vector>

namespace afe::sim {

class BankHistory {
public:
  explicit BankHistory(size_t banks) : banks(banks) {}

  /// An instruction in time: it runs in [start, end), is ready at `ready`, and is known as `event`.
  struct Run {
    int64_t start, end, ready;
    uint32_t event;
  };
  /// What an instruction does wrong, if anything, and to which earlier event.
  struct Conflict {
    std::string what;
    uint32_t with = kNoEvent;
  };
  Conflict tensor(const isa::TensorFields &fields, const Run &run);
  Conflict output(const isa::OutputFields &fields, const Run &run);

private:
  /// The block a bank holds and when it may be touched.
  struct Bank {
    int64_t pixels = 0, blocks = 0, grid = 0; ///< grid 0: depthwise; pixels 0: never filled
    int64_t filledUntil = 0, ready = 0, drainedUntil = 0;
    uint32_t filler = kNoEvent, drainer = kNoEvent;
  };
  std::vector<Bank> banks;
};

} // namespace afe::sim

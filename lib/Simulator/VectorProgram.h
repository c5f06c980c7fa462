// A micro-program as an instruction finds it in L1: fetched, checked, with the shape of every
// operation's result. What holds afterwards: registers exist and were written, operands and tables
// are inside L1, modes and shifts are in range, and the instruction's cost fields are right.
#pragma once

#include "Encoding/MicroCost.h"
#include "Simulator/Machine.h"

#include <array>
#include <string>

namespace afe::sim {

struct VectorProgram {
  std::array<isa::MicroOp, 32> ops;
  std::array<isa::MicroShape, 32> shapes; ///< of each operation's result (reductions: their result)
  unsigned length = 0;
  uint32_t registers = 0;                        ///< mask of the registers used
  bool overChannels = false, overPixels = false; ///< has such reductions
};

/// Fetches the program of `fields`; on failure returns the fault.
std::string fetchProgram(const Target &target, const Quad &quad, const isa::VectorFields &fields,
                         VectorProgram &program);

} // namespace afe::sim

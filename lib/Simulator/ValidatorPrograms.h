// C18 micro-program: what the micro-programs in L1 are. Their bytes are constants that a DRAM
// request brought to L2 and a LOAD to L1; this follows them back, for the buffers that hold
// micro-programs.
#pragma once

#include "Encoding/Isa.h"
#include "Simulator/ValidatorReport.h"

#include <array>
#include <vector>

namespace afe::sim {

using MicroProgram = std::array<isa::MicroOp, 32>;

class MicroPrograms {
public:
  explicit MicroPrograms(const isa::Program &program);

  /// To be told of every request and every instruction, in the order of their starts.
  void request(size_t index);
  void instruction(size_t quad, size_t index);

  /// The micro-program of a VECTOR, checked; empty text, or what is wrong with it.
  std::string fetch(size_t quad, const isa::Instruction &vector, MicroProgram &program) const;

private:
  /// What wrote a buffer: a LOAD or a request to L2; neither: something whose bytes are not known.
  struct Writer {
    const isa::LoadFields *load = nullptr;
    const isa::DramRequest *request = nullptr;
    uint32_t source = isa::kNoBuffer; ///< LOAD: its L2 buffer
    size_t sourceWriters = 0;         ///< and how many writers that had by then
  };
  using Writers = std::vector<Writer>;

  /// DRAM address of the byte at `address` of a buffer in L1, or -1; `length` is cut to what is
  /// contiguous from there.
  int64_t traceL1(size_t quad, uint32_t buffer, int64_t address, int64_t &length) const;
  int64_t traceL2(const Writers &writers, size_t count, int64_t address, int64_t &length) const;

  const isa::Program &program;
  std::vector<bool> tracked;            ///< per buffer: holds micro-programs, or is their source
  std::vector<Writers> l2;              ///< per buffer
  std::vector<std::vector<Writers>> l1; ///< per quad and buffer
};

} // namespace afe::sim

// The state of the machine while a program runs: L1 and accumulator banks per quad, L2, DRAM image.
// Addresses have been checked before anything here is touched (Check.h), but for what a VECTOR or
// OUTPUT instruction reads from L1 and then interprets: micro-programs, tables, shifts.
#pragma once

#include "Encoding/Isa.h"
#include "Target/Target.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

namespace afe::sim {

/// Zeroed (or poisoned) bytes of a memory with slack behind, so that a kernel may load whole
/// vectors at its end. Pages are touched only when used.
class Bytes {
public:
  static constexpr size_t kSlack = 128;
  bool allocate(uint64_t size, int poison);
  uint8_t *data() { return bytes.get(); }
  const uint8_t *data() const { return bytes.get(); }

private:
  struct Free {
    void operator()(uint8_t *p) const { std::free(p); }
  };
  std::unique_ptr<uint8_t, Free> bytes;
};

/// One accumulator bank: [blocks of 16 output channels][pixels][16] int32.
struct Bank {
  int32_t pixels = 0, blocks = 0; ///< 0: never filled
  std::vector<int32_t> values;
};

struct Quad {
  Bytes l1;
  std::vector<Bank> banks;
};

/// DRAM as the program sees it: its constants, read-only and in place, then memory.
class Dram {
public:
  bool allocate(const isa::Program &program, int poison);
  void read(uint64_t address, uint8_t *to, uint64_t size) const;
  /// The range lies behind the constants.
  void write(uint64_t address, const uint8_t *from, uint64_t size);

private:
  const std::vector<uint8_t> *constants = nullptr;
  Bytes rest;
};

struct Machine {
  const Target *target = nullptr;
  std::vector<Quad> quads;
  Bytes l2;
  Dram dram;

  /// False if there is not enough memory.
  bool allocate(const isa::Program &program, const Target &target, int poison);
};

} // namespace afe::sim

// Which bytes an instruction reads and writes, exactly: for every operand a few boxes of strided
// runs. Padded taps, lanes past the last channel and untouched gaps between strides are not in
// them.
#pragma once

#include "Encoding/MicroCost.h"
#include "Target/Target.h"

#include <cstdint>
#include <vector>

namespace afe::sim {

/// Runs of `run` bytes from `base`, repeated along up to kMaxAxes axes of positive stride.
struct Box {
  static constexpr unsigned kMaxAxes = 6;
  struct Axis {
    int64_t count, stride;
  };

  int64_t base = 0, run = 0;
  Axis axes[kMaxAxes];
  unsigned axisCount = 0;

  /// Adds an axis; of one step or stride 0 it is none, a negative stride is turned around.
  void add(int64_t count, int64_t stride);
  /// Joins runs that touch. Afterwards the box's runs are as few as its axes allow.
  void normalize();
  /// Closes gaps of up to `gap` bytes between runs, of a box that is normal.
  void closeGaps(int64_t gap);

  int64_t low() const { return base; }
  int64_t high() const; ///< one past the last byte
  bool empty() const { return run <= 0; }

  /// Calls f(low, high) for every run; a box of more runs than bytes is taken as one run.
  template <typename Function> bool forEachRun(Function f) const;
};

/// An operand of an instruction: its slot in Instruction::buffers and its bytes.
struct Operand {
  const char *name;
  unsigned slot;
  isa::Memory memory;
  bool write;
  std::vector<Box> boxes;

  int64_t low() const;
  int64_t high() const;
};

/// `program` is the VECTOR's micro-program (nullptr: only the operand "program" itself is given).
/// Fields must have passed the field rules.
std::vector<Operand> footprint(const isa::Instruction &instruction, const isa::MicroOp *program);

/// Whether the operands that overlap within `instruction` do so element by element, in place.
bool inPlace(const isa::Instruction &instruction, const Operand &read, const Operand &write,
             const isa::MicroOp *program);

template <typename Function> bool Box::forEachRun(Function f) const {
  int64_t runs = 1;
  for (unsigned i = 0; i < axisCount; ++i)
    if (__builtin_mul_overflow(runs, axes[i].count, &runs))
      runs = INT64_MAX;
  if (runs > high() - low())
    return f(low(), high());
  int64_t index[kMaxAxes] = {}, at = base;
  for (int64_t i = 0; i < runs; ++i) {
    if (!f(at, at + run))
      return false;
    for (unsigned a = 0; a < axisCount; ++a) {
      at += axes[a].stride;
      if (++index[a] < axes[a].count)
        break;
      at -= axes[a].stride * axes[a].count;
      index[a] = 0;
    }
  }
  return true;
}

} // namespace afe::sim

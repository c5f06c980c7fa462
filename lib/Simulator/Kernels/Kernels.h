// The arithmetic that takes the time, behind one table of functions per instruction set of the
// host. Each table is a translation unit that includes the same sources under other target
// attributes, so one binary runs everywhere and fast where it can; all tables give the same bytes.
#pragma once

#include "Encoding/Isa.h"

#include <cstdint>

namespace afe::sim {

/// A TENSOR instruction on its way: the fields, where L1 begins, and the bank it adds to.
/// values: [blocks of 16 output channels][pixels][16], already started (0, psum or earlier sums).
struct TensorTask {
  const isa::TensorFields *fields;
  const uint8_t *l1;
  int32_t *values;
  int32_t pixels, blocks;
  int32_t steps; ///< steps of 16 input channels (not depthwise)
};

/// An OUTPUT instruction's arithmetic on one block of 16 channels, every parameter per lane.
struct OutputTask {
  isa::Requant mode;
  isa::Residual residual;
  int32_t bias[16], multiplier[16], shift[16]; ///< shift in 2..62
  int32_t zp, lo, hi;
  bool resUnsigned;
  int32_t resZp, selfZp, resMultiplier, resShift, selfMultiplier, selfShift;
  int32_t sumMultiplier, sumShift, leftShift, sumZp, sumLo, sumHi;
  const uint8_t *table; ///< nullptr: none
  bool tableFirst;      ///< in front of the residual addition
};

/// One micro-operation without memory access but to its table, on `count` values, a multiple of 16.
/// Sources the operation does not have are nullptr.
struct MicroTask {
  isa::MicroOp op;
  int32_t *d;
  const int32_t *a, *b, *c;
  int64_t count;
  const uint8_t *table;
};

struct Kernels {
  const char *name;
  void (*convolve)(const TensorTask &task);
  void (*depthwise)(const TensorTask &task);
  /// Drains `pixels` pixels of one block to `out`, `outStride` bytes apart.
  void (*output)(const OutputTask &task, const int32_t *values, int64_t pixels, uint8_t *out,
                 int64_t outStride, const uint8_t *res, int64_t resStride);
  void (*micro)(const MicroTask &task);
};

extern const Kernels kScalarKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels, kAvx512Kernels;
#endif

} // namespace afe::sim

// Which numbers a lane of a vector program can hold: from the types that are loaded, through
// clamps, tables and monotone arithmetic. What cannot overflow or is clamped already needs fewer
// operations.
#pragma once

#include "mla/MLADialect.h"

#include <optional>

namespace afe {

/// Bounds of an i32 lane, both included.
struct LaneRange {
  int64_t lo, hi;
  bool within(int64_t least, int64_t most) const { return least <= lo && hi <= most; }
};

/// The range of a value inside the region of `op`; nothing where it is not known to be narrower
/// than int32.
std::optional<LaneRange> laneRange(mlir::Value lane, mla::VectorOp op);

/// The number of an i32 constant.
std::optional<int64_t> constantLane(mlir::Value lane);

} // namespace afe

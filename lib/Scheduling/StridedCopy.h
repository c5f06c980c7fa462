// A box of bytes moved from one layout to another: nested loops around a contiguous run. The one
// form from which LOADs, STOREs, DRAM requests and the byte ranges they touch are derived.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace afe::sched {

struct Loop {
  int64_t extent = 1, src = 0, dst = 0; ///< byte strides on both sides
};

/// Half-open byte range.
struct Interval {
  int64_t lo = 0, hi = 0;
};

struct StridedCopy {
  int64_t src = 0, dst = 0, run = 0;
  std::vector<Loop> loops; ///< innermost first

  /// Drops loops of one step and merges what is adjacent on both sides.
  void normalize();
  int64_t bytes() const;
  /// Calls `piece` with copies of at most `depth` loops that make up this one.
  void forEachPiece(unsigned depth, const std::function<void(const StridedCopy &)> &piece) const;
  /// The byte ranges of one side: exact, or one range per outer step where there are more than
  /// `limit` runs (then larger than what is touched, never smaller).
  std::vector<Interval> ranges(bool ofDst, size_t limit = 256) const;
};

/// Consecutive runs gathered into as few strided copies as equal distances allow, order kept.
std::vector<StridedCopy> compressRuns(const std::vector<StridedCopy> &runs);

} // namespace afe::sched

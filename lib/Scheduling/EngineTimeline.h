// When an engine of a quad is busy, as far as instructions have been issued. What is issued later
// may start earlier: in the time that an engine stood still, waiting for something else.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace afe::sched {

class EngineTimeline {
public:
  /// The first cycle from `ready` on at which the engine is idle for `cycles`; behind all others
  /// where a gap between them would gain fewer than `leastGain` cycles.
  int64_t earliest(int64_t ready, int64_t cycles, int64_t leastGain) const {
    int64_t last = std::max(ready, end);
    if (last - ready < leastGain)
      return last;
    for (const Gap &gap : gaps)
      if (int64_t start = std::max(ready, gap.start); start + cycles <= gap.end)
        return last - start >= leastGain ? start : last;
    return last;
  }

  /// The engine is busy in [start, start + cycles), in which it was idle.
  void book(int64_t start, int64_t cycles) {
    if (start >= end) {
      remember({end, start});
      end = start + cycles;
      return;
    }
    auto gap = std::find_if(gaps.begin(), gaps.end(), [&](const Gap &g) { return start < g.end; });
    Gap behind{start + cycles, gap->end};
    gap->end = start;
    if (behind.end > behind.start)
      gap = gaps.insert(gap + 1, behind) - 1;
    if (gap->end == gap->start)
      gaps.erase(gap);
  }

  /// The end of the last instruction.
  int64_t free() const { return end; }

private:
  struct Gap {
    int64_t start, end;
  };
  static constexpr std::size_t kMostGaps = 64;

  void remember(Gap gap) {
    if (gap.end == gap.start)
      return;
    if (gaps.size() == kMostGaps)
      gaps.erase(gaps.begin());
    gaps.push_back(gap);
  }

  int64_t end = 0;
  std::vector<Gap> gaps; ///< ascending; the oldest are forgotten
};

} // namespace afe::sched

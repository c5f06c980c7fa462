// What the planners of all kinds of layers share: the ways to give work to the quads, the sizes of
// tiles worth trying, and what a candidate costs.
#pragma once

#include "Scheduling/Network.h"
#include "Scheduling/Options.h"
#include "Scheduling/Trace.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace afe::sched {

/// Cycles and bytes of a candidate on its busiest quad.
struct Cost {
  int64_t cycles = 0;
  int64_t l1Bytes = 0;      ///< one tile
  int64_t overlapBytes = 0; ///< and what the movers bring and take meanwhile
  EngineCycles engines;
};

/// Engines that work side by side: the longest, and a little of the others, because no overlap is
/// perfect.
inline int64_t sideBySide(std::initializer_list<int64_t> engines) {
  int64_t sum = std::accumulate(engines.begin(), engines.end(), int64_t(0));
  int64_t longest = std::max(engines);
  return longest + (sum - longest) / 32;
}

struct Splits {
  int64_t images, rows, channels;
};

/// All ways to give the quads an images x rows x channels grid; the work of none is empty.
inline std::vector<Splits> splitsOf(int64_t quads, int64_t images, int64_t rows, int64_t channels) {
  std::vector<Splits> result;
  for (int64_t i = 1; i <= std::min(quads, images); ++i)
    for (int64_t r = 1; i * r <= quads && r <= rows; ++r)
      for (int64_t c = 1; i * r * c <= quads && c <= channels; ++c)
        result.push_back({i, r, c});
  return result;
}

/// total, then parts of it rounded up, down to 1: every size that some number of pieces gives with
/// high effort, all small numbers and then a quarter more each time by default, every other one of
/// those with low effort. What less effort tries, more effort tries as well.
inline std::vector<int64_t> ladder(int64_t total, Effort effort = Effort::Default) {
  std::vector<int64_t> sizes{total};
  bool all = effort == Effort::High;
  for (int64_t pieces = 2; sizes.back() > 1 && pieces < 4096;
       pieces = all || pieces < 8 ? pieces + 1 : pieces + pieces / 4) {
    int64_t size = ceilDiv(total, pieces);
    if (size < sizes.back())
      sizes.push_back(size);
  }
  if (effort != Effort::Low)
    return sizes;
  std::vector<int64_t> few;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (i % 2 == 0 || i + 1 == sizes.size())
      few.push_back(sizes[i]);
  return few;
}

} // namespace afe::sched

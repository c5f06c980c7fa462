// Greedy best-fit placement.

#include "Memory/Greedy.h"

#include <algorithm>
#include <numeric>

namespace afe::memory {

std::vector<int64_t> placeBestFit(const Problem &problem, int64_t &height) {
  const std::vector<BufferSpec> &buffers = problem.buffers;
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (buffers[a].size != buffers[b].size)
      return buffers[a].size > buffers[b].size;
    return buffers[a].lower < buffers[b].lower;
  });
  std::vector<int64_t> offsets(buffers.size(), -1);
  height = 0;
  for (size_t index : order) {
    const BufferSpec &b = buffers[index];
    if (b.size == 0) { // takes nothing anywhere, and is within nobody's bytes at 0
      offsets[index] = 0;
      continue;
    }
    int64_t at = 0, best = -1, bestGap = INT64_MAX;
    for (auto [lo, hi] : rangesBeside(problem, offsets, index)) {
      int64_t aligned = alignUp(at, b.alignment);
      if (aligned + b.size <= lo && lo - at < bestGap) {
        best = aligned;
        bestGap = lo - at;
      }
      at = std::max(at, hi);
    }
    offsets[index] = best >= 0 ? best : alignUp(at, b.alignment);
    height = std::max(height, offsets[index] + b.size);
  }
  return offsets;
}

} // namespace afe::memory

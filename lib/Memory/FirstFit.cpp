// Greedy first-fit placement in the order of time: what an allocator at run time would do.

#include "Memory/Greedy.h"

#include <algorithm>
#include <numeric>

namespace afe::memory {

std::vector<std::pair<int64_t, int64_t>>
rangesBeside(const Problem &problem, const std::vector<int64_t> &offsets, size_t index) {
  const BufferSpec &b = problem.buffers[index];
  std::vector<std::pair<int64_t, int64_t>> taken;
  for (size_t other = 0; other < offsets.size(); ++other) {
    const BufferSpec &o = problem.buffers[other];
    if (offsets[other] >= 0 && o.lower < b.upper && b.lower < o.upper)
      taken.push_back({offsets[other], offsets[other] + o.size});
  }
  std::sort(taken.begin(), taken.end());
  return taken;
}

std::vector<int64_t> placeFirstFit(const Problem &problem, int64_t &height) {
  const std::vector<BufferSpec> &buffers = problem.buffers;
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (buffers[a].lower != buffers[b].lower)
      return buffers[a].lower < buffers[b].lower;
    return buffers[a].size > buffers[b].size;
  });
  std::vector<int64_t> offsets(buffers.size(), -1);
  height = 0;
  for (size_t index : order) {
    const BufferSpec &b = buffers[index];
    if (b.size == 0) { // takes nothing anywhere, and is within nobody's bytes at 0
      offsets[index] = 0;
      continue;
    }
    int64_t at = 0;
    for (auto [lo, hi] : rangesBeside(problem, offsets, index)) {
      if (at + b.size <= lo)
        break;
      at = alignUp(std::max(at, hi), b.alignment);
    }
    offsets[index] = at;
    height = std::max(height, at + b.size);
  }
  return offsets;
}

} // namespace afe::memory

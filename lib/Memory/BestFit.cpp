// Greedy best-fit placement.

#include "Memory/Problem.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace afe::memory {

static int64_t alignUp(int64_t value, int64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

int64_t maxLiveLoad(const Problem &problem) {
  std::map<int64_t, int64_t> change;
  for (const BufferSpec &b : problem.buffers) {
    change[b.lower] += b.size;
    change[b.upper] -= b.size;
  }
  int64_t load = 0, most = 0;
  for (auto [time, delta] : change)
    most = std::max(most, load += delta);
  return most;
}

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
    std::vector<std::pair<int64_t, int64_t>> taken; // ranges of the neighbours in time
    for (size_t other = 0; other < buffers.size(); ++other)
      if (offsets[other] >= 0 && buffers[other].lower < b.upper && b.lower < buffers[other].upper)
        taken.push_back({offsets[other], offsets[other] + buffers[other].size});
    std::sort(taken.begin(), taken.end());
    int64_t at = 0, best = -1, bestGap = INT64_MAX;
    for (auto [lo, hi] : taken) {
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

// When each byte of a memory is free again, and where a buffer could lie soonest. Allocators that
// hand out addresses in program order know only which bytes are free by then; whoever wants to
// write as early as possible also asks when their last use ends.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <vector>

namespace afe::memory {

class FreeTimes {
public:
  FreeTimes(int64_t end, int64_t alignment, int memories)
      : end(end), alignment(alignment), since(memories, {{0, 0}}) {}

  /// A buffer lives in these bytes of every memory of `mask`, until release().
  void occupy(int64_t address, int64_t bytes, uint8_t mask) { set(address, bytes, mask, kLive); }
  /// The buffer is dead, its last use ends at `time`.
  void release(int64_t address, int64_t bytes, uint8_t mask, int64_t time) {
    set(address, bytes, mask, time);
  }

  /// The address at which `bytes` are free soonest in every memory of `mask`, -1 where there is
  /// none. What is free by `now` is free soon enough: of those the lowest is taken.
  int64_t soonest(int64_t bytes, uint8_t mask, int64_t now) const {
    int64_t size = aligned(bytes), best = -1, bestTime = kLive;
    auto consider = [&](int64_t address) {
      if (address < 0 || address + size > end)
        return;
      int64_t time = std::max(now, latest(address, size, mask));
      if (time < bestTime || (time == bestTime && time < kLive && address < best))
        best = address, bestTime = time;
    };
    consider(end - size);
    for (std::size_t m = 0; m < since.size(); ++m)
      if (mask >> m & 1)
        for (const auto &[at, time] : since[m])
          consider(at), consider(at - size);
    return best;
  }

private:
  static constexpr int64_t kLive = INT64_MAX;
  int64_t aligned(int64_t bytes) const { return (bytes + alignment - 1) / alignment * alignment; }

  int64_t latest(int64_t address, int64_t size, uint8_t mask) const {
    int64_t time = 0;
    for (std::size_t m = 0; m < since.size(); ++m) {
      if (!(mask >> m & 1))
        continue;
      auto step = std::prev(since[m].upper_bound(address));
      for (; step != since[m].end() && step->first < address + size; ++step)
        time = std::max(time, step->second);
    }
    return time;
  }

  void set(int64_t address, int64_t bytes, uint8_t mask, int64_t time) {
    int64_t past = address + aligned(bytes);
    for (std::size_t m = 0; m < since.size(); ++m) {
      if (!(mask >> m & 1))
        continue;
      auto &steps = since[m];
      int64_t behind = std::prev(steps.upper_bound(past))->second;
      steps.erase(steps.lower_bound(address), steps.upper_bound(past));
      steps[address] = time;
      if (past < end)
        steps[past] = behind;
    }
  }

  int64_t end, alignment;
  std::vector<std::map<int64_t, int64_t>> since; ///< per memory: from this byte on, free since
};

} // namespace afe::memory

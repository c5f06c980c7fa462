// Addresses for short-lived buffers (L1 tiles, L2 staging): next fit. The search goes on from where
// the last buffer ended, so that freshly freed bytes are reused last and the data movers get as far
// ahead of the computation as the memory is large. Several memories of one size can be managed
// together: a buffer then has one address in all that its mask names (a multicast), and takes no
// bytes of the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace afe::memory {

class RotatingAllocator {
public:
  RotatingAllocator(int64_t base, int64_t end, int64_t alignment, int memories = 1)
      : base(base), end(end), alignment(alignment), live(memories), next(memories, base),
        laps(memories) {}

  /// Address of `bytes` free bytes in every memory of `mask`, or -1 where there are none.
  int64_t allocate(int64_t bytes, uint8_t mask = 1) {
    int64_t size = (bytes + alignment - 1) / alignment * alignment;
    std::size_t ahead = furthest(mask);
    int64_t lap = laps[ahead], address = search(next[ahead], size, mask);
    if (address < 0) {
      address = search(base, size, mask);
      ++lap;
    }
    if (address < 0)
      return -1;
    for (std::size_t m = 0; m < live.size(); ++m)
      if (mask >> m & 1) {
        live[m].emplace(address, address + size);
        next[m] = address + size;
        laps[m] = lap;
      }
    return address;
  }

  /// The same at an address that the caller knows to be free.
  void take(int64_t address, int64_t bytes, uint8_t mask) {
    int64_t size = (bytes + alignment - 1) / alignment * alignment;
    for (std::size_t m = 0; m < live.size(); ++m)
      if (mask >> m & 1) {
        live[m].emplace(address, address + size);
        next[m] = address + size;
      }
  }

  void free(int64_t address, uint8_t mask = 1) {
    for (std::size_t m = 0; m < live.size(); ++m)
      if (mask >> m & 1)
        live[m].erase(address);
  }

  /// Starts from the beginning where the bytes behind the last buffer are fewer than `bytes`: what
  /// is allocated next as a set would not fit there without a gap.
  void makeRoom(int64_t bytes, uint8_t mask = 1) {
    bool enough = true;
    for (std::size_t m = 0; m < live.size(); ++m)
      enough &= !(mask >> m & 1) || next[m] + bytes <= end;
    if (enough)
      return;
    int64_t lap = laps[furthest(mask)] + 1;
    for (std::size_t m = 0; m < live.size(); ++m)
      if (mask >> m & 1) {
        next[m] = base;
        laps[m] = lap;
      }
  }

private:
  /// The memory of `mask` that was filled furthest: behind its last buffer none of the others has
  /// bytes that were freed a moment ago.
  std::size_t furthest(uint8_t mask) const {
    std::size_t best = __builtin_ctz(mask);
    for (std::size_t m = best + 1; m < live.size(); ++m)
      if (mask >> m & 1 &&
          (laps[m] > laps[best] || (laps[m] == laps[best] && next[m] > next[best])))
        best = m;
    return best;
  }

  /// The end of a live buffer of memory `m` that overlaps [at, at + size), or -1.
  int64_t obstacle(std::size_t m, int64_t at, int64_t size) const {
    auto it = live[m].lower_bound(at + size);
    if (it == live[m].begin() || std::prev(it)->second <= at)
      return -1;
    return std::prev(it)->second;
  }

  /// The first gap of `size` bytes from `at` on.
  int64_t search(int64_t at, int64_t size, uint8_t mask) const {
    for (bool moved = true; moved;) {
      moved = false;
      if (at + size > end)
        return -1;
      for (std::size_t m = 0; m < live.size(); ++m)
        if (mask >> m & 1)
          if (int64_t past = obstacle(m, at, size); past >= 0) {
            at = past;
            moved = true;
          }
    }
    return at;
  }

  int64_t base, end, alignment;
  std::vector<std::map<int64_t, int64_t>> live; ///< per memory: address -> end
  std::vector<int64_t> next;                    ///< per memory: where its last buffer ended
  std::vector<int64_t> laps; ///< per memory: how often it has started from the beginning
};

} // namespace afe::memory

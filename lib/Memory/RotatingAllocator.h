// Addresses for short-lived buffers (L1 tiles, L2 staging): next fit. The search goes on from where
// the last buffer ended, so that freshly freed bytes are reused last and the data movers get as far
// ahead of the computation as the memory is large.
#pragma once

#include <cstdint>
#include <map>

namespace afe::memory {

class RotatingAllocator {
public:
  RotatingAllocator(int64_t base, int64_t end, int64_t alignment)
      : base(base), end(end), alignment(alignment), next(base) {}

  /// Address of `bytes` free bytes, or -1 where no gap is large enough.
  int64_t allocate(int64_t bytes) {
    int64_t size = (bytes + alignment - 1) / alignment * alignment;
    int64_t address = search(next, end, size);
    if (address < 0)
      address = search(base, end, size);
    if (address < 0)
      return -1;
    live.emplace(address, address + size);
    next = address + size;
    return address;
  }

  void free(int64_t address) { live.erase(address); }

  /// Starts from the beginning where the bytes behind the last buffer are fewer than `bytes`: what
  /// is allocated next as a set would not fit there without a gap.
  void makeRoom(int64_t bytes) {
    if (next + bytes > end)
      next = base;
  }

  int64_t largestLive() const { return peak; }

private:
  /// First gap of `size` bytes that starts in [from, to).
  int64_t search(int64_t from, int64_t to, int64_t size) {
    int64_t at = from;
    auto it = live.upper_bound(from);
    if (it != live.begin() && std::prev(it)->second > from)
      at = std::prev(it)->second;
    for (; it != live.end() && it->first < at + size; ++it)
      at = it->second;
    if (at + size > to)
      return -1;
    peak = peak > at + size ? peak : at + size;
    return at;
  }

  int64_t base, end, alignment, next, peak = 0;
  std::map<int64_t, int64_t> live; ///< address -> end
};

} // namespace afe::memory

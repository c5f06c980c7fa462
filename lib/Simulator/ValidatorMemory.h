// The history of one memory as the sweep over time sees it: for every byte the buffer and event of
// its last write, when that may be read, and until when it is being read. Neighbouring bytes of the
// same history are one segment.
#pragma once

#include <cstdint>
#include <map>

namespace afe::sim {

constexpr uint32_t kNoEvent = 0xffffffffu;
constexpr uint32_t kUnwritten = 0xffffffffu;

struct Segment {
  int64_t high = 0;             ///< one past the last byte; the first is the map's key
  uint32_t buffer = kUnwritten; ///< through which it was last written
  uint32_t writer = kNoEvent;
  int64_t ready = 0;          ///< of the last write
  int64_t readEnd = 0;        ///< latest end of the reads since
  uint32_t reader = kNoEvent; ///< that read
};

class MemoryHistory {
public:
  explicit MemoryHistory(int64_t size) { segments[0].high = size; }

  /// Calls f(low, high, segment) for the segments that meet [low, high), clipped; stops at false.
  template <typename Function> bool visit(int64_t low, int64_t high, Function f) const {
    for (auto it = find(low); it != segments.end() && it->first < high; ++it)
      if (!f(it->first < low ? low : it->first, it->second.high < high ? it->second.high : high,
             it->second))
        return false;
    return true;
  }

  /// The bytes are read until `end` by `event`. Their last write must be over.
  void read(int64_t low, int64_t high, int64_t end, uint32_t event);
  /// The bytes are written through `buffer` by `event`, and may be read from `ready` on.
  void write(int64_t low, int64_t high, uint32_t buffer, int64_t ready, uint32_t event);

private:
  using Map = std::map<int64_t, Segment>;
  Map::const_iterator find(int64_t low) const { return --segments.upper_bound(low); }
  /// Makes `at` a segment's first byte.
  Map::iterator split(int64_t at);

  Map segments; ///< cover the memory, from 0 on
};

} // namespace afe::sim

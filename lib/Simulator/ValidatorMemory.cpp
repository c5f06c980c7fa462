// Segments are split where an access begins or ends and joined again behind it, so that their
// number stays near that of the tiles in memory.

#include "Simulator/ValidatorMemory.h"

namespace afe::sim {

MemoryHistory::Map::iterator MemoryHistory::split(int64_t at) {
  auto it = segments.lower_bound(at);
  if (it != segments.end() && it->first == at)
    return it;
  auto before = std::prev(it);
  if (before->second.high <= at)
    return it;
  Segment upper = before->second;
  before->second.high = at;
  return segments.emplace_hint(it, at, upper);
}

void MemoryHistory::read(int64_t low, int64_t high, int64_t end, uint32_t event) {
  split(high);
  auto it = split(low), previous = segments.end();
  while (it != segments.end() && it->first < high) {
    Segment &segment = it->second;
    if (segment.readEnd < end) {
      segment.readEnd = end;
      segment.reader = event;
    }
    // The writes of what may be read are over: only their buffer still matters.
    if (previous != segments.end() && previous->second.buffer == segment.buffer &&
        previous->second.readEnd == segment.readEnd) {
      previous->second.high = segment.high;
      it = segments.erase(it);
    } else {
      previous = it++;
    }
  }
}

void MemoryHistory::write(int64_t low, int64_t high, uint32_t buffer, int64_t ready,
                          uint32_t event) {
  split(high);
  auto it = split(low);
  Segment segment{high, buffer, event, ready, 0, kNoEvent};
  it->second = segment;
  for (++it; it != segments.end() && it->first < high;)
    it = segments.erase(it);
}

} // namespace afe::sim

// When the bytes of one memory may next be read or written, given everything issued so far.
#pragma once

#include "Scheduling/StridedCopy.h"

#include <algorithm>
#include <map>

namespace afe::sched {

class HazardTracker {
public:
  /// Earliest start of a read (RAW) or of a write (WAR, WAW) of the ranges.
  int64_t earliestRead(const std::vector<Interval> &ranges) const {
    int64_t earliest = 0;
    visit(ranges, [&](const State &s) { earliest = std::max(earliest, s.written); });
    return earliest;
  }
  int64_t earliestWrite(const std::vector<Interval> &ranges) const {
    int64_t earliest = 0;
    visit(ranges, [&](const State &s) { earliest = std::max({earliest, s.written, s.read}); });
    return earliest;
  }
  /// A read that has taken its bytes at `end`; a write whose bytes may be read from `done` on.
  void read(const std::vector<Interval> &ranges, int64_t end) {
    update(ranges, [&](State &s) { s.read = std::max(s.read, end); });
  }
  void write(const std::vector<Interval> &ranges, int64_t done) {
    update(ranges, [&](State &s) { s = State{s.hi, done, 0}; });
  }

private:
  struct State {
    int64_t hi = 0, written = 0, read = 0;
  };

  template <typename F> void visit(const std::vector<Interval> &ranges, F f) const {
    for (Interval range : ranges) {
      auto it = segments.upper_bound(range.lo);
      if (it != segments.begin() && std::prev(it)->second.hi > range.lo)
        --it;
      for (; it != segments.end() && it->first < range.hi; ++it)
        f(it->second);
    }
  }

  /// Cuts a segment that contains `at` in its middle.
  void cut(int64_t at) {
    auto it = segments.lower_bound(at);
    if (it == segments.begin())
      return;
    --it;
    if (it->second.hi <= at)
      return;
    State upper = it->second;
    it->second.hi = at;
    segments.emplace(at, upper);
  }

  /// Applies `f` to exactly the bytes of the ranges; equal neighbours inside a range are joined.
  template <typename F> void update(const std::vector<Interval> &ranges, F f) {
    for (Interval range : ranges) {
      cut(range.lo);
      cut(range.hi);
      int64_t at = range.lo;
      auto it = segments.lower_bound(range.lo);
      while (at < range.hi) {
        if (it == segments.end() || it->first > at) {
          int64_t hi = it == segments.end() ? range.hi : std::min(range.hi, it->first);
          it = segments.emplace_hint(it, at, State{hi, 0, 0});
        }
        f(it->second);
        at = it->second.hi;
        if (it->first > range.lo) {
          auto before = std::prev(it);
          State &b = before->second;
          if (b.hi == it->first && b.written == it->second.written && b.read == it->second.read) {
            b.hi = it->second.hi;
            segments.erase(it);
            it = before;
          }
        }
        ++it;
      }
    }
  }

  std::map<int64_t, State> segments; ///< by first byte, disjoint
};

} // namespace afe::sched

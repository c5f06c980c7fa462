// What no placement can undercut, and which problems make sense at all.

#include "Memory/Problem.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace afe::memory {

std::string checkProblem(const Problem &problem) {
  int64_t left = INT64_MAX / 2;
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const BufferSpec &b = problem.buffers[i];
    const std::string name = "buffer " + std::to_string(i);
    if (b.lower >= b.upper)
      return name + " lives in [" + std::to_string(b.lower) + ", " + std::to_string(b.upper) +
             "), which is no time";
    if (b.size < 0)
      return name + " has a negative size, " + std::to_string(b.size);
    if (b.alignment < 1)
      return name + " has an alignment of " + std::to_string(b.alignment) + ", at least 1 is meant";
    if (b.size > left || b.alignment > left - b.size)
      return name + " makes the sum of all sizes exceed 62 bits";
    left -= b.size + b.alignment;
  }
  for (const InPlacePair &p : problem.inPlace) {
    const std::string name = "the in-place pair of buffers " + std::to_string(p.source) + " and " +
                             std::to_string(p.result);
    if (p.source >= problem.buffers.size() || p.result >= problem.buffers.size())
      return name + " names a buffer that does not exist";
    // Written without adding to a bound, which may be the largest number there is.
    if (problem.buffers[p.source].upper - 1 != problem.buffers[p.result].lower)
      return name +
             " does not meet in exactly one moment, the source's last and the result's first";
  }
  return {};
}

/// Largest value of a sum of changes, in the order of time.
static int64_t peak(const std::map<int64_t, int64_t> &change) {
  int64_t load = 0, most = 0;
  for (auto [time, delta] : change)
    most = std::max(most, load += delta);
  return most;
}

int64_t maxLiveLoad(const Problem &problem) {
  std::map<int64_t, int64_t> change;
  for (const BufferSpec &b : problem.buffers) {
    change[b.lower] += b.size;
    change[b.upper] -= b.size;
  }
  // A result takes the bytes of one source at most: the largest it may have.
  std::map<size_t, int64_t> shared;
  for (const InPlacePair &p : problem.inPlace) {
    int64_t &most = shared[p.result];
    most = std::max(most, std::min(problem.buffers[p.source].size, problem.buffers[p.result].size));
  }
  for (auto [result, bytes] : shared) {
    change[problem.buffers[result].lower] -= bytes;
    change[problem.buffers[result].lower + 1] += bytes;
  }
  return peak(change);
}

int64_t lowerBound(const Problem &problem) {
  int64_t unit = 0;
  for (const BufferSpec &b : problem.buffers)
    unit = std::gcd(unit, b.alignment);
  if (unit <= 1 || !problem.inPlace.empty())
    return maxLiveLoad(problem);
  // Every offset is a multiple of `unit`, hence every buffer but the topmost takes whole units.
  struct Event {
    int64_t time;
    bool begins;
    int64_t size;
  };
  std::vector<Event> events;
  for (const BufferSpec &b : problem.buffers)
    if (b.size > 0) {
      events.push_back({b.lower, true, b.size});
      events.push_back({b.upper, false, b.size});
    }
  std::sort(events.begin(), events.end(), [](const Event &a, const Event &b) {
    return a.time != b.time ? a.time < b.time : a.begins < b.begins;
  });
  std::multiset<int64_t> wastes;
  int64_t load = 0, most = 0;
  for (const Event &e : events) {
    const int64_t whole = alignUp(e.size, unit), waste = whole - e.size;
    load += e.begins ? whole : -whole;
    if (!e.begins) {
      wastes.erase(wastes.find(waste));
      continue;
    }
    wastes.insert(waste);
    most = std::max(most, load - *wastes.rbegin());
  }
  return most;
}

} // namespace afe::memory

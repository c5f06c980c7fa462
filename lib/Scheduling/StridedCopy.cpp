// Normal form, splitting and byte ranges of strided copies.

#include "Scheduling/StridedCopy.h"

#include <algorithm>

namespace afe::sched {

void StridedCopy::normalize() {
  std::vector<Loop> merged;
  for (const Loop &loop : loops) {
    if (loop.extent == 1)
      continue;
    if (merged.empty() && loop.src == run && loop.dst == run) {
      run *= loop.extent;
      continue;
    }
    if (!merged.empty()) {
      Loop &inner = merged.back();
      if (loop.src == inner.src * inner.extent && loop.dst == inner.dst * inner.extent) {
        inner.extent *= loop.extent;
        continue;
      }
    }
    merged.push_back(loop);
  }
  loops = std::move(merged);
}

int64_t StridedCopy::bytes() const {
  int64_t total = run;
  for (const Loop &loop : loops)
    total *= loop.extent;
  return total;
}

void StridedCopy::forEachPiece(unsigned depth,
                               const std::function<void(const StridedCopy &)> &piece) const {
  if (loops.size() <= depth)
    return piece(*this);
  StridedCopy inner = *this;
  Loop outer = inner.loops.back();
  inner.loops.pop_back();
  for (int64_t i = 0; i < outer.extent; ++i) {
    inner.src = src + i * outer.src;
    inner.dst = dst + i * outer.dst;
    inner.forEachPiece(depth, piece);
  }
}

/// Sorts and joins overlapping and adjacent ranges.
static std::vector<Interval> join(std::vector<Interval> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](Interval a, Interval b) { return a.lo < b.lo; });
  std::vector<Interval> joined;
  for (Interval range : ranges) {
    if (!joined.empty() && range.lo <= joined.back().hi)
      joined.back().hi = std::max(joined.back().hi, range.hi);
    else
      joined.push_back(range);
  }
  return joined;
}

std::vector<Interval> StridedCopy::ranges(bool ofDst, size_t limit) const {
  // From the innermost loop outwards; once the limit is passed, loops only widen the ranges.
  std::vector<Interval> result{{0, run}};
  std::vector<Loop> byStride = loops;
  std::sort(byStride.begin(), byStride.end(), [&](const Loop &a, const Loop &b) {
    return std::abs(ofDst ? a.dst : a.src) < std::abs(ofDst ? b.dst : b.src);
  });
  for (const Loop &loop : byStride) {
    int64_t stride = ofDst ? loop.dst : loop.src;
    std::vector<Interval> next;
    if (result.size() * loop.extent <= limit) {
      for (int64_t i = 0; i < loop.extent; ++i)
        for (Interval range : result)
          next.push_back({range.lo + i * stride, range.hi + i * stride});
    } else {
      int64_t reach = (loop.extent - 1) * stride;
      Interval hull = result.front();
      for (Interval range : result)
        hull = {std::min(hull.lo, range.lo), std::max(hull.hi, range.hi)};
      next.push_back(
          {hull.lo + std::min<int64_t>(0, reach), hull.hi + std::max<int64_t>(0, reach)});
    }
    result = join(std::move(next));
  }
  int64_t base = ofDst ? dst : src;
  for (Interval &range : result)
    range = {range.lo + base, range.hi + base};
  return result;
}

/// One level of gathering: neighbours of equal shape at equal distances become a loop.
static std::vector<StridedCopy> gather(const std::vector<StridedCopy> &copies) {
  auto sameShape = [](const StridedCopy &a, const StridedCopy &b) {
    return a.run == b.run && a.loops.size() == b.loops.size() &&
           std::equal(a.loops.begin(), a.loops.end(), b.loops.begin(),
                      [](const Loop &x, const Loop &y) {
                        return x.extent == y.extent && x.src == y.src && x.dst == y.dst;
                      });
  };
  std::vector<StridedCopy> result;
  for (size_t i = 0; i < copies.size();) {
    StridedCopy group = copies[i];
    size_t j = i + 1;
    if (j < copies.size() && sameShape(copies[i], copies[j])) {
      Loop loop{1, copies[j].src - copies[i].src, copies[j].dst - copies[i].dst};
      while (j < copies.size() && sameShape(copies[i], copies[j]) &&
             copies[j].src - copies[j - 1].src == loop.src &&
             copies[j].dst - copies[j - 1].dst == loop.dst)
        ++j;
      loop.extent = j - i;
      group.loops.push_back(loop);
    }
    group.normalize();
    result.push_back(std::move(group));
    i = j;
  }
  return result;
}

std::vector<StridedCopy> compressRuns(const std::vector<StridedCopy> &runs) {
  return gather(gather(runs));
}

} // namespace afe::sched

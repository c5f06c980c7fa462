// Splits a placement problem where no buffer lives across, and reduces each part to sections and
// units.

#include "Memory/Sections.h"

#include <algorithm>
#include <numeric>

namespace afe::memory {

namespace {

constexpr size_t maxBuffers = 8192;
constexpr int64_t maxPairs = int64_t(1) << 24;

/// Largest number that divides all rounded sizes, and divides or is divided by each alignment.
int64_t commonUnit(const Problem &problem, const std::vector<size_t> &members) {
  int64_t aligned = 0, unit = 0;
  for (size_t i : members)
    aligned = std::gcd(aligned, problem.buffers[i].alignment);
  for (size_t i : members)
    unit = std::gcd(unit, alignUp(problem.buffers[i].size, aligned));
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i : members) {
      const int64_t alignment = problem.buffers[i].alignment;
      if (unit % alignment == 0 || alignment % unit == 0)
        continue;
      unit = std::gcd(unit, alignment);
      changed = true;
    }
  }
  return unit;
}

/// Starts of the maximal sections: a moment after which a buffer ends before the next one begins.
std::vector<int64_t> maximalSections(const Problem &problem, const std::vector<size_t> &members) {
  std::vector<int64_t> begins, ends, sections;
  for (size_t i : members) {
    begins.push_back(problem.buffers[i].lower);
    ends.push_back(problem.buffers[i].upper);
  }
  std::sort(begins.begin(), begins.end());
  begins.erase(std::unique(begins.begin(), begins.end()), begins.end());
  std::sort(ends.begin(), ends.end());
  for (size_t k = 0; k < begins.size(); ++k) {
    auto end = std::upper_bound(ends.begin(), ends.end(), begins[k]);
    if (k + 1 == begins.size() || *end <= begins[k + 1])
      sections.push_back(begins[k]);
  }
  return sections;
}

/// Lists who meets whom, unless the part is too large to be searched.
void findNeighbours(Part &part) {
  const size_t count = part.buffers.size();
  std::vector<int64_t> load(part.numSections), live(part.numSections);
  for (const PartBuffer &b : part.buffers)
    for (int s = b.first; s < b.end; ++s) {
      load[s] += b.size + b.alignment;
      ++live[s];
    }
  int64_t pairs = 0;
  for (int s = 0; s < part.numSections; ++s) {
    pairs += live[s] * live[s];
    if (load[s] > maxPartUnits || pairs > maxPairs)
      return;
  }
  part.neighbours.resize(count);
  for (size_t i = 0; i < count; ++i)
    for (size_t j = 0; j < i; ++j)
      if (part.buffers[i].first < part.buffers[j].end &&
          part.buffers[j].first < part.buffers[i].end) {
        part.neighbours[i].push_back(int(j));
        part.neighbours[j].push_back(int(i));
      }
}

Part makePart(const Problem &problem, const std::vector<size_t> &members) {
  Part part;
  const std::vector<int64_t> sections = maximalSections(problem, members);
  part.numSections = int(sections.size());
  part.unitInBytes = commonUnit(problem, members);
  bool small = members.size() <= maxBuffers;
  for (size_t i : members) {
    const BufferSpec &b = problem.buffers[i];
    auto sectionFrom = [&](int64_t time) {
      return int(std::lower_bound(sections.begin(), sections.end(), time) - sections.begin());
    };
    const int64_t units = alignUp(b.size, part.unitInBytes) / part.unitInBytes;
    const int64_t alignment = std::max<int64_t>(1, b.alignment / part.unitInBytes);
    small = small && units < maxPartUnits && alignment < maxPartUnits;
    part.buffers.push_back({i, sectionFrom(b.lower), sectionFrom(b.upper),
                            Units(std::min(units, maxPartUnits)),
                            Units(std::min(alignment, maxPartUnits)), b.upper - b.lower, b.size});
  }
  if (small)
    findNeighbours(part);
  return part;
}

} // namespace

std::vector<Part> splitIntoParts(const Problem &problem) {
  std::vector<size_t> order;
  for (size_t i = 0; i < problem.buffers.size(); ++i)
    if (problem.buffers[i].size > 0 && problem.buffers[i].lower < problem.buffers[i].upper)
      order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return problem.buffers[a].lower < problem.buffers[b].lower;
  });
  std::vector<Part> parts;
  std::vector<size_t> members;
  int64_t end = INT64_MIN;
  for (size_t i : order) {
    if (!members.empty() && problem.buffers[i].lower >= end) {
      parts.push_back(makePart(problem, members));
      members.clear();
    }
    end = members.empty() ? problem.buffers[i].upper : std::max(end, problem.buffers[i].upper);
    members.push_back(i);
  }
  if (!members.empty())
    parts.push_back(makePart(problem, members));
  return parts;
}

} // namespace afe::memory

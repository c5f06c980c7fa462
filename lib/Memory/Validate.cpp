// Checks a placement pair by pair; shares nothing with the solvers.

#include "Memory/Problem.h"

namespace afe::memory {

/// Whether the two may hold the same bytes: a declared pair, meeting in one moment at one offset.
static bool inPlace(const Problem &problem, const std::vector<int64_t> &offsets, size_t i,
                    size_t j) {
  for (const InPlacePair &p : problem.inPlace)
    if ((p.source == i && p.result == j) || (p.source == j && p.result == i))
      return offsets[i] == offsets[j] &&
             problem.buffers[p.source].upper - 1 == problem.buffers[p.result].lower;
  return false;
}

std::string validate(const Problem &problem, const std::vector<int64_t> &offsets) {
  auto name = [](size_t i) { return "buffer " + std::to_string(i); };
  if (offsets.size() != problem.buffers.size())
    return "there are " + std::to_string(problem.buffers.size()) + " buffers but " +
           std::to_string(offsets.size()) + " offsets";
  for (size_t i = 0; i < offsets.size(); ++i) {
    const BufferSpec &a = problem.buffers[i];
    if (offsets[i] < 0 || a.size > problem.capacity - offsets[i])
      return name(i) + " of " + std::to_string(a.size) + " bytes at " + std::to_string(offsets[i]) +
             " is not within the capacity " + std::to_string(problem.capacity);
    if (offsets[i] % a.alignment)
      return name(i) + " at " + std::to_string(offsets[i]) + " is not aligned to " +
             std::to_string(a.alignment);
    for (size_t j = 0; j < i; ++j) {
      const BufferSpec &b = problem.buffers[j];
      bool together = a.lower < b.upper && b.lower < a.upper;
      bool overlap = offsets[i] < offsets[j] + b.size && offsets[j] < offsets[i] + a.size;
      if (together && overlap && !inPlace(problem, offsets, i, j))
        return name(i) + " and " + name(j) + " live at the same time and overlap";
    }
  }
  return {};
}

} // namespace afe::memory

// Joins in-place pairs. The joined buffer is a rectangle: as long as both, as large as the larger.

#include "Memory/InPlace.h"

#include <algorithm>
#include <numeric>

namespace afe::memory {

namespace {

class Joiner {
public:
  explicit Joiner(const Problem &problem)
      : original(problem), root(problem.buffers.size()), hasSource(root.size()),
        hasResult(root.size()) {
    std::iota(root.begin(), root.end(), 0);
    shared.capacity = problem.capacity;
    shared.buffers = problem.buffers;
  }

  void join(const InPlacePair &pair) {
    if (hasResult[pair.source] || hasSource[pair.result])
      return;
    // One that lives for a single moment does so beside its source and its result at once.
    if ((hasSource[pair.source] && isMomentary(pair.source)) ||
        (hasResult[pair.result] && isMomentary(pair.result)))
      return;
    const size_t into = root[pair.source], from = root[pair.result];
    BufferSpec &a = shared.buffers[into], &b = shared.buffers[from];
    if (a.alignment % b.alignment != 0 && b.alignment % a.alignment != 0)
      return;
    const BufferSpec before[] = {a, b};
    // Alike, they take no more than one of them at any time; otherwise the bound has to tell.
    const bool alike = a.size == b.size && a.alignment == b.alignment;
    const int64_t bound = alike ? 0 : lowerBound(shared);
    a.upper = b.upper;
    a.size = std::max(a.size, b.size);
    a.alignment = std::max(a.alignment, b.alignment);
    b.size = 0; // placed anywhere, found again through `root`
    if (!alike && lowerBound(shared) > bound) {
      a = before[0];
      b = before[1];
      return;
    }
    hasResult[pair.source] = hasSource[pair.result] = true;
    std::replace(root.begin(), root.end(), from, into);
  }

  bool isMomentary(size_t i) const {
    return original.buffers[i].upper - 1 == original.buffers[i].lower;
  }

  SharedProblem finish() { return {std::move(shared), std::move(root)}; }

private:
  const Problem &original;
  Problem shared;
  std::vector<size_t> root;
  std::vector<bool> hasSource, hasResult;
};

} // namespace

SharedProblem joinInPlacePairs(const Problem &problem) {
  Joiner joiner(problem);
  for (const InPlacePair &pair : problem.inPlace)
    joiner.join(pair);
  return joiner.finish();
}

} // namespace afe::memory

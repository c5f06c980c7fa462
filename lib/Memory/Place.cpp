// Chooses among the solvers: greedy first, then the search for a given height, then for the least.

#include "Memory/Place.h"

#include "Memory/Exact.h"
#include "Memory/InPlace.h"

#include <algorithm>

namespace afe::memory {

const char *methodName(Method method) {
  switch (method) {
  case Method::FirstFit:
    return "first-fit";
  case Method::BestFit:
    return "best-fit";
  case Method::Exact:
    return "exact";
  }
  return "";
}

namespace {

/// Highest end that is good enough to stop at.
int64_t goalOf(const Problem &problem, const PlaceOptions &options, int64_t bound) {
  return options.lowest ? bound : std::max(bound, problem.capacity);
}

void adopt(Placement &placement, std::vector<int64_t> offsets, int64_t height, Method method) {
  placement.offsets = std::move(offsets);
  placement.height = height;
  placement.method = method;
}

/// The greedy placement asked for; for Exact the better of both, best fit where they are equal.
void placeGreedily(const Problem &problem, const PlaceOptions &options, Placement &placement) {
  int64_t height = 0;
  if (options.method != Method::FirstFit) {
    std::vector<int64_t> offsets = placeBestFit(problem, height);
    adopt(placement, std::move(offsets), height, Method::BestFit);
    if (options.method == Method::BestFit ||
        height <= goalOf(problem, options, placement.lowerBound))
      return;
  }
  std::vector<int64_t> offsets = placeFirstFit(problem, height);
  if (options.method == Method::FirstFit || height < placement.height)
    adopt(placement, std::move(offsets), height, Method::FirstFit);
}

/// Narrows [lowerBound, height] of a placement by searching for placements within given heights.
class HeightSearch {
public:
  HeightSearch(const Problem &problem, int64_t steps, Placement &placement)
      : problem(problem), parts(splitIntoParts(problem)), placement(placement), steps(steps) {}

  /// Looks for a placement within `height` with at most `most` steps; true if there was one.
  bool tryHeight(int64_t height, int64_t most) {
    int64_t left = most;
    std::vector<int64_t> offsets = placement.offsets;
    const Outcome outcome = fitWithin(parts, height, left, offsets);
    steps -= most - left;
    placement.stepsUsed += most - left;
    if (outcome == Outcome::Impossible)
      placement.lowerBound = std::max(placement.lowerBound, height + 1);
    if (outcome != Outcome::Found)
      return false;
    const int64_t reached = heightOf(problem, offsets);
    adopt(placement, std::move(offsets), reached, Method::Exact);
    return true;
  }

  /// The lower bound first, then by bisection, each height with half of the steps that are left, so
  /// that one hopeless height does not use up everything.
  void lower() {
    int64_t from = placement.lowerBound; // heights below are impossible or were given up
    for (int64_t target = from; steps > 0 && from < placement.height;
         target = from + (placement.height - from) / 2)
      if (!tryHeight(target, (steps + 1) / 2))
        from = target + 1;
  }

  int64_t stepsLeft() const { return steps; }

private:
  const Problem &problem;
  const std::vector<Part> parts;
  Placement &placement;
  int64_t steps;
};

/// The capacity first, with all steps; only for `lowest` what else can be gained.
void search(const Problem &problem, const PlaceOptions &options, Placement &placement) {
  const bool undecided =
      placement.height > problem.capacity && problem.capacity >= placement.lowerBound;
  if (options.steps <= 0 || (!undecided && !options.lowest))
    return;
  HeightSearch heights(problem, options.steps, placement);
  if (undecided)
    heights.tryHeight(problem.capacity, heights.stepsLeft());
  if (options.lowest)
    heights.lower();
}

/// Without in-place pairs.
Placement placeApart(const Problem &problem, const PlaceOptions &options) {
  Placement placement;
  placement.maxLiveLoad = maxLiveLoad(problem);
  placement.lowerBound = lowerBound(problem);
  placeGreedily(problem, options, placement);
  if (options.method == Method::Exact)
    search(problem, options, placement);
  placement.fits = placement.height <= problem.capacity;
  return placement;
}

/// Once with pairs joined, and once apart if that is not good enough.
Placement placeWithPairs(const Problem &problem, const PlaceOptions &options) {
  const SharedProblem shared = joinInPlacePairs(problem);
  const int64_t bound = lowerBound(problem);
  PlaceOptions half = options;
  half.steps = (options.steps + 1) / 2;
  Placement joined = placeApart(shared.problem, half);
  std::vector<int64_t> offsets;
  for (size_t member : shared.members)
    offsets.push_back(joined.offsets[member]);
  joined.offsets = std::move(offsets);
  if (joined.height > goalOf(problem, options, bound)) {
    Problem apart = problem;
    apart.inPlace.clear();
    half.steps = options.steps - joined.stepsUsed;
    Placement separate = placeApart(apart, half);
    separate.stepsUsed += joined.stepsUsed;
    joined.stepsUsed = separate.stepsUsed;
    if (separate.height < joined.height)
      joined = std::move(separate);
  }
  joined.maxLiveLoad = maxLiveLoad(problem);
  joined.lowerBound = bound;
  return joined;
}

} // namespace

Placement place(const Problem &problem, const PlaceOptions &options) {
  return problem.inPlace.empty() ? placeApart(problem, options) : placeWithPairs(problem, options);
}

} // namespace afe::memory

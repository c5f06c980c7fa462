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

/// Narrows [lowerBound, height] with up to `steps` steps. The capacity is tried first, with all
/// steps; lower heights then by bisection from the bound on, each with half of what is left, so
/// that one hopeless height does not use up everything.
void searchHeights(const Problem &problem, const PlaceOptions &options, int64_t steps,
                   Placement &placement) {
  const std::vector<Part> parts = splitIntoParts(problem);
  const bool capacityFirst =
      placement.height > problem.capacity && problem.capacity >= placement.lowerBound;
  int64_t from = placement.lowerBound; // heights below are impossible or were given up
  int64_t target = capacityFirst ? problem.capacity : from;
  while (steps > 0 && from < placement.height &&
         placement.height > goalOf(problem, options, placement.lowerBound)) {
    int64_t allowed = target == problem.capacity ? steps : (steps + 1) / 2;
    steps -= allowed;
    placement.stepsUsed += allowed;
    std::vector<int64_t> offsets = placement.offsets;
    const Outcome outcome = fitWithin(parts, target, allowed, offsets);
    steps += allowed;
    placement.stepsUsed -= allowed;
    if (outcome == Outcome::Found) {
      const int64_t height = heightOf(problem, offsets);
      adopt(placement, std::move(offsets), height, Method::Exact);
    } else {
      from = target + 1;
    }
    if (outcome == Outcome::Impossible)
      placement.lowerBound = std::max(placement.lowerBound, target + 1);
    const bool first = outcome == Outcome::Found && target == problem.capacity;
    target = first ? from : from + (placement.height - from) / 2;
  }
}

/// Without in-place pairs.
Placement placeApart(const Problem &problem, const PlaceOptions &options) {
  Placement placement;
  placement.maxLiveLoad = maxLiveLoad(problem);
  placement.lowerBound = lowerBound(problem);
  placeGreedily(problem, options, placement);
  if (options.method == Method::Exact)
    searchHeights(problem, options, options.steps, placement);
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

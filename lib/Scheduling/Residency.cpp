// Which tensors live in L2 and where. Spills the largest tensor of the fullest moment until what is
// live together can be placed beside the staging area.

#include "Memory/Place.h"
#include "Scheduling/InPlace.h"
#include "Scheduling/Schedule.h"
#include "Scheduling/Stagger.h"

#include <algorithm>

namespace afe::sched {

namespace {

constexpr int64_t kAlignment = 64;

/// In moments at which groups of layers are issued; inputs live from the start, outputs to the end.
struct LiveRange {
  int64_t first = INT64_MAX, last = -1;
  void include(Moments at) { first = std::min(first, at.first), last = std::max(last, at.last); }
};

std::vector<LiveRange> liveRanges(const Network &network, const Plan &plan) {
  std::vector<LiveRange> ranges(network.storages.size());
  std::vector<Moments> moments = issueMoments(plan.mappings, plan.stagger);
  int64_t end = 0;
  for (size_t l = 0; l < network.layers.size(); ++l) {
    end = std::max(end, moments[l].last);
    for (int t : network.layers[l].inputs)
      ranges[network.tensors[t].storage].include(moments[l]);
    for (int t : network.layers[l].outputs)
      ranges[network.tensors[t].storage].include(moments[l]);
  }
  for (int t : network.inputs)
    ranges[network.tensors[t].storage].include({0, 0});
  for (int t : network.outputs)
    ranges[network.tensors[t].storage].include({end, end});
  return ranges;
}

/// Bytes of L2 kept for what passes through from and to DRAM.
int64_t stagingReserve(const Target &target) {
  return std::min(target.l2_bytes / 2, std::max(target.l2_bytes / 8, 2 * target.l1_bytes));
}
/// The least that will do, where that saves a tensor from being spilled.
int64_t smallReserve(const Target &target) {
  return std::min(stagingReserve(target), std::max(target.l2_bytes / 32, target.l1_bytes));
}

memory::PlaceOptions placeOptions(const Options &options) {
  memory::PlaceOptions result;
  result.steps = options.exactPlacement ? options.placementSteps() : 0;
  return result;
}

/// The placement problem of the resident storages.
class L2Problem {
public:
  L2Problem(const Network &network, const Plan &plan)
      : uses(network), pairs(plan.options.inPlaceSums ? inPlacePairs(network, uses, plan.mappings)
                                                      : std::vector<StoragePair>()),
        network(network), ranges(liveRanges(network, plan)), options(placeOptions(plan.options)) {}

  void build(const std::vector<bool> &resident) {
    problem = {};
    storages.clear();
    std::vector<int64_t> index(network.storages.size(), -1);
    for (size_t i = 0; i < network.storages.size(); ++i)
      if (resident[i]) {
        index[i] = storages.size();
        storages.push_back(i);
        problem.buffers.push_back(
            {ranges[i].first, ranges[i].last + 1, network.storages[i].bytes, kAlignment});
      }
    for (StoragePair pair : pairs)
      if (index[pair.source] >= 0 && index[pair.result] >= 0 &&
          ranges[pair.source].last == ranges[pair.result].first)
        problem.inPlace.push_back({size_t(index[pair.source]), size_t(index[pair.result])});
  }

  /// With as large a staging area as there is room for.
  memory::Placement place(const Target &target) {
    for (int64_t reserve : {stagingReserve(target), smallReserve(target)}) {
      problem.capacity = target.l2_bytes - reserve;
      memory::Placement placement = memory::place(problem, options);
      if (placement.fits || reserve == smallReserve(target))
        return placement;
    }
    return {};
  }

  TensorUses uses;
  std::vector<StoragePair> pairs;
  memory::Problem problem;
  std::vector<size_t> storages; ///< per buffer of the problem

private:
  const Network &network;
  const std::vector<LiveRange> ranges;
  const memory::PlaceOptions options;
};

} // namespace

/// The last layer of the groups that are issued at a moment.
static size_t layerAt(int64_t moment, const Plan &plan) {
  std::vector<Moments> moments = issueMoments(plan.mappings, plan.stagger);
  size_t layer = 0;
  for (size_t l = 0; l < moments.size(); ++l)
    if (moments[l].first <= moment && moment <= moments[l].last)
      layer = l;
  return layer;
}

void chooseResidency(const Network &network, const Target &target, Plan &plan) {
  L2Problem l2(network, plan);
  std::vector<bool> inL1 = storagesInL1(network, l2.uses, plan.mappings);
  plan.spills.clear();
  plan.resident.assign(network.storages.size(), false);
  for (size_t i = 0; i < network.storages.size(); ++i)
    plan.resident[i] = network.storages[i].kind != Storage::Kind::Constant && !inL1[i];
  for (;;) {
    l2.build(plan.resident);
    memory::Placement placement = l2.place(target);
    if (placement.fits)
      return;
    memory::FullestMoment moment = memory::fullestMoment(l2.problem);
    size_t storage = l2.storages[moment.buffers.front()];
    plan.resident[storage] = false;
    if (network.storages[storage].kind != Storage::Kind::Intermediate)
      continue;
    int64_t capacity = l2.problem.capacity, reserve = target.l2_bytes - capacity;
    bool proven = placement.lowerBound > capacity;
    plan.spills.push_back({storage, reserve + (proven ? placement.lowerBound : placement.height),
                           layerAt(moment.time, plan)});
  }
}

bool placeSegment(const Network &network, const Target &target, Plan &plan, std::string &error) {
  L2Problem l2(network, plan);
  l2.build(plan.resident);
  memory::Placement placement = l2.place(target);
  l2.problem.capacity = target.l2_bytes;
  error = memory::validate(l2.problem, placement.offsets);
  if (!error.empty())
    return false;
  plan.l2Address.assign(network.storages.size(), -1);
  for (size_t k = 0; k < l2.storages.size(); ++k)
    plan.l2Address[l2.storages[k]] = placement.offsets[k];
  plan.stagingBase = roundUp(placement.height, kAlignment);
  return true;
}

} // namespace afe::sched

// Which tensors live in L2 and where. Spills the largest tensor of the fullest layer until what is
// live together leaves room for staging; then places the rest by live range.

#include "Memory/Problem.h"
#include "Scheduling/Cascade.h"
#include "Scheduling/Schedule.h"

#include <algorithm>

namespace afe::sched {

namespace {

struct LiveRange {
  int64_t first = INT64_MAX, last = -1;
};

/// In layer indices, a cascade being used as a whole; inputs live from the start, outputs to the
/// end.
std::vector<LiveRange> liveRanges(const Network &network, const Plan &plan) {
  std::vector<LiveRange> ranges(network.storages.size());
  std::vector<LiveRange> groups(network.layers.size());
  for (int64_t l = 0; l < int64_t(groups.size()); ++l) {
    int64_t count = std::max<int64_t>(1, plan.mappings[l].cascade);
    for (int64_t i = l; i < l + count && plan.mappings[l].cascade > 0; ++i)
      groups[i] = {l, l + count - 1};
  }
  auto use = [&](int tensor, int64_t layer) {
    LiveRange &r = ranges[network.tensors[tensor].storage];
    if (groups.empty())
      groups.push_back({0, 0});
    r.first = std::min(r.first, groups[layer].first);
    r.last = std::max(r.last, groups[layer].last);
  };
  for (size_t l = 0; l < network.layers.size(); ++l) {
    for (int t : network.layers[l].inputs)
      use(t, l);
    for (int t : network.layers[l].outputs)
      use(t, l);
  }
  for (int t : network.inputs)
    use(t, 0);
  for (int t : network.outputs)
    use(t, network.layers.empty() ? 0 : network.layers.size() - 1);
  return ranges;
}

/// Bytes of L2 kept for what passes through from and to DRAM; less where that saves a tensor from
/// being spilled.
int64_t stagingReserve(const Target &target) {
  return std::min(target.l2_bytes / 2, std::max(target.l2_bytes / 8, 2 * target.l1_bytes));
}
int64_t smallReserve(const Target &target) {
  return std::min(stagingReserve(target), std::max(target.l2_bytes / 32, target.l1_bytes));
}

} // namespace

void chooseResidency(const Network &network, const Target &target, Plan &plan) {
  std::vector<LiveRange> ranges = liveRanges(network, plan);
  std::vector<bool> inL1 = storagesInL1(network, TensorUses(network), plan.mappings);
  plan.resident.assign(network.storages.size(), false);
  for (size_t i = 0; i < network.storages.size(); ++i)
    plan.resident[i] = network.storages[i].kind != Storage::Kind::Constant && !inL1[i];
  int64_t reserve = stagingReserve(target);
  for (;;) {
    int64_t capacity = target.l2_bytes - reserve;
    memory::Problem problem;
    std::vector<size_t> index;
    for (size_t i = 0; i < network.storages.size(); ++i)
      if (plan.resident[i]) {
        problem.buffers.push_back(
            {ranges[i].first, ranges[i].last + 1, network.storages[i].bytes, 64});
        index.push_back(i);
      }
    int64_t height = 0;
    memory::placeBestFit(problem, height);
    if (height <= capacity)
      return;
    if (reserve > smallReserve(target)) {
      reserve = smallReserve(target);
      continue;
    }
    // The fullest layer, and its largest tensor.
    int64_t worst = -1, worstLoad = -1;
    for (int64_t l = 0; l < int64_t(network.layers.size()); ++l) {
      int64_t load = 0;
      for (size_t i : index)
        if (ranges[i].first <= l && l <= ranges[i].last)
          load += network.storages[i].bytes;
      if (load > worstLoad)
        worst = l, worstLoad = load;
    }
    size_t victim = SIZE_MAX;
    for (size_t i : index)
      if (ranges[i].first <= worst && worst <= ranges[i].last &&
          (victim == SIZE_MAX || network.storages[i].bytes > network.storages[victim].bytes))
        victim = i;
    plan.resident[victim] = false;
  }
}

bool placeSegment(const Network &network, const Target &target, Plan &plan, std::string &error) {
  std::vector<LiveRange> ranges = liveRanges(network, plan);
  memory::Problem problem;
  problem.capacity = target.l2_bytes;
  std::vector<size_t> index;
  for (size_t i = 0; i < network.storages.size(); ++i)
    if (plan.resident[i]) {
      problem.buffers.push_back(
          {ranges[i].first, ranges[i].last + 1, network.storages[i].bytes, 64});
      index.push_back(i);
    }
  int64_t height = 0;
  std::vector<int64_t> offsets = memory::placeBestFit(problem, height);
  error = memory::validate(problem, offsets);
  if (!error.empty())
    return false;
  plan.l2Address.assign(network.storages.size(), -1);
  for (size_t k = 0; k < index.size(); ++k)
    plan.l2Address[index[k]] = offsets[k];
  plan.stagingBase = roundUp(height, 64);
  return true;
}

} // namespace afe::sched

// Plans whose batch runs in parts: every part has its share of L1.

#include "Scheduling/PlanCascades.h"
#include "Scheduling/PlanLayers.h"
#include "Scheduling/Stagger.h"

#include <algorithm>

namespace afe::sched {

/// Mappings of the layers [first, end) by themselves, in a plan of their own.
static bool planRange(const Network &network, size_t first, size_t end, const Target &target,
                      const Stagger &stagger, Plan &plan, std::string &error) {
  Network range = layersOf(network, first, end);
  Plan own;
  own.options = plan.options;
  own.stagger = stagger;
  own.mappings.resize(end - first);
  own.trace.resize(end - first);
  for (size_t l = 0; l < end - first; ++l)
    if (!planAlone(range, l, target, own, error))
      return false;
  planCascades(range, target, std::vector<bool>(network.storages.size(), false), own);
  std::copy(own.mappings.begin(), own.mappings.end(), plan.mappings.begin() + first);
  std::copy(own.trace.begin(), own.trace.end(), plan.trace.begin() + first);
  return true;
}

/// The mappings of all layers, those of the staggered ones for a part.
static bool planParts(const Network &network, const Network &part, const Target &target,
                      Plan &plan) {
  const Stagger &s = plan.stagger;
  Target share = target;
  share.l1_bytes = target.l1_bytes / s.parts;
  plan.mappings.assign(network.layers.size(), {});
  plan.trace.assign(network.layers.size(), {});
  std::string error; // what cannot be planned so is no plan
  return planRange(part, s.first, s.end, share, s, plan, error) &&
         planRange(network, 0, s.first, target, {}, plan, error) &&
         planRange(network, s.end, network.layers.size(), target, {}, plan, error);
}

std::vector<Plan> staggeredPlans(const Network &network, const Target &target, const Plan &usual) {
  constexpr int64_t kParts = 2;
  std::vector<Plan> plans;
  const Stagger stagger = findStagger(network, kParts);
  if (!usual.options.staggeredBatch || stagger.parts == 0)
    return plans;
  const Network part = partOf(network, stagger, 0);
  for (bool cascades : {true, false}) {
    if (cascades && !usual.options.cascades)
      continue;
    Plan plan = usual;
    plan.options.cascades = cascades;
    plan.stagger = stagger;
    if (!planParts(network, part, target, plan))
      continue;
    int64_t inTurn = 0;
    for (const GroupTime &group : groupTimes(plan.mappings, stagger.first, stagger.end))
      inTurn += group.cycles * stagger.parts;
    if (chooseLag(part, target, plan.mappings, plan.stagger) >= inTurn * 49 / 50)
      continue;
    plans.push_back(plan);
    // The estimate knows of engines alone: parts twice as far apart may do better.
    plan.stagger.lag *= 2;
    plans.push_back(plan);
  }
  return plans;
}

} // namespace afe::sched

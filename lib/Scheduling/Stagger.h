// Parts of a batch that run staggered: in a range of layers the first images go ahead, and the
// others follow a while behind, so that one part's vector layers run beside another's convolutions.
// The instructions of the parts are issued in turn, in the order of the planner's time.
#pragma once

#include "Scheduling/Plan.h"

namespace afe::sched {

/// The longest range of layers whose images can be computed in `parts` parts without regard to each
/// other; `parts` is 0 in the result where there is none.
Stagger findStagger(const Network &network, int64_t parts);

/// Whether the layers of `stagger` can be computed so, and no cascade of `mappings` crosses its
/// ends.
bool canStagger(const Network &network, const std::vector<Mapping> &mappings,
                const Stagger &stagger);

/// The network as part `part` sees it: tensors of the staggered layers are those of its images.
Network partOf(const Network &network, const Stagger &stagger, int64_t part);

/// The layers [first, end) as a network of their own.
Network layersOf(const Network &network, size_t first, size_t end);

/// Chooses the lag by how busy each engine is in each of the groups of layers of a part, and
/// returns about the cycles that all parts need.
int64_t chooseLag(const Network &part, const Target &target, const std::vector<Mapping> &mappings,
                  Stagger &stagger);

/// The plans with staggered parts that promise to be worth it, without residency; `usual` gives the
/// options.
std::vector<Plan> staggeredPlans(const Network &network, const Target &target, const Plan &usual);

/// When a group of layers is issued, counted in beginnings of groups.
struct Moments {
  int64_t first = 0, last = 0;
};
/// Per layer: the moments of its group, of all parts where it is staggered.
std::vector<Moments> issueMoments(const std::vector<Mapping> &mappings, const Stagger &stagger);

/// A part's groups in the planner's time.
struct GroupTime {
  size_t first, end; ///< layers
  int64_t start, cycles;
};
std::vector<GroupTime> groupTimes(const std::vector<Mapping> &mappings, size_t first, size_t end);

} // namespace afe::sched

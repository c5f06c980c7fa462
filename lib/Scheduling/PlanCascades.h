// Which layers become cascades.
#pragma once

#include "Scheduling/Plan.h"

namespace afe::sched {

/// Joins layers of the plan's mappings (one per layer, each by itself) into cascades where that
/// needs fewer cycles by the timing model: dynamic programming over the order of the layers.
void planCascades(const Network &network, const Target &target, std::vector<Mapping> &mappings);

} // namespace afe::sched

// Which layers become cascades.
#pragma once

#include "Scheduling/Plan.h"

namespace afe::sched {

/// Joins layers of the plan's mappings (one per layer, each by itself) into cascades where that
/// needs fewer cycles by the timing model: dynamic programming over the order of the layers. Fills
/// in what the trace says of runs. `spilled`, per storage: not to be kept in L2, so that writing
/// and reading it costs DRAM's time.
void planCascades(const Network &network, const Target &target, const std::vector<bool> &spilled,
                  Plan &plan);

} // namespace afe::sched

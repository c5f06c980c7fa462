// The mapping search of one vector layer.
#pragma once

#include "Scheduling/PlanLayers.h"
#include "Scheduling/Tile.h"

namespace afe::sched {

/// The cheapest mapping whose tile fits into `budget` bytes of L1; false where none does.
/// `smallest` becomes the fewest bytes of L1 any candidate needs.
bool chooseVectorMapping(const Network &network, const Layer &layer, const Target &target,
                         int64_t budget, Mapping &best, int64_t &smallest, LayerSearch search = {});

/// Cycles of VECTOR over a box of the layer's domain.
int64_t vectorCycles(const VectorParams &vec, const Box &domain, const Target &target);

} // namespace afe::sched

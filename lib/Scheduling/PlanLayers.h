// The mapping search of one layer.
#pragma once

#include "Scheduling/Plan.h"

namespace afe::sched {

/// The cheapest mapping whose tile fits into `budget` bytes of L1; false (and `error` names the
/// layer and the smallest L1 that would do) where none does.
bool planLayer(const Network &network, const Layer &layer, const Target &target, int64_t budget,
               Mapping &mapping, std::string &error);

} // namespace afe::sched

// Which tensors stay in L2.
#pragma once

#include "Scheduling/Plan.h"

namespace afe::sched {

void chooseResidency(const Network &network, const Target &target, Plan &plan);

} // namespace afe::sched

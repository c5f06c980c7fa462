// The rules that need the history of L1, L2 and the accumulator banks: C6, C7, C11 to C18, C20. All
// instructions and DRAM requests are walked in the order of their starts; each is held against what
// the earlier ones did to the bytes it touches.
#pragma once

#include "Simulator/ValidatorReport.h"
#include "Target/Target.h"

namespace afe::sim {

/// The static rules (ValidatorStatic.h) must hold.
MaybeOffence sweepMemories(const isa::Program &program, const Target &target);

} // namespace afe::sim

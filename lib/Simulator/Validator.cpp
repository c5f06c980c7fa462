// The validator as a table of contents: which rules are looked at, in which order.

#include "Simulator/Validator.h"
#include "Simulator/ValidatorStatic.h"
#include "Simulator/ValidatorSweep.h"

namespace afe::sim {

std::optional<Offence> validate(const isa::Program &program, const Target &target) {
  if (auto o = checkShape(program, target))
    return o;
  if (auto o = checkEngines(program, target))
    return o;
  if (auto o = checkReadRate(program, target))
    return o;
  if (auto o = checkRequestOrder(program))
    return o;
  if (auto o = checkDram(program))
    return o;
  if (auto o = checkInstructionBlocks(program, target))
    return o;
  return sweepMemories(program, target);
}

} // namespace afe::sim

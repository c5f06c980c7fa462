// The order of execution. What reads, writes or overwrites another's bytes in a program free of
// hazards starts strictly after it (an occupancy is at least 1), so executing by start cycle, ties
// in any order, gives every such program its one meaning. DRAM requests run in list order, request i
// at the latest issue of requests 0..i: no earlier than its issue, no later than its due cycle (or
// the list would deadlock), and before instructions that start then.
//
// For several threads the order is cut into epochs: inside one, quads touch each other's bytes of L2
// nowhere, so each quad's instructions may run on a thread of their own.
#pragma once

#include "Encoding/Isa.h"

#include <cstdint>
#include <vector>

namespace afe::sim {

/// An instruction in the global order; a multicast LOAD stands for all quads of its mask.
struct PlannedInstruction {
  uint32_t start, quad, index; ///< quad and index of its stream
};

struct Order {
  std::vector<PlannedInstruction> instructions; ///< by start, then quad
  std::vector<uint32_t> requestTimes;           ///< of each request, ascending
};
Order orderOf(const isa::Program &program);

/// A planned instruction of one quad's list; multicast LOADs are in the list of every quad they fill.
struct Epoch {
  uint32_t requestsEnd = 0;             ///< requests up to here run before the epoch's instructions
  std::vector<uint32_t> instructionEnd; ///< per quad: end of the epoch in its list
};
struct EpochPlan {
  std::vector<std::vector<PlannedInstruction>> lists; ///< per quad
  std::vector<Epoch> epochs;
};
EpochPlan planEpochs(const isa::Program &program, const Order &order);

} // namespace afe::sim

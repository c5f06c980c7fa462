// The order of execution. What reads, writes or overwrites another's bytes in a program free of
// hazards starts strictly after it (an occupancy is at least 1), so executing by start cycle, ties
// in any order, gives every such program its one meaning. DRAM requests run in list order, request
// i at the latest issue of requests 0..i: no earlier than its issue, no later than its due cycle
// (or the list would deadlock), and before instructions that start then.
//
// For several threads this order becomes streams of tasks, one per quad and one for the DRAM
// controller. Streams meet in L2 only; a task that touches bytes there which another stream touched
// before waits for that stream. Memory then changes as if all tasks had run in order.
#pragma once

#include "Encoding/Isa.h"

#include <cstdint>
#include <vector>

namespace afe::sim {

/// An instruction of a quad's stream in the program, or a DRAM request (quad = number of quads).
/// A multicast LOAD stands for all quads of its mask.
struct Step {
  uint32_t time, quad, index;
};

/// All instructions and requests in the order of execution.
std::vector<Step> orderOf(const isa::Program &program);

struct Wait {
  uint32_t stream, count; ///< until `count` tasks of `stream` are done
};
struct Task {
  uint32_t step;               ///< index into the order
  uint32_t firstWait, endWait; ///< its waits in TaskPlan::waits
};
struct TaskPlan {
  /// Per quad, then DRAM; each runs in sequence. A multicast LOAD is a task of every quad it fills.
  std::vector<std::vector<Task>> streams;
  std::vector<Wait> waits;
};
TaskPlan planTasks(const isa::Program &program, const std::vector<Step> &order);

} // namespace afe::sim

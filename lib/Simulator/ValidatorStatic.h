// The rules that need no history of memories: each looks at the program once and gives the first
// offence. They assume that the rules before them, in this order, hold.
#pragma once

#include "Simulator/ValidatorReport.h"
#include "Target/Target.h"

namespace afe::sim {

/// C1 target, C2 unordered-stream, C3 quad-mask, C4 field-range, C5 grid, C25 end-cycle; indices of
/// layers, buffers and quads.
MaybeOffence checkShape(const isa::Program &program, const Target &target);
/// C8 engine-overlap, C9 multicast-engine
MaybeOffence checkEngines(const isa::Program &program, const Target &target);
/// C10 l2-read-rate
MaybeOffence checkReadRate(const isa::Program &program, const Target &target);
/// C19 dram-order
MaybeOffence checkRequestOrder(const isa::Program &program);
/// C6 out-of-bounds, C14 uninitialized-read, C21 dram-constant and C22 output-missing in DRAM
MaybeOffence checkDram(const isa::Program &program);
/// C23 instruction-missing, C24 instruction-late
MaybeOffence checkInstructionBlocks(const isa::Program &program, const Target &target);

/// C4 and C5 of one instruction: empty, or the rule and what is wrong.
MaybeOffence checkFieldsOf(const isa::Instruction &instruction, const Target &target);

} // namespace afe::sim

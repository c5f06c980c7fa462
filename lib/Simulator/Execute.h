// One instruction, or one DRAM request, changes the machine's memories. Addresses have been checked
// before (checkProgram); what an instruction reads and then interprets is checked here.
#pragma once

#include "Simulator/Kernels/Kernels.h"
#include "Simulator/Machine.h"

#include <string>

namespace afe::sim {

/// A multicast LOAD fills the L1 of `quad` only: it is executed once for every quad of its mask.
void execute(Machine &machine, Quad &quad, const isa::LoadFields &fields);
void execute(Machine &machine, Quad &quad, const isa::StoreFields &fields);
/// These return an empty string, or the fault.
std::string execute(const Kernels &kernels, Quad &quad, const isa::TensorFields &fields);
std::string execute(const Kernels &kernels, Quad &quad, const isa::OutputFields &fields);
std::string execute(const Kernels &kernels, const Target &target, Quad &quad,
                    const isa::VectorFields &fields);
std::string execute(const Kernels &kernels, Machine &machine, uint32_t quad,
                    const isa::Instruction &instruction);

/// Nothing for instruction blocks: the program is already decoded.
/// Empty, or why compressed bytes cannot be decoded.
std::string execute(Machine &machine, const isa::DramRequest &request);

} // namespace afe::sim

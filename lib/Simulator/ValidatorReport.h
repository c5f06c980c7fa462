// How the validator names things: instructions, requests, buffers and byte ranges in its messages.
#pragma once

#include "Encoding/Isa.h"
#include "Simulator/Validator.h"

namespace afe::sim {

using MaybeOffence = std::optional<Offence>;

inline MaybeOffence offence(Rule rule, std::string message) {
  return Offence{rule, std::move(message)};
}

/// "tensor 12 of quad 1 at cycle 345 (layer 'conv2d_3')"
std::string nameInstruction(const isa::Program &program, size_t quad, size_t index);
/// "DRAM request 7 (to L2, cycles 100 to 900, layer 'conv2d_3')"
std::string nameRequest(const isa::Program &program, size_t index);
/// "buffer 'conv2d_3.weights'"
std::string nameBuffer(const isa::Program &program, uint32_t buffer);
/// "bytes 128 to 192 of L1 of quad 2"; `high` is one past the last byte
std::string nameBytes(isa::Memory memory, size_t quad, int64_t low, int64_t high);

} // namespace afe::sim

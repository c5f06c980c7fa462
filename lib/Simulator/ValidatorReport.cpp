// Texts of the validator's messages.

#include "Simulator/ValidatorReport.h"
#include "Encoding/Fields.h"

namespace afe::sim {

const char *ruleName(Rule rule) {
  switch (rule) {
#define RULE(label, enumerator, identifier, sentence)                                              \
  case Rule::enumerator:                                                                           \
    return identifier;
#include "Simulator/ValidatorRules.def"
#undef RULE
  }
  return "";
}

static std::string layerName(const isa::Program &program, uint32_t layer) {
  return layer < program.layers.size() ? "layer '" + program.layers[layer].name + "'"
                                       : "layer " + std::to_string(layer);
}

std::string nameInstruction(const isa::Program &program, size_t quad, size_t index) {
  const isa::Instruction &instruction = program.streams[quad][index];
  return std::string(isa::engineTable(instruction.engine()).name) + " " + std::to_string(index) +
         " of quad " + std::to_string(quad) + " at cycle " + std::to_string(instruction.start) +
         " (" + layerName(program, instruction.layer) + ")";
}

std::string nameRequest(const isa::Program &program, size_t index) {
  static const char *const kinds[] = {"to L2", "from L2", "instructions"};
  const isa::DramRequest &request = program.requests[index];
  return "DRAM request " + std::to_string(index) + " (" + kinds[unsigned(request.kind) % 3] +
         ", cycles " + std::to_string(request.issue) + " to " + std::to_string(request.due) + ", " +
         layerName(program, request.layer) + ")";
}

std::string nameBuffer(const isa::Program &program, uint32_t buffer) {
  return buffer < program.buffers.size() ? "buffer '" + program.buffers[buffer].name + "'"
                                         : "buffer " + std::to_string(buffer);
}

std::string nameBytes(isa::Memory memory, size_t quad, int64_t low, int64_t high) {
  std::string place = memory == isa::Memory::L1   ? "L1 of quad " + std::to_string(quad)
                      : memory == isa::Memory::L2 ? "L2"
                                                  : "DRAM";
  return "bytes " + std::to_string(low) + " to " + std::to_string(high) + " of " + place;
}

} // namespace afe::sim

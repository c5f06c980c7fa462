// Which programs a `.lm` file can hold, and the sentences that say why one cannot.

#include "Encoding/Fields.h"
#include "Encoding/LmParts.h"
#include "Encoding/Tables.h"

namespace afe::isa {

std::string placeOf(const Program &program, size_t quad, size_t index) {
  const Instruction &instruction = program.streams[quad][index];
  std::string text = std::string(engineTable(instruction.engine()).name) + " " +
                     std::to_string(index) + " of quad " + std::to_string(quad) + " at cycle " +
                     std::to_string(instruction.start);
  if (instruction.layer < program.layers.size())
    text += " ('" + program.layers[instruction.layer].name + "')";
  return text;
}

std::string checkInstruction(const Program &program, size_t quad, size_t index) {
  const Instruction &instruction = program.streams[quad][index];
  if (index && instruction.start < program.streams[quad][index - 1].start)
    return "starts before the instruction in front of it";
  bool lowest = instruction.quads & (1u << quad) && !(instruction.quads & ((1u << quad) - 1));
  if (!lowest || instruction.quads >> program.quads)
    return "has quad mask " + std::to_string(instruction.quads) +
           ", which must name the stream's quad first and none beyond the program's";
  return checkFields(instruction);
}

std::string checkStreams(const Program &program, const Target &target) {
  if (program.quads < 1 || program.quads > kMaxQuads || program.streams.size() != program.quads ||
      program.quads > uint64_t(target.quads))
    return "the program has " + std::to_string(program.streams.size()) + " streams for " +
           std::to_string(program.quads) + " quads, target '" + target.name + "' has " +
           std::to_string(target.quads);
  if (program.dramBytes > kMaxDramBytes)
    return "the DRAM image of " + std::to_string(program.dramBytes) + " bytes is too large";
  uint64_t total = 0;
  for (size_t q = 0; q < program.streams.size(); ++q) {
    total += program.streams[q].size();
    for (size_t i = 0; i < program.streams[q].size(); ++i) {
      std::string problem = checkInstruction(program, q, i);
      if (!problem.empty())
        return placeOf(program, q, i) + ": " + problem;
    }
  }
  if (total > kMaxInstructions)
    return "the program has " + std::to_string(total) + " instructions, at most " +
           std::to_string(kMaxInstructions) + " can be encoded";
  return {};
}

std::string checkBuffer(const Program &program, uint32_t buffer) {
  if (buffer == kNoBuffer || buffer < program.buffers.size())
    return {};
  return "names buffer " + std::to_string(buffer) + " of " + std::to_string(program.buffers.size());
}

static std::string checkTensor(const Program &program, const IoTensor &tensor) {
  if (tensor.dram <= program.dramBytes && tensor.bytes <= program.dramBytes - tensor.dram)
    return {};
  return "tensor '" + tensor.name + "' lies outside the DRAM image of " +
         std::to_string(program.dramBytes) + " bytes";
}

std::string checkTables(const Program &program, const Target &target) {
  if (program.target != target.name || program.targetHash != target.hash())
    return "the program was made for target '" + program.target +
           "', not for this description of '" + target.name + "'";
  if (program.constants.size() > program.dramBytes)
    return "the constants are larger than the DRAM image";
  for (size_t q = 0; q < program.streams.size(); ++q)
    for (size_t i = 0; i < program.streams[q].size(); ++i) {
      const Instruction &instruction = program.streams[q][i];
      if (instruction.layer >= program.layers.size())
        return placeOf(program, q, i) + ": names layer " + std::to_string(instruction.layer);
      for (uint32_t buffer : instruction.buffers)
        if (std::string problem = checkBuffer(program, buffer); !problem.empty())
          return placeOf(program, q, i) + ": " + problem;
    }
  for (const Buffer &buffer : program.buffers)
    if (std::string problem = checkBuffer(program, buffer.inPlaceOf); !problem.empty())
      return "buffer '" + buffer.name + "' " + problem + " as its in-place partner";
  for (const auto *list : {&program.inputs, &program.outputs}) {
    if (list->size() > kMaxTensors)
      return "more than " + std::to_string(kMaxTensors) + " inputs or outputs";
    for (const IoTensor &tensor : *list)
      if (std::string problem = checkTensor(program, tensor); !problem.empty())
        return problem;
  }
  return {};
}

} // namespace afe::isa

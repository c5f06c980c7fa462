// Takes a `.lm` file apart, section by section; the file may be hostile.

#include "Encoding/Elf.h"
#include "Encoding/Lm.h"
#include "Encoding/LmParts.h"
#include "Encoding/Stream.h"
#include "Encoding/Tables.h"
#include "Encoding/Words.h"

namespace afe::isa {
namespace {

/// Takes a file apart; every step returns the reason it failed, or nothing.
class FileReader {
public:
  FileReader(Program &program) : program(program) {}

  std::string read(const uint8_t *data, size_t size) {
    std::string error;
    if (!readElf(data, size, sections, error))
      return error;
    for (auto step :
         {&FileReader::readHeader, &FileReader::readConstants, &FileReader::readTables,
          &FileReader::readStreams, &FileReader::readOperands, &FileReader::checkTensorSections}) {
      error = (this->*step)();
      if (!error.empty())
        return error;
    }
    return {};
  }

private:
  /// The one section called `name`, or nullptr.
  const ElfSection *find(const std::string &name) const {
    const ElfSection *found = nullptr;
    for (const ElfSection &section : sections)
      if (section.name == name) {
        if (found)
          return nullptr;
        found = &section;
      }
    return found && (found->data || found->type == ElfSectionType::NoBits) ? found : nullptr;
  }
  const ElfSection *findData(const std::string &name) const {
    const ElfSection *section = find(name);
    return section && section->data ? section : nullptr;
  }

  std::string readHeader() {
    const ElfSection *note = findData(".note.mla");
    if (!note)
      return "section .note.mla is not there, or not once";
    ByteReader in(note->data, note->size);
    std::string error;
    getHeader(in, program, header, error);
    if (error.empty() && (header.blockBytes < kWordBytes || header.blockBytes % kWordBytes))
      error = "the header's instruction block size is " + std::to_string(header.blockBytes);
    return error;
  }

  std::string readConstants() {
    const ElfSection *constants = findData(".mla.const");
    if (!constants || constants->size > program.dramBytes)
      return "section .mla.const is not there, or larger than the DRAM image";
    program.constants.assign(constants->data, constants->data + constants->size);
    return {};
  }

  std::string readTable(const char *name, bool (*get)(ByteReader &, Program &)) {
    const ElfSection *section = findData(name);
    if (!section)
      return std::string("section ") + name + " is not there, or not once";
    ByteReader in(section->data, section->size);
    return get(in, program) ? std::string() : std::string("section ") + name + " is malformed";
  }

  std::string readTables() {
    for (auto &[name, get] :
         {std::pair{".mla.requests", &getRequests}, std::pair{".mla.buffers", &getBuffers},
          std::pair{".mla.layers", &getLayers}, std::pair{".mla.tensors", &getTensors}})
      if (std::string error = readTable(name, get); !error.empty())
        return error;
    return {};
  }

  /// Every instruction has at least three bytes in the operand table: a small file with large
  /// repeat counts is refused before it is expanded.
  std::string readStreams() {
    const ElfSection *operands = findData(".mla.operands");
    uint64_t total = 0;
    for (uint32_t count : header.instructionCounts)
      total += count;
    if (!operands || total > operands->size / 3)
      return "section .mla.operands is too short for the header's instruction counts";
    program.streams.resize(program.quads);
    program.blocks.resize(program.quads);
    uint64_t address = alignText(program.dramBytes);
    for (unsigned q = 0; q < program.quads; ++q)
      if (std::string error = readStream(q, address); !error.empty())
        return error;
    return {};
  }

  std::string readStream(unsigned quad, uint64_t &address) {
    const ElfSection *text = findData(textSectionName(quad));
    if (!text || text->address != address)
      return "section " + textSectionName(quad) + " is not there, or not at its address";
    std::vector<Dispatch> dispatches;
    std::string error;
    if (!decodeStream(text->data, text->size, quad, header.instructionCounts[quad],
                      program.streams[quad], dispatches, error))
      return error;
    if (program.streams[quad].size() != header.instructionCounts[quad])
      return "quad " + std::to_string(quad) + " has fewer instructions than the header says";
    for (size_t i = 0; i < program.streams[quad].size(); ++i)
      if (std::string problem = checkInstruction(program, quad, i); !problem.empty())
        return placeOf(program, quad, i) + ": " + problem;
    program.blocks[quad] = cutBlocks(text->size, dispatches, header.blockBytes, address);
    address = alignText(address + text->size);
    return {};
  }

  std::string readOperands() { return readTable(".mla.operands", &getOperands); }

  std::string checkTensorSections() {
    for (size_t i = 0; i < program.inputs.size(); ++i)
      if (!agrees(inputSectionName(program, i), program.inputs[i]))
        return "the section of input '" + program.inputs[i].name + "' disagrees with .mla.tensors";
    for (size_t i = 0; i < program.outputs.size(); ++i)
      if (!agrees(outputSectionName(program, i), program.outputs[i]))
        return "the section of output '" + program.outputs[i].name +
               "' disagrees with .mla.tensors";
    return {};
  }
  bool agrees(const std::string &name, const IoTensor &tensor) const {
    const ElfSection *section = find(name);
    return section && section->type == ElfSectionType::NoBits && section->address == tensor.dram &&
           section->size == tensor.bytes;
  }

  Program &program;
  LmHeader header;
  std::vector<ElfSection> sections;
};

} // namespace

bool decodeLm(const uint8_t *data, size_t size, Program &program, std::string &error) {
  program = Program();
  error = FileReader(program).read(data, size);
  return error.empty();
}

} // namespace afe::isa

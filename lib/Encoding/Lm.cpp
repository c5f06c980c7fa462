// Puts a `.lm` file together and takes it apart. Sections, in this order:
//   .note.mla                header                      .mla.const       DRAM image at address 0
//   data.ifm… / data.ofm…    inputs, outputs (NOBITS)    .mla.text.q<n>   instruction words of quad
//   n .mla.requests            DRAM request list .mla.buffers .mla.layers .mla.tensors
//   .mla.operands  tables the machine does not fetch

#include "Encoding/Lm.h"
#include "Encoding/Elf.h"
#include "Encoding/Fields.h"
#include "Encoding/Stream.h"
#include "Encoding/Tables.h"
#include "Encoding/Words.h"

#include <algorithm>

namespace afe::isa {
namespace {

constexpr uint64_t kTextAlignment = 64;

uint64_t alignUp(uint64_t v) { return (v + kTextAlignment - 1) / kTextAlignment * kTextAlignment; }

std::string textSectionName(size_t quad) { return ".mla.text.q" + std::to_string(quad); }

/// Blocks hold whole words.
uint32_t blockBytesOf(const Target &target) {
  return uint32_t(target.instruction_block_bytes) / kWordBytes * kWordBytes;
}

std::string where(const Program &program, size_t quad, size_t index) {
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

/// Empty, or the first instruction that cannot be encoded.
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
        return where(program, q, i) + ": " + problem;
    }
  }
  if (total > kMaxInstructions)
    return "the program has " + std::to_string(total) + " instructions, at most " +
           std::to_string(kMaxInstructions) + " can be encoded";
  return {};
}

struct Streams {
  std::vector<EncodedStream> encoded;
  std::vector<std::vector<InstructionBlock>> blocks;
};

/// Behind the DRAM image come the streams of all quads, each at a multiple of 64 bytes.
uint64_t placeText(const Program &program, const std::vector<EncodedStream> &streams, size_t quad) {
  uint64_t at = alignUp(program.dramBytes);
  for (size_t q = 0; q < quad; ++q)
    at = alignUp(at + streams[q].bytes.size());
  return at;
}

Streams encodeStreams(const Program &program, const Target &target) {
  Streams result;
  for (size_t q = 0; q < program.streams.size(); ++q) {
    result.encoded.push_back(encodeStream(program.streams[q], unsigned(q)));
    const EncodedStream &stream = result.encoded.back();
    result.blocks.push_back(cutBlocks(stream.bytes.size(), stream.dispatches, blockBytesOf(target),
                                      placeText(program, result.encoded, q)));
  }
  return result;
}

std::string checkBuffer(const Program &program, uint32_t buffer) {
  if (buffer == kNoBuffer || buffer < program.buffers.size())
    return {};
  return "names buffer " + std::to_string(buffer) + " of " + std::to_string(program.buffers.size());
}

std::string checkTensor(const Program &program, const IoTensor &tensor) {
  if (tensor.dram <= program.dramBytes && tensor.bytes <= program.dramBytes - tensor.dram)
    return {};
  return "tensor '" + tensor.name + "' lies outside the DRAM image of " +
         std::to_string(program.dramBytes) + " bytes";
}

/// Empty, or what of the tables cannot be written.
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
        return where(program, q, i) + ": names layer " + std::to_string(instruction.layer);
      for (uint32_t buffer : instruction.buffers)
        if (std::string problem = checkBuffer(program, buffer); !problem.empty())
          return where(program, q, i) + ": " + problem;
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

/// The requests with the addresses of instruction blocks, whose sizes must be those of the blocks.
std::string placeRequests(const Program &program, const Streams &streams,
                          std::vector<DramRequest> &placed) {
  placed = program.requests;
  for (size_t i = 0; i < placed.size(); ++i) {
    DramRequest &request = placed[i];
    std::string name = "DRAM request " + std::to_string(i);
    if (request.layer >= program.layers.size())
      return name + " names layer " + std::to_string(request.layer);
    for (uint32_t buffer : {request.dramBuffer, request.l2Buffer})
      if (std::string problem = checkBuffer(program, buffer); !problem.empty())
        return name + " " + problem;
    if (request.kind != DramRequest::Kind::Instructions)
      continue;
    if (request.l2 >= streams.blocks.size() || request.rows >= streams.blocks[request.l2].size())
      return name + " fetches instruction block " + std::to_string(request.rows) + " of quad " +
             std::to_string(request.l2) + ", which is not there";
    const InstructionBlock &block = streams.blocks[request.l2][request.rows];
    if (request.rowBytes != block.bytes)
      return name + " fetches " + std::to_string(request.rowBytes) + " bytes of a block of " +
             std::to_string(block.bytes);
    request.dram = block.dram;
  }
  return {};
}

/// Sections of a file being written, and the bytes they borrow.
struct SectionList {
  std::vector<ElfSection> sections;

  void add(const std::string &name, uint64_t flags, uint64_t address, const uint8_t *data,
           uint64_t size, ElfSectionType type = ElfSectionType::ProgBits) {
    ElfSection section;
    section.name = name;
    section.type = type;
    section.flags = flags;
    section.address = address;
    section.size = size;
    section.data = data;
    sections.push_back(section);
  }
  void add(const std::string &name, uint64_t flags, uint64_t address,
           const std::vector<uint8_t> &bytes, ElfSectionType type = ElfSectionType::ProgBits) {
    static const uint8_t none = 0;
    add(name, flags, address, bytes.empty() ? &none : bytes.data(), bytes.size(), type);
  }
};

void addTensorSections(SectionList &list, const Program &program) {
  for (size_t i = 0; i < program.inputs.size(); ++i)
    list.add(inputSectionName(program, i), kElfAlloc | kElfWrite, program.inputs[i].dram, nullptr,
             program.inputs[i].bytes, ElfSectionType::NoBits);
  for (size_t i = 0; i < program.outputs.size(); ++i)
    list.add(outputSectionName(program, i), kElfAlloc | kElfWrite, program.outputs[i].dram, nullptr,
             program.outputs[i].bytes, ElfSectionType::NoBits);
}

std::vector<uint8_t> writeFile(const Program &program, const Streams &streams,
                               const std::vector<DramRequest> &placed, uint32_t blockBytes) {
  LmHeader header;
  header.version = kLmVersion;
  header.blockBytes = blockBytes;
  std::vector<std::vector<uint32_t>> orders;
  for (const auto &stream : program.streams) {
    header.instructionCounts.push_back(uint32_t(stream.size()));
    orders.push_back(streamOrder(stream));
  }
  ByteWriter note, requests, buffers, layers, tensors, operands;
  putHeader(note, program, header);
  putRequests(requests, placed);
  putBuffers(buffers, program);
  putLayers(layers, program);
  putTensors(tensors, program);
  putOperands(operands, program, orders);

  SectionList list;
  list.add(".note.mla", 0, 0, note.bytes, ElfSectionType::Note);
  list.add(".mla.const", kElfAlloc, 0, program.constants);
  addTensorSections(list, program);
  for (size_t q = 0; q < streams.encoded.size(); ++q)
    list.add(textSectionName(q), kElfAlloc | kElfExec, placeText(program, streams.encoded, q),
             streams.encoded[q].bytes);
  list.add(".mla.requests", kElfAlloc, placeText(program, streams.encoded, streams.encoded.size()),
           requests.bytes);
  list.add(".mla.buffers", 0, 0, buffers.bytes);
  list.add(".mla.layers", 0, 0, layers.bytes);
  list.add(".mla.tensors", 0, 0, tensors.bytes);
  list.add(".mla.operands", 0, 0, operands.bytes);
  return writeElf(list.sections);
}

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
    uint64_t address = alignUp(program.dramBytes);
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
        return where(program, quad, i) + ": " + problem;
    program.blocks[quad] = cutBlocks(text->size, dispatches, header.blockBytes, address);
    address = alignUp(address + text->size);
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

std::vector<std::vector<InstructionBlock>> layoutStreams(const Program &program,
                                                         const Target &target, std::string &error) {
  error = checkStreams(program, target);
  if (!error.empty())
    return {};
  return encodeStreams(program, target).blocks;
}

std::vector<uint8_t> encodeLm(const Program &program, const Target &target, std::string &error) {
  error = checkStreams(program, target);
  if (error.empty())
    error = checkTables(program, target);
  if (!error.empty())
    return {};
  Streams streams = encodeStreams(program, target);
  std::vector<DramRequest> placed;
  error = placeRequests(program, streams, placed);
  if (!error.empty())
    return {};
  return writeFile(program, streams, placed, blockBytesOf(target));
}

bool decodeLm(const uint8_t *data, size_t size, Program &program, std::string &error) {
  program = Program();
  error = FileReader(program).read(data, size);
  return error.empty();
}

} // namespace afe::isa

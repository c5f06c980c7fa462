// Puts a `.lm` file together: streams encoded, cut into blocks and placed behind the DRAM image,
// requests pointed at them, tables written.

#include "Encoding/Elf.h"
#include "Encoding/Lm.h"
#include "Encoding/LmParts.h"
#include "Encoding/Stream.h"
#include "Encoding/Tables.h"
#include "Encoding/Words.h"

namespace afe::isa {
namespace {

/// Blocks hold whole words.
uint32_t blockBytesOf(const Target &target) {
  return uint32_t(target.instruction_block_bytes) / kWordBytes * kWordBytes;
}

struct Streams {
  std::vector<EncodedStream> encoded;
  std::vector<std::vector<InstructionBlock>> blocks;
};

/// Behind the DRAM image come the streams of all quads, each at a multiple of 64 bytes.
uint64_t placeText(const Program &program, const std::vector<EncodedStream> &streams, size_t quad) {
  uint64_t at = alignText(program.dramBytes);
  for (size_t q = 0; q < quad; ++q)
    at = alignText(at + streams[q].bytes.size());
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

} // namespace afe::isa

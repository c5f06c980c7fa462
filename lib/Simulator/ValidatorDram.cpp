// Rules on the request list: its order, what it does to DRAM, and the instruction blocks it brings.
// The controller works through the list one request after the other, so that list order is the
// order in which DRAM is read and written.

#include "Encoding/Codec.h"
#include "Encoding/Lm.h"
#include "Simulator/ValidatorMemory.h"
#include "Simulator/ValidatorStatic.h"

#include <algorithm>
#include <map>

namespace afe::sim {
namespace {

using Kind = isa::DramRequest::Kind;

/// Calls f(low, high) for the rows of a request in DRAM, adjacent ones joined; stops at false.
template <typename Function> bool forEachDramRow(const isa::DramRequest &r, Function f) {
  auto base = int64_t(r.dram);
  if (r.dramStride == r.dramRowBytes())
    return f(base, base + int64_t(r.rows) * r.dramRowBytes());
  for (int64_t row = 0; row < r.rows; ++row)
    if (!f(base + row * r.dramStride, base + row * r.dramStride + r.dramRowBytes()))
      return false;
  return true;
}

/// First and one past the last byte in DRAM.
std::pair<int64_t, int64_t> dramExtent(const isa::DramRequest &r) {
  auto base = int64_t(r.dram);
  int64_t span = r.rows < 1 ? 0 : int64_t(r.rows - 1) * r.dramStride;
  return {base + std::min<int64_t>(span, 0), base + std::max<int64_t>(span, 0) + r.dramRowBytes()};
}

MaybeOffence checkDramBounds(const isa::Program &p, size_t i) {
  const isa::DramRequest &r = p.requests[i];
  auto limit = int64_t(1) << 41;
  if (r.dram > uint64_t(limit) || r.dramStride > limit || r.dramStride < -limit ||
      (r.rows > 1 && std::abs(r.dramStride) > limit / r.rows))
    return offence(Rule::OutOfBounds, nameRequest(p, i) + " has an impossible DRAM address");
  auto [low, high] = dramExtent(r);
  if (low < 0 || high > int64_t(p.dramBytes))
    return offence(Rule::OutOfBounds, nameRequest(p, i) + " touches " +
                                          nameBytes(isa::Memory::Dram, 0, low, high) +
                                          ", which has " + std::to_string(p.dramBytes));
  if (r.kind == Kind::FromL2 && low < int64_t(p.constants.size()))
    return offence(Rule::DramConstant, nameRequest(p, i) + " writes " +
                                           nameBytes(isa::Memory::Dram, 0, low, high) +
                                           ", where the constants are");
  if (r.dramBuffer == isa::kNoBuffer)
    return {};
  const isa::Buffer &b = p.buffers[r.dramBuffer];
  if (b.memory != isa::Memory::Dram || low < int64_t(b.address) ||
      high > int64_t(b.address + b.size))
    return offence(Rule::BufferBounds, nameRequest(p, i) + " leaves " +
                                           nameBuffer(p, r.dramBuffer) + " with " +
                                           nameBytes(isa::Memory::Dram, 0, low, high));
  return {};
}

/// A request with a codec brings one tile from the constants, of as many bytes as it says.
MaybeOffence checkCodec(const isa::Program &p, size_t i) {
  const isa::DramRequest &r = p.requests[i];
  if (r.codec == isa::Codec::None)
    return {};
  auto constants = int64_t(p.constants.size());
  if (r.codec != isa::Codec::Rans || r.kind != Kind::ToL2 || r.rows != 1 || r.encodedBytes < 1 ||
      r.encodedBytes > r.rowBytes || dramExtent(r).second > constants)
    return offence(Rule::Codec,
                   nameRequest(p, i) + " has a codec, but does not bring one row of the constants");
  std::vector<uint8_t> decoded(r.rowBytes);
  std::string problem;
  if (!isa::decodeTile(p.constants.data() + r.dram, r.encodedBytes, decoded.data(), decoded.size(),
                       problem))
    return offence(Rule::Codec, nameRequest(p, i) + ": " + problem);
  return {};
}

/// The first unwritten byte range in [low, high), if any.
bool written(const MemoryHistory &dram, int64_t low, int64_t high, int64_t &hole) {
  return dram.visit(low, high, [&](int64_t from, int64_t, const Segment &segment) {
    hole = from;
    return segment.buffer != kUnwritten;
  });
}

void writeTensor(MemoryHistory &dram, uint64_t low, uint64_t bytes) {
  if (bytes)
    dram.write(int64_t(low), int64_t(low + bytes), 0, 0, kNoEvent);
}

MaybeOffence checkTensors(const isa::Program &p) {
  for (const auto *list : {&p.inputs, &p.outputs})
    for (const isa::IoTensor &t : *list)
      if (t.dram > p.dramBytes || t.bytes > p.dramBytes - t.dram || t.dram < p.constants.size())
        return offence(Rule::OutOfBounds,
                       "tensor '" + t.name + "' lies outside the DRAM image or in the constants");
  return {};
}

MaybeOffence checkOutputs(const isa::Program &p, const MemoryHistory &dram) {
  int64_t hole = 0;
  for (const isa::IoTensor &t : p.outputs)
    if (!written(dram, int64_t(t.dram), int64_t(t.dram + t.bytes), hole))
      return offence(Rule::OutputMissing, "byte " + std::to_string(hole - int64_t(t.dram)) +
                                              " of output '" + t.name + "' is never written");
  return {};
}

/// The request of every instruction block, by quad and block.
using BlockRequests = std::map<std::pair<uint32_t, uint32_t>, size_t>;

MaybeOffence findBlockRequests(const isa::Program &p, BlockRequests &found) {
  for (size_t i = 0; i < p.requests.size(); ++i) {
    const isa::DramRequest &r = p.requests[i];
    if (r.kind != Kind::Instructions)
      continue;
    if (!found.emplace(std::pair{r.l2, r.rows}, i).second)
      return offence(Rule::InstructionMissing,
                     nameRequest(p, i) + " fetches a block that was requested before");
  }
  return {};
}

MaybeOffence checkBlock(const isa::Program &p, const std::vector<isa::InstructionBlock> &blocks,
                        size_t quad, size_t k, const BlockRequests &requests) {
  std::string name = "instruction block " + std::to_string(k) + " of quad " + std::to_string(quad);
  auto found = requests.find({uint32_t(quad), uint32_t(k)});
  if (found == requests.end() || p.requests[found->second].rowBytes != blocks[k].bytes)
    return offence(Rule::InstructionMissing,
                   name + " of " + std::to_string(blocks[k].bytes) + " bytes has no request");
  const isa::DramRequest &r = p.requests[found->second];
  if (r.due > blocks[k].neededAt)
    return offence(Rule::InstructionLate, nameRequest(p, found->second) + ": " + name +
                                              " is needed at " +
                                              std::to_string(blocks[k].neededAt));
  if (k >= 2 && r.issue <= blocks[k - 2].doneAt)
    return offence(Rule::InstructionLate, nameRequest(p, found->second) + ": " + name +
                                              " takes the place of block " + std::to_string(k - 2) +
                                              ", which is in use until " +
                                              std::to_string(blocks[k - 2].doneAt));
  return {};
}

} // namespace

MaybeOffence checkRequestOrder(const isa::Program &p) {
  size_t latest = 0; // request of the latest issue so far
  for (size_t i = 0; i < p.requests.size(); ++i) {
    const isa::DramRequest &r = p.requests[i];
    if (r.due < r.issue)
      return offence(Rule::DramOrder, nameRequest(p, i) + " is due before its issue");
    if (r.issue > p.endCycle)
      return offence(Rule::DramOrder, nameRequest(p, i) +
                                          " is issued after the end of the program at " +
                                          std::to_string(p.endCycle));
    if (r.issue > p.requests[latest].issue)
      latest = i;
    if (r.due < p.requests[latest].issue)
      return offence(Rule::DramOrder,
                     nameRequest(p, i) + " is due before " + nameRequest(p, latest) +
                         " in front of it may begin: time would stand still forever");
  }
  return {};
}

MaybeOffence checkDram(const isa::Program &p) {
  if (auto o = checkTensors(p))
    return o;
  MemoryHistory dram(std::max<int64_t>(int64_t(p.dramBytes), 1));
  writeTensor(dram, 0, p.constants.size());
  for (const isa::IoTensor &t : p.inputs)
    writeTensor(dram, t.dram, t.bytes);
  for (size_t i = 0; i < p.requests.size(); ++i) {
    const isa::DramRequest &r = p.requests[i];
    if (r.kind == Kind::Instructions)
      continue;
    if (auto o = checkDramBounds(p, i))
      return o;
    if (auto o = checkCodec(p, i))
      return o;
    int64_t hole = 0;
    bool ok = forEachDramRow(r, [&](int64_t low, int64_t high) {
      if (r.kind == Kind::ToL2)
        return written(dram, low, high, hole);
      dram.write(low, high, 0, 0, uint32_t(i));
      return true;
    });
    if (!ok)
      return offence(Rule::UninitializedRead, nameRequest(p, i) + " reads byte " +
                                                  std::to_string(hole) +
                                                  " of DRAM, which nothing in front of it wrote");
  }
  return checkOutputs(p, dram);
}

MaybeOffence checkInstructionBlocks(const isa::Program &p, const Target &target) {
  std::vector<std::vector<isa::InstructionBlock>> blocks = p.blocks;
  if (blocks.empty()) {
    std::string error;
    blocks = isa::layoutStreams(p, target, error);
    if (!error.empty())
      return offence(Rule::FieldRange, error);
  }
  BlockRequests requests;
  if (auto o = findBlockRequests(p, requests))
    return o;
  size_t expected = 0;
  for (size_t q = 0; q < blocks.size(); ++q)
    for (size_t k = 1; k < blocks[q].size(); ++k, ++expected)
      if (auto o = checkBlock(p, blocks[q], q, k, requests))
        return o;
  if (requests.size() != expected)
    return offence(Rule::InstructionMissing, "requests fetch " + std::to_string(requests.size()) +
                                                 " instruction blocks, there are " +
                                                 std::to_string(expected));
  return {};
}

} // namespace afe::sim

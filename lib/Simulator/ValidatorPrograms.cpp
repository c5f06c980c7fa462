// Provenance of micro-programs: for every tracked buffer the list of its writers, searched from the
// latest back when a VECTOR needs the bytes. Nothing is copied before.

#include "Simulator/ValidatorPrograms.h"
#include "Encoding/MicroCost.h"

#include <algorithm>
#include <cstring>

namespace afe::sim {
namespace {

constexpr uint32_t kProgramSlot = 0, kLoadSourceSlot = 0, kLoadTargetSlot = 1;

/// Offset of `address` from `base` in a strided move's destination, as run and byte; false outside.
bool locate(int64_t address, int64_t base, int64_t run, int64_t count, int64_t stride,
            int64_t &index, int64_t &byte) {
  int64_t offset = address - base;
  if (count == 1 || stride == 0) {
    index = 0;
    byte = offset;
    return offset >= 0 && offset < run;
  }
  index = std::clamp<int64_t>(offset / stride, 0, count - 1);
  for (int64_t i : {index, index - 1, index + 1}) { // runs may overlap, strides be negative
    byte = offset - i * stride;
    index = i;
    if (i >= 0 && i < count && byte >= 0 && byte < run)
      return true;
  }
  return false;
}

/// Where in L2 a LOAD took the byte at `address` of L1, or -1; cuts `length` to the run's end.
int64_t sourceOf(const isa::LoadFields &f, int64_t address, int64_t &length) {
  for (int64_t plane = 0; !f.transpose && plane < f.count2; ++plane) {
    int64_t row = 0, byte = 0;
    if (!locate(address, f.l1 + plane * f.l1_stride2, f.run, f.count1, f.l1_stride1, row, byte))
      continue;
    length = std::min(length, f.run - byte);
    return int64_t(uint32_t(f.l2)) + plane * f.l2_stride2 + row * f.l2_stride1 + byte;
  }
  return -1;
}

/// Whether an engine, other than LOAD, writes the buffer of this operand slot.
bool writesSlot(isa::Engine engine, unsigned slot) {
  switch (engine) {
  case isa::Engine::Store:
    return slot == 1;
  case isa::Engine::Output:
    return slot == 3;
  case isa::Engine::Vector:
    return slot >= 5;
  default:
    return false;
  }
}

/// Operand and table numbers of one operation.
std::string checkOperands(const isa::MicroOp &op, const isa::VectorFields &f) {
  const int32_t types[] = {f.a0_type, f.a1_type, f.a2_type, f.a3_type, f.r0_type, f.r1_type};
  bool first = false;
  switch (isa::MicroOpcode(op.opcode)) {
  case isa::MicroOpcode::k_load:
    if (op.x < 0 || op.x > 3 || !types[op.x])
      return "loads operand " + std::to_string(op.x) + ", which there is not";
    return {};
  case isa::MicroOpcode::k_store:
    if (op.x < 0 || op.x > 1 || !types[4 + op.x])
      return "stores result " + std::to_string(op.x) + ", which there is not";
    return {};
  case isa::MicroOpcode::k_win_sum:
  case isa::MicroOpcode::k_win_max:
    first = f.kh > 0;
    break;
  case isa::MicroOpcode::k_bilinear:
  case isa::MicroOpcode::k_nearest:
    first = f.in_h > 0 && f.in_w > 0;
    break;
  default:
    return {};
  }
  return first && f.a0_type ? std::string() : "uses operand 0, which there is not";
}

std::string checkProgram(const isa::VectorFields &f, const MicroProgram &program) {
  isa::MicroCost cost = isa::microCost(program.data(), unsigned(f.length), f.kh, f.kw);
  if (cost.error)
    return "operation " + std::to_string(cost.errorAt) + ": " + cost.error;
  for (int i = 0; i < f.length; ++i)
    if (std::string problem = checkOperands(program[size_t(i)], f); !problem.empty())
      return "operation " + std::to_string(i) + " " + problem;
  if (cost.cost != f.cost || cost.rowCost != f.row_cost || cost.channelCost != f.channel_cost)
    return "it costs " + std::to_string(cost.cost) + ", " + std::to_string(cost.rowCost) + " and " +
           std::to_string(cost.channelCost) + ", the instruction says " + std::to_string(f.cost) +
           ", " + std::to_string(f.row_cost) + " and " + std::to_string(f.channel_cost);
  return {};
}

} // namespace

MicroPrograms::MicroPrograms(const isa::Program &program)
    : program(program), tracked(program.buffers.size(), false), l2(program.buffers.size()),
      l1(program.streams.size()) {
  std::vector<bool> holds(program.buffers.size(), false);
  for (const auto &stream : program.streams)
    for (const isa::Instruction &in : stream)
      if (in.engine() == isa::Engine::Vector && in.buffers[kProgramSlot] != isa::kNoBuffer)
        holds[in.buffers[kProgramSlot]] = true;
  tracked = holds;
  for (const auto &stream : program.streams)
    for (const isa::Instruction &in : stream)
      if (in.engine() == isa::Engine::Load && in.buffers[kLoadSourceSlot] != isa::kNoBuffer &&
          in.buffers[kLoadTargetSlot] != isa::kNoBuffer && holds[in.buffers[kLoadTargetSlot]])
        tracked[in.buffers[kLoadSourceSlot]] = true;
  for (auto &quad : l1)
    quad.resize(program.buffers.size());
}

void MicroPrograms::request(size_t index) {
  const isa::DramRequest &r = program.requests[index];
  if (r.kind == isa::DramRequest::Kind::ToL2 && r.l2Buffer != isa::kNoBuffer && tracked[r.l2Buffer])
    l2[r.l2Buffer].push_back({nullptr, &r, isa::kNoBuffer, 0});
}

void MicroPrograms::instruction(size_t quad, size_t index) {
  const isa::Instruction &in = program.streams[quad][index];
  if (const auto *load = std::get_if<isa::LoadFields>(&in.fields)) {
    uint32_t source = in.buffers[kLoadSourceSlot], target = in.buffers[kLoadTargetSlot];
    if (target == isa::kNoBuffer || !tracked[target] || source == isa::kNoBuffer)
      return;
    for (size_t q = 0; q < l1.size(); ++q)
      if (in.quads >> q & 1)
        l1[q][target].push_back({load, nullptr, source, l2[source].size()});
    return;
  }
  for (unsigned slot = 0; slot < in.buffers.size(); ++slot) {
    uint32_t buffer = in.buffers[slot];
    if (writesSlot(in.engine(), slot) && buffer != isa::kNoBuffer && tracked[buffer]) {
      l1[quad][buffer].push_back({});
      l2[buffer].push_back({});
    }
  }
}

int64_t MicroPrograms::traceL2(const Writers &writers, size_t count, int64_t address,
                               int64_t &length) const {
  while (count-- > 0) {
    const isa::DramRequest *r = writers[count].request;
    if (!r)
      return -1;
    int64_t row = 0, byte = 0;
    if (!locate(address, r->l2, r->rowBytes, r->rows, r->l2Stride, row, byte))
      continue;
    if (r->codec != isa::Codec::None)
      return -1;
    length = std::min(length, int64_t(r->rowBytes) - byte);
    return int64_t(r->dram) + row * r->dramStride + byte;
  }
  return -1;
}

int64_t MicroPrograms::traceL1(size_t quad, uint32_t buffer, int64_t address,
                               int64_t &length) const {
  const Writers &writers = l1[quad][buffer];
  for (size_t i = writers.size(); i-- > 0;) {
    const Writer &w = writers[i];
    if (!w.load)
      return -1;
    int64_t from = sourceOf(*w.load, address, length);
    if (from >= 0)
      return traceL2(l2[w.source], w.sourceWriters, from, length);
  }
  return -1;
}

std::string MicroPrograms::fetch(size_t quad, const isa::Instruction &in,
                                 MicroProgram &result) const {
  const auto &f = std::get<isa::VectorFields>(in.fields);
  uint8_t bytes[sizeof(MicroProgram)] = {};
  int64_t total = int64_t(f.length) * int64_t(sizeof(isa::MicroOp));
  for (int64_t done = 0; done < total;) {
    int64_t length = total - done;
    int64_t from = in.buffers[kProgramSlot] == isa::kNoBuffer
                       ? -1
                       : traceL1(quad, in.buffers[kProgramSlot], f.program + done, length);
    if (from < 0 || from + length > int64_t(program.constants.size()))
      return "byte " + std::to_string(done) +
             " of the micro-program does not come from the constants";
    std::memcpy(bytes + done, program.constants.data() + from, size_t(length));
    done += length;
  }
  std::memcpy(result.data(), bytes, sizeof(bytes));
  return checkProgram(f, result);
}

} // namespace afe::sim

// What must hold before a program may run at all: fields in range, every address inside its memory,
// banks and grids within the target, requests inside DRAM and L2, inputs and outputs inside the
// DRAM image. Hazards in time are the validator's business, not checked here.

#include "Encoding/Fields.h"
#include "Simulator/Access.h"
#include "Simulator/Simulate.h"
#include "Simulator/Timing.h"

namespace afe::sim {
namespace {

/// More than any DRAM of this machine, and little enough for a simulation to allocate.
constexpr uint64_t kMaxDramBytes = uint64_t(4) << 30;
constexpr int64_t kMaxVectorElements = int64_t(1) << 22;
constexpr int64_t kMaxRows = int64_t(1) << 26;      ///< of all DRAM requests together
constexpr int64_t kMaxOccupancy = int64_t(1) << 24; ///< bounds the time one instruction simulates

std::string num(int64_t value) { return std::to_string(value); }

struct Limits {
  const isa::Program &program;
  const Target &target;

  int64_t size(isa::Memory memory) const {
    return memory == isa::Memory::L1   ? target.l1_bytes
           : memory == isa::Memory::L2 ? target.l2_bytes
                                       : int64_t(program.dramBytes);
  }
};

const char *memoryName(isa::Memory memory) {
  return memory == isa::Memory::L1 ? "L1" : memory == isa::Memory::L2 ? "L2" : "DRAM";
}

std::string check(const Target &target, const isa::LoadFields &f) {
  if ((f.rate != 32 && f.rate != 64 && f.rate != 128) || f.rate > target.load_rate_max)
    return "rate is " + num(f.rate) + ", allowed are 32, 64 and 128 up to the target's " +
           num(target.load_rate_max);
  if (f.run < 1 || f.count1 < 1 || f.count2 < 1)
    return "moves no bytes: run, count1 and count2 are at least 1";
  if (f.transpose && (f.run != 16 || f.count1 > 16))
    return "a transposition has runs of 16 bytes and at most 16 of them per plane";
  if (int64_t(f.run) * f.count1 > target.l1_bytes / f.count2)
    return "moves more bytes than L1 has";
  return {};
}

std::string check(const Target &target, const isa::StoreFields &f) {
  if (f.run < 1 || f.count1 < 1 || f.count2 < 1)
    return "moves no bytes: run, count1 and count2 are at least 1";
  if (int64_t(f.run) * f.count1 > target.l2_bytes / f.count2)
    return "moves more bytes than L2 has";
  return {};
}

std::string checkZeroPoint(const char *name, int32_t zp, int32_t isUnsigned) {
  const int32_t lo = isUnsigned ? 0 : -128;
  if (zp >= lo && zp <= lo + 255)
    return {};
  return std::string(name) + " is " + num(zp) + ", the operand's type allows " + num(lo) + " to " +
         num(lo + 255);
}

std::string checkGrid(const Target &target, const isa::TensorFields &f) {
  const int64_t pixels = int64_t(f.images) * f.rows * f.cols, blocks = blocksOf16(f.oc);
  const int64_t contexts = target.tiles * target.bank_contexts;
  if (f.mode == int(isa::TensorMode::Depthwise)) {
    if (pixels > contexts / blocks)
      return num(pixels) + " pixels of " + num(blocks) + " channel blocks exceed the bank's " +
             num(contexts) + " contexts";
    return {};
  }
  if (f.grid_p < 1 || f.grid_p > target.tiles / blocks)
    return "grid of " + num(f.grid_p) + " x " + num(blocks) + " tiles, the quad has " +
           num(target.tiles);
  if (pixels > target.bank_contexts * f.grid_p)
    return num(pixels) + " pixels on " + num(f.grid_p) + " tiles of " + num(target.bank_contexts) +
           " contexts";
  return {};
}

std::string check(const Target &target, const isa::TensorFields &f) {
  if (f.mode > 2)
    return "no such mode: " + num(f.mode);
  if (f.images < 1 || f.rows < 1 || f.cols < 1 || f.oc < 1 || f.ic < 1 || f.kh < 1 || f.kw < 1)
    return "empty: images, rows, cols, ic, oc, kh and kw are at least 1";
  if (f.mode == int(isa::TensorMode::Packed) && (f.in_sx != f.ic || f.dil_x != 1))
    return "a packed convolution has in_sx = ic and dilation 1";
  if (f.bank >= target.accumulator_banks)
    return "bank " + num(f.bank) + ", the target has " + num(target.accumulator_banks);
  if (f.accumulate && f.use_psum)
    return "accumulate and use_psum exclude each other";
  std::string problem = checkZeroPoint("in_zp", f.in_zp, f.in_unsigned);
  if (problem.empty())
    problem = checkZeroPoint("w_zp", f.w_zp, f.w_unsigned);
  return problem.empty() ? checkGrid(target, f) : problem;
}

std::string checkShift(const char *name, int32_t shift) {
  if (shift >= 2 && shift <= 62)
    return {};
  return std::string(name) + " is " + num(shift) + ", allowed is 2 to 62";
}

std::string checkRequant(const isa::OutputFields &f) {
  if (f.per_channel && !f.has_params)
    return "per_channel needs has_params";
  const bool integer = f.mode == int(isa::Requant::Double) || f.mode == int(isa::Requant::Single);
  if (integer && !f.per_channel)
    return checkShift("shift", f.shift);
  return {};
}

std::string checkResidual(const isa::OutputFields &f) {
  if (f.residual == 0)
    return {};
  if (f.residual > 2)
    return "no such residual arithmetic: " + num(f.residual);
  if (f.mode == 0)
    return "raw int32 has no residual";
  if (f.residual == int(isa::Residual::F32Add))
    return {};
  if (f.left_shift > 31)
    return "left_shift is " + num(f.left_shift) + ", allowed is 0 to 31";
  std::string problem = checkShift("res_shift", f.res_shift);
  if (problem.empty())
    problem = checkShift("self_shift", f.self_shift);
  return problem.empty() ? checkShift("sum_shift", f.sum_shift) : problem;
}

std::string check(const Target &target, const isa::OutputFields &f) {
  if (f.images < 1 || f.rows < 1 || f.cols < 1 || f.oc < 1)
    return "empty: images, rows, cols and oc are at least 1";
  const int64_t pixels = int64_t(f.images) * f.rows * f.cols;
  if (pixels > target.tiles * target.bank_contexts / blocksOf16(f.oc))
    return "drains more contexts than a bank has";
  if (f.bank >= target.accumulator_banks)
    return "bank " + num(f.bank) + ", the target has " + num(target.accumulator_banks);
  if (f.mode == 0 && f.use_table)
    return "raw int32 has no table";
  std::string problem = checkRequant(f);
  return problem.empty() ? checkResidual(f) : problem;
}

std::string check(const Target &, const isa::VectorFields &f) {
  if (f.images < 1 || f.rows < 1 || f.cols < 1 || f.channels < 1)
    return "empty: images, rows, cols and channels are at least 1";
  if (f.length < 1 || f.length > 32)
    return "length is " + num(f.length) + ", allowed is 1 to 32";
  const int64_t pixels = int64_t(f.images) * f.rows * f.cols;
  if (pixels > kMaxVectorElements / (blocksOf16(f.channels) * 16))
    return "a block has at most " + num(kMaxVectorElements) + " elements";
  for (int32_t type : {f.a0_type, f.a1_type, f.a2_type, f.a3_type, f.r0_type, f.r1_type})
    if (type > 4)
      return "no such element type: " + num(type);
  return {};
}

std::string checkBounds(const Limits &limits, const isa::Instruction &instruction) {
  for (const Access &access : accessesOf(instruction))
    if (!access.extent.within(limits.size(access.memory)))
      return std::string("operand '") + access.operand + "' reaches bytes " +
             num(access.extent.lo) + " to " + num(access.extent.hi) + " of " +
             memoryName(access.memory) + ", which has " + num(limits.size(access.memory));
  return {};
}

std::string checkPlace(const Limits &limits, const isa::Instruction &in, uint32_t quad) {
  const uint32_t mask = in.quads;
  const bool lowest = mask && (mask & -mask) == 1u << quad;
  if (!lowest || mask >> limits.program.quads)
    return "quad mask " + num(mask) + " does not belong into this quad's stream";
  if (in.engine() != isa::Engine::Load && mask != 1u << quad)
    return "only a LOAD may name more than one quad";
  const int64_t cycles = occupancy(limits.target, in);
  if (cycles > kMaxOccupancy)
    return "occupies its engine for " + num(cycles) + " cycles, at most " + num(kMaxOccupancy) +
           " are possible";
  const int64_t end = in.start + cycles + latencyOf(limits.target, in.engine());
  if (end > int64_t(limits.program.endCycle))
    return "is complete at " + num(end) + ", after the end of the program at " +
           num(limits.program.endCycle);
  if (!limits.program.layers.empty() && in.layer >= limits.program.layers.size())
    return "no such layer: " + num(in.layer);
  return {};
}

std::string checkInstruction(const Limits &limits, const isa::Instruction &in, uint32_t quad) {
  std::string problem = isa::checkFields(in);
  if (problem.empty())
    problem = std::visit([&](const auto &f) { return check(limits.target, f); }, in.fields);
  if (problem.empty())
    problem = checkBounds(limits, in);
  return problem.empty() ? checkPlace(limits, in, quad) : problem;
}

std::string checkStreams(const Limits &limits) {
  const isa::Program &p = limits.program;
  for (uint32_t quad = 0; quad < p.streams.size(); ++quad) {
    uint32_t last = 0;
    for (size_t i = 0; i < p.streams[quad].size(); ++i) {
      const isa::Instruction &in = p.streams[quad][i];
      std::string problem =
          in.start < last ? "starts before its predecessor" : checkInstruction(limits, in, quad);
      if (!problem.empty())
        return describeInstruction(p, quad, i) + ": " + problem;
      last = in.start;
    }
  }
  return {};
}

/// Compressed bytes are one row on its way to L2.
std::string checkCodec(const isa::DramRequest &r) {
  if (r.codec == isa::Codec::None)
    return {};
  if (r.codec > isa::Codec::Rans)
    return "no such codec";
  if (r.kind != isa::DramRequest::Kind::ToL2 || r.rows != 1)
    return "has a codec, but is not one row on its way to L2";
  if (r.encodedBytes < 1 || r.encodedBytes > r.rowBytes)
    return "has a codec, but " + num(r.encodedBytes) + " encoded bytes for " + num(r.rowBytes);
  return {};
}

std::string checkTransfer(const Limits &limits, const isa::DramRequest &r) {
  if (r.rows < 1 || r.rowBytes < 1 || int64_t(r.rows) * r.rowBytes > limits.target.l2_bytes)
    return "moves no bytes, or more than L2 has";
  if (r.dram > kMaxDramBytes || r.dramStride > int64_t(kMaxDramBytes) ||
      r.dramStride < -int64_t(kMaxDramBytes))
    return "DRAM address or stride out of range";
  if (std::string problem = checkCodec(r); !problem.empty())
    return problem;
  const Extent dram = extentOf(int64_t(r.dram), r.dramRowBytes(), {axis(r.rows, r.dramStride)});
  const Extent l2 = extentOf(r.l2, r.rowBytes, {axis(r.rows, r.l2Stride)});
  if (!l2.within(limits.target.l2_bytes))
    return "reaches bytes " + num(l2.lo) + " to " + num(l2.hi) + " of L2, which has " +
           num(limits.target.l2_bytes);
  if (!dram.within(int64_t(limits.program.dramBytes)))
    return "reaches bytes " + num(dram.lo) + " to " + num(dram.hi) + " of DRAM, which has " +
           num(int64_t(limits.program.dramBytes));
  if (r.kind == isa::DramRequest::Kind::FromL2 &&
      dram.lo < int64_t(limits.program.constants.size()))
    return "writes the program's constants";
  return {};
}

std::string checkRequests(const Limits &limits) {
  const isa::Program &p = limits.program;
  int64_t rows = 0;
  for (size_t i = 0; i < p.requests.size(); ++i) {
    const isa::DramRequest &r = p.requests[i];
    std::string problem;
    if (r.due < r.issue)
      problem = "due " + num(r.due) + " comes before issue " + num(r.issue);
    else if (r.kind > isa::DramRequest::Kind::Instructions)
      problem = "no such kind";
    else if (!p.layers.empty() && r.layer >= p.layers.size())
      problem = "no such layer: " + num(r.layer);
    else if (r.kind != isa::DramRequest::Kind::Instructions)
      problem = checkTransfer(limits, r);
    else if (r.l2 >= p.quads || int64_t(r.rowBytes) > limits.target.instruction_block_bytes)
      problem = "instruction block of no quad, or too large";
    rows += r.kind == isa::DramRequest::Kind::Instructions ? 0 : r.rows;
    if (problem.empty() && rows > kMaxRows)
      problem = "the list up to here moves more than " + num(kMaxRows) + " rows";
    if (!problem.empty())
      return "DRAM request " + num(int64_t(i)) + ": " + problem;
  }
  return {};
}

std::string checkTensors(const isa::Program &p, const std::vector<isa::IoTensor> &tensors,
                         bool written) {
  for (const isa::IoTensor &t : tensors)
    if (t.dram > p.dramBytes || t.bytes > p.dramBytes - t.dram ||
        (written && t.dram < p.constants.size()))
      return "tensor '" + t.name + "' at " + num(int64_t(t.dram)) + " with " +
             num(int64_t(t.bytes)) + " bytes is not in the DRAM image behind the constants";
  return {};
}

std::string checkShape(const isa::Program &p, const Target &target) {
  if (p.quads < 1 || p.quads > target.quads || p.streams.size() != p.quads)
    return "program for " + num(p.quads) + " quads with " + num(int64_t(p.streams.size())) +
           " streams, target '" + target.name + "' has " + num(target.quads) + " quads";
  if (p.dramBytes > kMaxDramBytes || p.constants.size() > p.dramBytes)
    return "DRAM image of " + std::to_string(p.dramBytes) + " bytes with " +
           num(int64_t(p.constants.size())) + " bytes of constants, at most " +
           num(int64_t(kMaxDramBytes)) + " are possible";
  return {};
}

} // namespace

std::string describeInstruction(const isa::Program &program, uint32_t quad, size_t index) {
  const isa::Instruction &in = program.streams[quad][index];
  std::string text = "quad " + num(quad) + ", instruction " + num(int64_t(index)) + " (" +
                     isa::engineTable(in.engine()).name + " at " + num(in.start);
  if (in.layer < program.layers.size())
    text += ", layer '" + program.layers[in.layer].name + "'";
  return text + ")";
}

std::string checkProgram(const isa::Program &program, const Target &target) {
  std::string problem = target.check();
  if (problem.empty())
    problem = checkShape(program, target);
  const Limits limits{program, target};
  if (problem.empty())
    problem = checkTensors(program, program.inputs, true);
  if (problem.empty())
    problem = checkTensors(program, program.outputs, false);
  if (problem.empty())
    problem = checkRequests(limits);
  return problem.empty() ? checkStreams(limits) : problem;
}

} // namespace afe::sim

// A small legal program made by hand: a 3x3 convolution of 32 channels in two accumulated steps,
// then a micro-program that adds a constant, on four quads of two tiles each. Every instruction
// waits for all before it in its quad, so that a test may move one and know what goes wrong.
#pragma once

#include "Encoding/Fields.h"
#include "Encoding/Lm.h"
#include "Simulator/Timing.h"

#include <algorithm>
#include <cstring>

namespace afe::test {

using namespace afe::isa;

constexpr int kWidth = 7, kRowBytes = kWidth * 16, kHeight = 16, kPlane = kHeight * kRowBytes;
constexpr int kWeightBytes = 2 * 9 * 256, kParamBytes = 144, kProgramBytes = 4 * 20;
constexpr int kImageBytes = 2 * kPlane, kResultBytes = kPlane;

/// Indices into Program::buffers.
enum BufferId : uint32_t {
  kL2Weights,
  kL2Params,
  kL2Program,
  kL2Image,
  kL2Result,
  kWeights,
  kParams,
  kMicro,
  kIn,
  kOut,
  kVec
};
/// Positions of a tile's instructions in its quad's stream, after `kPrologue` LOADs in quad 0.
enum TileStep : size_t { kLoadIn, kTensorA, kTensorB, kOutput, kVector, kStore, kTileSteps };
constexpr size_t kPrologue = 3;

inline size_t stepIndex(size_t quad, int tile, TileStep step) {
  return (quad == 0 ? kPrologue : 0) + size_t(tile) * kTileSteps + step;
}

inline void addBuffers(Program &p) {
  auto add = [&](Memory memory, uint64_t address, uint64_t size, const char *name) {
    Buffer b;
    b.memory = memory;
    b.quads = memory == Memory::L1 ? 15 : 0;
    b.address = address;
    b.size = size;
    b.name = name;
    p.buffers.push_back(b);
  };
  add(Memory::L2, 0, kWeightBytes, "l2.weights");
  add(Memory::L2, 4608, kParamBytes, "l2.params");
  add(Memory::L2, 4864, kProgramBytes, "l2.program");
  add(Memory::L2, 8192, kImageBytes, "l2.image");
  add(Memory::L2, 16384, kResultBytes, "l2.result");
  add(Memory::L1, 4096, kWeightBytes, "weights");
  add(Memory::L1, 12288, kParamBytes, "params");
  add(Memory::L1, 12544, kProgramBytes, "micro");
  add(Memory::L1, 0, 2 * 4 * kRowBytes, "in");
  add(Memory::L1, 16384, 2 * kRowBytes, "out");
  add(Memory::L1, 20480, 2 * kRowBytes, "vec");
}

inline void addRequest(Program &p, DramRequest::Kind kind, uint64_t dram, uint32_t buffer,
                       uint32_t issue, uint32_t due) {
  DramRequest r;
  r.kind = kind;
  r.issue = issue;
  r.due = due;
  r.dram = dram;
  r.l2 = uint32_t(p.buffers[buffer].address);
  r.rowBytes = uint32_t(p.buffers[buffer].size);
  r.l2Buffer = buffer;
  p.requests.push_back(r);
}

inline Instruction makeLoad(uint32_t from, uint32_t to, int run) {
  LoadFields f;
  f.l2 = int32_t(from);
  f.l1 = int32_t(to);
  f.run = run;
  f.count1 = f.count2 = 1;
  f.rate = 64;
  Instruction in;
  in.fields = f;
  return in;
}

inline Instruction loadBuffer(const Program &p, uint32_t from, uint32_t to) {
  Instruction in = makeLoad(uint32_t(p.buffers[from].address), uint32_t(p.buffers[to].address),
                            int(p.buffers[from].size));
  in.buffers = {from, to};
  return in;
}

/// Rows [2 * part - 1, 2 * part + 3) of the image, those that exist, for both channel blocks.
inline Instruction loadTile(int part) {
  int first = std::max(2 * part - 1, 0), rows = std::min(2 * part + 3, kHeight) - first;
  Instruction in = makeLoad(uint32_t(8192 + first * kRowBytes), 0, rows * kRowBytes);
  auto &f = std::get<LoadFields>(in.fields);
  f.count1 = 2;
  f.l2_stride1 = kPlane;
  f.l1_stride1 = 4 * kRowBytes;
  in.buffers = {kL2Image, kIn};
  return in;
}

inline Instruction convolve(int part, int step) {
  int first = std::max(2 * part - 1, 0);
  TensorFields f;
  f.in = step * 4 * kRowBytes;
  f.in_sy = kRowBytes;
  f.in_sx = f.in_sc = 16;
  f.in_h = std::min(2 * part + 3, kHeight) - first;
  f.in_w = f.cols = kWidth;
  f.y0 = 2 * part - 1 - first;
  f.x0 = -1;
  f.images = f.stride_y = f.stride_x = f.dil_y = f.dil_x = 1;
  f.rows = 2;
  f.kh = f.kw = 3;
  f.ic = f.oc = 16;
  f.weights = 4096 + step * 9 * 256;
  f.grid_p = 2;
  f.bank = part % 2;
  f.accumulate = step;
  Instruction in;
  in.fields = f;
  in.buffers = {kIn, kWeights, kNoBuffer};
  return in;
}

inline Instruction drain(int part) {
  OutputFields f;
  f.bank = part % 2;
  f.images = f.has_params = f.per_channel = f.mode = 1;
  f.rows = 2;
  f.cols = kWidth;
  f.oc = 16;
  f.params = 12288;
  f.lo = -128;
  f.hi = 127;
  f.out = 16384;
  f.out_sy = kRowBytes;
  f.out_sx = f.out_sc = 16;
  Instruction in;
  in.fields = f;
  in.buffers = {kParams, kNoBuffer, kNoBuffer, kOut};
  return in;
}

inline Instruction addConstant() {
  VectorFields f;
  f.program = 12544;
  f.length = 4;
  f.images = 1;
  f.rows = 2;
  f.cols = kWidth;
  f.channels = 16;
  f.a0 = 16384;
  f.r0 = 20480;
  f.a0_sy = f.r0_sy = kRowBytes;
  f.a0_sx = f.a0_sc = f.r0_sx = f.r0_sc = 16;
  f.a0_sl = f.a0_type = f.r0_sl = f.r0_type = 1;
  f.cost = 1;
  Instruction in;
  in.fields = f;
  in.buffers = {kMicro, kOut, kNoBuffer, kNoBuffer, kNoBuffer, kVec, kNoBuffer};
  return in;
}

inline Instruction storeTile(int part) {
  StoreFields f;
  f.l1 = 20480;
  f.l2 = 16384 + part * 2 * kRowBytes;
  f.run = 2 * kRowBytes;
  f.count1 = f.count2 = 1;
  Instruction in;
  in.fields = f;
  in.buffers = {kVec, kL2Result};
  return in;
}

inline void addConstants(Program &p) {
  p.constants.assign(5120, 1);
  MicroOp ops[4] = {};
  ops[0].opcode = uint8_t(MicroOpcode::k_load);
  ops[1].opcode = uint8_t(MicroOpcode::k_imm);
  ops[1].d = 1;
  ops[1].x = 3;
  ops[2].opcode = uint8_t(MicroOpcode::k_add);
  ops[2].b = 1;
  ops[3].opcode = uint8_t(MicroOpcode::k_store);
  std::memcpy(p.constants.data() + 4864, ops, sizeof(ops));
}

inline int64_t readyOf(const Instruction &in, const Target &target) {
  return in.start + sim::occupancy(target, in) + sim::latencyOf(target, in.engine());
}

/// Puts `in` behind everything of its quad that `time` stands for.
inline void append(Program &p, const Target &target, size_t quad, Instruction in, uint32_t &time,
                   uint8_t quads = 0) {
  in.start = time;
  in.quads = quads ? quads : uint8_t(1u << quad);
  time = uint32_t(readyOf(in, target));
  p.streams[quad].push_back(in);
}

/// Sets every buffer's live range to what the operand slots say, and the program's end.
inline void setLiveRanges(Program &p, const Target &target) {
  p.endCycle = 0;
  for (Buffer &b : p.buffers) {
    b.firstUse = UINT32_MAX;
    b.lastUse = 0;
  }
  auto use = [&](uint32_t buffer, int64_t start, int64_t end) {
    if (buffer == kNoBuffer)
      return;
    Buffer &b = p.buffers[buffer];
    b.firstUse = std::min(b.firstUse, uint32_t(start));
    b.lastUse = std::max(b.lastUse, uint32_t(end));
  };
  for (const auto &stream : p.streams)
    for (const Instruction &in : stream) {
      p.endCycle = std::max(p.endCycle, uint32_t(readyOf(in, target)));
      for (uint32_t buffer : in.buffers)
        use(buffer, in.start, in.start + sim::occupancy(target, in));
    }
  for (const DramRequest &r : p.requests) {
    p.endCycle = std::max(p.endCycle, r.due);
    use(r.l2Buffer, r.issue, r.due);
  }
  for (Buffer &b : p.buffers)
    b.firstUse = std::min(b.firstUse, b.lastUse);
}

inline Program legalProgram(const Target &target) {
  Program p;
  p.name = "MLA_0";
  p.target = target.name;
  p.targetHash = target.hash();
  p.quads = 4;
  p.streams.resize(4);
  p.layers.push_back({"conv2d_add_0", {"conv1/Conv2D"}});
  addBuffers(p);
  addConstants(p);
  p.inputs.push_back({"x", 5120, kImageBytes, "int8", {1, kHeight, kWidth, 32}, "HWC16"});
  p.outputs.push_back(
      {"y", 5120 + kImageBytes, kResultBytes, "int8", {1, kHeight, kWidth, 16}, "HWC"});
  p.dramBytes = 5120 + kImageBytes + kResultBytes;
  const auto toL2 = DramRequest::Kind::ToL2;
  addRequest(p, toL2, 0, kL2Weights, 0, 500);
  addRequest(p, toL2, 4608, kL2Params, 0, 500);
  addRequest(p, toL2, 4864, kL2Program, 0, 500);
  addRequest(p, toL2, 5120, kL2Image, 0, 600);
  uint32_t time = 600;
  append(p, target, 0, loadBuffer(p, kL2Weights, kWeights), time, 15);
  append(p, target, 0, loadBuffer(p, kL2Params, kParams), time, 15);
  append(p, target, 0, loadBuffer(p, kL2Program, kMicro), time, 15);
  uint32_t last = 0;
  for (size_t q = 0; q < 4; ++q) {
    uint32_t own = time;
    for (int tile = 0; tile < 2; ++tile) {
      int part = int(q) * 2 + tile;
      append(p, target, q, loadTile(part), own);
      append(p, target, q, convolve(part, 0), own);
      append(p, target, q, convolve(part, 1), own);
      append(p, target, q, drain(part), own);
      append(p, target, q, addConstant(), own);
      append(p, target, q, storeTile(part), own);
    }
    last = std::max(last, own);
  }
  addRequest(p, DramRequest::Kind::FromL2, 5120 + kImageBytes, kL2Result, last, last + 400);
  setLiveRanges(p, target);
  return p;
}

} // namespace afe::test

// Tiny random programs on a tiny machine: a few instructions of any kind over a few KB, which the
// program has filled before, most of them in order, some too early.
#pragma once

#include "BruteForce.h"
#include "LegalProgram.h"

#include <random>

namespace afe::test {

using Random = std::mt19937;
inline int below(Random &random, int end) { return int(random() % uint32_t(end)); }

constexpr int kBytes = 4096; ///< of L1 and L2 that programs play with

inline Target tinyTarget() {
  Target t;
  t.name = "mini";
  t.quads = kQuads;
  t.tiles = 4;
  t.l1_bytes = 16384;
  t.l2_bytes = 65536;
  t.l2_read_bytes_per_cycle = 128;
  return t;
}

inline int address(Random &random) {
  return below(random, 120) * 16 + (below(random, 4) ? 0 : below(random, 16));
}
inline int stride(Random &random) {
  static const int strides[] = {0, 16, 16, 32, 48, 64, 112, 256, -32, 7, 20};
  return strides[below(random, 11)];
}

inline decltype(Instruction::fields) randomLoad(Random &r) {
  LoadFields f;
  f.l2 = address(r), f.l1 = address(r);
  f.run = 1 + below(r, 100), f.count1 = 1 + below(r, 4), f.count2 = 1 + below(r, 3);
  f.l2_stride1 = stride(r), f.l1_stride1 = stride(r);
  f.l2_stride2 = stride(r), f.l1_stride2 = stride(r);
  f.rate = 32 << below(r, 3);
  if (below(r, 4) == 0) {
    f.transpose = 1;
    f.run = 16;
    f.count1 = 1 + below(r, 16);
  }
  return f;
}

inline decltype(Instruction::fields) randomStore(Random &r) {
  StoreFields f;
  f.l2 = address(r), f.l1 = address(r);
  f.run = 1 + below(r, 100), f.count1 = 1 + below(r, 4), f.count2 = 1 + below(r, 3);
  f.l2_stride1 = stride(r), f.l1_stride1 = stride(r);
  f.l2_stride2 = stride(r), f.l1_stride2 = stride(r);
  return f;
}

/// Output block, window and tile, the same for TENSOR and VECTOR.
template <typename Fields> void randomBlock(Random &r, Fields &f) {
  f.images = 1 + below(r, 2), f.rows = 1 + below(r, 3), f.cols = 1 + below(r, 4);
  f.kh = 1 + below(r, 3), f.kw = 1 + below(r, 3);
  f.stride_y = 1 + below(r, 3), f.stride_x = 1 + below(r, 3);
  f.dil_y = 1 + below(r, 2), f.dil_x = 1 + below(r, 2);
  f.y0 = below(r, 5) - 2, f.x0 = below(r, 5) - 2;
  f.in_h = 1 + below(r, 6), f.in_w = 1 + below(r, 6);
}

inline decltype(Instruction::fields) randomTensor(Random &r) {
  TensorFields f;
  randomBlock(r, f);
  f.mode = below(r, 3);
  f.in = address(r), f.weights = address(r), f.psum = address(r);
  f.in_sn = stride(r), f.in_sy = stride(r), f.in_sx = stride(r), f.in_sc = stride(r);
  f.w_so = below(r, 600);
  f.ic = 1 + below(r, f.mode == 1 ? 15 : 20), f.oc = 1 + below(r, 32);
  f.multiplier = below(r, 3);
  if (f.mode == 1)
    f.dil_x = f.dil_y = 1, f.in_sx = f.ic;
  f.grid_p = 1 + below(r, 2);
  f.bank = below(r, 2);
  f.accumulate = below(r, 16) == 0;
  f.use_psum = !f.accumulate && below(r, 4) == 0;
  f.psum_sn = stride(r), f.psum_sy = stride(r), f.psum_sx = stride(r), f.psum_sc = stride(r);
  return f;
}

/// Drains what a TENSOR of the quad filled, mostly.
inline decltype(Instruction::fields) randomOutput(Random &r, const Program &p, size_t quad) {
  OutputFields f;
  f.images = f.rows = f.cols = f.oc = 1;
  for (const Instruction &in : p.streams[quad])
    if (const auto *t = std::get_if<TensorFields>(&in.fields))
      f.images = t->images, f.rows = t->rows, f.cols = t->cols, f.oc = t->oc, f.bank = t->bank;
  f.mode = below(r, 4), f.shift = 30;
  f.has_params = below(r, 2), f.per_channel = f.has_params && below(r, 2);
  f.params = address(r), f.table = address(r);
  f.use_table = f.mode && below(r, 4) == 0;
  f.residual = f.mode && below(r, 3) == 0 ? 2 : 0;
  f.out = address(r), f.res = below(r, 2) ? f.out : address(r);
  f.out_sn = stride(r), f.out_sy = stride(r), f.out_sx = stride(r), f.out_sc = stride(r);
  bool same = below(r, 2);
  f.res_sn = same ? f.out_sn : stride(r), f.res_sy = same ? f.out_sy : stride(r);
  f.res_sx = same ? f.out_sx : stride(r), f.res_sc = same ? f.out_sc : stride(r);
  return f;
}

inline decltype(Instruction::fields) randomVector(Random &r) {
  VectorFields f;
  randomBlock(r, f);
  int kind = below(r, 3);
  f.program = kMicroAddress + kind * 512;
  f.length = kind == 0 ? 4 : kind == 1 ? 2 : 3;
  f.cost = kind == 1 ? f.kh * f.kw : 1;
  f.channels = 1 + below(r, 20);
  f.a0 = address(r), f.r0 = below(r, 2) ? f.a0 : address(r);
  f.a0_sn = stride(r), f.a0_sy = stride(r), f.a0_sx = stride(r), f.a0_sc = stride(r);
  bool same = below(r, 2);
  f.r0_sn = same ? f.a0_sn : stride(r), f.r0_sy = same ? f.a0_sy : stride(r);
  f.r0_sx = same ? f.a0_sx : stride(r), f.r0_sc = same ? f.a0_sc : stride(r);
  f.a0_type = 1 + below(r, 4), f.r0_type = same ? f.a0_type : 1 + below(r, 4);
  f.a0_sl = below(r, 3) ? 1 + below(r, 4) : 0, f.r0_sl = same ? f.a0_sl : 1 + below(r, 4);
  return f;
}

inline void addMicroConstants(Program &p) {
  p.constants.assign(kBytes + 1536, 3);
  MicroOp load, imm, add, store, window, table;
  load.opcode = uint8_t(MicroOpcode::k_load);
  imm.opcode = uint8_t(MicroOpcode::k_imm), imm.d = 1, imm.x = 3;
  add.opcode = uint8_t(MicroOpcode::k_add), add.b = 1;
  store.opcode = uint8_t(MicroOpcode::k_store);
  window.opcode = uint8_t(MicroOpcode::k_win_max);
  table.opcode = uint8_t(MicroOpcode::k_table8), table.x = 128;
  const std::vector<std::vector<MicroOp>> programs{
      {load, imm, add, store}, {window, store}, {load, table, store}};
  for (size_t i = 0; i < programs.size(); ++i)
    std::memcpy(p.constants.data() + kBytes + 512 * i, programs[i].data(),
                programs[i].size() * sizeof(MicroOp));
}

/// Everything is one buffer per memory, but for the micro-programs, which nothing else touches. L2
/// and most of L1 are filled first.
inline Program emptyTiny(const Target &target) {
  Program p;
  p.name = "MLA_0";
  p.target = target.name;
  p.targetHash = target.hash();
  p.quads = kQuads;
  p.streams.resize(kQuads);
  p.layers.push_back({"layer", {}});
  addMicroConstants(p);
  p.dramBytes = p.constants.size() + kBytes;
  p.buffers.resize(4);
  p.buffers[0].size = 60000;
  p.buffers[1].size = kMicroAddress;
  p.buffers[2].address = 60000, p.buffers[2].size = 1536;
  p.buffers[3].address = kMicroAddress, p.buffers[3].size = 1536;
  for (uint32_t b : {1, 3})
    p.buffers[b].memory = Memory::L1, p.buffers[b].quads = 3;
  addRequest(p, DramRequest::Kind::ToL2, 0, 0, 0, 100);
  p.requests.back().rowBytes = kBytes;
  addRequest(p, DramRequest::Kind::ToL2, kBytes, 2, 0, 100);
  uint32_t time = 100;
  Instruction micro = loadBuffer(p, 2, 3), data = makeLoad(0, 0, kBytes - 512);
  data.buffers = {0, 1};
  append(p, target, 0, micro, time, 3);
  append(p, target, 0, data, time, 3);
  p.endCycle = time;
  return p;
}

/// The last TENSOR of the quad with accumulate set, or any other if there is none.
inline decltype(Instruction::fields) repeatedTensor(Random &r, const Program &p, size_t quad) {
  for (const Instruction &in : p.streams[quad])
    if (const auto *t = std::get_if<TensorFields>(&in.fields)) {
      TensorFields again = *t;
      again.accumulate = 1, again.use_psum = 0;
      return again;
    }
  return randomTensor(r);
}

inline bool hasTensor(const Program &p, size_t quad) {
  return std::any_of(p.streams[quad].begin(), p.streams[quad].end(),
                     [](const Instruction &in) { return in.engine() == Engine::Tensor; });
}

inline Instruction randomInstruction(Random &random, const Program &p, size_t quad) {
  Instruction in;
  in.quads = uint8_t(1u << quad);
  int choice = below(random, 7);
  if (!hasTensor(p, quad) && (choice == 3 || choice == 4) && below(random, 16))
    choice = 2;
  switch (choice) {
  case 0:
    in.fields = randomLoad(random), in.buffers = {0, 1};
    if (quad == 0 && below(random, 3) == 0)
      in.quads = 3;
    break;
  case 1:
    in.fields = randomStore(random), in.buffers = {1, 0};
    break;
  case 2:
    in.fields = randomTensor(random), in.buffers = {1, 1, 1};
    break;
  case 3:
  case 4:
    in.fields = randomOutput(random, p, quad), in.buffers = {1, 1, 1, 1};
    break;
  case 5:
    in.fields = repeatedTensor(random, p, quad), in.buffers = {1, 1, 1};
    break;
  default:
    in.fields = randomVector(random), in.buffers = {3, 1, 1, 1, 1, 1, 1};
  }
  return in;
}

inline void addRandomRequests(Random &random, Program &p, uint32_t from) {
  for (int i = below(random, 3); i > 0; --i) {
    DramRequest r;
    r.kind = below(random, 2) ? DramRequest::Kind::ToL2 : DramRequest::Kind::FromL2;
    r.issue = from + uint32_t(below(random, 300));
    r.due = r.issue + 1 + uint32_t(below(random, 200));
    r.l2 = uint32_t(address(random)), r.l2Buffer = 0;
    r.rows = uint32_t(1 + below(random, 3)), r.rowBytes = uint32_t(1 + below(random, 90));
    r.l2Stride = below(random, 200);
    bool fills = r.kind == DramRequest::Kind::ToL2;
    r.dram = fills ? 0 : p.constants.size();
    r.dramStride = 100;
    p.requests.push_back(r);
  }
  std::sort(p.requests.begin() + 2, p.requests.end(),
            [](const DramRequest &a, const DramRequest &b) { return a.issue < b.issue; });
  for (size_t i = 3; i < p.requests.size(); ++i) // later requests are due later
    p.requests[i].due = std::max(p.requests[i].due, p.requests[i - 1].due);
}

inline Program randomTiny(Random &random, const Target &target) {
  Program p = emptyTiny(target);
  uint32_t time = p.endCycle;
  addRandomRequests(random, p, time);
  for (size_t q = 0; q < kQuads; ++q) {
    uint32_t own = time;
    for (int i = 1 + below(random, 4); i > 0; --i) {
      Instruction in = randomInstruction(random, p, q);
      append(p, target, q, in, own, in.quads);
      if (below(random, 3) == 0) // sometimes the next one may start early
        own = p.streams[q].back().start +
              uint32_t(below(random, int(own - p.streams[q].back().start) + 1));
    }
  }
  setLiveRanges(p, target);
  for (Buffer &b : p.buffers)
    b.firstUse = 0, b.lastUse = p.endCycle;
  return p;
}

} // namespace afe::test

// Instructions of the five engines: their start from what they read and write, and the books.

#include "Scheduling/Emitter.h"

#include "Simulator/Timing.h"

#include <algorithm>

namespace afe::sched {

using isa::Engine;
using isa::Memory;

int64_t Emitter::book(uint8_t quads, Engine engine, int64_t ready, int64_t cycles) {
  int64_t start = ready, leastGain = style.overlaps ? style.leastGain : INT64_MAX;
  for (bool moved = true; moved;) {
    moved = false;
    for (int q = 0; q < this->quads(); ++q)
      if (quads >> q & 1)
        if (int64_t idle = engines[q][int(engine)].earliest(start, cycles, leastGain);
            idle > start) {
          start = idle;
          moved = true;
        }
  }
  for (int q = 0; q < this->quads(); ++q)
    if (quads >> q & 1)
      engines[q][int(engine)].book(start, cycles);
  lastDone = std::max(lastDone, start + cycles + sim::latencyOf(target, engine));
  return start;
}

void Emitter::push(uint8_t quads, int64_t start, isa::Instruction instruction) {
  instruction.start = start;
  instruction.quads = quads;
  instruction.layer = layer;
  program.streams[__builtin_ctz(quads)].push_back(std::move(instruction));
}

/// A LOAD at `start` reads what these requests bring: they are due by then.
void Emitter::arrived(const L2Ref &slot, int64_t start) {
  for (uint32_t index : slot->requests)
    dram.requests[index].due = std::min<int64_t>(dram.requests[index].due, start);
}

uint8_t Emitter::loadRate(uint8_t quads) const {
  int64_t share = target.l2_read_bytes_per_cycle * __builtin_popcount(quads) / target.quads;
  int64_t rate = std::min(share, target.load_rate_max);
  return rate >= 128 ? 128 : rate >= 64 ? 64 : 32;
}

void Emitter::load(uint8_t quads, const L2Ref &from, StridedCopy copy, const L1Ref &to) {
  copy.dst += to->address;
  copy.forEachPiece(2, [&](const StridedCopy &piece) {
    isa::LoadFields f;
    f.l2 = piece.src;
    f.l1 = piece.dst;
    f.run = piece.run;
    f.count1 = piece.loops.size() > 0 ? piece.loops[0].extent : 1;
    f.count2 = piece.loops.size() > 1 ? piece.loops[1].extent : 1;
    f.l2_stride1 = piece.loops.size() > 0 ? piece.loops[0].src : 0;
    f.l1_stride1 = piece.loops.size() > 0 ? piece.loops[0].dst : 0;
    f.l2_stride2 = piece.loops.size() > 1 ? piece.loops[1].src : 0;
    f.l1_stride2 = piece.loops.size() > 1 ? piece.loops[1].dst : 0;
    f.rate = loadRate(quads);
    std::vector<Interval> src = piece.ranges(false), dst = piece.ranges(true);
    int64_t cycles = sim::occupancy(target, f), ready = std::max(l2.earliestRead(src), to->ready);
    for (int q = 0; q < this->quads(); ++q)
      if (quads >> q & 1)
        ready = std::max(ready, l1[q].earliestWrite(dst));
    int64_t start = book(quads, Engine::Load, ready, cycles);
    int64_t done = start + cycles + target.latency_load;
    l2.read(src, start + cycles);
    for (int q = 0; q < this->quads(); ++q)
      if (quads >> q & 1)
        l1[q].write(dst, done);
    arrived(from, start);
    touch(from->buffer, start, start + cycles);
    touch(to->buffer, start, done);
    isa::Instruction instruction;
    instruction.buffers[0] = from->buffer;
    instruction.buffers[1] = to->buffer;
    instruction.fields = f;
    push(quads, start, instruction);
  });
}

void Emitter::loadTransposed(int quad, const L2Ref &from, int64_t src, int64_t rows,
                             int64_t rowStride, int64_t planes, int64_t planeStride,
                             const L1Ref &to, int64_t dst) {
  isa::LoadFields f;
  f.l2 = src;
  f.l1 = to->address + dst;
  f.run = kLanes;
  f.count1 = rows;
  f.count2 = planes;
  f.l2_stride1 = rowStride;
  f.l2_stride2 = planeStride;
  f.l1_stride2 = kLanes * kLanes;
  f.rate = loadRate(1u << quad);
  f.transpose = 1;
  std::vector<Interval> reads =
      StridedCopy{f.l2, 0, kLanes, {{rows, rowStride, 0}, {planes, planeStride, 0}}}.ranges(false);
  std::vector<Interval> writes{{f.l1, f.l1 + planes * kLanes * kLanes}};
  int64_t cycles = sim::occupancy(target, f);
  int64_t ready = std::max({l2.earliestRead(reads), l1[quad].earliestWrite(writes), to->ready});
  int64_t start = book(1u << quad, Engine::Load, ready, cycles);
  l2.read(reads, start + cycles);
  l1[quad].write(writes, start + cycles + target.latency_load);
  arrived(from, start);
  touch(from->buffer, start, start + cycles);
  touch(to->buffer, start, start + cycles + target.latency_load);
  isa::Instruction instruction;
  instruction.buffers[0] = from->buffer;
  instruction.buffers[1] = to->buffer;
  instruction.fields = f;
  push(1u << quad, start, instruction);
}

void Emitter::store(int quad, const L1Ref &from, StridedCopy copy, const L2Ref &to) {
  copy.src += from->address;
  copy.forEachPiece(2, [&](const StridedCopy &piece) {
    isa::StoreFields f;
    f.l1 = piece.src;
    f.l2 = piece.dst;
    f.run = piece.run;
    f.count1 = piece.loops.size() > 0 ? piece.loops[0].extent : 1;
    f.count2 = piece.loops.size() > 1 ? piece.loops[1].extent : 1;
    f.l1_stride1 = piece.loops.size() > 0 ? piece.loops[0].src : 0;
    f.l2_stride1 = piece.loops.size() > 0 ? piece.loops[0].dst : 0;
    f.l1_stride2 = piece.loops.size() > 1 ? piece.loops[1].src : 0;
    f.l2_stride2 = piece.loops.size() > 1 ? piece.loops[1].dst : 0;
    std::vector<Interval> src = piece.ranges(false), dst = piece.ranges(true);
    int64_t cycles = sim::occupancy(target, f);
    int64_t ready = std::max({l1[quad].earliestRead(src), l2.earliestWrite(dst), to->ready});
    int64_t start = book(1u << quad, Engine::Store, ready, cycles);
    int64_t done = start + cycles + target.latency_store;
    l1[quad].read(src, start + cycles);
    l2.write(dst, done);
    touch(from->buffer, start, start + cycles);
    touch(to->buffer, start, done);
    isa::Instruction instruction;
    instruction.buffers[0] = from->buffer;
    instruction.buffers[1] = to->buffer;
    instruction.fields = f;
    push(1u << quad, start, instruction);
  });
}

void Emitter::tensor(int quad, const isa::TensorFields &f, const Operand &in,
                     const Operand &weights) {
  BankState &bank = banks[quad].state[f.bank];
  int64_t cycles = sim::occupancy(target, f);
  // Where all taps are padding nothing is read, yet the buffer must not seem to live earlier.
  int64_t ready = std::max(
      {l1[quad].earliestRead(in.ranges), in.slot->ready, l1[quad].earliestRead(weights.ranges)});
  ready = std::max(ready, f.accumulate ? bank.written : std::max(bank.read, bank.written));
  int64_t start = book(1u << quad, Engine::Tensor, ready, cycles);
  l1[quad].read(in.ranges, start + cycles);
  l1[quad].read(weights.ranges, start + cycles);
  bank.written = start + cycles + target.latency_tensor;
  touch(in.slot->buffer, start, start + cycles);
  touch(weights.slot->buffer, start, start + cycles);
  isa::Instruction instruction;
  instruction.buffers[0] = in.slot->buffer;
  instruction.buffers[1] = weights.slot->buffer;
  instruction.fields = f;
  push(1u << quad, start, instruction);
}

void Emitter::output(int quad, const isa::OutputFields &f, const Operand &params,
                     const Operand &residual, const Operand &table, const Operand &out) {
  BankState &bank = banks[quad].state[f.bank];
  int64_t cycles = sim::occupancy(target, f);
  int64_t ready = std::max({bank.written, l1[quad].earliestWrite(out.ranges), out.slot->ready});
  for (const Operand *operand : {&params, &residual, &table})
    ready = std::max(ready, l1[quad].earliestRead(operand->ranges));
  int64_t start = book(1u << quad, Engine::Output, ready, cycles);
  isa::Instruction instruction;
  int index = 0;
  for (const Operand *operand : {&params, &residual, &table}) {
    if (operand->slot) {
      l1[quad].read(operand->ranges, start + cycles);
      touch(operand->slot->buffer, start, start + cycles);
      instruction.buffers[index] = operand->slot->buffer;
    }
    ++index;
  }
  bank.read = start + cycles;
  l1[quad].write(out.ranges, start + cycles + target.latency_output);
  touch(out.slot->buffer, start, start + cycles + target.latency_output);
  instruction.buffers[3] = out.slot->buffer;
  instruction.fields = f;
  push(1u << quad, start, instruction);
}

void Emitter::vector(int quad, const isa::VectorFields &f, const std::vector<Operand> &reads,
                     const std::vector<Operand> &writes) {
  int64_t cycles = sim::occupancy(target, f), ready = 0;
  for (const Operand &operand : reads)
    ready = std::max(ready, l1[quad].earliestRead(operand.ranges));
  for (const Operand &operand : writes)
    ready = std::max({ready, l1[quad].earliestWrite(operand.ranges), operand.slot->ready});
  int64_t start = book(1u << quad, Engine::Vector, ready, cycles);
  isa::Instruction instruction;
  for (size_t i = 0; i < reads.size(); ++i) { // program, operands 0..3
    l1[quad].read(reads[i].ranges, start + cycles);
    touch(reads[i].slot->buffer, start, start + cycles);
    instruction.buffers[i] = reads[i].slot->buffer;
  }
  for (size_t i = 0; i < writes.size(); ++i) {
    l1[quad].write(writes[i].ranges, start + cycles + target.latency_vector);
    touch(writes[i].slot->buffer, start, start + cycles + target.latency_vector);
    instruction.buffers[5 + i] = writes[i].slot->buffer;
  }
  instruction.fields = f;
  push(1u << quad, start, instruction);
}

} // namespace afe::sched

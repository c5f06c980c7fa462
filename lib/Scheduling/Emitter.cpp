// Issuing instructions and DRAM requests; the bookkeeping of buffers, banks and engines.

#include "Scheduling/Emitter.h"

#include "Simulator/Timing.h"

#include <algorithm>

namespace afe::sched {

using isa::Engine;
using isa::Memory;

static constexpr int64_t kAlignment = 64; ///< of constants in DRAM and of staging slots

/// Inputs, outputs and spilled tensors lie behind the constants, whose size is known last: until
/// finish() their DRAM addresses count from here.
static constexpr uint64_t kDramArea = uint64_t(1) << 40;

static std::vector<Interval> dramRanges(const isa::DramRequest &request) {
  StridedCopy rows{int64_t(request.dram), 0, request.rowBytes,
                   {{request.rows, request.dramStride, request.rowBytes}}};
  rows.normalize();
  return rows.ranges(false);
}

Emitter::Emitter(const Network &network, const Plan &plan, const Target &target, int64_t prologue)
    : network(network), plan(plan), target(target), dram(target, prologue), l1(target.quads),
      engineFree(target.quads), banks(target.quads), l1Allocator(0, target.l1_bytes, 16),
      staging(plan.stagingBase, target.l2_bytes, kAlignment) {
  program.name = network.name;
  program.target = target.name;
  program.targetHash = target.hash();
  program.quads = target.quads;
  program.batch = network.batch;
  program.streams.resize(target.quads);
  for (const Layer &layer : network.layers)
    program.layers.push_back({layer.name, layer.sources});

  dram.onWritten = [this](const isa::DramRequest &request, int64_t done) {
    l2.read({{request.l2, int64_t(request.l2) + request.rows * int64_t(request.rowBytes)}}, done);
    dramBytes.write(dramRanges(request), done);
    touch(request.l2Buffer, request.issue, done);
  };
  uint64_t at = kDramArea;
  size_t count = network.storages.size();
  storageDram.assign(count, 0);
  storageBuffer.assign(count, isa::kNoBuffer);
  storageDramBuffer.assign(count, isa::kNoBuffer);
  inputChunkFetched.resize(count);
  inputChunkRequest.resize(count);
  for (size_t i = 0; i < count; ++i) {
    const Storage &storage = network.storages[i];
    if (storage.kind == Storage::Kind::Constant)
      continue;
    bool resident = plan.resident[i];
    if (storage.kind != Storage::Kind::Intermediate || !resident) {
      storageDram[i] = at;
      storageDramBuffer[i] = addBuffer(Memory::Dram, 0, at, storage.bytes, storage.name);
      at = roundUp(at + storage.bytes, kAlignment);
    }
    if (resident)
      storageBuffer[i] = addBuffer(Memory::L2, 0, plan.l2Address[i], storage.bytes, storage.name);
    if (storage.kind == Storage::Kind::Input)
      inputChunkFetched[i].resize(ceilDiv(storage.bytes, kInputChunkBytes));
    inputChunkRequest[i].resize(inputChunkFetched[i].size());
  }
  program.dramBytes = at - kDramArea;
  storageReady.assign(count, -1);
  lastLayer.assign(count, UINT32_MAX); // outputs live on
  for (size_t l = 0; l < network.layers.size(); ++l)
    for (int tensor : network.layers[l].inputs)
      if (int storage = network.tensors[tensor].storage;
          network.storages[storage].kind != Storage::Kind::Output)
        lastLayer[storage] = l;
}

bool Emitter::fail(const std::string &message) {
  error = message;
  failedLayer = static_cast<int>(layer);
  return false;
}

uint32_t Emitter::addBuffer(Memory memory, uint8_t quads, uint64_t address, uint64_t bytes,
                            const std::string &name) {
  isa::Buffer buffer;
  buffer.memory = memory;
  buffer.quads = quads;
  buffer.address = address;
  buffer.size = bytes;
  buffer.firstUse = UINT32_MAX;
  buffer.name = name;
  program.buffers.push_back(buffer);
  return program.buffers.size() - 1;
}

void Emitter::touch(uint32_t buffer, int64_t from, int64_t to) {
  if (buffer == isa::kNoBuffer)
    return;
  isa::Buffer &b = program.buffers[buffer];
  b.firstUse = std::min<int64_t>(b.firstUse, from);
  b.lastUse = std::max<int64_t>(b.lastUse, to);
}

// --- memory ---------------------------------------------------------------------------------

L1Ref Emitter::allocateL1(int64_t bytes, uint8_t quads, const std::string &name) {
  int64_t address = l1Allocator.allocate(bytes);
  if (address < 0) {
    fail("'" + network.layers[layer].name + "' needs " + std::to_string(bytes) +
         " more bytes of L1 for " + name + ", target '" + target.name + "' offers " +
         std::to_string(target.l1_bytes) + " in all");
    return nullptr;
  }
  std::vector<Interval> all{{address, address + bytes}};
  int64_t ready = 0;
  for (int q = 0; q < this->quads(); ++q)
    if (quads >> q & 1)
      ready = std::max(ready, l1[q].earliestWrite(all));
  auto *slot = new L1Slot{address, addBuffer(Memory::L1, quads, address, bytes, name), ready};
  return L1Ref(slot, [this](L1Slot *dead) {
    // The whole buffer lives until its last use: nobody may write any byte of it before.
    const isa::Buffer &buffer = program.buffers[dead->buffer];
    for (int q = 0; q < this->quads(); ++q)
      if (buffer.quads >> q & 1)
        l1[q].read({{dead->address, dead->address + int64_t(buffer.size)}}, buffer.lastUse);
    l1Allocator.free(dead->address);
    delete dead;
  });
}

L2Ref Emitter::stage(int64_t bytes, const std::string &name) {
  int64_t address = staging.allocate(bytes);
  if (address < 0) {
    fail("'" + network.layers[layer].name + "' needs " + std::to_string(bytes) +
         " more bytes of L2 to stage " + name + ", target '" + target.name + "' has " +
         std::to_string(stagingBytes()) + " beside the resident tensors");
    return nullptr;
  }
  // A result that is still waiting to leave these bytes leaves now: its end must be known.
  if (dram.anyWaiting([&](const isa::DramRequest &write) {
        return write.l2 < address + bytes && address < write.l2 + write.rows * int64_t(write.rowBytes);
      }))
    dram.flush();
  auto *slot = new L2Slot{address, addBuffer(Memory::L2, 0, address, bytes, name), {},
                          l2.earliestWrite({{address, address + bytes}})};
  return L2Ref(slot, [this](L2Slot *dead) {
    retire(dead->buffer);
    staging.free(dead->address);
    delete dead;
  });
}

/// A buffer of L2 is dead: its bytes are free from its last use on.
void Emitter::retire(uint32_t index) {
  const isa::Buffer &buffer = program.buffers[index];
  l2.read({{int64_t(buffer.address), int64_t(buffer.address + buffer.size)}}, buffer.lastUse);
}

/// When the bytes of a resident storage are free of what was there before it.
int64_t Emitter::residentReady(int storage) {
  int64_t &ready = storageReady[storage];
  if (ready < 0) {
    int64_t address = plan.l2Address[storage];
    ready = l2.earliestWrite({{address, address + network.storages[storage].bytes}});
  }
  return ready;
}

void Emitter::fetchRows(const L2Ref &slot, int64_t dramAddress, int64_t l2Address, int64_t rows,
                        int64_t rowBytes, int64_t dramStride, uint32_t dramBuffer) {
  std::vector<Interval> to{{l2Address, l2Address + rows * rowBytes}};
  isa::DramRequest request;
  request.kind = isa::DramRequest::Kind::ToL2;
  request.dram = dramAddress;
  request.l2 = l2Address;
  request.rows = rows;
  request.rowBytes = rowBytes;
  request.dramStride = dramStride;
  request.l2Stride = rowBytes;
  request.layer = layer;
  request.dramBuffer = dramBuffer;
  request.l2Buffer = slot->buffer;
  request.issue = std::max({l2.earliestWrite(to), slot->ready,
                            dramBytes.earliestRead(dramRanges(request))});
  int64_t done = dram.pushRead(request);
  slot->requests.push_back(dram.requests.size() - 1);
  l2.write(to, done);
  touch(slot->buffer, request.issue, done);
}

uint64_t Emitter::addConstant(const std::vector<uint8_t> &bytes, const std::string &name) {
  uint64_t address = program.constants.size();
  program.constants.resize(roundUp(address + bytes.size(), kAlignment));
  std::copy(bytes.begin(), bytes.end(), program.constants.begin() + address);
  return address;
}

uint64_t Emitter::cachedConstant(const std::string &key,
                                 const std::function<std::vector<uint8_t>()> &make) {
  auto [it, fresh] = constantCache.try_emplace(std::to_string(layer) + "/" + key, 0);
  if (fresh)
    it->second = addConstant(make(), key);
  return it->second;
}

L2Ref Emitter::fetchConstant(uint64_t dramAddress, int64_t bytes) {
  L2Ref slot = stage(bytes, "constants of " + network.layers[layer].name);
  if (slot)
    fetchRows(slot, dramAddress, slot->address, 1, bytes, bytes, isa::kNoBuffer);
  return slot;
}

/// Fetches the chunks of a resident input that the ranges touch and that are not there yet.
void Emitter::fetchInput(int storage, const std::vector<Interval> &ranges) {
  std::vector<bool> &fetched = inputChunkFetched[storage];
  int64_t bytes = network.storages[storage].bytes, base = plan.l2Address[storage];
  for (Interval range : ranges) {
    for (int64_t c = range.lo / kInputChunkBytes; c * kInputChunkBytes < range.hi; ++c) {
      if (fetched[c])
        continue;
      fetched[c] = true;
      int64_t lo = c * kInputChunkBytes, size = std::min(kInputChunkBytes, bytes - lo);
      L2Slot whole{base, storageBuffer[storage], {}, residentReady(storage)};
      L2Ref slot(&whole, [](L2Slot *) {});
      fetchRows(slot, storageDram[storage] + lo, base + lo, 1, size, size,
                storageDramBuffer[storage]);
      inputChunkRequest[storage][c] = whole.requests.back();
    }
  }
}

L2Ref Emitter::openTile(const Tensor &tensor, const Box &box, StridedCopy &copy) {
  copy = tileCopy(tensor, box);
  return openBytes(tensor.storage, copy);
}

L2Ref Emitter::openBytes(int storage, StridedCopy &copy) {
  const Storage &home = network.storages[storage];
  if (home.kind != Storage::Kind::Constant && plan.resident[storage]) {
    auto slot = std::make_shared<L2Slot>();
    slot->address = plan.l2Address[storage];
    slot->buffer = storageBuffer[storage];
    if (home.kind == Storage::Kind::Input) {
      std::vector<Interval> ranges = copy.ranges(false);
      fetchInput(storage, ranges);
      for (Interval range : ranges)
        for (int64_t c = range.lo / kInputChunkBytes; c * kInputChunkBytes < range.hi; ++c)
          slot->requests.push_back(inputChunkRequest[storage][c]);
    }
    copy.src += slot->address;
    return slot;
  }
  int64_t base = home.kind == Storage::Kind::Constant
                     ? cachedConstant("storage" + std::to_string(storage),
                                      [&] {
                                        return std::vector<uint8_t>(home.data,
                                                                    home.data + home.bytes);
                                      })
                     : storageDram[storage];
  std::vector<Interval> wanted = copy.ranges(false);
  auto pending = [&](const isa::DramRequest &write) {
    int64_t lo = write.dram - storageDram[storage];
    return write.dramBuffer == storageDramBuffer[storage] && lo < wanted.back().hi &&
           lo + write.rows * std::max<int64_t>(write.dramStride, write.rowBytes) > wanted[0].lo;
  };
  if (dram.anyWaiting(pending))
    dram.flush(); // what is read back must have left before, in list order
  L2Ref slot = stage(copy.bytes(), "tile of " + home.name);
  if (!slot)
    return nullptr;
  int64_t at = slot->address;
  // Packed in the order of the loops: one request per piece of rows.
  copy.forEachPiece(1, [&](const StridedCopy &piece) {
    Loop rows = piece.loops.empty() ? Loop{1, piece.run, 0} : piece.loops[0];
    fetchRows(slot, base + piece.src, at, rows.extent, piece.run, rows.src,
              storageDramBuffer[storage]);
    at += rows.extent * piece.run;
  });
  int64_t stride = copy.run;
  for (Loop &loop : copy.loops) {
    loop.src = stride;
    stride *= loop.extent;
  }
  copy.src = slot->address;
  copy.normalize();
  return slot;
}

L2Ref Emitter::openResult(int storage, StridedCopy &copy) {
  if (plan.resident[storage]) {
    auto slot = std::make_shared<L2Slot>();
    slot->address = plan.l2Address[storage];
    slot->buffer = storageBuffer[storage];
    slot->ready = residentReady(storage);
    copy.dst += slot->address;
    return slot;
  }
  L2Ref slot = stage(copy.bytes(), "result for " + network.storages[storage].name);
  if (!slot)
    return nullptr;
  int64_t stride = copy.run;
  for (Loop &loop : copy.loops) {
    loop.dst = stride;
    stride *= loop.extent;
  }
  copy.dst = slot->address;
  copy.normalize();
  return slot;
}

void Emitter::commit(int storage, const L2Ref &result, const StridedCopy &original) {
  if (plan.resident[storage])
    return;
  int64_t at = result->address;
  original.forEachPiece(1, [&](const StridedCopy &piece) {
    Loop rows = piece.loops.empty() ? Loop{1, 0, piece.run} : piece.loops[0];
    std::vector<Interval> from{{at, at + rows.extent * piece.run}};
    isa::DramRequest request;
    request.kind = isa::DramRequest::Kind::FromL2;
    request.issue = l2.earliestRead(from);
    request.dram = storageDram[storage] + piece.dst;
    request.l2 = at;
    request.rows = rows.extent;
    request.rowBytes = piece.run;
    request.dramStride = rows.dst;
    request.l2Stride = piece.run;
    request.layer = layer;
    request.dramBuffer = storageDramBuffer[storage];
    request.l2Buffer = result->buffer;
    dram.pushWrite(request);
    at += rows.extent * piece.run;
  });
}

// --- instructions ---------------------------------------------------------------------------

int64_t Emitter::book(uint8_t quads, Engine engine, int64_t ready, int64_t cycles) {
  int64_t start = ready;
  for (int q = 0; q < this->quads(); ++q)
    if (quads >> q & 1)
      start = std::max(start, engineFree[q][int(engine)]);
  for (int q = 0; q < this->quads(); ++q)
    if (quads >> q & 1)
      engineFree[q][int(engine)] = start + cycles;
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
  int64_t ready = std::max(l1[quad].earliestRead(in.ranges), l1[quad].earliestRead(weights.ranges));
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

// --- the whole program ----------------------------------------------------------------------

bool Emitter::run() {
  for (layer = 0; layer < network.layers.size(); ++layer) {
    const Layer &current = network.layers[layer];
    const Mapping &mapping = plan.mappings[layer];
    bool ok = current.kind == Layer::Kind::Conv     ? emitConv(current, mapping)
              : current.kind == Layer::Kind::Vector ? emitVector(current, mapping)
                                                    : emitMove(current, mapping);
    if (!ok)
      return false;
    for (size_t i = 0; i < network.storages.size(); ++i)
      if (storageBuffer[i] != isa::kNoBuffer && lastLayer[i] == layer)
        retire(storageBuffer[i]);
  }
  layer = network.layers.empty() ? 0 : network.layers.size() - 1;
  sendOutputs();
  finish();
  return true;
}

/// Resident outputs leave for DRAM as soon as their last byte is there.
void Emitter::sendOutputs() {
  for (size_t i = 0; i < network.storages.size(); ++i) {
    const Storage &storage = network.storages[i];
    if (storage.kind != Storage::Kind::Output || !plan.resident[i])
      continue;
    isa::DramRequest request;
    request.kind = isa::DramRequest::Kind::FromL2;
    request.issue = l2.earliestRead({{plan.l2Address[i], plan.l2Address[i] + storage.bytes}});
    request.dram = storageDram[i];
    request.l2 = plan.l2Address[i];
    request.rowBytes = storage.bytes;
    request.dramStride = request.l2Stride = storage.bytes;
    request.layer = layer;
    request.dramBuffer = storageDramBuffer[i];
    request.l2Buffer = storageBuffer[i];
    dram.pushWrite(request);
  }
  dram.flush();
}

/// Final order of the streams, end of T, dues within it, DRAM addresses behind the constants.
void Emitter::finish() {
  int64_t base = program.constants.size();
  uint32_t constants = addBuffer(Memory::Dram, 0, 0, base, "constants");
  int64_t end = lastDone;
  for (const isa::DramRequest &request : dram.requests)
    end = std::max<int64_t>(end, request.issue);
  program.endCycle = end;
  for (isa::DramRequest &request : dram.requests) {
    request.due = std::min<int64_t>(request.due, end);
    if (request.dramBuffer == isa::kNoBuffer)
      request.dramBuffer = constants;
    else
      request.dram += base - kDramArea;
    touch(request.l2Buffer, request.issue, request.due);
  }
  program.requests = std::move(dram.requests);
  requestDone = std::move(dram.done);
  program.dramBytes += base;
  for (isa::Buffer &buffer : program.buffers) {
    if (buffer.memory == Memory::Dram && &buffer != &program.buffers[constants])
      buffer.address += base - kDramArea;
    if (buffer.firstUse == UINT32_MAX || buffer.memory == Memory::Dram)
      buffer.firstUse = 0;
    if (buffer.memory == Memory::Dram)
      buffer.lastUse = end;
  }
  for (auto &stream : program.streams)
    std::stable_sort(stream.begin(), stream.end(), [](const auto &a, const auto &b) {
      return a.start != b.start ? a.start < b.start : a.engine() < b.engine();
    });
  auto describe = [&](int index, std::vector<isa::IoTensor> &list) {
    const Tensor &tensor = network.tensors[index];
    isa::IoTensor io;
    io.name = tensor.name;
    io.dram = base + storageDram[tensor.storage] - kDramArea + tensor.layout.offset;
    io.bytes = network.storages[tensor.storage].bytes;
    io.scalar = tensor.type == isa::ElementType::U8    ? "uint8"
                : tensor.type == isa::ElementType::I8  ? "int8"
                : tensor.type == isa::ElementType::I16 ? "int16"
                                                       : "int32";
    io.shape = {tensor.n, tensor.h, tensor.w, tensor.c};
    io.layout = tensor.layout.pixel == tensor.c * tensor.elementBytes() ? "HWC" : "HWC16";
    list.push_back(io);
  };
  for (int input : network.inputs)
    describe(input, program.inputs);
  for (int output : network.outputs)
    describe(output, program.outputs);
}

} // namespace afe::sched

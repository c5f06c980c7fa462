// Issuing instructions and DRAM requests; the bookkeeping of buffers, banks and engines.

#include "Scheduling/Emitter.h"

#include "Scheduling/InPlace.h"
#include "Simulator/DramTimeline.h"
#include "Simulator/Timing.h"

#include <algorithm>

namespace afe::sched {

using isa::Engine;
using isa::Memory;

static constexpr int64_t kAlignment = 64; ///< of constants in DRAM and of staging slots

static std::vector<Interval> dramRanges(const isa::DramRequest &request) {
  StridedCopy rows{int64_t(request.dram),
                   0,
                   request.dramRowBytes(),
                   {{request.rows, request.dramStride, request.dramRowBytes()}}};
  rows.normalize();
  return rows.ranges(false);
}

Emitter::Emitter(const Network &network, const Plan &plan, const Target &target, int64_t prologue,
                 SlotOrder slotOrder, bool encode)
    : network(network), plan(plan), target(target), slotOrder(slotOrder), uses(network),
      dram(target, prologue), l1(target.quads), engineFree(target.quads), banks(target.quads),
      l1Allocator(0, target.l1_bytes, 16, target.quads),
      staging(plan.stagingBase, target.l2_bytes, kAlignment),
      l1Free(target.l1_bytes, 16, target.quads), encode(encode) {
  program.name = network.name;
  program.target = target.name;
  program.targetHash = target.hash();
  program.quads = target.quads;
  program.batch = network.batch;
  program.streams.resize(target.quads);
  for (const Layer &layer : network.layers)
    program.layers.push_back({layer.name, layer.sources});

  dram.onWritten = [this](const isa::DramRequest &request, int64_t done) {
    // The whole buffer lives until its last request is done.
    const isa::Buffer &buffer = program.buffers[request.l2Buffer];
    l2.read({{int64_t(buffer.address), int64_t(buffer.address + buffer.size)}}, done);
    dramBytes.write(dramRanges(request), done);
    touch(request.l2Buffer, request.issue, done);
  };
  uint64_t at = kDramArea;
  size_t count = network.storages.size();
  storageDram.assign(count, 0);
  storageBuffer.assign(count, isa::kNoBuffer);
  storageDramBuffer.assign(count, isa::kNoBuffer);
  tiles.resize(count);
  tileRequests.resize(count);
  std::vector<bool> inL1 = storagesInL1(network, uses, plan.mappings);
  for (size_t i = 0; i < count; ++i) {
    const Storage &storage = network.storages[i];
    if (storage.kind == Storage::Kind::Constant || inL1[i])
      continue;
    bool resident = plan.resident[i];
    if (storage.kind != Storage::Kind::Intermediate || !resident) {
      storageDram[i] = at;
      storageDramBuffer[i] = addBuffer(Memory::Dram, 0, at, storage.bytes, storage.name);
      at = roundUp(at + storage.bytes, kAlignment);
    }
    if (resident)
      storageBuffer[i] = addBuffer(Memory::L2, 0, plan.l2Address[i], storage.bytes, storage.name);
    if (storage.kind != Storage::Kind::Intermediate) {
      bool isInput = storage.kind == Storage::Kind::Input;
      tiles[i] = storage.tiles.value_or(
          DramTiles::pieces(storage.bytes, isInput ? kInputChunkBytes : kOutputPieceBytes));
      tileRequests[i].resize(isInput ? tiles[i].count() : 0);
    }
  }
  // Placed on each other: results that are written over an operand.
  for (StoragePair pair : inPlacePairs(network, uses, plan.mappings))
    if (plan.resident[pair.source] && plan.resident[pair.result] &&
        plan.l2Address[pair.source] == plan.l2Address[pair.result])
      program.buffers[storageBuffer[pair.result]].inPlaceOf = storageBuffer[pair.source];
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
  int64_t address = l1Allocator.allocate(bytes, quads);
  if (address >= 0)
    return slotAt(address, bytes, quads, name);
  fail("'" + network.layers[layer].name + "' needs " + std::to_string(bytes) +
       " more bytes of L1 for " + name + ", target '" + target.name + "' offers " +
       std::to_string(target.l1_bytes) + " in all");
  return nullptr;
}

/// The buffer at an address that l1Allocator has given away.
L1Ref Emitter::slotAt(int64_t address, int64_t bytes, uint8_t quads, const std::string &name) {
  std::vector<Interval> all{{address, address + bytes}};
  int64_t ready = 0;
  for (int q = 0; q < this->quads(); ++q)
    if (quads >> q & 1)
      ready = std::max(ready, l1[q].earliestWrite(all));
  l1Free.occupy(address, bytes, quads);
  auto *slot = new L1Slot{address, addBuffer(Memory::L1, quads, address, bytes, name), ready};
  return L1Ref(slot, [this](L1Slot *dead) {
    // The whole buffer lives until its last use: nobody may write any byte of it before.
    const isa::Buffer &buffer = program.buffers[dead->buffer];
    for (int q = 0; q < this->quads(); ++q)
      if (buffer.quads >> q & 1)
        l1[q].read({{dead->address, dead->address + int64_t(buffer.size)}}, buffer.lastUse);
    l1Free.release(dead->address, buffer.size, buffer.quads,
                   std::max<int64_t>(dead->ready, buffer.lastUse));
    l1Allocator.free(dead->address, buffer.quads);
    delete dead;
  });
}

std::vector<L1Ref> Emitter::allocateL1(const std::vector<L1Request> &requests, uint8_t quads) {
  std::vector<L1Ref> slots;
  if (slotOrder == SlotOrder::Soonest)
    slots = allocateSoonest(requests, quads);
  if (!slots.empty() || requests.empty())
    return slots;
  makeRoomL1(requests, quads);
  for (const L1Request &request : requests) {
    slots.push_back(allocateL1(request.bytes, quads, request.name));
    if (!slots.back())
      return {};
  }
  return slots;
}

/// What is written first takes the bytes that are free first. Nothing where gaps between them come
/// to hold no further one.
std::vector<L1Ref> Emitter::allocateSoonest(const std::vector<L1Request> &requests, uint8_t quads) {
  int64_t now = INT64_MAX;
  for (int q = 0; q < this->quads(); ++q)
    if (quads >> q & 1)
      now = std::min(now, engineFree[q][int(isa::Engine::Load)]);
  memory::FreeTimes trial = l1Free;
  std::vector<int64_t> addresses;
  for (const L1Request &request : requests) {
    int64_t address = trial.soonest(request.bytes, quads, now);
    if (address < 0)
      return {};
    trial.occupy(address, request.bytes, quads);
    addresses.push_back(address);
  }
  std::vector<L1Ref> slots;
  for (size_t i = 0; i < requests.size(); ++i) {
    l1Allocator.take(addresses[i], requests[i].bytes, quads);
    slots.push_back(slotAt(addresses[i], requests[i].bytes, quads, requests[i].name));
  }
  return slots;
}

void Emitter::makeRoomL1(const std::vector<L1Request> &requests, uint8_t quads) {
  int64_t total = 0, largest = 0;
  for (const L1Request &request : requests)
    total += roundUp(request.bytes, kLanes),
        largest = std::max(largest, roundUp(request.bytes, kLanes));
  if (total + largest > target.l1_bytes)
    l1Allocator.makeRoom(total, quads);
}

L2Ref Emitter::stage(int64_t bytes, const std::string &name) {
  int64_t address = staging.allocate(bytes);
  if (address < 0) {
    fail("'" + network.layers[layer].name + "' needs " + std::to_string(bytes) +
         " more bytes of L2 to stage " + name + ", target '" + target.name + "' has " +
         std::to_string(stagingBytes()) + " beside the resident tensors");
    return nullptr;
  }
  // A result that waits to leave a buffer with some of these bytes leaves now: its end must be
  // known.
  if (dram.anyWaiting([&](const isa::DramRequest &write) {
        const isa::Buffer &buffer = program.buffers[write.l2Buffer];
        return int64_t(buffer.address) < address + bytes &&
               address < int64_t(buffer.address + buffer.size);
      }))
    dram.flush();
  auto *slot = new L2Slot{address,
                          addBuffer(Memory::L2, 0, address, bytes, name),
                          {},
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

/// The bytes of L2 that a piece fills or empties, for frames at `base`.
static std::vector<Interval> frameRanges(int64_t base, const DramPiece &piece) {
  StridedCopy rows{base + piece.frame, 0, piece.rowBytes, {{piece.rows, piece.frameStride, 0}}};
  rows.normalize();
  return rows.ranges(false);
}

void Emitter::fetchRows(const L2Ref &slot, int64_t dramBase, int64_t l2Base, const DramPiece &piece,
                        uint32_t dramBuffer) {
  isa::DramRequest request;
  request.dram = dramBase + piece.dram;
  request.l2 = l2Base + piece.frame;
  request.rows = piece.rows;
  request.rowBytes = piece.rowBytes;
  request.dramStride = piece.dramStride;
  request.l2Stride = piece.frameStride;
  request.dramBuffer = dramBuffer;
  fetch(slot, request, frameRanges(l2Base, piece));
}

void Emitter::fetch(const L2Ref &slot, isa::DramRequest request, const std::vector<Interval> &to) {
  request.kind = isa::DramRequest::Kind::ToL2;
  request.layer = layer;
  request.l2Buffer = slot->buffer;
  request.issue =
      std::max({l2.earliestWrite(to), slot->ready, dramBytes.earliestRead(dramRanges(request))});
  int64_t done = dram.pushRead(request);
  slot->requests.push_back(dram.requests.size() - 1);
  l2.write(to, done);
  touch(slot->buffer, request.issue, done);
}

Constant Emitter::addConstant(const isa::TileBytes &tile) {
  Constant constant{program.constants.size(), int64_t(tile.bytes.size()), 0};
  const isa::SymbolCode &code = network.layers[layer].conv.code;
  size_t stored = plan.options.compress ? isa::encodedTileSize(tile, code) : 0;
  auto ticks = [&](size_t bytes, int64_t decoded) {
    return sim::liveTicks(target, sim::burstsOf(target, constant.dram, 1, bytes, 0), decoded);
  };
  if (stored > 0 && ticks(stored, constant.bytes) < ticks(tile.bytes.size(), 0)) {
    const std::vector<uint8_t> bytes =
        encode ? isa::encodeTile(tile, code) : std::vector<uint8_t>(stored);
    stored = bytes.size();
    constant.encodedBytes = stored;
    program.constants.insert(program.constants.end(), bytes.begin(), bytes.end());
  } else {
    stored = tile.bytes.size();
    program.constants.insert(program.constants.end(), tile.bytes.begin(), tile.bytes.end());
  }
  program.constants.resize(roundUp(program.constants.size(), kAlignment));
  if (size_t weights = tile.countOf(isa::ByteKind::Coded)) {
    weightBytes.raw += weights;
    weightBytes.stored += stored - tile.countOf(isa::ByteKind::Raw);
  }
  return constant;
}

Constant Emitter::cachedConstant(const std::string &key,
                                 const std::function<isa::TileBytes()> &make) {
  auto [it, fresh] = constantCache.try_emplace(std::to_string(layer) + "/" + key);
  if (fresh)
    it->second = addConstant(make());
  return it->second;
}

L2Ref Emitter::fetchConstant(const Constant &constant) {
  L2Ref slot = stage(constant.bytes, "constants of " + network.layers[layer].name);
  if (!slot)
    return nullptr;
  isa::DramRequest request;
  request.dram = constant.dram;
  request.l2 = slot->address;
  request.rowBytes = request.dramStride = request.l2Stride = constant.bytes;
  request.codec = constant.encodedBytes ? isa::Codec::Rans : isa::Codec::None;
  request.encodedBytes = constant.encodedBytes;
  fetch(slot, request, {{slot->address, slot->address + constant.bytes}});
  return slot;
}

/// Fetches the tiles of a resident input that the ranges touch and that are not there yet; all
/// requests that bring them.
std::vector<uint32_t> Emitter::fetchInput(int storage, const std::vector<Interval> &ranges) {
  int64_t base = plan.l2Address[storage];
  std::vector<uint32_t> requests;
  for (int64_t tile : tiles[storage].touched(ranges)) {
    std::vector<uint32_t> &known = tileRequests[storage][tile];
    if (known.empty()) {
      L2Slot whole{base, storageBuffer[storage], {}, residentReady(storage)};
      L2Ref slot(&whole, [](L2Slot *) {});
      for (const DramPiece &piece : tiles[storage].piecesOf(tile))
        fetchRows(slot, storageDram[storage], base, piece, storageDramBuffer[storage]);
      known = whole.requests;
    }
    requests.insert(requests.end(), known.begin(), known.end());
  }
  return requests;
}

L2Ref Emitter::openTile(const Tensor &tensor, const Box &box, StridedCopy &copy) {
  copy = tileCopy(tensor, box);
  return openBytes(tensor.storage, copy);
}

/// Rows of a storage in DRAM against the same rows without gaps in L2.
std::vector<DramPiece> Emitter::packedPieces(int storage, int64_t first, int64_t rows,
                                             int64_t rowBytes, int64_t stride) const {
  if (!tiles[storage].packed)
    return {{0, first, rows, rowBytes, rowBytes, stride}};
  std::vector<DramPiece> pieces;
  for (int64_t row = 0; row < rows; ++row) {
    int64_t start = first + row * stride, at = row * rowBytes - start;
    tiles[storage].forEachRun({start, start + rowBytes},
                              [&](int64_t frame, int64_t inDram, int64_t bytes) {
                                pieces.push_back({at + frame, inDram, 1, bytes, bytes, bytes});
                              });
  }
  return pieces;
}

L2Ref Emitter::openBytes(int storage, StridedCopy &copy) {
  const Storage &home = network.storages[storage];
  if (home.kind != Storage::Kind::Constant && plan.resident[storage]) {
    auto slot = std::make_shared<L2Slot>();
    slot->address = plan.l2Address[storage];
    slot->buffer = storageBuffer[storage];
    if (home.kind == Storage::Kind::Input)
      slot->requests = fetchInput(storage, copy.ranges(false));
    copy.src += slot->address;
    return slot;
  }
  int64_t base =
      home.kind == Storage::Kind::Constant
          ? cachedConstant("storage" + std::to_string(storage),
                           [&] { return std::vector<uint8_t>(home.data, home.data + home.bytes); })
                .dram
          : storageDram[storage];
  std::vector<Interval> wanted = copy.ranges(false);
  auto pending = [&](const isa::DramRequest &write) {
    int64_t lo = write.dram - storageDram[storage];
    if (write.dramBuffer != storageDramBuffer[storage] || tiles[storage].packed)
      return write.dramBuffer == storageDramBuffer[storage];
    return lo < wanted.back().hi &&
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
    for (const DramPiece &part : packedPieces(storage, piece.src, rows.extent, piece.run, rows.src))
      fetchRows(slot, base, at, part, storageDramBuffer[storage]);
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
    for (const DramPiece &part : packedPieces(storage, piece.dst, rows.extent, piece.run, rows.dst))
      sendRows(storage, at, part, result->buffer);
    at += rows.extent * piece.run;
  });
}

void Emitter::sendRows(int storage, int64_t l2Base, const DramPiece &piece, uint32_t buffer) {
  isa::DramRequest request;
  request.kind = isa::DramRequest::Kind::FromL2;
  request.issue = l2.earliestRead(frameRanges(l2Base, piece));
  request.dram = storageDram[storage] + piece.dram;
  request.l2 = l2Base + piece.frame;
  request.rows = piece.rows;
  request.rowBytes = piece.rowBytes;
  request.dramStride = piece.dramStride;
  request.l2Stride = piece.frameStride;
  request.layer = layer;
  request.dramBuffer = storageDramBuffer[storage];
  request.l2Buffer = buffer;
  dram.pushWrite(request);
}

} // namespace afe::sched

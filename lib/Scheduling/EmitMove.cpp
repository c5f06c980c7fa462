// Data movement layers: every copy is cut into pieces that the quads take in turn; a piece is
// gathered in L1 by LOADs, in the order of the destination or of the source, whichever leaves the
// longer runs to the slower engine, and stored from there.

#include "Scheduling/Emitter.h"

#include <algorithm>

namespace afe::sched {

namespace {

constexpr int64_t kFillBytes = 1024; ///< of the constant that fills are made from
constexpr int64_t kLeastCycles = 64; ///< shorter pieces cost more latency than they save

/// Cycles of an engine that moves `rate` bytes per cycle; runs that follow each other are one.
int64_t cyclesOf(StridedCopy copy, int64_t rate) {
  copy.normalize();
  return copy.bytes() / copy.run * ceilDiv(copy.run, rate);
}

/// The two halves of a copy through L1.
struct Staged {
  StridedCopy load, store;
  int64_t bytes = 0; ///< of L1
};

class MoveEmitter {
public:
  MoveEmitter(Emitter &e, const Layer &layer, const Mapping &mapping)
      : e(e), layer(layer), move(layer.move), limit(mapping.tileRows) {}
  bool run();

private:
  void cut(const MoveCopy &whole, int64_t most, std::vector<MoveCopy> &pieces) const;
  Staged stage(const MoveCopy &piece, bool inSourceOrder) const;
  Staged stage(const MoveCopy &piece) const;
  int64_t extendedRun(const MoveCopy &piece) const;
  int64_t paddedBytes(const MoveCopy &piece) const;
  int64_t cyclesOfPiece(const MoveCopy &piece) const;
  bool emitPiece(const MoveCopy &piece, int quad);
  bool fill(int quad, const L1Ref &slot, int64_t bytes);
  L2Ref open(int storage, StridedCopy &copy);
  int storageOf(const MoveCopy &piece) const {
    return e.network.tensors[layer.inputs[piece.input]].storage;
  }

  Emitter &e;
  const Layer &layer;
  const MoveParams &move;
  const int64_t limit; ///< bytes of L1 for a piece
  L2Ref filling;
};

/// Bytes of the destination that the run and the lane loops take, with what continues them.
int64_t MoveEmitter::extendedRun(const MoveCopy &piece) const {
  int64_t bytes = piece.copy.run;
  for (int64_t i = 0; i < piece.laneLoops; ++i)
    bytes *= piece.copy.loops[i].extent;
  return std::max(bytes, piece.padTo);
}

int64_t MoveEmitter::paddedBytes(const MoveCopy &piece) const {
  int64_t bytes = extendedRun(piece);
  for (size_t i = piece.laneLoops; i < piece.copy.loops.size(); ++i)
    bytes *= piece.copy.loops[i].extent;
  return bytes;
}

/// Cuts the outermost loops (where there are none, the run) until no piece is larger than `most`.
void MoveEmitter::cut(const MoveCopy &whole, int64_t most, std::vector<MoveCopy> &pieces) const {
  int64_t bytes = paddedBytes(whole);
  MoveCopy part = whole;
  auto add = [&](int64_t first, int64_t src, int64_t dst) {
    part.copy.src = whole.copy.src + first * src;
    part.copy.dst = whole.copy.dst + first * dst;
    cut(part, most, pieces);
  };
  for (size_t i = whole.copy.loops.size(); bytes > most && i-- > size_t(whole.laneLoops);) {
    const Loop loop = whole.copy.loops[i];
    if (loop.extent == 1)
      continue;
    int64_t parts = std::min(loop.extent, ceilDiv(bytes, most));
    for (int64_t k = 0; k < parts; ++k) {
      int64_t first = loop.extent * k / parts, end = loop.extent * (k + 1) / parts;
      part.copy.loops[i].extent = end - first;
      add(first, loop.src, loop.dst);
    }
    return;
  }
  const int64_t run = whole.copy.run, step = std::max<int64_t>(64, most / 64 * 64);
  if (bytes > most && whole.copy.bytes() == run && run > step) {
    for (int64_t at = 0; at < run; at += step) {
      part.copy.run = std::min(step, run - at);
      part.padTo = at + step < run || whole.padTo == 0 ? 0 : whole.padTo - at;
      add(at, whole.input < 0 ? 0 : 1, 1);
    }
    return;
  }
  pieces.push_back(whole);
}

/// L1 packed in the order of the loops (destination order, with room for what continues the lanes)
/// or by ascending distances in the source.
Staged MoveEmitter::stage(const MoveCopy &piece, bool inSourceOrder) const {
  StridedCopy copy = piece.copy;
  if (piece.input < 0) { // the same bytes again and again
    copy.src = 0;
    copy.run = extendedRun(piece);
    copy.loops.erase(copy.loops.begin(), copy.loops.begin() + piece.laneLoops);
    copy.normalize();
    return {copy, copy, copy.run};
  }
  if (inSourceOrder)
    std::sort(copy.loops.begin(), copy.loops.end(),
              [](const Loop &a, const Loop &b) { return a.src < b.src; });
  Staged staged{copy, copy, copy.run};
  for (size_t i = 0; i <= copy.loops.size(); ++i) {
    if (int64_t(i) == piece.laneLoops)
      staged.bytes = std::max(staged.bytes, piece.padTo);
    if (i == copy.loops.size())
      break;
    staged.load.loops[i].dst = staged.store.loops[i].src = staged.bytes;
    staged.bytes *= copy.loops[i].extent;
  }
  staged.load.dst = staged.store.src = 0;
  if (piece.padTo) {
    staged.store.run = extendedRun(piece);
    staged.store.loops.erase(staged.store.loops.begin(),
                             staged.store.loops.begin() + piece.laneLoops);
  }
  // An instruction has two loops: the longest.
  for (StridedCopy *half : {&staged.load, &staged.store}) {
    half->normalize();
    std::sort(half->loops.begin(), half->loops.end(),
              [](const Loop &a, const Loop &b) { return a.extent > b.extent; });
  }
  return staged;
}

Staged MoveEmitter::stage(const MoveCopy &piece) const {
  Staged byTarget = stage(piece, false);
  if (piece.padTo)
    return byTarget;
  Staged bySource = stage(piece, true);
  auto cycles = [&](const Staged &s) {
    return std::max(cyclesOf(s.load, e.target.load_rate_max / 2),
                    cyclesOf(s.store, e.target.store_bytes_per_cycle));
  };
  return cycles(bySource) < cycles(byTarget) ? bySource : byTarget;
}

/// LOADs of the constant over all bytes of the slot.
bool MoveEmitter::fill(int quad, const L1Ref &slot, int64_t bytes) {
  if (!filling) {
    filling = e.fetchConstant(e.cachedConstant("fill", [&] {
      std::vector<uint8_t> pattern(kFillBytes);
      for (int64_t i = 0; i < kFillBytes; ++i)
        pattern[i] = uint8_t(move.fill >> (i % move.fillBytes * 8));
      return pattern;
    }));
    if (!filling)
      return false;
  }
  int64_t whole = bytes / kFillBytes, rest = bytes % kFillBytes;
  if (whole)
    e.load(1u << quad, filling, {filling->address, 0, kFillBytes, {{whole, 0, kFillBytes}}}, slot);
  if (rest)
    e.load(1u << quad, filling, {filling->address, whole * kFillBytes, rest, {}}, slot);
  return true;
}

/// The bytes of `copy` in L2. What lives in DRAM comes in one stretch where its runs are shorter
/// than bursts and do not lie far apart.
L2Ref MoveEmitter::open(int storage, StridedCopy &copy) {
  if (e.plan.resident[storage] || copy.run >= e.target.dram_burst_bytes)
    return e.openBytes(storage, copy);
  std::vector<Interval> ranges = copy.ranges(false, 1);
  StridedCopy hull{ranges.front().lo, 0, ranges.back().hi - ranges.front().lo, {}};
  if (hull.run > 8 * copy.bytes() || hull.run > e.stagingBytes() / 4)
    return e.openBytes(storage, copy);
  int64_t inside = copy.src - hull.src;
  L2Ref from = e.openBytes(storage, hull);
  copy.src = hull.src + inside;
  return from;
}

bool MoveEmitter::emitPiece(const MoveCopy &piece, int quad) {
  Staged staged = stage(piece);
  L1Ref slot;
  if (piece.input < 0) {
    if (!(slot = e.allocateL1(staged.bytes, 1u << quad, "filling")) ||
        !fill(quad, slot, staged.bytes))
      return false;
  } else {
    L2Ref from = open(storageOf(piece), staged.load);
    slot = from ? e.allocateL1(staged.bytes, 1u << quad, "piece") : nullptr;
    if (!slot || (piece.padTo && !fill(quad, slot, staged.bytes)))
      return false;
    e.load(1u << quad, from, staged.load, slot);
  }
  int storage = e.network.tensors[layer.outputs[0]].storage;
  StridedCopy original = staged.store, placed = original;
  L2Ref to = e.openResult(storage, placed);
  if (!to)
    return false;
  e.store(quad, slot, placed, to);
  e.commit(storage, to, original);
  return true;
}

/// Cycles of the slower engine.
int64_t MoveEmitter::cyclesOfPiece(const MoveCopy &piece) const {
  Staged staged = stage(piece);
  return std::max(piece.input < 0 ? 0 : cyclesOf(staged.load, e.target.load_rate_max / 2),
                  cyclesOf(staged.store, e.target.store_bytes_per_cycle));
}

bool MoveEmitter::run() {
  int64_t total = 0;
  for (const MoveCopy &copy : move.copies)
    total += cyclesOfPiece(copy);
  int64_t share = std::max(kLeastCycles, ceilDiv(total, 2 * e.quads()));
  std::vector<MoveCopy> pieces;
  for (const MoveCopy &copy : move.copies) {
    int64_t count = ceilDiv(cyclesOfPiece(copy), share);
    cut(copy, std::min(limit, ceilDiv(paddedBytes(copy), count)), pieces);
  }
  std::vector<int64_t> busy(e.quads());
  for (const MoveCopy &piece : pieces) {
    int quad = int(std::min_element(busy.begin(), busy.end()) - busy.begin());
    busy[quad] += cyclesOfPiece(piece);
    if (!emitPiece(piece, quad))
      return false;
  }
  return true;
}

} // namespace

bool Emitter::emitMove(const Layer &layer, const Mapping &mapping) {
  return MoveEmitter(*this, layer, mapping).run();
}

} // namespace afe::sched

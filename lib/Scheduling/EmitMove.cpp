// Data movement layers: the output is cut into chunks; each is gathered in L1 by LOADs (over a
// constant filling where bytes have no source) and stored in one piece.

#include "Scheduling/Emitter.h"

#include <algorithm>

namespace afe::sched {

/// The part of `run` that lies in [lo, hi) of the destination.
static MoveRun clip(MoveRun run, int64_t lo, int64_t hi) {
  int64_t front = std::max<int64_t>(0, lo - run.dst);
  run.src += front;
  run.dst += front;
  run.bytes = std::min(run.bytes - front, hi - run.dst);
  return run;
}

bool Emitter::emitMove(const Layer &current, const Mapping &mapping) {
  const MoveParams &move = current.move;
  const Tensor &out = network.tensors[current.outputs[0]];
  int64_t total = network.storages[out.storage].bytes, chunk = mapping.tileRows;
  size_t first = 0;
  int quad = 0;
  for (int64_t lo = 0; lo < total; lo += chunk, quad = (quad + 1) % quads()) {
    int64_t hi = std::min(lo + chunk, total), covered = 0;
    while (first < move.runs.size() && move.runs[first].dst + move.runs[first].bytes <= lo)
      ++first;
    std::map<int, std::vector<StridedCopy>> byInput;
    for (size_t i = first; i < move.runs.size() && move.runs[i].dst < hi; ++i) {
      MoveRun run = clip(move.runs[i], lo, hi);
      covered += run.bytes;
      byInput[run.input].push_back({run.src, run.dst - lo, run.bytes, {}});
    }
    L1Ref slot = allocateL1(hi - lo, 1u << quad, "chunk");
    if (!slot)
      return false;
    if (covered < hi - lo) {
      uint64_t filling = cachedConstant("fill" + std::to_string(hi - lo),
                                        [&] { return std::vector<uint8_t>(hi - lo, move.fill); });
      L2Ref from = fetchConstant(filling, hi - lo);
      if (!from)
        return false;
      load(1u << quad, from, {from->address, 0, hi - lo, {}}, slot);
    }
    for (auto &[input, runs] : byInput) {
      int storage = network.tensors[current.inputs[input]].storage;
      for (StridedCopy &copy : compressRuns(runs)) {
        L2Ref from = openBytes(storage, copy);
        if (!from)
          return false;
        load(1u << quad, from, copy, slot);
      }
    }
    StridedCopy copy{0, lo, hi - lo, {}}, placed = copy;
    L2Ref to = openResult(out.storage, placed);
    if (!to)
      return false;
    store(quad, slot, placed, to);
    commit(out.storage, to, copy);
  }
  return true;
}

} // namespace afe::sched

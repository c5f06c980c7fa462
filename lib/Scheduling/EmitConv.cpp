// The walk over a convolution's tiles: inputs, residuals and results; see ConvEmitter.h.

#include "Scheduling/ConvEmitter.h"

#include <algorithm>

namespace afe::sched {

static std::string keyOf(const Box &b) {
  std::string key;
  for (int64_t v : {b.n0, b.n1, b.y0, b.y1, b.x0, b.x1, b.b0, b.b1})
    key += std::to_string(v) + ",";
  return key;
}

bool ConvEmitter::loadInputs(const std::vector<const Work *> &works, int64_t chunk) {
  auto boxOf = [&](const Work &work) { return shape.inputBox(work.box, work.group, chunk); };
  L1Ref slot;
  return forEachGroup(
      works, inputs, [&](const Work &work) { return keyOf(boxOf(work)); },
      [&](uint8_t mask, const Work &work, Held &held) {
        Box box = boxOf(work);
        StridedCopy copy;
        L2Ref from = e.openTile(input, box, copy);
        if (!from)
          return false;
        if (!slot)
          slot = inputSlots.take();
        e.load(mask, from, copy, slot);
        held.tile = tileOf(input, box, slot);
        return true;
      });
}

bool ConvEmitter::loadResiduals(const std::vector<const Work *> &works) {
  const Tensor *second = shape.residual ? shape.residual : shape.factors;
  if (!second)
    return true;
  L1Ref slot = residualSlots.take();
  for (size_t q = 0; q < works.size(); ++q) {
    if (!works[q])
      continue;
    Box box = shape.secondBox(works[q]->box);
    StridedCopy copy;
    L2Ref from = e.openTile(*second, box, copy);
    if (!from)
      return false;
    e.load(1u << q, from, copy, slot);
    residuals[q] = tileOf(*second, box, slot);
  }
  return true;
}

bool ConvEmitter::finishTiles(const std::vector<const Work *> &works) {
  for (size_t q = 0; q < works.size(); ++q) {
    if (!works[q])
      continue;
    StridedCopy copy = reversed(tileCopy(out, works[q]->box)), placed = copy;
    L2Ref to = e.openResult(out.storage, placed);
    if (!to)
      return false;
    e.store(q, outs[q].slot, placed, to);
    e.commit(out.storage, to, copy);
    outs[q] = residuals[q] = {};
  }
  return true;
}

/// A fill keeps its bank from the first input chunk to the last.
void ConvEmitter::compute(int quad, const Work &work, int64_t chunk) {
  ConvTile tile{&shape,
                work.box,
                work.group,
                chunk,
                inputs[quad].tile,
                residuals[quad],
                outs[quad],
                weights[quad].tile.slot};
  std::vector<BankFill> fills = bankFills(tile, e.target);
  std::vector<int> &banks = fillBanks[quad];
  banks.resize(std::max(banks.size(), fills.size()));
  for (size_t i = 0; i < fills.size(); ++i) {
    if (chunk == 0)
      banks[i] = e.nextBank(quad);
    emitFill(e, quad, tile, fills[i], banks[i]);
  }
}

bool ConvEmitter::computeTiles(const std::vector<const Work *> &works) {
  for (int64_t chunk = 0; chunk < shape.chunkCount(); ++chunk) {
    if (!loadWeights(works, chunk) || !loadInputs(works, chunk))
      return false;
    bool last = shape.isLast(chunk);
    if (last && !loadResiduals(works))
      return false;
    L1Ref result = last ? outSlots.take() : nullptr;
    for (size_t q = 0; q < works.size(); ++q)
      if (works[q] && last)
        outs[q] = tileOf(out, works[q]->box, result);
    for (size_t q = 0; q < works.size(); ++q)
      if (works[q])
        compute(q, *works[q], chunk);
  }
  return finishTiles(works);
}

bool ConvEmitter::begin() {
  int64_t total = 0;
  works.resize(e.quads());
  for (int q = 0; q < e.quads(); ++q) {
    works[q] = worksOf(q);
    steps = std::max(steps, int64_t(works[q].size()));
  }
  for (int64_t b = 0; b < out.blocks(); ++b) // weights of the whole layer, about
    for (const Phase &phase : conv.phases)
      total += weightBlockBytes(conv, phase, shape.groupIn, shape.packed) + paramBlockBytes(conv);
  keepStaged =
      !mapping.channelsOuter && mapping.tileBlocks < out.blocks() && total <= e.stagingBytes() / 2;
  bool hasConstants = shape.weightBytes(out.blocks(), shape.chunkCount() - 1) > 0;
  if (!conv.matmul && hasConstants)
    listItems(works, steps);
  measureSlots(works, steps);
  return allocateSlots();
}

bool ConvEmitter::step(int64_t number) {
  std::vector<const Work *> now(e.quads());
  for (int q = 0; q < e.quads(); ++q)
    now[q] = number < int64_t(works[q].size()) ? &works[q][number] : nullptr;
  return computeTiles(now);
}

std::unique_ptr<GroupEmitter> Emitter::convEmitter(const Network &view, const Layer &layer,
                                                   const Mapping &mapping) {
  return std::make_unique<ConvEmitter>(*this, view, layer, mapping);
}

} // namespace afe::sched

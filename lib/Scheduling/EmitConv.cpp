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
  return forEachGroup(
      works, inputs, [&](const Work &work) { return keyOf(inputBox(work, chunk)); },
      [&](uint8_t mask, const Work &work, Held &held) {
        held.box = inputBox(work, chunk);
        StridedCopy copy;
        L2Ref from = e.openTile(input, held.box, copy);
        held.slot = from ? e.allocateL1(tileBytes(input, held.box), mask, "input") : nullptr;
        if (!held.slot)
          return false;
        e.load(mask, from, copy, held.slot);
        return true;
      });
}

bool ConvEmitter::loadResiduals(const std::vector<const Work *> &works) {
  if (conv.residual.mode == isa::Residual::None)
    return true;
  const Tensor &residual = e.network.tensors[layer.inputs[1]];
  for (size_t q = 0; q < works.size(); ++q) {
    if (!works[q])
      continue;
    StridedCopy copy;
    L2Ref from = e.openTile(residual, works[q]->box, copy);
    residuals[q] =
        from ? e.allocateL1(tileBytes(residual, works[q]->box), 1u << q, "residual") : nullptr;
    if (!residuals[q])
      return false;
    e.load(1u << q, from, copy, residuals[q]);
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
    e.store(q, outs[q], placed, to);
    e.commit(out.storage, to, copy);
    outs[q] = residuals[q] = nullptr;
  }
  return true;
}

bool ConvEmitter::step(const std::vector<const Work *> &works) {
  for (int64_t chunk = 0; chunk < chunkCount(); ++chunk) {
    if (!loadWeights(works, chunk) || !loadInputs(works, chunk))
      return false;
    bool last = chunk == chunkCount() - 1;
    if (last && !loadResiduals(works))
      return false;
    for (size_t q = 0; q < works.size(); ++q) {
      if (!works[q])
        continue;
      if (last && !(outs[q] = e.allocateL1(tileBytes(out, works[q]->box), 1u << q, "output")))
        return false;
    }
    for (size_t q = 0; q < works.size(); ++q)
      if (works[q])
        compute(q, *works[q], chunk);
  }
  return finishTiles(works);
}

bool ConvEmitter::run() {
  std::vector<std::vector<Work>> works(e.quads());
  size_t steps = 0;
  int64_t total = 0;
  for (int q = 0; q < e.quads(); ++q) {
    works[q] = worksOf(q);
    steps = std::max(steps, works[q].size());
  }
  for (int64_t b = 0; b < out.blocks(); ++b) // weights of the whole layer, about
    for (const Phase &phase : conv.phases)
      total += weightBlockBytes(conv, phase, groupIn, packed) + paramBlockBytes(conv);
  keepStaged =
      !mapping.channelsOuter && mapping.tileBlocks < out.blocks() && total <= e.stagingBytes() / 2;
  if (!conv.matmul)
    listItems(works, steps);
  for (size_t s = 0; s < steps; ++s) {
    std::vector<const Work *> now(e.quads());
    for (int q = 0; q < e.quads(); ++q)
      now[q] = s < works[q].size() ? &works[q][s] : nullptr;
    if (!step(now))
      return false;
  }
  return true;
}

bool Emitter::emitConv(const Layer &layer, const Mapping &mapping) {
  return ConvEmitter(*this, layer, mapping).run();
}

} // namespace afe::sched

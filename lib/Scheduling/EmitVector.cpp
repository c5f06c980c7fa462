// Vector layers: LOAD the operands' tiles, run the micro-program over them, STORE the results.

#include "Scheduling/VectorTile.h"

#include <algorithm>

namespace afe::sched {

namespace {

class VectorEmitter {
public:
  VectorEmitter(Emitter &e, const Layer &layer, const Mapping &mapping)
      : e(e), layer(layer), vec(layer.vector), mapping(mapping) {}
  bool run();

private:
  std::vector<Box> domainBoxes(int quad) const;
  bool loadProgram(uint8_t mask);
  bool fetchPositions(const std::vector<std::vector<Box>> &boxes);
  bool loadPositions(int quad, size_t number, const Box &domain, const Box &source, L1Tile &kept);
  bool tile(int quad, const Box &domain);

  Emitter &e;
  const Layer &layer;
  const VectorParams &vec;
  const Mapping &mapping;
  L1Ref program;
  std::map<int, L1Tile> held[8]; ///< per quad and operand: a broadcast one is loaded once
  std::map<size_t, std::string> positionsOf[8]; ///< what `held` holds of a gather's positions
  std::map<std::string, int64_t> positionAt;    ///< where each tile's lie in `positions`
  L2Ref positions;
};

std::vector<Box> VectorEmitter::domainBoxes(int quad) const {
  const Tensor &d = vec.domain;
  int64_t parts = mapping.imageParts * mapping.rowParts * mapping.channelParts;
  if (quad >= parts)
    return {};
  auto part = [](int64_t total, int64_t parts, int64_t i) {
    return std::make_pair(total * i / parts, total * (i + 1) / parts);
  };
  int64_t c = quad % mapping.channelParts, r = quad / mapping.channelParts % mapping.rowParts,
          i = quad / (mapping.channelParts * mapping.rowParts);
  auto [n0, n1] = part(d.n, mapping.imageParts, i);
  auto [y0, y1] = part(d.h, mapping.rowParts, r);
  auto [b0, b1] = part(d.blocks(), mapping.channelParts, c);
  std::vector<Box> boxes;
  for (int64_t b = b0; b < b1; b += mapping.tileBlocks)
    for (int64_t n = n0; n < n1; n += mapping.tileImages)
      for (int64_t y = y0; y < y1; y += mapping.tileRows)
        for (int64_t x = 0; x < d.w; x += mapping.tileCols)
          boxes.push_back(
              {n, std::min(n + mapping.tileImages, n1), y, std::min(y + mapping.tileRows, y1), x,
               std::min(x + mapping.tileCols, d.w), b, std::min(b + mapping.tileBlocks, b1)});
  return boxes;
}

bool VectorEmitter::loadProgram(uint8_t mask) {
  int64_t bytes = vec.program.size();
  L2Ref from = e.fetchConstant(e.cachedConstant("program", [&] { return vec.program; }));
  program = from ? e.allocateL1(bytes, mask, "program") : nullptr;
  if (!program)
    return false;
  e.load(mask, from, {from->address, 0, bytes, {}}, program);
  return true;
}

/// Fetches the positions of a gather's tiles, each that differs once.
bool VectorEmitter::fetchPositions(const std::vector<std::vector<Box>> &boxes) {
  const Tensor &source = e.network.tensors[layer.inputs[0]];
  std::vector<uint8_t> all;
  for (const std::vector<Box> &list : boxes)
    for (const Box &domain : list)
      for (int number : {vec.gather.rowOperand, vec.gather.colOperand}) {
        Box box = vectorOperandBox(vec, source, domain, true);
        std::vector<uint8_t> bytes = gatherPositions(vec, number, domain, box);
        auto [it, fresh] =
            positionAt.try_emplace(std::string(bytes.begin(), bytes.end()), all.size());
        if (fresh)
          all.insert(all.end(), bytes.begin(), bytes.end());
      }
  positions = e.fetchConstant(e.cachedConstant("positions", [&] { return all; }));
  return bool(positions);
}

/// A gather's row or column positions for this tile, as [rows, 1] or [1, columns] of int32.
bool VectorEmitter::loadPositions(int quad, size_t number, const Box &domain, const Box &source,
                                  L1Tile &kept) {
  std::vector<uint8_t> values = gatherPositions(vec, number, domain, source);
  kept.box = vectorOperandBox(vec, e.network.tensors[layer.inputs[number]], domain, false);
  std::string key(values.begin(), values.end());
  if (kept.slot && positionsOf[quad][number] == key)
    return true;
  int64_t bytes = values.size();
  kept.slot = nullptr;
  kept.slot = e.allocateL1(bytes, 1u << quad, "positions");
  if (!kept.slot)
    return false;
  e.load(1u << quad, positions, {positions->address + positionAt.at(key), 0, bytes, {}}, kept.slot);
  const int64_t word = sizeof(int32_t);
  kept.layout = {0, bytes, kept.box.cols() * word, word, kLanes * word};
  positionsOf[quad][number] = std::move(key);
  return true;
}

bool VectorEmitter::tile(int quad, const Box &domain) {
  VectorTile tile{&layer, domain, program, {}, {}};
  for (size_t i = 0; i < layer.inputs.size(); ++i) {
    const Tensor &t = e.network.tensors[layer.inputs[i]];
    Box box = vectorOperandBox(vec, t, domain, isWindowed(vec, i));
    auto &kept = held[quad][i];
    if (isGatherPosition(vec, i)) {
      if (!loadPositions(quad, i, domain, tile.inputs[0].box, kept))
        return false;
    } else if (!kept.slot || !(kept.box == box)) {
      kept.slot = nullptr; // its bytes may be the only ones that are large enough
      StridedCopy copy;
      L2Ref from = e.openTile(t, box, copy);
      L1Ref slot = from ? e.allocateL1(tileBytes(t, box), 1u << quad, "operand") : nullptr;
      if (!slot)
        return false;
      e.load(1u << quad, from, copy, slot);
      kept = {slot, box, tileLayout(t, box)};
    }
    tile.inputs.push_back(kept);
  }
  for (int output : layer.outputs) {
    const Tensor &t = e.network.tensors[output];
    Box box = vectorOperandBox(vec, t, domain, false);
    L1Ref slot = e.allocateL1(tileBytes(t, box), 1u << quad, "result");
    if (!slot)
      return false;
    tile.outputs.push_back({slot, box, tileLayout(t, box)});
  }
  emitVectorTile(e, quad, tile);
  for (size_t i = 0; i < layer.outputs.size(); ++i) {
    const Tensor &t = e.network.tensors[layer.outputs[i]];
    StridedCopy copy = reversed(tileCopy(t, tile.outputs[i].box)), placed = copy;
    L2Ref to = e.openResult(t.storage, placed);
    if (!to)
      return false;
    e.store(quad, tile.outputs[i].slot, placed, to);
    e.commit(t.storage, to, copy);
  }
  return true;
}

bool VectorEmitter::run() {
  std::vector<std::vector<Box>> boxes(e.quads());
  uint8_t mask = 0;
  size_t steps = 0;
  for (int q = 0; q < e.quads(); ++q) {
    boxes[q] = domainBoxes(q);
    steps = std::max(steps, boxes[q].size());
    if (!boxes[q].empty())
      mask |= 1u << q;
  }
  if (!loadProgram(mask) || (vec.gather.rowOperand >= 0 && !fetchPositions(boxes)))
    return false;
  for (size_t s = 0; s < steps; ++s)
    for (int q = 0; q < e.quads(); ++q)
      if (s < boxes[q].size() && !tile(q, boxes[q][s]))
        return false;
  return true;
}

} // namespace

bool Emitter::emitVector(const Layer &layer, const Mapping &mapping) {
  return VectorEmitter(*this, layer, mapping).run();
}

} // namespace afe::sched

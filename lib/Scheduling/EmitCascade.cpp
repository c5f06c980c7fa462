// Emits a cascade. Per wave w every layer of stage s computes tile w - s while tile w is loaded:
// all of a wave's work is independent, and its bank fills are interleaved, so that TENSOR fills
// banks for one layer while OUTPUT drains another's. Tensors have fixed slots that their tiles take
// in turn: the instructions of each wave repeat with a short period.

#include "Scheduling/Cascade.h"
#include "Scheduling/ConvTile.h"

#include <algorithm>

namespace afe::sched {

namespace {

class CascadeEmitter {
public:
  CascadeEmitter(Emitter &e, const Cascade &cascade, const Mapping &mapping)
      : e(e), cascade(cascade) {
    for (int q = 0; q < e.quads(); ++q) {
      tiles.push_back(cascade.tilesOf(mapping, q));
      boxes.emplace_back();
      for (const CascadeTile &tile : tiles.back())
        boxes.back().push_back(cascade.boxes(tile));
      waves = std::max(waves, int64_t(tiles.back().size()));
      if (!tiles.back().empty())
        mask |= 1u << q;
    }
    waves += *std::max_element(cascade.stages.begin(), cascade.stages.end());
  }
  bool run();

private:
  /// The fills of one layer's tile in a wave.
  struct Work {
    int quad;
    size_t layer;
    ConvTile tile;
    std::vector<BankFill> fills;
    size_t next = 0;
  };

  bool allocateSlots();
  bool loadWeights(size_t layer);
  bool loadTile(int quad, int64_t number);
  void compute(int quad, int64_t wave);
  bool storeTiles(int quad, int64_t wave);
  bool hasTile(int quad, int64_t number) const {
    return number >= 0 && number < int64_t(tiles[quad].size());
  }
  const Tensor &tensorOf(size_t index) const {
    return e.network.tensors[cascade.tensors[index].tensor];
  }
  L1Tile tileOf(size_t index, int quad, int64_t number) const {
    const std::vector<L1Ref> &turn = slots[index];
    return {turn[number % turn.size()], boxes[quad][number][index], layouts[index]};
  }

  Emitter &e;
  const Cascade &cascade;
  std::vector<std::vector<CascadeTile>> tiles;      ///< per quad
  std::vector<std::vector<std::vector<Box>>> boxes; ///< per quad, tile, tensor
  std::vector<std::vector<L1Ref>> slots;            ///< per tensor
  std::vector<Layout> layouts;                      ///< per tensor: of its largest tile
  std::vector<L1Ref> weights;                       ///< per layer
  int64_t waves = 0;
  uint8_t mask = 0;
};

/// Slots as large as the largest tile of any quad; all tiles of a tensor have its layout.
bool CascadeEmitter::allocateSlots() {
  slots.resize(cascade.tensors.size());
  for (size_t i = 0; i < cascade.tensors.size(); ++i) {
    Box largest{0, 0, 0, 0, 0, tensorOf(i).w, 0, tensorOf(i).blocks()};
    for (const auto &quad : boxes)
      for (const std::vector<Box> &tile : quad) {
        largest.n1 = std::max(largest.n1, tile[i].images());
        largest.y1 = std::max(largest.y1, tile[i].rows());
      }
    layouts.push_back(tileLayout(tensorOf(i), largest));
    int64_t count = std::min<int64_t>(cascade.tensors[i].slots(), waves);
    for (int64_t k = 0; k < count; ++k) {
      slots[i].push_back(e.allocateL1(tileBytes(tensorOf(i), largest), mask, tensorOf(i).name));
      if (!slots[i].back())
        return false;
    }
  }
  weights.resize(cascade.count);
  for (size_t i = 0; i < cascade.count; ++i) {
    const ConvShape &shape = cascade.shapes[i];
    weights[i] = e.allocateL1(shape.weightBytes(shape.out.blocks(), 0), mask, "weights");
    if (!weights[i])
      return false;
  }
  return true;
}

bool CascadeEmitter::loadWeights(size_t layer) {
  e.setLayer(cascade.first + layer);
  const ConvShape &shape = cascade.shapes[layer];
  int64_t bytes = shape.weightBytes(shape.out.blocks(), 0);
  uint64_t address =
      e.cachedConstant("weights", [&] { return shape.packBlocks(0, shape.out.blocks(), 0); });
  int64_t most = std::max<int64_t>(64, std::min(kFetchBytes, e.stagingBytes() / 8) / 64 * 64);
  for (int64_t at = 0; at < bytes; at += most) {
    int64_t size = std::min(most, bytes - at);
    L2Ref from = e.fetchConstant(address + at, size);
    if (!from)
      return false;
    e.load(mask, from, {from->address, at, size, {}}, weights[layer]);
  }
  return true;
}

bool CascadeEmitter::loadTile(int quad, int64_t number) {
  for (size_t i = 0; i < cascade.tensors.size(); ++i) {
    const Box &box = boxes[quad][number][i];
    if (cascade.tensors[i].producedAt > 0 || box.rows() <= 0)
      continue;
    StridedCopy copy = tileCopy(tensorOf(i), box, layouts[i]);
    L2Ref from = e.openBytes(tensorOf(i).storage, copy);
    if (!from)
      return false;
    e.load(1u << quad, from, copy, tileOf(i, quad, number).slot);
  }
  return true;
}

/// The fills of all layers, in turn by the share of each that is done. Of equal shares the earlier
/// layer comes first: between the end of its wave and the layer that reads it lie other fills.
void CascadeEmitter::compute(int quad, int64_t wave) {
  std::vector<Work> works;
  for (size_t i = 0; i < cascade.count; ++i) {
    int64_t number = wave - cascade.stages[i];
    if (!hasTile(quad, number))
      continue;
    const Layer &layer = cascade.shapes[i].layer;
    size_t out = cascade.indexOf(layer.outputs[0]);
    const Box &box = boxes[quad][number][out];
    if (box.rows() <= 0)
      continue;
    ConvTile tile{&cascade.shapes[i], box, 0, 0, {}, {}, tileOf(out, quad, number), weights[i]};
    tile.input = tileOf(cascade.indexOf(layer.inputs[0]), quad, number);
    if (cascade.shapes[i].residual)
      tile.residual = tileOf(cascade.indexOf(layer.inputs[1]), quad, number);
    works.push_back({quad, i, tile, bankFills(tile, e.target)});
  }
  for (;;) {
    Work *least = nullptr;
    for (Work &work : works)
      if (work.next < work.fills.size() &&
          (!least || work.next * least->fills.size() < least->next * work.fills.size()))
        least = &work;
    if (!least)
      return;
    e.setLayer(cascade.first + least->layer);
    emitFill(e, quad, least->tile, least->fills[least->next++], e.nextBank(quad));
  }
}

bool CascadeEmitter::storeTiles(int quad, int64_t wave) {
  for (size_t i = 0; i < cascade.tensors.size(); ++i) {
    const CascadeTensor &tensor = cascade.tensors[i];
    int64_t number = wave - tensor.producedAt;
    if (!tensor.stored || !hasTile(quad, number))
      continue;
    Box own = cascade.storedBox(tensor.tensor, tiles[quad][number]);
    if (own.rows() <= 0)
      continue;
    L1Tile tile = tileOf(i, quad, number);
    const Layout &l = tile.layout;
    StridedCopy copy = reversed(tileCopy(tensorOf(i), own, l)), placed;
    copy.src += (own.n0 - tile.box.n0) * l.image + (own.y0 - tile.box.y0) * l.row;
    placed = copy;
    L2Ref to = e.openResult(tensorOf(i).storage, placed);
    if (!to)
      return false;
    e.store(quad, tile.slot, placed, to);
    e.commit(tensorOf(i).storage, to, copy);
  }
  return true;
}

bool CascadeEmitter::run() {
  if (!allocateSlots())
    return false;
  for (int64_t wave = 0; wave < waves; ++wave) {
    for (size_t i = 0; i < cascade.count; ++i)
      if (cascade.stages[i] == wave + 1 && !loadWeights(i))
        return false;
    e.setLayer(cascade.first);
    for (int q = 0; q < e.quads(); ++q)
      if (hasTile(q, wave) && !loadTile(q, wave))
        return false;
    for (int q = 0; q < e.quads(); ++q)
      compute(q, wave);
    e.setLayer(cascade.last());
    for (int q = 0; q < e.quads(); ++q)
      if (!storeTiles(q, wave))
        return false;
  }
  return true;
}

} // namespace

bool Emitter::emitCascade(const Cascade &cascade, const Mapping &mapping) {
  return CascadeEmitter(*this, cascade, mapping).run();
}

} // namespace afe::sched

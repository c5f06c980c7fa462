// Emits a cascade. Per wave w every layer of stage s computes tile w - s while tile w is loaded:
// all of a wave's work is independent, and its bank fills are interleaved, so that TENSOR fills
// banks for one layer while OUTPUT drains another's. Tensors have fixed slots that their tiles take
// in turn: the instructions of each wave repeat with a short period.

#include "Scheduling/Cascade.h"
#include "Scheduling/VectorTile.h"

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
      slotBoxes.emplace_back();
      for (const CascadeTile &tile : tiles.back()) {
        boxes.back().push_back(cascade.boxes(tile));
        slotBoxes.back().emplace_back();
        for (size_t slot = 0; slot < cascade.slots.size(); ++slot)
          slotBoxes.back().back().push_back(cascade.slotBox(slot, boxes.back().back()));
      }
      waves = std::max(waves, int64_t(tiles.back().size()));
      if (!tiles.back().empty())
        mask |= 1u << q;
    }
    waves += *std::max_element(cascade.stages.begin(), cascade.stages.end());
  }
  bool run();

private:
  /// Constants of channel blocks [b0, b1) of a layer: the first can be used before the last is
  /// there. A vector layer's are one piece.
  struct Piece {
    int64_t b0 = 0, b1 = 0, bytes = 0;
    L1Ref slot;
  };
  /// One layer's tile in a wave: its bank fills, piece by piece, or one vector instruction.
  struct Work {
    size_t layer;
    std::vector<ConvTile> pieces;
    std::vector<std::pair<size_t, BankFill>> fills; ///< with the number of their piece
    VectorTile vector;
    size_t next = 0;
    size_t size() const { return vector.layer ? 1 : fills.size(); }
  };

  std::vector<int64_t> measureSlots();
  void cutConstants();
  bool allocateSlots();
  isa::TileBytes constantsOf(size_t layer) const;
  bool loadConstants(size_t layer);
  bool loadTile(int quad, int64_t number);
  Work workOf(int quad, size_t layer, int64_t number);
  void compute(int quad, int64_t wave);
  bool storeTiles(int quad, int64_t wave);
  int64_t slotCount(size_t slot) const {
    return std::min<int64_t>(cascade.slots[slot].count(), waves);
  }
  bool hasTile(int quad, int64_t number) const {
    return number >= 0 && number < int64_t(tiles[quad].size());
  }
  const Tensor &tensorOf(size_t index) const {
    return e.network.tensors[cascade.tensors[index].tensor];
  }
  /// A tensor's tile: its slot's, in the numbers of the tensor's own blocks and within its pixels.
  L1Tile tileOf(size_t index, int quad, int64_t number) const {
    const CascadeTensor &tensor = cascade.tensors[index];
    const std::vector<L1Ref> &turn = slots[tensor.slot];
    Box box = slotBoxes[quad][number][tensor.slot];
    box.b0 -= tensor.firstBlock, box.b1 -= tensor.firstBlock;
    box.x1 = tensorOf(index).w, box.y1 = std::min(box.y1, tensorOf(index).h);
    return {turn[number % turn.size()], box, layouts[tensor.slot]};
  }
  /// Where `box` of a tensor begins in its tile.
  int64_t offsetIn(const L1Tile &tile, const Box &box) const {
    const Layout &l = tile.layout;
    return (box.n0 - tile.box.n0) * l.image + (box.y0 - tile.box.y0) * l.row +
           (box.b0 - tile.box.b0) * l.block;
  }

  Emitter &e;
  const Cascade &cascade;
  std::vector<std::vector<CascadeTile>> tiles;          ///< per quad
  std::vector<std::vector<std::vector<Box>>> boxes;     ///< per quad, tile, tensor
  std::vector<std::vector<std::vector<Box>>> slotBoxes; ///< per quad, tile, slot
  std::vector<std::vector<L1Ref>> slots;                ///< per slot of the cascade
  std::vector<Layout> layouts;                          ///< per slot: of its largest tile
  std::vector<std::vector<Piece>> constants;            ///< per layer
  int64_t waves = 0;
  uint8_t mask = 0;
};

/// Images and rows of the largest of the boxes that stand at `index` of every tile.
static Box largestOf(const std::vector<std::vector<std::vector<Box>>> &boxes, size_t index) {
  Box largest{0, 0, 0, 0, 0, 0, 0, 0};
  for (const auto &quad : boxes)
    for (const std::vector<Box> &tile : quad) {
      largest.n1 = std::max(largest.n1, tile[index].images());
      largest.y1 = std::max(largest.y1, tile[index].rows());
      largest.x1 = std::max(largest.x1, tile[index].cols());
      largest.b1 = std::max(largest.b1, tile[index].blocks());
    }
  return largest;
}

/// Bytes per slot: as large as the largest tile of any quad, whose layout all tiles have.
std::vector<int64_t> CascadeEmitter::measureSlots() {
  std::vector<int64_t> bytes;
  for (size_t i = 0; i < cascade.slots.size(); ++i) {
    Box largest = largestOf(slotBoxes, i);
    layouts.push_back(cascade.slotLayout(i, largest));
    bytes.push_back(largest.images() * layouts.back().image);
  }
  return bytes;
}

/// Cuts what is long to load, where that costs TENSOR nothing.
void CascadeEmitter::cutConstants() {
  for (size_t i = 0; i < cascade.count; ++i) {
    std::vector<Piece> pieces;
    int64_t blocks = cascade.output(i).blocks(), size = blocks;
    if (cascade.shapes[i])
      size = pieceBlocks(*cascade.shapes[i],
                         largestOf(boxes, cascade.indexOf(cascade.layer(i).outputs[0])), e.target);
    for (int64_t b = 0; b < blocks; b += size) {
      int64_t end = std::min(b + size, blocks);
      pieces.push_back({b, end, cascade.constantBytes(i, b, end), nullptr});
    }
    constants.push_back(std::move(pieces));
  }
}

/// In the order of the waves that first write them.
bool CascadeEmitter::allocateSlots() {
  std::vector<int64_t> bytes = measureSlots();
  cutConstants();
  slots.resize(cascade.slots.size());
  struct Need {
    int64_t wave;
    L1Request request;
    L1Ref *slot;
  };
  std::vector<Need> needs;
  for (size_t i = 0; i < cascade.count; ++i)
    for (Piece &piece : constants[i])
      needs.push_back({cascade.stages[i] - 1, {piece.bytes, "constants"}, &piece.slot});
  for (size_t i = 0; i < cascade.slots.size(); ++i) {
    slots[i].resize(slotCount(i));
    for (int64_t turn = 0; turn < slotCount(i); ++turn)
      needs.push_back({cascade.slots[i].producedAt + turn,
                       {bytes[i], tensorOf(cascade.slots[i].members[0]).name},
                       &slots[i][turn]});
  }
  std::stable_sort(needs.begin(), needs.end(),
                   [](const Need &a, const Need &b) { return a.wave < b.wave; });
  std::vector<L1Request> requests;
  for (const Need &need : needs)
    requests.push_back(need.request);
  std::vector<L1Ref> given = e.allocateL1(requests, mask);
  for (size_t i = 0; i < given.size(); ++i)
    *needs[i].slot = given[i];
  return given.size() == needs.size();
}

/// All pieces one behind the other.
isa::TileBytes CascadeEmitter::constantsOf(size_t layer) const {
  isa::TileBytes all;
  for (const Piece &piece : constants[layer])
    all.add(cascade.constants(layer, piece.b0, piece.b1));
  return all;
}

bool CascadeEmitter::loadConstants(size_t layer) {
  e.setLayer(cascade.first + layer);
  const isa::TileBytes all = constantsOf(layer);
  auto bytes = int64_t(all.bytes.size());
  int64_t most = std::max<int64_t>(64, std::min(kFetchBytes, e.stagingBytes() / 8) / 64 * 64);
  for (int64_t at = 0; at < bytes; at += most) {
    int64_t past = std::min(at + most, bytes);
    L2Ref from = e.fetchConstant(e.addConstant(all.part(at, past - at)));
    if (!from)
      return false;
    int64_t begin = 0;
    for (const Piece &piece : constants[layer]) {
      int64_t lo = std::max(at, begin), hi = std::min(past, begin + piece.bytes);
      if (lo < hi)
        e.load(mask, from, {from->address + lo - at, lo - begin, hi - lo, {}}, piece.slot);
      begin += piece.bytes;
    }
  }
  return true;
}

bool CascadeEmitter::loadTile(int quad, int64_t number) {
  for (size_t i = 0; i < cascade.tensors.size(); ++i) {
    Box box = boxes[quad][number][i];
    if (box.rows() <= 0)
      continue;
    for (const BlockRange &part : cascade.tensors[i].loads) {
      box.b0 = part.b0, box.b1 = part.b1;
      L1Tile tile = tileOf(i, quad, number);
      StridedCopy copy = tileCopy(tensorOf(i), box, tile.layout);
      copy.dst += offsetIn(tile, box);
      L2Ref from = e.openBytes(tensorOf(i).storage, copy);
      if (!from)
        return false;
      e.load(1u << quad, from, copy, tile.slot);
    }
  }
  return true;
}

CascadeEmitter::Work CascadeEmitter::workOf(int quad, size_t number, int64_t tile) {
  const Layer &layer = cascade.layer(number);
  size_t out = cascade.indexOf(layer.outputs[0]);
  const Box &box = boxes[quad][tile][out];
  auto operand = [&](size_t k) { return tileOf(cascade.indexOf(layer.inputs[k]), quad, tile); };
  Work work{number, {}, {}, {}};
  std::vector<Piece> &pieces = constants[number];
  if (box.rows() <= 0)
    return work; // this tile needs nothing of it
  if (!cascade.shapes[number]) {
    work.vector = {&layer, cascade.domain(number, box), pieces[0].slot, {}, {}};
    for (int result : layer.outputs)
      work.vector.outputs.push_back(tileOf(cascade.indexOf(result), quad, tile));
    for (size_t k = 0; k < layer.inputs.size(); ++k)
      work.vector.inputs.push_back(operand(k));
    return work;
  }
  const ConvShape &shape = *cascade.shapes[number];
  for (size_t k = 0; k < pieces.size(); ++k) {
    Box part = box;
    part.b0 = pieces[k].b0, part.b1 = pieces[k].b1;
    work.pieces.push_back(
        {&shape, part, 0, 0, operand(0), {}, tileOf(out, quad, tile), pieces[k].slot});
    if (shape.residual)
      work.pieces.back().residual = operand(1);
    for (const BankFill &fill : bankFills(work.pieces.back(), e.target))
      work.fills.push_back({k, fill});
  }
  return work;
}

/// The fills of all layers, in turn by the share of each that is done. Of equal shares the earlier
/// layer comes first: between the end of its wave and the layer that reads it lie other fills.
void CascadeEmitter::compute(int quad, int64_t wave) {
  std::vector<Work> works;
  for (size_t i = 0; i < cascade.count; ++i)
    if (int64_t number = wave - cascade.stages[i]; hasTile(quad, number))
      works.push_back(workOf(quad, i, number));
  for (;;) {
    Work *least = nullptr;
    for (Work &work : works)
      if (work.next < work.size() &&
          (!least || work.next * least->size() < least->next * work.size()))
        least = &work;
    if (!least)
      return;
    e.setLayer(cascade.first + least->layer);
    if (least->vector.layer)
      emitVectorTile(e, quad, least->vector);
    else
      emitFill(e, quad, least->pieces[least->fills[least->next].first],
               least->fills[least->next].second, e.nextBank(quad));
    ++least->next;
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
    StridedCopy copy = reversed(tileCopy(tensorOf(i), own, tile.layout)), placed;
    copy.src += offsetIn(tile, own);
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
      if (cascade.stages[i] == wave + 1 && !loadConstants(i))
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

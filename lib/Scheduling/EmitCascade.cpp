// Emits a cascade. Per wave w every layer of stage s computes tile w - s while tile w is loaded:
// all of a wave's work is independent, and its bank fills are interleaved, so that TENSOR fills
// banks for one layer while OUTPUT drains another's. Tensors have fixed slots that their tiles take
// in turn: the instructions of each wave repeat with a short period.

#include "Scheduling/Cascade.h"
#include "Scheduling/GroupEmitter.h"
#include "Scheduling/VectorTile.h"

#include <algorithm>

namespace afe::sched {

namespace {

class CascadeEmitter : public GroupEmitter {
public:
  CascadeEmitter(Emitter &e, Cascade made, const Mapping &mapping)
      : e(e), cascade(std::move(made)) {
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
  bool begin() override {
    steps = waves;
    return allocateSlots();
  }
  bool step(int64_t wave) override;

private:
  /// One layer's tile in a wave: its bank fills, or one vector instruction.
  struct Work {
    size_t layer;
    ConvTile conv;
    std::vector<BankFill> fills;
    VectorTile vector;
    size_t next = 0;
    size_t size() const { return vector.layer ? 1 : fills.size(); }
  };

  bool allocateSlots();
  bool loadConstants(size_t layer);
  bool loadTile(int quad, int64_t number);
  Work workOf(int quad, size_t layer, int64_t number);
  void compute(int quad, int64_t wave);
  bool storeTiles(int quad, int64_t wave);
  int64_t slotCount(size_t tensor) const {
    return std::min<int64_t>(cascade.tensors[tensor].slots(), waves);
  }
  bool hasTile(int quad, int64_t number) const {
    return number >= 0 && number < int64_t(tiles[quad].size());
  }
  const Tensor &tensorOf(size_t index) const {
    return cascade.network->tensors[cascade.tensors[index].tensor];
  }
  L1Tile tileOf(size_t index, int quad, int64_t number) const {
    const std::vector<L1Ref> &turn = slots[index];
    return {turn[number % turn.size()], boxes[quad][number][index], layouts[index]};
  }

  Emitter &e;
  const Cascade cascade;
  std::vector<std::vector<CascadeTile>> tiles;      ///< per quad
  std::vector<std::vector<std::vector<Box>>> boxes; ///< per quad, tile, tensor
  std::vector<std::vector<L1Ref>> slots;            ///< per tensor
  std::vector<Layout> layouts;                      ///< per tensor: of its largest tile
  std::vector<L1Ref> constants;                     ///< per layer
  int64_t waves = 0;
  uint8_t mask = 0;
};

/// Slots as large as the largest tile of any quad; all tiles of a tensor have its layout.
/// What is loaded first comes first: it gets the bytes that the layers before gave back first.
bool CascadeEmitter::allocateSlots() {
  std::vector<int64_t> sizes, bytes;
  for (size_t i = 0; i < cascade.count; ++i)
    sizes.push_back(cascade.constantBytes(i));
  for (size_t i = 0; i < cascade.tensors.size(); ++i) {
    Box largest{0, 0, 0, 0, 0, tensorOf(i).w, 0, tensorOf(i).blocks()};
    for (const auto &quad : boxes)
      for (const std::vector<Box> &tile : quad) {
        largest.n1 = std::max(largest.n1, tile[i].images());
        largest.y1 = std::max(largest.y1, tile[i].rows());
      }
    layouts.push_back(tileLayout(tensorOf(i), largest));
    bytes.push_back(tileBytes(tensorOf(i), largest));
    sizes.insert(sizes.end(), slotCount(i), bytes.back());
  }
  e.makeRoomL1(sizes, mask);
  for (size_t i = 0; i < cascade.count; ++i) {
    constants.push_back(e.allocateL1(cascade.constantBytes(i), mask, "constants"));
    if (!constants[i])
      return false;
  }
  slots.resize(cascade.tensors.size());
  for (size_t i = 0; i < cascade.tensors.size(); ++i)
    for (int64_t k = 0; k < slotCount(i); ++k) {
      slots[i].push_back(e.allocateL1(bytes[i], mask, tensorOf(i).name));
      if (!slots[i].back())
        return false;
    }
  return true;
}

bool CascadeEmitter::loadConstants(size_t layer) {
  e.setLayer(cascade.first + layer);
  int64_t bytes = cascade.constantBytes(layer);
  uint64_t address = e.cachedConstant("cascade", [&] { return cascade.constants(layer); });
  int64_t most = std::max<int64_t>(64, std::min(kFetchBytes, e.stagingBytes() / 8) / 64 * 64);
  for (int64_t at = 0; at < bytes; at += most) {
    int64_t size = std::min(most, bytes - at);
    L2Ref from = e.fetchConstant(address + at, size);
    if (!from)
      return false;
    e.load(mask, from, {from->address, at, size, {}}, constants[layer]);
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

CascadeEmitter::Work CascadeEmitter::workOf(int quad, size_t number, int64_t tile) {
  const Layer &layer = cascade.layer(number);
  size_t out = cascade.indexOf(layer.outputs[0]);
  const Box &box = boxes[quad][tile][out];
  auto operand = [&](size_t k) { return tileOf(cascade.indexOf(layer.inputs[k]), quad, tile); };
  Work work{number, {}, {}, {}};
  if (box.rows() <= 0)
    return work; // this tile needs nothing of it
  if (!cascade.shapes[number]) {
    work.vector = {cascade.network, &layer, cascade.domain(number, box), constants[number], {}, {}};
    for (int result : layer.outputs)
      work.vector.outputs.push_back(tileOf(cascade.indexOf(result), quad, tile));
    for (size_t k = 0; k < layer.inputs.size(); ++k)
      work.vector.inputs.push_back(operand(k));
    return work;
  }
  const ConvShape &shape = *cascade.shapes[number];
  work.conv = {&shape, box, 0, 0, operand(0), {}, tileOf(out, quad, tile), constants[number]};
  if (shape.residual)
    work.conv.residual = operand(1);
  work.fills = bankFills(work.conv, e.target);
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
      emitFill(e, quad, least->conv, least->fills[least->next], e.nextBank(quad));
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

bool CascadeEmitter::step(int64_t wave) {
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
  return true;
}

} // namespace

std::unique_ptr<GroupEmitter> Emitter::cascadeEmitter(Cascade cascade, const Mapping &mapping) {
  return std::make_unique<CascadeEmitter>(*this, std::move(cascade), mapping);
}

} // namespace afe::sched

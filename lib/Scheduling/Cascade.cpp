// Which runs of layers can be cascades, and the boxes of their tiles.

#include "Scheduling/Cascade.h"

#include "Scheduling/VectorTile.h"

#include <algorithm>

namespace afe::sched {

/// Whether `t` is planes of 16 channels as `all` is, with the same strides; it may lack the last
/// rows or columns. A single plane has no stride between planes.
static bool samePlanes(const Tensor &all, const Tensor &t) {
  const Layout &l = all.layout, &m = t.layout;
  bool inPlanes = t.blocks() == 1 || (m.block == l.block && !t.interleaved());
  return all.n == t.n && all.elementBytes() == t.elementBytes() && inPlanes &&
         m.pixel == kLanes * t.elementBytes() && l.image == m.image && l.row == m.row &&
         l.pixel == m.pixel && !l.group && !m.group;
}

/// Per view: blocks of the storage in front of it, -1 where the views are not all planes.
static void findPlanes(const Network &network, const std::vector<int> &views,
                       std::vector<int64_t> &plane) {
  if (views.size() < 2)
    return;
  const Tensor *largest = &network.tensors[views[0]];
  for (int t : views)
    if (network.tensors[t].blocks() > largest->blocks())
      largest = &network.tensors[t];
  int64_t stride = largest->blocks() > 1 ? largest->layout.block : INT64_MAX;
  for (int t : views)
    if (const Tensor &view = network.tensors[t];
        !samePlanes(*largest, view) || view.layout.offset % stride != 0)
      return;
  for (int t : views)
    plane[t] = network.tensors[t].layout.offset / stride;
}

TensorUses::TensorUses(const Network &network)
    : producer(network.tensors.size(), -1), consumers(network.tensors.size()),
      views(network.storages.size()), plane(network.tensors.size(), -1) {
  std::vector<bool> used(network.tensors.size());
  auto use = [&](int t) {
    if (!used[t])
      views[network.tensors[t].storage].push_back(t);
    used[t] = true;
  };
  for (size_t l = 0; l < network.layers.size(); ++l) {
    for (int t : network.layers[l].outputs)
      use(t), producer[t] = l;
    for (int t : network.layers[l].inputs)
      use(t);
    for (int t : network.layers[l].inputs)
      if (consumers[t].empty() || consumers[t].back() != int(l))
        consumers[t].push_back(l);
  }
  for (const std::vector<int> &list : views)
    findPlanes(network, list, plane);
}

std::vector<int> TensorUses::overlapping(const Network &network, int tensor) const {
  std::vector<int> result;
  for (int other : views[network.tensors[tensor].storage])
    if (plane[tensor] < 0 || (plane[other] < plane[tensor] + network.tensors[tensor].blocks() &&
                              plane[tensor] < plane[other] + network.tensors[other].blocks()))
      result.push_back(other);
  return result;
}

const char *whyNotInCascade(const Layer &layer) {
  if (layer.kind == Layer::Kind::Move)
    return "moves data";
  if (layer.kind == Layer::Kind::Vector)
    return layer.vector.gathers ? "gathers pixels" : nullptr;
  if (layer.conv.matmul)
    return "multiplies two activations";
  return layer.conv.groups == 1 || layer.conv.depthwise ? nullptr : "is a grouped convolution";
}

int64_t Cascade::constantBytes(size_t i, int64_t b0, int64_t b1) const {
  return shapes[i] ? shapes[i]->weightBytes(b1 - b0, 0) : int64_t(layer(i).vector.program.size());
}

isa::TileBytes Cascade::constants(size_t i, int64_t b0, int64_t b1) const {
  return shapes[i] ? shapes[i]->packBlocks(b0, b1, 0) : layer(i).vector.program;
}

Box Cascade::domain(size_t i, const Box &box) const {
  const Tensor &whole = layer(i).vector.domain;
  Box domain = box;
  domain.b1 = whole.blocks();
  if (layer(i).vector.reducesPixels)
    domain.y1 = whole.h, domain.x1 = whole.w;
  return domain;
}

Box Cascade::operandBox(size_t i, size_t number, const Box &box) const {
  if (shapes[i])
    return number == 0 ? shapes[i]->inputBox(box, 0, 0) : box;
  const VectorParams &vec = layer(i).vector;
  return vectorOperandBox(vec, network->tensors[layer(i).inputs[number]], domain(i, box),
                          isWindowed(vec, number));
}

std::optional<Cascade> Cascade::make(const Network &network, const TensorUses &uses, size_t first,
                                     size_t count) {
  Cascade cascade;
  cascade.network = &network;
  cascade.first = first;
  cascade.count = count;
  if (!cascade.build(uses))
    return std::nullopt;
  return cascade;
}

/// Read outside of the cascade, or by nobody.
bool Cascade::isStored(const TensorUses &uses, int tensor) const {
  const Storage &home = network->storages[network->tensors[tensor].storage];
  if (home.kind != Storage::Kind::Intermediate)
    return true;
  bool read = false;
  for (int view : uses.overlapping(*network, tensor))
    for (int layer : uses.consumers[view]) {
      read = true;
      if (layer > int(last()) || layer < int(first))
        return true;
    }
  return !read;
}

/// A new entry of `tensors`: what is made of one storage shares a slot, and so does what reads it.
int Cascade::addTensor(const TensorUses &uses, int tensor, bool made) {
  const Tensor &t = network->tensors[tensor];
  int64_t first = std::max<int64_t>(0, uses.plane[tensor]);
  int number = tensors.size(), slot = slots.size();
  auto shared = madeIn.find(t.storage);
  if (uses.plane[tensor] >= 0 && shared != madeIn.end())
    slot = shared->second;
  else if (uses.plane[tensor] >= 0 && made)
    madeIn[t.storage] = slot;
  if (slot == int(slots.size()))
    slots.push_back({{}, first, first, uses.plane[tensor] >= 0, INT_MAX, 0, false});
  CascadeSlot &s = slots[slot];
  s.members.push_back(number);
  s.b0 = std::min(s.b0, first), s.b1 = std::max(s.b1, first + t.blocks());
  CascadeTensor entry;
  entry.tensor = tensor;
  entry.slot = slot;
  entry.made = made;
  tensors.push_back(entry);
  index[tensor] = number;
  return number;
}

/// What a layer reads and no other has read or made as it is; false where the parts of it that are
/// made inside are not whole planes.
bool Cascade::addInput(const TensorUses &uses, int tensor) {
  const Tensor &t = network->tensors[tensor];
  for (const CascadeTensor &other : tensors)
    if (other.made && network->tensors[other.tensor].storage == t.storage && uses.plane[tensor] < 0)
      return false;
  // Blocks are made once: what overlaps is a part of this one, or this one is a part of it.
  std::vector<BlockRange> parts;
  int stage = 0;
  for (const CascadeTensor &other : tensors) {
    const Tensor &o = network->tensors[other.tensor];
    if (!other.made || o.storage != t.storage)
      continue;
    int64_t from = uses.plane[other.tensor] - uses.plane[tensor];
    BlockRange part{std::max<int64_t>(0, from), std::min(t.blocks(), from + o.blocks())};
    if (part.b0 < part.b1)
      parts.push_back(part), stage = std::max(stage, other.producedAt);
  }
  CascadeTensor &entry = tensors[addTensor(uses, tensor, false)];
  entry.producedAt = stage;
  std::sort(parts.begin(), parts.end(),
            [](const BlockRange &a, const BlockRange &b) { return a.b0 < b.b0; });
  int64_t at = 0;
  parts.push_back({t.blocks(), t.blocks()});
  for (const BlockRange &part : parts) {
    if (at < part.b0)
      entry.loads.push_back({at, part.b0});
    at = std::max(at, part.b1);
  }
  if (!entry.loads.empty())
    slots[entry.slot].producedAt = 0;
  return true;
}

void Cascade::addOutput(const TensorUses &uses, int tensor, int stage) {
  CascadeTensor &entry = tensors[addTensor(uses, tensor, true)];
  entry.producedAt = stage;
  entry.stored = isStored(uses, tensor);
  CascadeSlot &slot = slots[entry.slot];
  slot.producedAt = std::min(slot.producedAt, stage);
  slot.lastUse = std::max(slot.lastUse, stage);
  slot.stored |= entry.stored;
}

bool Cascade::addLayer(const TensorUses &uses, size_t number) {
  const Layer &layer = network->layers[number];
  if (whyNotInCascade(layer) || network->tensors[layer.outputs[0]].n != result().n)
    return false;
  int stage = 1;
  for (int t : layer.inputs) {
    if (!index.count(t)) {
      if (network->tensors[t].n != result().n && layer.kind == Layer::Kind::Conv)
        return false;
      if (!addInput(uses, t))
        return false;
    }
    stage = std::max(stage, tensors[index.at(t)].producedAt + 1);
  }
  for (int t : layer.inputs) {
    int &lastUse = slots[tensors[index.at(t)].slot].lastUse;
    lastUse = std::max(lastUse, stage);
  }
  for (int out : layer.outputs)
    addOutput(uses, out, stage);
  stages.push_back(stage);
  shapes.emplace_back();
  if (layer.kind == Layer::Kind::Conv)
    shapes.back().emplace(*network, layer);
  return true;
}

bool Cascade::build(const TensorUses &uses) {
  if (last() >= network->layers.size())
    return false;
  for (size_t l = first; l <= last(); ++l)
    if (!addLayer(uses, l))
      return false;
  for (CascadeTensor &entry : tensors)
    entry.firstBlock = std::max<int64_t>(0, uses.plane[entry.tensor]) - slots[entry.slot].b0;
  return true;
}

Box Cascade::storedBox(int tensor, const CascadeTile &tile) const {
  const Tensor &t = network->tensors[tensor];
  int64_t rows = result().h;
  return {tile.n0, tile.n1, tile.y0 * t.h / rows, tile.y1 * t.h / rows, 0, t.w, 0, t.blocks()};
}

std::vector<Box> Cascade::boxes(const CascadeTile &tile) const {
  std::vector<Box> boxes(tensors.size(), Box{0, 0, 0, 0, 0, 0, 0, 0});
  auto include = [&](size_t entry, const Box &box) {
    const Tensor &t = network->tensors[tensors[entry].tensor];
    Box &all = boxes[entry];
    if (all.y1 <= all.y0)
      all = {box.n0, box.n1, box.y0, box.y1, 0, t.w, 0, t.blocks()};
    all.y0 = std::min(all.y0, box.y0), all.y1 = std::max(all.y1, box.y1);
  };
  // With a tensor that is not made as it is, what it has in common with those that are.
  auto need = [&](int tensor, const Box &box) {
    const CascadeTensor &entry = tensors[index.at(tensor)];
    include(index.at(tensor), box);
    if (entry.made)
      return;
    int64_t blocks = network->tensors[tensor].blocks();
    for (int member : slots[entry.slot].members) {
      const CascadeTensor &other = tensors[member];
      if (other.made && other.firstBlock < entry.firstBlock + blocks &&
          entry.firstBlock < other.firstBlock + network->tensors[other.tensor].blocks())
        include(member, box);
    }
  };
  for (size_t i = count; i-- > 0;) {
    const std::vector<int> &outs = layer(i).outputs;
    for (int out : outs)
      if (tensors[index.at(out)].stored)
        if (Box own = storedBox(out, tile); own.y1 > own.y0)
          need(out, own);
    for (size_t k = 0; k < outs.size() * outs.size(); ++k) // one program makes the same rows of all
      if (Box other = boxes[index.at(outs[k % outs.size()])]; other.y1 > other.y0)
        need(outs[k / outs.size()], other);
    const Box &made = boxes[index.at(outs[0])];
    if (made.y1 <= made.y0)
      continue; // nothing of it is needed by this tile
    for (size_t k = 0; k < layer(i).inputs.size(); ++k)
      need(layer(i).inputs[k], operandBox(i, k, made));
  }
  return boxes;
}

Box Cascade::slotBox(size_t slot, const std::vector<Box> &boxes) const {
  Box all{0, 0, 0, 0, 0, 0, 0, slots[slot].blocks()};
  for (int member : slots[slot].members) {
    const Box &box = boxes[member];
    if (box.rows() <= 0)
      continue;
    if (all.rows() <= 0)
      all.n0 = box.n0, all.n1 = box.n1, all.y0 = box.y0, all.y1 = box.y1;
    all.y0 = std::min(all.y0, box.y0), all.y1 = std::max(all.y1, box.y1);
    all.x1 = std::max(all.x1, box.x1);
  }
  return all;
}

Layout Cascade::slotLayout(size_t slot, const Box &box) const {
  const Tensor &member = network->tensors[tensors[slots[slot].members[0]].tensor];
  if (slots[slot].planes) {
    int64_t pixel = kLanes * member.elementBytes(), row = box.cols() * pixel,
            block = box.rows() * row;
    return {0, box.blocks() * block, row, pixel, block};
  }
  return tileLayout(member, box);
}

std::vector<CascadeTile> Cascade::tilesOf(const Mapping &mapping, int64_t quad) const {
  if (quad >= mapping.imageParts * mapping.rowParts)
    return {};
  const Tensor &out = result();
  auto [n0, n1] = balancedPart(out.n, 1, mapping.imageParts, quad / mapping.rowParts);
  auto [y0, y1] = balancedPart(out.h, 1, mapping.rowParts, quad % mapping.rowParts);
  std::vector<CascadeTile> tiles;
  for (int64_t n = n0; n < n1; n += mapping.tileImages)
    for (int64_t y = y0; y < y1; y += mapping.tileRows)
      tiles.push_back(
          {n, std::min(n + mapping.tileImages, n1), y, std::min(y + mapping.tileRows, y1)});
  return tiles;
}

std::vector<bool> storagesInL1(const Network &network, const TensorUses &uses,
                               const std::vector<Mapping> &mappings) {
  std::vector<bool> handed(network.storages.size(), false), moved = handed;
  for (size_t first = 0; first < mappings.size(); ++first) {
    std::optional<Cascade> cascade;
    if (mappings[first].cascade > 1)
      cascade = Cascade::make(network, uses, first, mappings[first].cascade);
    if (cascade)
      for (const CascadeTensor &tensor : cascade->tensors) {
        int storage = network.tensors[tensor.tensor].storage;
        handed[storage] = handed[storage] || tensor.made;
        moved[storage] = moved[storage] || tensor.stored || !tensor.loads.empty();
      }
    else if (mappings[first].cascade == 1)
      for (const std::vector<int> *list :
           {&network.layers[first].inputs, &network.layers[first].outputs})
        for (int t : *list)
          moved[network.tensors[t].storage] = true;
  }
  for (size_t i = 0; i < handed.size(); ++i)
    handed[i] = handed[i] && !moved[i];
  return handed;
}

} // namespace afe::sched

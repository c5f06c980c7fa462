// Which runs of layers can be cascades, and the boxes of their tiles.

#include "Scheduling/Cascade.h"

#include "Scheduling/VectorTile.h"

#include <algorithm>

namespace afe::sched {

TensorUses::TensorUses(const Network &network)
    : producer(network.tensors.size(), -1), consumers(network.tensors.size()),
      views(network.storages.size()) {
  std::vector<bool> used(network.tensors.size());
  auto use = [&](int t) {
    views[network.tensors[t].storage] += !used[t];
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

int64_t Cascade::constantBytes(size_t i) const {
  return shapes[i] ? shapes[i]->weightBytes(output(i).blocks(), 0)
                   : int64_t(layer(i).vector.program.size());
}

std::vector<uint8_t> Cascade::constants(size_t i) const {
  return shapes[i] ? shapes[i]->packBlocks(0, output(i).blocks(), 0) : layer(i).vector.program;
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
                                     size_t count, int spare) {
  Cascade cascade;
  cascade.network = &network;
  cascade.first = first;
  cascade.count = count;
  if (!cascade.build(uses))
    return std::nullopt;
  for (CascadeTensor &tensor : cascade.tensors)
    tensor.spare = spare;
  return cascade;
}

bool Cascade::addLayer(const TensorUses &uses, size_t number) {
  const Layer &layer = network->layers[number];
  if (whyNotInCascade(layer) || network->tensors[layer.outputs[0]].n != result().n)
    return false;
  int stage = 1;
  for (int t : layer.inputs) {
    auto [at, fresh] = index.try_emplace(t, tensors.size());
    if (fresh) { // from outside: not another view of what is made inside
      if (network->tensors[t].n != result().n && layer.kind == Layer::Kind::Conv)
        return false;
      for (const CascadeTensor &other : tensors)
        if (other.producedAt > 0 &&
            network->tensors[other.tensor].storage == network->tensors[t].storage)
          return false;
      tensors.push_back({t, 0, 0, false});
    }
    stage = std::max(stage, tensors[at->second].producedAt + 1);
  }
  for (int t : layer.inputs) {
    int &lastUse = tensors[index.at(t)].lastUse;
    lastUse = std::max(lastUse, stage);
  }
  for (int out : layer.outputs) {
    const Storage &home = network->storages[network->tensors[out].storage];
    bool stored = home.kind != Storage::Kind::Intermediate ||
                  uses.views[network->tensors[out].storage] > 1 || uses.consumers[out].empty() ||
                  uses.consumers[out].back() > int(last());
    index[out] = tensors.size();
    tensors.push_back({out, stage, stage, stored});
  }
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
  return true;
}

Box Cascade::storedBox(int tensor, const CascadeTile &tile) const {
  const Tensor &t = network->tensors[tensor];
  int64_t rows = result().h;
  return {tile.n0, tile.n1, tile.y0 * t.h / rows, tile.y1 * t.h / rows, 0, t.w, 0, t.blocks()};
}

std::vector<Box> Cascade::boxes(const CascadeTile &tile) const {
  std::vector<Box> boxes(tensors.size(), Box{0, 0, 0, 0, 0, 0, 0, 0});
  auto need = [&](int tensor, const Box &box) {
    const Tensor &t = network->tensors[tensor];
    Box &all = boxes[index.at(tensor)];
    if (all.y1 <= all.y0)
      all = {box.n0, box.n1, box.y0, box.y1, 0, t.w, 0, t.blocks()};
    all.y0 = std::min(all.y0, box.y0), all.y1 = std::max(all.y1, box.y1);
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
  std::vector<bool> inside(network.storages.size(), false);
  for (size_t first = 0; first < mappings.size(); ++first) {
    if (mappings[first].cascade < 2)
      continue;
    if (auto cascade = Cascade::make(network, uses, first, mappings[first].cascade))
      for (const CascadeTensor &tensor : cascade->tensors)
        if (tensor.producedAt > 0 && !tensor.stored)
          inside[network.tensors[tensor.tensor].storage] = true;
  }
  return inside;
}

} // namespace afe::sched

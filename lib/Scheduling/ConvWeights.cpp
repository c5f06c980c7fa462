// Weights of a convolution: in which pieces they are fetched and loaded.

#include "Scheduling/ConvEmitter.h"

#include <algorithm>

namespace afe::sched {

static std::string weightKey(const Work &work, int64_t chunk) {
  return std::to_string(work.box.b0) + "-" + std::to_string(work.box.b1) + "/" +
         std::to_string(chunk);
}

/// All weights of the layer in the order in which the quads need them, grouped for fetching.
void ConvEmitter::listItems(const std::vector<std::vector<Work>> &works, size_t steps) {
  int64_t limit = std::min(kFetchBytes, e.stagingBytes() / 8), filled = limit;
  for (size_t s = 0; s < steps; ++s)
    for (int64_t chunk = 0; chunk < shape.chunkCount(); ++chunk)
      for (const std::vector<Work> &list : works) {
        if (s >= list.size())
          continue;
        auto [it, fresh] = items.try_emplace(weightKey(list[s], chunk));
        if (!fresh)
          continue;
        int64_t bytes = shape.weightBytes(list[s].box.blocks(), chunk);
        if (filled + bytes > limit) {
          groups.emplace_back();
          filled = 0;
        }
        it->second = {list[s], chunk, bytes, filled, groups.size() - 1};
        groups.back().push_back(it->first);
        filled += bytes;
      }
}

/// The item's bytes in L2; fetches its whole group where it is not there.
L2Ref ConvEmitter::stagedWeights(const std::string &key) {
  if (L2Ref there = staged[key])
    return there;
  const std::vector<std::string> &group = groups[items.at(key).group];
  L2Ref whole = e.fetchConstant(e.cachedConstant(group.front(), [&] {
    isa::TileBytes tile;
    for (const std::string &member : group) {
      const Item &item = items.at(member);
      tile.add(shape.packBlocks(item.work.box.b0, item.work.box.b1, item.chunk));
    }
    return tile;
  }));
  if (!whole)
    return nullptr;
  for (const std::string &member : group) {
    auto *part = new L2Slot(*whole);
    part->address += items.at(member).offset;
    staged[member] = L2Ref(part, [whole](L2Slot *dead) { delete dead; });
  }
  return staged[key];
}

bool ConvEmitter::loadWeights(const std::vector<const Work *> &works, int64_t chunk) {
  if (conv.matmul)
    return loadMatmulWeights(works, chunk);
  L1Ref slot;
  return forEachGroup(
      works, weights, [&](const Work &work) { return weightKey(work, chunk); },
      [&](uint8_t mask, const Work &work, Held &held) {
        int64_t bytes = shape.weightBytes(work.box.blocks(), chunk);
        L2Ref from = stagedWeights(held.key);
        if (!from)
          return false;
        if (!slot)
          slot = weightSlots.take();
        held.tile.slot = slot;
        e.load(mask, from, {from->address, 0, bytes, {}}, held.tile.slot);
        if (!keepStaged)
          staged.erase(held.key);
        return true;
      });
}

/// The parameter records and the table of a matrix product, behind its weights in `slot`.
bool ConvEmitter::loadMatmulParams(uint8_t mask, const Work &work, int64_t chunk,
                                   const L1Ref &slot) {
  int64_t blocks = work.box.blocks(), offset = shape.paramsOffset(blocks, chunk);
  int64_t bytes = shape.weightBytes(blocks, chunk) - offset;
  if (bytes == 0)
    return true;
  std::string key = "params " + weightKey(work, chunk);
  L2Ref &from = staged[key];
  if (!from)
    from = e.fetchConstant(
        e.cachedConstant(key, [&] { return shape.packEpilogue(work.box.b0, work.box.b1); }));
  if (from)
    e.load(mask, from, {from->address, offset, bytes, {}}, slot);
  return bool(from);
}

/// Weights that are an activation: [batch][K][N], or [batch][N][K] through the transposing LOAD.
bool ConvEmitter::loadMatmulWeights(const std::vector<const Work *> &works, int64_t chunk) {
  const Tensor &rhs = e.network.tensors[layer.inputs[1]];
  auto [k0, k1] = shape.chunkChannels(chunk);
  auto key = [&](const Work &work) {
    return std::to_string(work.box.n0) + ":" + std::to_string(work.box.b0) + "-" +
           std::to_string(work.box.b1) + "/" + std::to_string(chunk);
  };
  const int64_t first = k0, end = k1; // lambdas cannot capture structured bindings
  L1Ref slot;
  return forEachGroup(works, weights, key, [&](uint8_t mask, const Work &work, Held &held) {
    int64_t k0 = first, k1 = end;
    int64_t blocks = work.box.blocks(), steps = ceilDiv(k1 - k0, kLanes);
    int64_t blockBytes = steps * kLanes * kLanes;
    if (!slot)
      slot = weightSlots.take();
    held.tile.slot = slot;
    if (!loadMatmulParams(mask, work, chunk, held.tile.slot))
      return false;
    Box box{work.box.n0, work.box.n0 + 1, 0, 1, 0, 1, 0, 1};
    if (conv.transposeRhs)
      box.y0 = work.box.b0 * kLanes, box.y1 = std::min(rhs.h, work.box.b1 * kLanes),
      box.b0 = k0 / kLanes, box.b1 = ceilDiv(k1, kLanes);
    else
      box.y0 = k0, box.y1 = k1, box.b0 = work.box.b0, box.b1 = work.box.b1;
    StridedCopy copy;
    L2Ref from = e.openTile(rhs, box, copy);
    if (!from)
      return false;
    // `copy` reads the box wherever it lies; find its strides there.
    bool resident = e.plan.resident[rhs.storage];
    Layout l2 = resident ? rhs.layout : tileLayout(rhs, box);
    int64_t base = copy.src;
    for (int64_t b = 0; b < blocks; ++b) {
      if (!conv.transposeRhs) {
        int64_t lanes = std::min(kLanes, rhs.c - (work.box.b0 + b) * kLanes);
        bool dense = rhs.layout.pixel == rhs.c && rhs.c % kLanes != 0;
        StridedCopy block{base + b * l2.block,
                          b * blockBytes,
                          dense ? lanes : kLanes,
                          {{k1 - k0, l2.row, kLanes}}};
        block.normalize();
        e.load(mask, from, block, held.tile.slot);
      } else {
        int64_t rows = std::min(kLanes, rhs.h - (work.box.b0 + b) * kLanes);
        for (int q = 0; q < e.quads(); ++q)
          if (mask >> q & 1)
            e.loadTransposed(q, from, base + b * kLanes * l2.row, rows, l2.row, steps, l2.block,
                             held.tile.slot, b * blockBytes);
      }
    }
    return true;
  });
}

} // namespace afe::sched

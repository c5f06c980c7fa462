// Convolution-like layers. The quads walk over their tiles in lockstep; per tile there are LOADs
// (multicast where quads need the same bytes), TENSOR and OUTPUT over its blocks, STOREs.
//   EmitConv.cpp     the walk: inputs, residuals, results
//   ConvWork.cpp     which quad does which tiles, and what they read
//   ConvWeights.cpp  weights and parameters: packing, fetching, matrix products
//   ConvCompute.cpp  the instructions of a tile
#pragma once

#include "Scheduling/Emitter.h"
#include "Scheduling/PackWeights.h"

namespace afe::sched {

/// A piece of work of one quad: an output box, and the group its channels belong to.
struct Work {
  Box box;
  int64_t group = 0;
};

/// What a quad holds in L1 and for which key, so that it is not loaded again.
struct Held {
  std::string key;
  L1Ref slot;
  Box box; ///< inputs: the box of the input tensor
};

class ConvEmitter {
public:
  ConvEmitter(Emitter &e, const Layer &layer, const Mapping &mapping)
      : e(e), layer(layer), conv(layer.conv), mapping(mapping),
        input(e.network.tensors[layer.inputs[0]]), out(e.network.tensors[layer.outputs[0]]),
        packed(canPack(conv, input)), groupIn(input.c / conv.groups),
        groupOutBlocks(ceilDiv(out.c / conv.groups, kLanes)), inputs(e.quads()), weights(e.quads()),
        staged() {}

  bool run();

private:
  /// One bank fill: where it starts in the tile (channel block, image) and in the phase (row,
  /// column), and its extents.
  struct Block {
    int64_t b, n, y, x, blocks, images, rows, cols, gridPixels;
    int bank;
  };

  std::vector<Work> worksOf(int quad) const;
  bool step(const std::vector<const Work *> &works);
  bool loadInputs(const std::vector<const Work *> &works, int64_t chunk);
  bool loadWeights(const std::vector<const Work *> &works, int64_t chunk);
  bool loadMatmulWeights(const std::vector<const Work *> &works, int64_t chunk);
  bool loadMatmulParams(uint8_t mask, const Work &work, int64_t chunk, const L1Ref &slot);
  bool loadResiduals(const std::vector<const Work *> &works);
  void compute(int quad, const Work &work, int64_t chunk);
  void computePhase(int quad, const Work &work, int64_t chunk, size_t phaseIndex);
  bool finishTiles(const std::vector<const Work *> &works);

  Box inputBox(const Work &work, int64_t chunk) const;
  /// A tile is computed in chunks: of the input channels, and of the kernel's rows inside those.
  int64_t chunkCount() const { return mapping.inputChunks * mapping.kernelChunks; }
  std::pair<int64_t, int64_t> chunkChannels(int64_t chunk) const;
  Phase phaseOf(int64_t chunk, size_t phaseIndex) const;
  int64_t phaseOffset(const Work &work, int64_t chunk, size_t phaseIndex) const;
  int64_t itemBytes(const Work &work, int64_t chunk) const;
  /// What the instructions of a phase have in common, and each block's own.
  isa::TensorFields tensorFields(int64_t chunk, const Phase &phase, int quad) const;
  isa::OutputFields outputFields() const;
  void tensorBlock(int quad, const Work &work, int64_t chunk, size_t phaseIndex, const Block &block,
                   isa::TensorFields fields);
  void outputBlock(int quad, const Work &work, int64_t chunk, const Phase &phase,
                   const Block &block, isa::OutputFields fields);
  int bankOf(int quad, size_t fill, bool first);

  Emitter &e;
  const Layer &layer;
  const ConvParams &conv;
  const Mapping &mapping;
  const Tensor &input, &out;
  const bool packed;
  const int64_t groupIn, groupOutBlocks;
  /// Weights of one channel tile and input chunk, fetched together with their neighbours in time.
  struct Item {
    Work work;
    int64_t chunk = 0, bytes = 0, offset = 0; ///< offset: in its group
    size_t group = 0;
  };
  void listItems(const std::vector<std::vector<Work>> &works, size_t steps);
  std::vector<uint8_t> packItem(const Item &item) const;
  void packEpilogue(const Box &box, std::vector<uint8_t> &bytes) const;
  L2Ref stagedWeights(const std::string &key);

  std::map<std::string, Item> items;
  std::vector<std::vector<std::string>> groups; ///< keys in the order of use
  std::vector<Held> inputs, weights;
  std::vector<L1Ref> residuals = std::vector<L1Ref>(8), outs = std::vector<L1Ref>(8);
  std::map<std::string, L2Ref> staged; ///< weights kept in L2 while the layer runs
  bool keepStaged = false;
  std::vector<std::vector<int>> fillBanks = std::vector<std::vector<int>>(8);
};

/// Balanced part `i` of `parts` of [0, total), in steps of `unit`.
std::pair<int64_t, int64_t> balancedPart(int64_t total, int64_t unit, int64_t parts, int64_t i);

/// Runs `make(mask, representative)` once for every group of quads with equal, not yet held keys.
template <typename Key, typename F>
bool forEachGroup(const std::vector<const Work *> &works, std::vector<Held> &held, Key key,
                  F make) {
  std::map<std::string, uint8_t> masks;
  std::vector<std::string> order;
  for (size_t q = 0; q < works.size(); ++q) {
    if (!works[q])
      continue;
    std::string k = key(*works[q]);
    if (held[q].key == k)
      continue;
    if (!masks.count(k))
      order.push_back(k);
    masks[k] |= 1u << q;
  }
  for (const std::string &k : order) {
    for (size_t q = 0; q < works.size(); ++q)
      if (masks[k] >> q & 1)
        held[q] = {}; // its bytes may be the only ones that are large enough
    Held fresh;
    fresh.key = k;
    if (!make(masks[k], *works[__builtin_ctz(masks[k])], fresh))
      return false;
    for (size_t q = 0; q < works.size(); ++q)
      if (masks[k] >> q & 1)
        held[q] = fresh;
  }
  return true;
}

} // namespace afe::sched

// A convolution-like layer by itself. The quads walk over their tiles in lockstep; per tile there
// are LOADs (multicast where quads need the same bytes), TENSOR and OUTPUT over its fills, STOREs.
//   EmitConv.cpp     the walk: inputs, residuals, results
//   ConvWork.cpp     which quad does which tiles
//   ConvSlots.cpp    the buffers in L1
//   ConvWeights.cpp  weights and parameters: fetching, matrix products
#pragma once

#include "Scheduling/ConvTile.h"
#include "Scheduling/GroupEmitter.h"

namespace afe::sched {

/// A piece of work of one quad: an output box, and the group its channels belong to.
struct Work {
  Box box;
  int64_t group = 0;
};

/// What a quad holds in L1 and for which key, so that it is not loaded again.
struct Held {
  std::string key;
  L1Tile tile; ///< weights have no box
};

/// Buffers of one kind that a layer's tiles take in turn.
struct SlotRing {
  int64_t bytes = 0, count = 1;
  std::vector<L1Ref> slots;
  L1Ref take() { return slots[next++ % slots.size()]; }

private:
  size_t next = 0;
};

class ConvEmitter : public GroupEmitter {
public:
  ConvEmitter(Emitter &e, const Network &network, const Layer &layer, const Mapping &mapping)
      : e(e), network(network), layer(layer), conv(layer.conv), mapping(mapping),
        shape(network, layer, mapping.inputChunks, mapping.kernelChunks), input(shape.input),
        out(shape.out), inputs(e.quads()), weights(e.quads()), residuals(e.quads()),
        outs(e.quads()), fillBanks(e.quads()) {}

  bool begin() override;
  bool step(int64_t number) override;

private:
  std::vector<Work> worksOf(int quad) const;
  void measureSlots(const std::vector<std::vector<Work>> &works, size_t steps);
  void countSlots();
  bool allocateSlots();
  bool computeTiles(const std::vector<const Work *> &works);
  bool loadInputs(const std::vector<const Work *> &works, int64_t chunk);
  bool loadWeights(const std::vector<const Work *> &works, int64_t chunk);
  bool loadMatmulWeights(const std::vector<const Work *> &works, int64_t chunk);
  bool loadMatmulParams(uint8_t mask, const Work &work, int64_t chunk, const L1Ref &slot);
  bool loadResiduals(const std::vector<const Work *> &works);
  void compute(int quad, const Work &work, int64_t chunk);
  bool finishTiles(const std::vector<const Work *> &works);
  L1Tile tileOf(const Tensor &tensor, const Box &box, L1Ref slot) const {
    return {std::move(slot), box, tileLayout(tensor, box)};
  }

  Emitter &e;
  const Network &network;
  const Layer &layer;
  const ConvParams &conv;
  const Mapping &mapping;
  const ConvShape shape;
  const Tensor &input, &out;
  /// Weights of one channel tile and input chunk, fetched together with their neighbours in time.
  struct Item {
    Work work;
    int64_t chunk = 0, bytes = 0, offset = 0; ///< offset: in its group
    size_t group = 0;
  };
  void listItems(const std::vector<std::vector<Work>> &works, size_t steps);
  L2Ref stagedWeights(const std::string &key);

  std::vector<std::vector<Work>> works; ///< per quad
  std::map<std::string, Item> items;
  std::vector<std::vector<std::string>> groups; ///< keys in the order of use
  SlotRing inputSlots, weightSlots, residualSlots, outSlots;
  uint8_t everyQuad = 0; ///< that has work
  std::vector<Held> inputs, weights;
  std::vector<L1Tile> residuals, outs;
  std::map<std::string, L2Ref> staged; ///< weights kept in L2 while the layer runs
  bool keepStaged = false;
  std::vector<std::vector<int>> fillBanks; ///< banks of a tile's fills, kept for all its chunks
};

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

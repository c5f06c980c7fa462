// Residual additions in place.

#include "Scheduling/InPlace.h"

#include <array>

namespace afe::sched {

namespace {

class PairFinder {
public:
  PairFinder(const Network &network, const TensorUses &uses, const std::vector<Mapping> &mappings)
      : network(network), uses(uses), mappings(mappings) {}

  std::vector<StoragePair> find() const {
    std::vector<StoragePair> pairs;
    for (size_t first = 0; first < mappings.size(); ++first) {
      if (mappings[first].cascade == 0)
        continue;
      size_t end = first + mappings[first].cascade;
      std::optional<Cascade> cascade;
      if (mappings[first].cascade > 1)
        cascade = Cascade::make(network, uses, first, mappings[first].cascade);
      for (size_t l = first; l < end; ++l)
        consider(l, end, cascade, pairs);
    }
    return pairs;
  }

private:
  void consider(size_t l, size_t end, const std::optional<Cascade> &cascade,
                std::vector<StoragePair> &pairs) const {
    const Layer &layer = network.layers[l];
    if (layer.kind != Layer::Kind::Conv || layer.conv.residual.mode == isa::Residual::None)
      return;
    int source = layer.inputs[1], result = layer.outputs[0];
    if (!sameHome(source, result) || uses.consumers[source].back() >= int(end))
      return;
    // Read by this layer alone, or, in a cascade, by tiles that stay within the rows they store.
    bool exact = cascade ? readsWhatItStores(*cascade, source, result) : layer.inputs[0] != source;
    if (exact)
      pairs.push_back({network.tensors[source].storage, network.tensors[result].storage});
  }

  /// Intermediate tensors of one size and layout, each alone in its storage.
  bool sameHome(int source, int result) const {
    const Tensor &a = network.tensors[source], &b = network.tensors[result];
    auto alone = [&](const Tensor &t) {
      return network.storages[t.storage].kind == Storage::Kind::Intermediate &&
             uses.views[t.storage].size() == 1;
    };
    auto strides = [](const Layout &l) {
      return std::array<int64_t, 5>{l.offset, l.image, l.row, l.pixel, l.block};
    };
    return alone(a) && alone(b) && a.storage != b.storage && a.n == b.n && a.h == b.h &&
           a.w == b.w && a.c == b.c && a.elementBytes() == b.elementBytes() &&
           strides(a.layout) == strides(b.layout) &&
           network.storages[a.storage].bytes == network.storages[b.storage].bytes;
  }

  bool readsWhatItStores(const Cascade &cascade, int source, int result) const {
    const CascadeTensor &in = cascade.tensors[cascade.indexOf(source)];
    if (in.producedAt > 0 || !cascade.tensors[cascade.indexOf(result)].stored)
      return false;
    const Mapping &mapping = mappings[cascade.first];
    for (int64_t quad = 0; quad < mapping.imageParts * mapping.rowParts; ++quad)
      for (const CascadeTile &tile : cascade.tilesOf(mapping, quad)) {
        Box read = cascade.boxes(tile)[cascade.indexOf(source)];
        Box stored = cascade.storedBox(result, tile);
        if (read.rows() > 0 && (read.y0 < stored.y0 || read.y1 > stored.y1))
          return false;
      }
    return true;
  }

  const Network &network;
  const TensorUses &uses;
  const std::vector<Mapping> &mappings;
};

} // namespace

std::vector<StoragePair> inPlacePairs(const Network &network, const TensorUses &uses,
                                      const std::vector<Mapping> &mappings) {
  return PairFinder(network, uses, mappings).find();
}

} // namespace afe::sched

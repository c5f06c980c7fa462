// The mapping of each vector layer: how the quads share the domain, and in tiles of which size they
// walk over it, costed as the busiest of LOAD, VECTOR and STORE plus the time to fill and drain.

#include "Scheduling/PlanVector.h"

#include "Scheduling/Splits.h"

#include <algorithm>
#include <map>

namespace afe::sched {

namespace {

class VectorPlanner {
public:
  VectorPlanner(const Network &network, const Layer &layer, const Target &target, int64_t budget,
                LayerSearch search)
      : network(network), layer(layer), vec(layer.vector), target(target), budget(budget),
        search(search) {}

  bool choose(Mapping &best, int64_t &smallest);

private:
  Cost cost(const Mapping &m, const Tensor &d) const;
  int64_t mostGathered(const std::vector<int32_t> &positions, int64_t outputs, int64_t size) const;

  const Network &network;
  const Layer &layer;
  const VectorParams &vec;
  const Target &target;
  const int64_t budget;
  const LayerSearch search;
  /// Of mostGathered, by axis and number of outputs.
  mutable std::map<std::pair<const void *, int64_t>, int64_t> gathered;
};

/// The most of `size` positions of operand 0 that any `outputs` neighbours read.
int64_t VectorPlanner::mostGathered(const std::vector<int32_t> &positions, int64_t outputs,
                                    int64_t size) const {
  if (vec.gather.rowOperand < 0 || outputs >= int64_t(positions.size()))
    return size;
  auto [it, fresh] = gathered.try_emplace({&positions, outputs}, 0);
  for (size_t i = 0; fresh && i + outputs <= positions.size(); ++i) {
    auto [lo, hi] = std::minmax_element(positions.begin() + i, positions.begin() + i + outputs);
    int64_t one = int64_t(1) << vec.gather.bits, first = *lo >> vec.gather.bits,
            last = (*hi + one - 1) >> vec.gather.bits;
    it->second = std::max(it->second, std::min(size, last - first + 1));
  }
  return it->second;
}

Cost VectorPlanner::cost(const Mapping &m, const Tensor &d) const {
  int64_t images = ceilDiv(d.n, m.imageParts), rows = ceilDiv(d.h, m.rowParts),
          blocks = ceilDiv(d.blocks(), m.channelParts);
  int64_t tn = std::min(m.tileImages, images), tr = std::min(m.tileRows, rows),
          tc = std::min(m.tileCols, d.w), tb = std::min(m.tileBlocks, blocks);
  int64_t tiles = ceilDiv(images, tn) * ceilDiv(rows, tr) * ceilDiv(d.w, tc) * ceilDiv(blocks, tb);
  auto bytesOf = [&](const Tensor &t, bool windowed) {
    int64_t r = std::min(t.h, tr), c = std::min(t.w, tc);
    if (windowed && vec.window) {
      r = std::min(t.h, (tr - 1) * vec.strideY + (vec.kh - 1) * vec.dilY + 1);
      c = std::min(t.w, (tc - 1) * vec.strideX + (vec.kw - 1) * vec.dilX + 1);
    } else if (windowed) {
      r = mostGathered(vec.gather.rows, tr, t.h), c = mostGathered(vec.gather.cols, tc, t.w);
    }
    int64_t pixel = t.layout.pixel == t.c * t.elementBytes()
                        ? std::min(t.c, tb * kLanes) * t.elementBytes()
                        : std::min(t.blocks(), tb) * kLanes * t.elementBytes();
    return std::min(t.n, tn) * r * c * pixel;
  };
  int64_t in = 0, out = 0;
  for (size_t i = 0; i < layer.inputs.size(); ++i)
    in += bytesOf(network.tensors[layer.inputs[i]], i == 0 && (vec.window || vec.gathers));
  for (int output : layer.outputs)
    out += bytesOf(network.tensors[output], false);
  int64_t share = std::min(target.load_rate_max, target.l2_read_bytes_per_cycle / target.quads);
  int64_t rate = share >= 128 ? 128 : share >= 64 ? 64 : 32;
  int64_t load = ceilDiv(in, rate), store = ceilDiv(out, target.store_bytes_per_cycle);
  int64_t compute = vectorCycles(vec, {0, tn, 0, tr, 0, tc, 0, tb}, target);
  Cost c;
  c.cycles = (tiles - 1) * std::max({load, store, compute}) + load + store + compute +
             target.latency_load + target.latency_vector + target.latency_store + tiles * 4;
  c.engines = {0, tiles * load, 0, 0, tiles * compute, tiles * store};
  c.l1Bytes = in + out + vec.program.size();
  return c;
}

bool VectorPlanner::choose(Mapping &best, int64_t &smallest) {
  const Tensor *d = &vec.domain;
  bool found = false, wholeChannels = vec.reducesChannels || vec.usesChannelIndex;
  for (Splits s : splitsOf(target.quads, d->n, vec.reducesPixels ? 1 : d->h,
                           wholeChannels ? 1 : d->blocks())) {
    Mapping m;
    m.imageParts = s.images, m.rowParts = s.rows, m.channelParts = s.channels;
    int64_t rows = ceilDiv(d->h, s.rows), blocks = ceilDiv(d->blocks(), s.channels);
    std::vector<int64_t> rowSizes =
        vec.reducesPixels ? std::vector<int64_t>{d->h} : ladder(rows, search.effort);
    auto consider = [&] {
      Cost c = cost(m, *d);
      smallest = std::min(smallest, c.l1Bytes);
      m.predictedCycles = c.cycles;
      if (c.l1Bytes > budget)
        return;
      if (search.candidates)
        search.candidates->note(m, c.engines);
      if (!found || c.cycles < best.predictedCycles)
        best = m;
      found = true;
    };
    for (int64_t b :
         wholeChannels ? std::vector<int64_t>{d->blocks()} : ladder(blocks, search.effort))
      for (int64_t n : ladder(ceilDiv(d->n, s.images), search.effort))
        for (int64_t r : rowSizes) {
          if (n > 1 && r < rows)
            continue; // several images per tile only where a whole image fits easily
          m.tileBlocks = b, m.tileImages = n, m.tileRows = r, m.tileCols = d->w;
          consider();
          if (r == 1 && !found && !vec.reducesPixels)
            for (int64_t cols : ladder(d->w, search.effort)) {
              m.tileCols = cols;
              consider();
            }
        }
  }
  return found;
}

} // namespace

int64_t vectorCycles(const VectorParams &vec, const Box &domain, const Target &target) {
  int64_t channels = domain.blocks() * kLanes, lanes = target.vector_lanes;
  return std::max<int64_t>(1, vec.cost) * ceilDiv(domain.pixels() * channels, lanes) +
         vec.rowCost * ceilDiv(domain.pixels(), lanes) +
         vec.channelCost * ceilDiv(domain.images() * channels, lanes);
}

bool chooseVectorMapping(const Network &network, const Layer &layer, const Target &target,
                         int64_t budget, Mapping &best, int64_t &smallest, LayerSearch search) {
  return VectorPlanner(network, layer, target, budget, search).choose(best, smallest);
}

} // namespace afe::sched

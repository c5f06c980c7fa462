// The mapping of each convolution, chosen by the timing model: every split of the quads and a
// ladder of tile sizes, costed as the busiest engine plus the time to fill and drain the pipeline.
// Vector layers: PlanVector.cpp.

#include "Scheduling/Plan.h"

#include "Scheduling/PackWeights.h"
#include "Scheduling/PlanLayers.h"
#include "Scheduling/PlanVector.h"
#include "Scheduling/Splits.h"

#include <algorithm>

namespace afe::sched {

namespace {

class ConvPlanner {
public:
  ConvPlanner(const Network &network, const Layer &layer, const Target &target, TileBudget budget,
              LayerSearch search)
      : conv(layer.conv), target(target), budget(budget), search(search),
        input(network.tensors[layer.inputs[0]]), out(network.tensors[layer.outputs[0]]),
        packed(canPack(conv, input)), groupIn(input.c / conv.groups) {}

  bool choose(Mapping &best, int64_t &smallest);

private:
  Cost cost(const Mapping &m) const;
  int64_t inputRows(int64_t rows, int64_t kernelChunks) const;
  int64_t inputCols(int64_t cols) const;
  void consider(Mapping m, Mapping &best, bool &found, int64_t &smallest) const;

  const ConvParams &conv;
  const Target &target;
  const TileBudget budget;
  const LayerSearch search;
  const Tensor &input, &out;
  const bool packed;
  const int64_t groupIn;
};

int64_t ConvPlanner::inputRows(int64_t rows, int64_t kernelChunks) const {
  const Phase &p = conv.phases[0];
  int64_t most = 0;
  for (const Phase &q : conv.phases)
    most = std::max(most, (ceilDiv(rows, p.outStepY) - 1) * conv.strideY +
                              (ceilDiv(q.kh, kernelChunks) - 1) * conv.dilY + 1);
  return std::min(input.h, most + (conv.phases.size() > 1));
}

int64_t ConvPlanner::inputCols(int64_t cols) const {
  const Phase &p = conv.phases[0];
  int64_t most = 0;
  for (const Phase &q : conv.phases)
    most =
        std::max(most, (ceilDiv(cols, p.outStepX) - 1) * conv.strideX + (q.kw - 1) * conv.dilX + 1);
  return std::min(input.w, most + (conv.phases.size() > 1));
}

Cost ConvPlanner::cost(const Mapping &m) const {
  int64_t images = ceilDiv(out.n, m.imageParts), rows = ceilDiv(out.h, m.rowParts),
          blocks = ceilDiv(out.blocks(), m.channelParts);
  int64_t tn = std::min(m.tileImages, images), tr = std::min(m.tileRows, rows),
          tc = std::min(m.tileCols, out.w), tb = std::min(m.tileBlocks, blocks);
  int64_t pixelTiles = ceilDiv(images, tn) * ceilDiv(rows, tr) * ceilDiv(out.w, tc);
  int64_t channelTiles = ceilDiv(blocks, tb), chunks = m.inputChunks * m.kernelChunks;
  int64_t chunkIn = m.inputChunks == 1 ? groupIn : roundUp(ceilDiv(groupIn, m.inputChunks), kLanes);
  int64_t inChannels =
      conv.depthwise ? std::min(input.c, ceilDiv(tb * kLanes, conv.multiplier)) : chunkIn;
  int64_t pixelBytes =
      packed || input.layout.pixel == input.c ? inChannels : roundUp(inChannels, kLanes);
  int64_t inBytes = tn * inputRows(tr, m.kernelChunks) * inputCols(tc) * pixelBytes;
  int64_t outBytes = tn * tr * tc * tb * kLanes * out.elementBytes();
  int64_t resBytes = conv.scaling                                ? tn * tb * kLanes
                     : conv.residual.mode == isa::Residual::None ? 0
                                                                 : outBytes;
  int64_t weightBytes = 0, tensor = 0;
  for (Phase p : conv.phases) {
    p.kh = ceilDiv(p.kh, m.kernelChunks);
    weightBytes += tb * weightBlockBytes(conv, p, chunkIn, packed);
    Grid grid = chooseConvGrid(conv, tn, ceilDiv(tr, p.outStepY), ceilDiv(tc, p.outStepX), tb,
                               tensorSteps(conv, p, chunkIn, packed, target), target,
                               chunks > 1 ? target.accumulator_banks : 0);
    if (grid.cycles < 0)
      return {-1, 0, 0, {}};
    tensor += grid.cycles;
  }
  weightBytes += tb * paramBlockBytes(conv) + conv.table.size();

  // Loads: multicast ones run at the full rate for everybody, others share L2's read rate.
  int64_t share = std::min(target.load_rate_max, target.l2_read_bytes_per_cycle / target.quads);
  int64_t rate = share >= 128 ? 128 : share >= 64 ? 64 : 32, fast = target.load_rate_max;
  bool sameInput = m.imageParts * m.rowParts == 1,
       sameWeights = m.channelParts == 1 && !conv.matmul;
  int64_t inLoads =
      (m.channelsOuter ? (pixelTiles == 1 ? 1 : channelTiles) : 1) * pixelTiles * chunks;
  if (conv.depthwise)
    inLoads = pixelTiles * channelTiles;
  int64_t weightLoads =
      (m.channelsOuter || channelTiles == 1 ? 1 : pixelTiles) * channelTiles * chunks;
  if (chunks > 1)
    weightLoads = pixelTiles * channelTiles * chunks, inLoads = weightLoads;
  int64_t inCycles = inLoads * ceilDiv(inBytes, sameInput ? fast : rate);
  int64_t weightRate = conv.transposeRhs ? rate / 2 : sameWeights ? fast : rate;
  int64_t weightCycles = weightLoads * ceilDiv(weightBytes, weightRate);
  int64_t tiles = pixelTiles * channelTiles;
  int64_t resCycles = tiles * ceilDiv(resBytes, rate);
  int64_t load = inCycles + weightCycles + resCycles;
  int64_t output = tiles * ceilDiv(tn * tr * tc * tb * kLanes, target.output_values_per_cycle);
  int64_t store = tiles * ceilDiv(outBytes, target.store_bytes_per_cycle);
  int64_t compute = tiles * tensor * chunks;
  int64_t fill = ceilDiv(inBytes + resBytes, rate) + ceilDiv(weightBytes, weightRate) +
                 ceilDiv(outBytes, target.store_bytes_per_cycle) + target.latency_load +
                 target.latency_tensor + target.latency_output + target.latency_store;
  Cost c;
  c.cycles = sideBySide({load, output, store, compute}) + fill + tiles * 4;
  c.engines = {0, load, compute, output, 0, store};
  c.l1Bytes = inBytes + weightBytes + outBytes + resBytes;
  c.overlapBytes = inBytes * (inLoads > 1 ? 2 : 1) +
                   weightBytes * (channelTiles * chunks > 1 ? 2 : 1) +
                   (outBytes + resBytes) * (tiles > 1 ? 2 : 1);
  return c;
}

void ConvPlanner::consider(Mapping m, Mapping &best, bool &found, int64_t &smallest) const {
  Cost c = cost(m);
  if (c.cycles < 0)
    return;
  smallest = std::min(smallest, c.l1Bytes);
  if ((budget.overlapped ? c.overlapBytes : c.l1Bytes) > budget.bytes)
    return;
  m.predictedCycles = c.cycles;
  if (search.candidates)
    search.candidates->note(m, c.engines);
  if (!found || c.cycles < best.predictedCycles)
    best = m;
  found = true;
}

bool ConvPlanner::choose(Mapping &best, int64_t &smallest) {
  bool found = false;
  int64_t unitY = conv.phases[0].outStepY, unitB = conv.depthwise ? conv.multiplier : 1;
  int64_t channelUnits = out.blocks() / conv.groups / unitB;
  for (Splits s : splitsOf(target.quads, out.n, ceilDiv(out.h, unitY),
                           std::max<int64_t>(1, ceilDiv(out.blocks(), unitB)))) {
    Mapping m;
    m.imageParts = s.images, m.rowParts = s.rows, m.channelParts = s.channels;
    int64_t rows = ceilDiv(out.h, s.rows), images = ceilDiv(out.n, s.images);
    int64_t blocks = std::max<int64_t>(
        1, std::min(ceilDiv(out.blocks(), s.channels * unitB), std::max<int64_t>(1, channelUnits)));
    m.tileCols = out.w;
    bool fits = false;
    for (int64_t b : ladder(blocks, search.effort)) {
      m.tileBlocks = b * unitB;
      auto tryAll = [&](int64_t n, int64_t r, int64_t cols) {
        m.tileImages = n, m.tileRows = roundUp(r, unitY), m.tileCols = cols;
        for (bool outer : {false, true}) {
          m.channelsOuter = outer;
          m.inputChunks = 1;
          bool before = found;
          consider(m, best, found, smallest);
          fits |= found && !before;
        }
      };
      for (int64_t n : conv.matmul ? std::vector<int64_t>{1} : ladder(images, search.effort))
        if (n > 1 || images == 1 || conv.matmul)
          tryAll(n, rows, out.w);
      for (int64_t r : ladder(rows, search.effort))
        tryAll(1, r, out.w);
      for (int64_t cols : found ? std::vector<int64_t>{} : ladder(out.w, search.effort))
        tryAll(1, 1, cols);
    }
    if (found || conv.depthwise || conv.phases.size() > 1)
      continue;
    // Nothing fits with all input channels at once: cut them and accumulate in the banks.
    m.tileBlocks = 1, m.tileImages = 1, m.channelsOuter = false;
    auto tryTiles = [&](int64_t inputChunks, int64_t kernelChunks) {
      m.inputChunks = inputChunks, m.kernelChunks = kernelChunks;
      for (int64_t cols : ladder(out.w, search.effort))
        for (int64_t r : ladder(std::min<int64_t>(rows, 16), search.effort)) {
          m.tileRows = r, m.tileCols = cols;
          consider(m, best, found, smallest);
        }
    };
    int64_t inputBlocks = packed ? 1 : ceilDiv(groupIn, kLanes);
    for (int64_t chunks = 2; chunks <= inputBlocks; ++chunks)
      tryTiles(chunks, 1);
    for (int64_t rows = 2; rows <= conv.kh && !found; ++rows)
      tryTiles(inputBlocks, rows);
  }
  return found;
}

} // namespace

bool planLayer(const Network &network, const Layer &layer, const Target &target, TileBudget budget,
               Mapping &mapping, std::string &error, LayerSearch search) {
  int64_t smallest = INT64_MAX;
  bool found = true;
  if (layer.kind == Layer::Kind::Conv)
    found = ConvPlanner(network, layer, target, budget, search).choose(mapping, smallest);
  else if (layer.kind == Layer::Kind::Vector)
    found =
        chooseVectorMapping(network, layer, target, budget.tileBytes(), mapping, smallest, search);
  else
    mapping.tileRows = std::max<int64_t>(64, budget.tileBytes() / 2 / 64 * 64); // bytes per chunk
  if (!found)
    error = "'" + layer.name + "' needs at least " + std::to_string(smallest) +
            " bytes of L1 for its smallest tile, target '" + target.name + "' offers " +
            std::to_string(target.l1_bytes);
  return found;
}

bool planAlone(const Network &network, size_t layer, const Target &target, Plan &plan,
               std::string &error) {
  CandidateList candidates;
  for (TileBudget budget : {TileBudget{target.l1_bytes * 15 / 16, true},
                            TileBudget{target.l1_bytes * 7 / 10}, TileBudget{target.l1_bytes}})
    if (planLayer(network, network.layers[layer], target, budget, plan.mappings[layer], error,
                  {plan.options.effort, &candidates})) {
      error.clear();
      if (layer < plan.trace.size())
        plan.trace[layer].alone = candidates.entryOf(plan.mappings[layer]),
        plan.trace[layer].runnerUp = candidates.runnerUp(plan.mappings[layer]);
      return true;
    }
  return false;
}

} // namespace afe::sched

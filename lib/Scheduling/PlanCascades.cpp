// The cascades of a network: the cheapest tiling of every run of layers that can be one, and the
// cheapest sequence of runs.

#include "Scheduling/PlanCascades.h"

#include "Scheduling/Cascade.h"
#include "Scheduling/PlanVector.h"
#include "Scheduling/Splits.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace afe::sched {

namespace {

constexpr int64_t kWaveOverhead = 16; ///< cycles lost where one wave follows another

/// Cycles of one stage's work on one tile.
struct Work {
  int64_t dram = 0, load = 0, tensor = 0, output = 0, vector = 0, store = 0;
  void add(const Work &o, int64_t sign) {
    dram += sign * o.dram, load += sign * o.load, tensor += sign * o.tensor;
    output += sign * o.output, vector += sign * o.vector, store += sign * o.store;
  }
  EngineCycles times(int64_t tiles) const {
    return {dram * tiles,   load * tiles,   tensor * tiles,
            output * tiles, vector * tiles, store * tiles};
  }
  int64_t cycles() const { return sideBySide({dram, load, tensor, output, vector, store}); }
};

class CascadePlanner {
public:
  CascadePlanner(const Network &network, const Target &target, const std::vector<bool> &spilled,
                 const Plan &plan)
      : network(network), target(target), spilled(spilled), uses(network),
        budget(target.l1_bytes * 9 / 10), effort(plan.options.effort),
        spare(plan.stagger.spareSlots()) {}

  /// The cheapest tiling of a run; false where none fits. `tooLarge`: the weights alone do not fit.
  bool choose(size_t first, size_t count, Mapping &best, bool &tooLarge);

  /// What the chosen tiling `m` of a run costs, for the trace.
  CascadeTrace describe(size_t first, const Mapping &m);
  /// Why the run does not take in the layer behind it, as far as that lies in the run itself;
  /// else Dearer with `amount` alone.
  RunEnd tryLonger(size_t first, size_t count);

  /// Cycles until the network's inputs that a layer reads have come from DRAM.
  int64_t arrivalCycles(size_t layer) const {
    int64_t bytes = 0;
    for (int t : network.layers[layer].inputs)
      if (const Storage &home = network.storages[network.tensors[t].storage];
          home.kind == Storage::Kind::Input)
        bytes += home.bytes;
    return dramCycles(bytes);
  }

  /// Cycles of DRAM for the spilled tensors that a layer by itself reads and writes.
  int64_t spillCycles(size_t layer) const {
    int64_t bytes = 0;
    for (int t : network.layers[layer].inputs)
      bytes += spilledBytes(t);
    for (int t : network.layers[layer].outputs)
      bytes += spilledBytes(t);
    return dramCycles(bytes);
  }

private:
  int64_t dramCycles(int64_t bytes) const { return bytes * 10 / target.dram_decibytes_per_cycle; }
  int64_t spilledBytes(int tensor) const {
    const Tensor &t = network.tensors[tensor];
    return spilled[t.storage] ? tileBytes(t, wholeBox(t)) : 0;
  }
  int64_t spillCycles(const Cascade &cascade) const {
    int64_t bytes = 0;
    for (const CascadeTensor &tensor : cascade.tensors)
      if (!tensor.loads.empty() || tensor.stored)
        bytes += spilledBytes(tensor.tensor);
    return dramCycles(bytes);
  }
  bool consider(const Cascade &cascade, Mapping m, Mapping &best, bool &found);
  int64_t tensorCycles(const Cascade &cascade, size_t layer, int64_t images, int64_t rows);
  std::vector<Work> stageWork(const Cascade &cascade, const std::vector<Box> &boxes,
                              const CascadeTile &tile);
  int64_t constantBytes(const Cascade &cascade) const;
  int64_t slotBytes(const Cascade &cascade, const std::vector<Box> &boxes) const;

  const Network &network;
  const Target &target;
  const std::vector<bool> &spilled;
  const TensorUses uses;
  const int64_t budget;
  const Effort effort;
  const int spare;
  std::map<std::tuple<size_t, int64_t, int64_t>, int64_t> tensorMemo; ///< layer, images, rows
};

int64_t CascadePlanner::constantBytes(const Cascade &cascade) const {
  int64_t bytes = 0;
  for (size_t i = 0; i < cascade.count; ++i)
    bytes += roundUp(cascade.constantBytes(i), kLanes);
  return bytes;
}

int64_t CascadePlanner::slotBytes(const Cascade &cascade, const std::vector<Box> &boxes) const {
  int64_t bytes = 0;
  for (size_t i = 0; i < cascade.slots.size(); ++i)
    if (Box box = cascade.slotBox(i, boxes); box.rows() > 0)
      bytes += cascade.slots[i].count() *
               roundUp(box.images() * cascade.slotLayout(i, box).image, kLanes);
  return bytes;
}

int64_t CascadePlanner::tensorCycles(const Cascade &cascade, size_t layer, int64_t images,
                                     int64_t rows) {
  auto [memo, fresh] = tensorMemo.try_emplace({cascade.first + layer, images, rows}, 0);
  if (!fresh)
    return memo->second;
  const ConvShape &shape = *cascade.shapes[layer];
  for (const Phase &p : shape.conv.phases)
    memo->second +=
        chooseConvGrid(shape.conv, images, ceilDiv(rows, p.outStepY),
                       ceilDiv(shape.out.w, p.outStepX), shape.out.blocks(),
                       tensorSteps(shape.conv, p, shape.groupIn, shape.packed, target), target)
            .cycles;
  return memo->second;
}

/// Per stage, 0 being the loads: what a tile costs each engine of a quad.
std::vector<Work> CascadePlanner::stageWork(const Cascade &cascade, const std::vector<Box> &boxes,
                                            const CascadeTile &tile) {
  std::vector<Work> work(1 + *std::max_element(cascade.stages.begin(), cascade.stages.end()));
  int64_t rate = std::min(target.load_rate_max, target.l2_read_bytes_per_cycle / target.quads);
  for (size_t i = 0; i < boxes.size(); ++i) {
    const CascadeTensor &use = cascade.tensors[i];
    const Tensor &t = network.tensors[use.tensor];
    if (boxes[i].rows() <= 0)
      continue;
    for (const BlockRange &part : use.loads) {
      Box box = boxes[i];
      box.b0 = part.b0, box.b1 = part.b1;
      work[0].load += ceilDiv(tileBytes(t, box), rate);
      // An input arrives for all quads at the rate of DRAM.
      if (network.storages[t.storage].kind == Storage::Kind::Input)
        work[0].dram += tileBytes(t, box) * target.quads * 10 / target.dram_decibytes_per_cycle;
    }
    if (use.stored)
      work[use.producedAt].store +=
          ceilDiv(tileBytes(t, cascade.storedBox(use.tensor, tile)), target.store_bytes_per_cycle);
  }
  for (size_t l = 0; l < cascade.count; ++l) {
    const Tensor &out = cascade.output(l);
    const Box &box = boxes[cascade.indexOf(cascade.layer(l).outputs[0])];
    if (box.rows() <= 0)
      continue;
    Work &w = work[cascade.stages[l]];
    if (!cascade.shapes[l]) {
      w.vector += vectorCycles(cascade.layer(l).vector, cascade.domain(l, box), target);
      continue;
    }
    w.tensor += tensorCycles(cascade, l, box.images(), box.rows());
    w.output += ceilDiv(box.pixels() * out.blocks() * kLanes, target.output_values_per_cycle);
  }
  return work;
}

/// The tile that stands for all: halos are whole in the middle.
CascadeTile middleTile(const Cascade &cascade, const Mapping &m) {
  int64_t y0 = std::max<int64_t>(0, (cascade.result().h - m.tileRows) / 2);
  return {0, m.tileImages, y0, y0 + m.tileRows};
}

bool CascadePlanner::consider(const Cascade &cascade, Mapping m, Mapping &best, bool &found) {
  int64_t images = ceilDiv(cascade.result().n, m.imageParts);
  int64_t rows = ceilDiv(cascade.result().h, m.rowParts);
  int64_t tiles = ceilDiv(images, m.tileImages) * ceilDiv(rows, m.tileRows);
  CascadeTile tile = middleTile(cascade, m);
  std::vector<Box> boxes = cascade.boxes(tile);
  int64_t weights = constantBytes(cascade);
  if (slotBytes(cascade, boxes) + weights > budget)
    return false;
  std::vector<Work> work = stageWork(cascade, boxes, tile);
  // Waves: the stages whose tiles exist run side by side.
  int64_t stages = work.size(), cycles = 0;
  Work active;
  for (int64_t wave = 0; wave < tiles + stages - 1;) {
    if (wave < stages)
      active.add(work[wave], 1);
    if (wave >= tiles)
      active.add(work[wave - tiles], -1);
    int64_t same = wave >= stages && wave < tiles ? tiles - wave : 1; // equal waves at once
    if (wave + 1 == stages && tiles > stages)
      same = tiles - stages + 1;
    cycles += same * (active.cycles() + kWaveOverhead);
    wave += same;
  }
  m.predictedCycles = cycles + ceilDiv(weights, target.load_rate_max) + target.latency_load +
                      stages * (target.latency_tensor + target.latency_output) +
                      target.latency_store + spillCycles(cascade);
  if (found && m.predictedCycles >= best.predictedCycles)
    return true;
  best = m;
  found = true;
  return true;
}

bool CascadePlanner::choose(size_t first, size_t count, Mapping &best, bool &tooLarge) {
  std::optional<Cascade> cascade = Cascade::make(network, uses, first, count, spare);
  tooLarge = !cascade || constantBytes(*cascade) > budget;
  if (tooLarge)
    return false;
  bool found = false;
  const Tensor &out = cascade->result();
  for (int64_t i = 1; i <= std::min(target.quads, out.n); ++i)
    for (int64_t r = 1; i * r <= target.quads && r <= out.h; ++r) {
      if (i * r * 2 <= target.quads && (i < out.n || r < out.h))
        continue; // leaves half of the quads or more without work
      Mapping m;
      m.imageParts = i, m.rowParts = r;
      m.cascade = count;
      m.tileCols = out.w, m.tileBlocks = out.blocks();
      int64_t rows = ceilDiv(out.h, r);
      m.tileImages = 1;
      for (int64_t size : ladder(rows, effort)) {
        m.tileRows = size;
        consider(*cascade, m, best, found);
      }
      m.tileRows = rows;
      for (m.tileImages = 2; m.tileImages <= ceilDiv(out.n, i); m.tileImages *= 2)
        if (!consider(*cascade, m, best, found))
          break;
    }
  return found;
}

CascadeTrace CascadePlanner::describe(size_t first, const Mapping &m) {
  CascadeTrace trace;
  std::optional<Cascade> cascade = Cascade::make(network, uses, first, m.cascade, spare);
  if (!cascade)
    return trace;
  const Tensor &out = cascade->result();
  trace.tiles = ceilDiv(ceilDiv(out.n, m.imageParts), m.tileImages) *
                ceilDiv(ceilDiv(out.h, m.rowParts), m.tileRows);
  CascadeTile tile = middleTile(*cascade, m);
  std::vector<Box> boxes = cascade->boxes(tile);
  std::vector<Work> work = stageWork(*cascade, boxes, tile);
  Work all;
  for (const Work &stage : work)
    all.add(stage, 1);
  trace.cycles = m.predictedCycles;
  trace.engines = all.times(trace.tiles);
  trace.stages = work.size();
  trace.constantBytes = constantBytes(*cascade);
  trace.slotBytes = slotBytes(*cascade, boxes);
  for (size_t i = 0; i < cascade->count; ++i)
    trace.slots.push_back(
        cascade->slots[cascade->tensors[cascade->indexOf(cascade->layer(i).outputs[0])].slot]
            .count());
  return trace;
}

RunEnd CascadePlanner::tryLonger(size_t first, size_t count) {
  RunEnd end;
  size_t next = first + count;
  if (next >= network.layers.size())
    return end;
  for (size_t layer = first; layer <= next; ++layer)
    if (const char *why = whyNotInCascade(network.layers[layer])) {
      end.why = RunEnd::Why::Layer;
      end.detail = "'" + network.layers[layer].name + "' " + why;
      return end;
    }
  end.limit = budget;
  std::optional<Cascade> cascade = Cascade::make(network, uses, first, count + 1, spare);
  if (!cascade) {
    end.why = RunEnd::Why::Layer;
    end.detail = "'" + network.layers[next].name +
                 "' has another number of images, or reads bytes of which others are made here";
    return end;
  }
  end.amount = constantBytes(*cascade);
  end.why = RunEnd::Why::Constants;
  if (end.amount > budget)
    return end;
  Mapping m;
  bool tooLarge = false;
  bool found = choose(first, count + 1, m, tooLarge);
  end.why = found ? RunEnd::Why::Dearer : RunEnd::Why::Tile;
  end.amount = found ? m.predictedCycles : 0;
  return end;
}

/// Fills in what the trace says of the runs of `mappings`; `alone`: cycles of each layer by itself.
void traceRuns(CascadePlanner &planner, const std::vector<int64_t> &alone, Plan &plan) {
  int64_t most = plan.options.cascades ? plan.options.cascadeLayers() : 1;
  size_t layers = plan.mappings.size();
  for (size_t first = 0, next; first < layers; first = next) {
    const Mapping &m = plan.mappings[first];
    next = first + m.cascade;
    int64_t oneByOne = 0;
    for (size_t layer = first; layer < next; ++layer)
      oneByOne += alone[layer];
    LayerTrace &trace = plan.trace[first];
    if (m.cascade > 1) {
      trace.cascade = planner.describe(first, m);
      trace.cascade->aloneCycles = oneByOne;
    }
    if (next < layers && m.cascade >= most) {
      trace.end.emplace();
      trace.end->why = plan.options.cascades ? RunEnd::Why::Effort : RunEnd::Why::Disabled;
      trace.end->limit = most;
      continue;
    }
    RunEnd end = planner.tryLonger(first, m.cascade);
    if (end.why == RunEnd::Why::Dearer) {
      end.limit = (m.cascade > 1 ? m.predictedCycles : oneByOne) + alone[next];
      if (end.amount < end.limit)
        end.why = RunEnd::Why::NextRun;
    }
    trace.end = end;
  }
}

} // namespace

void planCascades(const Network &network, const Target &target, const std::vector<bool> &spilled,
                  Plan &plan) {
  std::vector<Mapping> &mappings = plan.mappings;
  size_t layers = network.layers.size(),
         most = plan.options.cascades ? plan.options.cascadeLayers() : 1;
  CascadePlanner planner(network, target, spilled, plan);
  std::vector<int64_t> total(layers + 1, INT64_MAX), alone(layers);
  std::vector<Mapping> last(layers + 1); ///< the run that ends in front of a layer
  total[0] = 0;
  for (size_t first = 0; first < layers; ++first) {
    auto reach = [&](size_t end, const Mapping &m) {
      if (total[first] + m.predictedCycles < total[end]) {
        total[end] = total[first] + m.predictedCycles;
        last[end] = m;
      }
    };
    Mapping single = mappings[first];
    alone[first] =
        std::max(single.predictedCycles, planner.arrivalCycles(first)) + planner.spillCycles(first);
    single.predictedCycles = alone[first];
    reach(first + 1, single);
    bool tooLarge = false;
    for (size_t count = 2; count <= most && first + count <= layers && !tooLarge; ++count)
      if (Mapping m; planner.choose(first, count, m, tooLarge))
        reach(first + count, m);
  }
  for (size_t end = layers; end > 0;) {
    size_t count = last[end].cascade, first = end - count;
    for (size_t i = first; i < end && count > 1; ++i) {
      mappings[i] = last[end];
      mappings[i].cascade = i == first ? count : 0;
    }
    end = first;
  }
  traceRuns(planner, alone, plan);
}

} // namespace afe::sched

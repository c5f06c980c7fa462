// Convolution-like layers: walks the quads' tiles in lockstep; per tile LOADs (multicast where
// quads need the same bytes), TENSOR and OUTPUT over its blocks, STOREs.

#include "Scheduling/Emitter.h"
#include "Scheduling/PackWeights.h"

#include <algorithm>

namespace afe::sched {

namespace {

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

std::vector<Interval> whole(int64_t address, int64_t bytes) { return {{address, address + bytes}}; }

class ConvEmitter {
public:
  ConvEmitter(Emitter &e, const Layer &layer, const Mapping &mapping)
      : e(e), layer(layer), conv(layer.conv), mapping(mapping),
        input(e.network.tensors[layer.inputs[0]]), out(e.network.tensors[layer.outputs[0]]),
        packed(canPack(conv, input)), groupIn(input.c / conv.groups),
        groupOutBlocks(ceilDiv(out.c / conv.groups, kLanes)), inputs(e.quads()),
        weights(e.quads()), staged() {}

  bool run();

private:
  std::vector<Work> worksOf(int quad) const;
  bool step(const std::vector<const Work *> &works);
  bool loadInputs(const std::vector<const Work *> &works, int64_t chunk);
  bool loadWeights(const std::vector<const Work *> &works, int64_t chunk);
  bool loadMatmulWeights(const std::vector<const Work *> &works, int64_t chunk);
  bool loadResiduals(const std::vector<const Work *> &works);
  void compute(int quad, const Work &work, int64_t chunk);
  void computePhase(int quad, const Work &work, int64_t chunk, size_t phaseIndex);
  bool finishTiles(const std::vector<const Work *> &works);

  Box inputBox(const Work &work, int64_t chunk) const;
  std::pair<int64_t, int64_t> chunkChannels(int64_t chunk) const;
  int64_t phaseOffset(const Work &work, int64_t chunk, size_t phaseIndex) const;
  int64_t itemBytes(const Work &work, int64_t chunk) const;
  isa::TensorFields tensorFields(const Work &work, int64_t chunk, const Phase &phase, int quad);
  isa::OutputFields outputFields(int quad, const Work &work);

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
std::pair<int64_t, int64_t> part(int64_t total, int64_t unit, int64_t parts, int64_t i) {
  int64_t units = ceilDiv(total, unit);
  return {std::min(total, units * i / parts * unit), std::min(total, units * (i + 1) / parts * unit)};
}

std::vector<Work> ConvEmitter::worksOf(int quad) const {
  int64_t parts = mapping.imageParts * mapping.rowParts * mapping.channelParts;
  if (quad >= parts)
    return {};
  int64_t c = quad % mapping.channelParts, r = quad / mapping.channelParts % mapping.rowParts,
          i = quad / (mapping.channelParts * mapping.rowParts);
  int64_t unitY = conv.phases[0].outStepY, unitX = conv.phases[0].outStepX;
  auto [n0, n1] = part(out.n, 1, mapping.imageParts, i);
  auto [y0, y1] = part(out.h, unitY, mapping.rowParts, r);
  int64_t unitB = conv.depthwise ? conv.multiplier : 1;
  auto [b0, b1] = part(out.blocks(), unitB, mapping.channelParts, c);

  std::vector<Box> pixels;
  int64_t tileRows = roundUp(mapping.tileRows, unitY), tileCols = roundUp(mapping.tileCols, unitX);
  for (int64_t n = n0; n < n1; n += mapping.tileImages)
    for (int64_t y = y0; y < y1; y += tileRows)
      for (int64_t x = 0; x < out.w; x += tileCols)
        pixels.push_back({n, std::min(n + mapping.tileImages, n1), y, std::min(y + tileRows, y1), x,
                          std::min(x + tileCols, out.w), 0, 0});
  std::vector<std::array<int64_t, 3>> channels; // b0, b1, group; no tile crosses a group
  for (int64_t b = b0; b < b1;) {
    int64_t group = conv.groups > 1 ? b / groupOutBlocks : 0;
    int64_t end = std::min({b + mapping.tileBlocks, b1,
                            conv.groups > 1 ? (group + 1) * groupOutBlocks : b1});
    channels.push_back({b, end, group});
    b = end;
  }

  std::vector<Work> works;
  auto add = [&](Box box, const std::array<int64_t, 3> &channel) {
    box.b0 = channel[0];
    box.b1 = channel[1];
    works.push_back({box, channel[2]});
  };
  if (mapping.channelsOuter) {
    for (const auto &channel : channels)
      for (const Box &box : pixels)
        add(box, channel);
  } else {
    for (const Box &box : pixels)
      for (const auto &channel : channels)
        add(box, channel);
  }
  return works;
}

std::pair<int64_t, int64_t> ConvEmitter::chunkChannels(int64_t chunk) const {
  if (mapping.inputChunks == 1)
    return {0, groupIn};
  return part(groupIn, kLanes, mapping.inputChunks, chunk);
}

/// Input rows [first, last] that output positions [o0, o1) of a phase read, unclipped.
static std::pair<int64_t, int64_t> taps(int64_t o0, int64_t o1, int64_t offset, int64_t step,
                                        int64_t origin, int64_t stride, int64_t kernel,
                                        int64_t dilation) {
  int64_t j0 = ceilDiv(std::max<int64_t>(0, o0 - offset), step), j1 = ceilDiv(o1 - offset, step);
  if (j1 <= j0)
    return {INT64_MAX, INT64_MIN};
  return {origin + j0 * stride, origin + (j1 - 1) * stride + (kernel - 1) * dilation};
}

Box ConvEmitter::inputBox(const Work &work, int64_t chunk) const {
  int64_t y0 = INT64_MAX, y1 = INT64_MIN, x0 = INT64_MAX, x1 = INT64_MIN;
  for (const Phase &p : conv.phases) {
    auto [ya, yb] = taps(work.box.y0, work.box.y1, p.outY, p.outStepY, p.y0, conv.strideY, p.kh,
                         conv.dilY);
    auto [xa, xb] = taps(work.box.x0, work.box.x1, p.outX, p.outStepX, p.x0, conv.strideX, p.kw,
                         conv.dilX);
    y0 = std::min(y0, ya), y1 = std::max(y1, yb), x0 = std::min(x0, xa), x1 = std::max(x1, xb);
  }
  // All taps may lie in the padding: one real row or column keeps the box from being empty.
  auto clip = [](int64_t lo, int64_t hi, int64_t size) {
    int64_t a = std::clamp<int64_t>(lo, 0, size - 1), b = std::clamp<int64_t>(hi, a, size - 1);
    return std::make_pair(a, b + 1);
  };
  Box box = work.box;
  std::tie(box.y0, box.y1) = clip(y0, y1, input.h);
  std::tie(box.x0, box.x1) = clip(x0, x1, input.w);
  if (conv.depthwise) {
    box.b0 = work.box.b0 / conv.multiplier;
    box.b1 = std::min(input.blocks(), ceilDiv(work.box.b1, conv.multiplier));
  } else {
    auto [c0, c1] = chunkChannels(chunk);
    int64_t first = work.group * groupIn;
    box.b0 = (first + c0) / kLanes;
    box.b1 = ceilDiv(first + c1, kLanes);
  }
  return box;
}

static std::string keyOf(const Box &b) {
  std::string key;
  for (int64_t v : {b.n0, b.n1, b.y0, b.y1, b.x0, b.x1, b.b0, b.b1})
    key += std::to_string(v) + ",";
  return key;
}

/// Runs `make(mask, representative)` once for every group of quads with equal, not yet held keys.
template <typename Key, typename F>
static bool forEachGroup(const std::vector<const Work *> &works, std::vector<Held> &held, Key key,
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

bool ConvEmitter::loadInputs(const std::vector<const Work *> &works, int64_t chunk) {
  return forEachGroup(
      works, inputs, [&](const Work &work) { return keyOf(inputBox(work, chunk)); },
      [&](uint8_t mask, const Work &work, Held &held) {
        held.box = inputBox(work, chunk);
        StridedCopy copy;
        L2Ref from = e.openTile(input, held.box, copy);
        held.slot = from ? e.allocateL1(tileBytes(input, held.box), mask, "input") : nullptr;
        if (!held.slot)
          return false;
        e.load(mask, from, copy, held.slot);
        return true;
      });
}

int64_t ConvEmitter::phaseOffset(const Work &work, int64_t chunk, size_t phaseIndex) const {
  auto [c0, c1] = chunkChannels(chunk);
  int64_t offset = 0;
  for (size_t p = 0; p < phaseIndex; ++p)
    offset += work.box.blocks() * weightBlockBytes(conv, conv.phases[p], c1 - c0, packed);
  return offset;
}

/// Weights of every phase, then the parameter records, then the table.
int64_t ConvEmitter::itemBytes(const Work &work, int64_t chunk) const {
  int64_t params = chunk == mapping.inputChunks - 1
                       ? work.box.blocks() * paramBlockBytes(conv) + int64_t(conv.table.size())
                       : 0;
  return phaseOffset(work, chunk, conv.phases.size()) + params;
}

static std::string weightKey(const Work &work, int64_t chunk) {
  return std::to_string(work.box.b0) + "-" + std::to_string(work.box.b1) + "/" +
         std::to_string(chunk);
}

/// One request fetches neighbours up to this many bytes: every request costs an entry of the list
/// and part of a burst.
static constexpr int64_t kGroupBytes = 16384;

/// All weights of the layer in the order in which the quads need them, grouped for fetching.
void ConvEmitter::listItems(const std::vector<std::vector<Work>> &works, size_t steps) {
  int64_t limit = std::min(kGroupBytes, e.stagingBytes() / 8), filled = limit;
  for (size_t s = 0; s < steps; ++s)
    for (int64_t chunk = 0; chunk < mapping.inputChunks; ++chunk)
      for (const std::vector<Work> &list : works) {
        if (s >= list.size())
          continue;
        auto [it, fresh] = items.try_emplace(weightKey(list[s], chunk));
        if (!fresh)
          continue;
        int64_t bytes = itemBytes(list[s], chunk);
        if (filled + bytes > limit) {
          groups.emplace_back();
          filled = 0;
        }
        it->second = {list[s], chunk, bytes, filled, groups.size() - 1};
        groups.back().push_back(it->first);
        filled += bytes;
      }
}

std::vector<uint8_t> ConvEmitter::packItem(const Item &item) const {
  std::vector<uint8_t> bytes;
  bytes.reserve(item.bytes);
  auto [c0, c1] = chunkChannels(item.chunk);
  const Box &box = item.work.box;
  for (const Phase &phase : conv.phases)
    for (int64_t b = box.b0; b < box.b1; ++b)
      packWeights(conv, phase, out.c, input.c, b, c0, c1, packed, bytes);
  if (item.chunk == mapping.inputChunks - 1) {
    for (int64_t b = box.b0; b < box.b1; ++b)
      packParams(conv, out.c, b, bytes);
    bytes.insert(bytes.end(), conv.table.begin(), conv.table.end());
  }
  return bytes;
}

/// The item's bytes in L2; fetches its whole group where it is not there.
L2Ref ConvEmitter::stagedWeights(const std::string &key) {
  if (L2Ref there = staged[key])
    return there;
  const std::vector<std::string> &group = groups[items.at(key).group];
  int64_t total = items.at(group.back()).offset + items.at(group.back()).bytes;
  uint64_t address = e.cachedConstant(group.front(), [&] {
    std::vector<uint8_t> bytes;
    for (const std::string &member : group) {
      std::vector<uint8_t> one = packItem(items.at(member));
      bytes.insert(bytes.end(), one.begin(), one.end());
    }
    return bytes;
  });
  L2Ref whole = e.fetchConstant(address, total);
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
  return forEachGroup(
      works, weights, [&](const Work &work) { return weightKey(work, chunk); },
      [&](uint8_t mask, const Work &work, Held &held) {
        int64_t bytes = itemBytes(work, chunk);
        L2Ref from = stagedWeights(held.key);
        held.slot = from ? e.allocateL1(bytes, mask, "weights") : nullptr;
        if (!held.slot)
          return false;
        e.load(mask, from, {from->address, 0, bytes, {}}, held.slot);
        if (!keepStaged)
          staged.erase(held.key);
        return true;
      });
}

/// Weights that are an activation: [batch][K][N], or [batch][N][K] through the transposing LOAD.
bool ConvEmitter::loadMatmulWeights(const std::vector<const Work *> &works, int64_t chunk) {
  const Tensor &rhs = e.network.tensors[layer.inputs[1]];
  auto [k0, k1] = chunkChannels(chunk);
  auto key = [&](const Work &work) {
    return std::to_string(work.box.n0) + ":" + std::to_string(work.box.b0) + "-" +
           std::to_string(work.box.b1) + "/" + std::to_string(chunk);
  };
  const int64_t first = k0, end = k1; // lambdas cannot capture structured bindings
  return forEachGroup(works, weights, key, [&](uint8_t mask, const Work &work, Held &held) {
    int64_t k0 = first, k1 = end;
    int64_t blocks = work.box.blocks(), steps = ceilDiv(k1 - k0, kLanes);
    int64_t blockBytes = steps * kLanes * kLanes;
    held.slot = e.allocateL1(blocks * blockBytes, mask, "weights");
    if (!held.slot)
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
        StridedCopy block{base + b * l2.block, b * blockBytes, dense ? lanes : kLanes,
                          {{k1 - k0, l2.row, kLanes}}};
        block.normalize();
        e.load(mask, from, block, held.slot);
      } else {
        int64_t rows = std::min(kLanes, rhs.h - (work.box.b0 + b) * kLanes);
        for (int q = 0; q < e.quads(); ++q)
          if (mask >> q & 1)
            e.loadTransposed(q, from, base + b * kLanes * l2.row, rows, l2.row, steps, l2.block,
                             held.slot, b * blockBytes);
      }
    }
    return true;
  });
}

bool ConvEmitter::loadResiduals(const std::vector<const Work *> &works) {
  if (conv.residual.mode == isa::Residual::None)
    return true;
  const Tensor &residual = e.network.tensors[layer.inputs[1]];
  for (size_t q = 0; q < works.size(); ++q) {
    if (!works[q])
      continue;
    StridedCopy copy;
    L2Ref from = e.openTile(residual, works[q]->box, copy);
    residuals[q] =
        from ? e.allocateL1(tileBytes(residual, works[q]->box), 1u << q, "residual") : nullptr;
    if (!residuals[q])
      return false;
    e.load(1u << q, from, copy, residuals[q]);
  }
  return true;
}

isa::TensorFields ConvEmitter::tensorFields(const Work &work, int64_t chunk, const Phase &phase,
                                            int quad) {
  const Box &box = inputs[quad].box;
  Layout l1 = tileLayout(input, box);
  isa::TensorFields f;
  f.mode = int(conv.depthwise ? isa::TensorMode::Depthwise
               : packed       ? isa::TensorMode::Packed
                              : isa::TensorMode::Conv);
  f.in_sn = l1.image, f.in_sy = l1.row, f.in_sx = l1.pixel, f.in_sc = l1.block;
  f.in_unsigned = input.type == isa::ElementType::U8;
  f.in_zp = conv.inZp;
  f.in_h = box.rows(), f.in_w = box.cols();
  f.stride_y = conv.strideY, f.stride_x = conv.strideX;
  f.dil_y = conv.dilY, f.dil_x = conv.dilX;
  f.kh = phase.kh, f.kw = phase.kw;
  auto [c0, c1] = chunkChannels(chunk);
  f.ic = c1 - c0;
  f.w_unsigned = conv.weightsUnsigned;
  f.w_zp = conv.weightZp;
  f.multiplier = conv.depthwise ? conv.multiplier : 0;
  f.w_so = weightBlockBytes(conv, phase, c1 - c0, packed);
  f.accumulate = chunk > 0;
  return f;
}

isa::OutputFields ConvEmitter::outputFields(int quad, const Work &work) {
  isa::OutputFields f;
  const RequantParams &r = conv.requant;
  f.mode = int(r.mode);
  f.has_params = hasParams(conv);
  f.per_channel = perChannel(conv);
  if (r.multipliers.size() == 1)
    f.multiplier = r.multipliers[0];
  if (r.shifts.size() == 1)
    f.shift = r.shifts[0];
  f.out_zp = r.zp, f.lo = r.lo, f.hi = r.hi;
  const ResidualParams &a = conv.residual;
  f.residual = int(a.mode);
  if (a.mode != isa::Residual::None) {
    const Tensor &residual = e.network.tensors[layer.inputs[1]];
    Layout l = tileLayout(residual, work.box);
    f.res_sn = l.image, f.res_sy = l.row, f.res_sx = l.pixel, f.res_sc = l.block;
    f.res_unsigned = residual.type == isa::ElementType::U8;
    f.res_zp = a.residualZp, f.self_zp = a.selfZp;
    f.res_mult = a.residualMultiplier, f.res_shift = a.residualShift;
    f.self_mult = a.selfMultiplier, f.self_shift = a.selfShift;
    f.sum_mult = a.sumMultiplier, f.sum_shift = a.sumShift;
    f.left_shift = a.leftShift, f.sum_zp = a.sumZp, f.sum_lo = a.lo, f.sum_hi = a.hi;
  }
  f.use_table = !conv.table.empty();
  return f;
}

/// Byte ranges of `blocks` channel blocks by rows x cols pixels of a tile.
static std::vector<Interval> blockRanges(int64_t address, const Layout &l, int64_t images,
                                         int64_t rows, int64_t cols, int64_t blocks, int64_t run,
                                         int64_t stepY, int64_t stepX) {
  StridedCopy copy{address, 0, run, {}};
  copy.loops = {{blocks, l.block, 0}, {cols, stepX * l.pixel, 0}, {rows, stepY * l.row, 0},
                {images, l.image, 0}};
  return copy.ranges(false);
}

void ConvEmitter::computePhase(int quad, const Work &work, int64_t chunk, size_t phaseIndex) {
  const Phase &phase = conv.phases[phaseIndex];
  const Box &box = work.box;
  int64_t j0 = ceilDiv(std::max<int64_t>(0, box.y0 - phase.outY), phase.outStepY);
  int64_t j1 = std::max(j0, ceilDiv(box.y1 - phase.outY, phase.outStepY));
  int64_t k0 = ceilDiv(std::max<int64_t>(0, box.x0 - phase.outX), phase.outStepX);
  int64_t k1 = std::max(k0, ceilDiv(box.x1 - phase.outX, phase.outStepX));
  if (j1 == j0 || k1 == k0)
    return;
  auto [c0, c1] = chunkChannels(chunk);
  int64_t steps = tensorSteps(conv, phase, c1 - c0, packed, e.target);
  Grid grid = chooseGrid(box.images(), j1 - j0, k1 - k0, box.blocks(), steps, conv.depthwise,
                         e.target, mapping.inputChunks > 1 ? e.target.accumulator_banks : 0,
                         conv.depthwise ? conv.multiplier : 1);
  bool last = chunk == mapping.inputChunks - 1;
  const Held &in = inputs[quad], &w = weights[quad];
  isa::TensorFields tensorBase = tensorFields(work, chunk, phase, quad);
  isa::OutputFields outputBase = outputFields(quad, work);
  Layout inL = tileLayout(input, in.box), outL = tileLayout(out, box), resL = outL;
  if (conv.residual.mode != isa::Residual::None)
    resL = tileLayout(e.network.tensors[layer.inputs[1]], box);
  int64_t e8 = out.elementBytes(), paramsAt = phaseOffset(work, chunk, conv.phases.size());
  size_t fill = 0;
  for (int64_t b = 0; b < box.blocks(); b += grid.blocks)
    for (int64_t n = 0; n < box.images(); n += grid.images)
      for (int64_t j = j0; j < j1; j += grid.rows)
        for (int64_t k = k0; k < k1; k += grid.cols, ++fill) {
          int64_t nb = std::min(grid.blocks, box.blocks() - b),
                  ni = std::min(grid.images, box.images() - n), nj = std::min(grid.rows, j1 - j),
                  nk = std::min(grid.cols, k1 - k);
          isa::TensorFields t = tensorBase;
          t.images = ni, t.rows = nj, t.cols = nk;
          t.oc = std::min(nb * kLanes, out.c - (box.b0 + b) * kLanes);
          if (conv.depthwise)
            t.ic = ceilDiv(t.oc, conv.multiplier);
          t.y0 = phase.y0 + j * conv.strideY - in.box.y0;
          t.x0 = phase.x0 + k * conv.strideX - in.box.x0;
          int64_t lane = conv.depthwise ? 0 : (work.group * groupIn + c0) % kLanes;
          int64_t inBlock = conv.depthwise ? (box.b0 + b) / conv.multiplier - in.box.b0 : 0;
          t.in = in.slot->address + n * inL.image + inBlock * inL.block + lane;
          t.weights = w.slot->address + phaseOffset(work, chunk, phaseIndex) + b * t.w_so;
          t.grid_p = grid.pixels;
          if (chunk == 0) {
            int bank = e.nextBank(quad);
            if (fillBanks[quad].size() <= fill)
              fillBanks[quad].resize(fill + 1);
            fillBanks[quad][fill] = bank;
          }
          t.bank = fillBanks[quad][fill];
          // Rows and columns of the input that these pixels read.
          int64_t y0 = std::max<int64_t>(0, t.y0),
                  y1 = std::min<int64_t>(t.in_h, t.y0 + (nj - 1) * conv.strideY +
                                                     (phase.kh - 1) * conv.dilY + 1);
          int64_t inBlocks = conv.depthwise ? ceilDiv(nb, conv.multiplier)
                                            : ceilDiv(lane + c1 - c0, kLanes);
          std::vector<Interval> reads;
          if (y1 > y0)
            reads = blockRanges(t.in - lane + y0 * inL.row, inL, ni, y1 - y0, in.box.cols(),
                                inBlocks, input.interleaved() ? std::min(kLanes, inL.pixel) : kLanes,
                                1, 1);
          e.tensor(quad, t, {in.slot, reads}, {w.slot, whole(t.weights, nb * t.w_so)});
          if (!last)
            continue;
          isa::OutputFields o = outputBase;
          o.bank = t.bank, o.images = ni, o.rows = nj, o.cols = nk, o.oc = t.oc;
          auto at = [&](const Layout &l, const L1Ref &slot) {
            return slot->address + n * l.image +
                   (phase.outY + j * phase.outStepY - box.y0) * l.row +
                   (phase.outX + k * phase.outStepX - box.x0) * l.pixel + b * l.block;
          };
          o.out = at(outL, outs[quad]);
          o.out_sn = outL.image, o.out_sy = outL.row * phase.outStepY;
          o.out_sx = outL.pixel * phase.outStepX, o.out_sc = outL.block;
          Emitter::Operand params, residual, table;
          if (o.has_params) {
            o.params = w.slot->address + paramsAt + b * paramBlockBytes(conv);
            params = {w.slot, whole(o.params, nb * paramBlockBytes(conv))};
          }
          if (o.use_table) {
            o.table = w.slot->address + paramsAt + box.blocks() * paramBlockBytes(conv);
            table = {w.slot, whole(o.table, 256)};
          }
          if (o.residual) {
            o.res = at(resL, residuals[quad]);
            residual = {residuals[quad],
                        blockRanges(o.res, resL, ni, nj, nk, nb, kLanes, phase.outStepY,
                                    phase.outStepX)};
          }
          e.output(quad, o, params, residual, table,
                   {outs[quad], blockRanges(o.out, outL, ni, nj, nk, nb, kLanes * e8,
                                            phase.outStepY, phase.outStepX)});
        }
}

void ConvEmitter::compute(int quad, const Work &work, int64_t chunk) {
  for (size_t p = 0; p < conv.phases.size(); ++p)
    computePhase(quad, work, chunk, p);
}

bool ConvEmitter::finishTiles(const std::vector<const Work *> &works) {
  for (size_t q = 0; q < works.size(); ++q) {
    if (!works[q])
      continue;
    StridedCopy copy = reversed(tileCopy(out, works[q]->box)), placed = copy;
    L2Ref to = e.openResult(out.storage, placed);
    if (!to)
      return false;
    e.store(q, outs[q], placed, to);
    e.commit(out.storage, to, copy);
    outs[q] = residuals[q] = nullptr;
  }
  return true;
}

bool ConvEmitter::step(const std::vector<const Work *> &works) {
  for (int64_t chunk = 0; chunk < mapping.inputChunks; ++chunk) {
    if (!loadWeights(works, chunk) || !loadInputs(works, chunk))
      return false;
    bool last = chunk == mapping.inputChunks - 1;
    if (last && !loadResiduals(works))
      return false;
    for (size_t q = 0; q < works.size(); ++q) {
      if (!works[q])
        continue;
      if (last && !(outs[q] = e.allocateL1(tileBytes(out, works[q]->box), 1u << q, "output")))
        return false;
    }
    for (size_t q = 0; q < works.size(); ++q)
      if (works[q])
        compute(q, *works[q], chunk);
  }
  return finishTiles(works);
}

bool ConvEmitter::run() {
  std::vector<std::vector<Work>> works(e.quads());
  size_t steps = 0;
  int64_t total = 0;
  for (int q = 0; q < e.quads(); ++q) {
    works[q] = worksOf(q);
    steps = std::max(steps, works[q].size());
  }
  for (int64_t b = 0; b < out.blocks(); ++b) // weights of the whole layer, about
    for (const Phase &phase : conv.phases)
      total += weightBlockBytes(conv, phase, groupIn, packed) + paramBlockBytes(conv);
  keepStaged = !mapping.channelsOuter && mapping.tileBlocks < out.blocks() &&
               total <= e.stagingBytes() / 2;
  if (!conv.matmul)
    listItems(works, steps);
  for (size_t s = 0; s < steps; ++s) {
    std::vector<const Work *> now(e.quads());
    for (int q = 0; q < e.quads(); ++q)
      now[q] = s < works[q].size() ? &works[q][s] : nullptr;
    if (!step(now))
      return false;
  }
  return true;
}

} // namespace

bool Emitter::emitConv(const Layer &layer, const Mapping &mapping) {
  return ConvEmitter(*this, layer, mapping).run();
}

} // namespace afe::sched

// Vector layers: LOAD the operands' tiles, run the micro-program over them, STORE the results.

#include "Scheduling/Emitter.h"

#include <algorithm>

namespace afe::sched {

namespace {

class VectorEmitter {
public:
  VectorEmitter(Emitter &e, const Layer &layer, const Mapping &mapping)
      : e(e), layer(layer), vec(layer.vector), mapping(mapping) {}
  bool run();

private:
  std::vector<Box> domainBoxes(int quad) const;
  Box operandBox(const Tensor &tensor, const Box &domain, bool windowed) const;
  bool loadProgram(uint8_t mask);
  bool tile(int quad, const Box &domain);
  const Tensor &domainTensor() const;
  L1Ref constantOperand(int quad, const Tensor &tensor, const Box &box);

  Emitter &e;
  const Layer &layer;
  const VectorParams &vec;
  const Mapping &mapping;
  L1Ref program;
  std::map<int, std::pair<Box, L1Ref>> held[8]; ///< broadcast operands a quad has already
};

/// The tensor whose extents are the iteration domain: the output, or the reduced input.
const Tensor &VectorEmitter::domainTensor() const {
  const Tensor &out = e.network.tensors[layer.outputs[0]];
  if (!vec.reducesPixels && !vec.reducesChannels)
    return out;
  const Tensor *widest = &e.network.tensors[layer.inputs[0]];
  for (int input : layer.inputs) {
    const Tensor &t = e.network.tensors[input];
    if (t.n * t.h * t.w * t.c > widest->n * widest->h * widest->w * widest->c)
      widest = &t;
  }
  return *widest;
}

std::vector<Box> VectorEmitter::domainBoxes(int quad) const {
  const Tensor &d = domainTensor();
  int64_t parts = mapping.imageParts * mapping.rowParts * mapping.channelParts;
  if (quad >= parts)
    return {};
  auto part = [](int64_t total, int64_t parts, int64_t i) {
    return std::make_pair(total * i / parts, total * (i + 1) / parts);
  };
  int64_t c = quad % mapping.channelParts, r = quad / mapping.channelParts % mapping.rowParts,
          i = quad / (mapping.channelParts * mapping.rowParts);
  auto [n0, n1] = part(d.n, mapping.imageParts, i);
  auto [y0, y1] = part(d.h, mapping.rowParts, r);
  auto [b0, b1] = part(d.blocks(), mapping.channelParts, c);
  std::vector<Box> boxes;
  for (int64_t b = b0; b < b1; b += mapping.tileBlocks)
    for (int64_t n = n0; n < n1; n += mapping.tileImages)
      for (int64_t y = y0; y < y1; y += mapping.tileRows)
        for (int64_t x = 0; x < d.w; x += mapping.tileCols)
          boxes.push_back(
              {n, std::min(n + mapping.tileImages, n1), y, std::min(y + mapping.tileRows, y1), x,
               std::min(x + mapping.tileCols, d.w), b, std::min(b + mapping.tileBlocks, b1)});
  return boxes;
}

Box VectorEmitter::operandBox(const Tensor &t, const Box &d, bool windowed) const {
  Box box = d;
  if (windowed && vec.gathers) {
    box.y0 = box.x0 = 0;
    box.y1 = t.h, box.x1 = t.w;
  } else if (windowed) {
    auto clip = [](int64_t o0, int64_t o1, int64_t stride, int64_t pad, int64_t k, int64_t dil,
                   int64_t size) {
      int64_t lo = std::clamp<int64_t>(o0 * stride - pad, 0, size - 1);
      int64_t hi = std::clamp<int64_t>((o1 - 1) * stride - pad + (k - 1) * dil, lo, size - 1);
      return std::make_pair(lo, hi + 1);
    };
    std::tie(box.y0, box.y1) = clip(d.y0, d.y1, vec.strideY, vec.padTop, vec.kh, vec.dilY, t.h);
    std::tie(box.x0, box.x1) = clip(d.x0, d.x1, vec.strideX, vec.padLeft, vec.kw, vec.dilX, t.w);
  }
  if (t.n == 1)
    box.n0 = 0, box.n1 = 1;
  if (t.h == 1 && !windowed)
    box.y0 = 0, box.y1 = 1;
  if (t.w == 1 && !windowed)
    box.x0 = 0, box.x1 = 1;
  if (t.c == 1)
    box.b0 = 0, box.b1 = 1;
  return box;
}

bool VectorEmitter::loadProgram(uint8_t mask) {
  int64_t bytes = vec.program.size();
  L2Ref from = e.fetchConstant(e.cachedConstant("program", [&] { return vec.program; }), bytes);
  program = from ? e.allocateL1(bytes, mask, "program") : nullptr;
  if (!program)
    return false;
  e.load(mask, from, {from->address, 0, bytes, {}}, program);
  return true;
}

/// Writes the access fields of an operand or result: strides are 0 where it is broadcast.
template <typename Set>
static void access(const Tensor &t, const Layout &l, const Box &domain, bool windowed, bool result,
                   Set set) {
  int64_t e = t.elementBytes();
  bool manyRows = domain.rows() > 1 || windowed, manyCols = domain.cols() > 1 || windowed;
  set(t.n == 1 ? 0 : l.image, t.h == 1 && manyRows && !windowed ? 0 : l.row,
      t.w == 1 && manyCols && !windowed ? 0 : l.pixel, t.c == 1 ? 0 : l.block,
      t.c == 1 && !result ? 0 : e, int(t.type)); // a single channel still fills its block
}

bool VectorEmitter::tile(int quad, const Box &domain) {
  const Tensor &d = domainTensor();
  isa::VectorFields f;
  f.program = program->address;
  f.length = vec.length, f.cost = vec.cost, f.row_cost = vec.rowCost;
  f.channel_cost = vec.channelCost;
  f.images = domain.images(), f.rows = domain.rows(), f.cols = domain.cols();
  f.channels = std::min(domain.blocks() * kLanes, d.c - domain.b0 * kLanes);
  f.y0 = domain.y0, f.x0 = domain.x0;
  std::vector<Emitter::Operand> reads{
      {program, {{program->address, program->address + int64_t(vec.program.size())}}}};
  std::vector<Emitter::Operand> writes;
  for (size_t i = 0; i < layer.inputs.size(); ++i) {
    const Tensor &t = e.network.tensors[layer.inputs[i]];
    bool windowed = i == 0 && (vec.window || vec.gathers);
    Box box = operandBox(t, domain, windowed);
    auto &kept = held[quad][i];
    if (!kept.second || !(kept.first == box)) {
      kept.second = nullptr; // its bytes may be the only ones that are large enough
      StridedCopy copy;
      L2Ref from = e.openTile(t, box, copy);
      L1Ref slot = from ? e.allocateL1(tileBytes(t, box), 1u << quad, "operand") : nullptr;
      if (!slot)
        return false;
      e.load(1u << quad, from, copy, slot);
      kept = {box, slot};
    }
    L1Ref slot = kept.second;
    Layout l = tileLayout(t, box);
    reads.push_back({slot, {{slot->address, slot->address + tileBytes(t, box)}}});
    if (windowed) {
      f.in_h = box.rows(), f.in_w = box.cols();
      if (vec.window) {
        f.kh = vec.kh, f.kw = vec.kw, f.stride_y = vec.strideY, f.stride_x = vec.strideX;
        f.dil_y = vec.dilY, f.dil_x = vec.dilX;
        f.y0 = domain.y0 * vec.strideY - vec.padTop - box.y0;
        f.x0 = domain.x0 * vec.strideX - vec.padLeft - box.x0;
      }
    }
    access(t, l, domain, windowed, false,
           [&](int64_t sn, int64_t sy, int64_t sx, int64_t sc, int64_t sl, int type) {
             int32_t *at[4][7] = {
                 {&f.a0, &f.a0_sn, &f.a0_sy, &f.a0_sx, &f.a0_sc, &f.a0_sl, &f.a0_type},
                 {&f.a1, &f.a1_sn, &f.a1_sy, &f.a1_sx, &f.a1_sc, &f.a1_sl, &f.a1_type},
                 {&f.a2, &f.a2_sn, &f.a2_sy, &f.a2_sx, &f.a2_sc, &f.a2_sl, &f.a2_type},
                 {&f.a3, &f.a3_sn, &f.a3_sy, &f.a3_sx, &f.a3_sc, &f.a3_sl, &f.a3_type}};
             int64_t values[7] = {slot->address, sn, sy, sx, sc, sl, type};
             for (int k = 0; k < 7; ++k)
               *at[i][k] = values[k];
           });
  }
  std::vector<std::pair<Box, L1Ref>> results;
  for (size_t i = 0; i < layer.outputs.size(); ++i) {
    const Tensor &t = e.network.tensors[layer.outputs[i]];
    Box box = operandBox(t, domain, false);
    L1Ref slot = e.allocateL1(tileBytes(t, box), 1u << quad, "result");
    if (!slot)
      return false;
    results.push_back({box, slot});
    writes.push_back({slot, {{slot->address, slot->address + tileBytes(t, box)}}});
    access(t, tileLayout(t, box), domain, false, true,
           [&](int64_t sn, int64_t sy, int64_t sx, int64_t sc, int64_t sl, int type) {
             int32_t *at[2][7] = {
                 {&f.r0, &f.r0_sn, &f.r0_sy, &f.r0_sx, &f.r0_sc, &f.r0_sl, &f.r0_type},
                 {&f.r1, &f.r1_sn, &f.r1_sy, &f.r1_sx, &f.r1_sc, &f.r1_sl, &f.r1_type}};
             int64_t values[7] = {slot->address, sn, sy, sx, sc, sl, type};
             for (int k = 0; k < 7; ++k)
               *at[i][k] = values[k];
           });
  }
  e.vector(quad, f, reads, writes);
  for (size_t i = 0; i < layer.outputs.size(); ++i) {
    const Tensor &t = e.network.tensors[layer.outputs[i]];
    StridedCopy copy = reversed(tileCopy(t, results[i].first)), placed = copy;
    L2Ref to = e.openResult(t.storage, placed);
    if (!to)
      return false;
    e.store(quad, results[i].second, placed, to);
    e.commit(t.storage, to, copy);
  }
  return true;
}

bool VectorEmitter::run() {
  std::vector<std::vector<Box>> boxes(e.quads());
  uint8_t mask = 0;
  size_t steps = 0;
  for (int q = 0; q < e.quads(); ++q) {
    boxes[q] = domainBoxes(q);
    steps = std::max(steps, boxes[q].size());
    if (!boxes[q].empty())
      mask |= 1u << q;
  }
  if (!loadProgram(mask))
    return false;
  for (size_t s = 0; s < steps; ++s)
    for (int q = 0; q < e.quads(); ++q)
      if (s < boxes[q].size() && !tile(q, boxes[q][s]))
        return false;
  return true;
}

} // namespace

bool Emitter::emitVector(const Layer &layer, const Mapping &mapping) {
  return VectorEmitter(*this, layer, mapping).run();
}

} // namespace afe::sched

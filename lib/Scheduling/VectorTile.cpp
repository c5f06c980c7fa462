// Boxes of a vector layer's operands, and the fields of its VECTOR instruction.

#include "Scheduling/VectorTile.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace afe::sched {

/// First and last position of operand 0 that the outputs [lo, hi) of an axis read.
static std::pair<int64_t, int64_t> gathered(const std::vector<int32_t> &positions, int64_t bits,
                                            int64_t lo, int64_t hi, int64_t size) {
  int64_t first = size - 1, last = 0;
  for (int64_t i = lo; i < hi; ++i) {
    int64_t floor = positions[i] >> bits, fraction = positions[i] - (floor << bits);
    first = std::min(first, std::clamp<int64_t>(floor, 0, size - 1));
    last = std::max(last, std::clamp<int64_t>(floor + (fraction != 0), 0, size - 1));
  }
  return {first, last};
}

Box vectorOperandBox(const VectorParams &vec, const Tensor &t, const Box &d, bool windowed) {
  Box box = d;
  if (windowed && vec.gathers && vec.gather.rowOperand >= 0) {
    auto [y0, y1] = gathered(vec.gather.rows, vec.gather.bits, d.y0, d.y1, t.h);
    auto [x0, x1] = gathered(vec.gather.cols, vec.gather.bits, d.x0, d.x1, t.w);
    box.y0 = y0, box.y1 = y1 + 1, box.x0 = x0, box.x1 = x1 + 1;
  } else if (windowed && vec.gathers) {
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

std::vector<uint8_t> gatherPositions(const VectorParams &vec, size_t number, const Box &domain,
                                     const Box &source) {
  bool rows = int(number) == vec.gather.rowOperand;
  const std::vector<int32_t> &all = rows ? vec.gather.rows : vec.gather.cols;
  int64_t lo = rows ? domain.y0 : domain.x0, hi = rows ? domain.y1 : domain.x1;
  int64_t origin = (rows ? source.y0 : source.x0) * (int64_t(1) << vec.gather.bits);
  std::vector<uint8_t> bytes((hi - lo) * sizeof(int32_t));
  for (int64_t i = lo; i < hi; ++i) {
    int32_t position = all[i] - origin;
    std::memcpy(bytes.data() + (i - lo) * sizeof(int32_t), &position, sizeof(int32_t));
  }
  return bytes;
}

/// Writes the access fields of an operand or result: strides are 0 where it is broadcast. A single
/// channel fills its block, but where pixels lie closer than that.
template <typename Set>
static void access(const Tensor &t, const Layout &l, const Box &domain, bool windowed, bool result,
                   Set set) {
  int64_t e = t.elementBytes();
  bool manyRows = domain.rows() > 1 || windowed, manyCols = domain.cols() > 1 || windowed;
  set(t.n == 1 ? 0 : l.image, t.h == 1 && manyRows && !windowed ? 0 : l.row,
      t.w == 1 && manyCols && !windowed ? 0 : l.pixel, t.c == 1 ? 0 : l.block,
      t.c == 1 && (!result || l.pixel == e) ? 0 : e, int(t.type));
}

void emitVectorTile(Emitter &e, int quad, const VectorTile &tile) {
  const Layer &layer = *tile.layer;
  const VectorParams &vec = layer.vector;
  const Box &domain = tile.domain;
  isa::VectorFields f;
  f.program = tile.program->address;
  f.length = vec.length, f.cost = vec.cost, f.row_cost = vec.rowCost;
  f.channel_cost = vec.channelCost;
  f.images = domain.images(), f.rows = domain.rows(), f.cols = domain.cols();
  f.channels = std::min(domain.blocks() * kLanes, vec.domain.c - domain.b0 * kLanes);
  f.y0 = domain.y0, f.x0 = domain.x0;
  std::vector<Emitter::Operand> reads{
      {tile.program,
       {{tile.program->address, tile.program->address + int64_t(vec.program.size())}}}};
  std::vector<Emitter::Operand> writes;
  // Where an operand's box begins in its tile, and the bytes of the tile that it touches.
  auto place = [](const L1Tile &in, const Box &box) {
    const Layout &l = in.layout;
    return in.slot->address + (box.n0 - in.box.n0) * l.image + (box.y0 - in.box.y0) * l.row +
           (box.x0 - in.box.x0) * l.pixel + (box.b0 - in.box.b0) * l.block;
  };
  auto touched = [&](const Tensor &t, const L1Tile &in, const Box &box) {
    StridedCopy copy = tileCopy(t, box, in.layout);
    copy.dst = place(in, box);
    return copy.ranges(true);
  };
  for (size_t i = 0; i < layer.inputs.size(); ++i) {
    const Tensor &t = tile.network->tensors[layer.inputs[i]];
    bool windowed = isWindowed(vec, i);
    Box box = vectorOperandBox(vec, t, domain, windowed);
    const L1Tile &in = tile.inputs[i];
    reads.push_back({in.slot, touched(t, in, box)});
    if (windowed) {
      f.in_h = box.rows(), f.in_w = box.cols();
      if (vec.window) {
        f.kh = vec.kh, f.kw = vec.kw, f.stride_y = vec.strideY, f.stride_x = vec.strideX;
        f.dil_y = vec.dilY, f.dil_x = vec.dilX;
        f.y0 = domain.y0 * vec.strideY - vec.padTop - box.y0;
        f.x0 = domain.x0 * vec.strideX - vec.padLeft - box.x0;
      }
    }
    access(t, in.layout, domain, windowed, false,
           [&](int64_t sn, int64_t sy, int64_t sx, int64_t sc, int64_t sl, int type) {
             int32_t *at[4][7] = {
                 {&f.a0, &f.a0_sn, &f.a0_sy, &f.a0_sx, &f.a0_sc, &f.a0_sl, &f.a0_type},
                 {&f.a1, &f.a1_sn, &f.a1_sy, &f.a1_sx, &f.a1_sc, &f.a1_sl, &f.a1_type},
                 {&f.a2, &f.a2_sn, &f.a2_sy, &f.a2_sx, &f.a2_sc, &f.a2_sl, &f.a2_type},
                 {&f.a3, &f.a3_sn, &f.a3_sy, &f.a3_sx, &f.a3_sc, &f.a3_sl, &f.a3_type}};
             int64_t values[7] = {place(in, box), sn, sy, sx, sc, sl, type};
             for (int k = 0; k < 7; ++k)
               *at[i][k] = values[k];
           });
  }
  for (size_t i = 0; i < layer.outputs.size(); ++i) {
    const Tensor &t = tile.network->tensors[layer.outputs[i]];
    Box box = vectorOperandBox(vec, t, domain, false);
    const L1Tile &out = tile.outputs[i];
    writes.push_back({out.slot, touched(t, out, box)});
    access(t, out.layout, domain, false, true,
           [&](int64_t sn, int64_t sy, int64_t sx, int64_t sc, int64_t sl, int type) {
             int32_t *at[2][7] = {
                 {&f.r0, &f.r0_sn, &f.r0_sy, &f.r0_sx, &f.r0_sc, &f.r0_sl, &f.r0_type},
                 {&f.r1, &f.r1_sn, &f.r1_sy, &f.r1_sx, &f.r1_sc, &f.r1_sl, &f.r1_type}};
             int64_t values[7] = {place(out, box), sn, sy, sx, sc, sl, type};
             for (int k = 0; k < 7; ++k)
               *at[i][k] = values[k];
           });
  }
  e.vector(quad, f, reads, writes);
}

} // namespace afe::sched

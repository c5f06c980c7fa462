// TENSOR and OUTPUT instructions over the blocks of a tile.

#include "Scheduling/ConvEmitter.h"

#include <algorithm>

namespace afe::sched {

static std::vector<Interval> whole(int64_t address, int64_t bytes) {
  return {{address, address + bytes}};
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
  copy.loops = {{blocks, l.block, 0},
                {cols, stepX * l.pixel, 0},
                {rows, stepY * l.row, 0},
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
          int64_t inBlocks =
              conv.depthwise ? ceilDiv(nb, conv.multiplier) : ceilDiv(lane + c1 - c0, kLanes);
          std::vector<Interval> reads;
          if (y1 > y0)
            reads =
                blockRanges(t.in - lane + y0 * inL.row, inL, ni, y1 - y0, in.box.cols(), inBlocks,
                            input.interleaved() ? std::min(kLanes, inL.pixel) : kLanes, 1, 1);
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
            residual = {residuals[quad], blockRanges(o.res, resL, ni, nj, nk, nb, kLanes,
                                                     phase.outStepY, phase.outStepX)};
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

} // namespace afe::sched

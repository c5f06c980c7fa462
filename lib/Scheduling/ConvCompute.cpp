// TENSOR and OUTPUT instructions over the blocks of a tile.

#include "Scheduling/ConvEmitter.h"

#include <algorithm>

namespace afe::sched {

static std::vector<Interval> whole(int64_t address, int64_t bytes) {
  return {{address, address + bytes}};
}

isa::TensorFields ConvEmitter::tensorFields(int64_t chunk, const Phase &phase, int quad) const {
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

isa::OutputFields ConvEmitter::outputFields() const {
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

/// Positions [first, end) of a phase along one axis that lie in the outputs [lo, hi).
static std::pair<int64_t, int64_t> phaseRange(int64_t lo, int64_t hi, int64_t offset,
                                              int64_t step) {
  int64_t first = ceilDiv(std::max<int64_t>(0, lo - offset), step);
  return {first, std::max(first, ceilDiv(hi - offset, step))};
}

/// The bank of a tile's `fill`-th block: chosen with the first input chunk, kept for the others.
int ConvEmitter::bankOf(int quad, size_t fill, bool first) {
  std::vector<int> &banks = fillBanks[quad];
  if (first) {
    banks.resize(std::max(banks.size(), fill + 1));
    banks[fill] = e.nextBank(quad);
  }
  return banks[fill];
}

void ConvEmitter::tensorBlock(int quad, const Work &work, int64_t chunk, size_t phaseIndex,
                              const Block &block, isa::TensorFields t) {
  const Phase phase = phaseOf(chunk, phaseIndex);
  const Held &in = inputs[quad], &w = weights[quad];
  Layout l = tileLayout(input, in.box);
  auto [c0, c1] = chunkChannels(chunk);
  t.images = block.images, t.rows = block.rows, t.cols = block.cols;
  t.oc = std::min(block.blocks * kLanes, out.c - (work.box.b0 + block.b) * kLanes);
  if (conv.depthwise)
    t.ic = ceilDiv(t.oc, conv.multiplier);
  t.y0 = phase.y0 + block.y * conv.strideY - in.box.y0;
  t.x0 = phase.x0 + block.x * conv.strideX - in.box.x0;
  int64_t lane = conv.depthwise ? 0 : (work.group * groupIn + c0) % kLanes;
  int64_t inBlock = conv.depthwise ? (work.box.b0 + block.b) / conv.multiplier - in.box.b0 : 0;
  t.in = in.slot->address + block.n * l.image + inBlock * l.block + lane;
  t.weights = w.slot->address + phaseOffset(work, chunk, phaseIndex) + block.b * t.w_so;
  t.grid_p = block.gridPixels;
  t.bank = block.bank;
  // Rows of the input that these pixels read; all in the padding: none.
  int64_t y0 = std::max<int64_t>(0, t.y0);
  int64_t y1 = std::min<int64_t>(t.in_h, t.y0 + (block.rows - 1) * conv.strideY +
                                             (phase.kh - 1) * conv.dilY + 1);
  int64_t inBlocks =
      conv.depthwise ? ceilDiv(block.blocks, conv.multiplier) : ceilDiv(lane + c1 - c0, kLanes);
  int64_t run = input.interleaved() ? std::min(kLanes, l.pixel) : kLanes;
  std::vector<Interval> reads;
  if (y1 > y0)
    reads = blockRanges(t.in - lane + y0 * l.row, l, block.images, y1 - y0, in.box.cols(), inBlocks,
                        run, 1, 1);
  e.tensor(quad, t, {in.slot, reads}, {w.slot, whole(t.weights, block.blocks * t.w_so)});
}

void ConvEmitter::outputBlock(int quad, const Work &work, int64_t chunk, const Phase &phase,
                              const Block &block, isa::OutputFields o) {
  const Held &w = weights[quad];
  o.bank = block.bank, o.images = block.images, o.rows = block.rows, o.cols = block.cols;
  o.oc = std::min(block.blocks * kLanes, out.c - (work.box.b0 + block.b) * kLanes);
  auto place = [&](const Tensor &tensor, const L1Ref &slot, Layout &l) {
    l = tileLayout(tensor, work.box);
    return slot->address + block.n * l.image +
           (phase.outY + block.y * phase.outStepY - work.box.y0) * l.row +
           (phase.outX + block.x * phase.outStepX - work.box.x0) * l.pixel + block.b * l.block;
  };
  auto ranges = [&](int64_t address, const Layout &l, int64_t elementBytes) {
    return blockRanges(address, l, block.images, block.rows, block.cols, block.blocks,
                       kLanes * elementBytes, phase.outStepY, phase.outStepX);
  };
  Layout l;
  o.out = place(out, outs[quad], l);
  o.out_sn = l.image, o.out_sy = l.row * phase.outStepY;
  o.out_sx = l.pixel * phase.outStepX, o.out_sc = l.block;
  Emitter::Operand to{outs[quad], ranges(o.out, l, out.elementBytes())}, params, residual, table;
  int64_t paramsAt = w.slot->address + phaseOffset(work, chunk, conv.phases.size());
  if (o.has_params) {
    o.params = paramsAt + block.b * paramBlockBytes(conv);
    params = {w.slot, whole(o.params, block.blocks * paramBlockBytes(conv))};
  }
  if (o.use_table) {
    o.table = paramsAt + work.box.blocks() * paramBlockBytes(conv);
    table = {w.slot, whole(o.table, 256)};
  }
  if (o.residual) {
    o.res = place(e.network.tensors[layer.inputs[1]], residuals[quad], l);
    o.res_sn = l.image, o.res_sy = l.row * phase.outStepY;
    o.res_sx = l.pixel * phase.outStepX, o.res_sc = l.block;
    residual = {residuals[quad], ranges(o.res, l, 1)};
  }
  e.output(quad, o, params, residual, table, to);
}

void ConvEmitter::computePhase(int quad, const Work &work, int64_t chunk, size_t phaseIndex) {
  const Phase phase = phaseOf(chunk, phaseIndex);
  const Box &box = work.box;
  auto [y0, y1] = phaseRange(box.y0, box.y1, phase.outY, phase.outStepY);
  auto [x0, x1] = phaseRange(box.x0, box.x1, phase.outX, phase.outStepX);
  if (y1 == y0 || x1 == x0)
    return;
  auto [c0, c1] = chunkChannels(chunk);
  Grid grid = chooseGrid(box.images(), y1 - y0, x1 - x0, box.blocks(),
                         tensorSteps(conv, phase, c1 - c0, packed, e.target), conv.depthwise,
                         e.target, chunkCount() > 1 ? e.target.accumulator_banks : 0,
                         conv.depthwise ? conv.multiplier : 1);
  const isa::TensorFields tensor = tensorFields(chunk, phase, quad);
  const isa::OutputFields output = outputFields();
  size_t fill = 0;
  for (int64_t b = 0; b < box.blocks(); b += grid.blocks)
    for (int64_t n = 0; n < box.images(); n += grid.images)
      for (int64_t y = y0; y < y1; y += grid.rows)
        for (int64_t x = x0; x < x1; x += grid.cols, ++fill) {
          Block block{b,
                      n,
                      y,
                      x,
                      std::min(grid.blocks, box.blocks() - b),
                      std::min(grid.images, box.images() - n),
                      std::min(grid.rows, y1 - y),
                      std::min(grid.cols, x1 - x),
                      grid.pixels,
                      bankOf(quad, fill, chunk == 0)};
          tensorBlock(quad, work, chunk, phaseIndex, block, tensor);
          if (chunk == chunkCount() - 1)
            outputBlock(quad, work, chunk, phase, block, output);
        }
}

void ConvEmitter::compute(int quad, const Work &work, int64_t chunk) {
  for (size_t p = 0; p < conv.phases.size(); ++p)
    computePhase(quad, work, chunk, p);
}

} // namespace afe::sched

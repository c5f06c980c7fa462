// TENSOR and OUTPUT instructions over the bank fills of a tile.

#include "Scheduling/ConvTile.h"

#include <algorithm>

namespace afe::sched {

static std::vector<Interval> whole(int64_t address, int64_t bytes) {
  return {{address, address + bytes}};
}

/// What the TENSOR instructions of a phase have in common.
static isa::TensorFields tensorFields(const ConvTile &tile, const Phase &phase) {
  const ConvShape &shape = *tile.shape;
  const ConvParams &conv = shape.conv;
  const Layout &l1 = tile.input.layout;
  isa::TensorFields f;
  f.mode = int(conv.depthwise ? isa::TensorMode::Depthwise
               : shape.packed ? isa::TensorMode::Packed
                              : isa::TensorMode::Conv);
  f.in_sn = l1.image, f.in_sy = l1.row, f.in_sx = l1.pixel, f.in_sc = l1.block;
  f.in_unsigned = shape.input.type == isa::ElementType::U8;
  f.in_zp = conv.inZp;
  f.in_h = tile.input.box.rows(), f.in_w = tile.input.box.cols();
  f.stride_y = conv.strideY, f.stride_x = conv.strideX;
  f.dil_y = conv.dilY, f.dil_x = conv.dilX;
  f.kh = phase.kh, f.kw = phase.kw;
  auto [c0, c1] = shape.chunkChannels(tile.chunk);
  f.ic = c1 - c0;
  f.w_unsigned = conv.weightsUnsigned;
  f.w_zp = conv.weightZp;
  f.multiplier = conv.depthwise ? conv.multiplier : 0;
  f.w_so = weightBlockBytes(conv, phase, c1 - c0, shape.packed);
  f.accumulate = tile.chunk > 0;
  return f;
}

static isa::OutputFields outputFields(const ConvShape &shape) {
  const ConvParams &conv = shape.conv;
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
  if (shape.residual) {
    f.res_unsigned = shape.residual->type == isa::ElementType::U8;
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

static void emitTensor(Emitter &e, int quad, const ConvTile &tile, const BankFill &fill, int bank) {
  const ConvShape &shape = *tile.shape;
  const ConvParams &conv = shape.conv;
  const Phase phase = shape.phaseOf(tile.chunk, fill.phase);
  const Box &box = tile.box, &in = tile.input.box;
  const Layout &l = tile.input.layout;
  auto [c0, c1] = shape.chunkChannels(tile.chunk);
  isa::TensorFields t = tensorFields(tile, phase);
  t.images = fill.images, t.rows = fill.rows, t.cols = fill.cols;
  t.oc = std::min(fill.blocks * kLanes, shape.out.c - (box.b0 + fill.b) * kLanes);
  if (conv.depthwise)
    t.ic = ceilDiv(t.oc, conv.multiplier);
  t.y0 = phase.y0 + fill.y * conv.strideY - in.y0;
  t.x0 = phase.x0 + fill.x * conv.strideX - in.x0;
  int64_t firstBlock =
      conv.depthwise ? (box.b0 + fill.b) / conv.multiplier : (tile.group * shape.groupIn + c0) / 16;
  int64_t lane = conv.depthwise ? 0 : (tile.group * shape.groupIn + c0) % kLanes;
  t.in = tile.input.slot->address + (box.n0 + fill.n - in.n0) * l.image +
         (firstBlock - in.b0) * l.block + lane;
  t.weights = tile.weights->address + shape.phaseOffset(box.blocks(), tile.chunk, fill.phase) +
              fill.b * t.w_so;
  t.grid_p = fill.gridPixels;
  t.bank = bank;
  // Rows of the input that these pixels read; all in the padding: none.
  int64_t y0 = std::max<int64_t>(0, t.y0);
  int64_t y1 = std::min<int64_t>(t.in_h, t.y0 + (fill.rows - 1) * conv.strideY +
                                             (phase.kh - 1) * conv.dilY + 1);
  int64_t inBlocks =
      conv.depthwise ? ceilDiv(fill.blocks, conv.multiplier) : ceilDiv(lane + c1 - c0, kLanes);
  int64_t run = shape.input.interleaved() ? std::min(kLanes, l.pixel) : kLanes;
  std::vector<Interval> reads;
  if (y1 > y0)
    reads = blockRanges(t.in - lane + y0 * l.row, l, fill.images, y1 - y0, in.cols(), inBlocks, run,
                        1, 1);
  e.tensor(quad, t, {tile.input.slot, reads},
           {tile.weights, whole(t.weights, fill.blocks * t.w_so)});
}

static void emitOutput(Emitter &e, int quad, const ConvTile &tile, const BankFill &fill, int bank) {
  const ConvShape &shape = *tile.shape;
  const Box &box = tile.box;
  const Phase phase = shape.phaseOf(tile.chunk, fill.phase);
  isa::OutputFields o = outputFields(shape);
  o.bank = bank, o.images = fill.images, o.rows = fill.rows, o.cols = fill.cols;
  o.oc = std::min(fill.blocks * kLanes, shape.out.c - (box.b0 + fill.b) * kLanes);
  auto place = [&](const L1Tile &to) {
    const Layout &l = to.layout;
    return to.slot->address + (box.n0 + fill.n - to.box.n0) * l.image +
           (phase.outY + fill.y * phase.outStepY - to.box.y0) * l.row +
           (phase.outX + fill.x * phase.outStepX - to.box.x0) * l.pixel +
           (box.b0 + fill.b - to.box.b0) * l.block;
  };
  auto ranges = [&](int64_t address, const Layout &l, int64_t elementBytes) {
    return blockRanges(address, l, fill.images, fill.rows, fill.cols, fill.blocks,
                       kLanes * elementBytes, phase.outStepY, phase.outStepX);
  };
  const Layout &l = tile.out.layout;
  o.out = place(tile.out);
  o.out_sn = l.image, o.out_sy = l.row * phase.outStepY;
  o.out_sx = l.pixel * phase.outStepX, o.out_sc = l.block;
  Emitter::Operand to{tile.out.slot, ranges(o.out, l, shape.out.elementBytes())}, params, residual,
      table;
  int64_t record = paramBlockBytes(shape.conv);
  int64_t paramsAt = tile.weights->address + shape.paramsOffset(box.blocks(), tile.chunk);
  if (o.has_params) {
    o.params = paramsAt + fill.b * record;
    params = {tile.weights, whole(o.params, fill.blocks * record)};
  }
  if (o.use_table) {
    o.table = paramsAt + box.blocks() * record;
    table = {tile.weights, whole(o.table, 256)};
  }
  if (o.residual) {
    const Layout &r = tile.residual.layout;
    o.res = place(tile.residual);
    o.res_sn = r.image, o.res_sy = r.row * phase.outStepY;
    o.res_sx = r.pixel * phase.outStepX, o.res_sc = r.block;
    residual = {tile.residual.slot, ranges(o.res, r, 1)};
  }
  e.output(quad, o, params, residual, table, to);
}

/// Appends the fills of one phase.
static void phaseFills(const ConvTile &tile, size_t index, const Target &target,
                       std::vector<BankFill> &fills) {
  const ConvShape &shape = *tile.shape;
  const Phase phase = shape.phaseOf(tile.chunk, index);
  const Box &box = tile.box;
  auto [y0, y1] = phaseRange(box.y0, box.y1, phase.outY, phase.outStepY);
  auto [x0, x1] = phaseRange(box.x0, box.x1, phase.outX, phase.outStepX);
  if (y1 == y0 || x1 == x0)
    return;
  auto [c0, c1] = shape.chunkChannels(tile.chunk);
  int64_t steps = tensorSteps(shape.conv, phase, c1 - c0, shape.packed, target);
  Grid grid = chooseGrid(box.images(), y1 - y0, x1 - x0, box.blocks(), steps, shape.conv.depthwise,
                         target, shape.chunkCount() > 1 ? target.accumulator_banks : 0,
                         shape.conv.depthwise ? shape.conv.multiplier : 1);
  for (int64_t b = 0; b < box.blocks(); b += grid.blocks)
    for (int64_t n = 0; n < box.images(); n += grid.images)
      for (int64_t y = y0; y < y1; y += grid.rows)
        for (int64_t x = x0; x < x1; x += grid.cols)
          fills.push_back({index, b, n, y, x, std::min(grid.blocks, box.blocks() - b),
                           std::min(grid.images, box.images() - n), std::min(grid.rows, y1 - y),
                           std::min(grid.cols, x1 - x), grid.pixels});
}

std::vector<BankFill> bankFills(const ConvTile &tile, const Target &target) {
  std::vector<BankFill> fills;
  for (size_t p = 0; p < tile.shape->conv.phases.size(); ++p)
    phaseFills(tile, p, target, fills);
  return fills;
}

/// TENSOR cycles of `blocks` channel blocks of all phases on as many pixels as in `box`.
static int64_t tensorCycles(const ConvShape &shape, const Box &box, int64_t blocks,
                            const Target &target) {
  int64_t cycles = 0;
  for (const Phase &p : shape.conv.phases)
    cycles +=
        chooseGrid(box.images(), ceilDiv(box.rows(), p.outStepY), ceilDiv(box.cols(), p.outStepX),
                   blocks, tensorSteps(shape.conv, p, shape.groupIn, shape.packed, target), false,
                   target)
            .cycles;
  return cycles;
}

int64_t pieceBlocks(const ConvShape &shape, const Box &box, const Target &target) {
  constexpr int64_t kPieceBytes = 32768;
  int64_t blocks = shape.out.blocks(), whole = shape.weightBytes(blocks, 0);
  if (shape.conv.depthwise || whole < 2 * kPieceBytes)
    return blocks;
  int64_t cycles = tensorCycles(shape, box, blocks, target);
  for (int64_t pieces = std::min(blocks, whole / kPieceBytes); pieces > 1; --pieces) {
    int64_t size = ceilDiv(blocks, pieces), rest = blocks % size;
    int64_t cut = blocks / size * tensorCycles(shape, box, size, target) +
                  (rest ? tensorCycles(shape, box, rest, target) : 0);
    if (cut <= cycles)
      return size;
  }
  return blocks;
}

void emitFill(Emitter &e, int quad, const ConvTile &tile, const BankFill &fill, int bank) {
  emitTensor(e, quad, tile, fill, bank);
  if (tile.shape->isLast(tile.chunk))
    emitOutput(e, quad, tile, fill, bank);
}

} // namespace afe::sched

// Footprints of LOAD, STORE, TENSOR, OUTPUT and VECTOR, from their fields as Isa.def defines them.

#include "Simulator/ValidatorFootprint.h"

#include <algorithm>

namespace afe::sim {
namespace {

using isa::Memory;

int64_t ceil16(int64_t n) { return (n + 15) / 16; }

/// Positions start + stride * output + dilation * tap that lie in [0, size): an axis per entry.
struct Positions {
  int64_t first, count, step;
};

/// Where output index i, `step` apart from `first` on, is inside [0, size).
bool clip(int64_t first, int64_t count, int64_t step, int64_t size, Positions &out) {
  int64_t skip = first < 0 ? (step > 0 ? (-first + step - 1) / step : count) : 0;
  int64_t end = count;
  if (first + (count - 1) * step >= size)
    end = step > 0 ? (size - first + step - 1) / step : (first < size ? count : 0);
  if (skip >= end)
    return false;
  out = {first + skip * step, end - skip, step};
  return true;
}

std::vector<Positions> positions(int64_t start, int64_t outputs, int64_t stride, int64_t taps,
                                 int64_t dilation, int64_t size) {
  std::vector<Positions> result;
  Positions p;
  if (taps >= stride && (dilation == 1 || taps == 1)) { // no gaps between the windows
    if (clip(start, (outputs - 1) * stride + taps, 1, size, p))
      result.push_back(p);
    return result;
  }
  for (int64_t tap = 0; tap < taps; ++tap)
    if (clip(start + tap * dilation, outputs, stride, size, p))
      result.push_back(p);
  return result;
}

/// A tensor's place in L1: strides of image, row, pixel, block, and lane.
struct Strides {
  int64_t base, n, y, x, c, lane, element;
};

void finish(Box box, std::vector<Box> &boxes) {
  box.normalize();
  if (!box.empty())
    boxes.push_back(box);
}

/// Adds the channels [0, channels) at the positions of `box`, which has no run yet.
void addChannels(const Box &box, const Strides &s, int64_t channels, std::vector<Box> &boxes) {
  for (int part = 0; part < 2; ++part) { // whole blocks, then the lanes of the last one
    int64_t lanes = part ? channels % 16 : 16, blocks = part ? 1 : channels / 16;
    if (lanes == 0 || blocks == 0)
      continue;
    Box b = box;
    b.base += part ? channels / 16 * s.c : 0;
    b.run = s.element;
    b.add(lanes, s.lane);
    b.add(blocks, s.c);
    finish(b, boxes);
  }
}

std::vector<Box> block(const Strides &s, int64_t images, int64_t rows, int64_t cols,
                       int64_t channels) {
  std::vector<Box> boxes;
  Box box;
  box.base = s.base;
  box.add(images, s.n);
  box.add(rows, s.y);
  box.add(cols, s.x);
  addChannels(box, s, channels, boxes);
  return boxes;
}

std::vector<Box> window(const Strides &s, int64_t images, const std::vector<Positions> &rows,
                        const std::vector<Positions> &cols, int64_t channels) {
  std::vector<Box> boxes;
  for (const Positions &row : rows)
    for (const Positions &col : cols) {
      Box box;
      box.base = s.base + row.first * s.y + col.first * s.x;
      box.add(images, s.n);
      box.add(row.count, row.step * s.y);
      box.add(col.count, col.step * s.x);
      addChannels(box, s, channels, boxes);
    }
  return boxes;
}

std::vector<Box> move(int64_t base, int64_t run, int64_t count1, int64_t stride1, int64_t count2,
                      int64_t stride2) {
  std::vector<Box> boxes;
  Box box;
  box.base = base;
  box.run = run;
  box.add(count1, stride1);
  box.add(count2, stride2);
  finish(box, boxes);
  return boxes;
}

std::vector<Operand> footprint(const isa::LoadFields &f) {
  std::vector<Box> from =
      move(uint32_t(f.l2), f.run, f.count1, f.l2_stride1, f.count2, f.l2_stride2);
  std::vector<Box> to = f.transpose
                            ? move(f.l1, f.count1, f.run, 16, f.count2, f.l1_stride2)
                            : move(f.l1, f.run, f.count1, f.l1_stride1, f.count2, f.l1_stride2);
  return {{"l2", 0, Memory::L2, false, from}, {"l1", 1, Memory::L1, true, to}};
}

std::vector<Operand> footprint(const isa::StoreFields &f) {
  return {{"l1", 0, Memory::L1, false,
           move(f.l1, f.run, f.count1, f.l1_stride1, f.count2, f.l1_stride2)},
          {"l2", 1, Memory::L2, true,
           move(uint32_t(f.l2), f.run, f.count1, f.l2_stride1, f.count2, f.l2_stride2)}};
}

bool isDepthwise(const isa::TensorFields &f) { return f.mode == int(isa::TensorMode::Depthwise); }

std::vector<Box> tensorInput(const isa::TensorFields &f) {
  Strides s{f.in, f.in_sn, f.in_sy, f.in_sx, f.in_sc, 1, 1};
  int64_t channels = f.ic;
  if (isDepthwise(f)) {
    int64_t multiplier = std::max(f.multiplier, 1);
    channels = std::min<int64_t>(f.ic, (f.oc + multiplier - 1) / multiplier);
  } else if (f.mode == int(isa::TensorMode::Packed)) {
    s.c = 16; // the channels of a pixel are adjacent
  }
  return window(s, f.images, positions(f.y0, f.rows, f.stride_y, f.kh, f.dil_y, f.in_h),
                positions(f.x0, f.cols, f.stride_x, f.kw, f.dil_x, f.in_w), channels);
}

/// Weights are rows of 16 bytes, one byte per output channel: `rows` of them `groups` times. Lanes
/// past the last output channel are not read.
std::vector<Box> tensorWeights(const isa::TensorFields &f) {
  int64_t rows = f.ic, groups = int64_t(f.kh) * f.kw, groupBytes = ceil16(f.ic) * 256;
  if (isDepthwise(f))
    rows = 1, groupBytes = 16;
  else if (f.mode == int(isa::TensorMode::Packed))
    rows = int64_t(f.kw) * f.ic, groups = f.kh, groupBytes = ceil16(rows) * 256;
  std::vector<Box> boxes;
  for (int part = 0; part < 2; ++part) {
    int64_t lanes = part ? f.oc % 16 : 16, blocks = part ? 1 : f.oc / 16;
    if (lanes == 0 || blocks == 0)
      continue;
    Box box;
    box.base = f.weights + (part ? int64_t(f.oc / 16) * f.w_so : 0);
    box.run = lanes;
    box.add(rows, 16);
    box.add(groups, groupBytes);
    box.add(blocks, f.w_so);
    finish(box, boxes);
  }
  return boxes;
}

/// All 16 lanes of every block are there, past the last channel too.
std::vector<Box> wholeBlocks(const Strides &s, int64_t images, int64_t rows, int64_t cols,
                             int64_t channels) {
  return block(s, images, rows, cols, ceil16(channels) * 16);
}

std::vector<Operand> footprint(const isa::TensorFields &f) {
  std::vector<Operand> operands{{"in", 0, Memory::L1, false, tensorInput(f)},
                                {"weights", 1, Memory::L1, false, tensorWeights(f)}};
  if (f.use_psum)
    operands.push_back({"psum", 2, Memory::L1, false,
                        wholeBlocks({f.psum, f.psum_sn, f.psum_sy, f.psum_sx, f.psum_sc, 4, 4},
                                    f.images, f.rows, f.cols, f.oc)});
  return operands;
}

int64_t outputParamBytes(const isa::OutputFields &f) {
  if (!f.per_channel || f.mode == int(isa::Requant::None))
    return 64;
  return f.mode == int(isa::Requant::F32Rne) ? 128 : 144;
}

std::vector<Operand> footprint(const isa::OutputFields &f) {
  std::vector<Operand> operands;
  if (f.has_params)
    operands.push_back({"params", 0, Memory::L1, false,
                        move(f.params, outputParamBytes(f) * ceil16(f.oc), 1, 0, 1, 0)});
  if (f.residual)
    operands.push_back({"res", 1, Memory::L1, false,
                        wholeBlocks({f.res, f.res_sn, f.res_sy, f.res_sx, f.res_sc, 1, 1}, f.images,
                                    f.rows, f.cols, f.oc)});
  if (f.use_table)
    operands.push_back({"table", 2, Memory::L1, false, move(f.table, 256, 1, 0, 1, 0)});
  int64_t element = f.mode == int(isa::Requant::None) ? 4 : 1;
  operands.push_back({"out", 3, Memory::L1, true,
                      wholeBlocks({f.out, f.out_sn, f.out_sy, f.out_sx, f.out_sc, element, element},
                                  f.images, f.rows, f.cols, f.oc)});
  return operands;
}

int64_t elementBytes(int32_t type) { return type == 3 ? 2 : type == 4 ? 4 : type ? 1 : 0; }

Strides vectorStrides(const isa::VectorFields &f, unsigned number) {
#define OPERAND(k)                                                                                 \
  {f.a##k,                                                                                         \
   f.a##k##_sn,                                                                                    \
   f.a##k##_sy,                                                                                    \
   f.a##k##_sx,                                                                                    \
   f.a##k##_sc,                                                                                    \
   f.a##k##_sl,                                                                                    \
   elementBytes(f.a##k##_type)}
#define RESULT(k)                                                                                  \
  {                                                                                                \
    f.r##k, f.r##k##_sn, f.r##k##_sy, f.r##k##_sx, f.r##k##_sc, f.r##k##_sl,                       \
        elementBytes(f.r##k##_type)                                                                \
  }
  const Strides all[] = {OPERAND(0), OPERAND(1), OPERAND(2), OPERAND(3), RESULT(0), RESULT(1)};
#undef OPERAND
#undef RESULT
  return all[number];
}

constexpr unsigned kFirstResult = 4;
const char *const kVectorNames[] = {"a0", "a1", "a2", "a3", "r0", "r1"};

/// How a micro-program uses the operands, as bits by operand number (results from kFirstResult).
struct VectorUse {
  unsigned elements = 0; ///< read or written at every element of the block
  bool windowed = false, gathered = false;
};

VectorUse vectorUse(const isa::VectorFields &f, const isa::MicroOp *program) {
  VectorUse use;
  for (int i = 0; i < f.length; ++i)
    switch (isa::MicroOpcode(program[i].opcode)) {
    case isa::MicroOpcode::k_load:
      use.elements |= 1u << (program[i].x & 3);
      break;
    case isa::MicroOpcode::k_store:
      use.elements |= 1u << (kFirstResult + (program[i].x & 1));
      break;
    case isa::MicroOpcode::k_win_sum:
    case isa::MicroOpcode::k_win_max:
      use.windowed = true;
      break;
    case isa::MicroOpcode::k_bilinear:
    case isa::MicroOpcode::k_linear:
    case isa::MicroOpcode::k_nearest:
      use.gathered = true;
      break;
    default:
      break;
    }
  return use;
}

int64_t tableBytes(uint8_t opcode) {
  switch (isa::MicroOpcode(opcode)) {
  case isa::MicroOpcode::k_table8:
    return 256;
  case isa::MicroOpcode::k_table32:
    return 1024;
  case isa::MicroOpcode::k_table16:
    return 1026;
  default:
    return 0;
  }
}

/// The micro-program and the tables its operations index.
Operand vectorProgram(const isa::VectorFields &f, const isa::MicroOp *program) {
  Operand operand{"program", 0, Memory::L1, false, move(f.program, f.length * 20, 1, 0, 1, 0)};
  for (int i = 0; program && i < f.length; ++i)
    if (int64_t bytes = tableBytes(program[i].opcode))
      for (const Box &box : move(int64_t(f.program) + program[i].x, bytes, 1, 0, 1, 0))
        operand.boxes.push_back(box);
  return operand;
}

void append(std::vector<Box> &to, const std::vector<Box> &from) {
  to.insert(to.end(), from.begin(), from.end());
}

std::vector<Operand> footprint(const isa::VectorFields &f, const isa::MicroOp *program) {
  std::vector<Operand> operands{vectorProgram(f, program)};
  if (!program)
    return operands;
  VectorUse use = vectorUse(f, program);
  for (unsigned number = 0; number < 6; ++number) {
    Strides s = vectorStrides(f, number);
    Operand operand{kVectorNames[number], 1 + number, Memory::L1, number >= kFirstResult, {}};
    bool fillsBlock = number >= kFirstResult && s.lane != 0; // with zeros, past the last channel
    int64_t channels = fillsBlock ? (int64_t(f.channels) + 15) / 16 * 16 : f.channels;
    if (use.elements >> number & 1)
      append(operand.boxes, block(s, f.images, f.rows, f.cols, channels));
    if (number == 0 && use.windowed)
      append(operand.boxes,
             window(s, f.images, positions(f.y0, f.rows, f.stride_y, f.kh, f.dil_y, f.in_h),
                    positions(f.x0, f.cols, f.stride_x, f.kw, f.dil_x, f.in_w), f.channels));
    if (number == 0 && use.gathered) // which bytes depends on data: any of the tile
      append(operand.boxes, block(s, f.images, f.in_h, f.in_w, f.channels));
    if (!operand.boxes.empty())
      operands.push_back(operand);
  }
  return operands;
}

bool sameStrides(const Strides &a, const Strides &b) {
  return a.base == b.base && a.n == b.n && a.y == b.y && a.x == b.x && a.c == b.c &&
         a.lane == b.lane && a.element == b.element;
}

} // namespace

void Box::add(int64_t count, int64_t stride) {
  if (count <= 0)
    run = 0;
  if (count <= 1 || stride == 0)
    return;
  if (stride < 0) {
    base += (count - 1) * stride;
    stride = -stride;
  }
  axes[axisCount++] = {count, stride};
}

void Box::normalize() {
  std::sort(axes, axes + axisCount,
            [](const Axis &a, const Axis &b) { return a.stride < b.stride; });
  unsigned kept = 0;
  for (unsigned i = 0; i < axisCount; ++i) {
    Axis axis = axes[i];
    if (kept == 0 && axis.stride <= run)
      run += (axis.count - 1) * axis.stride;
    else if (kept && axis.stride == axes[kept - 1].stride * axes[kept - 1].count)
      axes[kept - 1].count *= axis.count;
    else
      axes[kept++] = axis;
  }
  axisCount = kept;
}

void Box::closeGaps(int64_t gap) {
  unsigned closed = 0;
  for (; closed < axisCount && axes[closed].stride <= run + gap; ++closed)
    run += (axes[closed].count - 1) * axes[closed].stride;
  axisCount -= closed;
  std::copy(axes + closed, axes + closed + axisCount, axes);
}

int64_t Box::high() const {
  int64_t at = base + run;
  for (unsigned i = 0; i < axisCount; ++i)
    at += (axes[i].count - 1) * axes[i].stride;
  return at;
}

int64_t Operand::low() const {
  int64_t low = INT64_MAX;
  for (const Box &box : boxes)
    low = std::min(low, box.low());
  return low;
}

int64_t Operand::high() const {
  int64_t high = INT64_MIN;
  for (const Box &box : boxes)
    high = std::max(high, box.high());
  return high;
}

std::vector<Operand> footprint(const isa::Instruction &instruction, const isa::MicroOp *program) {
  if (const auto *vector = std::get_if<isa::VectorFields>(&instruction.fields))
    return footprint(*vector, program);
  switch (instruction.engine()) {
  case isa::Engine::Load:
    return footprint(std::get<isa::LoadFields>(instruction.fields));
  case isa::Engine::Store:
    return footprint(std::get<isa::StoreFields>(instruction.fields));
  case isa::Engine::Tensor:
    return footprint(std::get<isa::TensorFields>(instruction.fields));
  default:
    return footprint(std::get<isa::OutputFields>(instruction.fields));
  }
}

bool inPlace(const isa::Instruction &instruction, const Operand &read, const Operand &write,
             const isa::MicroOp *program) {
  if (const auto *f = std::get_if<isa::OutputFields>(&instruction.fields))
    return read.slot == 1 && f->mode != 0 && f->res == f->out && f->res_sn == f->out_sn &&
           f->res_sy == f->out_sy && f->res_sx == f->out_sx && f->res_sc == f->out_sc;
  const auto *f = std::get_if<isa::VectorFields>(&instruction.fields);
  if (!f || read.slot == 0)
    return false;
  VectorUse use = vectorUse(*f, program);
  if (read.slot == 1 && (use.windowed || use.gathered))
    return false;
  return sameStrides(vectorStrides(*f, read.slot - 1), vectorStrides(*f, write.slot - 1));
}

} // namespace afe::sim

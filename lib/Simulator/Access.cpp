// Extents of every operand, from the fields alone.

#include "Simulator/Access.h"

#include "Simulator/Timing.h"

namespace afe::sim {

using isa::Memory;

std::vector<Access> accessesOf(const isa::LoadFields &f) {
  const Axis rows = axis(f.count1, f.l2_stride1), planes = axis(f.count2, f.l2_stride2);
  const Extent from = extentOf(unsignedWord(f.l2), f.run, {rows, planes});
  const Axis l1Planes = axis(f.count2, f.l1_stride2);
  const Extent to = f.transpose ? extentOf(f.l1, f.count1, {axis(f.run, 16), l1Planes})
                                : extentOf(f.l1, f.run, {axis(f.count1, f.l1_stride1), l1Planes});
  return {{"l2", Memory::L2, false, from}, {"l1", Memory::L1, true, to}};
}

std::vector<Access> accessesOf(const isa::StoreFields &f) {
  const Extent from =
      extentOf(f.l1, f.run, {axis(f.count1, f.l1_stride1), axis(f.count2, f.l1_stride2)});
  const Extent to = extentOf(unsignedWord(f.l2), f.run,
                             {axis(f.count1, f.l2_stride1), axis(f.count2, f.l2_stride2)});
  return {{"l1", Memory::L1, false, from}, {"l2", Memory::L2, true, to}};
}

static Extent tensorInput(const isa::TensorFields &f) {
  const Axis images = axis(f.images, f.in_sn);
  const Axis rows = windowAxis(f.y0, f.rows, f.stride_y, f.kh, f.dil_y, f.in_h, f.in_sy);
  const Axis cols = windowAxis(f.x0, f.cols, f.stride_x, f.kw, f.dil_x, f.in_w, f.in_sx);
  if (f.mode == int(isa::TensorMode::Packed))
    return extentOf(f.in, f.ic, {images, rows, cols});
  const int64_t multiplier = std::max(f.multiplier, 1);
  const int64_t channels = f.mode == int(isa::TensorMode::Depthwise)
                               ? std::min<int64_t>(f.ic, ceilDiv(f.oc, multiplier))
                               : f.ic;
  return channelExtent(f.in, 1, 1, channels, f.in_sc, {images, rows, cols});
}

std::vector<Access> accessesOf(const isa::TensorFields &f) {
  const int64_t blocks = blocksOf16(f.oc);
  const bool depthwise = f.mode == int(isa::TensorMode::Depthwise);
  const int64_t blockBytes = depthwise ? int64_t(f.kh) * f.kw * 16 : tensorSteps(f) * 256;
  std::vector<Access> list{
      {"in", Memory::L1, false, tensorInput(f)},
      {"weights", Memory::L1, false, extentOf(f.weights, blockBytes, {axis(blocks, f.w_so)})}};
  if (f.use_psum)
    list.push_back({"psum", Memory::L1, false,
                    extentOf(f.psum, 64,
                             {axis(f.images, f.psum_sn), axis(f.rows, f.psum_sy),
                              axis(f.cols, f.psum_sx), axis(blocks, f.psum_sc)})});
  return list;
}

std::vector<Access> accessesOf(const isa::OutputFields &f) {
  const int64_t blocks = blocksOf16(f.oc), size = f.mode == 0 ? 64 : 16;
  std::vector<Access> list;
  if (f.has_params)
    list.push_back({"params", Memory::L1, false, {f.params, f.params + blocks * paramBytes(f)}});
  if (f.residual)
    list.push_back({"res", Memory::L1, false,
                    extentOf(f.res, 16,
                             {axis(f.images, f.res_sn), axis(f.rows, f.res_sy),
                              axis(f.cols, f.res_sx), axis(blocks, f.res_sc)})});
  if (f.use_table)
    list.push_back({"table", Memory::L1, false, {f.table, f.table + 256}});
  list.push_back({"out", Memory::L1, true,
                  extentOf(f.out, size,
                           {axis(f.images, f.out_sn), axis(f.rows, f.out_sy),
                            axis(f.cols, f.out_sx), axis(blocks, f.out_sc)})});
  return list;
}

VectorOperand vectorOperand(const isa::VectorFields &f, unsigned number) {
  switch (number) {
  case 0:
    return {f.a0, f.a0_sn, f.a0_sy, f.a0_sx, f.a0_sc, f.a0_sl, f.a0_type};
  case 1:
    return {f.a1, f.a1_sn, f.a1_sy, f.a1_sx, f.a1_sc, f.a1_sl, f.a1_type};
  case 2:
    return {f.a2, f.a2_sn, f.a2_sy, f.a2_sx, f.a2_sc, f.a2_sl, f.a2_type};
  default:
    return {f.a3, f.a3_sn, f.a3_sy, f.a3_sx, f.a3_sc, f.a3_sl, f.a3_type};
  }
}

VectorOperand vectorResult(const isa::VectorFields &f, unsigned number) {
  if (number == 0)
    return {f.r0, f.r0_sn, f.r0_sy, f.r0_sx, f.r0_sc, f.r0_sl, f.r0_type};
  return {f.r1, f.r1_sn, f.r1_sy, f.r1_sx, f.r1_sc, f.r1_sl, f.r1_type};
}

static Extent operandExtent(const isa::VectorFields &f, const VectorOperand &o, const Axis &rows,
                            const Axis &cols, int64_t channels) {
  return channelExtent(o.base, elementBytes(o.type), o.lane, channels, o.sc,
                       {axis(f.images, o.sn), rows, cols});
}

Extent blockExtent(const isa::VectorFields &f, const VectorOperand &o) {
  return operandExtent(f, o, axis(f.rows, o.sy), axis(f.cols, o.sx), f.channels);
}

Extent resultExtent(const isa::VectorFields &f, const VectorOperand &o) {
  const int64_t channels = o.lane ? blocksOf16(f.channels) * 16 : f.channels;
  return operandExtent(f, o, axis(f.rows, o.sy), axis(f.cols, o.sx), channels);
}

Extent tileExtent(const isa::VectorFields &f) {
  const VectorOperand o = vectorOperand(f, 0);
  return operandExtent(f, o, axis(f.in_h, o.sy), axis(f.in_w, o.sx), f.channels);
}

Extent windowExtent(const isa::VectorFields &f) {
  const VectorOperand o = vectorOperand(f, 0);
  return operandExtent(f, o, windowAxis(f.y0, f.rows, f.stride_y, f.kh, f.dil_y, f.in_h, o.sy),
                       windowAxis(f.x0, f.cols, f.stride_x, f.kw, f.dil_x, f.in_w, o.sx),
                       f.channels);
}

static Extent firstOperandExtent(const isa::VectorFields &f) {
  if (f.kh > 0 && f.kw > 0)
    return windowExtent(f);
  return f.in_h > 0 && f.in_w > 0 ? tileExtent(f) : blockExtent(f, vectorOperand(f, 0));
}

std::vector<Access> accessesOf(const isa::VectorFields &f) {
  static const char *const kOperands[] = {"a0", "a1", "a2", "a3"}, *const kResults[] = {"r0", "r1"};
  std::vector<Access> list{
      {"program", Memory::L1, false, {f.program, f.program + int64_t(f.length) * 20}}};
  for (unsigned i = 0; i < 4; ++i) {
    const VectorOperand o = vectorOperand(f, i);
    if (o.type)
      list.push_back(
          {kOperands[i], Memory::L1, false, i == 0 ? firstOperandExtent(f) : blockExtent(f, o)});
  }
  for (unsigned i = 0; i < 2; ++i) {
    const VectorOperand o = vectorResult(f, i);
    if (o.type)
      list.push_back({kResults[i], Memory::L1, true, resultExtent(f, o)});
  }
  return list;
}

std::vector<Access> accessesOf(const isa::Instruction &instruction) {
  return std::visit([](const auto &fields) { return accessesOf(fields); }, instruction.fields);
}

} // namespace afe::sim

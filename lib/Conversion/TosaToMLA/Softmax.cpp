// LiteRT's int8 softmax over the last axis, as its reference kernel computes it: a table of f32
// exponentials of the distance to the maximum, their f32 sum in ascending order, one reciprocal.

#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"
#include "Conversion/TosaToMLA/VectorBuilder.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <cmath>

using namespace mlir;

namespace afe {
namespace {

/// f32 bits of exp(-distance * scale), indexed by (-distance) & 255 as the lanes hold it.
SmallVector<int32_t> exponentials(float scale) {
  SmallVector<int32_t> table(256);
  for (int distance = 0; distance < 256; ++distance) {
    table[(256 - distance) & 255] = bitsOf(std::exp(-scale * static_cast<float>(distance)));
  }
  return table;
}

bool lower(const CustomOp &op) {
  auto beta = op.number("beta"), inputScale = op.number("input_scale");
  auto outputScale = op.number("output_scale");
  auto outputZp = op.integer("output_zero_point");
  if (!beta || !inputScale || !outputScale || !outputZp)
    return false;
  Value input = op.op->getOperand(0), output = op.op->getResult(0);
  auto type = cast<RankedTensorType>(input.getType());
  if (type.getRank() > 4 || type.getRank() < 1 || !type.getElementType().isInteger(8) ||
      output.getType() != type)
    return false;
  VectorBuilder b(op.op->getContext(), op.op->getLoc());
  constexpr auto channels = mla::ReduceAxis::channels;
  Value x = b.input(input);
  Value distance = b.sub(x, b.reduce(mla::ReduceKind::max, channels, x));
  Value e =
      b.toF32<mla::VTable32Op>(distance, ArrayRef<int32_t>(exponentials(*inputScale * *beta)));
  Value sum = b.reduce(mla::ReduceKind::sum, channels, e);
  Value reciprocal = b.div(b.f32(1.0f), b.mul(sum, b.f32(*outputScale)));
  Value p = b.add(b.mul(e, reciprocal), b.f32(0.5f));
  Value q = b.addConstant(b.toInt(p, mla::FloatRounding::trunc), *outputZp);
  if (!b.close(b.clamp(q, -128, 127)))
    return false;
  OpBuilder at(op.op);
  output.replaceAllUsesWith(b.create(at, output.getType()).getOutputs()[0]);
  return true;
}

} // namespace

void lowerSoftmax(func::FuncOp func) {
  for (Operation &op : llvm::make_early_inc_range(func.getBody().front()))
    if (auto softmax = matchCustom(&op, "litert.softmax"))
      lower(*softmax);
  eraseDead(func);
}

} // namespace afe

// Softmax over the last axis: LiteRT's int8 kernel, and qdq.softmax followed by `quantize`. Both
// are a table of f32 exponentials of the distance to the maximum, their f32 sum in ascending order,
// one reciprocal. A softmax whose result stays f32 is left to the host.

#include "Conversion/TosaToMLA/Constants.h"
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

/// A tensor whose last axis VECTOR reduces.
bool isByteRows(Value tensor) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  return type && type.getRank() >= 1 && type.getRank() <= 4 && type.getElementType().isInteger(8);
}

/// The lanes e = table[x - max] and their sum; the table is indexed by the distance's low byte.
std::pair<Value, Value> weighted(VectorBuilder &b, Value input, ArrayRef<int32_t> table) {
  constexpr auto channels = mla::ReduceAxis::channels;
  Value x = b.input(input);
  Value distance = b.sub(x, b.reduce(mla::ReduceKind::max, channels, x));
  Value e = b.toF32<mla::VTable32Op>(distance, table);
  return {e, b.reduce(mla::ReduceKind::sum, channels, e)};
}

bool lowerLitert(const CustomOp &op) {
  auto beta = op.number("beta"), inputScale = op.number("input_scale");
  auto outputScale = op.number("output_scale");
  auto outputZp = op.integer("output_zero_point");
  if (!beta || !inputScale || !outputScale || !outputZp)
    return false;
  Value input = op.op->getOperand(0), output = op.op->getResult(0);
  if (!isByteRows(input) || output.getType() != input.getType())
    return false;
  VectorBuilder b(op.op->getContext(), op.op->getLoc());
  auto [e, sum] = weighted(b, input, exponentials(*inputScale * *beta));
  Value reciprocal = b.div(b.f32(1.0f), b.mul(sum, b.f32(*outputScale)));
  Value p = b.add(b.mul(e, reciprocal), b.f32(0.5f));
  Value q = b.addConstant(b.toInt(p, mla::FloatRounding::trunc), *outputZp);
  if (!b.close(b.clamp(q, -128, 127)))
    return false;
  OpBuilder at(op.op);
  output.replaceAllUsesWith(b.create(at, output.getType()).getOutputs()[0]);
  return true;
}

/// qdq.softmax and the quantize that alone reads it: saturate(rint(e * (1 / sum) / scale) + zp).
bool lowerQdq(const CustomOp &op) {
  Value input = op.op->getOperand(0), result = op.op->getResult(0);
  auto entries = readFloats(op.op->getOperand(1));
  auto quantize = matchCustom(onlyUser(result), "quantize");
  if (!entries || entries->size() != 256 || !quantize || !isByteRows(input) ||
      shapeOf(input) != shapeOf(result))
    return false;
  Value output = quantize->op->getResult(0);
  auto scale = quantize->number("scale");
  auto zp = quantize->integer("zero_point");
  if (!scale || !zp || quantize->text("rounding") != "half_even" || !elementOf(output).isInteger(8))
    return false;
  SmallVector<int32_t> table(256);
  for (int distance = 0; distance < 256; ++distance)
    table[(256 - distance) & 255] = bitsOf((*entries)[distance]);
  Location loc = Builder(op.op->getContext()).getFusedLoc({op.op->getLoc(), quantize->op.getLoc()});
  VectorBuilder b(op.op->getContext(), loc);
  auto [e, sum] = weighted(b, input, table);
  Value p = b.mul(e, b.div(b.f32(1.0f), sum));
  Value q = b.toInt(b.div(p, b.f32(*scale)), mla::FloatRounding::half_even);
  if (!b.close(b.addConstant(b.clamp(q, -128 - *zp, 127 - *zp), *zp)))
    return false;
  OpBuilder at(quantize->op);
  output.replaceAllUsesWith(b.create(at, output.getType()).getOutputs()[0]);
  return true;
}

} // namespace

void lowerSoftmax(func::FuncOp func) {
  for (Operation &op : llvm::make_early_inc_range(func.getBody().front()))
    if (auto softmax = matchCustom(&op, "litert.softmax"))
      lowerLitert(*softmax);
    else if (auto softmax = matchCustom(&op, "qdq.softmax"))
      lowerQdq(*softmax);
  eraseDead(func);
}

} // namespace afe

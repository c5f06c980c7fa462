// litert.softmax: the reference int8 kernel over the last axis. A table of f32 exponentials of the
// distance to the maximum, their f32 sum in ascending order, one reciprocal.

#include "Conversion/A65ToLLVM/Lowering.h"

#include <cmath>

using namespace mlir;

namespace afe::a65 {

/// exp(-distance * scale) for distances 0 to 255, as the kernel fills its table.
static SmallVector<float> exponentials(float scale) {
  SmallVector<float> table(256);
  for (int distance = 0; distance < 256; ++distance)
    table[distance] = std::exp(-scale * static_cast<float>(distance));
  return table;
}

Value lowerSoftmax(const CustomOp &op, std::string &problem) {
  auto beta = op.number("beta"), inputScale = op.number("input_scale");
  auto outputScale = op.number("output_scale");
  auto outputZp = op.integer("output_zero_point");
  RankedTensorType type = resultType(op.op);
  if (!beta || !inputScale || !outputScale || !outputZp || op.op->getNumOperands() != 1 ||
      type.getRank() == 0 || !type.getElementType().isInteger(8) ||
      op.op->getOperand(0).getType() != type) {
    problem = "needs an i8 tensor in and out, beta, input_scale, output_scale, output_zero_point";
    return {};
  }
  TensorBuilder t(op.op);
  Value x = op.op->getOperand(0), lowest = t.i32(-128);
  Value table = t.f32Table({256}, exponentials(*inputScale * *beta));
  Value most = t.reduceLast(x, lowest, [](TensorBuilder &t, ValueRange in) -> Value {
    return arith::MaxSIOp::create(t.b, t.loc, t.widen(in[0]), in[1]);
  });
  auto f32Type = RankedTensorType::get(type.getShape(), t.b.getF32Type());
  Value e = t.elementwise(f32Type, {x, most}, [&](TensorBuilder &t, ValueRange in) -> Value {
    Value distance = arith::SubIOp::create(t.b, t.loc, in[1], t.widen(in[0]));
    return tensor::ExtractOp::create(t.b, t.loc, table, t.index(distance));
  });
  Value sum = t.reduceLast(e, t.f32(0), [](TensorBuilder &t, ValueRange in) -> Value {
    return arith::AddFOp::create(t.b, t.loc, in[1], in[0]);
  });
  return t.elementwise(type, {e, sum}, [&](TensorBuilder &t, ValueRange in) -> Value {
    Value scaled = arith::MulFOp::create(t.b, t.loc, in[1], t.f32(*outputScale));
    Value reciprocal = arith::DivFOp::create(t.b, t.loc, t.f32(1), scaled);
    Value p = arith::MulFOp::create(t.b, t.loc, in[0], reciprocal);
    p = arith::AddFOp::create(t.b, t.loc, p, t.f32(0.5f));
    // Anything above saturates; the bound keeps the conversion defined.
    p = arith::MinimumFOp::create(t.b, t.loc, p, t.f32(65536));
    Value q = arith::FPToSIOp::create(t.b, t.loc, t.b.getI32Type(), p);
    q = arith::AddIOp::create(t.b, t.loc, q, t.i32(*outputZp));
    q = arith::MaxSIOp::create(t.b, t.loc, q, t.i32(-128));
    q = arith::MinSIOp::create(t.b, t.loc, q, t.i32(127));
    return arith::TruncIOp::create(t.b, t.loc, t.b.getI8Type(), q);
  });
}

} // namespace afe::a65

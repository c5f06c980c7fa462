// litert.softmax (the reference int8 kernel) and qdq.softmax over the last axis: a table of f32
// exponentials of the distance to the maximum, their f32 sum in ascending order, one reciprocal.

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

/// e = table[max - x] and the ascending sum of e over the last axis.
static std::pair<Value, Value> weighted(TensorBuilder &t, Value x, Value table) {
  Value most = t.reduceLast(x, t.i32(-128), [](TensorBuilder &t, ValueRange in) -> Value {
    return arith::MaxSIOp::create(t.b, t.loc, t.widen(in[0]), in[1]);
  });
  auto type = cast<RankedTensorType>(x.getType());
  auto f32Type = RankedTensorType::get(type.getShape(), t.b.getF32Type());
  Value e = t.elementwise(f32Type, {x, most}, [&](TensorBuilder &t, ValueRange in) -> Value {
    Value distance = arith::SubIOp::create(t.b, t.loc, in[1], t.widen(in[0]));
    return tensor::ExtractOp::create(t.b, t.loc, table, t.index(distance));
  });
  Value sum = t.reduceLast(e, t.f32(0), [](TensorBuilder &t, ValueRange in) -> Value {
    return arith::AddFOp::create(t.b, t.loc, in[1], in[0]);
  });
  return {e, sum};
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
  Value table = t.f32Table({256}, exponentials(*inputScale * *beta));
  auto [e, sum] = weighted(t, op.op->getOperand(0), table);
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

Value lowerTableSoftmax(const CustomOp &op, std::string &problem) {
  Value x = op.op->getOperand(0), table = op.op->getOperand(1);
  auto entries = dyn_cast<RankedTensorType>(table.getType());
  RankedTensorType type = resultType(op.op);
  if (!getElementTypeOrSelf(x).isInteger(8) || type.getRank() == 0 || !entries ||
      entries != RankedTensorType::get({256}, type.getElementType()) ||
      cast<RankedTensorType>(x.getType()).getShape() != type.getShape()) {
    problem = "needs an i8 tensor, a table of 256 f32 entries, and an f32 result of its shape";
    return {};
  }
  TensorBuilder t(op.op);
  auto [e, sum] = weighted(t, x, table);
  return t.elementwise(type, {e, sum}, [](TensorBuilder &t, ValueRange in) -> Value {
    Value reciprocal = arith::DivFOp::create(t.b, t.loc, t.f32(1), in[1]);
    return arith::MulFOp::create(t.b, t.loc, in[0], reciprocal);
  });
}

} // namespace afe::a65

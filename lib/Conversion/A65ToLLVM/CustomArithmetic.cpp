// quantize, dequantize, div_f32, sqrt_f32 and qdq.lookup: one element at a time.

#include "Conversion/A65ToLLVM/Lowering.h"

using namespace mlir;

namespace afe::a65 {
namespace {

/// Lowest and highest value of an element type whose sign stands beside it.
std::pair<int64_t, int64_t> limits(Type element, bool isUnsigned) {
  unsigned width = element.getIntOrFloatBitWidth();
  if (isUnsigned)
    return {0, (int64_t(1) << width) - 1};
  return {-(int64_t(1) << (width - 1)), (int64_t(1) << (width - 1)) - 1};
}

bool isQuantized(Type element) {
  return element.isInteger(8) || element.isInteger(16) || element.isInteger(32);
}

/// Saturating float to integer of `element`, `zeroPoint` added; NaN becomes the saturated 0, as the
/// conventions' reference has it. `rounded` is whole. In f64 where f32 cannot hold the limits.
Value saturate(TensorBuilder &t, Value rounded, int64_t zeroPoint, Type element, bool isUnsigned) {
  auto [lowest, highest] = limits(element, isUnsigned);
  bool isWide = element.getIntOrFloatBitWidth() > 16 || std::abs(zeroPoint) > (1 << 20);
  Type floating = isWide ? Type(t.b.getF64Type()) : Type(t.b.getF32Type());
  if (isWide)
    rounded = arith::ExtFOp::create(t.b, t.loc, floating, rounded);
  auto constant = [&](double value) -> Value {
    return arith::ConstantOp::create(t.b, t.loc, t.b.getFloatAttr(floating, value));
  };
  Value low = constant(double(lowest - zeroPoint)), high = constant(double(highest - zeroPoint));
  // A NaN compares false: after both selects it is `nan`.
  Value isAboveLow = arith::CmpFOp::create(t.b, t.loc, arith::CmpFPredicate::OGT, rounded, low);
  Value clamped = arith::SelectOp::create(t.b, t.loc, isAboveLow, rounded, low);
  Value isBelowHigh = arith::CmpFOp::create(t.b, t.loc, arith::CmpFPredicate::OLT, clamped, high);
  clamped = arith::SelectOp::create(t.b, t.loc, isBelowHigh, clamped, high);
  Value isNan = arith::CmpFOp::create(t.b, t.loc, arith::CmpFPredicate::UNO, rounded, rounded);
  double nan = double(std::clamp<int64_t>(0, lowest, highest) - zeroPoint);
  clamped = arith::SelectOp::create(t.b, t.loc, isNan, constant(nan), clamped);
  Type integer = isWide ? Type(t.b.getI64Type()) : Type(t.b.getI32Type());
  Value whole = arith::FPToSIOp::create(t.b, t.loc, integer, clamped);
  Value offset = arith::ConstantOp::create(t.b, t.loc, t.b.getIntegerAttr(integer, zeroPoint));
  whole = arith::AddIOp::create(t.b, t.loc, whole, offset);
  return element == integer ? whole : arith::TruncIOp::create(t.b, t.loc, element, whole);
}

} // namespace

Value lowerQuantize(const CustomOp &op, std::string &problem) {
  auto scale = op.number("scale");
  auto zeroPoint = op.integer("zero_point");
  RankedTensorType type = resultType(op.op);
  StringRef rounding = op.text("rounding");
  bool isEven = rounding == "half_even";
  if (!scale || !zeroPoint || (!isEven && rounding != "half_away") ||
      op.op->getNumOperands() != 1 || !getElementTypeOrSelf(op.op->getOperand(0)).isF32() ||
      !isQuantized(type.getElementType())) {
    problem = "needs f32 in, 8-, 16- or 32-bit integers out, scale, zero_point and a rounding";
    return {};
  }
  bool isUnsigned = op.op->hasAttr("a65.unsigned_output");
  TensorBuilder t(op.op);
  return t.elementwise(type, op.op->getOperands(), [&](TensorBuilder &t, ValueRange in) -> Value {
    Value quotient = arith::DivFOp::create(t.b, t.loc, in[0], t.f32(*scale));
    Value rounded = isEven ? Value(math::RoundEvenOp::create(t.b, t.loc, quotient))
                           : Value(math::RoundOp::create(t.b, t.loc, quotient));
    return saturate(t, rounded, *zeroPoint, type.getElementType(), isUnsigned);
  });
}

Value lowerDequantize(const CustomOp &op, std::string &problem) {
  auto scale = op.number("scale");
  auto zeroPoint = op.integer("zero_point");
  Type element = op.op->getNumOperands() == 1 ? getElementTypeOrSelf(op.op->getOperand(0)) : Type();
  if (!scale || !zeroPoint || !element || !isQuantized(element) ||
      !resultType(op.op).getElementType().isF32()) {
    problem = "needs 8-, 16- or 32-bit integers in, f32 out, scale and zero_point";
    return {};
  }
  bool isUnsigned = op.op->hasAttr("a65.unsigned_input");
  TensorBuilder t(op.op);
  auto body = [&](TensorBuilder &t, ValueRange in) -> Value {
    Type wide = element.isInteger(32) ? t.b.getI64Type() : t.b.getI32Type();
    Value value = isUnsigned ? Value(arith::ExtUIOp::create(t.b, t.loc, wide, in[0]))
                             : Value(arith::ExtSIOp::create(t.b, t.loc, wide, in[0]));
    Value offset = arith::ConstantOp::create(t.b, t.loc, t.b.getIntegerAttr(wide, *zeroPoint));
    value = arith::SubIOp::create(t.b, t.loc, value, offset);
    value = arith::SIToFPOp::create(t.b, t.loc, t.b.getF32Type(), value);
    return arith::MulFOp::create(t.b, t.loc, value, t.f32(*scale));
  };
  return t.elementwise(resultType(op.op), op.op->getOperands(), body);
}

Value lowerDivision(const CustomOp &op, std::string &problem) {
  if (op.op->getNumOperands() != 2 || !resultType(op.op).getElementType().isF32()) {
    problem = "needs two f32 operands";
    return {};
  }
  TensorBuilder t(op.op);
  return t.elementwise(resultType(op.op), op.op->getOperands(),
                       [](TensorBuilder &t, ValueRange in) -> Value {
                         return arith::DivFOp::create(t.b, t.loc, in[0], in[1]);
                       });
}

Value lowerSquareRoot(const CustomOp &op, std::string &problem) {
  if (op.op->getOperand(0).getType() != resultType(op.op)) {
    problem = "needs one f32 tensor and one result of its shape";
    return {};
  }
  TensorBuilder t(op.op);
  return t.elementwise(resultType(op.op), op.op->getOperands(),
                       [](TensorBuilder &t, ValueRange in) -> Value {
                         return math::SqrtOp::create(t.b, t.loc, in[0]);
                       });
}

Value lowerLookup(const CustomOp &op, std::string &problem) {
  auto table = op.op->getNumOperands() == 2
                   ? dyn_cast<RankedTensorType>(op.op->getOperand(1).getType())
                   : RankedTensorType();
  if (!table || table.getRank() != 1 || table.getDimSize(0) != 256 ||
      !getElementTypeOrSelf(op.op->getOperand(0)).isInteger(8) ||
      table.getElementType() != resultType(op.op).getElementType()) {
    problem = "needs an i8 tensor and a table of 256 entries";
    return {};
  }
  TensorBuilder t(op.op);
  Value entries = op.op->getOperand(1);
  return t.elementwise(
      resultType(op.op), op.op->getOperand(0), [&](TensorBuilder &t, ValueRange in) -> Value {
        Value entry = arith::AddIOp::create(t.b, t.loc, t.widen(in[0]), t.i32(128));
        return tensor::ExtractOp::create(t.b, t.loc, entries, t.index(entry));
      });
}

} // namespace afe::a65

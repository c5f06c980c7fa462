// litert.resize_bilinear and litert.resize_nearest. Which input elements an output element reads,
// and their weights, depend on its row and its column alone: they are tables made here.

#include "Conversion/A65ToLLVM/Lowering.h"

#include <cmath>

using namespace mlir;

namespace afe::a65 {
namespace {

/// How output positions along one axis lie on the input.
struct Axis {
  int64_t outSize, inSize;
  bool alignCorners, halfPixelCenters;
};

/// Lower and upper input index and the upper one's weight, per output index.
template <typename Weight> struct Taps {
  SmallVector<int32_t> lower, upper;
  SmallVector<Weight> weight;
};

int32_t clampIndex(int64_t index, const Axis &axis) {
  return static_cast<int32_t>(std::clamp<int64_t>(index, 0, axis.inSize - 1));
}

/// The int8 kernel's: 10 fraction bits.
Taps<int32_t> integerTaps(const Axis &axis) {
  int64_t out = axis.outSize, in = axis.inSize;
  int64_t scale = (1024 * in + out / 2) / out;
  if (axis.alignCorners && out > 1)
    scale = (1024 * (in - 1) + (out - 1) / 2) / (out - 1);
  Taps<int32_t> taps;
  for (int64_t i = 0; i < out; ++i) {
    int64_t position = i * scale + (axis.halfPixelCenters ? scale / 2 - 512 : 0);
    int64_t lower = std::max<int64_t>(position / 1024, 0);
    taps.lower.push_back(clampIndex(lower, axis));
    taps.upper.push_back(clampIndex((position + 1023) / 1024, axis));
    taps.weight.push_back(static_cast<int32_t>(position - 1024 * lower));
  }
  return taps;
}

float floatScale(const Axis &axis) {
  if (axis.alignCorners && axis.outSize > 1)
    return static_cast<float>(axis.inSize - 1) / static_cast<float>(axis.outSize - 1);
  return static_cast<float>(axis.inSize) / static_cast<float>(axis.outSize);
}

/// The uint8 kernel's, in f32.
Taps<float> floatTaps(const Axis &axis) {
  float scale = floatScale(axis), shift = axis.halfPixelCenters ? 0.5f : 0.0f;
  Taps<float> taps;
  for (int64_t i = 0; i < axis.outSize; ++i) {
    float scaled = (static_cast<float>(i) + shift) * scale;
    float position = scaled - shift;
    int64_t lower = std::max<int64_t>(static_cast<int64_t>(std::floor(position)), 0);
    taps.lower.push_back(clampIndex(lower, axis));
    taps.upper.push_back(clampIndex(static_cast<int64_t>(std::ceil(position)), axis));
    taps.weight.push_back(position - static_cast<float>(lower));
  }
  return taps;
}

SmallVector<int32_t> nearestIndices(const Axis &axis) {
  float scale = floatScale(axis);
  SmallVector<int32_t> indices;
  for (int64_t i = 0; i < axis.outSize; ++i) {
    float position = (static_cast<float>(i) + (axis.halfPixelCenters ? 0.5f : 0.0f)) * scale;
    float index = axis.alignCorners ? std::floor(position + 0.5f) : std::floor(position);
    indices.push_back(clampIndex(static_cast<int64_t>(index), axis));
  }
  return indices;
}

/// A resize of i8 NHWC tensors.
struct Resize {
  Value x;
  RankedTensorType type;
  Axis rows, columns;
};

std::optional<Resize> matchResize(const CustomOp &op, std::string &problem) {
  RankedTensorType out = resultType(op.op);
  auto in = op.op->getNumOperands() == 1
                ? dyn_cast<RankedTensorType>(op.op->getOperand(0).getType())
                : RankedTensorType();
  if (!in || in.getRank() != 4 || out.getRank() != 4 ||
      in.getElementType() != out.getElementType() || !in.getElementType().isInteger(8) ||
      in.getDimSize(0) != out.getDimSize(0) || in.getDimSize(3) != out.getDimSize(3) ||
      in.getNumElements() == 0) {
    problem = "needs i8 NHWC tensors of one batch size and one number of channels";
    return std::nullopt;
  }
  bool align = op.flag("align_corners"), half = op.flag("half_pixel_centers");
  return Resize{op.op->getOperand(0),
                out,
                {out.getDimSize(1), in.getDimSize(1), align, half},
                {out.getDimSize(2), in.getDimSize(2), align, half}};
}

/// A row's or a column's table in a form that broadcasts over [n,h,w,c].
SmallVector<int64_t> tableShape(bool isRow, int64_t size) {
  return isRow ? SmallVector<int64_t>{size, 1, 1} : SmallVector<int64_t>{size, 1};
}

/// The input element of the current image and channel at (`row`, `column`).
Value elementAt(TensorBuilder &t, Value x, Value row, Value column) {
  Value n = linalg::IndexOp::create(t.b, t.loc, 0), c = linalg::IndexOp::create(t.b, t.loc, 3);
  return tensor::ExtractOp::create(t.b, t.loc, x, ValueRange{n, t.index(row), t.index(column), c});
}

/// Operands of the interpolation: lower, upper, weight of rows, then of columns.
template <typename Weight>
SmallVector<Value> tapTables(TensorBuilder &t, const Taps<Weight> &taps, bool isRow) {
  auto shape = tableShape(isRow, static_cast<int64_t>(taps.lower.size()));
  Value weight;
  if constexpr (std::is_same_v<Weight, float>)
    weight = t.f32Table(shape, taps.weight);
  else
    weight = t.i32Table(shape, taps.weight);
  return {t.i32Table(shape, taps.lower), t.i32Table(shape, taps.upper), weight};
}

/// ((ul (1-fx) + ur fx) (1-fy) + (ll (1-fx) + lr fx) fy), rounded half away from zero by 2^20.
Value interpolateInteger(TensorBuilder &t, Value x, ValueRange in) {
  auto mul = [&](Value a, Value b) -> Value { return arith::MulIOp::create(t.b, t.loc, a, b); };
  auto add = [&](Value a, Value b) -> Value { return arith::AddIOp::create(t.b, t.loc, a, b); };
  auto rest = [&](Value f) -> Value { return arith::SubIOp::create(t.b, t.loc, t.i32(1024), f); };
  Value fy = in[2], fx = in[5];
  auto row = [&](Value y) {
    Value left = t.widen(elementAt(t, x, y, in[3])), right = t.widen(elementAt(t, x, y, in[4]));
    return add(mul(left, rest(fx)), mul(right, fx));
  };
  Value total = add(mul(row(in[0]), rest(fy)), mul(row(in[1]), fy));
  Value isPositive = arith::CmpIOp::create(t.b, t.loc, arith::CmpIPredicate::sgt, total, t.i32(0));
  Value nudge = arith::SelectOp::create(t.b, t.loc, isPositive, t.i32(1 << 19), t.i32(-(1 << 19)));
  Value rounded = arith::DivSIOp::create(t.b, t.loc, add(total, nudge), t.i32(1 << 20));
  return arith::TruncIOp::create(t.b, t.loc, t.b.getI8Type(), rounded);
}

/// The same in f32 on value + 128, added in the uint8 kernel's order.
Value interpolateFloat(TensorBuilder &t, Value x, ValueRange in) {
  auto mul = [&](Value a, Value b) -> Value { return arith::MulFOp::create(t.b, t.loc, a, b); };
  auto add = [&](Value a, Value b) -> Value { return arith::AddFOp::create(t.b, t.loc, a, b); };
  auto rest = [&](Value f) -> Value { return arith::SubFOp::create(t.b, t.loc, t.f32(1), f); };
  auto at = [&](Value y, Value column) -> Value {
    Value code = arith::AddIOp::create(t.b, t.loc, t.widen(elementAt(t, x, y, column)), t.i32(128));
    return arith::SIToFPOp::create(t.b, t.loc, t.b.getF32Type(), code);
  };
  Value fy = in[2], fx = in[5];
  Value total = mul(mul(at(in[0], in[3]), rest(fy)), rest(fx));
  total = add(total, mul(mul(at(in[1], in[3]), fy), rest(fx)));
  total = add(total, mul(mul(at(in[0], in[4]), rest(fy)), fx));
  total = add(total, mul(mul(at(in[1], in[4]), fy), fx));
  Value rounded = arith::FPToSIOp::create(t.b, t.loc, t.b.getI32Type(), add(total, t.f32(0.5f)));
  Value code = arith::SubIOp::create(t.b, t.loc, rounded, t.i32(128));
  return arith::TruncIOp::create(t.b, t.loc, t.b.getI8Type(), code);
}

} // namespace

Value lowerResizeBilinear(const CustomOp &op, std::string &problem) {
  auto resize = matchResize(op, problem);
  if (!resize)
    return {};
  TensorBuilder t(op.op);
  bool isUnsigned = op.flag("unsigned");
  SmallVector<Value> tables, columns;
  if (isUnsigned) {
    tables = tapTables(t, floatTaps(resize->rows), true);
    columns = tapTables(t, floatTaps(resize->columns), false);
  } else {
    tables = tapTables(t, integerTaps(resize->rows), true);
    columns = tapTables(t, integerTaps(resize->columns), false);
  }
  tables.append(columns);
  auto interpolate = isUnsigned ? interpolateFloat : interpolateInteger;
  return t.elementwise(resize->type, tables, [&](TensorBuilder &t, ValueRange in) -> Value {
    return interpolate(t, resize->x, in);
  });
}

Value lowerResizeNearest(const CustomOp &op, std::string &problem) {
  auto resize = matchResize(op, problem);
  if (!resize)
    return {};
  TensorBuilder t(op.op);
  Value rows = t.i32Table(tableShape(true, resize->rows.outSize), nearestIndices(resize->rows));
  Value columns =
      t.i32Table(tableShape(false, resize->columns.outSize), nearestIndices(resize->columns));
  return t.elementwise(resize->type, {rows, columns},
                       [&](TensorBuilder &t, ValueRange in) -> Value {
                         return elementAt(t, resize->x, in[0], in[1]);
                       });
}

} // namespace afe::a65

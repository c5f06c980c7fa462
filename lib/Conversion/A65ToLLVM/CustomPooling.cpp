// litert.average_pool_2d, and tosa.avg_pool2d on f32: sums over the existing taps of each window,
// divided by how many there are (known here, as shapes are static).

#include "Conversion/A65ToLLVM/Lowering.h"

using namespace mlir;

namespace afe::a65 {
namespace {

/// Sizes along rows (0) and columns (1).
struct Window {
  int64_t kernel[2], stride[2], before[2], after[2];
};

/// The parameters as attributes have them, checked against the shapes; nothing where they break.
std::optional<Window> windowOf(ArrayRef<int64_t> kernel, ArrayRef<int64_t> stride,
                               ArrayRef<int64_t> pad, RankedTensorType in, RankedTensorType out) {
  if (kernel.size() != 2 || stride.size() != 2 || pad.size() != 4 || in.getRank() != 4 ||
      out.getRank() != 4)
    return std::nullopt;
  Window w{{kernel[0], kernel[1]}, {stride[0], stride[1]}, {pad[0], pad[2]}, {pad[1], pad[3]}};
  for (int axis = 0; axis < 2; ++axis) {
    bool isPositive =
        w.kernel[axis] > 0 && w.stride[axis] > 0 && w.before[axis] >= 0 && w.after[axis] >= 0;
    // Bounds keep the products below far from overflow.
    if (!isPositive ||
        std::max({w.kernel[axis], w.stride[axis], w.before[axis], w.after[axis]}) > (1 << 20))
      return std::nullopt;
    int64_t reach = (out.getDimSize(1 + axis) - 1) * w.stride[axis] + w.kernel[axis];
    if (reach > in.getDimSize(1 + axis) + w.before[axis] + w.after[axis])
      return std::nullopt;
  }
  return w;
}

/// How many taps of each window exist, by output position along one axis.
SmallVector<int64_t> existing(const Window &w, int axis, int64_t inSize, int64_t outSize) {
  SmallVector<int64_t> counts;
  for (int64_t i = 0; i < outSize; ++i) {
    int64_t first = i * w.stride[axis] - w.before[axis], end = first + w.kernel[axis];
    counts.push_back(std::max<int64_t>(0, std::min(end, inSize) - std::max<int64_t>(first, 0)));
  }
  return counts;
}

/// rows x columns products, at least 1 each.
template <typename T>
SmallVector<T> tapCounts(const Window &w, RankedTensorType in, RankedTensorType out) {
  auto rows = existing(w, 0, in.getDimSize(1), out.getDimSize(1));
  auto columns = existing(w, 1, in.getDimSize(2), out.getDimSize(2));
  SmallVector<T> counts;
  for (int64_t row : rows)
    for (int64_t column : columns)
      counts.push_back(static_cast<T>(std::max<int64_t>(1, row * column)));
  return counts;
}

/// The input with zeros around it.
Value padded(TensorBuilder &t, Value x, const Window &w) {
  if (!(w.before[0] | w.before[1] | w.after[0] | w.after[1]))
    return x;
  auto type = cast<RankedTensorType>(x.getType());
  SmallVector<int64_t> shape(type.getShape());
  SmallVector<OpFoldResult> low(4, t.b.getIndexAttr(0)), high = low;
  for (int axis = 0; axis < 2; ++axis) {
    shape[1 + axis] += w.before[axis] + w.after[axis];
    low[1 + axis] = t.b.getIndexAttr(w.before[axis]);
    high[1 + axis] = t.b.getIndexAttr(w.after[axis]);
  }
  return tensor::PadOp::create(t.b, t.loc, type.clone(shape), x, low, high,
                               t.zero(type.getElementType()));
}

/// Sums `x` [n,h,w,c] along `axis` (0 rows, 1 columns) in windows, ascending.
Value windowSum(TensorBuilder &t, Value x, const Window &w, int axis, int64_t outSize,
                Type element) {
  SmallVector<int64_t> shape(cast<RankedTensorType>(x.getType()).getShape());
  shape[1 + axis] = outSize;
  AffineMap result = AffineMap::getMultiDimIdentityMap(5, t.b.getContext()).getMajorSubMap(4);
  SmallVector<AffineExpr> read(result.getResults());
  AffineExpr tap = t.b.getAffineDimExpr(4);
  read[1 + axis] = read[1 + axis] * w.stride[axis] + tap;
  AffineMap input = AffineMap::get(5, 0, read, t.b.getContext());
  AffineMap extent = AffineMap::get(5, 0, tap, t.b.getContext()); // gives the loop its bound
  auto i8 = t.b.getI8Type();
  Value taps = t.empty(RankedTensorType::get({w.kernel[axis]}, i8));
  Value init = t.filled(RankedTensorType::get(shape, element), t.zero(element));
  return t.generic(init, {x, taps}, {input, extent, result}, 4,
                   [&](TensorBuilder &t, ValueRange in) -> Value {
                     if (isa<FloatType>(element))
                       return arith::AddFOp::create(t.b, t.loc, in[2], in[0]);
                     return arith::AddIOp::create(t.b, t.loc, in[2], t.widen(in[0]));
                   });
}

Value sumOfWindows(TensorBuilder &t, Value x, const Window &w, RankedTensorType out, Type element) {
  Value columns = windowSum(t, padded(t, x, w), w, 0, out.getDimSize(1), element);
  return windowSum(t, columns, w, 1, out.getDimSize(2), element);
}

/// The sum over the count: halves away from zero, or up where the model is unsigned.
Value roundedMean(TensorBuilder &t, Value total, Value count, bool isUnsigned) {
  Value half = arith::DivSIOp::create(t.b, t.loc, count, t.i32(2));
  if (isUnsigned) {
    Value sum = arith::AddIOp::create(t.b, t.loc, total, half);
    return arith::FloorDivSIOp::create(t.b, t.loc, sum, count);
  }
  Value zero = t.i32(0);
  Value isNegative = arith::CmpIOp::create(t.b, t.loc, arith::CmpIPredicate::slt, total, zero);
  Value minusHalf = arith::SubIOp::create(t.b, t.loc, zero, half);
  Value nudge = arith::SelectOp::create(t.b, t.loc, isNegative, minusHalf, half);
  Value sum = arith::AddIOp::create(t.b, t.loc, total, nudge);
  return arith::DivSIOp::create(t.b, t.loc, sum, count);
}

} // namespace

Value lowerAveragePool(const CustomOp &op, std::string &problem) {
  auto kernel = op.integers("kernel"), stride = op.integers("stride"), pad = op.integers("pad");
  auto low = op.integer("min"), high = op.integer("max");
  RankedTensorType out = resultType(op.op);
  auto in = op.op->getNumOperands() == 1
                ? dyn_cast<RankedTensorType>(op.op->getOperand(0).getType())
                : RankedTensorType();
  std::optional<Window> window;
  if (in && kernel && stride && pad)
    window = windowOf(*kernel, *stride, *pad, in, out);
  if (!window || !low || !high || !in.getElementType().isInteger(8) ||
      !out.getElementType().isInteger(8)) {
    problem = "needs i8 NHWC tensors, kernel, stride, pad, min and max that fit their shapes";
    return {};
  }
  TensorBuilder t(op.op);
  Value total = sumOfWindows(t, op.op->getOperand(0), *window, out, t.b.getI32Type());
  Value counts =
      t.i32Table({out.getDimSize(1), out.getDimSize(2), 1}, tapCounts<int32_t>(*window, in, out));
  bool isUnsigned = op.flag("unsigned");
  return t.elementwise(out, {total, counts}, [&](TensorBuilder &t, ValueRange in) -> Value {
    Value mean = roundedMean(t, in[0], in[1], isUnsigned);
    mean = arith::MaxSIOp::create(t.b, t.loc, mean, t.i32(*low));
    mean = arith::MinSIOp::create(t.b, t.loc, mean, t.i32(*high));
    return arith::TruncIOp::create(t.b, t.loc, t.b.getI8Type(), mean);
  });
}

Value lowerFloatAveragePool(tosa::AvgPool2dOp op) {
  auto in = cast<RankedTensorType>(op.getInput().getType());
  RankedTensorType out = resultType(op);
  auto window = windowOf(op.getKernel(), op.getStride(), op.getPad(), in, out);
  if (!window)
    return {};
  TensorBuilder t(op);
  Value total = sumOfWindows(t, op.getInput(), *window, out, t.b.getF32Type());
  Value counts =
      t.f32Table({out.getDimSize(1), out.getDimSize(2), 1}, tapCounts<float>(*window, in, out));
  return t.elementwise(out, {total, counts}, [](TensorBuilder &t, ValueRange in) -> Value {
    return arith::DivFOp::create(t.b, t.loc, in[0], in[1]);
  });
}

} // namespace afe::a65

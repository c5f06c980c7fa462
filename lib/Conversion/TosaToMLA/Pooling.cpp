// Pooling as vector programs with a window (a window over the whole image is a reduction over its
// pixels). Averages divide exactly as their producer does: TOSA's avg_pool2d by its reciprocal
// scale, LiteRT's average_pool_2d by an integer division that rounds half away from zero.

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/VectorBuilder.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <set>

using namespace mlir;

namespace afe {
namespace {

constexpr int64_t kMaxKernel = 255; // the instruction's kernel fields have 8 bits

/// Sizes of a pooling operation; pad = top, bottom, left, right.
struct Pool {
  Operation *op;
  Value input, output;
  SmallVector<int64_t> kernel, stride, pad;

  ArrayRef<int64_t> inputShape() const { return cast<ShapedType>(input.getType()).getShape(); }
  ArrayRef<int64_t> outputShape() const { return cast<ShapedType>(output.getType()).getShape(); }
  int64_t taps() const { return kernel[0] * kernel[1]; }
  bool isPadded() const {
    return llvm::any_of(pad, [](int64_t n) { return n != 0; });
  }
  bool isGlobal() const {
    return !isPadded() && inputShape().slice(1, 2) == ArrayRef(kernel) &&
           outputShape()[1] * outputShape()[2] == 1;
  }
  mla::WindowAttr window() const {
    return mla::WindowAttr::get(op->getContext(), kernel[0], kernel[1], stride[0], stride[1],
                                pad[0], pad[1], pad[2], pad[3], 1, 1);
  }
};

bool isByteImage(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 4 &&
         (type.getElementType().isInteger(8) || type.getElementType().isUnsignedInteger(8));
}

bool isLegal(const Pool &pool) {
  bool sizes = pool.kernel.size() == 2 && pool.stride.size() == 2 && pool.pad.size() == 4;
  return sizes && isByteImage(pool.input) && isByteImage(pool.output) &&
         llvm::all_of(pool.kernel, [](int64_t n) { return n >= 1 && n <= kMaxKernel; }) &&
         llvm::all_of(pool.stride, [](int64_t n) { return n >= 1 && n <= kMaxKernel; }) &&
         llvm::all_of(pool.pad, [](int64_t n) { return n >= 0 && n <= kMaxKernel; });
}

/// Rows and columns that a slice drops because no window reaches them: the window itself does not.
void foldUnreachedRows(Pool &pool) {
  auto slice = pool.input.getDefiningOp<tosa::SliceOp>();
  auto start = slice ? readShape(slice.getStart()) : std::nullopt;
  if (!start || pool.isPadded() || !llvm::all_of(*start, [](int64_t n) { return n == 0; }))
    return;
  auto from = cast<ShapedType>(slice.getInput1().getType()).getShape(), to = pool.outputShape();
  if (from[0] != to[0] || from[3] != to[3])
    return;
  for (int axis = 0; axis < 2; ++axis)
    if ((from[1 + axis] - pool.kernel[axis]) / pool.stride[axis] + 1 != to[1 + axis])
      return;
  pool.input = slice.getInput1();
}

/// Finishes a program over the window and puts it in the operation's place.
bool finish(VectorBuilder &b, Pool pool, Value result) {
  if (!b.close(result))
    return false;
  OpBuilder at(pool.op);
  auto vector =
      b.create(at, pool.output.getType(), pool.isGlobal() ? mla::WindowAttr() : pool.window());
  pool.output.replaceAllUsesWith(vector.getOutputs()[0]);
  return true;
}

bool lowerMax(Pool pool) {
  if (!isLegal(pool))
    return false;
  foldUnreachedRows(pool);
  VectorBuilder b(pool.op->getContext(), pool.op->getLoc());
  Value x = b.input(pool.input);
  return finish(b, pool,
                pool.isGlobal() ? b.reduce(mla::ReduceKind::max, mla::ReduceAxis::pixels, x)
                                : b.toI32<mla::VWindowMaxOp>());
}

//===-- averages ----------------------------------------------------------------------------===//

/// TOSA's reciprocal_scale: multiplier / 2^shift is 1 / count.
std::pair<int32_t, int32_t> reciprocal(int64_t count) {
  int32_t k = count > 1 ? 32 - llvm::countl_zero(static_cast<uint32_t>(count - 1)) : 0;
  int64_t numerator = ((int64_t(1) << 30) + 1) << k;
  return {static_cast<int32_t>(numerator / count), 30 + k};
}

/// Numbers of existing taps that occur anywhere in the output.
std::set<int64_t> tapCounts(const Pool &pool) {
  std::set<int64_t> counts, along[2];
  for (int axis = 0; axis < 2; ++axis)
    for (int64_t out = 0; out < pool.outputShape()[1 + axis]; ++out) {
      int64_t first = out * pool.stride[axis] - pool.pad[2 * axis];
      int64_t last = std::min(first + pool.kernel[axis], pool.inputShape()[1 + axis]);
      along[axis].insert(last - std::max<int64_t>(first, 0));
    }
  for (int64_t rows : along[0])
    for (int64_t cols : along[1])
      counts.insert(rows * cols);
  return counts;
}

/// A sum over the window and the number of taps in it.
struct WindowSum {
  Value sum;
  Value count;          ///< null where it is the same everywhere
  int64_t constant = 0; ///< the count, where it is
};

WindowSum windowSum(VectorBuilder &b, const Pool &pool, const std::set<int64_t> &counts) {
  Value x = b.input(pool.input);
  WindowSum result;
  result.sum = pool.isGlobal() ? b.reduce(mla::ReduceKind::sum, mla::ReduceAxis::pixels, x)
                               : b.toI32<mla::VWindowSumOp>();
  if (counts.size() == 1)
    result.constant = *counts.begin();
  else
    result.count = b.toI32<mla::VWindowCountOp>();
  return result;
}

/// x / (factor * count) by multiplication with the reciprocal, rounded half up (SINGLE_ROUND).
Value multiplyByReciprocal(VectorBuilder &b, Value x, const WindowSum &window, int64_t factor,
                           int64_t zp) {
  if (!window.count) {
    auto [multiplier, shift] = reciprocal(factor * window.constant);
    return b.rescale(x, mla::RequantMode::single_round, multiplier, shift, zp);
  }
  SmallVector<int32_t> multipliers(256, 1 << 30), shifts(256, 30);
  for (int count = 1; count < 256; ++count)
    std::tie(multipliers[count], shifts[count]) = reciprocal(factor * count);
  Value multiplier = b.toI32<mla::VTable32Op>(window.count, ArrayRef<int32_t>(multipliers));
  Value shift = b.toI32<mla::VTable32Op>(window.count, ArrayRef<int32_t>(shifts));
  return mla::VRescaleChannelOp::create(b.opBuilder(), x.getLoc(), x.getType(), x, multiplier,
                                        shift, mla::RequantMode::single_round,
                                        static_cast<uint32_t>(zp));
}

bool lowerTosaAverage(tosa::AvgPool2dOp op) {
  Pool pool{op,
            op.getInput(),
            op.getOutput(),
            llvm::to_vector(op.getKernel()),
            llvm::to_vector(op.getStride()),
            llvm::to_vector(op.getPad())};
  auto inputZp = scalarInt(op.getInputZp()), outputZp = scalarInt(op.getOutputZp());
  if (!isLegal(pool) || !inputZp || !outputZp)
    return false;
  foldUnreachedRows(pool);
  auto counts = tapCounts(pool);
  if (counts.size() > 1 && pool.taps() > 255)
    return false; // the table of reciprocals is indexed by a byte
  VectorBuilder b(op.getContext(), op.getLoc());
  WindowSum window = windowSum(b, pool, counts);
  Value zeros = window.count ? b.mul(window.count, b.i32(*inputZp)) : Value();
  Value sum = zeros && *inputZp ? b.sub(window.sum, zeros)
                                : b.subConstant(window.sum, window.constant * *inputZp);
  Value quotient = multiplyByReciprocal(b, sum, window, /*factor=*/1, *outputZp);
  auto [lo, hi] = rangeOf(getElementTypeOrSelf(op.getType()));
  return finish(b, pool, b.clamp(quotient, lo, hi));
}

/// The integer divisions of LiteRT's kernels: half away from zero (int8), or half up (uint8).
int64_t quotientOf(int64_t sum, int64_t count, bool halfUp) {
  if (halfUp)
    return llvm::divideFloorSigned(sum + count / 2, count);
  return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

/// Ways to divide with one rounding multiplication. Doubling the sum and adding one (or, for
/// negative sums rounded away from zero, subtracting one) moves ties to the side they are to be
/// rounded to.
enum class Division { plain, doubled };

int64_t dividend(int64_t sum, Division way, bool halfUp) {
  if (way == Division::plain)
    return sum;
  return 2 * (sum - (!halfUp && sum < 0)) + 1;
}

/// Whether the way gives the kernel's quotient for every sum that can occur. Tried out rather than
/// argued; too many cases count as no.
bool isExact(Division way, bool halfUp, const std::set<int64_t> &counts,
             std::pair<int64_t, int64_t> range) {
  constexpr int64_t kMaxCases = 4 << 20;
  int64_t cases = 0, factor = way == Division::doubled ? 2 : 1;
  for (int64_t count : counts) {
    if ((cases += (range.second - range.first) * count) > kMaxCases)
      return false;
    auto [multiplier, shift] = reciprocal(factor * count);
    int64_t half = int64_t(1) << (shift - 1);
    for (int64_t sum = range.first * count; sum <= range.second * count; ++sum)
      if ((dividend(sum, way, halfUp) * multiplier + half) >> shift !=
          quotientOf(sum, count, halfUp))
        return false;
  }
  return true;
}

Value divideByReciprocal(VectorBuilder &b, const WindowSum &window, Division way, bool halfUp) {
  if (way == Division::plain)
    return multiplyByReciprocal(b, window.sum, window, /*factor=*/1, /*zp=*/0);
  Value x = window.sum;
  if (!halfUp)
    x = b.add(x, b.same<mla::VShrOp>(x, b.i32(31), UnitAttr()));
  return multiplyByReciprocal(b, b.addConstant(b.add(x, x), 1), window, /*factor=*/2, /*zp=*/0);
}

/// The same by f32 division, exact while the sum and half the count are below 2^24.
Value divideInFloat(VectorBuilder &b, const WindowSum &window, bool halfUp) {
  Value count = window.count ? window.count : b.i32(window.constant);
  Value half =
      window.count ? b.same<mla::VShrOp>(count, b.i32(1), UnitAttr()) : b.i32(window.constant / 2);
  Value moved = b.add(window.sum, half);
  if (!halfUp) {
    Value positive = b.compare(mla::ComparePredicate::gt, window.sum, b.i32(0));
    moved = b.select(positive, moved, b.sub(window.sum, half));
  }
  return b.toInt(b.div(b.toFloat(moved), b.toFloat(count)),
                 halfUp ? mla::FloatRounding::floor : mla::FloatRounding::trunc);
}

bool lowerLitertAverage(const CustomOp &op) {
  auto kernel = op.integers("kernel"), stride = op.integers("stride"), pad = op.integers("pad");
  auto lo = op.integer("min"), hi = op.integer("max");
  if (!kernel || !stride || !pad || !lo || !hi || *lo > *hi)
    return false;
  Pool pool{op.op, op.op->getOperand(0), op.op->getResult(0), *kernel, *stride, *pad};
  if (!isLegal(pool))
    return false;
  foldUnreachedRows(pool);
  bool halfUp = op.flag("unsigned");
  auto counts = tapCounts(pool);
  auto range = rangeOf(getElementTypeOrSelf(pool.input.getType()));
  bool isTabled = counts.size() == 1 || pool.taps() <= 255;
  if (*counts.begin() < 1)
    return false;
  VectorBuilder b(op.op->getContext(), op.op->getLoc());
  WindowSum window = windowSum(b, pool, counts);
  Value quotient;
  for (Division way : {Division::plain, Division::doubled})
    if (!quotient && isTabled && isExact(way, halfUp, counts, range))
      quotient = divideByReciprocal(b, window, way, halfUp);
  if (!quotient && (pool.taps() + 1) * 256 < (1 << 24))
    quotient = divideInFloat(b, window, halfUp);
  if (!quotient)
    return false;
  return finish(b, pool, b.clamp(quotient, *lo, *hi));
}

} // namespace

void lowerPooling(func::FuncOp func) {
  for (Operation &op : llvm::make_early_inc_range(func.getBody().front())) {
    if (auto max = dyn_cast<tosa::MaxPool2dOp>(op))
      lowerMax({max, max.getInput(), max.getOutput(), llvm::to_vector(max.getKernel()),
                llvm::to_vector(max.getStride()), llvm::to_vector(max.getPad())});
    else if (auto average = dyn_cast<tosa::AvgPool2dOp>(op))
      lowerTosaAverage(average);
    else if (auto custom = matchCustom(&op, "litert.average_pool_2d"))
      lowerLitertAverage(*custom);
  }
  eraseDead(func);
}

} // namespace afe

// Squeeze and excitation multiplies every channel of an image by a number that was computed. In
// VECTOR that is several operations per element; for TENSOR it is a depthwise 1x1 convolution whose
// weights are an activation, and OUTPUT requantizes: the same integers, at twice the elements per
// cycle of a single VECTOR operation, in the cascade of the convolution that follows.

#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/LaneRanges.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"

using namespace mlir;

namespace afe {
namespace {

/// `argument - zp`, as the lane of a factor.
struct Centred {
  unsigned argument;
  int64_t zp;
};

/// Nothing where the lane is another function of it.
std::optional<Centred> matchCentred(Value lane) {
  if (auto argument = dyn_cast<BlockArgument>(lane))
    return Centred{argument.getArgNumber(), 0};
  Operation *op = lane.getDefiningOp();
  if (!isa<mla::VSubOp, mla::VAddOp>(op))
    return std::nullopt;
  auto argument = dyn_cast<BlockArgument>(op->getOperand(0));
  std::optional<int64_t> constant = constantLane(op->getOperand(1));
  if (!argument || !constant)
    return std::nullopt;
  return Centred{argument.getArgNumber(), isa<mla::VSubOp>(op) ? *constant : -*constant};
}

/// requantize((a - a_zp) * (b - b_zp)), clamped.
struct Product {
  Centred terms[2];
  mla::VRescaleOp rescale;
  int64_t lo, hi;
};

std::optional<Product> matchProduct(mla::VectorOp op) {
  Value lane = op.getBody().front().getTerminator()->getOperand(0);
  auto [lo, hi] = rangeOf(elementOf(op.getOutputs()[0]));
  if (auto clamp = lane.getDefiningOp<mla::VClampOp>()) {
    lo = std::max<int64_t>(lo, static_cast<int32_t>(clamp.getLo()));
    hi = std::min<int64_t>(hi, static_cast<int32_t>(clamp.getHi()));
    lane = clamp.getA();
  } else if (auto range = laneRange(lane, op); !range || !range->within(lo, hi)) {
    return std::nullopt; // a store that wraps
  }
  auto rescale = lane.getDefiningOp<mla::VRescaleOp>();
  auto product = rescale ? rescale.getA().getDefiningOp<mla::VMulOp>() : mla::VMulOp();
  auto a = product ? matchCentred(product.getA()) : std::nullopt;
  auto b = product ? matchCentred(product.getB()) : std::nullopt;
  if (!a || !b || a->argument == b->argument || lo > hi)
    return std::nullopt;
  return Product{{*a, *b}, rescale, lo, hi};
}

/// Whether `factors` has one number per image and channel of `image`, both of 8 bits.
bool scalesChannels(Value image, Value factors) {
  if (!isByteTensor(image) || !isByteTensor(factors) || factors.getDefiningOp<mla::ConstOp>())
    return false;
  ArrayRef<int64_t> shape = shapeOf(image);
  return shape.size() == 4 && shape[1] * shape[2] > 1 &&
         shapeOf(factors) == ArrayRef<int64_t>({shape[0], 1, 1, shape[3]});
}

bool isZeroPointOf(int64_t zp, Value tensor) {
  auto [lo, hi] = rangeOf(elementOf(tensor));
  return lo <= zp && zp <= hi;
}

mla::RequantAttr requantOf(Product &product) {
  MLIRContext *context = product.rescale.getContext();
  bool isFloat = product.rescale.getMode() == mla::RequantMode::f32_rne;
  auto shift = static_cast<int8_t>(product.rescale.getShift());
  return mla::RequantAttr::get(
      context, product.rescale.getMode(),
      DenseI32ArrayAttr::get(context, static_cast<int32_t>(product.rescale.getMultiplier())),
      isFloat ? DenseI8ArrayAttr() : DenseI8ArrayAttr::get(context, shift),
      static_cast<int32_t>(product.rescale.getZp()), product.lo, product.hi);
}

void raise(mla::VectorOp op) {
  if (op.getWindow() || op.getInputs().size() != 2 || op.getOutputs().size() != 1 ||
      !isByteTensor(op.getOutputs()[0]))
    return;
  auto product = matchProduct(op);
  if (!product)
    return;
  auto operand = [&](int term) { return op.getInputs()[product->terms[term].argument]; };
  int image = scalesChannels(operand(0), operand(1)) ? 0 : 1;
  Value x = operand(image), factors = operand(1 - image), output = op.getOutputs()[0];
  int64_t inputZp = product->terms[image].zp, factorsZp = product->terms[1 - image].zp;
  if (!scalesChannels(x, factors) || shapeOf(x) != shapeOf(output) || !isZeroPointOf(inputZp, x) ||
      !isZeroPointOf(factorsZp, factors))
    return;
  OpBuilder b(op);
  auto scale = mla::ScaleOp::create(
      b, op.getLoc(), output.getType(), x, factors, static_cast<uint32_t>(inputZp),
      static_cast<uint32_t>(factorsZp), requantOf(*product), StringAttr());
  output.replaceAllUsesWith(scale.getOutput());
  op.erase();
}

} // namespace

void raiseScalings(func::FuncOp func) {
  for (auto op : llvm::make_early_inc_range(func.getBody().front().getOps<mla::VectorOp>()))
    raise(op);
}

} // namespace afe

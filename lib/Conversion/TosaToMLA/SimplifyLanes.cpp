// Fewer micro-operations for the same numbers: exact scalings by powers of two are shifts,
// constants behind a clamp move into it, constants move out of sums, clamps of what is in range go.
// And unary functions of one number per pixel are computed where that number is, not once per
// channel.

#include "Conversion/TosaToMLA/LaneRanges.h"
#include "Conversion/TosaToMLA/LaneTables.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Quotients.h"
#include "Conversion/TosaToMLA/Tensors.h"
#include "Conversion/TosaToMLA/VectorBuilder.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;

namespace afe {
namespace {

constexpr int64_t kInt32Min = std::numeric_limits<int32_t>::min();
constexpr int64_t kInt32Max = std::numeric_limits<int32_t>::max();

Value constantOf(OpBuilder &b, Location loc, int64_t value) {
  IntegerAttr number = b.getI32IntegerAttr(static_cast<int32_t>(value));
  return mla::VConstOp::create(b, loc, number.getType(), number);
}

/// x * 2^exponent where nothing is rounded or cut off: x shifted, or x; null where that is not
/// known.
Value exactScaling(OpBuilder &b, Location loc, Value x, int64_t exponent, mla::VectorOp op) {
  if (auto shifted = x.getDefiningOp<mla::VShlOp>(); exponent < 0 && shifted) {
    std::optional<int64_t> amount = constantLane(shifted.getB());
    if (!amount || *amount + exponent < 0 || !laneRange(x, op))
      return {};
    return exactScaling(b, loc, shifted.getA(), *amount + exponent, op);
  }
  if (auto difference = x.getDefiningOp<mla::VSubOp>();
      exponent < 0 && difference && constantLane(difference.getA()) == 0 && laneRange(x, op)) {
    Value scaled = exactScaling(b, loc, difference.getB(), exponent, op);
    return scaled ? mla::VSubOp::create(b, loc, x.getType(), difference.getA(), scaled) : Value();
  }
  if (exponent == 0)
    return x;
  std::optional<LaneRange> range = laneRange(x, op);
  if (exponent < 0 || exponent > 31 || !range ||
      !range->within(kInt32Min >> exponent, kInt32Max >> exponent))
    return {};
  return mla::VShlOp::create(b, loc, x.getType(), x, constantOf(b, loc, exponent));
}

/// A requantization whose multiplier and shift are a power of two.
Value scaledByShift(mla::VRescaleOp rescale, mla::VectorOp op) {
  int64_t multiplier = static_cast<int32_t>(rescale.getMultiplier());
  if (rescale.getMode() == mla::RequantMode::f32_rne || multiplier <= 0 ||
      !llvm::isPowerOf2_64(multiplier))
    return {};
  OpBuilder b(rescale);
  Location loc = rescale.getLoc();
  Value scaled = exactScaling(b, loc, rescale.getA(),
                              int64_t(llvm::Log2_64(multiplier)) - int32_t(rescale.getShift()), op);
  int64_t zp = int32_t(rescale.getZp());
  if (!scaled || zp == 0)
    return scaled;
  std::optional<LaneRange> range = laneRange(scaled, op);
  if (!range ||
      !range->within(kInt32Min - std::min<int64_t>(zp, 0), kInt32Max - std::max<int64_t>(zp, 0)))
    return {};
  Value k = constantOf(b, loc, zp);
  if (auto negated = scaled.getDefiningOp<mla::VSubOp>();
      negated && constantLane(negated.getA()) == 0)
    return mla::VSubOp::create(b, loc, scaled.getType(), k, negated.getB());
  return mla::VAddOp::create(b, loc, scaled.getType(), scaled, k);
}

/// The constant that `sum` adds to its other operand (which becomes `rest`).
std::optional<int64_t> addedConstant(Operation *sum, Value &rest) {
  if (!isa<mla::VAddOp, mla::VSubOp>(sum) || !sum->getResult(0).getType().isInteger(32))
    return std::nullopt;
  rest = sum->getOperand(0);
  std::optional<int64_t> constant = constantLane(sum->getOperand(1));
  if (!constant && isa<mla::VAddOp>(sum)) {
    rest = sum->getOperand(1);
    constant = constantLane(sum->getOperand(0));
  }
  if (constant && isa<mla::VSubOp>(sum))
    *constant = -*constant;
  return constant;
}

/// clamp(rescale(x) + z) + k ==> clamp(rescale(x) + (z + k)), with both bounds moved by k: where
/// the requantization saturates, the clamp cuts off all the same.
Value insideClamp(Operation *sum) {
  Value rest;
  std::optional<int64_t> k = addedConstant(sum, rest);
  auto clamp = k ? rest.getDefiningOp<mla::VClampOp>() : mla::VClampOp();
  auto rescale = clamp ? clamp.getA().getDefiningOp<mla::VRescaleOp>() : mla::VRescaleOp();
  if (!rescale || !clamp->hasOneUse() || !rescale->hasOneUse())
    return {};
  constexpr int64_t kFar = int64_t(1) << 20; // from the ends of int32
  int64_t lo = int32_t(clamp.getLo()), hi = int32_t(clamp.getHi()), zp = int32_t(rescale.getZp());
  for (int64_t value : {lo, hi, zp, *k})
    if (value < -kFar || value > kFar)
      return {};
  OpBuilder b(sum);
  auto moved = cast<mla::VRescaleOp>(b.clone(*rescale));
  moved.setZp(static_cast<int32_t>(zp + *k));
  return mla::VClampOp::create(b, sum->getLoc(), moved.getType(), moved,
                               static_cast<int32_t>(lo + *k), static_cast<int32_t>(hi + *k));
}

/// sum over channels of (x + k) ==> sum of x, + k times the channels: once per pixel.
Value constantOutOfSum(mla::VReduceOp reduce, mla::VectorOp op) {
  Operation *sum = reduce.getA().getDefiningOp();
  Value rest;
  std::optional<int64_t> k = sum ? addedConstant(sum, rest) : std::nullopt;
  if (!k || reduce.getKind() != mla::ReduceKind::sum ||
      reduce.getAxis() != mla::ReduceAxis::channels || !sum->hasOneUse())
    return {};
  OpBuilder b(reduce);
  auto moved = cast<mla::VReduceOp>(b.clone(*reduce));
  moved->setOperand(0, rest);
  Value all = constantOf(b, reduce.getLoc(), *k * op.getDomain().back());
  return mla::VAddOp::create(b, reduce.getLoc(), moved.getType(), moved, all);
}

Value simplified(Operation *lane, mla::VectorOp op) {
  if (auto rescale = dyn_cast<mla::VRescaleOp>(lane))
    return scaledByShift(rescale, op);
  if (auto reduce = dyn_cast<mla::VReduceOp>(lane))
    return constantOutOfSum(reduce, op);
  if (auto clamp = dyn_cast<mla::VClampOp>(lane)) {
    std::optional<LaneRange> range = laneRange(clamp.getA(), op);
    bool inRange = range && range->within(int32_t(clamp.getLo()), int32_t(clamp.getHi()));
    return inRange ? clamp.getA() : Value();
  }
  return insideClamp(lane);
}

void eraseUnused(Block &body) {
  for (Operation *lane = body.getTerminator()->getPrevNode(); lane;) {
    Operation *before = lane->getPrevNode();
    if (lane->use_empty())
      lane->erase();
    lane = before;
  }
}

void simplifyBody(mla::VectorOp op) {
  Block &body = op.getBody().front();
  for (bool changed = true; changed;) {
    changed = false;
    for (Operation &lane : llvm::make_early_inc_range(body.without_terminator()))
      if (Value better = simplified(&lane, op)) {
        lane.getResult(0).replaceAllUsesWith(better);
        lane.erase();
        changed = true;
      }
    eraseUnused(body);
  }
}

//===-- one number per pixel ----------------------------------------------------------------===//

/// A unary function of the block argument, its only use: a table, or the addition of a constant.
Operation *unaryUser(BlockArgument argument) {
  if (!argument.hasOneUse())
    return nullptr;
  Operation *user = *argument.user_begin();
  Value rest;
  bool isSum = addedConstant(user, rest).has_value() && rest == argument;
  return isSum || isa<mla::VTable8Op, mla::VTable32Op>(user) ? user : nullptr;
}

/// The program that computes `number`, which has one channel, where it can take one more result.
mla::VectorOp producerOf(Value number) {
  auto producer = number.getDefiningOp<mla::VectorOp>();
  if (!producer || producer.getOutputs().size() != 1 ||
      microOps(producer) + 3 > kMaxMicroOps) // the function, its constant, a store
    return {};
  auto range = laneRange(producer.getBody().front().getTerminator()->getOperand(0), producer);
  return range && range->within(-128, 127) ? producer : mla::VectorOp();
}

/// `producer` with a second result: `function` of what it yields.
mla::VectorOp withFunction(mla::VectorOp producer, Operation *function, Value argument) {
  Operation *yield = producer.getBody().front().getTerminator();
  OpBuilder b(yield);
  IRMapping mapping;
  mapping.map(argument, yield->getOperand(0));
  for (Value operand : function->getOperands())
    if (Operation *constant = operand.getDefiningOp())
      b.clone(*constant, mapping);
  Operation *copy = b.clone(*function, mapping);
  yield->insertOperands(1, copy->getResult(0));
  auto type = cast<RankedTensorType>(producer.getOutputs()[0].getType());
  OpBuilder at(producer);
  OperationState state(producer.getLoc(), producer->getName());
  state.addOperands(producer->getOperands());
  state.addAttributes(producer->getAttrs());
  state.addTypes({type, type.clone(copy->getResult(0).getType())});
  state.addRegion()->takeBody(producer.getBody());
  auto wider = cast<mla::VectorOp>(at.create(state));
  producer.getOutputs()[0].replaceAllUsesWith(wider.getOutputs()[0]);
  producer.erase();
  return wider;
}

/// Has the producer of operand `number` apply what is applied to it here channel by channel.
void computeAtProducer(mla::VectorOp op, unsigned number) {
  Value operand = op.getInputs()[number];
  BlockArgument argument = op.getBody().getArgument(number);
  constexpr int64_t kWorthwhile = 32; // channels
  Operation *function = unaryUser(argument);
  bool isByPixel = shapeOf(operand).back() == 1 && op.getDomain().back() >= kWorthwhile &&
                   getElementTypeOrSelf(operand.getType()).isSignlessInteger(8);
  mla::VectorOp producer = function && isByPixel ? producerOf(operand) : mla::VectorOp();
  if (!producer)
    return;
  Type lane = function->getResult(0).getType();
  mla::VectorOp wider = withFunction(producer, function, argument);
  op->setOperand(number, wider.getOutputs()[1]);
  function->getResult(0).replaceAllUsesWith(argument);
  function->erase();
  argument.setType(lane);
  eraseUnused(op.getBody().front());
}

} // namespace

void simplifyVectors(func::FuncOp func) {
  for (mla::VectorOp op : func.getBody().front().getOps<mla::VectorOp>()) {
    simplifyBody(op);
    replaceQuotients(op);
  }
  // Producers are replaced, consumers are not: from the last one backwards every operation is seen.
  Block &block = func.getBody().front();
  for (Operation *op = &block.back(); op; op = op->getPrevNode())
    if (auto vector = dyn_cast<mla::VectorOp>(op); vector && !vector.getWindow())
      for (unsigned i = 0; i < vector.getInputs().size(); ++i)
        computeAtProducer(vector, i);
}

} // namespace afe

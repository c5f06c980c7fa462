// Interval arithmetic over lane operations; see LaneRanges.h.

#include "Conversion/TosaToMLA/LaneRanges.h"
#include "Conversion/TosaToMLA/LaneTables.h"
#include "Conversion/TosaToMLA/Tensors.h"

#include <algorithm>
#include <limits>

using namespace mlir;

namespace afe {
namespace {

using Range = std::optional<LaneRange>;

/// What loading an element of `tensor` yields; nothing for 32-bit elements.
Range elementRange(Value tensor) {
  auto type = dyn_cast<IntegerType>(getElementTypeOrSelf(tensor.getType()));
  if (!type || type.getWidth() > 16)
    return std::nullopt;
  int64_t count = int64_t(1) << type.getWidth();
  return type.isUnsigned() ? LaneRange{0, count - 1} : LaneRange{-count / 2, count / 2 - 1};
}

/// The same, by what the vector program that makes the tensor stores.
Range storedRange(Value tensor) {
  auto maker = tensor.getDefiningOp<mla::VectorOp>();
  Range type = elementRange(tensor);
  if (!maker || maker.getOutputs().size() != 1)
    return type;
  Range stored = laneRange(maker.getBody().front().getTerminator()->getOperand(0), maker);
  return stored && (!type || stored->within(type->lo, type->hi)) ? stored : type;
}

Range checked(int64_t lo, int64_t hi) {
  LaneRange range{lo, hi};
  if (!range.within(std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()))
    return std::nullopt; // it may wrap
  return range;
}

/// An operation that grows with its first operand, the others being constant.
Range monotone(Operation *op, Range range, ArrayRef<LaneBits> constants) {
  SmallVector<LaneBits> low{LaneBits(range->lo)}, high{LaneBits(range->hi)};
  low.append(constants.begin(), constants.end());
  high.append(constants.begin(), constants.end());
  std::optional<LaneBits> lo = evaluateLane(op, low), hi = evaluateLane(op, high);
  return lo && hi ? Range({*lo, *hi}) : std::nullopt;
}

Range tableRange(ArrayRef<int32_t> table) {
  return LaneRange{*std::min_element(table.begin(), table.end()),
                   *std::max_element(table.begin(), table.end())};
}

Range sumRange(Operation *op, bool subtracts, mla::VectorOp program) {
  Range a = laneRange(op->getOperand(0), program), b = laneRange(op->getOperand(1), program);
  if (!a || !b)
    return std::nullopt;
  return subtracts ? checked(a->lo - b->hi, a->hi - b->lo) : checked(a->lo + b->lo, a->hi + b->hi);
}

Range shiftRange(Operation *op, mla::VectorOp program) {
  Range a = laneRange(op->getOperand(0), program);
  std::optional<int64_t> amount = constantLane(op->getOperand(1));
  if (!a || !amount || *amount < 0 || *amount > 31)
    return std::nullopt;
  if (isa<mla::VShlOp>(op))
    return checked(a->lo * (int64_t(1) << *amount), a->hi * (int64_t(1) << *amount));
  return monotone(op, a, {LaneBits(*amount)});
}

} // namespace

std::optional<int64_t> constantLane(Value lane) {
  auto constant = lane.getDefiningOp<mla::VConstOp>();
  auto number = constant ? dyn_cast<IntegerAttr>(constant.getValue()) : IntegerAttr();
  return number ? std::optional(number.getInt()) : std::nullopt;
}

std::optional<LaneRange> laneRange(Value lane, mla::VectorOp program) {
  if (!lane.getType().isInteger(32))
    return std::nullopt;
  if (auto argument = dyn_cast<BlockArgument>(lane))
    return elementRange(program.getInputs()[argument.getArgNumber()]);
  if (std::optional<int64_t> constant = constantLane(lane))
    return LaneRange{*constant, *constant};
  Operation *op = lane.getDefiningOp();
  if (auto clamp = dyn_cast<mla::VClampOp>(op)) {
    int64_t lo = int32_t(clamp.getLo()), hi = int32_t(clamp.getHi());
    Range inner = laneRange(clamp.getA(), program);
    return inner ? monotone(op, inner, {}) : Range({lo, std::max(lo, hi)});
  }
  if (auto rescale = dyn_cast<mla::VRescaleOp>(op)) {
    Range inner = laneRange(rescale.getA(), program);
    bool grows = rescale.getMode() != mla::RequantMode::f32_rne &&
                 static_cast<int32_t>(rescale.getMultiplier()) >= 0;
    return inner && grows ? monotone(op, inner, {}) : std::nullopt;
  }
  if (auto table = dyn_cast<mla::VTable8Op>(op)) {
    ArrayRef<int8_t> entries = table.getTable();
    return LaneRange{*std::min_element(entries.begin(), entries.end()),
                     *std::max_element(entries.begin(), entries.end())};
  }
  if (auto table = dyn_cast<mla::VTable32Op>(op))
    return tableRange(table.getTable());
  if (isa<mla::VAddOp, mla::VSubOp>(op))
    return sumRange(op, isa<mla::VSubOp>(op), program);
  if (isa<mla::VShlOp, mla::VShrOp>(op))
    return shiftRange(op, program);
  if (isa<mla::VWindowMaxOp, mla::VGatherNearestOp>(op))
    return elementRange(program.getInputs()[0]);
  if (auto bilinear = dyn_cast<mla::VGatherBilinearOp>(op)) {
    Range element = elementRange(program.getInputs()[0]);
    int64_t one = int64_t(1) << 2 * bilinear.getFractionBits(); // the weights' sum
    return element ? checked(element->lo * one, element->hi * one) : std::nullopt;
  }
  if (auto linear = dyn_cast<mla::VGatherLinearOp>(op)) {
    Range element = storedRange(program.getInputs()[0]);
    int64_t one = int64_t(1) << linear.getFractionBits();
    return element ? checked(element->lo * one, element->hi * one) : std::nullopt;
  }
  if (auto reduce = dyn_cast<mla::VReduceOp>(op);
      reduce && reduce.getKind() == mla::ReduceKind::max)
    return laneRange(reduce.getA(), program);
  return std::nullopt;
}

} // namespace afe

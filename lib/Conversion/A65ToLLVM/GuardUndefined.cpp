// --a65-guard-undefined: what TOSA leaves undefined has a result that does no harm.
//
// The code runs in the caller's process: an index out of a model's input must not reach memory that
// is none of its, and a division must not trap.

#include "Conversion/A65ToLLVM/Passes.h"

using namespace mlir;

namespace afe::a65 {
#define GEN_PASS_DEF_GUARDUNDEFINEDPASS
#include "Conversion/A65ToLLVM/Passes.h.inc"

namespace {

/// One number of the tensor's element type and rank, to be broadcast.
Value scalarLike(OpBuilder &b, Location loc, Value tensor, int64_t value) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto scalar = type.clone(SmallVector<int64_t>(type.getRank(), 1));
  auto attr = DenseElementsAttr::get(scalar, b.getIntegerAttr(type.getElementType(), value));
  return tosa::ConstOp::create(b, loc, scalar, attr);
}

/// Indices below 0 mean the first row, those behind the last one the last.
Value limited(Operation *op, Value indices, int64_t numRows) {
  OpBuilder b(op);
  Location loc = op->getLoc();
  Value first = scalarLike(b, loc, indices, 0);
  Value last = scalarLike(b, loc, indices, std::max<int64_t>(0, numRows - 1));
  Value above = tosa::MaximumOp::create(b, loc, indices.getType(), indices, first);
  return tosa::MinimumOp::create(b, loc, indices.getType(), above, last);
}

int64_t numRows(Value values) { return cast<RankedTensorType>(values.getType()).getDimSize(1); }

/// x / 0 is x, and x / -1 is 0 - x, which wraps around.
void guardDivision(tosa::IntDivOp op) {
  auto type = cast<RankedTensorType>(op.getType());
  if (!type.getElementType().isSignlessInteger())
    return;
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value divisor = op.getInput2();
  auto shapeOfDivisor = cast<RankedTensorType>(divisor.getType());
  auto flags = shapeOfDivisor.clone(b.getI1Type());
  Value one = scalarLike(b, loc, divisor, 1), zero = scalarLike(b, loc, divisor, 0);
  auto isEqual = [&](int64_t value) -> Value {
    Value number = scalarLike(b, loc, divisor, value);
    return tosa::EqualOp::create(b, loc, flags, divisor, number);
  };
  Value isMinusOne = isEqual(-1);
  Value isBad = tosa::LogicalOrOp::create(b, loc, flags, isEqual(0), isMinusOne);
  Value harmless = tosa::SelectOp::create(b, loc, shapeOfDivisor, isBad, one, divisor);
  op.getInput2Mutable().assign(harmless);
  b.setInsertionPointAfter(op);
  Value negative = tosa::SubOp::create(b, loc, type, zero, op.getResult());
  auto chosen = tosa::SelectOp::create(b, loc, type, isMinusOne, negative, op.getResult());
  op.getResult().replaceUsesWithIf(chosen, [&](OpOperand &use) {
    return use.getOwner() != chosen && use.getOwner() != negative.getDefiningOp();
  });
}

struct GuardUndefinedPass : impl::GuardUndefinedPassBase<GuardUndefinedPass> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<tosa::GatherOp, tosa::ScatterOp, tosa::IntDivOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      if (auto gather = dyn_cast<tosa::GatherOp>(op))
        gather.getIndicesMutable().assign(
            limited(op, gather.getIndices(), numRows(gather.getValues())));
      else if (auto scatter = dyn_cast<tosa::ScatterOp>(op))
        scatter.getIndicesMutable().assign(
            limited(op, scatter.getIndices(), numRows(scatter.getValuesIn())));
      else
        guardDivision(cast<tosa::IntDivOp>(op));
    }
  }
};

} // namespace
} // namespace afe::a65

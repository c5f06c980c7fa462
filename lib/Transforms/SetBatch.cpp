// Follows the batch from the arguments through @main and changes its size. The batch is the
// outermost part of the first dimension, which may hold further things behind it (heads, tokens):
// its size is the batch times a factor. First every operation is asked whether its batch can change
// (nothing is modified until all agree), then types and shape operands are rewritten.

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/Tensors.h"
#include "Support/Locations.h"
#include "Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace afe {

#define GEN_PASS_DEF_SETBATCHPASS
#include "Transforms/Passes.h.inc"

namespace {

/// Why the batch of one operation cannot change; empty where it can.
using Obstacle = std::string;

class BatchSetter {
public:
  BatchSetter(func::FuncOp func, int64_t batch) : func(func), newBatch(batch) {}

  /// Marks all values that hold the batch; the obstacle and its operation, if any.
  std::pair<Operation *, Obstacle> analyse();
  void rewrite();
  bool changes() const { return oldBatch != newBatch; }

private:
  Obstacle visit(Operation &op);
  Obstacle visitShaped(Operation &op);
  Obstacle checkOperands(Operation &op) const;
  bool isBatched(Value value) const { return factors.contains(value); }
  bool isTileable(Operation &op, Value operand) const;
  Operation *joinerOf(Value value) const;
  void rewriteShapeOperand(Operation &op, unsigned operand, ArrayRef<int64_t> numbers);
  void rewriteShapes(Operation &op);

  mutable func::FuncOp func;
  int64_t newBatch, oldBatch = 0;
  llvm::DenseMap<Value, int64_t> factors; ///< first dimension / batch, of all tensors that have it
};

Obstacle keepAxis(int64_t axis) {
  return axis == 0 ? "works along the batch dimension" : Obstacle();
}

/// Operations that mention dimensions one by one.
Obstacle BatchSetter::visitShaped(Operation &op) {
  int64_t first = shapeOf(op.getOperand(0)).front();
  auto starts = [&](Value shape, int64_t expected, const char *problem) -> Obstacle {
    auto numbers = readShape(shape);
    return numbers && !numbers->empty() && numbers->front() == expected ? Obstacle() : problem;
  };
  return llvm::TypeSwitch<Operation *, Obstacle>(&op)
      .Case([&](tosa::ReshapeOp reshape) -> Obstacle {
        auto to = shapeOf(reshape.getOutput());
        bool keeps = !to.empty() && to.front() % oldBatch == 0;
        return keeps ? "" : "splits the batch dimension";
      })
      .Case([&](tosa::TransposeOp transpose) -> Obstacle {
        return transpose.getPerms()[0] == 0 ? "" : "moves the batch dimension";
      })
      .Case([&](tosa::SliceOp slice) -> Obstacle {
        Obstacle begin = starts(slice.getStart(), 0, "slices the batch dimension");
        return begin.empty() ? starts(slice.getSize(), first, "slices the batch dimension") : begin;
      })
      .Case([&](tosa::PadOp pad) -> Obstacle {
        auto amounts = readShape(pad.getPadding());
        bool pads = !amounts || amounts->size() < 2 || (*amounts)[0] || (*amounts)[1];
        return pads ? "pads the batch dimension" : "";
      })
      .Case([&](tosa::TileOp tile) {
        return starts(tile.getMultiples(), 1, "repeats the batch dimension");
      })
      .Case([&](tosa::RescaleOp rescale) -> Obstacle {
        bool scales = rescale.getPerChannel() && shapeOf(rescale.getOutput()).size() == 1;
        return scales ? "scales every element of the batch dimension by itself" : "";
      })
      .Case<tosa::ConcatOp, tosa::ReverseOp, tosa::ArgMaxOp, tosa::ReduceSumOp, tosa::ReduceMaxOp,
            tosa::ReduceMinOp, tosa::ReduceAllOp, tosa::ReduceAnyOp, tosa::ReduceProductOp>(
          [](auto reduction) { return keepAxis(reduction.getAxis()); })
      .Default([&](Operation *) -> Obstacle {
        auto of = [](Value value) { return cast<RankedTensorType>(value.getType()); };
        bool keeps = llvm::all_of(op.getResults(), [&](Value result) {
          return of(result).getRank() > 0 && llvm::any_of(op.getOperands(), [&](Value operand) {
                   return isBatched(operand) &&
                          of(operand).getDimSize(0) == of(result).getDimSize(0);
                 });
        });
        return keeps ? "" : "changes the first dimension";
      });
}

/// A constant that a concatenation puts beside every image can be repeated, and so can the indices
/// by which a gather chooses from every image.
bool BatchSetter::isTileable(Operation &op, Value operand) const {
  bool repeats =
      isa<tosa::ConcatOp>(op) || (isa<tosa::GatherOp>(op) && op.getOperand(1) == operand);
  return repeats && oldBatch == 1 && constantOf(operand) && shapeOf(operand).front() == 1;
}

/// How many operands hold images; weights, zero points, multipliers and shapes come behind them.
unsigned dataOperands(Operation &op) {
  if (isa<tosa::MulOp, tosa::MatMulOp>(op))
    return 2;
  bool isOne = isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, tosa::TransposeConv2DOp, tosa::Conv3DOp,
                   tosa::RescaleOp, tosa::TableOp, tosa::NegateOp, tosa::AvgPool2dOp, tosa::PadOp,
                   tosa::SliceOp, tosa::ReshapeOp, tosa::TileOp, tosa::ResizeOp>(op);
  return isOne ? 1 : op.getNumOperands();
}

/// Every large operand must carry the batch too, with the same factor; constants with one leading
/// element broadcast.
Obstacle BatchSetter::checkOperands(Operation &op) const {
  bool needsAll = isa<tosa::MatMulOp, tosa::ConcatOp, tosa::GatherOp, tosa::ScatterOp>(op);
  std::optional<int64_t> factor;
  auto operands = op.getOperands().take_front(dataOperands(op));
  for (Value parameter : op.getOperands().drop_front(operands.size()))
    if (isBatched(parameter))
      return "takes a tensor with a batch as a parameter";
  for (Value operand : operands) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    if (isBatched(operand) && factor.value_or(factors.lookup(operand)) != factors.lookup(operand))
      return "combines tensors that hold the batch differently";
    if (isBatched(operand))
      factor = factors.lookup(operand);
    if (!type || isBatched(operand) || type.getRank() == 0 || isTileable(op, operand))
      continue;
    if (needsAll)
      return "combines the batch with a tensor that has none";
    bool elementwise = op.hasTrait<OpTrait::ResultsBroadcastableShape>() ||
                       isa<tosa::MulOp, tosa::SelectOp>(op) || matchCustom(&op, "div_f32");
    if (elementwise && type.getRank() == int64_t(shapeOf(op.getResult(0)).size()) &&
        type.getDimSize(0) != 1)
      return "combines the batch with a tensor that has another first dimension";
  }
  return {};
}

Obstacle BatchSetter::visit(Operation &op) {
  bool carries = llvm::any_of(op.getOperands(), [&](Value v) { return isBatched(v); });
  if (!carries || isa<func::ReturnOp>(op))
    return {};
  if (op.getName().getDialectNamespace() != "tosa" || op.getNumRegions() > 0)
    return "is no operator whose batch can be followed";
  for (Value result : op.getResults()) {
    auto type = tensorTypeOf(result);
    if (!type || !type.hasStaticShape())
      return "has a result without a static shape";
  }
  auto custom = dyn_cast<tosa::CustomOp>(op);
  if (custom && custom.getDomainName() != "afe")
    return "is an operator of its own, whose batch is not known";
  if (Obstacle obstacle = checkOperands(op); !obstacle.empty())
    return obstacle;
  if (Obstacle obstacle = visitShaped(op); !obstacle.empty())
    return obstacle;
  for (Value result : op.getResults()) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type || type.getRank() == 0 || type.getDimSize(0) % oldBatch != 0)
      return "has a result whose first dimension is not the batch";
    factors[result] = type.getDimSize(0) / oldBatch;
  }
  return {};
}

std::pair<Operation *, Obstacle> BatchSetter::analyse() {
  for (BlockArgument argument : func.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.hasStaticShape() || type.getRank() == 0)
      return {func, "has an argument without a static batch dimension"};
    if (oldBatch && type.getDimSize(0) != oldBatch)
      return {func, "has arguments of different batch sizes"};
    oldBatch = type.getDimSize(0);
    factors[argument] = 1;
  }
  if (oldBatch == 0)
    return {func, "has no arguments"};
  for (Operation &op : func.getBody().front())
    if (Obstacle obstacle = visit(op); !obstacle.empty())
      return {&op, obstacle};
  for (Value result : func.getBody().front().getTerminator()->getOperands()) {
    if (!isBatched(result))
      return {func.getBody().front().getTerminator(), "returns a tensor without a batch dimension"};
    if (factors.lookup(result) != 1)
      return {joinerOf(result), "joins the batch dimension with another one"};
  }
  return {nullptr, {}};
}

/// The operation in front of `value` that put something else behind the batch in the first
/// dimension.
Operation *BatchSetter::joinerOf(Value value) const {
  for (Operation *op = value.getDefiningOp(); op;) {
    auto joined = llvm::find_if(op->getOperands(), [&](Value operand) {
      return isBatched(operand) && factors.lookup(operand) != 1 && operand.getDefiningOp();
    });
    if (joined == op->getOperands().end())
      return op;
    op = (*joined).getDefiningOp();
  }
  return func;
}

void BatchSetter::rewriteShapeOperand(Operation &op, unsigned operand, ArrayRef<int64_t> numbers) {
  OpBuilder builder(&op);
  op.setOperand(operand, shapeConstant(builder, op.getLoc(), numbers));
}

void BatchSetter::rewriteShapes(Operation &op) {
  for (OpOperand &operand : op.getOpOperands()) {
    if (isBatched(operand.get()) || !isTileable(op, operand.get()))
      continue;
    OpBuilder builder(&op);
    auto type = cast<RankedTensorType>(operand.get().getType());
    auto shape = llvm::to_vector(type.getShape());
    shape.front() = newBatch;
    SmallVector<int64_t> multiples(shape.size(), 1);
    multiples.front() = newBatch;
    Value count = shapeConstant(builder, op.getLoc(), multiples);
    operand.set(
        tosa::TileOp::create(builder, op.getLoc(), type.clone(shape), operand.get(), count));
  }
  if (isa<tosa::ReshapeOp>(op))
    rewriteShapeOperand(op, 1, shapeOf(op.getResult(0)));
  if (auto slice = dyn_cast<tosa::SliceOp>(op))
    rewriteShapeOperand(op, 2, shapeOf(slice.getOutput()));
}

void BatchSetter::rewrite() {
  auto retype = [&](Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    auto shape = llvm::to_vector(type.getShape());
    shape[0] = newBatch * factors.lookup(value);
    value.setType(type.clone(shape));
  };
  Block &body = func.getBody().front();
  llvm::for_each(func.getArguments(), retype);
  for (Operation &op : llvm::make_early_inc_range(body)) {
    for (Value result : op.getResults())
      if (isBatched(result))
        retype(result);
    if (op.getNumResults() == 1 && isBatched(op.getResult(0)))
      rewriteShapes(op);
  }
  func.setFunctionType(FunctionType::get(func.getContext(), body.getArgumentTypes(),
                                         body.getTerminator()->getOperandTypes()));
}

struct SetBatchPass : impl::SetBatchPassBase<SetBatchPass> {
  using SetBatchPassBase::SetBatchPassBase;

  void runOnOperation() override {
    auto func = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!func || func.isDeclaration() || !func.getBody().hasOneBlock())
      return;
    if (batchSize < 1) {
      func.emitError("batch-size must be at least 1, but is ") << batchSize;
      return signalPassFailure();
    }
    BatchSetter setter(func, batchSize);
    auto [op, obstacle] = setter.analyse();
    if (!op) {
      if (setter.changes())
        setter.rewrite();
      return;
    }
    if (!setter.changes())
      return;
    auto custom = dyn_cast<tosa::CustomOp>(op);
    std::string kind = (custom ? custom.getOperatorName() : op->getName().getStringRef()).str();
    std::string sentence = "'" + kind + "' at " + describe(op->getLoc()) + " " + obstacle;
    if (!strict)
      return (void)getOperation()->setAttr("afe.batch_limit",
                                           StringAttr::get(&getContext(), sentence));
    op->emitError("the batch cannot be changed to ") << batchSize.getValue() << ": " << sentence;
    signalPassFailure();
  }
};

} // namespace
} // namespace afe

// Raises reshapes of i32 and f32 tensors over the elementwise operations in front of them:
// reshape(f(x, y)) ==> f(reshape(x), reshape(y)), until the reshape stands at an 8-bit tensor, a
// layer result or a reduction. The opposite of what canonicalization does; here intermediates are
// to fuse.

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/Lanes.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace afe {
namespace {

/// Operands that have elements of their own (parameters follow them).
unsigned tensorOperands(Operation *op) {
  if (isa<tosa::RescaleOp, tosa::TableOp, tosa::NegateOp>(op))
    return 1;
  if (matchCustom(op, "qdq.lookup"))
    return 1;
  return isa<tosa::MulOp>(op) ? 2 : op->getNumOperands();
}

/// Whether every tensor operand has the shape of the result, or one element. Requantization per
/// channel needs the channels, the last dimension, where they are.
bool raisesOver(Operation *op, ArrayRef<int64_t> target) {
  if (!isLaneOp(op) || isa<tosa::ReduceSumOp, tosa::ReduceMaxOp, tosa::ReduceMinOp>(op))
    return false;
  auto shape = cast<RankedTensorType>(op->getResult(0).getType()).getShape();
  if (auto rescale = dyn_cast<tosa::RescaleOp>(op);
      rescale && rescale.getPerChannel() && shape.back() != target.back())
    return false;
  return llvm::all_of(op->getOperands().take_front(tensorOperands(op)), [&](Value operand) {
    ElementsAttr constant = constantOf(operand);
    auto type = cast<RankedTensorType>(operand.getType());
    return type.getShape() == shape || (constant && constant.getNumElements() == 1);
  });
}

/// `operand` under the shape of the reshape; constants of one element keep one, others take the
/// shape.
Value raised(OpBuilder &b, Value operand, tosa::ReshapeOp reshape) {
  auto shape = cast<RankedTensorType>(reshape.getType()).getShape();
  if (ElementsAttr constant = constantOf(operand)) {
    bool isOne = constant.getNumElements() == 1;
    ElementsAttr one = reshaped(constant, isOne ? SmallVector<int64_t>(shape.size(), 1)
                                                : SmallVector<int64_t>(shape));
    return one ? Value(tosa::ConstOp::create(b, operand.getLoc(), one.getType(), one)) : Value();
  }
  auto type = cast<RankedTensorType>(operand.getType()).clone(shape);
  return tosa::ReshapeOp::create(b, reshape.getLoc(), type, operand, reshape.getShape());
}

/// One step; the new reshapes in front are appended to the work list.
void raise(tosa::ReshapeOp reshape, SmallVectorImpl<tosa::ReshapeOp> &work) {
  Operation *op = reshape.getInput1().getDefiningOp();
  auto type = cast<RankedTensorType>(reshape.getType());
  if (!isWordTensor(reshape.getOutput()) || type.getRank() > 4 || type.getRank() == 0 || !op ||
      !raisesOver(op, type.getShape()))
    return;
  OpBuilder b(reshape);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands().take_front(tensorOperands(op)))
    operands.push_back(raised(b, operand, reshape));
  if (llvm::is_contained(operands, Value()))
    return;
  Operation *moved = b.clone(*op);
  for (auto [index, operand] : llvm::enumerate(operands)) {
    moved->setOperand(index, operand);
    if (auto inner = operand.getDefiningOp<tosa::ReshapeOp>())
      work.push_back(inner);
  }
  moved->getResult(0).setType(type);
  reshape.replaceAllUsesWith(moved->getResult(0));
  reshape.erase();
}

} // namespace

void raiseWideReshapes(func::FuncOp func) {
  SmallVector<tosa::ReshapeOp> work(func.getBody().front().getOps<tosa::ReshapeOp>());
  while (!work.empty())
    raise(work.pop_back_val(), work);
  eraseDead(func);
}

} // namespace afe

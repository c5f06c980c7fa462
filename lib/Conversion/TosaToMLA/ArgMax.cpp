// argmax over the channels of 8-bit tensors, one VECTOR reduction. The axis disappears in TOSA: the
// layer keeps it with size 1 and a reshape, which moves no data, drops it.

#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"
#include "Conversion/TosaToMLA/VectorBuilder.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace afe {

static void lower(tosa::ArgMaxOp op) {
  auto type = dyn_cast<RankedTensorType>(op.getInput().getType());
  if (!type || type.getRank() > 4 || int64_t(op.getAxis()) != type.getRank() - 1 ||
      !type.getElementType().isInteger(8) || !getElementTypeOrSelf(op.getType()).isInteger(32))
    return;
  VectorBuilder b(op.getContext(), op.getLoc());
  Value index =
      b.reduce(mla::ReduceKind::argmax, mla::ReduceAxis::channels, b.input(op.getInput()));
  if (!b.close(index))
    return;
  OpBuilder at(op);
  auto shape = llvm::to_vector(type.getShape());
  shape.back() = 1;
  auto indices = b.create(at, RankedTensorType::get(shape, at.getI32Type())).getOutputs()[0];
  auto resultShape = cast<RankedTensorType>(op.getType()).getShape();
  op.getOutput().replaceAllUsesWith(reshapeTo(at, op.getLoc(), indices, resultShape));
}

void lowerArgMax(func::FuncOp func) {
  for (auto op : llvm::make_early_inc_range(func.getBody().front().getOps<tosa::ArgMaxOp>()))
    lower(op);
  eraseDead(func);
}

} // namespace afe

// Finds the operations at the edges of a model; see Edges.h.

#include "Conversion/TosaToMLA/Edges.h"

#include "Conversion/TosaToMLA/Idioms.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace afe {

static bool isCastKernel(tosa::CastOp op) {
  auto from = dyn_cast<IntegerType>(getElementTypeOrSelf(op.getInput().getType()));
  auto to = dyn_cast<IntegerType>(getElementTypeOrSelf(op.getType()));
  // numpy and the EV74 have no 48-bit integers.
  return from && to && from.getWidth() >= 8 && from.getWidth() != 48 && to.getWidth() != 48 &&
         to.getWidth() > from.getWidth();
}

StringRef ev74Kernel(Operation *op) {
  if (isa_and_nonnull<tosa::TransposeOp>(op))
    return "layout_transform";
  if (isa_and_nonnull<tosa::ReshapeOp>(op))
    return "reshape_transform";
  if (auto cast = dyn_cast_or_null<tosa::CastOp>(op))
    return isCastKernel(cast) ? "cast_transform" : "";
  auto custom = matchCustom(op);
  if (!custom)
    return "";
  bool isParametric = custom->number("scale") && custom->integer("zero_point");
  if (isParametric && custom->op.getOperatorName() == "quantize")
    return "quantization_transform";
  if (isParametric && custom->op.getOperatorName() == "dequantize")
    return "dequantization_transform";
  return "";
}

bool isInputEdge(Operation *op) {
  if (ev74Kernel(op).empty())
    return false;
  Value source = op->getOperand(0);
  return isa<BlockArgument>(source) || isInputEdge(source.getDefiningOp());
}

bool isOutputEdge(Operation *op) {
  // What the host has a reason to do is not the EV74's.
  return !ev74Kernel(op).empty() && !op->hasAttr("a65.reason") &&
         llvm::all_of(op->getUsers(), [](Operation *user) {
           return isa<func::ReturnOp>(user) || isOutputEdge(user);
         });
}

bool isEdgeOp(Operation *op) { return isInputEdge(op) || isOutputEdge(op); }

} // namespace afe

// The pass afe-lower-to-mla: the phases of Lowering.h, one after the other.

#include "Conversion/Passes.h"
#include "Conversion/TosaToA65/Reasons.h"
#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Edges.h"
#include "Conversion/TosaToMLA/Lowering.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace afe {

#define GEN_PASS_DEF_LOWERTOMLAPASS
#include "Conversion/Passes.h.inc"

static bool isDead(Operation *op) {
  return op->use_empty() && !op->hasTrait<OpTrait::IsTerminator>() &&
         (isMemoryEffectFree(op) || isa<tosa::CustomOp>(op));
}

void eraseDead(func::FuncOp func) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(func.getBody().front())))
    if (isDead(&op))
      op.erase();
}

void markHostWork(func::FuncOp func) {
  Builder builder(func.getContext());
  for (Operation &op : func.getBody().front()) {
    bool isTosa = op.getName().getDialectNamespace() == "tosa";
    if (!isTosa || isa<tosa::ConstOp, tosa::ConstShapeOp>(op) || isEdgeOp(&op))
      continue;
    HostReason reason = hostReason(&op);
    op.setAttr("a65.reason", builder.getStringAttr(reason.reason));
    op.setAttr("a65.hint", builder.getStringAttr(reason.hint));
  }
}

namespace {

/// The phases reason about shapes everywhere, so they are checked once, in front.
LogicalResult checkTypes(func::FuncOp func) {
  if (!func.getBody().hasOneBlock())
    return func.emitError("@main must have one block");
  for (Operation &op : func.getBody().front())
    for (Value result : op.getResults()) {
      auto type = dyn_cast<ShapedType>(result.getType());
      if (type && !(isa<RankedTensorType>(type) && type.hasStaticShape()))
        return op.emitError("needs static shapes, but a result is ") << type;
    }
  for (Type argument : func.getArgumentTypes()) {
    auto type = dyn_cast<RankedTensorType>(argument);
    if (!type || !type.hasStaticShape())
      return func.emitError("needs arguments of static shape, but one is ") << argument;
  }
  return success();
}

struct LowerToMLAPass : impl::LowerToMLAPassBase<LowerToMLAPass> {
  void runOnOperation() override {
    auto func = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!func || func.isDeclaration())
      return;
    if (failed(checkTypes(func)))
      return signalPassFailure();
    ConstantPool constants(func);
    raiseWideReshapes(func);
    lowerConvolutions(func, constants);
    joinGroups(func, constants);
    fuseResiduals(func);
    lowerPooling(func);
    lowerFloatAverages(func, constants);
    lowerSoftmax(func);
    lowerArgMax(func);
    lowerResize(func, constants);
    foldSignedness(func);
    lowerElementwise(func, constants);
    fuseVectors(func);
    lowerDataMovement(func, constants);
    eraseDead(func);
    markHostWork(func);
  }
};

} // namespace
} // namespace afe

// The pass afe-lower-to-mla: the phases of Lowering.h, one after the other.

#include "Conversion/Passes.h"
#include "Conversion/TosaToA65/Reasons.h"
#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Edges.h"
#include "Conversion/TosaToMLA/HostOnly.h"
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
    if (isDead(&op) && !isa<mla::ConstOp>(op))
      op.erase();
}

/// No phase may use a constant again that none uses now: the pool of the phases is gone.
static void eraseDeadConstants(func::FuncOp func) {
  for (mla::ConstOp op : llvm::make_early_inc_range(func.getBody().front().getOps<mla::ConstOp>()))
    if (op->use_empty())
      op.erase();
}

void markHostWork(func::FuncOp func, bool isAsked) {
  Builder builder(func.getContext());
  for (Operation &op : func.getBody().front()) {
    bool isTosa = op.getName().getDialectNamespace() == "tosa";
    if (!isTosa || isa<tosa::ConstOp, tosa::ConstShapeOp>(op) || isEdgeOp(&op) ||
        op.hasAttr("a65.reason"))
      continue;
    HostReason reason = isAsked ? askedReason(&op) : hostReason(&op);
    op.setAttr("a65.reason", builder.getStringAttr(reason.reason));
    op.setAttr("a65.hint", builder.getStringAttr(reason.hint));
  }
}

/// Whether a type is no tensor, or one of static shape with elements.
static bool isKnown(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return !shaped ||
         (isa<RankedTensorType>(type) && shaped.hasStaticShape() && shaped.getNumElements() > 0);
}

LogicalResult checkShapes(func::FuncOp func) {
  if (!func.getBody().hasOneBlock())
    return func.emitError("@main must have one block");
  for (Type argument : func.getArgumentTypes())
    if (!isa<RankedTensorType>(argument) || !isKnown(argument))
      return func.emitError("needs arguments of static shape, but one is ") << argument;
  for (Operation &op : func.getBody().front())
    for (Value result : op.getResults())
      if (!isKnown(result.getType()))
        return op.emitError("needs static shapes, but a result is ") << result.getType();
  return success();
}

namespace {

struct LowerToMLAPass : impl::LowerToMLAPassBase<LowerToMLAPass> {
  using LowerToMLAPassBase::LowerToMLAPassBase;

  void countLayers(func::FuncOp func) {
    for (Operation &op : func.getBody().front()) {
      numLayers += isa<mla::MLADialect>(op.getDialect()) && !isa<mla::ConstOp>(op);
      numHostOperations += op.hasAttr("a65.reason");
    }
  }

  void lowerLayers(func::FuncOp func) {
    ConstantPool constants(func);
    raiseWideReshapes(func);
    lowerConvolutions(func, constants);
    joinGroups(func, constants);
    fuseResiduals(func, constants);
    lowerPooling(func);
    lowerFloatAverages(func, constants);
    lowerSoftmax(func);
    lowerArgMax(func);
    lowerResize(func, constants);
    foldSignedness(func);
    lowerElementwise(func, constants);
    fuseVectors(func);
    simplifyVectors(func);
    raiseScalings(func);
    splitReductions(func);
    joinPixelNumbers(func);
    lowerDataMovement(func, constants);
  }

  void runOnOperation() override {
    auto func = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!func || func.isDeclaration())
      return;
    if (failed(checkShapes(func)))
      return signalPassFailure();
    computeConstantResults(func);
    {
      HostOnly hidden(func);
      if (!armOnly)
        lowerLayers(func);
    }
    eraseDead(func);
    eraseDeadConstants(func);
    markHostWork(func, armOnly);
    countLayers(func);
  }
};

} // namespace
} // namespace afe

// --a65-lower-custom: tosa.custom of domain afe, and f32 average pooling, -> linalg.

#include "Conversion/A65ToLLVM/Lowering.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace afe::a65 {
#define GEN_PASS_DEF_LOWERCUSTOMPASS
#include "Conversion/A65ToLLVM/Passes.h.inc"

namespace {

CustomLowering loweringOf(StringRef name) {
  return llvm::StringSwitch<CustomLowering>(name)
      .Case("quantize", lowerQuantize)
      .Case("dequantize", lowerDequantize)
      .Case("div_f32", lowerDivision)
      .Case("sqrt_f32", lowerSquareRoot)
      .Case("qdq.lookup", lowerLookup)
      .Case("qdq.softmax", lowerTableSoftmax)
      .Case("litert.softmax", lowerSoftmax)
      .Case("litert.average_pool_2d", lowerAveragePool)
      .Case("litert.resize_bilinear", lowerResizeBilinear)
      .Case("litert.resize_nearest", lowerResizeNearest)
      .Default(nullptr);
}

void replace(Operation *op, Value by) {
  op->getResult(0).replaceAllUsesWith(by);
  op->erase();
}

LogicalResult lower(tosa::CustomOp op) {
  auto custom = matchCustom(op);
  CustomLowering lowering = custom ? loweringOf(op.getOperatorName()) : nullptr;
  if (!lowering || op->getNumResults() != 1)
    return op.emitOpError() << "'" << op.getOperatorName() << "' of domain '" << op.getDomainName()
                            << "' has no lowering for the Cortex-A65";
  std::string problem;
  Value result = lowering(*custom, problem);
  if (!result)
    return op.emitOpError() << "'" << op.getOperatorName() << "' " << problem;
  replace(op, result);
  return success();
}

LogicalResult lower(tosa::AvgPool2dOp op) {
  if (!resultType(op).getElementType().isF32())
    return success(); // exact upstream
  Value result = lowerFloatAveragePool(op);
  if (!result)
    return op.emitOpError("has a window that does not fit its tensors");
  replace(op, result);
  return success();
}

struct LowerCustomPass : impl::LowerCustomPassBase<LowerCustomPass> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<tosa::CustomOp, tosa::AvgPool2dOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      auto custom = dyn_cast<tosa::CustomOp>(op);
      if (failed(custom ? lower(custom) : lower(cast<tosa::AvgPool2dOp>(op))))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace afe::a65

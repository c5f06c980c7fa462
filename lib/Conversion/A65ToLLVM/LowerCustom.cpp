// --a65-lower-custom: tosa.custom of domain afe, and f32 average pooling, -> linalg; transposed
// convolutions of 16-bit tensors -> convolutions.

#include "Conversion/A65ToLLVM/Lowering.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

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

void replace(Operation *op, ValueRange by) {
  op->replaceAllUsesWith(by);
  op->erase();
}

/// The replacements of all results; none with `problem` set, or where nothing lowers the operator.
SmallVector<Value> lowered(const CustomOp &op, std::string &problem) {
  StringRef name = tosa::CustomOp(op.op).getOperatorName();
  if (name == "litert.detection_postprocess")
    return lowerDetection(op, problem);
  CustomLowering lowering = loweringOf(name);
  Value result = lowering && op.op->getNumResults() == 1 ? lowering(op, problem) : Value();
  return result ? SmallVector<Value>{result} : SmallVector<Value>();
}

LogicalResult lower(tosa::CustomOp op) {
  auto custom = matchCustom(op);
  std::string problem;
  SmallVector<Value> results = custom ? lowered(*custom, problem) : SmallVector<Value>();
  if (!results.empty()) {
    replace(op, results);
    return success();
  }
  if (!problem.empty())
    return op.emitOpError() << "'" << op.getOperatorName() << "' " << problem;
  return op.emitOpError() << "'" << op.getOperatorName() << "' of domain '" << op.getDomainName()
                          << "' has no lowering for the Cortex-A65";
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

LogicalResult lower(tosa::TransposeConv2DOp op) {
  bool isStrided = llvm::any_of(op.getStride(), [](int64_t n) { return n != 1; });
  if (!isStrided ||
      op.getInput().getType().getElementType() == op.getWeight().getType().getElementType())
    return success(); // exact upstream
  Value result = lowerTransposedConvolution(op);
  if (!result)
    return op.emitOpError("has a padding that cuts off more than its kernel");
  replace(op, result);
  return success();
}

LogicalResult lower(tosa::ResizeOp op) {
  startInsideImage(op);
  return success(); // exact upstream
}

struct LowerCustomPass : impl::LowerCustomPassBase<LowerCustomPass> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<tosa::CustomOp, tosa::AvgPool2dOp, tosa::ResizeOp, tosa::TransposeConv2DOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops)
      if (failed(
              llvm::TypeSwitch<Operation *, LogicalResult>(op)
                  .Case<tosa::CustomOp, tosa::AvgPool2dOp, tosa::ResizeOp, tosa::TransposeConv2DOp>(
                      [](auto known) { return lower(known); })))
        return signalPassFailure();
  }
};

} // namespace
} // namespace afe::a65

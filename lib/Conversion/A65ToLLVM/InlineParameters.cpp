// --a65-inline-parameters: parameters that lowerings read stand inline.
//
// Upstream's lowering of tosa.rescale takes a resource for a computed tensor and then reads a wrong
// shift; really computed parameters are refused here for the same reason.

#include "Conversion/A65ToLLVM/Passes.h"
#include "Conversion/TosaToMLA/Constants.h"

using namespace mlir;

namespace afe::a65 {
#define GEN_PASS_DEF_INLINEPARAMETERSPASS
#include "Conversion/A65ToLLVM/Passes.h.inc"

namespace {

/// The same values inline; null where the resource has none of that size.
DenseElementsAttr inlined(DenseResourceElementsAttr resource) {
  ArrayRef<char> bytes = rawBytes(resource);
  bool isSplat = false;
  if (!DenseElementsAttr::isValidRawBuffer(resource.getType(), bytes, isSplat))
    return {};
  return DenseElementsAttr::getFromRawBuffer(resource.getType(), bytes);
}

LogicalResult inlineValues(tosa::ConstOp constant) {
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValues());
  if (!resource)
    return success();
  DenseElementsAttr values = inlined(resource);
  if (!values)
    return constant.emitOpError("has no bytes for its values");
  constant.setValuesAttr(values);
  return success();
}

LogicalResult inlineParameters(tosa::RescaleOp op) {
  // Every implementation may round it differently: no result would be the right one.
  if (op.getRoundingMode() == tosa::RoundingMode::INEXACT_ROUND)
    return op.emitOpError("with INEXACT_ROUND has no lowering for the Cortex-A65");
  for (Value parameter : op->getOperands().drop_front()) {
    auto constant = parameter.getDefiningOp<tosa::ConstOp>();
    if (!constant)
      return op.emitOpError("with parameters that are no constants has no lowering for the "
                            "Cortex-A65");
    if (failed(inlineValues(constant)))
      return failure();
  }
  return success();
}

struct InlineParametersPass : impl::InlineParametersPassBase<InlineParametersPass> {
  void runOnOperation() override {
    auto walked = getOperation().walk([](Operation *op) {
      LogicalResult result = success();
      auto constant = dyn_cast<tosa::ConstOp>(op);
      if (auto rescale = dyn_cast<tosa::RescaleOp>(op))
        result = inlineParameters(rescale);
      else if (constant && constant.getValues().getNumElements() == 1)
        result = inlineValues(constant); // zero points, shifts, padding
      return failed(result) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (walked.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
} // namespace afe::a65

// Checkpoint behind the partitioning: which operations may stand in @main and in the segments.

#include "Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace afe {

#define GEN_PASS_DEF_VERIFYLOWEREDPASS
#include "Transforms/Passes.h.inc"

namespace {

LogicalResult verifySegment(mla::SegmentOp segment) {
  for (Operation &op : segment.getBody().front())
    if (!isa<mla::MLADialect>(op.getDialect()) || isa<mla::CallOp>(op))
      return op.emitError("is no layer operation, but stands in segment '")
             << segment.getSymName() << "'";
  return success();
}

LogicalResult verifySegment(a65::SegmentOp segment) {
  for (Operation &op : segment.getBody().front())
    if (isa<mla::MLADialect>(op.getDialect()))
      return op.emitError("is a layer of the MLA, but stands in host segment '")
             << segment.getSymName() << "'";
  return success();
}

LogicalResult verifyMain(func::FuncOp func) {
  for (Operation &op : func.getBody().front())
    if (!isa<mla::CallOp, a65::CallOp, a65::EV74Op, func::ReturnOp>(op))
      return op.emitError("belongs into a segment, but stands in @main");
  return success();
}

struct VerifyLoweredPass : impl::VerifyLoweredPassBase<VerifyLoweredPass> {
  void runOnOperation() override {
    LogicalResult result = success();
    for (Operation &op : getOperation().getOps()) {
      if (auto segment = dyn_cast<mla::SegmentOp>(op))
        result = failure(failed(result) || failed(verifySegment(segment)));
      else if (auto host = dyn_cast<a65::SegmentOp>(op))
        result = failure(failed(result) || failed(verifySegment(host)));
      else if (auto func = dyn_cast<func::FuncOp>(op); func && func.getSymName() == "main")
        result = failure(failed(result) || func.isDeclaration() || failed(verifyMain(func)));
    }
    if (failed(result))
      signalPassFailure();
  }
};

} // namespace
} // namespace afe

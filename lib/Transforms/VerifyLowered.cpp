// Checkpoint behind the partitioning: @main is a chain of calls. (What may stand in a segment is
// verified by the segments themselves.)

#include "Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace afe {

#define GEN_PASS_DEF_VERIFYLOWEREDPASS
#include "Transforms/Passes.h.inc"

namespace {

LogicalResult verifyMain(func::FuncOp func) {
  for (Operation &op : func.getBody().front())
    if (!isa<mla::CallOp, a65::CallOp, a65::EV74Op, func::ReturnOp>(op))
      return op.emitError("belongs into a segment, but stands in @main");
  return success();
}

/// Every segment is one step of the chain.
LogicalResult verifyCalls(ModuleOp module, func::FuncOp func) {
  llvm::StringMap<int> calls;
  for (Operation &op : func.getBody().front())
    if (auto callee = op.getAttrOfType<FlatSymbolRefAttr>("callee"))
      ++calls[callee.getValue()];
  LogicalResult result = success();
  for (Operation &op : module.getOps()) {
    if (!isa<mla::SegmentOp, a65::SegmentOp>(op))
      continue;
    StringRef name = SymbolTable::getSymbolName(&op).getValue();
    if (int count = calls.lookup(name); count != 1)
      result = op.emitError("segment '")
               << name << "' is called " << count << " times in @main, expected once";
  }
  return result;
}

struct VerifyLoweredPass : impl::VerifyLoweredPassBase<VerifyLoweredPass> {
  void runOnOperation() override {
    auto func = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!func || !func.getBody().hasOneBlock()) {
      getOperation().emitError("has no function @main with one block");
      return signalPassFailure();
    }
    if (failed(verifyMain(func)) || failed(verifyCalls(getOperation(), func)))
      signalPassFailure();
  }
};

} // namespace
} // namespace afe

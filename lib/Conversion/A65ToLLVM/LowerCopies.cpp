// --a65-lower-copies: memref.copy of strided buffers -> linalg.copy.

#include "Conversion/A65ToLLVM/Passes.h"

using namespace mlir;

namespace afe::a65 {
#define GEN_PASS_DEF_LOWERCOPIESPASS
#include "Conversion/A65ToLLVM/Passes.h.inc"

namespace {

bool isDense(Value value) { return cast<MemRefType>(value.getType()).getLayout().isIdentity(); }

struct LowerCopiesPass : impl::LowerCopiesPassBase<LowerCopiesPass> {
  void runOnOperation() override {
    getOperation().walk([](memref::CopyOp copy) {
      if (isDense(copy.getSource()) && isDense(copy.getTarget()))
        return;
      OpBuilder builder(copy);
      linalg::CopyOp::create(builder, copy.getLoc(), copy.getSource(), copy.getTarget());
      copy.erase();
    });
  }
};

} // namespace
} // namespace afe::a65

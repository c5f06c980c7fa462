// --mla-encode: mla.program -> mla.binary.

#include "Conversion/ProgramToIsa/Passes.h"
#include "Conversion/ProgramToIsa/ProgramToIsa.h"
#include "Encoding/Lm.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace afe::mla {
#define GEN_PASS_DEF_ENCODEPASS
#include "Conversion/ProgramToIsa/Passes.h.inc"

namespace {

struct EncodePass : impl::EncodePassBase<EncodePass> {
  LogicalResult encode(ProgramOp op) {
    FailureOr<isa::Program> program = toProgram(op);
    if (failed(program))
      return failure();
    std::string error;
    std::vector<uint8_t> lm = isa::encodeLm(*program, targetOf(op), error);
    if (lm.empty())
      return op.emitOpError() << "cannot be encoded: " << error;
    OpBuilder builder(op);
    createBinary(builder, *program, lm)->setLoc(op.getLoc());
    op.erase();
    ++programs;
    encodedBytes += lm.size();
    return success();
  }

  void runOnOperation() override {
    for (ProgramOp op : llvm::make_early_inc_range(getOperation().getOps<ProgramOp>()))
      if (failed(encode(op)))
        return signalPassFailure();
  }
};

} // namespace
} // namespace afe::mla

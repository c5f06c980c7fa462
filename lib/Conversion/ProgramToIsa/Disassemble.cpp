// --mla-disassemble: mla.binary -> mla.program.

#include "Conversion/ProgramToIsa/Passes.h"
#include "Conversion/ProgramToIsa/ProgramToIsa.h"
#include "Encoding/Lm.h"
#include "mla/MLABytes.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace afe::mla {
#define GEN_PASS_DEF_DISASSEMBLEPASS
#include "Conversion/ProgramToIsa/Passes.h.inc"

namespace {

struct DisassemblePass : impl::DisassemblePassBase<DisassemblePass> {
  LogicalResult disassemble(BinaryOp op) {
    FailureOr<std::vector<uint8_t>> lm = bytesOf(op.getLm());
    if (failed(lm))
      return op.emitOpError() << "lm has no bytes";
    isa::Program program;
    std::string error;
    if (!isa::decodeLm(lm->data(), lm->size(), program, error))
      return op.emitOpError() << "cannot be decoded: " << error;
    if (program.name != op.getSymName())
      return op.emitOpError() << "holds the program '" << program.name << "'";
    OpBuilder builder(op);
    ProgramOp decoded = fromProgram(program, builder);
    decoded->setLoc(op.getLoc());
    decoded.setStatsAttr(op.getStats());
    op.erase();
    ++programs;
    return success();
  }

  void runOnOperation() override {
    for (BinaryOp op : llvm::make_early_inc_range(getOperation().getOps<BinaryOp>()))
      if (failed(disassemble(op)))
        return signalPassFailure();
  }
};

} // namespace
} // namespace afe::mla

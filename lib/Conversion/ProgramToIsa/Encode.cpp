// --mla-encode: mla.program -> mla.binary.

#include "Conversion/ProgramToIsa/Passes.h"
#include "Conversion/ProgramToIsa/ProgramToIsa.h"
#include "Encoding/Lm.h"
#include "mla/MLABytes.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace afe::mla {
#define GEN_PASS_DEF_ENCODEPASS
#include "Conversion/ProgramToIsa/Passes.h.inc"

namespace {

/// The program's figures, or, where nobody left any, those that the program itself shows.
DictionaryAttr statsOf(ProgramOp op, const isa::Program &program) {
  if (DictionaryAttr stats = op.getStatsAttr())
    return stats;
  int64_t instructions = 0;
  for (const auto &stream : program.streams)
    instructions += static_cast<int64_t>(stream.size());
  Builder builder(op.getContext());
  auto entry = [&](StringRef name, uint64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(static_cast<int64_t>(value)));
  };
  return builder.getDictionaryAttr(
      {entry("batch", program.batch), entry("dram_bytes", program.dramBytes),
       entry("end_cycle", program.endCycle), entry("instructions", instructions),
       entry("quads", program.quads)});
}

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
    BinaryOp::create(builder, op.getLoc(), op.getSymNameAttr(),
                     bytesAttr(op.getContext(), program->name + "_lm", lm), statsOf(op, *program));
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

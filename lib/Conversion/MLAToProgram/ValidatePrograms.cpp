// --mla-validate-programs: the independent validator as a checkpoint of the pipeline.

#include "Conversion/MLAToProgram/Passes.h"
#include "Conversion/ProgramToIsa/ProgramToIsa.h"
#include "Simulator/Validator.h"

using namespace mlir;

namespace afe {
#define GEN_PASS_DEF_VALIDATEPROGRAMSPASS
#include "Conversion/MLAToProgram/Passes.h.inc"

using namespace mla;

namespace {

struct ValidateProgramsPass : impl::ValidateProgramsPassBase<ValidateProgramsPass> {
  void runOnOperation() override {
    for (ProgramOp op : getOperation().getOps<ProgramOp>()) {
      FailureOr<isa::Program> program = toProgram(op);
      if (failed(program))
        return signalPassFailure();
      if (std::optional<sim::Offence> offence = sim::validate(*program, targetOf(op))) {
        op.emitOpError() << "breaks rule '" << sim::ruleName(offence->rule)
                         << "': " << offence->message;
        return signalPassFailure();
      }
    }
    markAllAnalysesPreserved();
  }
};

} // namespace
} // namespace afe

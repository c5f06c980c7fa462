// The compiler's story in one file: the phases between import and host code, each a pipeline that
// can be run alone (`--afe-phase-plan`), and `--afe-compile`, which is all of them in order.

#include "Pipelines/Register.h"

#include "Conversion/MLAToProgram/Passes.h"
#include "Conversion/Passes.h"
#include "Conversion/ProgramToIsa/Passes.h"
#include "Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace afe {
namespace {

struct CanonicalizeOptions : PassPipelineOptions<CanonicalizeOptions> {
  Option<int64_t> batchSize{*this, "batch-size", llvm::cl::desc("images per run"),
                            llvm::cl::init(1)};
};

/// TOSA with the batch set, shapes folded and requantization idioms normalised.
void buildCanonicalize(OpPassManager &pm, const CanonicalizeOptions &options) {
  SetBatchPassOptions batch;
  batch.batchSize = options.batchSize;
  // First: what only looks as if it tied images together is gone then.
  pm.addPass(createCanonicalizePass());
  pm.addPass(createSetBatchPass(batch));
  pm.addPass(createCanonicalizePass());
}

/// Layer operations for what the MLA can do; a reason on everything else.
void buildLower(OpPassManager &pm) { pm.addPass(createLowerToMLAPass()); }

/// Few, large, acyclic segments; EV74 functions at the edges; names for the layers.
void buildPartition(OpPassManager &pm) {
  pm.addPass(createPartitionPass());
  pm.addPass(createNameLayersPass());
  pm.addPass(createVerifyLoweredPass());
}

void buildLayout(OpPassManager &pm) { pm.addPass(createChooseLayoutsPass()); }
void buildPlan(OpPassManager &pm) { pm.addPass(createPlanTilesPass()); }
void buildPlace(OpPassManager &pm) { pm.addPass(createPlaceBuffersPass()); }

/// Programs, each proved free of hazards before anything is made of it.
void buildSchedule(OpPassManager &pm) {
  pm.addPass(createScheduleProgramPass());
  pm.addPass(createValidateProgramsPass());
}

void buildEncode(OpPassManager &pm) { pm.addPass(mla::createEncodePass()); }

/// A phase without options.
struct Phase {
  const char *name, *description;
  void (*build)(OpPassManager &);
};

constexpr Phase kPhases[] = {
    {"afe-phase-lower", "TOSA to layer operations of the MLA", buildLower},
    {"afe-phase-partition", "segments for the MLA and the Cortex-A65", buildPartition},
    {"afe-phase-layout", "layouts, views", buildLayout},
    {"afe-phase-plan", "tiles, quad splits, residency", buildPlan},
    {"afe-phase-place", "L2 addresses", buildPlace},
    {"afe-phase-schedule", "instructions with start cycles, validated", buildSchedule},
    {"afe-phase-encode", ".lm bytes", buildEncode},
};

} // namespace

void registerPipelines() {
  PassPipelineRegistration<CanonicalizeOptions>(
      "afe-phase-canonicalize", "TOSA with the batch set and idioms normalised", buildCanonicalize);
  for (const Phase &phase : kPhases)
    PassPipelineRegistration<>(phase.name, phase.description, phase.build);
  PassPipelineRegistration<CanonicalizeOptions>(
      "afe-compile", "every phase from TOSA to .lm bytes",
      [](OpPassManager &pm, const CanonicalizeOptions &options) {
        buildCanonicalize(pm, options);
        for (const Phase &phase : kPhases)
          phase.build(pm);
      });
}

} // namespace afe

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

/// What a user can ask of the solvers, by name (lib/Scheduling/Options.h).
template <typename Derived> struct SolverOptions : PassPipelineOptions<Derived> {
  using Self = PassPipelineOptions<Derived>;
  typename Self::template Option<std::string> effort{
      *this, "effort", llvm::cl::desc("how far to search: low, default or high"),
      llvm::cl::init("default")};
  typename Self::template ListOption<std::string> disable{
      *this, "disable", llvm::cl::desc("optimisations to leave out")};

  /// As the options of one pass.
  template <typename PassOptions> PassOptions as() const {
    PassOptions options;
    options.effort = effort;
    for (const std::string &name : disable)
      options.disable.push_back(name);
    return options;
  }
};
struct PlanOptions : SolverOptions<PlanOptions> {};

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

struct LowerOptions : PassPipelineOptions<LowerOptions> {
  Option<bool> armOnly{*this, "arm-only", llvm::cl::desc("leave everything to the Cortex-A65"),
                       llvm::cl::init(false)};
};

/// Layer operations for what the MLA can do; a reason on everything else.
void buildLower(OpPassManager &pm, const LowerOptions &options) {
  LowerToMLAPassOptions lower;
  lower.armOnly = options.armOnly;
  pm.addPass(createLowerToMLAPass(lower));
}

/// Few, large, acyclic segments; EV74 functions at the edges; names for the layers.
void buildPartition(OpPassManager &pm) {
  pm.addPass(createPartitionPass());
  pm.addPass(createNameLayersPass());
  pm.addPass(createVerifyLoweredPass());
}

template <typename Options> void buildLayout(OpPassManager &pm, const Options &options) {
  pm.addPass(createChooseLayoutsPass(options.template as<ChooseLayoutsPassOptions>()));
}
template <typename Options> void buildPlan(OpPassManager &pm, const Options &options) {
  pm.addPass(createPlanTilesPass(options.template as<PlanTilesPassOptions>()));
}
template <typename Options> void buildPlace(OpPassManager &pm, const Options &options) {
  pm.addPass(createPlaceBuffersPass(options.template as<PlaceBuffersPassOptions>()));
}

/// Programs, each proved free of hazards before anything is made of it.
template <typename Options> void buildSchedule(OpPassManager &pm, const Options &options) {
  pm.addPass(createScheduleProgramPass(options.template as<ScheduleProgramPassOptions>()));
  pm.addPass(createValidateProgramsPass());
}

void buildEncode(OpPassManager &pm) { pm.addPass(mla::createEncodePass()); }

struct CompileOptions : SolverOptions<CompileOptions> {
  Option<int64_t> batchSize{*this, "batch-size", llvm::cl::desc("images per run"),
                            llvm::cl::init(1)};
  Option<bool> armOnly{*this, "arm-only", llvm::cl::desc("leave everything to the Cortex-A65"),
                       llvm::cl::init(false)};
};

void buildCompile(OpPassManager &pm, const CompileOptions &options) {
  CanonicalizeOptions canonicalize;
  canonicalize.batchSize = options.batchSize;
  buildCanonicalize(pm, canonicalize);
  LowerOptions lower;
  lower.armOnly = options.armOnly;
  buildLower(pm, lower);
  buildPartition(pm);
  buildLayout(pm, options);
  buildPlan(pm, options);
  buildPlace(pm, options);
  buildSchedule(pm, options);
  buildEncode(pm);
}

} // namespace

void registerPipelines() {
  PassPipelineRegistration<CanonicalizeOptions>(
      "afe-phase-canonicalize", "TOSA with the batch set and idioms normalised", buildCanonicalize);
  PassPipelineRegistration<LowerOptions>("afe-phase-lower", "TOSA to layer operations of the MLA",
                                         buildLower);
  PassPipelineRegistration<>("afe-phase-partition", "segments for the MLA and the Cortex-A65",
                             buildPartition);
  PassPipelineRegistration<PlanOptions>("afe-phase-layout", "layouts, views",
                                        buildLayout<PlanOptions>);
  PassPipelineRegistration<PlanOptions>("afe-phase-plan", "tiles, quad splits, residency",
                                        buildPlan<PlanOptions>);
  PassPipelineRegistration<PlanOptions>("afe-phase-place", "L2 addresses", buildPlace<PlanOptions>);
  PassPipelineRegistration<PlanOptions>("afe-phase-schedule",
                                        "instructions with start cycles, validated",
                                        buildSchedule<PlanOptions>);
  PassPipelineRegistration<>("afe-phase-encode", ".lm bytes", buildEncode);
  PassPipelineRegistration<CompileOptions>("afe-compile", "every phase from TOSA to .lm bytes",
                                           buildCompile);
}

} // namespace afe

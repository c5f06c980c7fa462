// --mla-plan-tiles and --mla-place-buffers: build the problem, run the solver, write the answer.

#include "Conversion/MLAToProgram/Network.h"
#include "Conversion/MLAToProgram/Passes.h"
#include "Scheduling/PackWeights.h"
#include "Scheduling/Schedule.h"

using namespace mlir;

namespace afe {
#define GEN_PASS_DEF_PLANTILESPASS
#define GEN_PASS_DEF_PLACEBUFFERSPASS
#include "Conversion/MLAToProgram/Passes.h.inc"

using namespace mla;

namespace {

/// What the module allows to be spilled, by the names of storages, if it says so.
std::optional<std::set<std::string>> allowedSpills(ModuleOp module) {
  auto names = module->getAttrOfType<ArrayAttr>("afe.allowed_spills");
  if (!names)
    return std::nullopt;
  std::set<std::string> allowed;
  for (Attribute entry : names)
    if (auto name = dyn_cast<StringAttr>(entry))
      allowed.insert(name.str());
  return allowed;
}

struct PlanTilesPass : impl::PlanTilesPassBase<PlanTilesPass> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<sched::Options> options = solverOptions(getOperation(), effort, disable);
    if (failed(options))
      return signalPassFailure();
    for (SegmentOp segment : getOperation().getOps<SegmentOp>()) {
      FailureOr<std::unique_ptr<SegmentNetwork>> network = buildNetwork(segment);
      if (failed(network))
        return signalPassFailure();
      if (options->compress)
        sched::makeWeightCodes((*network)->network);
      sched::Plan plan;
      plan.options = *options;
      plan.allowedSpills = allowedSpills(getOperation());
      std::string error;
      if (!sched::planSegment((*network)->network, targetOf(segment), plan, error)) {
        segment.emitOpError() << "cannot be planned: " << error;
        return signalPassFailure();
      }
      layers += plan.mappings.size();
      spilled += std::count(plan.resident.begin(), plan.resident.end(), false);
      writePlan(segment, **network, plan);
      writeForecast(segment, **network, plan);
      writeDecisions(segment, plan);
    }
  }
};

struct PlaceBuffersPass : impl::PlaceBuffersPassBase<PlaceBuffersPass> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<sched::Options> options = solverOptions(getOperation(), effort, disable);
    if (failed(options))
      return signalPassFailure();
    for (SegmentOp segment : getOperation().getOps<SegmentOp>()) {
      FailureOr<std::unique_ptr<SegmentNetwork>> network = buildNetwork(segment);
      sched::Plan plan;
      plan.options = *options;
      if (failed(network) || failed(readPlan(segment, **network, plan, /*placed=*/false)))
        return signalPassFailure();
      std::string error;
      if (!sched::placeSegment((*network)->network, targetOf(segment), plan, error)) {
        segment.emitOpError() << "cannot be placed in L2: " << error;
        return signalPassFailure();
      }
      residentBytes += plan.stagingBase;
      writePlan(segment, **network, plan);
    }
  }
};

} // namespace
} // namespace afe

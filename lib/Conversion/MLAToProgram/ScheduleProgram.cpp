// --mla-schedule-program: placed segments become programs with start cycles and their figures.

#include "Conversion/MLAToProgram/Network.h"
#include "Conversion/MLAToProgram/Passes.h"
#include "Conversion/ProgramToIsa/ProgramToIsa.h"
#include "Scheduling/PackWeights.h"
#include "Scheduling/Schedule.h"
#include "Simulator/Stats.h"

using namespace mlir;

namespace afe {
#define GEN_PASS_DEF_SCHEDULEPROGRAMPASS
#include "Conversion/MLAToProgram/Passes.h.inc"

using namespace mla;

namespace {

/// Builds the nested dictionary of figures that the report is made from.
class StatsBuilder {
public:
  StatsBuilder(MLIRContext *context, const isa::Program &program, const sim::Stats &stats,
               const sched::LowerBound &bound, sched::WeightBytes weights)
      : b(context), program(program), stats(stats), bound(bound), weights(weights) {}

  DictionaryAttr build(ModuleOp module, ArrayAttr decisions) {
    auto desired = module->getAttrOfType<IntegerAttr>("afe.desired_batch");
    auto reason = module->getAttrOfType<StringAttr>("afe.batch_limit");
    return dict(
        {{"inputs", tensors(program.inputs)},
         {"outputs", tensors(program.outputs)},
         {"desired_batch", number(desired ? desired.getInt() : program.batch)},
         {"actual_batch", number(program.batch)},
         {"batch_limit_reason", reason ? reason : b.getStringAttr("")},
         {"cycles", cycles()},
         {"peaks", peaks()},
         {"weights", dict({{"raw", number(weights.raw)}, {"stored", number(weights.stored)}})},
         {"layers", layers()},
         {"decisions", decisions}});
  }

private:
  Attribute number(int64_t value) { return b.getI64IntegerAttr(value); }
  DictionaryAttr dict(ArrayRef<std::pair<StringRef, Attribute>> fields) {
    SmallVector<NamedAttribute> named;
    for (auto [name, value] : fields)
      named.push_back(b.getNamedAttr(name, value));
    return b.getDictionaryAttr(named);
  }

  Attribute tensors(const std::vector<isa::IoTensor> &list) {
    SmallVector<Attribute> result;
    for (const isa::IoTensor &io : list)
      result.push_back(dict({{"name", b.getStringAttr(io.name)},
                             {"scalar", b.getStringAttr(io.scalar)},
                             {"shape", b.getI64ArrayAttr(io.shape)},
                             {"layout", b.getStringAttr(io.layout)},
                             {"bytes", number(io.bytes)}}));
    return b.getArrayAttr(result);
  }

  Attribute cycles() {
    return dict({{"deterministic", number(stats.deterministic)},
                 {"busy", number(stats.busy)},
                 {"planned_wait", number(stats.plannedWait)},
                 {"stalls", number(stats.stalls)},
                 {"wall", number(stats.wall)},
                 {"lower_bound", number(bound.cycles())},
                 {"bound_terms", dict({{"mac", b.getF64FloatAttr(bound.mac)},
                                       {"output", b.getF64FloatAttr(bound.output)},
                                       {"vector", b.getF64FloatAttr(bound.vector)},
                                       {"dram", b.getF64FloatAttr(bound.dram)}})}});
  }

  /// Highest byte in use, per memory.
  Attribute peaks() {
    uint64_t l1 = 0, l2 = 0;
    for (const isa::Buffer &buffer : program.buffers) {
      uint64_t &peak = buffer.memory == isa::Memory::L1 ? l1 : l2;
      if (buffer.memory != isa::Memory::Dram)
        peak = std::max(peak, buffer.address + buffer.size);
    }
    return dict({{"L1", number(l1)}, {"L2", number(l2)}, {"DRAM", number(program.dramBytes)}});
  }

  /// Ordered by the end of the layer's last instruction.
  Attribute layers() {
    std::vector<size_t> order;
    for (size_t i = 0; i < program.layers.size(); ++i)
      if (stats.layers[i].end >= 0)
        order.push_back(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t x, size_t y) { return stats.layers[x].end < stats.layers[y].end; });
    SmallVector<Attribute> result;
    for (size_t i : order) {
      SmallVector<Attribute> sources;
      for (const std::string &source : program.layers[i].sources)
        sources.push_back(b.getStringAttr(source));
      result.push_back(dict({{"name", b.getStringAttr(program.layers[i].name)},
                             {"end", number(stats.layers[i].end)},
                             {"sources", b.getArrayAttr(sources)}}));
    }
    return b.getArrayAttr(result);
  }

  Builder b;
  const isa::Program &program;
  const sim::Stats &stats;
  const sched::LowerBound &bound;
  const sched::WeightBytes weights;
};

struct ScheduleProgramPass : impl::ScheduleProgramPassBase<ScheduleProgramPass> {
  using Base::Base;

  LogicalResult schedule(SegmentOp segment, const sched::Options &options) {
    FailureOr<std::unique_ptr<SegmentNetwork>> network = buildNetwork(segment);
    sched::Plan plan;
    plan.options = options;
    if (failed(network) || failed(readPlan(segment, **network, plan, /*placed=*/true)))
      return failure();
    if (options.compress)
      sched::makeWeightCodes((*network)->network);
    Target target = targetOf(segment);
    isa::Program program;
    std::string error;
    if (!sched::scheduleSegment((*network)->network, target, plan, program, error))
      return segment.emitOpError() << "cannot be scheduled: " << error;
    sim::Stats stats;
    if (!sim::computeStats(program, target, stats, error))
      return segment.emitOpError() << "has no timeline: " << error;
    sched::LowerBound bound = sched::lowerBound((*network)->network, target, options.compress);
    OpBuilder builder(segment);
    ProgramOp op = fromProgram(program, builder);
    op->setLoc(segment.getLoc());
    op->setAttr("stats", StatsBuilder(segment.getContext(), program, stats, bound, plan.weights)
                             .build(segment->getParentOfType<ModuleOp>(),
                                    finishedDecisions(segment, **network, plan, stats)));
    for (const auto &stream : program.streams)
      instructions += stream.size();
    requests += program.requests.size();
    segment.erase();
    return success();
  }

  void runOnOperation() override {
    FailureOr<sched::Options> options = solverOptions(getOperation(), effort, disable);
    if (failed(options))
      return signalPassFailure();
    for (SegmentOp segment : llvm::make_early_inc_range(getOperation().getOps<SegmentOp>()))
      if (failed(schedule(segment, *options)))
        return signalPassFailure();
  }
};

} // namespace
} // namespace afe

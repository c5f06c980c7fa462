// The decision trace as attributes: what the searches found, and, when the program is there, what
// came of it. Read by the report (python/afe/package/decisions.py); nothing is decided from it.

#include "Conversion/MLAToProgram/Network.h"
#include "Scheduling/Cascade.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

static constexpr const char *kDecisions = "decisions";
using Fields = SmallVector<std::pair<StringRef, Attribute>>;

static DictionaryAttr dict(Builder &b, ArrayRef<std::pair<StringRef, Attribute>> fields) {
  SmallVector<NamedAttribute> named;
  for (auto [name, value] : fields)
    named.push_back(b.getNamedAttr(name, value));
  return b.getDictionaryAttr(named);
}

static Attribute enginesAttr(const sched::EngineCycles &e, Builder &b) {
  auto number = [&](int64_t value) { return b.getI64IntegerAttr(value); };
  return dict(b, {{"dram", number(e.dram)},
                  {"load", number(e.load)},
                  {"tensor", number(e.tensor)},
                  {"output", number(e.output)},
                  {"vector", number(e.vector)},
                  {"store", number(e.store)}});
}

static Attribute candidateAttr(const sched::Candidate &candidate, Builder &b) {
  return dict(b, {{"mapping", mappingAttr(candidate.mapping, b)},
                  {"engines", enginesAttr(candidate.engines, b)}});
}

static Attribute cascadeAttr(const sched::CascadeTrace &trace, Builder &b) {
  auto number = [&](int64_t value) { return b.getI64IntegerAttr(value); };
  return dict(b, {{"cycles", number(trace.cycles)},
                  {"alone_cycles", number(trace.aloneCycles)},
                  {"engines", enginesAttr(trace.engines, b)},
                  {"tiles", number(trace.tiles)},
                  {"stages", number(trace.stages)},
                  {"constant_bytes", number(trace.constantBytes)},
                  {"slot_bytes", number(trace.slotBytes)},
                  {"slots", b.getI64ArrayAttr(trace.slots)}});
}

static Attribute endAttr(const sched::RunEnd &end, Builder &b) {
  return dict(b, {{"why", b.getStringAttr(sched::nameOf(end.why))},
                  {"detail", b.getStringAttr(end.detail)},
                  {"amount", b.getI64IntegerAttr(end.amount)},
                  {"limit", b.getI64IntegerAttr(end.limit)}});
}

void afe::writeDecisions(SegmentOp segment, const sched::Plan &plan) {
  Builder b(segment.getContext());
  SmallVector<Attribute> entries;
  for (const sched::LayerTrace &trace : plan.trace) {
    Fields fields;
    if (trace.alone)
      fields.push_back({"alone", candidateAttr(*trace.alone, b)});
    if (trace.runnerUp)
      fields.push_back({"runner_up", candidateAttr(*trace.runnerUp, b)});
    if (trace.cascade)
      fields.push_back({"cascade", cascadeAttr(*trace.cascade, b)});
    if (trace.end)
      fields.push_back({"end", endAttr(*trace.end, b)});
    entries.push_back(dict(b, fields));
  }
  segment->setAttr(kDecisions, b.getArrayAttr(entries));
}

namespace {

/// Writes down what became of each layer.
class DecisionWriter {
public:
  DecisionWriter(SegmentOp segment, const sched::Network &network, const sched::Plan &plan,
                 const sim::Stats &stats)
      : b(segment.getContext()), network(network), plan(plan), stats(stats),
        quads(targetOf(segment).quads),
        inL1(sched::storagesInL1(network, sched::TensorUses(network), plan.mappings)) {}

  /// `search`: the entry of the segment, or null. `first`: where the layer's run starts.
  Attribute layer(size_t index, size_t first, Attribute search) {
    const sched::Layer &layer = network.layers[index];
    SmallVector<StringRef> sources(layer.sources.begin(), layer.sources.end());
    const sim::LayerStats &run = stats.layers[index];
    Fields fields = {{"name", b.getStringAttr(layer.name)},
                     {"kind", b.getStringAttr(kindOf(layer))},
                     {"sources", b.getStrArrayAttr(sources)},
                     {"mapping", mappingAttr(plan.mappings[index], b)},
                     {"run", b.getI64IntegerAttr(first)},
                     {"tensors", tensors(layer)},
                     {"start", b.getI64IntegerAttr(run.start)},
                     {"end", b.getI64IntegerAttr(run.end)},
                     {"stalls", b.getI64IntegerAttr(run.stalls)},
                     {"engines", enginesAttr(occupied(run), b)}};
    if (search)
      fields.push_back({"search", search});
    return dict(b, fields);
  }

private:
  static StringRef kindOf(const sched::Layer &layer) {
    if (layer.kind == sched::Layer::Kind::Conv)
      return layer.conv.matmul      ? "matmul"
             : layer.conv.scaling   ? "scale"
             : layer.conv.depthwise ? "depthwise"
                                    : "convolution";
    return layer.kind == sched::Layer::Kind::Vector ? "vector" : "move";
  }

  /// Cycles in which an engine was busy, on average over the quads.
  sched::EngineCycles occupied(const sim::LayerStats &run) const {
    auto of = [&](isa::Engine engine) {
      return sched::ceilDiv(run.occupancy[size_t(engine)], quads);
    };
    return {0,
            of(isa::Engine::Load),
            of(isa::Engine::Tensor),
            of(isa::Engine::Output),
            of(isa::Engine::Vector),
            of(isa::Engine::Store)};
  }

  StringRef homeOf(int storage) const {
    if (network.storages[storage].kind == sched::Storage::Kind::Constant)
      return "constant";
    return plan.resident[storage] ? "L2" : inL1[storage] ? "L1" : "DRAM";
  }

  Attribute tensors(const sched::Layer &layer) {
    SmallVector<Attribute> list;
    auto add = [&](int tensor, StringRef role) {
      const sched::Tensor &t = network.tensors[tensor];
      list.push_back(
          dict(b, {{"name", b.getStringAttr(t.name)},
                   {"role", b.getStringAttr(role)},
                   {"bytes", b.getI64IntegerAttr(t.n * t.h * t.w * t.c * t.elementBytes())},
                   {"home", b.getStringAttr(homeOf(t.storage))}}));
    };
    for (int tensor : layer.inputs)
      add(tensor, "input");
    for (int tensor : layer.outputs)
      add(tensor, "output");
    return b.getArrayAttr(list);
  }

  Builder b;
  const sched::Network &network;
  const sched::Plan &plan;
  const sim::Stats &stats;
  const int64_t quads;
  const std::vector<bool> inL1;
};

} // namespace

ArrayAttr afe::finishedDecisions(SegmentOp segment, const SegmentNetwork &network,
                                 const sched::Plan &plan, const sim::Stats &stats) {
  auto searches = segment->getAttrOfType<ArrayAttr>(kDecisions);
  size_t count = network.network.layers.size();
  bool known = searches && searches.size() == count;
  DecisionWriter writer(segment, network.network, plan, stats);
  SmallVector<Attribute> entries;
  for (size_t i = 0, first = 0; i < count; ++i) {
    if (plan.mappings[i].cascade > 0)
      first = i;
    entries.push_back(
        writer.layer(i, first, known ? dyn_cast<DictionaryAttr>(searches[i]) : DictionaryAttr()));
  }
  return ArrayAttr::get(segment.getContext(), entries);
}

FailureOr<sched::Options> afe::solverOptions(Operation *op, StringRef effort,
                                             ArrayRef<std::string> disable) {
  sched::Options options;
  std::string error;
  if (!sched::parseOptions(effort.str(), {disable.begin(), disable.end()}, options, error)) {
    emitError(op->getLoc()) << error;
    return failure();
  }
  return options;
}

// A plan as attributes: `plan` on every layer operation, residency and addresses on the segment.

#include "Conversion/MLAToProgram/Network.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

/// The numbers of a mapping by name, in the order in which they are printed.
struct MappingField {
  const char *name;
  int64_t sched::Mapping::*member;
};
static constexpr MappingField kFields[] = {
    {"imageParts", &sched::Mapping::imageParts},
    {"rowParts", &sched::Mapping::rowParts},
    {"channelParts", &sched::Mapping::channelParts},
    {"tileImages", &sched::Mapping::tileImages},
    {"tileRows", &sched::Mapping::tileRows},
    {"tileCols", &sched::Mapping::tileCols},
    {"tileBlocks", &sched::Mapping::tileBlocks},
    {"inputChunks", &sched::Mapping::inputChunks},
    {"kernelChunks", &sched::Mapping::kernelChunks},
    {"cascade", &sched::Mapping::cascade},
    {"predictedCycles", &sched::Mapping::predictedCycles},
};
static constexpr const char *kChannelsOuter = "channelsOuter";

DictionaryAttr afe::mappingAttr(const sched::Mapping &m, mlir::Builder &b) {
  SmallVector<NamedAttribute> fields;
  for (const MappingField &field : kFields)
    fields.push_back(b.getNamedAttr(field.name, b.getI64IntegerAttr(m.*field.member)));
  fields.push_back(b.getNamedAttr(kChannelsOuter, b.getBoolAttr(m.channelsOuter)));
  return b.getDictionaryAttr(fields);
}

static bool fromAttr(DictionaryAttr attr, sched::Mapping &m) {
  for (const MappingField &field : kFields) {
    auto value = attr.getAs<IntegerAttr>(field.name);
    bool counts = field.member != &sched::Mapping::predictedCycles &&
                  field.member != &sched::Mapping::cascade;
    if (!value || value.getInt() < (counts ? 1 : 0))
      return false;
    m.*field.member = value.getInt();
  }
  auto outer = attr.getAs<BoolAttr>(kChannelsOuter);
  m.channelsOuter = outer && outer.getValue();
  return outer != nullptr;
}

void afe::writePlan(SegmentOp segment, const SegmentNetwork &network, const sched::Plan &plan) {
  mlir::Builder b(segment.getContext());
  SmallVector<Attribute> copies;
  for (auto [op, mapping] : llvm::zip(network.layerOps, plan.mappings)) {
    if (op)
      op->setAttr("plan", mappingAttr(mapping, b));
    else
      copies.push_back(mappingAttr(mapping, b));
  }
  segment->setAttr("copy_plans", b.getArrayAttr(copies));
  SmallVector<bool> resident(plan.resident.begin(), plan.resident.end());
  segment->setAttr("resident", b.getDenseBoolArrayAttr(resident));
  segment->setAttr("compress", b.getBoolAttr(plan.options.compress));
  if (!plan.l2Address.empty()) {
    segment->setAttr("l2_addresses", b.getDenseI64ArrayAttr(plan.l2Address));
    segment->setAttr("staging_base", b.getI64IntegerAttr(plan.stagingBase));
  }
}

void afe::writeForecast(SegmentOp segment, const SegmentNetwork &network, const sched::Plan &plan) {
  mlir::Builder b(segment.getContext());
  SmallVector<Attribute> spills;
  for (const sched::Spill &spill : plan.spills) {
    const sched::Storage &storage = network.network.storages[spill.storage];
    auto number = [&](int64_t value) { return b.getI64IntegerAttr(value); };
    spills.push_back(b.getDictionaryAttr({
        b.getNamedAttr("storage", b.getStringAttr(storage.name)),
        b.getNamedAttr("bytes", number(storage.bytes)),
        b.getNamedAttr("needed", number(spill.neededBytes)),
        b.getNamedAttr("layer", b.getStringAttr(network.network.layers[spill.layer].name)),
    }));
  }
  segment->setAttr("spills", b.getArrayAttr(spills));
  segment->setAttr("predicted_cycles", b.getI64IntegerAttr(plan.predictedCycles));
}

LogicalResult afe::readPlan(SegmentOp segment, const SegmentNetwork &network, sched::Plan &plan,
                            bool placed) {
  auto copies = segment->getAttrOfType<ArrayAttr>("copy_plans");
  size_t nextCopy = 0;
  for (Operation *op : network.layerOps) {
    DictionaryAttr attr;
    if (op)
      attr = op->getAttrOfType<DictionaryAttr>("plan");
    else if (copies && nextCopy < copies.size())
      attr = dyn_cast<DictionaryAttr>(copies[nextCopy++]);
    plan.mappings.emplace_back();
    if (!attr || !fromAttr(attr, plan.mappings.back()))
      return (op ? op : segment.getOperation())
          ->emitOpError("has no valid 'plan'; run --afe-phase-plan first");
  }
  if (auto compress = segment->getAttrOfType<BoolAttr>("compress"))
    plan.options.compress = plan.options.compress && compress.getValue();
  size_t storages = network.network.storages.size();
  auto resident = segment->getAttrOfType<DenseBoolArrayAttr>("resident");
  if (!resident || size_t(resident.size()) != storages)
    return segment.emitOpError("has no 'resident' entry for each of its ")
           << storages << " storages; run --afe-phase-plan first";
  plan.resident.assign(resident.asArrayRef().begin(), resident.asArrayRef().end());
  if (!placed)
    return success();
  auto addresses = segment->getAttrOfType<DenseI64ArrayAttr>("l2_addresses");
  auto base = segment->getAttrOfType<IntegerAttr>("staging_base");
  if (!addresses || size_t(addresses.size()) != storages || !base)
    return segment.emitOpError(
        "has no 'l2_addresses' and 'staging_base'; run --afe-phase-place first");
  plan.l2Address.assign(addresses.asArrayRef().begin(), addresses.asArrayRef().end());
  plan.stagingBase = base.getInt();
  Target target = targetOf(segment);
  for (size_t i = 0; i < storages; ++i)
    if (plan.resident[i] &&
        (plan.l2Address[i] < 0 ||
         plan.l2Address[i] + network.network.storages[i].bytes > target.l2_bytes))
      return segment.emitOpError("places storage ") << i << " outside of L2";
  if (plan.stagingBase < 0 || plan.stagingBase > target.l2_bytes)
    return segment.emitOpError("'staging_base' is outside of L2");
  return success();
}

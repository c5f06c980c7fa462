// A plan as attributes: `plan` on every layer operation, residency and addresses on the segment.

#include "Conversion/MLAToProgram/Network.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

/// The fields of a mapping by name, in the order in which they are printed.
#define FOR_EACH_MAPPING_FIELD(X)                                                                  \
  X(imageParts)                                                                                    \
  X(rowParts)                                                                                      \
  X(channelParts) X(tileImages) X(tileRows) X(tileCols) X(tileBlocks) X(channelsOuter)             \
      X(inputChunks) X(predictedCycles)

static DictionaryAttr toAttr(const sched::Mapping &m, mlir::Builder &b) {
  SmallVector<NamedAttribute> fields;
#define X(name) fields.push_back(b.getNamedAttr(#name, b.getI64IntegerAttr(m.name)));
  FOR_EACH_MAPPING_FIELD(X)
#undef X
  return b.getDictionaryAttr(fields);
}

static bool fromAttr(DictionaryAttr attr, sched::Mapping &m) {
  auto read = [&](StringRef name, auto &field) {
    auto value = attr.getAs<IntegerAttr>(name);
    if (!value || value.getInt() < 0)
      return false;
    field = value.getInt();
    return true;
  };
  bool ok = true;
#define X(name) ok = ok && read(#name, m.name);
  FOR_EACH_MAPPING_FIELD(X)
#undef X
  return ok && m.imageParts > 0 && m.rowParts > 0 && m.channelParts > 0 && m.tileImages > 0 &&
         m.tileRows > 0 && m.tileCols > 0 && m.tileBlocks > 0 && m.inputChunks > 0;
}

void afe::writePlan(SegmentOp segment, const SegmentNetwork &network, const sched::Plan &plan) {
  mlir::Builder b(segment.getContext());
  SmallVector<Attribute> copies;
  for (auto [op, mapping] : llvm::zip(network.layerOps, plan.mappings)) {
    if (op)
      op->setAttr("plan", toAttr(mapping, b));
    else
      copies.push_back(toAttr(mapping, b));
  }
  segment->setAttr("copy_plans", b.getArrayAttr(copies));
  SmallVector<bool> resident(plan.resident.begin(), plan.resident.end());
  segment->setAttr("resident", b.getDenseBoolArrayAttr(resident));
  if (!plan.l2Address.empty()) {
    segment->setAttr("l2_addresses", b.getDenseI64ArrayAttr(plan.l2Address));
    segment->setAttr("staging_base", b.getI64IntegerAttr(plan.stagingBase));
  }
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

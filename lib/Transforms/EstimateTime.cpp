// A rough time of the whole chain, before anything is planned: what placements are compared by.
// Every call of a segment pays for its work, for the bytes that enter and leave it, and, where the
// processor changes, for the handover.

#include "Conversion/TosaToA65/Cost.h"
#include "Target/Target.h"
#include "Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace afe {

#define GEN_PASS_DEF_ESTIMATETIMEPASS
#include "Transforms/Passes.h.inc"

namespace {

constexpr int64_t kLayerCycles = 300;    // filling and draining a layer's pipeline
constexpr int64_t kVectorOperations = 6; // of a vector layer, per element

double bytesOf(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped ? double(shaped.getNumElements()) * shaped.getElementTypeBitWidth() / 8 : 0;
}

class Estimator {
public:
  explicit Estimator(const Target &target) : target(target) {}

  double segment(Operation *segment) const {
    return isa<mla::SegmentOp>(segment) ? mlaCycles(segment) : hostSegmentCycles(segment);
  }

  /// Bytes through DRAM at the border of a call.
  double transfer(Operation *call) const {
    double bytes = 0;
    for (Type type : call->getOperandTypes())
      bytes += bytesOf(type);
    for (Type type : call->getResultTypes())
      bytes += bytesOf(type);
    return dramCycles(bytes);
  }

private:
  double dramCycles(double bytes) const { return bytes * 10 / target.dram_decibytes_per_cycle; }

  /// The busiest of the engines and of the DRAM (which fetches the constants), and the layers' fill
  /// and drain.
  double mlaCycles(Operation *segment) const {
    double macs = 0, values = 0, constants = 0;
    int64_t layers = 0;
    segment->walk([&](Operation *op) {
      if (isa<mla::ConstOp>(op))
        constants += bytesOf(op->getResult(0).getType());
      if (!isa<mla::MLADialect>(op->getDialect()) || isa<mla::ConstOp>(op) ||
          op->getParentOp() != segment || op->getNumResults() == 0)
        return;
      ++layers;
      double results = bytesOf(op->getResult(0).getType());
      if (isa<mla::Conv2DOp, mla::TransposeConv2DOp>(op))
        macs += results * bytesOf(op->getOperand(1).getType()) /
                cast<ShapedType>(op->getResult(0).getType()).getShape().back();
      if (isa<mla::VectorOp>(op))
        values += results * kVectorOperations;
    });
    double array = macs / (target.quads * target.tiles * target.tile_inputs * target.tile_outputs);
    double vector = values / (target.quads * target.vector_lanes);
    return std::max({array, vector, dramCycles(constants)}) + double(layers) * kLayerCycles;
  }

  double hostSegmentCycles(Operation *segment) const {
    double cycles = 0;
    for (Operation &op : segment->getRegion(0).front())
      cycles += double(hostCycles(&op));
    return cycles * double(target.clock_mhz) / double(target.host_clock_mhz);
  }

  const Target &target;
};

struct EstimateTimePass : impl::EstimateTimePassBase<EstimateTimePass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto func = module.lookupSymbol<func::FuncOp>("main");
    if (!func || func.isDeclaration())
      return;
    auto attr = module->getAttrOfType<mla::TargetAttr>(mla::kTargetAttrName);
    Target target = attr ? mla::toTarget(attr) : Target();
    Estimator estimator(target);
    Builder builder(&getContext());
    SmallVector<NamedAttribute> segments;
    double total = 0;
    Operation *before = nullptr;
    for (Operation &op : func.getBody().front()) {
      auto callee = op.getAttrOfType<FlatSymbolRefAttr>("callee");
      if (!callee)
        continue;
      double cycles = estimator.segment(module.lookupSymbol(callee)) + estimator.transfer(&op);
      if (before)
        cycles += double(target.host_handover_cycles);
      before = &op;
      total += cycles;
      segments.push_back(
          builder.getNamedAttr(callee.getValue(), builder.getI64IntegerAttr(int64_t(cycles))));
    }
    module->setAttr("afe.estimate",
                    builder.getDictionaryAttr(
                        {builder.getNamedAttr("total", builder.getI64IntegerAttr(int64_t(total))),
                         builder.getNamedAttr("segments", builder.getDictionaryAttr(segments))}));
  }
};

} // namespace
} // namespace afe

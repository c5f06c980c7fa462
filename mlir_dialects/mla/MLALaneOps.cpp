// Verifiers of the lane operations. The labels (C1)… are those of their descriptions.

#include "mla/MLAVerify.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

// (C1) of the shifts
static LogicalResult verifyShift(Operation *op, Value amount) {
  auto constant = amount.getDefiningOp<VConstOp>();
  auto value = constant ? dyn_cast<IntegerAttr>(constant.getValue()) : IntegerAttr();
  return value ? verifyInRange(op, "shift amount", value.getInt(), {0, 31}) : success();
}

LogicalResult VShlOp::verify() { return verifyShift(*this, getB()); }
LogicalResult VShrOp::verify() { return verifyShift(*this, getB()); }
LogicalResult VLshrOp::verify() { return verifyShift(*this, getB()); }

LogicalResult VMulShiftOp::verify() {
  return verifyInRange(*this, "shift", static_cast<int32_t>(getShift()), {0, 62}); // (C1)
}

LogicalResult VClampOp::verify() {
  auto lo = static_cast<int32_t>(getLo()), hi = static_cast<int32_t>(getHi());
  if (lo > hi) // (C1)
    return emitOpError() << "clamp range is empty: lo " << lo << " > hi " << hi;
  return success();
}

// (C1) of the rescales
static LogicalResult verifyRescaleMode(Operation *op, RequantMode mode) {
  if (mode != RequantMode::none)
    return success();
  return op->emitOpError() << "has mode none, expected double, single or f32_rne";
}

LogicalResult VRescaleOp::verify() {
  if (failed(verifyRescaleMode(*this, getMode())))
    return failure();
  if (getMode() == RequantMode::f32_rne)
    return success();
  return verifyInRange(*this, "shift", static_cast<int32_t>(getShift()), kShiftRange); // (C2)
}

LogicalResult VRescaleChannelOp::verify() { return verifyRescaleMode(*this, getMode()); }

// (C1) of the tables
static LogicalResult verifyTable(Operation *op, size_t entries, size_t expected) {
  if (entries == expected)
    return success();
  return op->emitOpError() << "table has " << entries << " entries, expected " << expected;
}

LogicalResult VTable8Op::verify() { return verifyTable(*this, getTable().size(), 256); }
LogicalResult VTable32Op::verify() { return verifyTable(*this, getTable().size(), 256); }
LogicalResult VTable16Op::verify() { return verifyTable(*this, getTable().size(), 513); }

LogicalResult VReduceOp::verify() {
  bool isFloat = getA().getType().isF32(), overPixels = getAxis() == ReduceAxis::pixels;
  bool exists = getKind() == ReduceKind::sum ||
                (getKind() == ReduceKind::max && !(isFloat && overPixels)) ||
                (getKind() == ReduceKind::argmax && !isFloat && !overPixels);
  if (!exists) // (C1)
    return emitOpError() << "there is no micro-operation for " << stringifyReduceKind(getKind())
                         << " over " << stringifyReduceAxis(getAxis()) << " of "
                         << getA().getType();
  return success();
}

LogicalResult VGatherBilinearOp::verify() {
  return verifyInRange(*this, "fraction_bits", static_cast<int32_t>(getFractionBits()), // (C1)
                       {0, 11});
}

LogicalResult VGatherLinearOp::verify() {
  return verifyInRange(*this, "fraction_bits", static_cast<int32_t>(getFractionBits()), // (C1)
                       {0, 11});
}

// Recognises lane operations that fold into loads, stores and resizes; see FusedForms.h.

#include "Conversion/MLAToProgram/FusedForms.h"

using namespace mlir;

namespace afe {
namespace {

std::optional<int64_t> integerConstant(Value lane) {
  auto constant = lane.getDefiningOp<mla::VConstOp>();
  auto number = constant ? dyn_cast<IntegerAttr>(constant.getValue()) : IntegerAttr();
  return number ? std::optional(number.getInt()) : std::nullopt;
}

/// The shift to the right by a constant that rounds half up and alone uses `lane`.
mla::VShrOp roundingShift(Value lane) {
  if (!lane.hasOneUse())
    return {};
  auto shift = dyn_cast<mla::VShrOp>(*lane.user_begin());
  auto amount = shift && shift.getA() == lane ? integerConstant(shift.getB()) : std::nullopt;
  return amount && shift.getRound() && *amount >= 1 && *amount <= 30 ? shift : mla::VShrOp();
}

/// sum + (sum >> 31), the only use of `sum`: ties of a rounding shift behind it go away from zero.
mla::VAddOp lessOneIfNegative(Value sum, mla::VShrOp &sign) {
  mla::VAddOp add;
  for (Operation *user : sum.getUsers()) {
    if (auto shift = dyn_cast<mla::VShrOp>(user);
        shift && !shift.getRound() && integerConstant(shift.getB()) == 31)
      sign = shift;
    else
      add = dyn_cast<mla::VAddOp>(user);
  }
  bool matches = sign && add && llvm::range_size(sum.getUses()) == 2 && sign->hasOneUse() &&
                 add.getA() == sum && add.getB() == sign.getResult();
  return matches ? add : mla::VAddOp();
}

} // namespace

FusedForms::FusedForms(mla::VectorOp op) {
  Block &body = op.getBody().front();
  for (Operation &lane : body.without_terminator())
    if (isa<mla::VGatherBilinearOp, mla::VGatherLinearOp>(lane))
      findRounding(lane);
  for (Value result : body.getTerminator()->getOperands())
    if (mla::VClampOp clamp = clampOfStore(result)) {
      absorbed.insert(clamp);
      stored.insert(clamp.getA());
    }
  for (Operation &lane : body.without_terminator())
    if (isa<mla::VConstOp>(lane) && !isStored(lane.getResult(0)) &&
        llvm::all_of(lane.getUsers(),
                     [&](Operation *user) { return isAbsorbed(user) || centredLoad(user); }))
      absorbed.insert(&lane);
}

void FusedForms::findRounding(Operation &gather) {
  Value sum = gather.getResult(0);
  mla::VShrOp sign;
  if (mla::VShrOp shift = roundingShift(sum)) {
    roundings[sum] = {1, static_cast<int32_t>(*integerConstant(shift.getB())), shift};
    absorbed.insert(shift);
  } else if (mla::VAddOp add = lessOneIfNegative(sum, sign)) {
    mla::VShrOp away = roundingShift(add);
    if (!away)
      return;
    roundings[sum] = {2, static_cast<int32_t>(*integerConstant(away.getB())), away};
    for (Operation *part : {sign.getOperation(), add.getOperation(), away.getOperation()})
      absorbed.insert(part);
  }
}

std::optional<CentredLoad> FusedForms::centredLoad(Operation *lane) const {
  if (!isa<mla::VSubOp, mla::VAddOp>(lane) || !lane->getResult(0).getType().isInteger(32))
    return std::nullopt;
  auto argument = dyn_cast<BlockArgument>(lane->getOperand(0));
  auto constant = integerConstant(lane->getOperand(1));
  if (!argument || !constant)
    return std::nullopt;
  auto zp = static_cast<int32_t>(*constant);
  // Both wrap at 32 bits.
  return CentredLoad{argument.getArgNumber(),
                     isa<mla::VSubOp>(lane) ? zp : static_cast<int32_t>(-uint32_t(zp))};
}

mla::VClampOp FusedForms::clampOfStore(Value result) const {
  auto clamp = result.getDefiningOp<mla::VClampOp>();
  return clamp && clamp->hasOneUse() ? clamp : mla::VClampOp();
}

} // namespace afe

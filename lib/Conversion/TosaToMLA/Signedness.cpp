// Moves the change from int8 to uint8 at a model's results into the layer that produces the tensor:
// the same bits with the top one flipped, that is, zero point and clamp plus 128.

#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/Lowering.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace afe {
namespace {

/// The table with the top bit of every entry flipped.
DenseI8ArrayAttr flipped(DenseI8ArrayAttr table) {
  auto entries = llvm::map_to_vector(
      table.asArrayRef(), [](int8_t entry) { return static_cast<int8_t>(entry ^ -128); });
  return DenseI8ArrayAttr::get(table.getContext(), entries);
}

mla::RequantAttr plus128(mla::RequantAttr attr) {
  return mla::RequantAttr::get(attr.getContext(), attr.getMode(), attr.getMultipliers(),
                               attr.getShifts(), attr.getZp() + 128, attr.getLo() + 128,
                               attr.getHi() + 128);
}

mla::ResidualAttr plus128(mla::ResidualAttr attr) {
  return mla::ResidualAttr::get(
      attr.getContext(), attr.getMode(), attr.getSelfZp(), attr.getSelfMultiplier(),
      attr.getSelfShift(), attr.getResidualZp(), attr.getResidualMultiplier(),
      attr.getResidualShift(), attr.getSumMultiplier(), attr.getSumShift(), attr.getSumZp() + 128,
      attr.getLeftShift(), attr.getLo() + 128, attr.getHi() + 128, attr.getSelfTable());
}

/// The same for the last steps of a vector program: clamp(x + c) becomes clamp'(x + (c + 128)).
bool makeUnsigned(mla::VectorOp layer) {
  Operation *yield = layer.getBody().front().getTerminator();
  auto clamp = yield->getOperand(0).getDefiningOp<mla::VClampOp>();
  if (layer.getOutputs().size() != 1 || !clamp || !clamp->hasOneUse())
    return false;
  OpBuilder b(clamp);
  auto plus = [&](IntegerAttr attr) { return b.getI32IntegerAttr(int32_t(attr.getInt()) + 128); };
  Value x = clamp.getA();
  auto add = x.getDefiningOp<mla::VAddOp>();
  auto zp = add ? add.getB().getDefiningOp<mla::VConstOp>() : mla::VConstOp();
  if (auto rescale = x.getDefiningOp<mla::VRescaleOp>(); rescale && x.hasOneUse()) {
    rescale.setZpAttr(plus(rescale.getZpAttr()));
  } else {
    // x + c + 128 wraps where x + c does not only for sums no 8-bit program reaches.
    Value constant = mla::VConstOp::create(b, clamp.getLoc(), x.getType(),
                                           zp ? plus(cast<IntegerAttr>(zp.getValue()))
                                              : b.getI32IntegerAttr(128));
    clamp->setOperand(
        0, mla::VAddOp::create(b, clamp.getLoc(), x.getType(), zp ? add.getA() : x, constant));
  }
  clamp.setLoAttr(plus(clamp.getLoAttr()));
  clamp.setHiAttr(plus(clamp.getHiAttr()));
  for (Value dead : {x, zp ? zp.getResult() : Value()})
    if (dead && dead.use_empty() && dead.getDefiningOp())
      dead.getDefiningOp()->erase();
  return true;
}

/// Changes the last step of the epilogue; false where the accumulator leaves raw.
bool makeUnsigned(Operation *layer) {
  if (auto vector = dyn_cast<mla::VectorOp>(layer))
    return makeUnsigned(vector);
  auto requant = layer->getAttrOfType<mla::RequantAttr>("requant");
  if (!requant || requant.getMode() == mla::RequantMode::none)
    return false;
  if (auto table = layer->getAttrOfType<DenseI8ArrayAttr>("table"))
    layer->setAttr("table", flipped(table));
  else if (auto residual = layer->getAttrOfType<mla::ResidualAttr>("residual_add"))
    layer->setAttr("residual_add", plus128(residual));
  else
    layer->setAttr("requant", plus128(requant));
  return true;
}

} // namespace

void foldSignedness(func::FuncOp func) {
  SmallVector<tosa::RescaleOp> rescales(func.getBody().front().getOps<tosa::RescaleOp>());
  for (tosa::RescaleOp rescale : rescales) {
    Value input = rescale.getInput();
    Operation *layer = input.getDefiningOp();
    if (signednessShift(rescale) != 128 || !input.hasOneUse() ||
        !isa_and_nonnull<mla::Conv2DOp, mla::DepthwiseConv2DOp, mla::TransposeConv2DOp,
                         mla::MatmulOp, mla::VectorOp>(layer) ||
        !makeUnsigned(layer))
      continue;
    input.setType(rescale.getType());
    rescale.replaceAllUsesWith(input);
    rescale.erase();
  }
}

} // namespace afe

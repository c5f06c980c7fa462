// Moves the change from int8 to uint8 at a model's results into the layer that produces the tensor:
// the same bits with the top one flipped, that is, zero point and clamp plus 128. And has vector
// programs whose results matrix products alone read leave them as uint8 where that spares adding
// the zero point.

#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/LaneRanges.h"
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
    IntegerAttr c = zp ? plus(cast<IntegerAttr>(zp.getValue())) : b.getI32IntegerAttr(128);
    Value sum = zp ? add.getA() : x;
    if (c.getInt() != 0)
      sum = mla::VAddOp::create(b, clamp.getLoc(), x.getType(), sum,
                                mla::VConstOp::create(b, clamp.getLoc(), x.getType(), c));
    clamp->setOperand(0, sum);
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

/// The values in front of which nothing but reshapes stands, `value` included, and the products
/// that read them from the left; false where anything else reads one.
bool onlyMultiplied(Value value, SmallVectorImpl<Value> &values,
                    SmallVectorImpl<mla::MatmulOp> &products) {
  values.push_back(value);
  return llvm::all_of(value.getUses(), [&](OpOperand &use) {
    if (auto reshape = dyn_cast<tosa::ReshapeOp>(use.getOwner()))
      return onlyMultiplied(reshape.getOutput(), values, products);
    auto product = dyn_cast<mla::MatmulOp>(use.getOwner());
    if (product)
      products.push_back(product);
    return product && use.getOperandNumber() == 0 && product.getLhs() != product.getRhs();
  });
}

/// Leaves out the addition of the lowest zero point, -128, at the end of a program: what it yields
/// is uint8 then. False where there is none.
bool dropLowestZeroPoint(mla::VectorOp layer) {
  Operation *yield = layer.getBody().front().getTerminator();
  Value last = yield->getOperand(0);
  auto clamp = last.getDefiningOp<mla::VClampOp>();
  auto add = (clamp ? clamp.getA() : last).getDefiningOp<mla::VAddOp>();
  if (!add || !add->hasOneUse() || !add.getType().isInteger(32) ||
      constantLane(add.getB()) != std::optional<int64_t>(-128))
    return false;
  if (clamp)
    return makeUnsigned(layer);
  std::optional<LaneRange> range = laneRange(add.getA(), layer);
  if (!range || !range->within(0, 255))
    return false;
  yield->setOperand(0, add.getA());
  add.erase();
  return true;
}

void multiplyUnsigned(mla::VectorOp layer) {
  SmallVector<Value> values;
  SmallVector<mla::MatmulOp> products;
  if (layer.getOutputs().size() != 1 ||
      !getElementTypeOrSelf(layer.getOutputs()[0].getType()).isSignlessInteger(8) ||
      !onlyMultiplied(layer.getOutputs()[0], values, products) || products.empty() ||
      !dropLowestZeroPoint(layer))
    return;
  auto byte = IntegerType::get(layer.getContext(), 8, IntegerType::Unsigned);
  for (Value value : values)
    value.setType(cast<RankedTensorType>(value.getType()).clone(byte));
  for (mla::MatmulOp product : products)
    product.setLhsZp(product.getLhsZp() + 128);
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
  for (mla::VectorOp vector : func.getBody().front().getOps<mla::VectorOp>())
    multiplyUnsigned(vector);
}

} // namespace afe

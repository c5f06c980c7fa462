// Builders of linalg operations on tensors.

#include "Conversion/A65ToLLVM/Lowering.h"

using namespace mlir;

namespace afe::a65 {

RankedTensorType resultType(Operation *op) {
  return cast<RankedTensorType>(op->getResult(0).getType());
}

/// Reads `input` at the index of a result of `type`: dimensions are matched from the last one on.
static AffineMap broadcastMap(RankedTensorType input, RankedTensorType type) {
  MLIRContext *context = type.getContext();
  SmallVector<AffineExpr> exprs;
  int64_t shift = type.getRank() - input.getRank();
  for (int64_t dim = 0; dim < input.getRank(); ++dim)
    exprs.push_back(input.getDimSize(dim) == 1 && type.getDimSize(dim + shift) != 1
                        ? getAffineConstantExpr(0, context)
                        : getAffineDimExpr(dim + shift, context));
  return AffineMap::get(type.getRank(), 0, exprs, context);
}

Value TensorBuilder::generic(Value init, ValueRange inputs, ArrayRef<AffineMap> maps,
                             int64_t numParallel, Body body) {
  SmallVector<utils::IteratorType> iterators(maps.front().getNumDims(),
                                             utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), numParallel, utils::IteratorType::parallel);
  bool reduces = numParallel != int64_t(iterators.size());
  auto build = [&](OpBuilder &builder, Location, ValueRange scalars) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(builder.getInsertionBlock(), builder.getInsertionPoint());
    Value result = body(*this, reduces ? scalars : scalars.drop_back());
    linalg::YieldOp::create(b, loc, result);
  };
  return linalg::GenericOp::create(b, loc, init.getType(), inputs, init, maps, iterators, build)
      .getResult(0);
}

Value TensorBuilder::elementwise(RankedTensorType type, ValueRange inputs, Body body) {
  SmallVector<AffineMap> maps;
  for (Value input : inputs)
    maps.push_back(broadcastMap(cast<RankedTensorType>(input.getType()), type));
  maps.push_back(b.getMultiDimIdentityMap(type.getRank()));
  return generic(empty(type), inputs, maps, type.getRank(), std::move(body));
}

Value TensorBuilder::reduceLast(Value input, Value start, Body body) {
  auto type = cast<RankedTensorType>(input.getType());
  int64_t rank = type.getRank();
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = 1;
  AffineMap whole = b.getMultiDimIdentityMap(rank);
  SmallVector<AffineExpr> kept(whole.getResults());
  kept.back() = b.getAffineConstantExpr(0);
  Value init = filled(RankedTensorType::get(shape, start.getType()), start);
  AffineMap result = AffineMap::get(rank, 0, kept, b.getContext());
  return generic(init, input, {whole, result}, rank - 1, std::move(body));
}

Value TensorBuilder::empty(RankedTensorType type) {
  return tensor::EmptyOp::create(b, loc, type.getShape(), type.getElementType());
}

Value TensorBuilder::filled(RankedTensorType type, Value value) {
  return linalg::FillOp::create(b, loc, value, empty(type)).getResult(0);
}

Value TensorBuilder::i32Table(ArrayRef<int64_t> shape, ArrayRef<int32_t> values) {
  auto type = RankedTensorType::get(shape, b.getI32Type());
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, values));
}

Value TensorBuilder::f32Table(ArrayRef<int64_t> shape, ArrayRef<float> values) {
  auto type = RankedTensorType::get(shape, b.getF32Type());
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, values));
}

Value TensorBuilder::i32(int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(static_cast<int32_t>(value)));
}

Value TensorBuilder::f32(float value) {
  return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
}

Value TensorBuilder::zero(Type type) {
  return arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
}

Value TensorBuilder::widen(Value value, bool isUnsigned) {
  if (value.getType().isInteger(32))
    return value;
  if (isUnsigned)
    return arith::ExtUIOp::create(b, loc, b.getI32Type(), value);
  return arith::ExtSIOp::create(b, loc, b.getI32Type(), value);
}

Value TensorBuilder::index(Value value) {
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), widen(value));
}

} // namespace afe::a65

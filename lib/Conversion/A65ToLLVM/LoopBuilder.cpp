// Loops on buffers; see LoopBuilder.h.

#include "Conversion/A65ToLLVM/LoopBuilder.h"

using namespace mlir;

namespace afe::a65 {

Value LoopBuilder::allocate(ArrayRef<int64_t> shape, Type element) {
  return memref::AllocOp::create(b, loc, MemRefType::get(shape, element));
}

Value LoopBuilder::bufferOf(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto buffer = MemRefType::get(type.getShape(), type.getElementType());
  return bufferization::ToBufferOp::create(b, loc, buffer, tensor, /*read_only=*/true);
}

Value LoopBuilder::tensorOf(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  auto tensor = RankedTensorType::get(type.getShape(), type.getElementType());
  return bufferization::ToTensorOp::create(b, loc, tensor, buffer, /*restrict=*/true);
}

Value LoopBuilder::load(Value buffer, ValueRange indices) {
  return memref::LoadOp::create(b, loc, buffer, indices);
}

void LoopBuilder::store(Value value, Value buffer, ValueRange indices) {
  memref::StoreOp::create(b, loc, value, buffer, indices);
}

void LoopBuilder::fill(Value buffer, Value value) { linalg::FillOp::create(b, loc, value, buffer); }

Value LoopBuilder::index(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

Value LoopBuilder::f32(float value) {
  return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
}

Value LoopBuilder::f64(double value) {
  return arith::ConstantOp::create(b, loc, b.getF64FloatAttr(value));
}

Value LoopBuilder::widen(Value value) { return make<arith::ExtFOp>(b.getF64Type(), value); }

Value LoopBuilder::narrow(Value value) { return make<arith::TruncFOp>(b.getF32Type(), value); }

Value LoopBuilder::toFloat(Value index) {
  Value integer = make<arith::IndexCastOp>(b.getI32Type(), index);
  return make<arith::SIToFPOp>(b.getF32Type(), integer);
}

void LoopBuilder::forEach(Value count, llvm::function_ref<void(Value)> body) {
  fold(count, {}, [&](Value i, ValueRange) {
    body(i);
    return SmallVector<Value>();
  });
}

SmallVector<Value> LoopBuilder::fold(Value count, ValueRange start, Step step) {
  auto loop = scf::ForOp::create(b, loc, index(0), count, index(1), start);
  OpBuilder::InsertionGuard guard(b);
  // Without carried values the loop is made with its terminator.
  if (start.empty())
    b.setInsertionPoint(loop.getBody()->getTerminator());
  else
    b.setInsertionPointToEnd(loop.getBody());
  SmallVector<Value> carried = step(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!start.empty())
    scf::YieldOp::create(b, loc, carried);
  return SmallVector<Value>(loop.getResults());
}

void LoopBuilder::when(Value condition, llvm::function_ref<void()> body) {
  auto branch = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(branch.thenYield());
  body();
}

} // namespace afe::a65

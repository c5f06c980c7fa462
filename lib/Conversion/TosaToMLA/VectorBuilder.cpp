// Builds vector programs; see VectorBuilder.h.

#include "Conversion/TosaToMLA/VectorBuilder.h"

#include "Conversion/TosaToMLA/LaneTables.h"

using namespace mlir;

namespace afe {

int64_t microOps(mla::VectorOp op) {
  return llvm::range_size(op.getBody().front()) - 1 + op.getInputs().size() +
         op.getOutputs().size();
}

VectorBuilder::VectorBuilder(MLIRContext *context, Location loc)
    : loc(loc), builder(context), body(std::make_unique<Block>()) {
  builder.setInsertionPointToEnd(body.get());
}

VectorBuilder::~VectorBuilder() {
  if (body)
    body->dropAllReferences();
}

Value VectorBuilder::input(Value tensor) {
  for (auto [index, known] : llvm::enumerate(tensors))
    if (known == tensor)
      return body->getArgument(index);
  tensors.push_back(tensor);
  bool isFloat = getElementTypeOrSelf(tensor.getType()).isF32();
  return body->addArgument(isFloat ? Type(builder.getF32Type()) : Type(builder.getI32Type()), loc);
}

Value VectorBuilder::constant(TypedAttr attr) {
  Value &value = constants[attr];
  if (!value) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(body.get());
    value = mla::VConstOp::create(builder, loc, attr.getType(), attr);
  }
  return value;
}

Value VectorBuilder::i32(int64_t value) { return constant(builder.getI32IntegerAttr(value)); }
Value VectorBuilder::f32(float value) { return constant(builder.getF32FloatAttr(value)); }

Value VectorBuilder::addConstant(Value a, int64_t value) { return value ? add(a, i32(value)) : a; }
Value VectorBuilder::subConstant(Value a, int64_t value) { return value ? sub(a, i32(value)) : a; }

Value VectorBuilder::clamp(Value a, int64_t lo, int64_t hi) {
  // A clamp of a clamp is one clamp; the inner one disappears if nothing else uses it.
  if (auto inner = a.getDefiningOp<mla::VClampOp>()) {
    int64_t innerLo = static_cast<int32_t>(inner.getLo()),
            innerHi = static_cast<int32_t>(inner.getHi());
    lo = std::clamp(lo, innerLo, innerHi);
    hi = std::clamp(hi, innerLo, innerHi);
    a = inner.getA();
  }
  return same<mla::VClampOp>(a, builder.getI32IntegerAttr(lo), builder.getI32IntegerAttr(hi));
}

Value VectorBuilder::rescale(Value a, mla::RequantMode mode, int32_t multiplier, int32_t shift,
                             int64_t zp) {
  return mla::VRescaleOp::create(builder, loc, a.getType(), a, mode, multiplier, shift,
                                 static_cast<uint32_t>(zp));
}

Value VectorBuilder::compare(mla::ComparePredicate predicate, Value a, Value b) {
  return mla::VCmpOp::create(builder, loc, builder.getI32Type(), predicate, a, b);
}

Value VectorBuilder::select(Value condition, Value a, Value b) {
  return mla::VSelectOp::create(builder, loc, a.getType(), condition, a, b);
}

Value VectorBuilder::toInt(Value a, mla::FloatRounding rounding) {
  return mla::VFloatToIntOp::create(builder, loc, builder.getI32Type(), a, rounding);
}

Value VectorBuilder::reduce(mla::ReduceKind kind, mla::ReduceAxis axis, Value a) {
  Type type = kind == mla::ReduceKind::argmax ? Type(builder.getI32Type()) : a.getType();
  return mla::VReduceOp::create(builder, loc, type, kind, axis, a);
}

void VectorBuilder::dropUnusedInputs() {
  for (int index = tensors.size() - 1; index >= 0; --index)
    if (body->getArgument(index).use_empty()) {
      body->eraseArgument(index);
      tensors.erase(tensors.begin() + index);
    }
}

static void eraseDeadLanes(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (op.use_empty() && !isa<mla::VYieldOp>(op))
      op.erase();
}

bool VectorBuilder::close(ValueRange results) {
  mla::VYieldOp::create(builder, loc, results);
  eraseDeadLanes(*body);
  foldTables(*body, tensors);
  eraseDeadLanes(*body);
  bool windowed = llvm::any_of(*body, [](Operation &op) { return readsWholeOperand(&op); });
  if (!windowed)
    dropUnusedInputs();
  int64_t microOps = tensors.size() + results.size();
  for (Operation &op : body->without_terminator()) {
    if (!isa<mla::MLADialect>(op.getDialect()))
      return false; // a function that only a table can compute
    ++microOps;
  }
  return microOps <= kMaxMicroOps && int64_t(tensors.size()) <= kMaxVectorInputs &&
         int64_t(results.size()) <= kMaxVectorOutputs;
}

mla::VectorOp VectorBuilder::create(OpBuilder &at, TypeRange outputs, mla::WindowAttr window) {
  auto op = mla::VectorOp::create(at, loc, outputs, tensors, window, StringAttr());
  op.getBody().push_back(body.release());
  return op;
}

} // namespace afe

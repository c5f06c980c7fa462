// Concatenation, slices, padding, reshapes and transposes of 8-bit tensors as data operations. What
// stands at the edges of the model (between an argument or a result and the first or last layer) is
// left for the EV74, which converts layouts on the way.

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Edges.h"
#include "Conversion/TosaToMLA/Lowering.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace afe {
namespace {

/// Tensors that a data operation may move: 8 bits, or 16 and 32 bits between layers.
bool isMovable(Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || type.getRank() > 4 || type.getRank() < 1)
    return false;
  Type element = type.getElementType();
  if (element.isInteger(8) || element.isUnsignedInteger(8))
    return true;
  return (element.isInteger(16) || element.isInteger(32) || element.isF32()) &&
         llvm::all_of(op->getUsers(),
                      [](Operation *user) { return isa<mla::MLADialect>(user->getDialect()); });
}

class DataLowering {
public:
  explicit DataLowering(ConstantPool &constants) : constants(constants) {}

  Value lower(tosa::ConcatOp op);
  Value lower(tosa::SliceOp op);
  Value lower(tosa::PadOp op);
  Value lower(tosa::ReshapeOp op);
  Value lower(tosa::TransposeOp op);
  Value lower(tosa::TileOp op);

private:
  /// An operand as a layer sees it; null where its rank is too large.
  Value operand(Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || type.getRank() > 4 || type.getRank() < 1)
      return {};
    ElementsAttr elements = constantOf(value);
    return elements ? constants.get(value.getLoc(), elements) : value;
  }
  ConstantPool &constants;
};

Value DataLowering::lower(tosa::ConcatOp op) {
  SmallVector<Value> inputs;
  for (Value value : op.getInput1())
    inputs.push_back(operand(value));
  if (llvm::is_contained(inputs, Value()))
    return {};
  OpBuilder b(op);
  return mla::ConcatOp::create(b, op.getLoc(), op.getType(), inputs,
                               static_cast<uint64_t>(op.getAxis()), StringAttr());
}

Value DataLowering::lower(tosa::SliceOp op) {
  auto start = readShape(op.getStart()), size = readShape(op.getSize());
  Value input = operand(op.getInput1());
  if (!start || !size || !input)
    return {};
  OpBuilder b(op);
  return mla::SliceOp::create(b, op.getLoc(), op.getType(), input, *start, *size,
                              DenseI64ArrayAttr(), StringAttr());
}

Value DataLowering::lower(tosa::PadOp op) {
  auto amounts = readShape(op.getPadding());
  auto value = scalarInt(op.getPadConst());
  Value input = operand(op.getInput1());
  if (!amounts || !value || !input)
    return {};
  SmallVector<int64_t> low, high;
  for (size_t dim = 0; dim + 1 < amounts->size(); dim += 2) {
    low.push_back((*amounts)[dim]);
    high.push_back((*amounts)[dim + 1]);
  }
  OpBuilder b(op);
  return mla::PadOp::create(b, op.getLoc(), op.getType(), input, low, high,
                            static_cast<uint32_t>(*value), StringAttr());
}

Value DataLowering::lower(tosa::ReshapeOp op) {
  Value input = operand(op.getInput1());
  OpBuilder b(op);
  return input ? Value(mla::ReshapeOp::create(b, op.getLoc(), op.getType(), input, StringAttr()))
               : Value();
}

Value DataLowering::lower(tosa::TransposeOp op) {
  Value input = operand(op.getInput1());
  if (!input)
    return {};
  OpBuilder b(op);
  SmallVector<int64_t> perms(op.getPerms().begin(), op.getPerms().end());
  // Moving dimensions of size 1 moves no data.
  auto shape = cast<RankedTensorType>(input.getType()).getShape();
  SmallVector<int64_t> moved;
  llvm::copy_if(perms, std::back_inserter(moved), [&](int64_t dim) { return shape[dim] != 1; });
  if (llvm::is_sorted(moved))
    return mla::ReshapeOp::create(b, op.getLoc(), op.getType(), input, StringAttr());
  return mla::TransposeOp::create(b, op.getLoc(), op.getType(), input, perms, StringAttr());
}

/// Repetition along one axis after the other, as concatenations of the same tensor.
Value DataLowering::lower(tosa::TileOp op) {
  constexpr int64_t kMaxCopies = 64;
  auto multiples = readShape(op.getMultiples());
  Value value = operand(op.getInput1());
  if (!multiples || !value || llvm::any_of(*multiples, [](int64_t n) { return n > kMaxCopies; }))
    return {};
  OpBuilder b(op);
  for (auto [axis, count] : llvm::enumerate(*multiples)) {
    if (count == 1)
      continue;
    auto type = cast<RankedTensorType>(value.getType());
    auto shape = llvm::to_vector(type.getShape());
    shape[axis] *= count;
    value =
        mla::ConcatOp::create(b, op.getLoc(), type.clone(shape), SmallVector<Value>(count, value),
                              static_cast<uint64_t>(axis), StringAttr());
  }
  return value;
}

} // namespace

void lowerDataMovement(func::FuncOp func, ConstantPool &constants) {
  DataLowering lowering(constants);
  for (Operation &op : llvm::make_early_inc_range(func.getBody().front())) {
    if (!isa<tosa::ConcatOp, tosa::SliceOp, tosa::PadOp, tosa::ReshapeOp, tosa::TransposeOp,
             tosa::TileOp>(op) ||
        !isMovable(&op) || isEdgeOp(&op))
      continue;
    Value result =
        llvm::TypeSwitch<Operation *, Value>(&op)
            .Case<tosa::ConcatOp, tosa::SliceOp, tosa::PadOp, tosa::ReshapeOp, tosa::TransposeOp,
                  tosa::TileOp>([&](auto data) { return lowering.lower(data); });
    if (result)
      op.getResult(0).replaceAllUsesWith(result);
  }
  eraseDead(func);
}

} // namespace afe

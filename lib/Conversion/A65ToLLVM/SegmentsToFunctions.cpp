// --a65-segments-to-functions: a65.segment -> func.func on memrefs, signless integers.
//
// Outputs are arguments from the start (instead of results that a later pass moves), so that
// bufferization writes results in place.

#include "Conversion/A65ToLLVM/Passes.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

namespace afe::a65 {
#define GEN_PASS_DEF_SEGMENTSTOFUNCTIONSPASS
#include "Conversion/A65ToLLVM/Passes.h.inc"

namespace {

bool isUnsigned(Type type) { return getElementTypeOrSelf(type).isUnsignedInteger(); }

/// The type with signless integers.
Type signless(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  auto element = tensor ? dyn_cast<IntegerType>(tensor.getElementType()) : IntegerType();
  if (!element || element.isSignless())
    return type;
  return tensor.clone(IntegerType::get(type.getContext(), element.getWidth()));
}

/// Operators that move elements without reading them as numbers.
bool movesOnly(Operation *op) {
  return isa<tosa::ReshapeOp, tosa::TransposeOp, tosa::SliceOp, tosa::ConcatOp, tosa::IdentityOp,
             tosa::GatherOp, tosa::ReverseOp, tosa::TileOp, tosa::PadOp, tosa::ConstOp, ReturnOp>(
      op);
}

/// Retypes one operation; tosa.custom keeps the sign as an attribute.
LogicalResult makeSignless(Operation *op) {
  bool in = llvm::any_of(op->getOperandTypes(), isUnsigned);
  bool out = llvm::any_of(op->getResultTypes(), isUnsigned);
  if (!in && !out)
    return success();
  auto unit = UnitAttr::get(op->getContext());
  if (isa<tosa::CustomOp>(op)) {
    if (in)
      op->setAttr("a65.unsigned_input", unit);
    if (out)
      op->setAttr("a65.unsigned_output", unit);
  } else if (!movesOnly(op) && !isa<tosa::RescaleOp>(op)) {
    return op->emitOpError("on unsigned integers has no lowering for the Cortex-A65");
  }
  if (auto constant = dyn_cast<tosa::ConstOp>(op)) {
    auto values = dyn_cast<DenseElementsAttr>(constant.getValues());
    if (!values)
      return op->emitOpError("of unsigned integers must hold its values inline");
    auto type = cast<ShapedType>(signless(values.getType()));
    constant.setValuesAttr(values.bitcast(type.getElementType()));
  }
  return success();
}

/// Buffers that a loop hands from one iteration to the next have no place in a planned workspace.
LogicalResult refuseLoops(Block &block) {
  auto walked = block.walk([](tosa::WhileOp op) {
    op.emitOpError("has no lowering for the Cortex-A65: its buffers cannot be planned");
    return WalkResult::interrupt();
  });
  return failure(walked.wasInterrupted());
}

/// All operations of the body are checked before the first type changes.
LogicalResult makeSignless(Block &block) {
  auto walked = block.walk([](Operation *op) {
    return failed(makeSignless(op)) ? WalkResult::interrupt() : WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return failure();
  auto retype = [](Value value) { value.setType(signless(value.getType())); };
  block.walk([&](Operation *op) {
    llvm::for_each(op->getResults(), retype);
    for (Region &region : op->getRegions())
      for (Block &nested : region)
        llvm::for_each(nested.getArguments(), retype);
  });
  llvm::for_each(block.getArguments(), retype);
  return success();
}

/// The segment's name as a C identifier in small letters.
std::string functionName(StringRef segment) {
  std::string name = segment.lower();
  for (char &c : name)
    if (!llvm::isAlnum(c))
      c = '_';
  return name.empty() || llvm::isDigit(name.front()) ? "apu_" + name : name;
}

MemRefType memrefOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return MemRefType::get(tensor.getShape(), tensor.getElementType());
}

func::FuncOp createFunction(SegmentOp segment, OpBuilder &builder) {
  Block &body = segment.getBody().front();
  SmallVector<Type> types;
  for (Type type : body.getArgumentTypes())
    types.push_back(memrefOf(type));
  for (Type type : body.getTerminator()->getOperandTypes())
    types.push_back(memrefOf(type));
  auto func = func::FuncOp::create(builder, segment.getLoc(), functionName(segment.getSymName()),
                                   builder.getFunctionType(types, {}));
  func->setAttr(kSegment, segment.getSymNameAttr());
  func->setAttr(kNumInputs, builder.getI64IntegerAttr(body.getNumArguments()));
  return func;
}

LogicalResult convert(SegmentOp segment) {
  Block &body = segment.getBody().front();
  if (failed(refuseLoops(body)) || failed(makeSignless(body)))
    return failure();
  OpBuilder builder(segment);
  func::FuncOp func = createFunction(segment, builder);
  Block *entry = func.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  size_t numInputs = body.getNumArguments();
  SmallVector<Value> inputs;
  for (auto [tensor, memref] : llvm::zip(body.getArguments(), entry->getArguments()))
    inputs.push_back(bufferization::ToTensorOp::create(builder, tensor.getLoc(), tensor.getType(),
                                                       memref, /*restrict=*/true));
  auto results = llvm::to_vector(body.getTerminator()->getOperands());
  Location end = body.getTerminator()->getLoc();
  body.getTerminator()->erase();
  for (auto [argument, input] : llvm::zip(body.getArguments(), inputs)) {
    llvm::replace(results, Value(argument), input);
    argument.replaceAllUsesWith(input);
  }
  entry->getOperations().splice(entry->end(), body.getOperations());
  builder.setInsertionPointToEnd(entry);
  for (auto [result, memref] : llvm::zip(results, entry->getArguments().drop_front(numInputs)))
    bufferization::MaterializeInDestinationOp::create(builder, end, TypeRange(), result, memref,
                                                      /*restrict=*/true, /*writable=*/true);
  func::ReturnOp::create(builder, end);
  segment.erase();
  return success();
}

struct SegmentsToFunctionsPass : impl::SegmentsToFunctionsPassBase<SegmentsToFunctionsPass> {
  void runOnOperation() override {
    for (SegmentOp segment : llvm::make_early_inc_range(getOperation().getOps<SegmentOp>())) {
      if (failed(convert(segment)))
        return signalPassFailure();
      ++segments;
    }
  }
};

} // namespace
} // namespace afe::a65

// Verifiers of host segments, calls and binaries. The labels (C1)… are those of their descriptions.

#include "a65/A65Dialect.h"

using namespace mlir;
using namespace afe::a65;

static LogicalResult verifyStatic(Operation *op, StringRef what, TypeRange types) {
  for (auto [index, type] : llvm::enumerate(types))
    if (auto tensor = dyn_cast<RankedTensorType>(type); !tensor || !tensor.hasStaticShape())
      return op->emitOpError() << what << " " << index << " is " << type
                               << ", expected a tensor of static shape";
  return success();
}

static LogicalResult verifyNames(Operation *op, StringRef what, std::optional<ArrayAttr> names,
                                 size_t tensors) {
  if (!names || names->size() == tensors)
    return success();
  return op->emitOpError() << what << " has " << names->size() << " names for " << tensors
                           << " tensors";
}

LogicalResult SegmentOp::verifyRegions() {
  Block &block = getBody().front();
  // (C1)
  auto results = block.empty() ? ReturnOp() : dyn_cast<ReturnOp>(block.back());
  if (!results)
    return emitOpError() << "must end with a65.return";
  // (C2)
  if (failed(verifyStatic(*this, "argument", block.getArgumentTypes())) ||
      failed(verifyStatic(*this, "returned value", results.getOperandTypes())))
    return failure();
  // (C3)
  if (failed(verifyNames(*this, "input_names", getInputNames(), block.getNumArguments())) ||
      failed(verifyNames(*this, "output_names", getOutputNames(), results.getNumOperands())))
    return failure();
  // (C4)
  for (Operation &op : block.without_terminator()) {
    StringRef dialect = op.getName().getDialectNamespace();
    if (dialect == "mla" || dialect == "a65")
      return emitOpError() << "holds '" << op.getName() << "', which is no host computation";
  }
  return success();
}

static LogicalResult verifyTypes(CallOp call, StringRef what, TypeRange found, TypeRange expected) {
  if (found.size() != expected.size())
    return call.emitOpError() << "has " << found.size() << " " << what << "s, '" << call.getCallee()
                              << "' has " << expected.size();
  for (auto [index, type, other] : llvm::enumerate(found, expected))
    if (type != other)
      return call.emitOpError() << what << " " << index << " is " << type << ", '"
                                << call.getCallee() << "' has " << other;
  return success();
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  Operation *callee = symbols.lookupNearestSymbolFrom(*this, getCalleeAttr());
  // (C1)
  if (!isa_and_nonnull<SegmentOp, BinaryOp>(callee))
    return emitOpError() << "callee '" << getCallee() << "' is not an a65.segment or a65.binary";
  // (C2)
  auto segment = dyn_cast<SegmentOp>(callee);
  if (!segment || segment.getBody().empty() || segment.getBody().front().empty())
    return success(); // a broken segment reports itself
  Block &block = segment.getBody().front();
  return failure(
      failed(verifyTypes(*this, "input", getInputs().getTypes(), block.getArgumentTypes())) ||
      failed(
          verifyTypes(*this, "output", getOutputs().getTypes(), block.back().getOperandTypes())));
}

LogicalResult BinaryOp::verify() {
  ShapedType type = getSo().getShapedType(); // (C1)
  if (type.getRank() == 1 && type.getElementType().isInteger(8))
    return success();
  return emitOpError() << "so is " << type << ", expected a row of bytes";
}

// Verifiers of segments, calls and binaries. The labels (C1)… are those of their descriptions.

#include "mla/MLAVerify.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

static LogicalResult verifyNames(Operation *op, StringRef what, std::optional<ArrayAttr> names,
                                 size_t tensors) {
  if (!names || names->size() == tensors)
    return success();
  return op->emitOpError() << what << " has " << names->size() << " names for " << tensors
                           << " tensors";
}

static LogicalResult verifyStatic(Operation *op, StringRef what, TypeRange types) {
  for (auto [index, type] : llvm::enumerate(types))
    if (auto tensor = dyn_cast<RankedTensorType>(type); !tensor || !tensor.hasStaticShape())
      return op->emitOpError() << what << " " << index << " is " << type
                               << ", expected a tensor of static shape";
  return success();
}

static LogicalResult verifyDram(Operation *op, StringRef what, std::optional<ArrayAttr> entries,
                                TypeRange types) {
  if (!entries)
    return success();
  if (entries->size() != types.size())
    return op->emitOpError() << what << " has " << entries->size() << " entries for "
                             << types.size() << " tensors";
  for (auto [entry, type] : llvm::zip(entries->getAsRange<DramAttr>(), types)) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
    int64_t channels = shape.empty() ? 1 : shape.back();
    DenseI64ArrayAttr tile = entry.getTile();
    if (tile && tile[2] < channels && tile[2] % 16)
      return op->emitOpError() << what << " cuts " << channels << " channels into tiles of "
                               << tile[2] << ", which are no blocks of 16";
  }
  return success();
}

static bool isLayerOperation(Operation &op) {
  return isa<MLADialect>(op.getDialect()) && !op.hasTrait<LaneOperation>() &&
         !isa<SegmentOp, CallOp, BinaryOp, ProgramOp>(op);
}

LogicalResult SegmentOp::verifyRegions() {
  Block &block = getBody().front();
  // (C1)
  auto results = block.empty() ? ReturnOp() : dyn_cast<ReturnOp>(block.back());
  if (!results)
    return emitOpError() << "must end with mla.return";
  // (C2)
  if (failed(verifyStatic(*this, "argument", block.getArgumentTypes())) ||
      failed(verifyStatic(*this, "returned value", results.getOperandTypes())))
    return failure();
  // (C3)
  if (failed(verifyNames(*this, "input_names", getInputNames(), block.getNumArguments())) ||
      failed(verifyNames(*this, "output_names", getOutputNames(), results.getNumOperands())))
    return failure();
  // (C5)
  if (failed(verifyDram(*this, "input_dram", getInputDram(), block.getArgumentTypes())) ||
      failed(verifyDram(*this, "output_dram", getOutputDram(), results.getOperandTypes())))
    return failure();
  // (C4)
  for (Operation &op : block)
    if (!op.getDialect() || !isLayerOperation(op))
      return emitOpError() << "holds '" << op.getName()
                           << "', which is not a layer operation of mla";
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

static LogicalResult verifyCounts(CallOp call, ProgramOp program) {
  size_t inputs = 0, outputs = 0;
  for (auto io : program.getOps<ProgramIoOp>())
    ++(io.getDirection() == IoDirection::input ? inputs : outputs);
  if (inputs == call.getInputs().size() && outputs == call.getOutputs().size())
    return success();
  return call.emitOpError() << "has " << call.getInputs().size() << " inputs and "
                            << call.getOutputs().size() << " outputs, '" << call.getCallee()
                            << "' has " << inputs << " and " << outputs;
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  Operation *callee = symbols.lookupNearestSymbolFrom(*this, getCalleeAttr());
  // (C1)
  if (!isa_and_nonnull<SegmentOp, ProgramOp, BinaryOp>(callee))
    return emitOpError() << "callee '" << getCallee()
                         << "' is not an mla.segment, mla.program or mla.binary";
  // (C2)
  if (auto program = dyn_cast<ProgramOp>(callee))
    return verifyCounts(*this, program);
  auto segment = dyn_cast<SegmentOp>(callee);
  if (!segment || segment.getBody().empty() || segment.getBody().front().empty())
    return success(); // a broken segment reports itself
  Block &block = segment.getBody().front();
  return failure(
      failed(verifyTypes(*this, "input", getInputs().getTypes(), block.getArgumentTypes())) ||
      failed(
          verifyTypes(*this, "output", getOutputs().getTypes(), block.back().getOperandTypes())));
}

LogicalResult BinaryOp::verify() { return verifyBytes(*this, "lm", getLm()); } // (C1)

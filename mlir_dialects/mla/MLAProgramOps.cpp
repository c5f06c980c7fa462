// Verifiers of programs and their tables. The labels (C1)… are those of their descriptions.

#include "mla/MLAVerify.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

namespace {

constexpr uint64_t kNone = ~uint64_t(0);

/// What of a program its parts may name.
struct Counts {
  uint64_t layers = 0, buffers = 0, quads = 0;
};

// (C2)
template <typename TableOp> LogicalResult verifyIndex(TableOp op, uint64_t &next) {
  if (op.getIndex() != next)
    return op.emitOpError() << "has index " << op.getIndex() << ", but it is number " << next;
  ++next;
  return success();
}

// (C4)
LogicalResult verifyReference(Operation *op, StringRef what, uint64_t index, uint64_t count) {
  if (index == kNone || index < count)
    return success();
  return op->emitOpError() << "names " << what << " " << index << " of " << count;
}

LogicalResult verifyStart(InstructionOpInterface instruction, uint64_t &previous) {
  if (instruction.getStart() < previous)
    return instruction->emitOpError() << "starts at " << instruction.getStart()
                                      << ", before the instruction in front of it at " << previous;
  previous = instruction.getStart();
  return success();
}

/// (C4) and (C5) of one instruction.
LogicalResult verifyInstruction(InstructionOpInterface instruction, uint64_t quad,
                                const Counts &counts) {
  uint64_t mask = instruction.getQuads();
  if (!(mask >> quad & 1) || mask & ((uint64_t(1) << quad) - 1))
    return instruction->emitOpError()
           << "runs on quads of mask " << mask << ", but stands in the stream of quad " << quad;
  if (mask >> counts.quads)
    return instruction->emitOpError()
           << "runs on quads of mask " << mask << ", the program has " << counts.quads << " quads";
  if (failed(verifyReference(instruction, "layer", instruction.getLayer(), counts.layers)))
    return failure();
  for (int32_t buffer : instruction.getBuffers())
    if (buffer >= 0 && failed(verifyReference(instruction, "buffer", buffer, counts.buffers)))
      return failure();
  return success();
}

LogicalResult verifyStream(ProgramStreamOp stream, const Counts &counts) {
  uint64_t previousStart = 0;
  for (auto instruction : stream.getOps<InstructionOpInterface>())
    if (failed(verifyInstruction(instruction, stream.getQuad(), counts)) ||
        failed(verifyStart(instruction, previousStart)))
      return failure();
  return success();
}

LogicalResult verifyRequest(ProgramRequestOp op, const Counts &counts) {
  auto index = [](std::optional<uint64_t> buffer) { return buffer ? *buffer : kNone; };
  return failure(failed(verifyReference(op, "layer", op.getLayer(), counts.layers)) ||
                 failed(verifyReference(op, "buffer", index(op.getDramBuffer()), counts.buffers)) ||
                 failed(verifyReference(op, "buffer", index(op.getL2Buffer()), counts.buffers)));
}

/// (C2), (C3): the counts, or failure.
FailureOr<Counts> countTables(ProgramOp program) {
  Counts counts;
  for (auto layer : program.getOps<ProgramLayerOp>())
    if (failed(verifyIndex(layer, counts.layers)))
      return failure();
  for (auto buffer : program.getOps<ProgramBufferOp>())
    if (failed(verifyIndex(buffer, counts.buffers)))
      return failure();
  for (auto stream : program.getOps<ProgramStreamOp>())
    if (stream.getQuad() != counts.quads++)
      return stream.emitOpError() << "is of quad " << stream.getQuad() << ", expected quad "
                                  << counts.quads - 1;
  if (counts.quads != program.getQuads())
    return program.emitOpError() << "has " << counts.quads << " streams for " << program.getQuads()
                                 << " quads";
  return counts;
}

} // namespace

LogicalResult ProgramOp::verifyRegions() {
  // (C1)
  for (Operation &op : getBody().front())
    if (!isa<ProgramLayerOp, ProgramBufferOp, ProgramIoOp, ProgramRequestOp, ProgramStreamOp>(op))
      return emitOpError() << "holds '" << op.getName() << "', which is no part of a program";
  FailureOr<Counts> counts = countTables(*this);
  if (failed(counts))
    return failure();
  for (auto buffer : getOps<ProgramBufferOp>())
    if (failed(verifyReference(buffer, "buffer", buffer.getInPlaceOf().value_or(kNone),
                               counts->buffers)))
      return failure();
  for (auto request : getOps<ProgramRequestOp>())
    if (failed(verifyRequest(request, *counts)))
      return failure();
  for (auto stream : getOps<ProgramStreamOp>())
    if (failed(verifyStream(stream, *counts)))
      return failure();
  // (C6)
  return getConstants() ? verifyBytes(*this, "constants", *getConstants()) : success();
}

LogicalResult ProgramBufferOp::verify() {
  // (C1)
  if (getLastUse() < getFirstUse())
    return emitOpError() << "is last used at " << getLastUse() << ", before its first use at "
                         << getFirstUse();
  // (C2)
  bool inL1 = getMemory() == MemoryKind::l1;
  if (inL1 != (getQuads() != 0))
    return emitOpError() << "in " << stringifyMemoryKind(getMemory())
                         << (inL1 ? " needs quads" : " takes no quads");
  return success();
}

LogicalResult ProgramIoOp::verify() {
  // (C1)
  constexpr StringLiteral kScalars[] = {"int8", "uint8", "int16", "int32", "float32"};
  if (!llvm::is_contained(kScalars, getScalar()))
    return emitOpError() << "has scalar type '" << getScalar()
                         << "', expected int8, uint8, int16, int32 or float32";
  if (getLayout() != "HWC" && getLayout() != "HWC16")
    return emitOpError() << "has layout '" << getLayout() << "', expected HWC or HWC16";
  // (C2)
  return verifyArray(*this, "shape", getShape(), getShape().size(), {1, INT64_MAX});
}

LogicalResult ProgramRequestOp::verify() {
  if (getDue() < getIssue()) // (C1)
    return emitOpError() << "is due at " << getDue() << ", before its issue at " << getIssue();
  if ((getCodec() == DramCodec::none) != (getEncodedBytes() == 0)) // (C2)
    return emitOpError() << "has " << getEncodedBytes() << " encoded bytes with codec "
                         << stringifyDramCodec(getCodec());
  return success();
}

LogicalResult ProgramStreamOp::verifyRegions() {
  bool instructions = false;
  for (Operation &op : getBody().front()) { // (C1)
    bool isInstruction = isa<InstructionOpInterface>(op);
    if (!isInstruction && (instructions || !isa<ProgramBlockOp>(op)))
      return emitOpError() << "holds '" << op.getName()
                           << "', expected instruction blocks, then instructions";
    instructions = isInstruction;
  }
  return success();
}

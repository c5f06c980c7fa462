// mla.program -> isa::Program.

#include "Conversion/ProgramToIsa/ProgramToIsa.h"
#include "mla/MLABytes.h"
#include "mla/MLAInstructions.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

namespace {

uint32_t bufferOr(std::optional<uint64_t> index) {
  return index ? static_cast<uint32_t>(*index) : isa::kNoBuffer;
}

isa::Layer toLayer(ProgramLayerOp op) {
  isa::Layer layer;
  layer.name = op.getName().str();
  for (StringRef source : op.getSources().getAsValueRange<StringAttr>())
    layer.sources.push_back(source.str());
  return layer;
}

isa::Buffer toBuffer(ProgramBufferOp op) {
  isa::Buffer buffer;
  buffer.memory = static_cast<isa::Memory>(op.getMemory());
  buffer.quads = static_cast<uint8_t>(op.getQuads());
  buffer.address = op.getAddress();
  buffer.size = op.getSize();
  buffer.firstUse = static_cast<uint32_t>(op.getFirstUse());
  buffer.lastUse = static_cast<uint32_t>(op.getLastUse());
  buffer.inPlaceOf = bufferOr(op.getInPlaceOf());
  buffer.name = op.getName().str();
  return buffer;
}

isa::IoTensor toIoTensor(ProgramIoOp op) {
  isa::IoTensor tensor;
  tensor.name = op.getName().str();
  tensor.dram = op.getDram();
  tensor.bytes = op.getBytes();
  tensor.scalar = op.getScalar().str();
  tensor.shape.assign(op.getShape().begin(), op.getShape().end());
  tensor.layout = op.getLayout().str();
  return tensor;
}

isa::DramRequest toRequest(ProgramRequestOp op) {
  isa::DramRequest request;
  request.kind = static_cast<isa::DramRequest::Kind>(op.getKind());
  request.issue = static_cast<uint32_t>(op.getIssue());
  request.due = static_cast<uint32_t>(op.getDue());
  request.dram = op.getDram();
  request.l2 = static_cast<uint32_t>(op.getL2());
  request.rows = static_cast<uint32_t>(op.getRows());
  request.rowBytes = static_cast<uint32_t>(op.getRowBytes());
  request.dramStride = static_cast<int64_t>(op.getDramStride());
  request.l2Stride = static_cast<int32_t>(op.getL2Stride());
  request.codec = static_cast<isa::Codec>(op.getCodec());
  request.encodedBytes = static_cast<uint32_t>(op.getEncodedBytes());
  request.layer = static_cast<uint32_t>(op.getLayer());
  request.dramBuffer = bufferOr(op.getDramBuffer());
  request.l2Buffer = bufferOr(op.getL2Buffer());
  return request;
}

isa::InstructionBlock toBlock(ProgramBlockOp op) {
  isa::InstructionBlock block;
  block.bytes = static_cast<uint32_t>(op.getBytes());
  block.dram = op.getDram();
  block.neededAt = static_cast<uint32_t>(op.getNeededAt());
  block.doneAt = static_cast<uint32_t>(op.getDoneAt());
  return block;
}

isa::Instruction toInstruction(InstructionOpInterface op) {
  isa::Engine engine = toEngine(op.getEngine());
  isa::Instruction instruction = isa::makeInstruction(engine);
  instruction.start = static_cast<uint32_t>(op.getStart());
  instruction.quads = static_cast<uint8_t>(op.getQuads());
  instruction.layer = static_cast<uint32_t>(op.getLayer());
  for (auto [slot, buffer] : llvm::enumerate(op.getBuffers()))
    instruction.buffers[slot] = static_cast<uint32_t>(buffer); // -1 is kNoBuffer
  int32_t *words = isa::fieldWords(instruction);
  for (NamedAttribute field : op.getFields())
    if (int index = fieldIndex(engine, field.getName()); index >= 0)
      words[index] = isa::storeField(mlir::cast<IntegerAttr>(field.getValue()).getInt());
  return instruction;
}

void addStream(ProgramStreamOp stream, isa::Program &program) {
  std::vector<isa::Instruction> &instructions = program.streams.emplace_back();
  std::vector<isa::InstructionBlock> &blocks = program.blocks.emplace_back();
  for (Operation &op : stream.getBody().front()) {
    if (auto block = mlir::dyn_cast<ProgramBlockOp>(op))
      blocks.push_back(toBlock(block));
    else if (auto instruction = mlir::dyn_cast<InstructionOpInterface>(op))
      instructions.push_back(toInstruction(instruction));
  }
}

void addTables(ProgramOp op, isa::Program &program) {
  for (auto layer : op.getOps<ProgramLayerOp>())
    program.layers.push_back(toLayer(layer));
  for (auto buffer : op.getOps<ProgramBufferOp>())
    program.buffers.push_back(toBuffer(buffer));
  for (auto io : op.getOps<ProgramIoOp>())
    (io.getDirection() == IoDirection::input ? program.inputs : program.outputs)
        .push_back(toIoTensor(io));
  for (auto request : op.getOps<ProgramRequestOp>())
    program.requests.push_back(toRequest(request));
}

} // namespace

FailureOr<isa::Program> mla::toProgram(ProgramOp op) {
  isa::Program program;
  program.name = op.getSymName().str();
  program.target = op.getTargetName().str();
  program.targetHash = op.getTargetHash() ? *op.getTargetHash() : targetOf(op).hash();
  program.quads = static_cast<uint32_t>(op.getQuads());
  program.endCycle = static_cast<uint32_t>(op.getEndCycle());
  program.batch = static_cast<uint32_t>(op.getBatch());
  program.dramBytes = op.getDramBytes();
  if (std::optional<ElementsAttr> constants = op.getConstants()) {
    FailureOr<std::vector<uint8_t>> bytes = bytesOf(*constants);
    if (failed(bytes))
      return op.emitOpError() << "constants have no bytes";
    program.constants = std::move(*bytes);
  }
  addTables(op, program);
  for (auto stream : op.getOps<ProgramStreamOp>())
    addStream(stream, program);
  // A program that was not laid out has no blocks at all.
  if (llvm::all_of(program.blocks, [](const auto &blocks) { return blocks.empty(); }))
    program.blocks.clear();
  return program;
}

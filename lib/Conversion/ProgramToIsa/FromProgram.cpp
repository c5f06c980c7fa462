// isa::Program -> mla.program. Attributes are uniqued by the context, which is what costs here, so
// the builder keeps those it makes again and again: numbers, field names, locations.

#include "Conversion/ProgramToIsa/ProgramToIsa.h"
#include "mla/MLABytes.h"
#include "mla/MLAInstructions.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

namespace {

/// A field of an engine: its index in the table and its name as an attribute.
struct FieldName {
  unsigned index;
  StringAttr name;
};

class ProgramBuilder {
public:
  ProgramBuilder(const isa::Program &program, OpBuilder &builder)
      : program(program), builder(builder), context(builder.getContext()),
        unknown(builder.getUnknownLoc()) {
    for (int e = 0; e < isa::kNumEngines; ++e)
      fieldNames[e] = namesOf(isa::engineTable(static_cast<isa::Engine>(e)));
    for (const isa::Layer &layer : program.layers)
      locations.push_back(NameLoc::get(builder.getStringAttr(layer.name)));
  }

  ProgramOp build() {
    ElementsAttr constants;
    if (!program.constants.empty())
      constants = bytesAttr(context, program.name + "_constants", program.constants);
    auto op = ProgramOp::create(
        builder, unknown, builder.getStringAttr(program.name),
        builder.getStringAttr(program.target), number(static_cast<int64_t>(program.targetHash)),
        number(program.quads), number(program.batch), number(program.endCycle),
        number(static_cast<int64_t>(program.dramBytes)), constants, /*stats=*/DictionaryAttr());
    OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&op.getBody());
    addLayers();
    addBuffers();
    addTensors(IoDirection::input, program.inputs);
    addTensors(IoDirection::output, program.outputs);
    addRequests();
    for (size_t quad = 0; quad < program.streams.size(); ++quad)
      addStream(quad);
    return op;
  }

private:
  const isa::Program &program;
  OpBuilder &builder;
  MLIRContext *context;
  Location unknown;
  std::vector<Location> locations;
  std::array<std::vector<FieldName>, isa::kNumEngines> fieldNames; ///< ordered by name
  llvm::DenseMap<int64_t, IntegerAttr> numbers;

  std::vector<FieldName> namesOf(const isa::EngineTable &table) {
    std::vector<FieldName> names;
    for (unsigned i = 0; i < table.count; ++i)
      names.push_back({i, builder.getStringAttr(table.fields[i].name)});
    llvm::sort(names, [](const FieldName &a, const FieldName &b) {
      return a.name.getValue() < b.name.getValue();
    });
    return names;
  }

  IntegerAttr number(int64_t value) {
    // The map's two reserved keys.
    if (value >= INT64_MAX - 1 || value <= INT64_MIN + 1)
      return builder.getI64IntegerAttr(value);
    IntegerAttr &attr = numbers[value];
    if (!attr)
      attr = builder.getI64IntegerAttr(value);
    return attr;
  }

  IntegerAttr bufferNumber(uint32_t buffer) {
    return buffer == isa::kNoBuffer ? IntegerAttr() : number(buffer);
  }

  Location locationOf(uint32_t layer) const {
    return layer < locations.size() ? locations[layer] : unknown;
  }

  void addLayers() {
    for (auto [index, layer] : llvm::enumerate(program.layers)) {
      SmallVector<StringRef> sources(layer.sources.begin(), layer.sources.end());
      ProgramLayerOp::create(builder, unknown, number(index), builder.getStringAttr(layer.name),
                             builder.getStrArrayAttr(sources));
    }
  }

  void addBuffers() {
    for (auto [index, buffer] : llvm::enumerate(program.buffers))
      ProgramBufferOp::create(builder, unknown, number(index),
                              MemoryKindAttr::get(context, static_cast<MemoryKind>(buffer.memory)),
                              builder.getStringAttr(buffer.name), number(buffer.quads),
                              number(buffer.address), number(buffer.size), number(buffer.firstUse),
                              number(buffer.lastUse), bufferNumber(buffer.inPlaceOf));
  }

  void addTensors(IoDirection direction, const std::vector<isa::IoTensor> &tensors) {
    for (const isa::IoTensor &tensor : tensors)
      ProgramIoOp::create(builder, unknown, IoDirectionAttr::get(context, direction),
                          builder.getStringAttr(tensor.name), number(tensor.dram),
                          number(tensor.bytes), builder.getStringAttr(tensor.scalar),
                          builder.getDenseI64ArrayAttr(tensor.shape),
                          builder.getStringAttr(tensor.layout));
  }

  void addRequests() {
    for (const isa::DramRequest &r : program.requests)
      ProgramRequestOp::create(
          builder, locationOf(r.layer),
          RequestKindAttr::get(context, static_cast<RequestKind>(r.kind)), number(r.issue),
          number(r.due), number(static_cast<int64_t>(r.dram)), number(r.l2), number(r.rows),
          number(r.rowBytes), number(r.layer), number(r.dramStride), number(r.l2Stride),
          DramCodecAttr::get(context, static_cast<DramCodec>(r.codec)), number(r.encodedBytes),
          bufferNumber(r.dramBuffer), bufferNumber(r.l2Buffer));
  }

  void addStream(size_t quad) {
    auto stream = ProgramStreamOp::create(builder, unknown, number(quad));
    OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&stream.getBody());
    if (quad < program.blocks.size())
      for (const isa::InstructionBlock &block : program.blocks[quad])
        ProgramBlockOp::create(builder, unknown, number(block.bytes), number(block.dram),
                               number(block.neededAt), number(block.doneAt));
    for (const isa::Instruction &instruction : program.streams[quad])
      addInstruction(instruction);
  }

  DictionaryAttr fieldsOf(const isa::Instruction &instruction) {
    const isa::EngineTable &table = isa::engineTable(instruction.engine());
    const int32_t *words = isa::fieldWords(instruction);
    SmallVector<NamedAttribute, 64> fields;
    for (const FieldName &field : fieldNames[static_cast<unsigned>(instruction.engine())])
      if (int32_t word = words[field.index])
        fields.emplace_back(field.name, number(table.fields[field.index].value(word)));
    return DictionaryAttr::getWithSorted(context, fields);
  }

  template <typename InstructionOp> void create(const isa::Instruction &instruction) {
    const isa::EngineTable &table = isa::engineTable(instruction.engine());
    std::array<int32_t, 7> buffers;
    for (unsigned slot = 0; slot < table.slotCount; ++slot)
      buffers[slot] = static_cast<int32_t>(instruction.buffers[slot]); // kNoBuffer is -1
    InstructionOp::create(
        builder, locationOf(instruction.layer), number(instruction.start),
        number(instruction.quads), number(instruction.layer), fieldsOf(instruction),
        builder.getDenseI32ArrayAttr(ArrayRef(buffers).take_front(table.slotCount)));
  }

  void addInstruction(const isa::Instruction &instruction) {
    switch (instruction.engine()) {
    case isa::Engine::Load:
      return create<IsaLoadOp>(instruction);
    case isa::Engine::Store:
      return create<IsaStoreOp>(instruction);
    case isa::Engine::Tensor:
      return create<IsaTensorOp>(instruction);
    case isa::Engine::Output:
      return create<IsaOutputOp>(instruction);
    case isa::Engine::Vector:
      return create<IsaVectorOp>(instruction);
    }
  }
};

} // namespace

ProgramOp mla::fromProgram(const isa::Program &program, OpBuilder &builder) {
  return ProgramBuilder(program, builder).build();
}

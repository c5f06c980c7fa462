// Assembly and verifiers of the instructions, all from the tables of Encoding/Fields.h:
//   mla.isa.tensor start 120 quad 0 layer 3 {in = 4096, rows = 7} buffers {in = 1, weights = 2}
// No field is named here. The labels (C1)… are those of the operations' descriptions.

#include "mla/MLAInstructions.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

//===- Quad masks
//---------------------------------------------------------------------------------===//

/// "[0, 2]"
static ParseResult parseQuadMask(OpAsmParser &parser, IntegerAttr &mask) {
  uint64_t bits = 0;
  auto parseQuad = [&]() -> ParseResult {
    uint64_t quad;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseInteger(quad))
      return failure();
    if (quad > 7)
      return parser.emitError(loc) << "quad is " << quad << ", allowed is 0 to 7";
    bits |= uint64_t(1) << quad;
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseQuad))
    return failure();
  mask = parser.getBuilder().getI64IntegerAttr(static_cast<int64_t>(bits));
  return success();
}

static void printQuadMask(OpAsmPrinter &printer, uint64_t mask) {
  SmallVector<unsigned> quads;
  for (unsigned quad = 0; quad < 64; ++quad)
    if (mask >> quad & 1)
      quads.push_back(quad);
  printer << '[';
  llvm::interleaveComma(quads, printer);
  printer << ']';
}

ParseResult mla::parseQuadList(OpAsmParser &parser, IntegerAttr &mask) {
  return parseQuadMask(parser, mask);
}
void mla::printQuadList(OpAsmPrinter &printer, Operation *, IntegerAttr mask) {
  printQuadMask(printer, mask.getValue().getZExtValue());
}

//===- Parsing and printing
//-----------------------------------------------------------------------===//

/// `{name = 1, other = 2}`: calls `add` for each entry.
static ParseResult parseAssignments(OpAsmParser &parser,
                                    function_ref<ParseResult(SMLoc, StringRef, int64_t)> add) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Braces, [&]() -> ParseResult {
    std::string name;
    int64_t value;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeywordOrString(&name) || parser.parseEqual() || parser.parseInteger(value))
      return failure();
    return add(loc, name, value);
  });
}

static ParseResult parseFields(OpAsmParser &parser, OperationState &state) {
  NamedAttrList fields;
  Builder &builder = parser.getBuilder();
  auto add = [&](SMLoc loc, StringRef name, int64_t value) -> ParseResult {
    if (fields.get(name))
      return parser.emitError(loc) << "field '" << name << "' is given twice";
    fields.append(name, builder.getI64IntegerAttr(value));
    return success();
  };
  if (parseAssignments(parser, add))
    return failure();
  state.addAttribute("fields", fields.getDictionary(builder.getContext()));
  return success();
}

static ParseResult parseBuffers(OpAsmParser &parser, OperationState &state,
                                const isa::EngineTable &table) {
  SmallVector<int32_t> buffers(table.slotCount, -1);
  auto add = [&](SMLoc loc, StringRef name, int64_t value) -> ParseResult {
    auto slot = std::find(table.slots, table.slots + table.slotCount, name);
    if (slot == table.slots + table.slotCount)
      return parser.emitError(loc) << table.name << " has no operand '" << name << "'";
    if (value < 0 || value > INT32_MAX)
      return parser.emitError(loc) << "buffer is " << value << ", allowed is 0 to " << INT32_MAX;
    buffers[slot - table.slots] = static_cast<int32_t>(value);
    return success();
  };
  if (succeeded(parser.parseOptionalKeyword("buffers")) && parseAssignments(parser, add))
    return failure();
  state.addAttribute("buffers", parser.getBuilder().getDenseI32ArrayAttr(buffers));
  return success();
}

static ParseResult parseQuads(OpAsmParser &parser, OperationState &state) {
  IntegerAttr mask;
  if (succeeded(parser.parseOptionalKeyword("quads"))) {
    if (parseQuadMask(parser, mask))
      return failure();
  } else {
    uint64_t quad;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword("quad") || parser.parseInteger(quad))
      return failure();
    if (quad > 7)
      return parser.emitError(loc) << "quad is " << quad << ", allowed is 0 to 7";
    mask = parser.getBuilder().getI64IntegerAttr(int64_t(1) << quad);
  }
  state.addAttribute("quads", mask);
  return success();
}

static ParseResult parseNumber(OpAsmParser &parser, OperationState &state, StringRef name) {
  int64_t value;
  if (parser.parseKeyword(name) || parser.parseInteger(value))
    return failure();
  state.addAttribute(name, parser.getBuilder().getI64IntegerAttr(value));
  return success();
}

static ParseResult parseInstruction(OpAsmParser &parser, OperationState &state,
                                    isa::Engine engine) {
  return failure(parseNumber(parser, state, "start") || parseQuads(parser, state) ||
                 parseNumber(parser, state, "layer") || parseFields(parser, state) ||
                 parseBuffers(parser, state, isa::engineTable(engine)) ||
                 parser.parseOptionalAttrDictWithKeyword(state.attributes));
}

/// The fields in the order of the table; those the table does not know, last.
static void printFields(OpAsmPrinter &printer, DictionaryAttr fields,
                        const isa::EngineTable &table) {
  SmallVector<NamedAttribute> ordered(fields.begin(), fields.end());
  llvm::sort(ordered, [&](NamedAttribute a, NamedAttribute b) {
    auto place = [&](NamedAttribute field) {
      return std::make_pair(unsigned(fieldIndex(table.engine, field.getName())),
                            field.getName().getValue());
    };
    return place(a) < place(b);
  });
  printer << " {";
  llvm::interleaveComma(ordered, printer, [&](NamedAttribute field) {
    printer.printKeywordOrString(field.getName());
    printer << " = ";
    printer.printAttributeWithoutType(field.getValue());
  });
  printer << '}';
}

static void printBuffers(OpAsmPrinter &printer, ArrayRef<int32_t> buffers,
                         const isa::EngineTable &table) {
  SmallVector<unsigned> used;
  for (unsigned slot = 0; slot < std::min<size_t>(buffers.size(), table.slotCount); ++slot)
    if (buffers[slot] >= 0)
      used.push_back(slot);
  if (used.empty())
    return;
  printer << " buffers {";
  llvm::interleaveComma(used, printer, [&](unsigned slot) {
    printer << table.slots[slot] << " = " << buffers[slot];
  });
  printer << '}';
}

template <typename InstructionOp>
static void printInstruction(OpAsmPrinter &printer, InstructionOp op) {
  uint64_t quads = op.getQuads();
  printer << " start " << op.getStart();
  if (llvm::isPowerOf2_64(quads)) {
    printer << " quad " << llvm::Log2_64(quads);
  } else {
    printer << " quads ";
    printQuadMask(printer, quads);
  }
  const isa::EngineTable &table = isa::engineTable(toEngine(InstructionOp::kEngine));
  printer << " layer " << op.getLayer();
  printFields(printer, op.getFields(), table);
  printBuffers(printer, op.getBuffers(), table);
  printer.printOptionalAttrDictWithKeyword(op->getAttrs(),
                                           {"start", "quads", "layer", "fields", "buffers"});
}

//===- Verification
//-------------------------------------------------------------------------------===//

int mla::fieldIndex(isa::Engine engine, StringRef name) {
  using Index = llvm::StringMap<int>;
  static const std::array<Index, isa::kNumEngines> indices = [] {
    std::array<Index, isa::kNumEngines> result;
    for (int e = 0; e < isa::kNumEngines; ++e) {
      const isa::EngineTable &table = isa::engineTable(static_cast<isa::Engine>(e));
      for (unsigned i = 0; i < table.count; ++i)
        result[e][table.fields[i].name] = static_cast<int>(i);
    }
    return result;
  }();
  const Index &index = indices[static_cast<unsigned>(engine)];
  auto found = index.find(name);
  return found == index.end() ? -1 : found->second;
}

// (C1)
static LogicalResult verifyFields(Operation *op, DictionaryAttr fields,
                                  const isa::EngineTable &table) {
  for (NamedAttribute field : fields) {
    int index = fieldIndex(table.engine, field.getName());
    if (index < 0)
      return op->emitOpError() << table.name << " has no field " << field.getName();
    auto value = dyn_cast<IntegerAttr>(field.getValue());
    if (!value || !value.getType().isSignlessInteger(64))
      return op->emitOpError() << "field " << field.getName() << " is " << field.getValue()
                               << ", expected a 64-bit integer";
    const isa::Field &row = table.fields[index];
    if (value.getInt() < row.min() || value.getInt() > row.max())
      return op->emitOpError() << isa::checkField(table, index, value.getInt());
  }
  return success();
}

// (C2)
static LogicalResult verifyBuffers(Operation *op, ArrayRef<int32_t> buffers,
                                   const isa::EngineTable &table) {
  if (buffers.size() != table.slotCount)
    return op->emitOpError() << "has " << buffers.size() << " buffers, " << table.name << " has "
                             << table.slotCount << " operands";
  for (auto [slot, buffer] : llvm::enumerate(buffers))
    if (buffer < -1)
      return op->emitOpError() << "operand '" << table.slots[slot] << "' has buffer " << buffer
                               << ", expected an index or -1";
  return success();
}

template <typename InstructionOp> static LogicalResult verifyInstruction(InstructionOp op) {
  const isa::Engine engine = toEngine(InstructionOp::kEngine);
  const isa::EngineTable &table = isa::engineTable(engine);
  // (C3)
  if (!op.getQuads())
    return op.emitOpError() << "runs on no quad";
  if (engine != isa::Engine::Load && !llvm::isPowerOf2_64(op.getQuads()))
    return op.emitOpError() << "runs on several quads, which only a load can";
  return failure(failed(verifyFields(op, op.getFields(), table)) ||
                 failed(verifyBuffers(op, op.getBuffers(), table)));
}

#define INSTRUCTION(Op)                                                                            \
  ParseResult Op::parse(OpAsmParser &parser, OperationState &state) {                              \
    return parseInstruction(parser, state, toEngine(kEngine));                                     \
  }                                                                                                \
  void Op::print(OpAsmPrinter &printer) { printInstruction(printer, *this); }                      \
  LogicalResult Op::verify() { return verifyInstruction(*this); }
INSTRUCTION(IsaLoadOp)
INSTRUCTION(IsaStoreOp)
INSTRUCTION(IsaTensorOp)
INSTRUCTION(IsaOutputOp)
INSTRUCTION(IsaVectorOp)
#undef INSTRUCTION

//===- Build.cpp - Creating operations from Python values --------------------------===//
//
// Checks what MLIR only asserts: one context, no null values, single results where a value is
// wanted, no operation inside itself.
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Diagnostics.h"
#include "ThreadStack.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"

using namespace mlir;

namespace afe::python {

//===----------------------------------------------------------------------===//
// Python values to MLIR's
//===----------------------------------------------------------------------===//

static std::string typeNameOf(nb::handle object) {
  return nb::cast<std::string>(nb::str(object.type().attr("__name__")));
}

Value valueFrom(const ContextRef &context, nb::handle object) {
  PyValue *value = nullptr;
  if (nb::try_cast(object, value) && value) {
    requireSameContext(context, value->context(), "an operand");
    return value->get();
  }
  PyOperationBase *operation = nullptr;
  if (!nb::try_cast(object, operation) || !operation)
    throw nb::type_error(
        ("expected a Value or an operation with one result, not " + typeNameOf(object)).c_str());
  requireSameContext(context, operation->context(), "an operand");
  if (operation->get()->getNumResults() != 1)
    throw nb::value_error("an operation given as a value must have exactly one result");
  return operation->get()->getResult(0);
}

Type typeFrom(const ContextRef &context, nb::handle object) {
  PyType *type = nullptr;
  if (!nb::try_cast(object, type) || !type)
    throw nb::type_error(("expected a Type, not " + typeNameOf(object)).c_str());
  requireSameContext(context, type->context, "a type");
  return type->value;
}

Attribute attributeFrom(const ContextRef &context, nb::handle object) {
  PyAttribute *attribute = nullptr;
  if (!nb::try_cast(object, attribute) || !attribute)
    throw nb::type_error(("expected an Attribute, not " + typeNameOf(object)).c_str());
  requireSameContext(context, attribute->context, "an attribute");
  return attribute->value;
}

SmallVector<Block *> blocksFrom(const ContextRef &context, nb::handle sequence) {
  SmallVector<Block *> blocks;
  if (!sequence.is_valid() || sequence.is_none())
    return blocks;
  for (nb::handle object : nb::iter(sequence)) {
    PyBlock &block = nb::cast<PyBlock &>(object);
    requireSameContext(context, block.context(), "a successor");
    blocks.push_back(block.get());
  }
  return blocks;
}

NamedAttrList attributesFrom(const ContextRef &context, nb::handle dictionary) {
  NamedAttrList attributes;
  if (!dictionary.is_valid() || dictionary.is_none())
    return attributes;
  for (auto [key, value] : nb::cast<nb::dict>(dictionary)) {
    std::string name = nb::cast<std::string>(key);
    if (name.empty())
      throw nb::value_error("an attribute's name must not be empty");
    if (value.is_none())
      throw nb::type_error(("attribute '" + name + "' is None").c_str());
    attributes.set(StringAttr::get(&context->mlir, name), attributeFrom(context, value));
  }
  return attributes;
}

//===----------------------------------------------------------------------===//
// Insertion
//===----------------------------------------------------------------------===//

std::optional<PyInsertionPoint> resolveInsertionPoint(nb::handle ip) {
  if (ip.is_valid() && ip.is(nb::handle(Py_False)))
    return std::nullopt;
  if (ip.is_valid() && !ip.is_none())
    return nb::cast<PyInsertionPoint &>(ip);
  Frame *frame = currentFrame();
  if (!frame || !frame->insertionPoint.is_valid())
    return std::nullopt;
  return nb::cast<PyInsertionPoint &>(frame->insertionPoint);
}

void insertAt(const PyInsertionPoint &point, Operation *op) {
  Block *block = static_cast<Block *>(point.block->get());
  Operation *before = point.before ? static_cast<Operation *>(point.before->get()) : nullptr;
  if (before)
    block = before->getBlock();
  if (!block)
    throw nb::value_error("the operation of the insertion point is not in a block any more");
  if (op->isAncestor(block->getParentOp()))
    throw nb::value_error("an operation cannot be inserted into itself");
  if (before)
    block->getOperations().insert(Block::iterator(before), op);
  else if (!block->empty() && block->back().hasTrait<OpTrait::IsTerminator>())
    throw nb::index_error("cannot insert at the end of a block that already has a terminator; "
                          "use InsertionPoint.at_block_terminator(block)");
  else
    block->push_back(op);
}

//===----------------------------------------------------------------------===//
// Creation
//===----------------------------------------------------------------------===//

/// The op's properties, built from its attributes as type inference wants them.
class InferenceProperties {
public:
  InferenceProperties(OperationName name, DictionaryAttr attributes) : name(name) {
    int size = name.getOpPropertyByteSize();
    if (!size)
      return;
    storage = std::make_unique<char[]>(size);
    name.initOpProperties(get(), OpaqueProperties(nullptr));
    auto emitError = [&] { return mlir::emitError(UnknownLoc::get(attributes.getContext())); };
    valid = succeeded(name.setOpPropertiesFromAttribute(name, get(), attributes, emitError));
  }
  ~InferenceProperties() {
    if (storage)
      name.destroyOpProperties(get());
  }
  OpaqueProperties get() { return OpaqueProperties(storage.get()); }
  bool isValid() const { return valid; }

private:
  OperationName name;
  std::unique_ptr<char[]> storage;
  bool valid = true;
};

template <unsigned... count>
static unsigned exactOperands(OperationName name, std::integer_sequence<unsigned, count...>) {
  unsigned found = 0;
  ((name.hasTrait<OpTrait::NOperands<count + 2>::template Impl>() ? (found = count + 2) : 0), ...);
  ((name.hasTrait<OpTrait::AtLeastNOperands<count + 1>::template Impl>() ? (found = count + 1) : 0),
   ...);
  return found;
}

/// How many operands inference may look at without asking; MLIR checks that only in the verifier.
/// An operation with any number of operands is taken to need one.
static unsigned leastOperands(OperationName name) {
  if (name.hasTrait<OpTrait::OneOperand>() || name.hasTrait<OpTrait::VariadicOperands>())
    return 1;
  return exactOperands(name, std::make_integer_sequence<unsigned, 8>());
}

static SmallVector<Type> inferResults(const OperationParts &parts, OperationName name) {
  ContextState &context = *parts.location.context;
  ErrorCapture errors(parts.location.context);
  auto *interface = name.getInterface<InferTypeOpInterface>();
  if (!interface)
    throw nb::value_error(
        ("'" + parts.name + "' cannot infer its result types; pass them in 'results'").c_str());
  if (parts.operands.size() < leastOperands(name))
    throw nb::value_error(("'" + parts.name + "' needs at least " +
                           std::to_string(leastOperands(name)) + " operands to infer its results")
                              .c_str());
  DictionaryAttr attributes = parts.attributes.getDictionary(&context.mlir);
  InferenceProperties properties(name, attributes);
  SmallVector<Type> types;
  if (!properties.isValid() ||
      failed(interface->inferReturnTypes(&context.mlir, parts.location.value, parts.operands,
                                         attributes, properties.get(), RegionRange(), types)))
    errors.raise("cannot infer the result types of '" + parts.name + "'");
  return types;
}

AnchorRef createOperation(OperationParts parts, nb::handle ip) {
  ContextState &context = *parts.location.context;
  std::optional<PyInsertionPoint> point = resolveInsertionPoint(ip);
  if (point) {
    point->block->get();
    requireSameContext(parts.location.context, point->block->tree->context, "the insertion point");
  }
  context.mlir.getOrLoadDialect(StringRef(parts.name).split('.').first);
  OperationName name(parts.name, &context.mlir);
  if (!name.isRegistered() && !context.mlir.allowsUnregisteredDialects())
    throw nb::value_error(("unknown operation '" + parts.name +
                           "'; set Context.allow_unregistered_dialects to build it anyway")
                              .c_str());
  SmallVector<Type> results = parts.results ? std::move(*parts.results) : inferResults(parts, name);
  OperationState state(Location(parts.location.value), name);
  state.addTypes(results);
  state.addOperands(parts.operands);
  state.attributes = std::move(parts.attributes);
  state.addSuccessors(parts.successors);
  for (unsigned i = 0; i < parts.numRegions; ++i)
    state.addRegion();
  Operation *op = Operation::create(state);
  if (!point)
    return context.adopt(op);
  try {
    insertAt(*point, op);
  } catch (...) {
    op->destroy();
    throw;
  }
  return context.anchor(op);
}

} // namespace afe::python

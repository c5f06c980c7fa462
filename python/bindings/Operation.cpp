//===- Operation.cpp - afe.ir.Operation, what every operation handle can do ---------===//
//
// `_OperationBase` carries the methods; `Operation` and `OpView` derive from it. Everything goes
// through `PyOperationBase::get`, which throws for erased operations.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Build.h"
#include "Diagnostics.h"
#include "Lists.h"
#include "Printing.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;

namespace afe::python {

Typed<PyOperation> toPythonOperation(const AnchorRef &anchor) {
  if (anchor->wrapper)
    return nb::find(*anchor->wrapper);
  nb::object created = nb::cast(PyOperation(anchor));
  anchor->wrapper = nb::inst_ptr<PyOperation>(created);
  return created;
}

AnyObject toPython(const ContextRef &context, Operation *op) {
  if (!op)
    return nb::none();
  return toPythonOpView(context->anchor(op));
}

//===----------------------------------------------------------------------===//
// Creation, parsing, verification
//===----------------------------------------------------------------------===//

static Typed<PyOperation> create(const std::string &name, nb::object results, nb::object operands,
                                 nb::object attributes, nb::object successors, unsigned regions,
                                 LocationArg loc, nb::object ip, bool inferType) {
  OperationParts parts;
  parts.location = loc.get();
  const ContextRef &context = parts.location.context;
  parts.name = name;
  if (!inferType)
    parts.results.emplace();
  if (!inferType && !results.is_none())
    for (nb::handle type : nb::iter(results))
      parts.results->push_back(typeFrom(context, type));
  if (!operands.is_none())
    for (nb::handle operand : nb::iter(operands))
      parts.operands.push_back(valueFrom(context, operand));
  parts.attributes = attributesFrom(context, attributes);
  parts.successors = blocksFrom(context, successors);
  parts.numRegions = regions;
  return toPythonOperation(createOperation(std::move(parts), ip));
}

AnchorRef parseOperation(const std::string &source, const std::string &sourceName,
                         const ContextRef &context) {
  ErrorCapture errors(context);
  ParserConfig config(&context->mlir);
  OwningOpRef<Operation *> op = parseSourceString(source, config, sourceName);
  if (!op)
    errors.raise("Unable to parse operation assembly");
  return context->adopt(op.release());
}

bool verifyOperation(Operation *op, const ContextRef &context) {
  ErrorCapture errors(context);
  if (failed(verify(op)))
    errors.raise("Verification failed");
  return true;
}

static AnyObject cloneOperation(PyOperationBase &self, nb::object ip) {
  Operation *copy = self.get()->clone();
  const ContextRef &context = self.context();
  AnchorRef anchor = context->adopt(copy);
  if (std::optional<PyInsertionPoint> point = resolveInsertionPoint(ip)) {
    point->block->get();
    requireSameContext(context, point->block->tree->context, "the insertion point");
    insertAt(*point, copy);
    context->rehome(copy);
  }
  return toPythonOpView(anchor);
}

//===----------------------------------------------------------------------===//
// Moving and erasing
//===----------------------------------------------------------------------===//

static void requireMovable(PyOperationBase &self, PyOperationBase &other) {
  requireSameContext(self.context(), other.context(), "the operation to move to");
  if (!other.get()->getBlock())
    throw nb::value_error("the operation to move to is not in a block");
  if (self.get()->isAncestor(other.get()->getBlock()->getParentOp()))
    throw nb::value_error("an operation cannot be moved into itself");
}

static void moveNextTo(PyOperationBase &self, PyOperationBase &other, bool after) {
  requireMovable(self, other);
  Operation *op = self.get(), *target = other.get();
  if (op == target)
    return;
  if (op->getBlock())
    after ? op->moveAfter(target) : op->moveBefore(target);
  else
    target->getBlock()->getOperations().insert(
        after ? std::next(Block::iterator(target)) : Block::iterator(target), op);
  self.context()->rehome(op);
}

static AnyObject detach(PyOperationBase &self) {
  Operation *op = self.get();
  if (!op->getBlock())
    throw nb::value_error("Detached operation has no parent.");
  op->remove();
  self.context()->rehome(op);
  return toPythonOpView(self.anchor);
}

static AnyObject parentOf(PyOperationBase &self) {
  return toPython(self.context(), self.get()->getParentOp());
}

static std::optional<PyBlock> blockOf(PyOperationBase &self) {
  if (Block *block = self.get()->getBlock())
    return toPython(self.context(), block);
  return std::nullopt;
}

static AnyObject singleResult(PyOperationBase &self) {
  Operation *op = self.get();
  if (op->getNumResults() != 1)
    throw nb::value_error(("Cannot call .result on operation " +
                           op->getName().getStringRef().str() + " which has " +
                           std::to_string(op->getNumResults()) + " results")
                              .c_str());
  return toPython(self.context(), Value(op->getResult(0)));
}

//===----------------------------------------------------------------------===//
// Bindings
//===----------------------------------------------------------------------===//

static void bindStructure(nb::class_<PyOperationBase> &base) {
  base.def_prop_ro("name",
                   [](PyOperationBase &self) { return self.get()->getName().getStringRef().str(); })
      .def_prop_ro("context", [](PyOperationBase &self) { return toPython(self.context()); })
      .def_prop_ro("operation",
                   [](PyOperationBase &self) {
                     self.get();
                     return toPythonOperation(self.anchor);
                   })
      .def_prop_ro("opview", [](PyOperationBase &self) { return toPythonOpView(self.anchor); })
      .def_prop_rw(
          "location",
          [](PyOperationBase &self) {
            return toPython(self.context(), LocationAttr(self.get()->getLoc()));
          },
          [](PyOperationBase &self, PyLocation &location) {
            requireSameContext(self.context(), location.context, "a location");
            self.get()->setLoc(Location(location.value));
          })
      .def_prop_ro("parent", parentOf, "The operation around this one, or None.")
      .def_prop_ro("block", blockOf, "The block this operation is in, or None if detached.")
      .def_prop_ro("attached", [](PyOperationBase &self) { return !!self.get()->getBlock(); })
      .def_prop_ro("result", singleResult, "The only result; ValueError if there is not one.")
      .def_prop_ro("attributes",
                   [](PyOperationBase &self) { return self.get(), PyOpAttributeMap{self.anchor}; })
      .def_prop_ro("operands", [](PyOperationBase &self) { return operandsOf(self.anchor); })
      .def_prop_ro("results", [](PyOperationBase &self) { return resultsOf(self.anchor); })
      .def_prop_ro("regions",
                   [](PyOperationBase &self) { return self.get(), PyRegionSequence{self.anchor}; })
      .def_prop_ro("successors", [](PyOperationBase &self) { return successorsOf(self.anchor); });
}

static void bindChanges(nb::class_<PyOperationBase> &base) {
  base.def(
          "verify",
          [](PyOperationBase &self) { return verifyOperation(self.get(), self.context()); },
          "Returns True, or raises MLIRError with the diagnostics.")
      .def(
          "erase", [](PyOperationBase &self) { self.context()->erase(self.get()); },
          "Destroys the operation; every handle to it or into it raises from now on.")
      .def("detach_from_parent", detach)
      .def(
          "move_before",
          [](PyOperationBase &self, PyOperationBase &other) { moveNextTo(self, other, false); },
          nb::arg("other"))
      .def(
          "move_after",
          [](PyOperationBase &self, PyOperationBase &other) { moveNextTo(self, other, true); },
          nb::arg("other"))
      .def(
          "is_before_in_block",
          [](PyOperationBase &self, PyOperationBase &other) {
            if (!self.get()->getBlock() || self.get()->getBlock() != other.get()->getBlock())
              throw nb::value_error("the operations are not in the same block");
            return self.get()->isBeforeInBlock(other.get());
          },
          nb::arg("other"))
      .def("clone", cloneOperation, nb::arg("ip") = nb::none())
      .def("__eq__", [](PyOperationBase &self,
                        PyOperationBase &other) { return self.anchor == other.anchor; })
      .def(
          "__eq__", [](PyOperationBase &, nb::object) { return false; }, nb::arg("other").none())
      .def("__hash__", [](PyOperationBase &self) {
        return reinterpret_cast<intptr_t>(self.anchor.get()) >> 4;
      });
}

void bindOperations(nb::module_ &m) {
  bindWalkEnums(m);
  nb::class_<PyOperationBase> base(m, "_OperationBase", "What Operation and OpView share.");
  bindStructure(base);
  bindChanges(base);
  bindPrinting(base);
  bindWalk(base);
  nb::class_<PyOperation, PyOperationBase>(m, "Operation", "A handle to one operation.")
      .def_static("create", create, nb::arg("name"), nb::arg("results") = nb::none(),
                  nb::arg("operands") = nb::none(), nb::arg("attributes") = nb::none(),
                  nb::arg("successors") = nb::none(), nb::arg("regions") = 0,
                  nb::arg("loc") = nb::none(), nb::arg("ip") = nb::none(),
                  nb::arg("infer_type") = false,
                  "Creates an operation by name; `ip=False` leaves it detached.")
      .def_static(
          "parse",
          [](const std::string &source, const std::string &sourceName, ContextArg context) {
            return toPythonOpView(parseOperation(source, sourceName, context.get()));
          },
          nb::arg("source"), nb::kw_only(), nb::arg("source_name") = "",
          nb::arg("context") = nb::none());
}

} // namespace afe::python

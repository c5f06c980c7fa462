//===- Value.cpp - afe.ir.Value, OpResult, BlockArgument, uses ----------------------===//
//
// A result is named by its operation and number, a block argument by an anchor of its own, because
// an argument may be erased while its block lives on.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Build.h"
#include "Casters.h"
#include "Printing.h"

#include "mlir/IR/AsmState.h"

using namespace mlir;

namespace afe::python {

static PyValue valueHandle(const ContextRef &context, Value value) {
  if (auto result = dyn_cast<OpResult>(value))
    return {context->anchor(result.getOwner()), true, result.getResultNumber()};
  return {context->anchor(cast<BlockArgument>(value)), false, 0};
}

AnyObject toPython(const ContextRef &context, Value value) {
  if (!value)
    return nb::none();
  PyValue handle = valueHandle(context, value);
  nb::object object =
      handle.isResult ? nb::cast(PyOpResult{handle}) : nb::cast(PyBlockArgument{handle});
  nb::object caster = lookupValueCaster(value.getType());
  return caster.is_valid() ? caster(object) : object;
}

//===----------------------------------------------------------------------===//
// What a value can tell and change
//===----------------------------------------------------------------------===//

struct PyOpOperand {
  AnchorRef owner;
  unsigned index;
};

static AnyObject ownerOf(PyValue &self) {
  Value value = self.get();
  if (Operation *op = value.getDefiningOp())
    return toPythonOperation(self.context()->anchor(op));
  return nb::cast(toPython(self.context(), cast<BlockArgument>(value).getOwner()));
}

static nb::typed<nb::iterator, PyOpOperand> usesOf(PyValue &self) {
  nb::list uses;
  for (OpOperand &use : self.get().getUses())
    uses.append(PyOpOperand{self.context()->anchor(use.getOwner()), use.getOperandNumber()});
  return nb::iter(uses);
}

/// The operation whose printing numbers the value: the nearest isolated one around it.
static Operation *numberingScopeOf(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    op = cast<BlockArgument>(value).getOwner()->getParentOp();
  while (!op->mightHaveTrait<OpTrait::IsIsolatedFromAbove>() && op->getParentOp())
    op = op->getParentOp();
  return op;
}

static std::string nameOf(PyValue &self, bool localScope, bool nameLocAsPrefix) {
  Value value = self.get();
  Operation *scope = numberingScopeOf(value);
  OpPrintingFlags flags = safeFlags(scope);
  if (localScope)
    flags.useLocalScope();
  if (nameLocAsPrefix)
    flags.printNameLocAsPrefix();
  std::string text;
  llvm::raw_string_ostream stream(text);
  AsmState state(scope, flags);
  value.printAsOperand(stream, state);
  return text;
}

static std::string textOf(PyValue &self) {
  Value value = self.get();
  std::string text;
  llvm::raw_string_ostream stream(text);
  value.print(stream);
  return "Value(" + text + ")";
}

/// Replacing a value by itself would never end: each use stays in the list that is being emptied.
static void replaceUses(PyValue &self, nb::handle replacement) {
  Value value = self.get(), other = valueFrom(self.context(), replacement);
  if (value != other)
    value.replaceAllUsesWith(other);
}

static void replaceUsesExcept(PyValue &self, nb::handle replacement, nb::handle exceptions) {
  llvm::SmallPtrSet<Operation *, 4> except;
  PyOperationBase *single = nullptr;
  if (nb::try_cast(exceptions, single) && single)
    except.insert(single->get());
  else
    for (nb::handle operation : nb::iter(exceptions))
      except.insert(nb::cast<PyOperationBase &>(operation).get());
  Value value = self.get(), other = valueFrom(self.context(), replacement);
  if (value != other)
    value.replaceAllUsesExcept(other, except);
}

static void setType(PyValue &self, PyType &type) {
  requireSameContext(self.context(), type.context, "a type");
  self.get().setType(type.value);
}

/// The constructor of a value class from a value: a checked cast, as casters need it.
template <typename T> static void castFrom(T *self, PyValue &value) {
  Value actual = value.get();
  bool fits = std::is_same_v<T, PyValue> ||
              (std::is_same_v<T, PyOpResult> ? isa<OpResult>(actual) : isa<BlockArgument>(actual));
  if (!fits)
    throw nb::value_error("Cannot cast value: it is of the other kind (result, block argument)");
  new (self) T{PyValue(value)};
}

//===----------------------------------------------------------------------===//
// Bindings
//===----------------------------------------------------------------------===//

static void bindValue(nb::module_ &m) {
  nb::class_<PyValue>(m, "Value", nb::dynamic_attr(), "An SSA value.")
      .def(
          "__init__", [](PyValue *self, PyValue &value) { value.get(), new (self) PyValue(value); },
          nb::arg("value"))
      .def_static("__class_getitem__", [](nb::handle) { return nb::type<PyValue>(); })
      .def_prop_ro("context", [](PyValue &self) { return toPython(self.context()); })
      .def_prop_ro("type",
                   [](PyValue &self) { return toPython(self.context(), self.get().getType()); })
      .def("set_type", setType, nb::arg("type"))
      .def_prop_ro(
          "location",
          [](PyValue &self) { return toPython(self.context(), LocationAttr(self.get().getLoc())); })
      .def_prop_ro("owner", ownerOf, "The defining operation, or the block of an argument.")
      .def_prop_ro("uses", usesOf, "An iterator over the uses, as OpOperand.")
      .def_prop_ro("has_one_use", [](PyValue &self) { return self.get().hasOneUse(); })
      .def("get_name", nameOf, nb::arg("use_local_scope") = false,
           nb::arg("use_name_loc_as_prefix") = false)
      .def("replace_all_uses_with", replaceUses, nb::arg("with_"))
      .def("replace_all_uses_except", replaceUsesExcept, nb::arg("with_"), nb::arg("exceptions"))
      .def("maybe_downcast", [](PyValue &self) { return toPython(self.context(), self.get()); })
      .def("__str__", textOf)
      .def("__eq__",
           [](PyValue &self, PyValue &other) {
             return self.anchor == other.anchor && self.index == other.index;
           })
      .def(
          "__eq__", [](PyValue &, nb::object) { return false; }, nb::arg("other").none())
      .def("__hash__", [](PyValue &self) {
        return (reinterpret_cast<intptr_t>(self.anchor.get()) >> 4) + self.index;
      });
}

static void bindResult(nb::module_ &m) {
  nb::class_<PyOpResult, PyValue>(m, "OpResult")
      .def("__init__", castFrom<PyOpResult>, nb::arg("value"))
      .def_static(
          "isinstance", [](PyValue &value) { return isa<OpResult>(value.get()); }, nb::arg("value"))
      .def_prop_ro("owner",
                   [](PyOpResult &self) {
                     self.get();
                     return toPythonOperation(self.anchor);
                   })
      .def_prop_ro("result_number", [](PyOpResult &self) { return self.get(), self.index; });
}

static void bindArgument(nb::module_ &m) {
  auto argument = [](PyBlockArgument &self) { return cast<BlockArgument>(self.get()); };
  nb::class_<PyBlockArgument, PyValue>(m, "BlockArgument")
      .def("__init__", castFrom<PyBlockArgument>, nb::arg("value"))
      .def_static(
          "isinstance", [](PyValue &value) { return isa<BlockArgument>(value.get()); },
          nb::arg("value"))
      .def_prop_ro("owner",
                   [argument](PyBlockArgument &self) {
                     return toPython(self.context(), argument(self).getOwner());
                   })
      .def_prop_ro("arg_number",
                   [argument](PyBlockArgument &self) { return argument(self).getArgNumber(); })
      .def(
          "set_location",
          [argument](PyBlockArgument &self, PyLocation &location) {
            requireSameContext(self.context(), location.context, "a location");
            argument(self).setLoc(Location(location.value));
          },
          nb::arg("loc"));
}

void bindValues(nb::module_ &m) {
  bindValue(m);
  bindResult(m);
  bindArgument(m);
  nb::class_<PyOpOperand>(m, "OpOperand", "One use of a value.")
      .def_prop_ro("owner",
                   [](PyOpOperand &self) {
                     self.owner->get();
                     return toPythonOpView(self.owner);
                   })
      .def_prop_ro("operand_number",
                   [](PyOpOperand &self) { return self.owner->get(), self.index; });
}

} // namespace afe::python

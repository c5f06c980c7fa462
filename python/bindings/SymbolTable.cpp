//===- SymbolTable.cpp - afe.ir.SymbolTable -----------------------------------------===//
//
// Looks symbols up in the operation each time instead of caching them as MLIR's own class does: a
// cache would keep pointing to operations that are erased through other handles.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Build.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace afe::python {

struct PySymbolTable {
  AnchorRef anchor;
  Operation *get() const { return static_cast<Operation *>(anchor->get()); }
  const ContextRef &context() const {
    get();
    return anchor->tree->context;
  }
};

static StringAttr nameOf(Operation *op) {
  return op->getAttrOfType<StringAttr>(SymbolTable::getSymbolAttrName());
}

static StringAttr requireName(Operation *op) {
  if (StringAttr name = nameOf(op))
    return name;
  throw nb::value_error("Expected operation to have a symbol name.");
}

/// The table's single block; a verified symbol table has exactly one, another may have none.
static Block *bodyOf(const PySymbolTable &self) {
  Operation *table = self.get();
  if (table->getNumRegions() != 1 || table->getRegion(0).empty())
    throw nb::value_error("the symbol table has no body");
  return &table->getRegion(0).front();
}

static Operation *find(const PySymbolTable &self, StringRef name) {
  for (Operation &op : *bodyOf(self))
    if (StringAttr symbol = nameOf(&op); symbol && symbol.getValue() == name)
      return &op;
  return nullptr;
}

static AnyObject getItem(PySymbolTable &self, const std::string &name) {
  Operation *found = find(self, name);
  if (!found)
    throw nb::key_error(("Symbol '" + name + "' not in the symbol table.").c_str());
  return toPython(self.context(), found);
}

static void eraseSymbol(PySymbolTable &self, PyOperationBase &symbol) {
  if (symbol.get()->getParentOp() != self.get())
    throw nb::value_error("the operation is not in this symbol table");
  self.context()->erase(symbol.get());
}

static std::string uniqueName(PySymbolTable &self, StringRef wanted, Operation *except) {
  std::string name = wanted.str();
  for (unsigned suffix = 0;; ++suffix) {
    Operation *holder = find(self, name);
    if (!holder || holder == except)
      return name;
    name = (wanted + "_" + llvm::Twine(suffix)).str();
  }
}

/// Puts a detached symbol before the terminator, renamed if its name is taken.
static AnyObject insert(PySymbolTable &self, PyOperationBase &symbol) {
  Operation *op = symbol.get();
  requireSameContext(self.context(), symbol.context(), "the symbol");
  std::string name = uniqueName(self, requireName(op).getValue(), op);
  Block *body = bodyOf(self);
  if (op->getParentOp() && op->getParentOp() != self.get())
    throw nb::value_error("the symbol is already in another symbol table");
  if (op->isAncestor(self.get()))
    throw nb::value_error("an operation cannot be inserted into itself");
  op->setAttr(SymbolTable::getSymbolAttrName(), StringAttr::get(op->getContext(), name));
  if (!op->getBlock()) {
    bool hasTerminator = !body->empty() && body->back().hasTrait<OpTrait::IsTerminator>();
    body->getOperations().insert(hasTerminator ? std::prev(body->end()) : body->end(), op);
    self.context()->rehome(op);
  }
  return toPython(self.context(), Attribute(nameOf(op)));
}

//===----------------------------------------------------------------------===//
// Static helpers
//===----------------------------------------------------------------------===//

static void setName(PyOperationBase &symbol, const std::string &name) {
  Operation *op = symbol.get();
  requireName(op);
  op->setAttr(SymbolTable::getSymbolAttrName(), StringAttr::get(op->getContext(), name));
}

static AnyObject visibilityOf(PyOperationBase &symbol) {
  Operation *op = symbol.get();
  auto visibility = op->getAttrOfType<StringAttr>(SymbolTable::getVisibilityAttrName());
  if (!visibility)
    visibility = StringAttr::get(op->getContext(), "public");
  return toPython(symbol.context(), Attribute(visibility));
}

static void setVisibility(PyOperationBase &symbol, const std::string &visibility) {
  if (visibility != "public" && visibility != "private" && visibility != "nested")
    throw nb::value_error("Expected visibility to be 'public', 'private' or 'nested'");
  Operation *op = symbol.get();
  requireName(op);
  op->setAttr(SymbolTable::getVisibilityAttrName(), StringAttr::get(op->getContext(), visibility));
}

static void replaceUses(const std::string &from, const std::string &to, PyOperationBase &scope) {
  MLIRContext *context = scope.get()->getContext();
  if (failed(SymbolTable::replaceAllSymbolUses(StringAttr::get(context, from),
                                               StringAttr::get(context, to), scope.get())))
    throw std::runtime_error("Symbol rename failed");
}

/// Calls back for each symbol table inside; the tables are collected first.
static void walkTables(PyOperationBase &from, bool allUsesVisible,
                       nb::typed<nb::callable, nb::any(nb::any, bool)> callback) {
  std::vector<std::pair<AnchorRef, bool>> tables;
  const ContextRef context = from.context();
  SymbolTable::walkSymbolTables(from.get(), allUsesVisible, [&](Operation *table, bool visible) {
    tables.emplace_back(context->anchor(table), visible);
  });
  for (auto &[anchor, visible] : tables)
    if (anchor->isAlive())
      callback(toPythonOpView(anchor), visible);
}

void bindSymbolTables(nb::module_ &m) {
  nb::class_<PySymbolTable>(m, "SymbolTable", "Operations of a module by name.")
      .def(
          "__init__",
          [](PySymbolTable *self, PyOperationBase &table) {
            if (!table.get()->hasTrait<OpTrait::SymbolTable>())
              throw nb::type_error("Operation is not a Symbol Table.");
            new (self) PySymbolTable{table.anchor};
          },
          nb::arg("symbol_table_op"))
      .def("__getitem__", getItem)
      .def("__contains__",
           [](PySymbolTable &self, const std::string &name) { return !!find(self, name); })
      .def("__delitem__",
           [](PySymbolTable &self, const std::string &name) {
             Operation *found = find(self, name);
             if (!found)
               throw nb::key_error(("Symbol '" + name + "' not in the symbol table.").c_str());
             self.context()->erase(found);
           })
      .def("insert", insert, nb::arg("operation"))
      .def("erase", eraseSymbol, nb::arg("operation"))
      .def_static(
          "get_symbol_name",
          [](PyOperationBase &symbol) {
            return toPython(symbol.context(), Attribute(requireName(symbol.get())));
          },
          nb::arg("symbol"))
      .def_static("set_symbol_name", setName, nb::arg("symbol"), nb::arg("name"))
      .def_static("get_visibility", visibilityOf, nb::arg("symbol"))
      .def_static("set_visibility", setVisibility, nb::arg("symbol"), nb::arg("visibility"))
      .def_static("replace_all_symbol_uses", replaceUses, nb::arg("old_symbol"),
                  nb::arg("new_symbol"), nb::arg("from_op"))
      .def_static("walk_symbol_tables", walkTables, nb::arg("from_op"),
                  nb::arg("all_sym_uses_visible"), nb::arg("callback"));
}

} // namespace afe::python

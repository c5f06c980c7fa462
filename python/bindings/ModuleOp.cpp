//===- ModuleOp.cpp - afe.ir.Module -------------------------------------------------===//
//
// A module handle is an operation handle with a body; it owns the module through its anchor's tree.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Diagnostics.h"
#include "Printing.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;

namespace afe::python {

static const ContextRef &contextOf(PyModule &self) {
  self.get();
  return self.anchor->tree->context;
}

static PyModule create(LocationArg location) {
  PyLocation resolved = location.get();
  ModuleOp module = ModuleOp::create(Location(resolved.value));
  return {resolved.context->adopt(module)};
}

template <typename Parse> static PyModule parseWith(const ContextRef &context, Parse parse) {
  ErrorCapture errors(context);
  ParserConfig config(&context->mlir);
  OwningOpRef<ModuleOp> module = parse(config);
  if (!module)
    errors.raise("Unable to parse module assembly");
  return {context->adopt(module.release())};
}

static PyModule parseText(const std::string &source, ContextArg context) {
  return parseWith(context.get(), [&](const ParserConfig &config) {
    return parseSourceString<ModuleOp>(source, config);
  });
}

static PyModule parseBytes(nb::bytes source, ContextArg context) {
  return parseWith(context.get(), [&](const ParserConfig &config) {
    return parseSourceString<ModuleOp>(StringRef(source.c_str(), source.size()), config);
  });
}

static PyModule parseFile(nb::handle path, ContextArg context) {
  nb::object text = nb::module_::import_("os").attr("fspath")(path);
  std::string name = nb::cast<std::string>(text);
  return parseWith(context.get(), [&](const ParserConfig &config) {
    return parseSourceFile<ModuleOp>(name, config);
  });
}

static PyModule cloneOf(PyModule &self) {
  const ContextRef &context = contextOf(self);
  return {context->adopt(self.get()->clone())};
}

static PyModule fromOperation(PyOperationBase &operation) {
  if (!isa<ModuleOp>(operation.get()))
    throw nb::value_error("the operation is not a builtin.module");
  return {operation.anchor};
}

static PyBlock bodyOf(PyModule &self) {
  Operation *module = self.get();
  if (module->getNumRegions() != 1 || module->getRegion(0).empty())
    throw nb::value_error("the module has no body");
  return toPython(contextOf(self), &module->getRegion(0).front());
}

void bindModules(nb::module_ &m) {
  nb::class_<PyModule>(m, "Module", nb::is_weak_referenceable(), "A builtin.module.")
      .def_static("create", create, nb::arg("loc") = nb::none(), "An empty module.")
      .def_static("parse", parseText, nb::arg("asm"), nb::arg("context") = nb::none(),
                  "From assembly; MLIRError with the diagnostics if it is wrong.")
      .def_static("parse", parseBytes, nb::arg("asm"), nb::arg("context") = nb::none(),
                  "From assembly or bytecode.")
      .def_static("parseFile", parseFile, nb::arg("path"), nb::arg("context") = nb::none())
      .def_prop_ro("context", [](PyModule &self) { return toPython(contextOf(self)); })
      .def_prop_ro("operation",
                   [](PyModule &self) {
                     self.get();
                     return toPythonOperation(self.anchor);
                   })
      .def_prop_ro("body", bodyOf, "The only block of the module.")
      .def("clone", cloneOf)
      .def_static("from_operation", fromOperation, nb::arg("operation"))
      .def("dump", [](PyModule &self) { llvm::errs() << assemblyOf(self.get()) << "\n"; })
      .def("__str__", [](PyModule &self) { return assemblyOf(self.get()); })
      .def("__eq__", [](PyModule &self, PyModule &other) { return self.anchor == other.anchor; })
      .def(
          "__eq__", [](PyModule &, nb::object) { return false; }, nb::arg("other").none())
      .def("__hash__",
           [](PyModule &self) { return reinterpret_cast<intptr_t>(self.anchor.get()) >> 4; });
}

} // namespace afe::python

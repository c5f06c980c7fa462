//===- Module.cpp - The native module afe._mlir ------------------------------------===//
//
// Submodules `ir` and `passmanager`, and a test, at import, that MLIR's type identities work across
// the shared libraries: where they do not, traits and casts silently answer "no".
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Casters.h"
#include "Diagnostics.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;

namespace afe::python {

/// The module and the type are made inside libMLIR; this library must recognise them.
static bool areTypeIdentitiesShared() {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  OwningOpRef<Operation *> op = parseSourceString("module @m {}", ParserConfig(&context));
  Type type = parseType("tensor<2xi8>", &context);
  return op && type && isa<ModuleOp>(*op) && (*op)->hasTrait<OpTrait::SymbolTable>() &&
         (*op)->hasTrait<OpTrait::IsIsolatedFromAbove>() && isa<SymbolOpInterface>(*op) &&
         isa<RankedTensorType>(type) && isa<ShapedType>(type);
}

void checkTypeIdentities() {
  if (!areTypeIdentitiesShared())
    throw std::runtime_error(
        "afe._mlir does not recognise the types and traits of libMLIR: it was built with another "
        "compiler or visibility than MLIR, so casts and trait checks would silently fail. Build "
        "it with clang++-22 against the MLIR 22.1 it is run with.");
}

} // namespace afe::python

/// A failed nb::cast: an element of a sequence or dictionary has the wrong type.
static void translateBadCast(const std::exception_ptr &pointer, void *) {
  try {
    std::rethrow_exception(pointer);
  } catch (const std::bad_cast &) {
    PyErr_SetString(PyExc_TypeError,
                    "an argument, or an element of one, has another type than expected");
  }
}

NB_MODULE(_mlir, m) {
  using namespace afe::python;
  nb::register_exception_translator(translateBadCast);
  nb::set_leak_warnings(false);
  checkTypeIdentities();
  m.doc() = "MLIR for Python, in the shape of MLIR's own bindings.";
  nb::module_ ir = m.def_submodule("ir", "Core IR.");
  bindDiagnostics(ir);
  bindContexts(ir);
  bindGlobals(m, ir);
  bindCasters(ir);
  bindAffine(ir);
  bindAttributes(ir);
  bindTypes(ir);
  bindShapedTypes(ir);
  bindArrayAttributes(ir);
  bindElementsAttributes(ir);
  bindLocations(ir);
  bindOperationLists(ir);
  bindOperations(ir);
  bindOpViews(ir);
  bindBlocks(ir);
  bindValues(ir);
  bindInsertionPoints(ir);
  bindModules(ir);
  bindSymbolTables(ir);
  bindLinalg(ir);
  nb::module_ passes = m.def_submodule("passmanager", "Pass pipelines.");
  bindPassManager(passes);
}

//===- Bindings.h - The parts the native module is made of -------------------------===//
//
// One `bind…` function per source file, and what they need of each other.
//
//===----------------------------------------------------------------------===//
#ifndef AFE_PYTHON_BINDINGS_BINDINGS_H
#define AFE_PYTHON_BINDINGS_BINDINGS_H

#include "Handles.h"

namespace afe::python {

void bindGlobals(nb::module_ &root, nb::module_ &ir);
void bindContexts(nb::module_ &m);
void bindLocations(nb::module_ &m);
void bindOperations(nb::module_ &m);
void bindOpViews(nb::module_ &m);
void bindModules(nb::module_ &m);
void bindOperationLists(nb::module_ &m);
void bindBlocks(nb::module_ &m);
void bindValues(nb::module_ &m);
void bindInsertionPoints(nb::module_ &m);
void bindSymbolTables(nb::module_ &m);
void bindAffine(nb::module_ &m);
void bindAttributes(nb::module_ &m);
void bindArrayAttributes(nb::module_ &m);
void bindElementsAttributes(nb::module_ &m);
void bindTypes(nb::module_ &m);
void bindShapedTypes(nb::module_ &m);
void bindPassManager(nb::module_ &m);
void bindLinalg(nb::module_ &m);

/// The class `register_dialect` recorded for the namespace, importing `afe.dialects.<namespace>`
/// where there is one; an invalid object if there is none.
nb::object lookupDialectClass(const std::string &dialectNamespace);
/// The class `register_operation` recorded for the name, or an invalid object.
nb::object lookupOperationClass(const std::string &operationName);

/// Throws std::runtime_error if MLIR's type identities are not shared with libMLIR.
void checkTypeIdentities();

} // namespace afe::python

#endif // AFE_PYTHON_BINDINGS_BINDINGS_H

//===- Printing.h - Text, bytecode and walks of operations -------------------------===//
//
// Shared by Operation, OpView and Module.
//
//===----------------------------------------------------------------------===//
#ifndef AFE_PYTHON_BINDINGS_PRINTING_H
#define AFE_PYTHON_BINDINGS_PRINTING_H

#include "Handles.h"

#include "mlir/IR/OperationSupport.h"

namespace afe::python {

void bindPrinting(nb::class_<PyOperationBase> &base);
/// To be called before the class exists: the method's signature shows the enums.
void bindWalkEnums(nb::module_ &m);
void bindWalk(nb::class_<PyOperationBase> &base);

std::string assemblyOf(mlir::Operation *op);
/// The custom form if `op` verifies, else the generic one: custom printers read what only verified
/// operations have. Operation::print does this itself; printing a part of an operation does not.
mlir::OpPrintingFlags safeFlags(mlir::Operation *op);
AnchorRef parseOperation(const std::string &source, const std::string &sourceName,
                         const ContextRef &context);
bool verifyOperation(mlir::Operation *op, const ContextRef &context);

} // namespace afe::python

#endif // AFE_PYTHON_BINDINGS_PRINTING_H

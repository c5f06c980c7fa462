//===- Build.h - Creating operations from Python values ----------------------------===//
//
// The one way operations come into being: `Operation.create` and the generated OpView
// constructors both end in `createOperation`.
//
//===----------------------------------------------------------------------===//
#ifndef AFE_PYTHON_BINDINGS_BUILD_H
#define AFE_PYTHON_BINDINGS_BUILD_H

#include "Handles.h"

#include "mlir/IR/OperationSupport.h"

namespace afe::python {

/// Everything an operation is made of, converted and checked.
struct OperationParts {
  PyLocation location;
  std::string name;
  /// Empty optional: infer the result types.
  std::optional<llvm::SmallVector<mlir::Type>> results;
  llvm::SmallVector<mlir::Value> operands;
  mlir::NamedAttrList attributes;
  llvm::SmallVector<mlir::Block *> successors;
  unsigned numRegions = 0;
};

/// `ip`: an InsertionPoint, None (the current one, if any) or False (leave it detached).
AnchorRef createOperation(OperationParts parts, nb::handle ip);

/// Puts a detached operation at the point; throws if that would make a cycle.
void insertAt(const PyInsertionPoint &point, mlir::Operation *op);
/// Resolves `ip` as above; empty if the operation stays detached.
std::optional<PyInsertionPoint> resolveInsertionPoint(nb::handle ip);

/// A Value, or the single result of an operation.
mlir::Value valueFrom(const ContextRef &context, nb::handle object);
mlir::Type typeFrom(const ContextRef &context, nb::handle object);
mlir::Attribute attributeFrom(const ContextRef &context, nb::handle object);
llvm::SmallVector<mlir::Block *> blocksFrom(const ContextRef &context, nb::handle sequence);
mlir::NamedAttrList attributesFrom(const ContextRef &context, nb::handle dictionary);

} // namespace afe::python

#endif // AFE_PYTHON_BINDINGS_BUILD_H

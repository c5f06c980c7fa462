//===- Lists.h - Sequences that look into an operation -----------------------------===//
//
// Operands, results, successors, regions and attributes of an operation. They hold its anchor, so
// they follow changes of the operation and raise once it is erased.
//
//===----------------------------------------------------------------------===//
#ifndef AFE_PYTHON_BINDINGS_LISTS_H
#define AFE_PYTHON_BINDINGS_LISTS_H

#include "Handles.h"

namespace afe::python {

/// `length` elements of `anchor`'s, from `start`, `step` apart: what a Python slice names.
struct Window {
  AnchorRef anchor;
  intptr_t start = 0, length = 0, step = 1;
};
struct PyOpOperandList : Window {};
struct PyOpResultList : Window {};
struct PyOpSuccessors : Window {};
struct PyBlockArgumentList : Window {};

struct PyOpAttributeMap {
  AnchorRef anchor;
  mlir::Operation *get() const { return static_cast<mlir::Operation *>(anchor->get()); }
};
struct PyRegionSequence {
  AnchorRef anchor;
  mlir::Operation *get() const { return static_cast<mlir::Operation *>(anchor->get()); }
};

PyOpOperandList operandsOf(const AnchorRef &operation);
PyOpResultList resultsOf(const AnchorRef &operation);
PyOpSuccessors successorsOf(const AnchorRef &operation);
PyBlockArgumentList argumentsOf(const AnchorRef &block);

/// `index` of Python, negative from the end; throws IndexError outside of [0, length).
intptr_t normalizedIndex(intptr_t index, intptr_t length);

} // namespace afe::python

#endif // AFE_PYTHON_BINDINGS_LISTS_H

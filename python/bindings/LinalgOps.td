// All operations of the linalg dialect, for the Python bindings' generator.
#ifndef AFE_PYTHON_BINDINGS_LINALGOPS
#define AFE_PYTHON_BINDINGS_LINALGOPS

include "mlir/Dialect/Linalg/IR/LinalgOps.td"
include "mlir/Dialect/Linalg/IR/LinalgStructuredOps.td"
include "mlir/Dialect/Linalg/IR/LinalgRelayoutOps.td"

#endif // AFE_PYTHON_BINDINGS_LINALGOPS

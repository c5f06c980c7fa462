// The edges of a model: operations between an argument and the first layer, or between the last
// layer and a result, that the EV74's fixed functions do (quantize, dequantize, layout, reshape,
// cast).
#pragma once

#include "mlir/IR/Operation.h"

#include <optional>
#include <string>

namespace afe {

/// The EV74 kernel that does `op`, wherever it stands; empty where there is none.
llvm::StringRef ev74Kernel(mlir::Operation *op);

/// Whether `op` is such an operation and everything before it (up to an argument), or everything
/// after it (up to the return), is one too.
bool isEdgeOp(mlir::Operation *op);
bool isInputEdge(mlir::Operation *op);
bool isOutputEdge(mlir::Operation *op);

} // namespace afe

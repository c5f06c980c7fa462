// The EV74's fixed functions as operations of @main.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace afe {

/// Rewrites what is left in TOSA in @main (see Conversion/TosaToMLA/Edges.h) as a65.ev74; how many.
size_t convertEdges(mlir::func::FuncOp func);

/// The SDK's name of an element type: int8, uint8, int32, float32, …
std::string dtypeName(mlir::Type elementType);

} // namespace afe

// What an operation costs on the Cortex-A65, roughly: enough to weigh a handover against a few
// layers, and to say which fallback is the dear one.
#pragma once

#include "mlir/IR/Operation.h"

namespace afe {

/// Cycles of one core for a TOSA operation (with what its regions hold); 0 for constants.
int64_t hostCycles(mlir::Operation *op);

} // namespace afe

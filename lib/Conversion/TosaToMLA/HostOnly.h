// Operations that no phase of the lowering shall see, because the MLA cannot take them whatever
// their operator is.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace afe {

/// While it lives, operations are hidden behind casts without a meaning that are computed from
/// constants alone (unless a vector program takes them in), have a tensor with more rows or columns
/// than the instructions count, or belong to one of the model's operators that the module's
/// `afe.host_operators` names.
class HostOnly {
public:
  explicit HostOnly(mlir::func::FuncOp func);
  /// Puts the operations back in place. Each has its reason then (a65.reason, a65.hint) but for
  /// those at the model's edges, which may be the EV74's.
  ~HostOnly();

private:
  void hide(mlir::Operation *op);

  mlir::func::FuncOp func;
  llvm::SmallVector<mlir::Operation *> hidden;
};

/// Results of the function that are constants become results of a tosa.identity, which the host
/// can compute.
void computeConstantResults(mlir::func::FuncOp func);

} // namespace afe

// Why an operation stays on the host, in words for the user.
#pragma once

#include "mlir/IR/Operation.h"

#include <string>

namespace afe {

struct HostReason {
  std::string reason; ///< names the operator and the constraint
  std::string hint;   ///< what would bring it to the MLA
};

/// The reason for an operation that afe-lower-to-mla left in TOSA.
HostReason hostReason(mlir::Operation *op);
/// The reason where the user asked for the host (arm-only).
HostReason askedReason(mlir::Operation *op);

} // namespace afe

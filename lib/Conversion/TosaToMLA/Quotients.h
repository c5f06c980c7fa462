// Quantizations x / scale of f32 lanes without the division.
#pragma once

#include "mla/MLADialect.h"

namespace afe {

/// Replaces clamp(rint(x / scale)), scale constant and at most 256 results, by fewer cycles for the
/// same numbers, where the program has room for the operations.
void replaceQuotients(mla::VectorOp program);

} // namespace afe

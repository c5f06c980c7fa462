// The pattern sets of afe-canonicalize, by family.
#pragma once

#include "mlir/IR/PatternMatch.h"

namespace afe {

/// Reshapes, transposes and slices: what does nothing goes, the rest moves towards the results.
void populateMovementPatterns(mlir::RewritePatternSet &patterns);

/// Slices and quantization towards the arguments, transposes of high rank.
void populateSlicePatterns(mlir::RewritePatternSet &patterns);

/// Clamps, rescales and their rounding, the change between uint8 and int8.
void populateArithmeticPatterns(mlir::RewritePatternSet &patterns);

} // namespace afe

// Verifiers of the data movement operations.

#include "mla/MLADialect.h"

using namespace mlir;
using namespace afe::mla;

LogicalResult ConcatOp::verify() { return success(); }
LogicalResult SliceOp::verify() { return success(); }
LogicalResult PadOp::verify() { return success(); }
LogicalResult ReshapeOp::verify() { return success(); }
LogicalResult TransposeOp::verify() { return success(); }

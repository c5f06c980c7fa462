// Verifiers of vector programs.

#include "mla/MLADialect.h"

using namespace mlir;
using namespace afe::mla;

LogicalResult VectorOp::verify() { return success(); }

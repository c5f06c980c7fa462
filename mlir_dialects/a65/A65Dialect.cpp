// Registers the dialect's operations.

#include "a65/A65Dialect.h"

using namespace mlir;
using namespace afe::a65;

#include "a65/A65Dialect.cpp.inc"

#define GET_OP_CLASSES
#include "a65/A65Ops.cpp.inc"

void A65Dialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "a65/A65Ops.cpp.inc"
      >();
}

// Registers the dialect and verifies its calls.

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

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  Operation *callee = symbols.lookupNearestSymbolFrom(*this, getCalleeAttr());
  if (!callee || !isa<SegmentOp, BinaryOp>(callee))
    return emitOpError() << "callee '" << getCallee() << "' is not an a65.segment or a65.binary";
  return success();
}

// Verifiers of segments and calls.

#include "mla/MLADialect.h"

using namespace mlir;
using namespace afe::mla;

LogicalResult SegmentOp::verify() { return success(); }

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  Operation *callee = symbols.lookupNearestSymbolFrom(*this, getCalleeAttr());
  if (!callee || !isa<SegmentOp, BinaryOp>(callee))
    return emitOpError() << "callee '" << getCallee() << "' is not an mla.segment or mla.binary";
  return success();
}

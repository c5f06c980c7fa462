// Verifiers and folders of the layer operations.

#include "mla/MLADialect.h"

using namespace mlir;
using namespace afe::mla;

#define GET_OP_CLASSES
#include "mla/MLAOps.cpp.inc"

OpFoldResult ConstOp::fold(FoldAdaptor) { return getValue(); }

LogicalResult Conv2DOp::verify() { return success(); }
LogicalResult DepthwiseConv2DOp::verify() { return success(); }
LogicalResult TransposeConv2DOp::verify() { return success(); }
LogicalResult MatmulOp::verify() { return success(); }

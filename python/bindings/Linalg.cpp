//===- Linalg.cpp - Payload regions of named linalg operations ----------------------===//
//
// A named operation such as linalg.matmul has a region that follows from its operands; the textual
// form leaves it out, so a builder has to add it.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace afe::python {

static linalg::LinalgOp requireFillable(Operation *op) {
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  if (!structured || !structured.getRegionBuilder())
    throw nb::value_error("the operation is not a named structured operation");
  if (op->getNumRegions() != 1 || !op->getRegion(0).empty())
    throw nb::value_error("the operation already has its region");
  return structured;
}

static void fillRegion(PyOperationBase &self) {
  linalg::LinalgOp structured = requireFillable(self.get());
  Operation *op = structured;
  Block &block = op->getRegion(0).emplaceBlock();
  for (Value operand : op->getOperands())
    block.addArgument(getElementTypeOrSelf(operand.getType()), op->getLoc());
  ImplicitLocOpBuilder builder(op->getLoc(), op->getContext());
  builder.setInsertionPointToEnd(&block);
  structured.getRegionBuilder()(builder, block, op->getAttrs(), [&] { return op->emitError(); });
}

void bindLinalg(nb::module_ &m) {
  m.def("fill_structured_region", fillRegion, nb::arg("operation"),
        "Adds the payload region of a named linalg operation that has none yet.");
}

} // namespace afe::python

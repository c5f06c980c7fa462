//===- InsertionPoint.cpp - Where new operations go ---------------------------------===//
//
// Before an operation, or at the end of a block.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Build.h"
#include "ThreadStack.h"

using namespace mlir;

namespace afe::python {

static PyInsertionPoint beforeOperation(PyOperationBase &operation) {
  Block *block = operation.get()->getBlock();
  if (!block)
    throw nb::value_error("an insertion point needs an operation that is in a block");
  return {operation.context()->anchor(block), operation.anchor};
}

static PyInsertionPoint afterOperation(PyOperationBase &operation) {
  PyInsertionPoint point = beforeOperation(operation);
  Operation *next = operation.get()->getNextNode();
  point.before = next ? operation.context()->anchor(next) : nullptr;
  return point;
}

static PyInsertionPoint atBegin(PyBlock &block) {
  Block *target = block.get();
  return {block.anchor, target->empty() ? nullptr : block.context()->anchor(&target->front())};
}

static PyInsertionPoint atTerminator(PyBlock &block) {
  Block *target = block.get();
  if (target->empty() || !target->back().mightHaveTrait<OpTrait::IsTerminator>())
    throw nb::value_error("Block has no terminator");
  return {block.anchor, block.context()->anchor(&target->back())};
}

static void insertDetached(PyInsertionPoint &self, PyOperationBase &operation) {
  if (operation.get()->getBlock())
    throw nb::value_error("Attempt to insert operation that is already in a block");
  requireSameContext(operation.context(), (self.block->get(), self.block->tree->context),
                     "the insertion point");
  insertAt(self, operation.get());
  operation.context()->rehome(operation.get());
}

void bindInsertionPoints(nb::module_ &m) {
  nb::class_<PyInsertionPoint>(m, "InsertionPoint", "Where new operations go.")
      .def(
          "__init__",
          [](PyInsertionPoint *self, PyBlock &block) {
            block.get();
            new (self) PyInsertionPoint{block.anchor, nullptr};
          },
          nb::arg("block"), "At the end of the block.")
      .def(
          "__init__",
          [](PyInsertionPoint *self, PyOperationBase &operation) {
            new (self) PyInsertionPoint(beforeOperation(operation));
          },
          nb::arg("beforeOperation"), "Before the operation.")
      .def_static("at_block_begin", atBegin, nb::arg("block"))
      .def_static("at_block_terminator", atTerminator, nb::arg("block"))
      .def_static("after", afterOperation, nb::arg("operation"))
      .def_prop_ro_static(
          "current",
          [](nb::handle) -> Typed<PyInsertionPoint> {
            Frame *frame = currentFrame();
            if (!frame || !frame->insertionPoint.is_valid())
              throw nb::value_error("No current InsertionPoint");
            return frame->insertionPoint;
          },
          "The insertion point of the innermost `with`; ValueError if there is none.")
      .def("insert", insertDetached, nb::arg("operation"))
      .def_prop_ro("block",
                   [](PyInsertionPoint &self) {
                     self.block->get();
                     return PyBlock{self.block};
                   })
      .def_prop_ro("ref_operation",
                   [](PyInsertionPoint &self) -> Typed<std::optional<PyOperation>> {
                     if (!self.before)
                       return nb::none();
                     self.before->get();
                     return toPythonOperation(self.before);
                   })
      .def("__enter__",
           [](Typed<PyInsertionPoint> self) -> Typed<PyInsertionPoint> {
             return enterInsertionPoint(self);
           })
      .def("__exit__", [](nb::object self, nb::args) { exitFrame(self); });
}

} // namespace afe::python

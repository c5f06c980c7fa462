//===- Buffers.h - The Python buffer protocol, in and out ---------------------------===//
//
// In: a view of any array, made C-contiguous if it is not. Out: the type slots with which numpy
// reads constant attributes.
//
//===----------------------------------------------------------------------===//
#ifndef AFE_PYTHON_BINDINGS_BUFFERS_H
#define AFE_PYTHON_BINDINGS_BUFFERS_H

#include "Handles.h"

#include "mlir/IR/BuiltinTypeInterfaces.h"

namespace afe::python {

/// A C-contiguous view of a Python object's buffer, released with it. Needs the interpreter's lock.
class BufferView {
public:
  /// Throws TypeError or ValueError if the object has no such buffer.
  explicit BufferView(nb::handle object);
  ~BufferView();
  BufferView(const BufferView &) = delete;

  llvm::ArrayRef<char> bytes() const {
    return {static_cast<const char *>(view.buf), static_cast<size_t>(view.len)};
  }
  llvm::SmallVector<int64_t> shape() const { return {view.shape, view.shape + view.ndim}; }
  size_t itemSize() const { return view.itemsize; }
  bool isBoolean() const;
  /// The MLIR type of an element; signless makes all integers `iN`.
  mlir::Type elementType(mlir::MLIRContext *context, bool isSignless) const;

private:
  char kind() const;
  Py_buffer view;
};

/// Bytes of a dense row-major tensor; throws ValueError for element types of broken bytes.
size_t bytesNeeded(mlir::ShapedType type);

/// The slots of an attribute class whose instances numpy can read.
PyType_Slot *bufferSlots();

} // namespace afe::python

#endif // AFE_PYTHON_BINDINGS_BUFFERS_H

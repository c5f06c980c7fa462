//===- Handles.h - The C++ values behind the Python classes ------------------------===//
//
// Small value types: an anchor or a uniqued MLIR object plus the context that keeps it alive.
// `get()` of an IR handle throws if its anchor is dead. Also the two argument kinds every builder
// takes: a context or a location that may be left out inside `with Context():`.
//
//===----------------------------------------------------------------------===//
#ifndef AFE_PYTHON_BINDINGS_HANDLES_H
#define AFE_PYTHON_BINDINGS_HANDLES_H

#include "IRState.h"

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Attributes.h"
#include "mlir/IR/IntegerSet.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/Types.h"
#include "mlir/IR/Value.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>

namespace nb = nanobind;

namespace afe::python {

/// A Python object, with the type that the stubs show for it.
template <typename T> using Typed = nb::typed<nb::object, T>;
/// An object whose class depends on the IR: what its type checker cannot know.
using AnyObject = Typed<nb::any>;

/// An iterator over a list made for it.
template <typename Element> nb::typed<nb::iterator, Element> iteratorOver(const nb::list &list) {
  return nb::iter(list);
}

/// `afe.ir.Context`: one Python object per ContextState.
struct PyContext {
  explicit PyContext(ContextRef state) : state(std::move(state)) {}
  PyContext(PyContext &&) = default;
  ~PyContext() {
    if (state && state->wrapper == this)
      state->wrapper = nullptr;
  }
  ContextRef state;
};
/// The Python object of a context; the same one as long as somebody holds it.
Typed<PyContext> toPython(const ContextRef &context);

//===----------------------------------------------------------------------===//
// Uniqued objects: alive as long as their context
//===----------------------------------------------------------------------===//

struct PyAttribute {
  ContextRef context;
  mlir::Attribute value;
};
struct PyNamedAttribute {
  ContextRef context;
  mlir::NamedAttribute value;
};
struct PyType {
  ContextRef context;
  mlir::Type value;
};
struct PyLocation {
  ContextRef context;
  mlir::LocationAttr value;
};
struct PyAffineExpr {
  ContextRef context;
  mlir::AffineExpr value;
};
struct PyAffineMap {
  ContextRef context;
  mlir::AffineMap value;
};
struct PyIntegerSet {
  ContextRef context;
  mlir::IntegerSet value;
};

/// The most derived Python class registered for the object (IntegerAttr, RankedTensorType, …).
AnyObject toPython(const ContextRef &context, mlir::Attribute attribute);
AnyObject toPython(const ContextRef &context, mlir::Type type);
PyLocation toPython(const ContextRef &context, mlir::LocationAttr location);

//===----------------------------------------------------------------------===//
// IR handles: anchored
//===----------------------------------------------------------------------===//

/// What Operation and OpView share.
struct PyOperationBase {
  AnchorRef anchor;
  mlir::Operation *get() const {
    if (!anchor)
      throw std::runtime_error("this operation view was never initialized");
    return static_cast<mlir::Operation *>(anchor->get());
  }
  const ContextRef &context() const {
    get();
    return anchor->tree->context;
  }
};
struct PyOperation : PyOperationBase {
  explicit PyOperation(AnchorRef ref) : PyOperationBase{std::move(ref)} {}
  PyOperation(PyOperation &&) = default;
  ~PyOperation() {
    if (anchor && anchor->wrapper == this)
      anchor->wrapper = nullptr;
  }
};
struct PyOpView : PyOperationBase {};

struct PyModule {
  AnchorRef anchor;
  mlir::Operation *get() const { return static_cast<mlir::Operation *>(anchor->get()); }
};

struct PyBlock {
  AnchorRef anchor;
  mlir::Block *get() const { return static_cast<mlir::Block *>(anchor->get()); }
  const ContextRef &context() const {
    get();
    return anchor->tree->context;
  }
};

/// A region lives as long as its operation, so it is named by it.
struct PyRegion {
  AnchorRef operation;
  unsigned index;
  mlir::Region *get() const {
    return &static_cast<mlir::Operation *>(operation->get())->getRegion(index);
  }
  const ContextRef &context() const {
    get();
    return operation->tree->context;
  }
};

/// A result (anchor of the operation, number) or a block argument (an anchor of its own).
struct PyValue {
  AnchorRef anchor;
  bool isResult;
  unsigned index;
  mlir::Value get() const {
    void *pointer = anchor->get();
    if (isResult)
      return static_cast<mlir::Operation *>(pointer)->getResult(index);
    return mlir::Value::getFromOpaquePointer(pointer);
  }
  const ContextRef &context() const {
    get();
    return anchor->tree->context;
  }
};
struct PyOpResult : PyValue {};
struct PyBlockArgument : PyValue {};

struct PyInsertionPoint {
  AnchorRef block;
  /// Insert before this operation; null: at the end of the block.
  AnchorRef before;
};

/// The one `Operation` object of an operation.
Typed<PyOperation> toPythonOperation(const AnchorRef &anchor);
/// The generated OpView class of the operation if its dialect has one, else a plain OpView.
AnyObject toPythonOpView(const AnchorRef &anchor);
AnyObject toPython(const ContextRef &context, mlir::Operation *op);
/// OpResult, BlockArgument, or a class from `register_value_caster`.
AnyObject toPython(const ContextRef &context, mlir::Value value);
PyBlock toPython(const ContextRef &context, mlir::Block *block);
PyRegion toPython(const ContextRef &context, mlir::Region *region);

//===----------------------------------------------------------------------===//
// Arguments that default to the surrounding `with`
//===----------------------------------------------------------------------===//

struct ContextArg {
  nb::object given;
  /// Throws RuntimeError if neither the call nor the surroundings name a context.
  ContextRef get() const;
};
struct LocationArg {
  nb::object given;
  PyLocation get() const;
};

/// Throws ValueError if `actual` is not `expected`: IR of two contexts must not be mixed.
void requireSameContext(const ContextRef &expected, const ContextRef &actual, const char *what);

/// `text` of anything with a `print(raw_ostream &)`.
template <typename T> std::string printed(const T &object) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  object.print(stream);
  return text;
}

} // namespace afe::python

namespace nanobind::detail {

template <> struct type_caster<afe::python::ContextArg> {
  NB_TYPE_CASTER(afe::python::ContextArg, make_caster<afe::python::PyContext>::Name)
  bool from_python(handle source, uint8_t, cleanup_list *) noexcept {
    if (!source.is_none() && !isinstance<afe::python::PyContext>(source))
      return false;
    value.given = borrow(source);
    return true;
  }
};

template <> struct type_caster<afe::python::LocationArg> {
  NB_TYPE_CASTER(afe::python::LocationArg, make_caster<afe::python::PyLocation>::Name)
  bool from_python(handle source, uint8_t, cleanup_list *) noexcept {
    if (!source.is_none() && !isinstance<afe::python::PyLocation>(source))
      return false;
    value.given = borrow(source);
    return true;
  }
};

} // namespace nanobind::detail

#endif // AFE_PYTHON_BINDINGS_HANDLES_H

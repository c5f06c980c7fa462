//===- ThreadStack.h - What `with Context():` and friends establish ----------------===//
//
// One stack per thread. Entering a location or an insertion point also establishes its context and
// keeps what the enclosing frame of the same context established.
//
//===----------------------------------------------------------------------===//
#ifndef AFE_PYTHON_BINDINGS_THREADSTACK_H
#define AFE_PYTHON_BINDINGS_THREADSTACK_H

#include "Handles.h"

namespace afe::python {

struct Frame {
  /// The object whose `__enter__` made the frame; `__exit__` must come from the same one.
  nb::object entered;
  nb::object context;
  /// Invalid (null) where the frame establishes none.
  nb::object location;
  nb::object insertionPoint;
};

/// `__enter__` of the three kinds; each returns its argument.
nb::object enterContext(nb::object context);
nb::object enterLocation(nb::object location);
nb::object enterInsertionPoint(nb::object insertionPoint);
/// `__exit__`; throws RuntimeError if the innermost frame is not that object's.
void exitFrame(nb::handle entered);

/// The innermost frame of this thread, or null.
Frame *currentFrame();

} // namespace afe::python

#endif // AFE_PYTHON_BINDINGS_THREADSTACK_H

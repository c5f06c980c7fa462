//===- ThreadStack.cpp - The stack behind `with Context():` ------------------------===//
//
// The stack is allocated once per thread and never freed: a thread may end without holding the
// interpreter's lock, and then no Python object may be released.
//
//===----------------------------------------------------------------------===//
#include "ThreadStack.h"

namespace afe::python {

static std::vector<Frame> &stack() {
  static thread_local auto *frames = new std::vector<Frame>();
  return *frames;
}

Frame *currentFrame() { return stack().empty() ? nullptr : &stack().back(); }

static nb::object push(Frame frame) {
  if (Frame *outer = currentFrame(); outer && outer->context.is(frame.context)) {
    if (!frame.location.is_valid())
      frame.location = outer->location;
    if (!frame.insertionPoint.is_valid())
      frame.insertionPoint = outer->insertionPoint;
  }
  nb::object entered = frame.entered;
  stack().push_back(std::move(frame));
  return entered;
}

nb::object enterContext(nb::object context) { return push({context, context, {}, {}}); }

nb::object enterLocation(nb::object location) {
  nb::object context = toPython(nb::cast<PyLocation &>(location).context);
  return push({location, context, location, {}});
}

nb::object enterInsertionPoint(nb::object insertionPoint) {
  const AnchorRef &block = nb::cast<PyInsertionPoint &>(insertionPoint).block;
  block->get();
  return push({insertionPoint, toPython(block->tree->context), {}, insertionPoint});
}

void exitFrame(nb::handle entered) {
  if (stack().empty() || !stack().back().entered.is(entered))
    throw std::runtime_error("unbalanced 'with' blocks of contexts, locations or insertion points");
  Frame popped = std::move(stack().back());
  stack().pop_back();
}

//===----------------------------------------------------------------------===//
// Defaults taken from the stack
//===----------------------------------------------------------------------===//

ContextRef ContextArg::get() const {
  if (given.is_valid() && !given.is_none())
    return nb::cast<PyContext &>(given).state;
  if (Frame *frame = currentFrame())
    return nb::cast<PyContext &>(frame->context).state;
  throw std::runtime_error("no context: pass 'context=' or call inside 'with Context():'");
}

PyLocation LocationArg::get() const {
  if (given.is_valid() && !given.is_none())
    return nb::cast<PyLocation &>(given);
  if (Frame *frame = currentFrame(); frame && frame->location.is_valid())
    return nb::cast<PyLocation &>(frame->location);
  throw std::runtime_error("no location: pass 'loc=' or call inside 'with Location.unknown():'");
}

void requireSameContext(const ContextRef &expected, const ContextRef &actual, const char *what) {
  if (expected != actual)
    throw nb::value_error(
        (std::string(what) + " belongs to another context than the operation it is for").c_str());
}

} // namespace afe::python

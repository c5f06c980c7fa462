//===- Diagnostics.cpp - Captured errors and Python diagnostic handlers ------------===//
//
// While a Python handler runs the context is `busy`: handles refuse to answer, because MLIR is in
// the middle of reading or changing the very IR they point to.
//
//===----------------------------------------------------------------------===//
#include "Diagnostics.h"

#include "llvm/Support/raw_ostream.h"

#include <nanobind/stl/shared_ptr.h>

using namespace mlir;

namespace afe::python {

static PyDiagnostic copyOf(const ContextRef &context, Diagnostic &diagnostic) {
  PyDiagnostic copy{diagnostic.getSeverity(),
                    PyLocation{context, LocationAttr(diagnostic.getLocation())},
                    diagnostic.str(),
                    {}};
  for (Diagnostic &note : diagnostic.getNotes())
    copy.notes.push_back(copyOf(context, note));
  return copy;
}

//===----------------------------------------------------------------------===//
// ErrorCapture
//===----------------------------------------------------------------------===//

ErrorCapture::ErrorCapture(ContextRef ref) : context(std::move(ref)) {
  id = context->mlir.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    if (context->emitErrorDiagnostics || diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return failure();
    std::lock_guard<std::mutex> lock(mutex);
    errors.push_back(copyOf(context, diagnostic));
    return success();
  });
}

ErrorCapture::~ErrorCapture() { context->mlir.getDiagEngine().eraseHandler(id); }

void ErrorCapture::raise(const std::string &message) {
  nb::object type = nb::module_::import_("afe._mlir_error").attr("MLIRError");
  nb::object error = type(message, nb::cast(errors));
  PyErr_SetObject(type.ptr(), error.ptr());
  throw nb::python_error();
}

//===----------------------------------------------------------------------===//
// Handlers in Python
//===----------------------------------------------------------------------===//

static LogicalResult callHandler(PyDiagnosticHandler &handler, Diagnostic &diagnostic) {
  ContextRef context = handler.context.lock();
  // On a worker thread of MLIR the interpreter's lock is held by the thread that waits for us.
  if (!context || !PyGILState_Check())
    return failure();
  ++context->busy;
  bool handled = false;
  try {
    nb::object result = handler.callback(nb::cast(copyOf(context, diagnostic)));
    handled = nb::cast<bool>(result);
  } catch (nb::python_error &error) {
    error.discard_as_unraisable("afe.ir diagnostic handler");
    handler.hadError = true;
  } catch (std::exception &) {
    handler.hadError = true;
  }
  --context->busy;
  return success(handled);
}

void PyDiagnosticHandler::detach() {
  if (!attached)
    return;
  attached = false;
  callback = nb::object();
  if (ContextRef state = context.lock()) {
    state->mlir.getDiagEngine().eraseHandler(id);
    llvm::erase_if(state->handlers, [&](auto &other) { return other.get() == this; });
  }
}

std::shared_ptr<PyDiagnosticHandler> attachHandler(const ContextRef &context, nb::object callback) {
  auto handler = std::make_shared<PyDiagnosticHandler>();
  handler->context = context;
  handler->callback = std::move(callback);
  handler->attached = true;
  handler->id = context->mlir.getDiagEngine().registerHandler(
      [handler](Diagnostic &diagnostic) { return callHandler(*handler, diagnostic); });
  context->handlers.push_back(handler);
  return handler;
}

static std::string textOf(const PyDiagnostic &diagnostic) {
  std::string text = diagnostic.message;
  for (const PyDiagnostic &note : diagnostic.notes)
    text += "\n  note: " + textOf(note);
  return text;
}

static void bindHandler(nb::module_ &m) {
  nb::class_<PyDiagnosticHandler>(m, "DiagnosticHandler")
      .def(
          "detach", [](std::shared_ptr<PyDiagnosticHandler> self) { self->detach(); },
          "Stops receiving diagnostics. Idempotent.")
      .def_prop_ro("attached", [](PyDiagnosticHandler &self) { return self.attached; })
      .def_prop_ro(
          "had_error", [](PyDiagnosticHandler &self) { return self.hadError; },
          "Whether the callable raised, or returned something that is not a bool.")
      .def("__enter__", [](Typed<PyDiagnosticHandler> self) { return self; })
      .def("__exit__", [](std::shared_ptr<PyDiagnosticHandler> self, nb::args) { self->detach(); });
}

void bindDiagnostics(nb::module_ &m) {
  nb::enum_<DiagnosticSeverity>(m, "DiagnosticSeverity")
      .value("ERROR", DiagnosticSeverity::Error)
      .value("WARNING", DiagnosticSeverity::Warning)
      .value("NOTE", DiagnosticSeverity::Note)
      .value("REMARK", DiagnosticSeverity::Remark);
  nb::class_<PyDiagnostic>(m, "Diagnostic",
                           "One diagnostic; a copy, valid also after the handler returned.")
      .def_ro("severity", &PyDiagnostic::severity)
      .def_prop_ro(
          "location",
          [](PyDiagnostic &self) { return toPython(self.location.context, self.location.value); })
      .def_ro("message", &PyDiagnostic::message)
      .def_prop_ro("notes", [](PyDiagnostic &self) { return self.notes; })
      .def("__str__", textOf);
  m.attr("DiagnosticInfo") = m.attr("Diagnostic");
  bindHandler(m);
}

} // namespace afe::python

//===- Diagnostics.h - MLIR's diagnostics as Python sees them ----------------------===//
//
// Diagnostics are copied out of MLIR at once, so they outlive the handler that received them.
//
//===----------------------------------------------------------------------===//
#ifndef AFE_PYTHON_BINDINGS_DIAGNOSTICS_H
#define AFE_PYTHON_BINDINGS_DIAGNOSTICS_H

#include "Handles.h"

#include "mlir/IR/Diagnostics.h"

#include <mutex>

namespace afe::python {

struct PyDiagnostic {
  mlir::DiagnosticSeverity severity;
  PyLocation location;
  std::string message;
  std::vector<PyDiagnostic> notes;
};

/// Collects the errors MLIR reports during its lifetime, to throw them as one `MLIRError`.
class ErrorCapture {
public:
  explicit ErrorCapture(ContextRef context);
  ~ErrorCapture();
  ErrorCapture(const ErrorCapture &) = delete;
  /// Throws `afe.ir.MLIRError` with what was collected.
  [[noreturn]] void raise(const std::string &message);

private:
  ContextRef context;
  mlir::DiagnosticEngine::HandlerID id;
  std::mutex mutex;
  std::vector<PyDiagnostic> errors;
};

/// A Python callable attached to a context; detached by `detach()` or when the context ends.
struct PyDiagnosticHandler {
  std::weak_ptr<ContextState> context;
  nb::object callback;
  mlir::DiagnosticEngine::HandlerID id = 0;
  bool attached = false;
  bool hadError = false;
  void detach();
};

std::shared_ptr<PyDiagnosticHandler> attachHandler(const ContextRef &context, nb::object callback);

void bindDiagnostics(nb::module_ &m);

} // namespace afe::python

#endif // AFE_PYTHON_BINDINGS_DIAGNOSTICS_H

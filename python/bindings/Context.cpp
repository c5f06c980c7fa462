//===- Context.cpp - afe.ir.Context, dialects, thread pools ------------------------===//
//
// All dialects are registered with every context, once per process; a dialect is loaded when the
// first operation, type or attribute of it is built or parsed, because loading all of them would
// cost more than most compilations.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Diagnostics.h"
#include "ThreadStack.h"

#include "Pipelines/Register.h"
#include "mlir/IR/Dialect.h"
#include "llvm/Support/ThreadPool.h"

#include <nanobind/stl/shared_ptr.h>

using namespace mlir;

namespace afe::python {

static const DialectRegistry &allDialects() {
  static const DialectRegistry registry = [] {
    DialectRegistry all;
    afe::registerAll(all);
    return all;
  }();
  return registry;
}

Typed<PyContext> toPython(const ContextRef &context) {
  if (context->wrapper)
    return nb::find(*context->wrapper);
  nb::object created = nb::cast(PyContext(context));
  context->wrapper = nb::inst_ptr<PyContext>(created);
  return created;
}

//===----------------------------------------------------------------------===//
// Dialects
//===----------------------------------------------------------------------===//

struct PyDialectDescriptor {
  ContextRef context;
  Dialect *dialect;
};
/// `context.dialects["tosa"]`, `context.d.tosa`.
struct PyDialects {
  ContextRef context;
};
/// Base of the dialect classes in generated code.
struct PyDialect {
  PyDialectDescriptor descriptor;
};
struct PyDialectRegistry {
  DialectRegistry registry;
};
struct PyThreadPool {
  std::shared_ptr<llvm::StdThreadPool> pool;
};

static PyDialectDescriptor loadDialect(const ContextRef &context, const std::string &name) {
  Dialect *dialect = context->mlir.getOrLoadDialect(name);
  if (!dialect)
    throw nb::value_error(("Dialect '" + name + "' not found").c_str());
  return {context, dialect};
}

static AnyObject dialectObject(const ContextRef &context, const std::string &name) {
  PyDialectDescriptor descriptor = loadDialect(context, name);
  nb::object type = lookupDialectClass(name);
  if (!type.is_valid())
    type = nb::type<PyDialect>() ? nb::borrow(nb::type<PyDialect>()) : nb::object();
  return type(nb::cast(descriptor));
}

static void bindDialects(nb::module_ &m) {
  nb::class_<PyDialectDescriptor>(m, "DialectDescriptor")
      .def_prop_ro("namespace",
                   [](PyDialectDescriptor &self) { return self.dialect->getNamespace().str(); })
      .def("__repr__", [](PyDialectDescriptor &self) {
        return "<DialectDescriptor " + self.dialect->getNamespace().str() + ">";
      });
  nb::class_<PyDialects>(m, "Dialects")
      .def("__getitem__", [](PyDialects &self,
                             const std::string &name) { return dialectObject(self.context, name); })
      .def("__getattr__", [](PyDialects &self, const std::string &name) {
        if (!self.context->mlir.getOrLoadDialect(name))
          throw nb::attribute_error(("Dialect '" + name + "' not found").c_str());
        return dialectObject(self.context, name);
      });
  nb::class_<PyDialect>(m, "Dialect", "Base of the dialect classes in generated code.")
      .def(nb::init<PyDialectDescriptor>(), nb::arg("descriptor"))
      .def_prop_ro("descriptor", [](PyDialect &self) { return self.descriptor; })
      .def("__repr__", [](nb::object self) {
        return nb::str("<Dialect {} (class {})>")
            .format(self.attr("descriptor").attr("namespace"),
                    self.type().attr("__module__") + nb::str(".") + self.type().attr("__name__"));
      });
  nb::class_<PyDialectRegistry>(m, "DialectRegistry",
                                "Dialects a context may load; every context already has all.")
      .def(nb::init<>());
  nb::class_<PyThreadPool>(m, "ThreadPool", "Threads that contexts may share.")
      .def(
          "__init__",
          [](PyThreadPool *self, unsigned maxThreads) {
            new (self) PyThreadPool{
                std::make_shared<llvm::StdThreadPool>(llvm::hardware_concurrency(maxThreads))};
          },
          nb::arg("max_threads") = 0, "max_threads: 0 means one per core.")
      .def("get_max_concurrency",
           [](PyThreadPool &self) { return self.pool->getMaxConcurrency(); });
}

//===----------------------------------------------------------------------===//
// Context
//===----------------------------------------------------------------------===//

static void setThreadPool(PyContext &self, PyThreadPool &pool) {
  self.state->mlir.disableMultithreading();
  self.state->threadPool = pool.pool;
  self.state->mlir.setThreadPool(*pool.pool);
}

static void enableMultithreading(PyContext &self, bool enable) {
  self.state->mlir.disableMultithreading();
  self.state->threadPool.reset();
  if (enable)
    self.state->mlir.enableMultithreading();
}

static void bindContextProperties(nb::class_<PyContext> &context) {
  context
      .def_prop_ro_static(
          "current",
          [](nb::handle) -> Typed<std::optional<PyContext>> {
            Frame *frame = currentFrame();
            return frame ? frame->context : nb::none();
          },
          "The context of the innermost `with`, or None.")
      .def_prop_ro("dialects", [](PyContext &self) { return PyDialects{self.state}; })
      .def_prop_ro("d", [](PyContext &self) { return PyDialects{self.state}; })
      .def_prop_rw(
          "allow_unregistered_dialects",
          [](PyContext &self) { return self.state->mlir.allowsUnregisteredDialects(); },
          [](PyContext &self, bool allow) { self.state->mlir.allowUnregisteredDialects(allow); })
      .def_prop_rw(
          "emit_error_diagnostics",
          [](PyContext &self) { return self.state->emitErrorDiagnostics; },
          [](PyContext &self, bool emit) { self.state->emitErrorDiagnostics = emit; },
          "Whether errors also go to the diagnostic handlers instead of into MLIRError alone.")
      .def_prop_ro("num_threads", [](PyContext &self) { return self.state->mlir.getNumThreads(); });
}

static void bindContext(nb::module_ &m) {
  nb::class_<PyContext> context(m, "Context",
                                "Owns all uniqued types and attributes; the root of an IR.");
  context
      .def(
          "__init__",
          [](PyContext *self, bool loadOnCreate, nb::object threadPool) {
            auto state = std::make_shared<ContextState>(allDialects(), /*threading=*/false);
            new (self) PyContext(state);
            state->wrapper = self;
            if (loadOnCreate)
              state->mlir.loadAllAvailableDialects();
            if (!threadPool.is_none())
              setThreadPool(*self, nb::cast<PyThreadPool &>(threadPool));
          },
          nb::arg("load_on_create_dialects") = false, nb::arg("thread_pool") = nb::none(),
          "Multithreading is off until `enable_multithreading` or a thread pool is given.")
      .def("__enter__",
           [](Typed<PyContext> self) -> Typed<PyContext> { return enterContext(self); })
      .def("__exit__", [](nb::object self, nb::args) { exitFrame(self); })
      .def(
          "attach_diagnostic_handler",
          [](PyContext &self, nb::typed<nb::callable, bool(PyDiagnostic)> callback) {
            return attachHandler(self.state, callback);
          },
          nb::arg("callback"),
          "Calls `callback(diagnostic) -> bool` for each diagnostic; True means handled.")
      .def("enable_multithreading", enableMultithreading, nb::arg("enable"))
      .def("set_thread_pool", setThreadPool, nb::arg("thread_pool"))
      .def(
          "append_dialect_registry",
          [](PyContext &self, PyDialectRegistry &registry) {
            self.state->mlir.appendDialectRegistry(registry.registry);
          },
          nb::arg("registry"))
      .def("load_all_available_dialects",
           [](PyContext &self) { self.state->mlir.loadAllAvailableDialects(); })
      .def(
          "get_dialect_descriptor",
          [](PyContext &self, const std::string &name) { return loadDialect(self.state, name); },
          nb::arg("dialect_name"))
      .def(
          "is_registered_operation",
          [](PyContext &self, const std::string &name) {
            self.state->mlir.getOrLoadDialect(StringRef(name).split('.').first);
            return RegisteredOperationName::lookup(name, &self.state->mlir).has_value();
          },
          nb::arg("operation_name"))
      .def(
          "_get_live_handle_count", [](PyContext &self) { return self.state->numLiveAnchors(); },
          "Operations, blocks and arguments that Python holds handles to; for tests.");
  bindContextProperties(context);
}

void bindContexts(nb::module_ &m) {
  bindContext(m);
  bindDialects(m);
}

} // namespace afe::python

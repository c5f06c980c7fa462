//===- PassManager.cpp - afe.passmanager.PassManager --------------------------------===//
//
// A run verifies its input first, because passes may crash on IR that is not valid, and drops every
// handle to what is inside the operation it runs on: which of those survive cannot be known, since
// a new operation may have got the address of an erased one.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Diagnostics.h"
#include "Printing.h"

#include "Pipelines/Register.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace afe::python {

struct PyPassManager {
  ContextRef context;
  std::unique_ptr<PassManager> manager;
  bool isVerifying = true;
  /// What of the instrumentation only works without threads, or null.
  const char *singleThreadedPart = nullptr;

  /// MLIR would end the process here.
  void requireSingleThread() const {
    if (singleThreadedPart && context->mlir.isMultithreadingEnabled())
      throw std::runtime_error(std::string(singleThreadedPart) +
                               " needs a context without multithreading; call "
                               "Context.enable_multithreading(False) first");
  }
};

static void registerPassesOnce() {
  static const bool done = (afe::registerAllPasses(), true);
  (void)done;
}

//===----------------------------------------------------------------------===//
// Construction
//===----------------------------------------------------------------------===//

/// Parses `anchor(pass,…)`; MLIR's parsePassPipeline(text, manager) would nest it one level deeper.
static PyPassManager parse(const std::string &pipeline, ContextArg context) {
  registerPassesOnce();
  ContextRef state = context.get();
  std::string errors;
  llvm::raw_string_ostream stream(errors);
  FailureOr<OpPassManager> parsed = parsePassPipeline(pipeline, stream);
  if (failed(parsed))
    throw nb::value_error(errors.c_str());
  auto manager = std::make_unique<PassManager>(&state->mlir);
  static_cast<OpPassManager &>(*manager) = std::move(*parsed);
  return {state, std::move(manager)};
}

static void addPipeline(PyPassManager &self, const std::string &pipeline) {
  registerPassesOnce();
  std::string errors;
  llvm::raw_string_ostream stream(errors);
  if (failed(parsePassPipeline(pipeline, *self.manager, stream)))
    throw nb::value_error(errors.c_str());
}

static std::string pipelineText(PyPassManager &self) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  self.manager->printAsTextualPipeline(stream);
  return text;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

static void run(PyPassManager &self, PyOperationBase &target, bool invalidateOps) {
  if (!invalidateOps)
    throw nb::value_error("handles into an operation cannot survive passes over it");
  Operation *op = target.get();
  requireSameContext(self.context, target.context(), "the operation");
  self.requireSingleThread();
  AnchorRef keep = target.anchor;
  if (self.isVerifying)
    verifyOperation(op, self.context);
  if (StringRef anchor = self.manager->getOpAnchorName();
      anchor != OpPassManager::getAnyOpAnchorName() && anchor != op->getName().getStringRef())
    throw nb::value_error(("the pipeline is anchored on '" + anchor.str() + "', not on '" +
                           op->getName().getStringRef().str() + "'")
                              .c_str());
  self.context->invalidateInside(op);
  ErrorCapture errors(self.context);
  if (failed(self.manager->run(op)))
    errors.raise("Failure while executing pass pipeline");
}

//===----------------------------------------------------------------------===//
// Instrumentation
//===----------------------------------------------------------------------===//

static void enableIRPrinting(PyPassManager &self, bool beforeAll, bool afterAll, bool moduleScope,
                             bool afterChange, bool afterFailure,
                             std::optional<int64_t> largeElements,
                             std::optional<int64_t> largeResources, bool debugInfo,
                             bool genericForm, std::optional<std::string> treeDirectory) {
  if (moduleScope)
    self.singleThreadedPart = "IR printing at module scope";
  self.requireSingleThread();
  OpPrintingFlags flags;
  if (largeElements)
    flags.elideLargeElementsAttrs(*largeElements).elideLargeResourceString(*largeElements);
  if (largeResources)
    flags.elideLargeResourceString(*largeResources);
  if (debugInfo)
    flags.enableDebugInfo(true, /*prettyForm=*/false);
  if (genericForm)
    flags.printGenericOpForm();
  auto before = [beforeAll](Pass *, Operation *) { return beforeAll; };
  auto after = [afterAll](Pass *, Operation *) { return afterAll; };
  if (treeDirectory)
    self.manager->enableIRPrintingToFileTree(before, after, moduleScope, afterChange, afterFailure,
                                             *treeDirectory, flags);
  else
    self.manager->enableIRPrinting(before, after, moduleScope, afterChange, afterFailure,
                                   llvm::errs(), flags);
}

static void bindInstrumentation(nb::class_<PyPassManager> &type) {
  type.def("enable_ir_printing", enableIRPrinting, nb::arg("print_before_all") = false,
           nb::arg("print_after_all") = true, nb::arg("print_module_scope") = false,
           nb::arg("print_after_change") = false, nb::arg("print_after_failure") = false,
           nb::arg("large_elements_limit") = nb::none(),
           nb::arg("large_resource_limit") = nb::none(), nb::arg("enable_debug_info") = false,
           nb::arg("print_generic_op_form") = false, nb::arg("tree_printing_dir_path") = nb::none(),
           "Prints to stderr, or into files below `tree_printing_dir_path`. Printing at module "
           "scope needs a context without multithreading.")
      .def(
          "enable_verifier",
          [](PyPassManager &self, bool enable) {
            self.manager->enableVerifier(enable);
            self.isVerifying = enable;
          },
          nb::arg("enable"), "Off: neither the input nor the result of any pass is verified.")
      .def(
          "enable_timing", [](PyPassManager &self) { self.manager->enableTiming(); },
          "Reports to stderr when the pass manager is destroyed.")
      .def(
          "enable_statistics",
          [](PyPassManager &self, PassDisplayMode mode) { self.manager->enableStatistics(mode); },
          nb::arg("displayMode") = PassDisplayMode::Pipeline, "Reports to stderr after each run.")
      .def(
          "enable_crash_reproducer",
          [](PyPassManager &self, const std::string &path, bool local) {
            if (local)
              self.singleThreadedPart = "a local crash reproducer";
            self.requireSingleThread();
            self.manager->enableCrashReproducerGeneration(path, local);
          },
          nb::arg("path"), nb::arg("local") = false,
          "Where a pass fails, writes IR and pipeline to `path`, for `mla-opt --run-reproducer`.");
}

void bindPassManager(nb::module_ &m) {
  nb::enum_<PassDisplayMode>(m, "PassDisplayMode")
      .value("LIST", PassDisplayMode::List)
      .value("PIPELINE", PassDisplayMode::Pipeline);
  nb::class_<PyPassManager> type(m, "PassManager", "A pipeline of passes.");
  type.def(
          "__init__",
          [](PyPassManager *self, const std::string &anchor, ContextArg context) {
            ContextRef state = context.get();
            new (self) PyPassManager{state, std::make_unique<PassManager>(&state->mlir, anchor)};
          },
          nb::arg("anchor_op") = "any", nb::arg("context") = nb::none())
      .def_static("parse", parse, nb::arg("pipeline"), nb::arg("context") = nb::none(),
                  "From text such as `builtin.module(canonicalize,cse)`; ValueError if wrong.")
      .def("add", addPipeline, nb::arg("pipeline"),
           "Appends passes, given without the operation they are for.")
      .def("run", run, nb::arg("operation"), nb::arg("invalidate_ops") = true,
           "Runs on the operation; handles into it raise afterwards. MLIRError if a pass fails.")
      .def("__str__", pipelineText);
  bindInstrumentation(type);
}

} // namespace afe::python

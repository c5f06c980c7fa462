//===- Printing.cpp - Text, bytecode and walks of operations -----------------------===//
//
// Text and bytes are made completely before any Python code (a file's `write`) sees them; a walk
// looks at one operation at a time and survives whatever its callback erases.
//
//===----------------------------------------------------------------------===//
#include "Printing.h"
#include "Bindings.h"
#include "Diagnostics.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace afe::python {

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// The options of `Operation.print`, with upstream's names and defaults.
struct PrintOptions {
  std::optional<int64_t> largeElementsLimit, largeResourceLimit;
  bool debugInfo = false, prettyDebugInfo = false, genericForm = false, localScope = false;
  bool nameLocAsPrefix = false, skipRegions = false;

  OpPrintingFlags flags() const {
    OpPrintingFlags flags;
    if (largeElementsLimit) {
      flags.elideLargeElementsAttrs(*largeElementsLimit);
      flags.elideLargeResourceString(largeResourceLimit.value_or(*largeElementsLimit));
    } else if (largeResourceLimit) {
      flags.elideLargeResourceString(*largeResourceLimit);
    }
    if (debugInfo)
      flags.enableDebugInfo(true, prettyDebugInfo);
    if (genericForm)
      flags.printGenericOpForm();
    if (localScope)
      flags.useLocalScope();
    if (nameLocAsPrefix)
      flags.printNameLocAsPrefix();
    if (skipRegions)
      flags.skipRegions();
    return flags;
  }
};

static std::string assemblyOf(Operation *op, const OpPrintingFlags &flags) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  op->print(stream, flags);
  return text;
}

std::string assemblyOf(Operation *op) { return assemblyOf(op, OpPrintingFlags()); }

OpPrintingFlags safeFlags(Operation *op) {
  OpPrintingFlags flags;
  ScopedDiagnosticHandler silent(op->getContext(), [](Diagnostic &) { return success(); });
  if (failed(verify(op)))
    flags.printGenericOpForm();
  return flags;
}

static PrintOptions optionsFrom(const nb::kwargs &keywords) {
  PrintOptions options;
  auto flag = [&](const char *name, bool &target) {
    if (keywords.contains(name))
      target = nb::cast<bool>(keywords[name]);
  };
  auto limit = [&](const char *name, std::optional<int64_t> &target) {
    if (keywords.contains(name) && !keywords[name].is_none())
      target = nb::cast<int64_t>(keywords[name]);
  };
  limit("large_elements_limit", options.largeElementsLimit);
  limit("large_resource_limit", options.largeResourceLimit);
  flag("enable_debug_info", options.debugInfo);
  flag("pretty_debug_info", options.prettyDebugInfo);
  flag("print_generic_op_form", options.genericForm);
  flag("use_local_scope", options.localScope);
  flag("use_name_loc_as_prefix", options.nameLocAsPrefix);
  flag("skip_regions", options.skipRegions);
  return options;
}

static void refuseUnknownOptions(const nb::kwargs &keywords) {
  static const char *const known[] = {
      "large_elements_limit",   "large_resource_limit",  "enable_debug_info",
      "pretty_debug_info",      "print_generic_op_form", "use_local_scope",
      "use_name_loc_as_prefix", "assume_verified",       "skip_regions"};
  for (auto [key, value] : keywords) {
    std::string name = nb::cast<std::string>(key);
    if (llvm::none_of(known, [&](const char *option) { return name == option; }))
      throw nb::type_error(("print() got an unexpected keyword argument '" + name + "'").c_str());
  }
}

static void print(PyOperationBase &self, nb::object file, bool binary, nb::kwargs keywords) {
  refuseUnknownOptions(keywords);
  std::string text = assemblyOf(self.get(), optionsFrom(keywords).flags());
  if (file.is_none())
    file = nb::module_::import_("sys").attr("stdout");
  if (binary)
    file.attr("write")(nb::bytes(text.data(), text.size()));
  else
    file.attr("write")(nb::str((text + "\n").c_str(), text.size() + 1));
}

static nb::object assembly(PyOperationBase &self, bool binary, nb::kwargs keywords) {
  refuseUnknownOptions(keywords);
  std::string text = assemblyOf(self.get(), optionsFrom(keywords).flags());
  if (binary)
    return nb::bytes(text.data(), text.size());
  return nb::str(text.data(), text.size());
}

//===----------------------------------------------------------------------===//
// Bytecode
//===----------------------------------------------------------------------===//

static void writeBytecode(PyOperationBase &self, nb::object file,
                          std::optional<int64_t> desiredVersion) {
  BytecodeWriterConfig config("afe");
  if (desiredVersion)
    config.setDesiredBytecodeVersion(*desiredVersion);
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  {
    Operation *op = self.get();
    ErrorCapture errors(self.context());
    if (failed(writeBytecodeToFile(op, stream, config)))
      errors.raise("Failed to write bytecode");
  }
  nb::bytes data(bytes.data(), bytes.size());
  if (!nb::isinstance<nb::str>(file) && nb::hasattr(file, "write")) {
    file.attr("write")(data);
    return;
  }
  nb::object opened = nb::module_::import_("builtins").attr("open")(file, "wb");
  opened.attr("write")(data);
  opened.attr("close")();
}

void bindPrinting(nb::class_<PyOperationBase> &base) {
  base.def("__str__", [](PyOperationBase &self) { return assemblyOf(self.get()); })
      .def("print", print, nb::arg("file") = nb::none(), nb::arg("binary") = false,
           nb::arg("keywords"),
           "Writes the assembly to `file` (sys.stdout). Keywords, as upstream: "
           "large_elements_limit, large_resource_limit, enable_debug_info, pretty_debug_info, "
           "print_generic_op_form, use_local_scope, use_name_loc_as_prefix, skip_regions. "
           "assume_verified is accepted and ignored: an unverified custom printer may crash.")
      .def("get_asm", assembly, nb::arg("binary") = false, nb::arg("keywords"),
           "The assembly as str (or bytes); keywords as for print().")
      .def("dump", [](PyOperationBase &self) { llvm::errs() << assemblyOf(self.get()) << "\n"; })
      .def("write_bytecode", writeBytecode, nb::arg("file"),
           nb::arg("desired_version") = nb::none(),
           "Writes MLIR bytecode to a path or a binary file object.");
}

//===----------------------------------------------------------------------===//
// Walk
//===----------------------------------------------------------------------===//

enum class WalkOrder { PreOrder, PostOrder };
enum class WalkAnswer { Advance, Interrupt, Skip };

namespace {
class Walker {
public:
  Walker(nb::callable callback, WalkOrder order) : callback(callback), order(order) {}

  /// False once the callback answered INTERRUPT.
  bool visit(const AnchorRef &anchor) {
    if (!anchor->isAlive())
      return true;
    if (order == WalkOrder::PreOrder) {
      WalkAnswer answer = ask(anchor);
      if (answer != WalkAnswer::Advance)
        return answer == WalkAnswer::Skip;
    }
    for (const AnchorRef &child : childrenOf(anchor))
      if (!visit(child))
        return false;
    if (order == WalkOrder::PostOrder && anchor->isAlive())
      return ask(anchor) != WalkAnswer::Interrupt;
    return true;
  }

private:
  WalkAnswer ask(const AnchorRef &anchor) {
    return nb::cast<WalkAnswer>(callback(toPythonOperation(anchor)));
  }

  static std::vector<AnchorRef> childrenOf(const AnchorRef &anchor) {
    std::vector<AnchorRef> children;
    if (!anchor->isAlive())
      return children;
    for (Region &region : static_cast<Operation *>(anchor->get())->getRegions())
      for (Block &block : region)
        for (Operation &op : block)
          children.push_back(anchor->tree->context->anchor(&op));
    return children;
  }

  nb::callable callback;
  WalkOrder order;
};
} // namespace

void bindWalkEnums(nb::module_ &m) {
  nb::enum_<WalkOrder>(m, "WalkOrder")
      .value("PRE_ORDER", WalkOrder::PreOrder)
      .value("POST_ORDER", WalkOrder::PostOrder);
  nb::enum_<WalkAnswer>(m, "WalkResult")
      .value("ADVANCE", WalkAnswer::Advance)
      .value("INTERRUPT", WalkAnswer::Interrupt)
      .value("SKIP", WalkAnswer::Skip);
}

void bindWalk(nb::class_<PyOperationBase> &base) {
  base.def(
      "walk",
      [](PyOperationBase &self, nb::typed<nb::callable, WalkAnswer(PyOperation)> callback,
         WalkOrder order) {
        self.get();
        AnchorRef root = self.anchor;
        Walker(callback, order).visit(root);
      },
      nb::arg("callback"), nb::arg("walk_order") = WalkOrder::PostOrder,
      "Calls `callback(Operation) -> WalkResult` on this operation and all inside it.");
}

} // namespace afe::python

// mla-translate: mlir-translate for .lm files.
//   mla-translate --lm-to-mlir program.lm
//   mla-translate --mlir-to-lm program.mlir -o program.lm
// Programs of another target than mlsoc need --mla-target='#mla.target<"tiny", {…}>'.
// The file made from the text of a file is that file, byte for byte.

#include "Conversion/ProgramToIsa/Text.h"
#include "mla/MLADialect.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;
using namespace afe;

static llvm::cl::opt<std::string> targetOption(
    "mla-target", llvm::cl::value_desc("attribute"),
    llvm::cl::desc(
        "Target description of the .lm file, as #mla.target<...>; not needed for mlsoc"));

static void registerDialects(DialectRegistry &registry) { registry.insert<mla::MLADialect>(); }

/// The description of --mla-target; nothing where there is none or, after a diagnostic, a wrong
/// one.
static FailureOr<std::optional<Target>> parseTarget(MLIRContext *context) {
  if (targetOption.empty())
    return std::optional<Target>();
  context->loadDialect<mla::MLADialect>();
  auto attr = dyn_cast_or_null<mla::TargetAttr>(parseAttribute(targetOption, context));
  if (!attr)
    return emitError(UnknownLoc::get(context)) << "--mla-target is not a #mla.target attribute";
  return std::optional<Target>(mla::toTarget(attr));
}

static OwningOpRef<Operation *> importLm(StringRef file, MLIRContext *context) {
  FailureOr<std::optional<Target>> target = parseTarget(context);
  if (failed(target))
    return {};
  std::string error;
  ArrayRef<uint8_t> bytes(reinterpret_cast<const uint8_t *>(file.data()), file.size());
  OwningOpRef<ModuleOp> module = mla::readLm(bytes, *target ? &**target : nullptr, *context, error);
  if (!module)
    emitError(UnknownLoc::get(context)) << error;
  return OwningOpRef<Operation *>(module ? module.release().getOperation() : nullptr);
}

static LogicalResult exportLm(Operation *op, raw_ostream &output) {
  auto module = dyn_cast<ModuleOp>(op);
  if (!module)
    return op->emitError() << "expected a module";
  std::string error;
  std::vector<uint8_t> lm = mla::writeLm(module, error);
  if (lm.empty())
    return op->emitError() << error;
  output.write(reinterpret_cast<const char *>(lm.data()), lm.size());
  return success();
}

int main(int argc, char **argv) {
  TranslateToMLIRRegistration fromLm("lm-to-mlir", "disassembles an .lm file", importLm,
                                     registerDialects);
  TranslateFromMLIRRegistration toLm("mlir-to-lm", "encodes the program of a module", exportLm,
                                     registerDialects);
  return failed(mlirTranslateMain(argc, argv, "Translator of .lm files"));
}

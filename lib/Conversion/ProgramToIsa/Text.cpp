// An .lm file as MLIR text and back.

#include "Conversion/ProgramToIsa/Text.h"

#include "Conversion/ProgramToIsa/ProgramToIsa.h"
#include "Encoding/Lm.h"
#include "mla/MLABytes.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

namespace {

/// Collects the errors of a context as text while it lives.
class ErrorText {
public:
  ErrorText(MLIRContext &context, std::string &text)
      : handler(&context, [&text](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
            text += (text.empty() ? "" : "\n") + diagnostic.str();
        }) {}

private:
  ScopedDiagnosticHandler handler;
};

std::string checkTarget(const isa::Program &program, const Target &target) {
  if (program.target == target.name && program.targetHash == target.hash())
    return {};
  return "the program was made for target '" + program.target + "', not for this description of '" +
         target.name + "'";
}

std::vector<uint8_t> encode(ProgramOp op, std::string &error) {
  FailureOr<isa::Program> program = toProgram(op);
  return failed(program) ? std::vector<uint8_t>() : isa::encodeLm(*program, targetOf(op), error);
}

std::vector<uint8_t> bytesOfBinary(BinaryOp op, std::string &error) {
  FailureOr<std::vector<uint8_t>> bytes = bytesOf(op.getLm());
  if (failed(bytes))
    error = "the binary '" + op.getSymName().str() + "' has no bytes";
  return succeeded(bytes) ? std::move(*bytes) : std::vector<uint8_t>();
}

} // namespace

OwningOpRef<ModuleOp> mla::readLm(ArrayRef<uint8_t> bytes, const Target *target,
                                  MLIRContext &context, std::string &error) {
  isa::Program program;
  if (!isa::decodeLm(bytes.data(), bytes.size(), program, error))
    return {};
  if (target)
    if (error = checkTarget(program, *target); !error.empty())
      return {};
  context.loadDialect<MLADialect>();
  ErrorText errors(context, error);
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  if (target)
    (*module)->setAttr(kTargetAttrName, fromTarget(&context, *target));
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  fromProgram(program, builder);
  if (failed(verify(*module)))
    return {};
  return module;
}

std::vector<uint8_t> mla::writeLm(ModuleOp module, std::string &error) {
  SmallVector<ProgramOp> programs(module.getOps<ProgramOp>());
  SmallVector<BinaryOp> binaries(module.getOps<BinaryOp>());
  if (programs.size() + binaries.size() != 1) {
    error = "the module holds " + std::to_string(programs.size() + binaries.size()) +
            " programs and binaries, expected one";
    return {};
  }
  ErrorText errors(*module.getContext(), error);
  return programs.empty() ? bytesOfBinary(binaries[0], error) : encode(programs[0], error);
}

std::string mla::disassemble(const std::vector<uint8_t> &bytes, const Target *target,
                             std::string &error) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  OwningOpRef<ModuleOp> module = readLm(bytes, target, context, error);
  std::string text;
  if (module) {
    llvm::raw_string_ostream stream(text);
    // What was verified need not be verified again in order to be printed.
    module->print(stream, OpPrintingFlags().assumeVerified());
  }
  return text;
}

std::vector<uint8_t> mla::assemble(const std::string &text, std::string &error) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<MLADialect>();
  ErrorText errors(context, error);
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  return module ? writeLm(*module, error) : std::vector<uint8_t>();
}

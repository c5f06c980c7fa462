// --a65-export-bitcode: the LLVM dialect -> LLVM bitcode in an attribute.
//
// Bitcode and not text: constants (weights) stay as large as they are.

#include "Conversion/A65ToLLVM/Passes.h"
#include "mla/MLABytes.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

using namespace mlir;

namespace afe::a65 {
#define GEN_PASS_DEF_EXPORTBITCODEPASS
#include "Conversion/A65ToLLVM/Passes.h.inc"

namespace {

/// What the driver must know of every entry point.
ArrayAttr describeFunctions(ModuleOp module) {
  Builder builder(module.getContext());
  SmallVector<Attribute> entries;
  for (auto func : module.getOps<LLVM::LLVMFuncOp>()) {
    Attribute segment = func->getAttr(kSegment), bytes = func->getAttr(kWorkspaceBytes);
    if (segment && bytes)
      entries.push_back(
          builder.getDictionaryAttr({builder.getNamedAttr("function", func.getSymNameAttr()),
                                     builder.getNamedAttr("segment", segment),
                                     builder.getNamedAttr("workspace_bytes", bytes)}));
  }
  return builder.getArrayAttr(entries);
}

/// Attributes of this folder, which no translation knows.
void dropOwnAttributes(ModuleOp module) {
  for (auto func : module.getOps<LLVM::LLVMFuncOp>())
    for (StringRef attribute : {kSegment, kNumInputs, kWorkspaceBytes})
      func->removeAttr(attribute);
}

struct ExportBitcodePass : impl::ExportBitcodePassBase<ExportBitcodePass> {
  void getDependentDialects(DialectRegistry &registry) const override {
    impl::ExportBitcodePassBase<ExportBitcodePass>::getDependentDialects(registry);
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (Operation &op : *module.getBody())
      if (!isa<LLVM::LLVMDialect>(op.getDialect())) {
        op.emitOpError("is left of the LLVM dialect's module");
        return signalPassFailure();
      }
    ArrayAttr functions = describeFunctions(module);
    dropOwnAttributes(module);
    llvm::LLVMContext context;
    auto translated = translateModuleToLLVMIR(module, context, "afe_a65");
    if (!translated)
      return signalPassFailure();
    llvm::SmallVector<char, 0> bytes;
    llvm::raw_svector_ostream stream(bytes);
    llvm::WriteBitcodeToFile(*translated, stream);
    auto data = reinterpret_cast<const uint8_t *>(bytes.data());
    module->setAttr("a65.bitcode",
                    mla::bytesAttr(&getContext(), "a65_bitcode", {data, bytes.size()}));
    module->setAttr("a65.functions", functions);
    module.getBody()->clear();
  }
};

} // namespace
} // namespace afe::a65

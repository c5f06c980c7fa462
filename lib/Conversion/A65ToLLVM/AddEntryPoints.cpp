// --a65-add-entry-points: the C ABI around each computation.

#include "Conversion/A65ToLLVM/Passes.h"

using namespace mlir;

namespace afe::a65 {
#define GEN_PASS_DEF_ADDENTRYPOINTSPASS
#include "Conversion/A65ToLLVM/Passes.h.inc"

namespace {

/// The `index`-th pointer of a table of pointers.
Value loadPointer(OpBuilder &builder, Location loc, Value table, int64_t index) {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer, table,
                                   ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
  return LLVM::LoadOp::create(builder, loc, pointer, slot);
}

/// Arguments do not overlap (the ABI says so), except that outputs and inputs of no bytes may be
/// null.
void makeInternal(LLVM::LLVMFuncOp body, int64_t numInputs, Builder &builder) {
  body.setLinkage(LLVM::Linkage::Internal);
  for (unsigned i = 0; i + 1 < body.getNumArguments(); ++i) { // the last are the workers
    body.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
    if (int64_t(i) < numInputs)
      body.setArgAttr(i, LLVM::LLVMDialect::getReadonlyAttrName(), builder.getUnitAttr());
  }
}

/// A loop nest stays a function: inlined again, it would take LLVM far longer.
void makeKernel(LLVM::LLVMFuncOp kernel, Builder &builder) {
  kernel->removeAttr(kKernel);
  kernel->removeAttr(kSharedIterations);
  kernel.setLinkage(LLVM::Linkage::Internal);
  kernel.setNoInline(true);
  for (BlockArgument argument : kernel.getArguments())
    if (isa<LLVM::LLVMPointerType>(argument.getType()))
      kernel.setArgAttr(argument.getArgNumber(), LLVM::LLVMDialect::getNoAliasAttrName(),
                        builder.getUnitAttr());
}

LLVM::LLVMFuncOp createEntry(LLVM::LLVMFuncOp body, StringRef name, int64_t numInputs) {
  OpBuilder builder(body);
  Location loc = body.getLoc();
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Type i32 = builder.getI32Type();
  auto type = LLVM::LLVMFunctionType::get(i32, {pointer, pointer, pointer, pointer});
  auto entry = LLVM::LLVMFuncOp::create(builder, loc, name, type);
  builder.setInsertionPointToStart(entry.addEntryBlock(builder));
  Value inputs = entry.getArgument(0), outputs = entry.getArgument(1);
  int64_t numBuffers = static_cast<int64_t>(body.getNumArguments()) - 2;
  SmallVector<Value> arguments;
  for (int64_t i = 0; i < numBuffers; ++i)
    arguments.push_back(i < numInputs ? loadPointer(builder, loc, inputs, i)
                                      : loadPointer(builder, loc, outputs, i - numInputs));
  arguments.append({entry.getArgument(2), entry.getArgument(3)});
  LLVM::CallOp::create(builder, loc, body, arguments);
  Value zero = LLVM::ConstantOp::create(builder, loc, i32, builder.getI32IntegerAttr(0));
  LLVM::ReturnOp::create(builder, loc, zero);
  return entry;
}

/// `<function>_workspace_bytes`: what the caller must offer.
void createWorkspaceSize(LLVM::LLVMFuncOp entry) {
  auto bytes = entry->getAttrOfType<IntegerAttr>(kWorkspaceBytes);
  OpBuilder builder(entry);
  LLVM::GlobalOp::create(builder, entry.getLoc(), builder.getI64Type(), /*isConstant=*/true,
                         LLVM::Linkage::External, entry.getSymName().str() + "_workspace_bytes",
                         builder.getI64IntegerAttr(bytes ? bytes.getInt() : 0));
}

struct AddEntryPointsPass : impl::AddEntryPointsPassBase<AddEntryPointsPass> {
  void runOnOperation() override {
    SmallVector<LLVM::LLVMFuncOp> bodies;
    Builder builder(&getContext());
    for (auto func : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      if (func->hasAttr(kSegment))
        bodies.push_back(func);
      else if (func->hasAttr(kKernel))
        makeKernel(func, builder);
    }
    for (LLVM::LLVMFuncOp body : bodies) {
      auto numInputs = body->getAttrOfType<IntegerAttr>(kNumInputs);
      if (!numInputs || numInputs.getInt() + 2 > int64_t(body.getNumArguments())) {
        body.emitOpError("does not say how many of its arguments are inputs");
        return signalPassFailure();
      }
      std::string name = body.getSymName().str();
      body.setSymName(name + "_body");
      makeInternal(body, numInputs.getInt(), builder);
      LLVM::LLVMFuncOp entry = createEntry(body, name, numInputs.getInt());
      for (StringRef attribute : {kSegment, kWorkspaceBytes})
        if (Attribute value = body->removeAttr(attribute))
          entry->setAttr(attribute, value);
      body->removeAttr(kNumInputs);
      createWorkspaceSize(entry);
    }
  }
};

} // namespace
} // namespace afe::a65

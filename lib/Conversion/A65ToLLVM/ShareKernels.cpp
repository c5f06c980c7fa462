// --a65-share-kernels: calls of kernels with a range go through the caller's parallel-for.
//
// The interface is docs/a65.md's: a null pointer, or
//   struct { void *context; void (*parallel_for)(context, task, argument, count); }

#include "Conversion/A65ToLLVM/Passes.h"

using namespace mlir;

namespace afe::a65 {
#define GEN_PASS_DEF_SHAREKERNELSPASS
#include "Conversion/A65ToLLVM/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kParallelFor = "afe_parallel_for";

class KernelSharer {
public:
  explicit KernelSharer(ModuleOp module)
      : module(module), b(module.getContext()), loc(module.getLoc()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())), i64(b.getI64Type()) {}

  /// Gives the segment's function its workers, and its calls the detour.
  void share(LLVM::LLVMFuncOp segment);

private:
  LLVM::LLVMFuncOp function(StringRef name, ArrayRef<Type> arguments);
  LLVM::LLVMFuncOp parallelFor();
  LLVM::LLVMFuncOp taskOf(LLVM::LLVMFuncOp kernel);
  void detour(LLVM::CallOp call, LLVM::LLVMFuncOp kernel, Value workers);
  Value slot(Value base, int64_t number) {
    return LLVM::GEPOp::create(b, loc, pointer, pointer, base,
                               ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(number)});
  }
  Value load(Value base, int64_t number) {
    return LLVM::LoadOp::create(b, loc, pointer, slot(base, number));
  }

  ModuleOp module;
  OpBuilder b;
  Location loc;
  Type pointer, i64;
};

/// A new internal function without results; building goes on in its entry block.
LLVM::LLVMFuncOp KernelSharer::function(StringRef name, ArrayRef<Type> arguments) {
  b.setInsertionPointToEnd(module.getBody());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()), arguments);
  auto made = LLVM::LLVMFuncOp::create(b, loc, name, type, LLVM::Linkage::Internal);
  b.setInsertionPointToStart(made.addEntryBlock(b));
  return made;
}

/// void afe_parallel_for(workers, task, argument, count).
LLVM::LLVMFuncOp KernelSharer::parallelFor() {
  if (auto made = module.lookupSymbol<LLVM::LLVMFuncOp>(kParallelFor))
    return made;
  auto made = function(kParallelFor, {pointer, pointer, pointer, i64});
  made.setNoInline(true);
  Value workers = made.getArgument(0), task = made.getArgument(1);
  Value argument = made.getArgument(2), count = made.getArgument(3);
  Block *alone = made.addBlock(), *shared = made.addBlock();
  Value null = LLVM::ZeroOp::create(b, loc, pointer);
  Value isNull = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, workers, null);
  LLVM::CondBrOp::create(b, loc, isNull, alone, shared);

  auto empty = LLVM::LLVMVoidType::get(b.getContext());
  b.setInsertionPointToStart(alone);
  Value zero = LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(0));
  auto taskType = LLVM::LLVMFunctionType::get(empty, {pointer, i64, i64});
  LLVM::CallOp::create(b, loc, taskType, ValueRange{task, argument, zero, count});
  LLVM::ReturnOp::create(b, loc, ValueRange());

  b.setInsertionPointToStart(shared);
  Value context = load(workers, 0), run = load(workers, 1);
  auto runType = LLVM::LLVMFunctionType::get(empty, {pointer, pointer, pointer, i64});
  LLVM::CallOp::create(b, loc, runType, ValueRange{run, context, task, argument, count});
  LLVM::ReturnOp::create(b, loc, ValueRange());
  return made;
}

/// void kernel_task(closure, begin, end): the kernel with the buffers that the closure points to.
LLVM::LLVMFuncOp KernelSharer::taskOf(LLVM::LLVMFuncOp kernel) {
  auto made = function((kernel.getSymName() + "_task").str(), {pointer, i64, i64});
  SmallVector<Value> arguments;
  for (unsigned number = 0; number + 2 < kernel.getNumArguments(); ++number)
    arguments.push_back(load(made.getArgument(0), number));
  arguments.append({made.getArgument(1), made.getArgument(2)});
  LLVM::CallOp::create(b, loc, kernel, arguments);
  LLVM::ReturnOp::create(b, loc, ValueRange());
  return made;
}

void KernelSharer::detour(LLVM::CallOp call, LLVM::LLVMFuncOp kernel, Value workers) {
  LLVM::LLVMFuncOp task = taskOf(kernel), run = parallelFor();
  auto buffers = call.getArgOperands().drop_back(2);
  Block &entry = call->getParentOfType<LLVM::LLVMFuncOp>().getBody().front();
  b.setInsertionPointToStart(&entry);
  Value size = LLVM::ConstantOp::create(
      b, loc, i64, b.getI64IntegerAttr(std::max<int64_t>(1, int64_t(buffers.size()))));
  Value closure = LLVM::AllocaOp::create(b, loc, pointer, pointer, size);
  b.setInsertionPoint(call);
  for (auto [number, buffer] : llvm::enumerate(buffers))
    LLVM::StoreOp::create(b, loc, buffer, slot(closure, static_cast<int64_t>(number)));
  Value address = LLVM::AddressOfOp::create(b, loc, task);
  Value count = call.getArgOperands().back();
  LLVM::CallOp::create(b, loc, run, ValueRange{workers, address, closure, count});
  call.erase();
}

void KernelSharer::share(LLVM::LLVMFuncOp segment) {
  auto type = segment.getFunctionType();
  SmallVector<Type> arguments(type.getParams());
  arguments.push_back(pointer);
  segment.setFunctionType(LLVM::LLVMFunctionType::get(type.getReturnType(), arguments));
  Value workers = segment.getBody().front().addArgument(pointer, segment.getLoc());
  SmallVector<LLVM::CallOp> calls;
  segment.walk([&](LLVM::CallOp call) { calls.push_back(call); });
  for (LLVM::CallOp call : calls) {
    auto callee = call.getCallee();
    auto kernel = callee ? module.lookupSymbol<LLVM::LLVMFuncOp>(*callee) : LLVM::LLVMFuncOp();
    auto isBuffer = [](Value value) { return isa<LLVM::LLVMPointerType>(value.getType()); };
    if (kernel && kernel->hasAttr(kSharedIterations) &&
        llvm::all_of(call.getArgOperands().drop_back(2), isBuffer))
      detour(call, kernel, workers);
  }
}

struct ShareKernelsPass : impl::ShareKernelsPassBase<ShareKernelsPass> {
  void runOnOperation() override {
    SmallVector<LLVM::LLVMFuncOp> segments;
    for (auto func : getOperation().getOps<LLVM::LLVMFuncOp>())
      if (func->hasAttr(kSegment))
        segments.push_back(func);
    for (LLVM::LLVMFuncOp segment : segments)
      KernelSharer(getOperation()).share(segment);
  }
};

} // namespace
} // namespace afe::a65

// --a65-plan-workspace: memref.alloc -> ranges of one workspace argument.
//
// A buffer lives from the first to the last operation of the function's own block that touches it
// or a view of it, whole loops included.

#include "Conversion/A65ToLLVM/Passes.h"

#include "Memory/Problem.h"

#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;

namespace afe::a65 {
#define GEN_PASS_DEF_PLANWORKSPACEPASS
#include "Conversion/A65ToLLVM/Passes.h.inc"

namespace {

/// Bytes of an element in memory, as LLVM lays out arrays: booleans take one, an index and 48-bit
/// integers eight.
int64_t elementBytes(Type element) {
  return element.isIndex()
             ? 8
             : llvm::PowerOf2Ceil(llvm::divideCeil(element.getIntOrFloatBitWidth(), 8));
}

class WorkspacePlanner {
public:
  explicit WorkspacePlanner(func::FuncOp func)
      : func(func), block(func.getBody().front()), aliases(func) {}

  /// Fails with a diagnostic where a buffer has no planned size or lives through a loop's
  /// iterations.
  LogicalResult collect();
  /// The workspace's bytes; fails where the validator finds a fault.
  FailureOr<int64_t> place();
  void rewrite(int64_t bytes);

  size_t numBuffers() const { return allocs.size(); }

private:
  LogicalResult add(memref::AllocOp alloc);
  int64_t positionOf(Operation *op) { return positions.lookup(block.findAncestorOpInBlock(*op)); }

  func::FuncOp func;
  Block &block;
  BufferViewFlowAnalysis aliases;
  llvm::DenseMap<Operation *, int64_t> positions;
  SmallVector<memref::AllocOp> allocs;
  memory::Problem problem;
  std::vector<int64_t> offsets;
};

/// Whether the buffer, made in a loop, may be seen by a later iteration or behind the loop.
bool leavesLoop(memref::AllocOp alloc, Value alias) {
  auto loop = alloc->getParentOfType<LoopLikeOpInterface>();
  return loop && !loop->isAncestor(alias.getParentBlock()->getParentOp());
}

LogicalResult WorkspacePlanner::add(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  if (!type.hasStaticShape() || !type.getLayout().isIdentity())
    return alloc.emitOpError("of a size that is not known has no place in the workspace");
  memory::BufferSpec spec;
  spec.lower = INT64_MAX;
  spec.size = std::max<int64_t>(1, type.getNumElements() * elementBytes(type.getElementType()));
  spec.alignment = kWorkspaceAlignment;
  for (Value alias : aliases.resolve(alloc)) {
    auto loop = alloc->getParentOfType<LoopLikeOpInterface>();
    auto argument = dyn_cast<BlockArgument>(alias);
    if (loop &&
        (leavesLoop(alloc, alias) || (argument && argument.getOwner()->getParentOp() == loop)))
      return alloc.emitOpError("in a loop is carried to the next iteration, which has no lowering "
                               "for the Cortex-A65");
    for (Operation *user : alias.getUsers()) {
      spec.lower = std::min(spec.lower, positionOf(user));
      spec.upper = std::max(spec.upper, positionOf(user) + 1);
    }
  }
  if (spec.lower == INT64_MAX)
    spec.lower = positionOf(alloc), spec.upper = spec.lower + 1;
  allocs.push_back(alloc);
  problem.buffers.push_back(spec);
  return success();
}

LogicalResult WorkspacePlanner::collect() {
  for (auto [position, op] : llvm::enumerate(block))
    positions[&op] = static_cast<int64_t>(position);
  auto walked = func.walk([&](memref::AllocOp alloc) {
    return failed(add(alloc)) ? WalkResult::interrupt() : WalkResult::advance();
  });
  return failure(walked.wasInterrupted());
}

FailureOr<int64_t> WorkspacePlanner::place() {
  int64_t bytes = 0;
  offsets = memory::placeBestFit(problem, bytes);
  bytes = llvm::alignTo(bytes, kWorkspaceAlignment);
  problem.capacity = bytes;
  if (std::string fault = memory::validate(problem, offsets); !fault.empty())
    return func.emitOpError() << "has a broken workspace: " << fault;
  return bytes;
}

void WorkspacePlanner::rewrite(int64_t bytes) {
  OpBuilder builder = OpBuilder::atBlockBegin(&block);
  auto type = MemRefType::get({bytes}, builder.getI8Type());
  unsigned number = func.getNumArguments();
  (void)func.insertArgument(number, type, {}, func.getLoc());
  Value workspace = func.getArgument(number);
  for (auto [alloc, offset] : llvm::zip(allocs, offsets)) {
    // Before the block's first operation: the place of every view must dominate all uses.
    Location loc = alloc.getLoc();
    Value start = arith::ConstantIndexOp::create(builder, loc, offset);
    Value view =
        memref::ViewOp::create(builder, loc, alloc.getType(), workspace, start, ValueRange());
    alloc.getResult().replaceAllUsesWith(view);
    alloc.erase();
  }
  func->setAttr(kWorkspaceBytes, builder.getI64IntegerAttr(bytes));
}

struct PlanWorkspacePass : impl::PlanWorkspacePassBase<PlanWorkspacePass> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isDeclaration() || func->hasAttr(kKernel))
      return;
    WorkspacePlanner planner(func);
    if (failed(planner.collect()))
      return signalPassFailure();
    FailureOr<int64_t> size = planner.place();
    if (failed(size))
      return signalPassFailure();
    planner.rewrite(*size);
    buffers += planner.numBuffers();
    bytes += *size;
  }
};

} // namespace
} // namespace afe::a65

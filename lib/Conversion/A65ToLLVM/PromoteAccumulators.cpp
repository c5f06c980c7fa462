// --a65-promote-accumulators: loop-invariant load/store pairs become loop-carried values.
//
// LLVM cannot do this by itself: after planning, all buffers are ranges of one workspace, and it
// would have to prove that the store does not meet the loop's other loads.

#include "Conversion/A65ToLLVM/Passes.h"

#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

using namespace mlir;

namespace afe::a65 {
#define GEN_PASS_DEF_PROMOTEACCUMULATORSPASS
#include "Conversion/A65ToLLVM/Passes.h.inc"

namespace {

/// The buffer behind views.
Value rootOf(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    memref = view.getViewSource();
  return memref;
}

/// Whether a root is known not to overlap any other: an allocation, a constant, an argument of the
/// function (the ABI says so).
bool isDistinct(Value root) {
  if (auto argument = dyn_cast<BlockArgument>(root))
    return isa<func::FuncOp>(argument.getOwner()->getParentOp());
  return root.getDefiningOp<memref::AllocOp>() || root.getDefiningOp<memref::GetGlobalOp>();
}

/// The only load and the only store of one element in a loop.
struct Accumulator {
  memref::LoadOp load;
  memref::StoreOp store;
};

bool isInvariant(scf::ForOp loop, Value memref, ValueRange indices) {
  return loop.isDefinedOutsideOfLoop(memref) &&
         llvm::all_of(indices, [&](Value index) { return loop.isDefinedOutsideOfLoop(index); });
}

/// Whether anything in the loop but the pair may touch the pair's buffer.
bool isTouchedElsewhere(scf::ForOp loop, Accumulator pair) {
  Value root = rootOf(pair.store.getMemRef());
  auto walked = loop.getBody()->walk([&](Operation *op) {
    if (op == pair.load || op == pair.store || isMemoryEffectFree(op) ||
        op->hasTrait<OpTrait::HasRecursiveMemoryEffects>())
      return WalkResult::advance();
    Value memref;
    if (auto load = dyn_cast<memref::LoadOp>(op))
      memref = load.getMemRef();
    else if (auto store = dyn_cast<memref::StoreOp>(op))
      memref = store.getMemRef();
    if (!memref || rootOf(memref) == root || !isDistinct(rootOf(memref)))
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return walked.wasInterrupted();
}

std::optional<Accumulator> findAccumulator(scf::ForOp loop) {
  for (auto store : loop.getBody()->getOps<memref::StoreOp>()) {
    if (!isInvariant(loop, store.getMemRef(), store.getIndices()) ||
        !isDistinct(rootOf(store.getMemRef())))
      continue;
    for (auto load : loop.getBody()->getOps<memref::LoadOp>()) {
      bool isSame =
          load.getMemRef() == store.getMemRef() && load.getIndices() == store.getIndices();
      Accumulator pair{load, store};
      if (isSame && load->isBeforeInBlock(store) && !isTouchedElsewhere(loop, pair))
        return pair;
    }
  }
  return std::nullopt;
}

/// Moves the pair out; returns the loop that took the old one's place.
scf::ForOp promote(scf::ForOp loop, Accumulator pair, IRRewriter &rewriter) {
  rewriter.setInsertionPoint(loop);
  Operation *load = rewriter.clone(*pair.load);
  Value last = pair.store.getValueToStore();
  auto yieldLast = [&](OpBuilder &, Location, ArrayRef<BlockArgument>) {
    return SmallVector<Value>{last};
  };
  rewriter.setInsertionPointAfter(loop);
  auto replaced =
      loop.replaceWithAdditionalYields(rewriter, load->getResult(0),
                                       /*replaceInitOperandUsesInLoop=*/false, yieldLast);
  auto carried = cast<scf::ForOp>(replaced->getOperation());
  rewriter.setInsertionPointAfter(carried);
  memref::StoreOp::create(rewriter, pair.store.getLoc(), carried.getResults().back(),
                          pair.store.getMemRef(), pair.store.getIndices());
  rewriter.replaceAllUsesWith(pair.load.getResult(), carried.getRegionIterArgs().back());
  rewriter.eraseOp(pair.store);
  rewriter.eraseOp(pair.load);
  return carried;
}

struct PromoteAccumulatorsPass : impl::PromoteAccumulatorsPassBase<PromoteAccumulatorsPass> {
  void runOnOperation() override {
    // Constants and views inside a loop would make indices look variant.
    getOperation().walk([](LoopLikeOpInterface loop) { moveLoopInvariantCode(loop); });
    SmallVector<scf::ForOp> loops; // inner loops first
    getOperation().walk<WalkOrder::PostOrder>([&](scf::ForOp loop) { loops.push_back(loop); });
    IRRewriter rewriter(&getContext());
    for (scf::ForOp loop : loops)
      while (auto pair = findAccumulator(loop)) {
        loop = promote(loop, *pair, rewriter);
        ++accumulators;
      }
  }
};

} // namespace
} // namespace afe::a65

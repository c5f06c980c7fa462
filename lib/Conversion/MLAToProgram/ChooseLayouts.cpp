// --mla-choose-layouts: which data movement operations are views, which tensors are interleaved.

#include "Conversion/MLAToProgram/Network.h"
#include "Conversion/MLAToProgram/Passes.h"

using namespace mlir;

namespace afe {
#define GEN_PASS_DEF_CHOOSELAYOUTSPASS
#include "Conversion/MLAToProgram/Passes.h.inc"

using namespace mla;

namespace {

Dims dims(Value value) { return dimsOf(cast<RankedTensorType>(value.getType())); }

bool isReshapeView(Operation *op) { return mlir::isa<ReshapeOp>(op) && op->hasAttr(kViewAttr); }

/// A tensor with bytes of its own that nobody shares but through reshapes: its rows are contiguous.
bool ownsBytes(Value value) {
  Operation *def = value.getDefiningOp();
  return !def || !(mlir::isa<ConstOp>(def) || def->hasAttr(kViewAttr));
}

bool hasReshapeView(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) { return isReshapeView(user); });
}

struct ChooseLayoutsPass : impl::ChooseLayoutsPassBase<ChooseLayoutsPass> {
  void makeView(Operation *op) {
    op->setAttr(kViewAttr, UnitAttr::get(op->getContext()));
    ++views;
  }

  void visit(ReshapeOp op) {
    Value input = op.getInput();
    Dims from = dims(input), to = dims(op.getOutput());
    if (from == to && !input.getDefiningOp<ConstOp>())
      return makeView(op);
    if (!ownsBytes(input) || from.n != to.n)
      return;
    if (from.c == to.c) // only the split of the pixels into rows changes
      return makeView(op);
    bool flattens = to.h == 1 && to.w == 1 && from.c % sched::kLanes == 0;
    if (!flattens)
      return;
    if (Operation *def = input.getDefiningOp())
      def->setAttr(kInterleavedAttr, UnitAttr::get(op.getContext()));
    makeView(op);
  }

  void visit(SliceOp op) {
    if (op.getStrides() && llvm::any_of(*op.getStrides(), [](int64_t s) { return s != 1; }))
      return;
    if (op.getInput().getDefiningOp<ConstOp>())
      return;
    auto in = cast<RankedTensorType>(op.getInput().getType());
    auto out = cast<RankedTensorType>(op.getOutput().getType());
    int64_t last = in.getRank() - 1;
    bool allChannels = in.getDimSize(last) == out.getDimSize(last);
    if (allChannels ||
        (op.getStart()[last] % sched::kLanes == 0 && out.getDimSize(last) % sched::kLanes == 0))
      makeView(op);
  }

  /// Can `value` be written straight into the concatenation?
  bool canWriteInPlace(Value value, ConcatOp concat) {
    Operation *def = value.getDefiningOp();
    if (!def || mlir::isa<ConstOp>(def) || def->hasAttr(kInterleavedAttr) || hasReshapeView(value))
      return false;
    bool moves = mlir::isa<ConcatOp, SliceOp, PadOp, ReshapeOp, TransposeOp>(def);
    if (moves && !(mlir::isa<ConcatOp>(def) && def->hasAttr(kViewAttr)))
      return false; // other views have their bytes elsewhere; a movement writes a whole storage
    unsigned here = 0;
    for (OpOperand &use : value.getUses()) {
      if (use.getOwner() == concat)
        ++here;
      else if (mlir::isa<ConcatOp>(use.getOwner()) && use.getOwner()->hasAttr(kViewAttr))
        return false;
    }
    return here == 1;
  }

  void visit(ConcatOp op) {
    auto type = cast<RankedTensorType>(op.getOutput().getType());
    bool channels = op.getAxis() == uint64_t(type.getRank() - 1);
    int64_t offset = 0;
    for (Value input : op.getInputs()) {
      if (!canWriteInPlace(input, op) || (channels && offset % sched::kLanes))
        return;
      offset += cast<RankedTensorType>(input.getType()).getDimSize(op.getAxis());
    }
    makeView(op);
  }

  void runOnOperation() override {
    for (SegmentOp segment : getOperation().getOps<SegmentOp>()) {
      segment.walk([&](ReshapeOp op) { visit(op); });
      segment.walk([&](SliceOp op) { visit(op); });
      segment.walk([&](ConcatOp op) { visit(op); });
    }
  }
};

} // namespace
} // namespace afe

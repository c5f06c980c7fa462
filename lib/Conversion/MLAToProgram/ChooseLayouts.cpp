// --mla-choose-layouts: which data movement operations are views, which tensors are interleaved.
// Concatenations first (what can be written in place is), then one storage after the other: planes
// of 16 channels, or HWC16 where that leaves fewer bytes to move behind it.

#include "Conversion/MLAToProgram/Homes.h"
#include "Conversion/MLAToProgram/Network.h"
#include "Conversion/MLAToProgram/Passes.h"

using namespace mlir;

namespace afe {
#define GEN_PASS_DEF_CHOOSELAYOUTSPASS
#include "Conversion/MLAToProgram/Passes.h.inc"

using namespace mla;

namespace {

int64_t bytesOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getNumElements() * elementBytesOf(value);
}

bool canBeView(Operation *op) { return mlir::isa<ReshapeOp, TransposeOp, SliceOp>(op); }

/// Whether all layers that read the value (movements do not matter) can read it there.
bool isReadable(Value value, const ElementLayout &layout) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    return isMovement(user) || mlir::isa<ReturnOp>(user) || canRead(user, layout);
  });
}

/// Whether a layer writes the value, that is, whole blocks at any four strides.
bool isWrittenByLayer(Value value) {
  Operation *def = value.getDefiningOp();
  return def && !isMovement(def) && !mlir::isa<ConstOp>(def);
}

bool isWritable(Value value) {
  std::optional<Home> home = homeOf(value);
  return home && canWrite(value.getDefiningOp(), home->layout);
}

// --- matrix products ---------------------------------------------------------------------------

/// How `value` lies if all movements in front of it are views; nullopt where they cannot be.
std::optional<ElementLayout> layoutThroughViews(Value value) {
  Operation *def = value.getDefiningOp();
  if (mlir::isa_and_nonnull<ConstOp>(def))
    return std::nullopt;
  if (!def || !canBeView(def)) {
    std::optional<Home> home = homeOf(value);
    return home ? std::optional(home->layout) : std::nullopt;
  }
  std::optional<ElementLayout> source = layoutThroughViews(def->getOperand(0));
  return source ? applyMovement(def, *source) : std::nullopt;
}

/// Reads the right operand the other way round where only that spares moving it: LOAD transposes.
void orientRhs(MatmulOp matmul) {
  std::optional<ElementLayout> layout = layoutThroughViews(matmul.getRhs());
  const int64_t swap[] = {0, 2, 1};
  if (!layout || canRead(matmul, *layout) || !canRead(matmul, layout->transposed(swap)))
    return;
  OpBuilder builder(matmul);
  auto type = cast<RankedTensorType>(matmul.getRhs().getType());
  ArrayRef<int64_t> shape = type.getShape();
  auto turned =
      TransposeOp::create(builder, matmul.getLoc(), type.clone({shape[0], shape[2], shape[1]}),
                          matmul.getRhs(), builder.getDenseI64ArrayAttr(swap), StringAttr());
  matmul.getRhsMutable().assign(turned.getOutput());
  matmul.setTransposeRhs(!matmul.getTransposeRhs());
}

// --- concatenations --------------------------------------------------------------------------

/// Whether the value is written into some concatenation already.
bool isPlaced(Value value) {
  return llvm::any_of(value.getUses(), [](OpOperand &use) {
    auto concat = dyn_cast<ConcatOp>(use.getOwner());
    return use.getOwner()->hasAttr(kWrittenThroughAttr) ||
           (concat && isInPlace(concat, use.getOperandNumber()));
  });
}

void setInPlace(ConcatOp concat, ArrayRef<int64_t> numbers) {
  if (numbers.empty())
    concat->removeAttr(kInPlaceAttr);
  else
    concat->setAttr(kInPlaceAttr, DenseI64ArrayAttr::get(concat.getContext(), numbers));
}

/// The reshapes and transposes between `value` and what a layer writes, where nobody reads what
/// lies between.
SmallVector<Operation *> movementsBefore(Value value) {
  SmallVector<Operation *> chain;
  for (Operation *def = value.getDefiningOp(); mlir::isa_and_nonnull<ReshapeOp, TransposeOp>(def);
       def = def->getOperand(0).getDefiningOp()) {
    if (!def->getOperand(0).hasOneUse())
      return {};
    chain.push_back(def);
  }
  return chain;
}

/// Tries to have operand `number` written into the concatenation, through movements if need be.
bool placeOperand(ConcatOp concat, unsigned number, SmallVectorImpl<int64_t> &numbers) {
  Value operand = concat.getInputs()[number];
  if (llvm::count(concat.getInputs(), operand) != 1 || isPlaced(operand))
    return false;
  SmallVector<Operation *> chain = movementsBefore(operand);
  Value writer = chain.empty() ? operand : chain.back()->getOperand(0);
  bool isNested = chain.empty() && operand.getDefiningOp<ConcatOp>();
  if ((!isWrittenByLayer(writer) && !isNested) || isPlaced(writer))
    return false;
  for (Operation *op : chain)
    op->setAttr(kWrittenThroughAttr, UnitAttr::get(op->getContext()));
  numbers.push_back(number);
  setInPlace(concat, numbers);
  if (isWritable(writer))
    return true;
  for (Operation *op : chain)
    op->removeAttr(kWrittenThroughAttr);
  numbers.pop_back();
  setInPlace(concat, numbers);
  return false;
}

void placeOperands(ConcatOp concat) {
  SmallVector<int64_t> numbers;
  for (unsigned i = 0; i < concat.getInputs().size(); ++i)
    placeOperand(concat, i, numbers);
  if (numbers.size() != concat.getInputs().size())
    return;
  concat->removeAttr(kInPlaceAttr);
  concat->setAttr(kViewAttr, UnitAttr::get(concat.getContext()));
}

// --- storages --------------------------------------------------------------------------------

/// Bytes that are moved because the operations behind `value` cannot be views; marks those that
/// can.
int64_t settle(Value value);

/// Whether `op` can be a view: its result has a layout, and one that layers can read if they do.
bool becomesView(Operation *op) {
  op->removeAttr(kInterleavedAttr);
  op->setAttr(kViewAttr, UnitAttr::get(op->getContext()));
  std::optional<Home> home = homeOf(op->getResult(0));
  if (home && isReadable(op->getResult(0), home->layout))
    return true;
  op->removeAttr(kViewAttr);
  return false;
}

int64_t settle(Value value) {
  int64_t moved = 0;
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    if (mlir::isa<ReturnOp>(user)) {
      moved += outputRoot(value) ? 0 : bytesOf(value);
    } else if (canBeView(user) && !user->hasAttr(kWrittenThroughAttr)) {
      if (becomesView(user))
        moved += settle(user->getResult(0));
      else
        moved += bytesOf(user->getResult(0)); // a storage of its own, settled when its turn comes
    }
  }
  return moved;
}

/// Values that layers write into the storage of `root`: its own, or parts of a concatenation.
void writtenValues(Value root, SmallVectorImpl<Value> &values) {
  values.push_back(root);
  if (auto concat = root.getDefiningOp<ConcatOp>())
    for (auto [number, operand] : llvm::enumerate(concat.getInputs()))
      if (isInPlace(concat, number))
        writtenValues(operand, values);
  if (Operation *def = root.getDefiningOp(); def && def->hasAttr(kWrittenThroughAttr))
    writtenValues(def->getOperand(0), values);
}

/// Bytes moved behind all results of `op`; every value a layer writes must stay writable.
std::optional<int64_t> settleStorages(ArrayRef<Value> written) {
  int64_t moved = 0;
  for (Value value : written) {
    if (isWrittenByLayer(value) && !isWritable(value))
      return std::nullopt;
    if (!isReadable(value, homeOf(value)->layout))
      return std::nullopt;
    moved += settle(value);
  }
  return moved;
}

/// Whether a layer reads the value, or a view of it.
bool isReadByLayer(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    if (!isMovement(user))
      return !mlir::isa<ReturnOp>(user);
    return user->hasAttr(kViewAttr) && canBeView(user) && isReadByLayer(user->getResult(0));
  });
}

void chooseStorage(Operation *op) {
  SmallVector<Value> written;
  for (Value value : op->getResults())
    writtenValues(value, written);
  std::optional<int64_t> planes = settleStorages(written);
  // Whole pixels are longer runs for the copies that alone read them.
  bool isOnlyCopied = llvm::none_of(written, isReadByLayer) && !mlir::isa<ConcatOp>(op);
  if (planes == 0 && !isOnlyCopied)
    return;
  op->setAttr(kInterleavedAttr, UnitAttr::get(op->getContext()));
  std::optional<int64_t> interleaved = settleStorages(written);
  if (interleaved &&
      (!planes || *interleaved < *planes || (isOnlyCopied && *interleaved == *planes)))
    return;
  op->removeAttr(kInterleavedAttr);
  (void)settleStorages(written);
}

struct ChooseLayoutsPass : impl::ChooseLayoutsPassBase<ChooseLayoutsPass> {
  using Base::Base;

  void chooseFor(SegmentOp segment, const sched::Options &options) {
    Block &body = segment.getBody().front();
    segment.walk([&](MatmulOp matmul) { orientRhs(matmul); });
    if (options.inPlaceConcats)
      segment.walk([&](ConcatOp concat) { placeOperands(concat); });
    for (BlockArgument argument : body.getArguments())
      settle(argument);
    // Producers come before what may be a view of them.
    for (Operation &op : body) {
      bool owns = !mlir::isa<ConstOp, ReturnOp>(op) && !op.hasAttr(kWrittenThroughAttr) &&
                  !(op.hasAttr(kViewAttr) && !mlir::isa<ConcatOp>(op));
      if (owns && !llvm::any_of(op.getResults(), isPlaced))
        chooseStorage(&op);
    }
    for (Operation &op : body)
      views += op.hasAttr(kViewAttr) || op.hasAttr(kWrittenThroughAttr);
  }

  void runOnOperation() override {
    FailureOr<sched::Options> options = solverOptions(getOperation(), effort, disable);
    if (failed(options))
      return signalPassFailure();
    for (SegmentOp segment : getOperation().getOps<SegmentOp>())
      chooseFor(segment, *options);
  }
};

} // namespace
} // namespace afe

// Appends a vector program to the one that produces its only varying input: a table or rescale
// behind a pooling, softmax or resize, an argmax behind a resize. (Clusters of elementwise
// operations are maximal already.)

#include "Conversion/TosaToMLA/LaneRanges.h"
#include "Conversion/TosaToMLA/LaneTables.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"
#include "Conversion/TosaToMLA/VectorBuilder.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace afe {
namespace {

bool reduces(mla::VectorOp op, mla::ReduceAxis axis) {
  return llvm::any_of(op.getBody().front(), [&](Operation &lane) {
    auto reduce = dyn_cast<mla::VReduceOp>(lane);
    return reduce && reduce.getAxis() == axis;
  });
}

/// Whether every result depends on one pixel of the input alone.
bool worksByPixel(mla::VectorOp op) {
  return !op.getWindow() && !reduces(op, mla::ReduceAxis::pixels) &&
         llvm::none_of(op.getBody().front(),
                       [](Operation &lane) { return readsWholeOperand(&lane); });
}

/// The stored value as the consumer reads it back: 8-bit results are narrowed by the store, so they
/// must be known to fit.
bool survivesStore(mla::VectorOp producer) {
  Type element = getElementTypeOrSelf(producer.getOutputs()[0].getType());
  if (element.isInteger(32) || element.isF32())
    return true;
  Value stored = producer.getBody().front().getTerminator()->getOperand(0);
  auto integer = cast<IntegerType>(element);
  int64_t width = integer.getWidth(), lo = integer.isUnsigned() ? 0 : -(int64_t(1) << (width - 1));
  std::optional<LaneRange> range = laneRange(stored, producer);
  return range && range->within(lo, lo + (int64_t(1) << width) - 1);
}

bool fuse(mla::VectorOp consumer) {
  if (consumer.getInputs().size() != 1 || consumer.getOutputs().size() != 1 ||
      !worksByPixel(consumer))
    return false;
  Value link = consumer.getInputs()[0];
  auto producer = link.getDefiningOp<mla::VectorOp>();
  if (!producer || producer.getOutputs().size() != 1 || !link.hasOneUse() ||
      shapeOf(link) != llvm::ArrayRef<int64_t>(consumer.getDomain()) || !survivesStore(producer) ||
      microOps(producer) + microOps(consumer) - 2 > kMaxMicroOps)
    return false;
  // A reduction runs over the channels that the producer runs over.
  if (reduces(consumer, mla::ReduceAxis::channels) &&
      shapeOf(link) != llvm::ArrayRef<int64_t>(producer.getDomain()))
    return false;
  Operation *yield = producer.getBody().front().getTerminator();
  OpBuilder b(yield);
  IRMapping mapping;
  mapping.map(consumer.getBody().getArgument(0), yield->getOperand(0));
  for (Operation &lane : consumer.getBody().front().without_terminator())
    b.clone(lane, mapping);
  yield->setOperand(
      0, mapping.lookupOrDefault(consumer.getBody().front().getTerminator()->getOperand(0)));
  producer->setLoc(b.getFusedLoc({producer.getLoc(), consumer.getLoc()}));
  link.setType(consumer.getOutputs()[0].getType());
  consumer.getOutputs()[0].replaceAllUsesWith(link);
  consumer.erase();
  return true;
}

} // namespace

void fuseVectors(func::FuncOp func) {
  SmallVector<mla::VectorOp> vectors(func.getBody().front().getOps<mla::VectorOp>());
  for (mla::VectorOp vector : vectors)
    fuse(vector);
}

} // namespace afe

// Appends a vector program to the one that produces its only varying input: a table or rescale
// behind a pooling, softmax or resize. (Clusters of elementwise operations are maximal already.)

#include "Conversion/TosaToMLA/LaneTables.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"
#include "Conversion/TosaToMLA/VectorBuilder.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace afe {
namespace {

/// Whether the program works element by element.
bool isElementwise(mla::VectorOp op) {
  return !op.getWindow() && llvm::none_of(op.getBody().front(), [](Operation &lane) {
    return isa<mla::VReduceOp>(lane) || readsWholeOperand(&lane);
  });
}

/// The stored value as the consumer reads it back: 8-bit results are narrowed by the store, so they
/// must be known to fit.
bool survivesStore(mla::VectorOp producer) {
  Type element = getElementTypeOrSelf(producer.getOutputs()[0].getType());
  if (element.isInteger(32) || element.isF32())
    return true;
  Value stored = producer.getBody().front().getTerminator()->getOperand(0);
  auto clamp = stored.getDefiningOp<mla::VClampOp>();
  auto integer = cast<IntegerType>(element);
  int64_t width = integer.getWidth(), lo = integer.isUnsigned() ? 0 : -(int64_t(1) << (width - 1));
  int64_t hi = lo + (int64_t(1) << width) - 1;
  if (clamp)
    return int32_t(clamp.getLo()) >= lo && int32_t(clamp.getHi()) <= hi;
  bool isByte = stored.getDefiningOp<mla::VTable8Op>() ||
                stored.getDefiningOp<mla::VWindowMaxOp>() ||
                stored.getDefiningOp<mla::VGatherNearestOp>();
  Type input = getElementTypeOrSelf(producer.getInputs()[0].getType());
  return isByte && input == element && width == 8 && !integer.isUnsigned();
}

int64_t microOps(mla::VectorOp op) {
  return llvm::range_size(op.getBody().front()) - 1 + op.getInputs().size() +
         op.getOutputs().size();
}

bool fuse(mla::VectorOp consumer) {
  if (consumer.getInputs().size() != 1 || consumer.getOutputs().size() != 1 ||
      !isElementwise(consumer))
    return false;
  Value link = consumer.getInputs()[0];
  auto producer = link.getDefiningOp<mla::VectorOp>();
  if (!producer || producer.getOutputs().size() != 1 || !link.hasOneUse() ||
      shapeOf(link) != shapeOf(consumer.getOutputs()[0]) || !survivesStore(producer) ||
      microOps(producer) + microOps(consumer) - 2 > kMaxMicroOps)
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

// Programs over one number per pixel (what follows from the mean and the variance of a layer
// normalization) move into the program that makes their operands by reducing channels: there such a
// number costs one lane, in a program of its own the sixteen of a block.

#include "Conversion/TosaToMLA/LaneRanges.h"
#include "Conversion/TosaToMLA/LaneTables.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"
#include "Conversion/TosaToMLA/VectorBuilder.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace afe {
namespace {

/// Whether a lane reads back what a store of it leaves in an element of `type`.
bool survivesStore(Value lane, Type type, mla::VectorOp program) {
  Type element = getElementTypeOrSelf(type);
  if (element.isInteger(32) || element.isF32())
    return true;
  auto integer = cast<IntegerType>(element);
  int64_t width = integer.getWidth(), lo = integer.isUnsigned() ? 0 : -(int64_t(1) << (width - 1));
  std::optional<LaneRange> range = laneRange(lane, program);
  return range && range->within(lo, lo + (int64_t(1) << width) - 1);
}

bool isOneNumberPerPixel(mla::VectorOp op) {
  return op.getDomain().back() == 1 && !op.getWindow() &&
         llvm::none_of(op.getBody().front(), [](Operation &lane) {
           return readsWholeOperand(&lane) || isa<mla::VReduceOp>(lane);
         });
}

/// A program and another that reads its results, as one.
class Joiner {
public:
  Joiner(mla::VectorOp producer, mla::VectorOp consumer) : producer(producer), consumer(consumer) {}

  bool join() {
    if (!fits())
      return false;
    mla::VectorOp joined = build();
    if (microOps(joined) > kMaxMicroOps || joined.getInputs().size() > size_t(kMaxVectorInputs)) {
      joined.erase();
      return false;
    }
    for (auto [value, replacement] : llvm::zip(results, joined.getOutputs()))
      value.replaceAllUsesWith(replacement);
    consumer.erase();
    producer.erase();
    return true;
  }

private:
  /// Whether the consumer can run over the producer's pixels, and which results are left.
  bool fits() {
    ArrayRef<int64_t> wide = producer.getDomain(), narrow = consumer.getDomain();
    if (producer.getWindow() || wide.size() != narrow.size() ||
        wide.drop_back() != narrow.drop_back() || producer->getBlock() != consumer->getBlock())
      return false;
    Operation *yield = producer.getBody().front().getTerminator();
    for (Value input : consumer.getInputs()) {
      Operation *def = input.getDefiningOp();
      if (def == producer) {
        unsigned number = cast<OpResult>(input).getResultNumber();
        if (!survivesStore(yield->getOperand(number), input.getType(), producer))
          return false;
      } else if ((def && !def->isBeforeInBlock(producer)) || shapeOf(input).back() != 1) {
        return false;
      }
    }
    auto isReadElsewhere = [&](Value result) {
      return llvm::any_of(result.getUsers(), [&](Operation *user) { return user != consumer; });
    };
    for (mla::VectorOp op : {producer, consumer})
      for (Value result : op.getOutputs())
        if (isReadElsewhere(result))
          results.push_back(result);
    return !results.empty() && results.size() <= size_t(kMaxVectorOutputs);
  }

  /// In front of the producer: what it reads is there.
  mla::VectorOp build() {
    OpBuilder at(producer);
    Location loc = at.getFusedLoc({producer.getLoc(), consumer.getLoc()});
    VectorBuilder b(at.getContext(), loc);
    IRMapping lanes;
    append(producer, b, lanes);
    Operation *made = producer.getBody().front().getTerminator();
    for (auto [argument, input] :
         llvm::zip(consumer.getBody().getArguments(), consumer.getInputs()))
      if (input.getDefiningOp() == producer)
        lanes.map(argument, lanes.lookupOrDefault(
                                made->getOperand(cast<OpResult>(input).getResultNumber())));
    append(consumer, b, lanes);
    SmallVector<Value> yielded;
    SmallVector<Type> types;
    for (Value result : results) {
      auto op = cast<mla::VectorOp>(result.getDefiningOp());
      Operation *yield = op.getBody().front().getTerminator();
      yielded.push_back(
          lanes.lookup(yield->getOperand(cast<OpResult>(result).getResultNumber())));
      types.push_back(result.getType());
    }
    (void)b.close(yielded); // join() counts
    return b.create(at, types);
  }

  void append(mla::VectorOp op, VectorBuilder &b, IRMapping &lanes) {
    Block &body = op.getBody().front();
    for (auto [argument, input] : llvm::zip(body.getArguments(), op.getInputs()))
      if (input.getDefiningOp() != producer)
        lanes.map(argument, b.input(input));
    for (Operation &lane : body.without_terminator())
      appendLane(lane, b, lanes);
  }

  /// A lane, unless an equal one is there.
  void appendLane(Operation &lane, VectorBuilder &b, IRMapping &lanes) {
    if (auto constant = dyn_cast<mla::VConstOp>(lane)) {
      auto number = dyn_cast<IntegerAttr>(constant.getValue());
      lanes.map(lane.getResult(0),
                number ? b.i32(number.getInt())
                       : b.f32(cast<FloatAttr>(constant.getValue()).getValue().convertToFloat()));
      return;
    }
    Operation *copy = b.opBuilder().clone(lane, lanes);
    for (Operation &other : b.block()) {
      bool equal = &other != copy && OperationEquivalence::isEquivalentTo(
                                         &other, copy, OperationEquivalence::IgnoreLocations);
      if (equal) {
        lanes.map(lane.getResult(0), other.getResult(0));
        copy->erase();
        return;
      }
    }
  }

  mla::VectorOp producer, consumer;
  SmallVector<Value> results; ///< that somebody else reads
};

bool joinWithProducer(mla::VectorOp consumer) {
  for (Value input : consumer.getInputs())
    if (auto producer = input.getDefiningOp<mla::VectorOp>())
      if (Joiner(producer, consumer).join())
        return true;
  return false;
}

} // namespace

void joinPixelNumbers(func::FuncOp func) {
  SmallVector<mla::VectorOp> vectors(func.getBody().front().getOps<mla::VectorOp>());
  for (mla::VectorOp vector : vectors)
    if (isOneNumberPerPixel(vector))
      (void)joinWithProducer(vector);
}

} // namespace afe

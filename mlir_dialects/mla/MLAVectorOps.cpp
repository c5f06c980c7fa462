// Verifier of vector programs. The labels (C1)… are those of the description of mla.vector.

#include "mla/MLAVerify.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

namespace {

constexpr size_t kMaxInputs = 4, kMaxOutputs = 2;
constexpr int64_t kMaxMicroOps = 32;

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// The lane type of a tensor's elements.
bool isLaneOf(Type lane, Value tensor) {
  bool isFloat = cast<RankedTensorType>(tensor.getType()).getElementType().isF32();
  return isFloat ? lane.isF32() : lane.isInteger(32);
}

/// What the operations of the region say about the whole program.
struct Contents {
  bool window = false, gather = false, reducesPixels = false, reducesChannels = false;
};

Contents contentsOf(Block &block) {
  Contents contents;
  for (Operation &op : block) {
    contents.window |= isa<VWindowSumOp, VWindowMaxOp, VWindowCountOp>(op);
    contents.gather |= isa<VGatherBilinearOp, VGatherLinearOp, VGatherNearestOp>(op);
    if (auto reduce = dyn_cast<VReduceOp>(op))
      (reduce.getAxis() == ReduceAxis::pixels ? contents.reducesPixels : contents.reducesChannels) =
          true;
  }
  return contents;
}

// (C1), (C2)
LogicalResult verifyInterface(VectorOp op, Block &block) {
  if (op.getInputs().size() > kMaxInputs)
    return op.emitOpError() << "has " << op.getInputs().size() << " inputs, allowed are "
                            << kMaxInputs;
  if (op.getOutputs().empty() || op.getOutputs().size() > kMaxOutputs)
    return op.emitOpError() << "has " << op.getOutputs().size() << " outputs, allowed are 1 or 2";
  if (block.getNumArguments() != op.getInputs().size())
    return op.emitOpError() << "has " << op.getInputs().size() << " inputs, but its block has "
                            << block.getNumArguments() << " arguments";
  for (auto [index, argument, input] : llvm::enumerate(block.getArguments(), op.getInputs()))
    if (!isLaneOf(argument.getType(), input))
      return op.emitOpError() << "block argument " << index << " is " << argument.getType()
                              << " for an input of " << input.getType();
  return success();
}

// (C3), (C4)
LogicalResult verifyBlock(VectorOp op, Block &block) {
  for (Operation &inner : block)
    if (!inner.hasTrait<LaneOperation>())
      return op.emitOpError() << "its region holds '" << inner.getName()
                              << "', which is not a lane operation (mla.v.*)";
  auto yield = block.empty() ? VYieldOp() : dyn_cast<VYieldOp>(block.back());
  if (!yield)
    return op.emitOpError() << "its region must end with mla.v.yield";
  if (yield.getValues().size() != op.getOutputs().size())
    return op.emitOpError() << "has " << op.getOutputs().size() << " outputs, but "
                            << yield.getValues().size() << " values are yielded";
  for (auto [index, value, output] : llvm::enumerate(yield.getValues(), op.getOutputs()))
    if (!isLaneOf(value.getType(), output))
      return op.emitOpError() << "yielded value " << index << " is " << value.getType()
                              << " for an output of " << output.getType();
  return success();
}

// (C5)
LogicalResult verifyLength(VectorOp op, Block &block) {
  auto loads = llvm::count_if(block.getArguments(), [](Value v) { return !v.use_empty(); });
  int64_t operations = static_cast<int64_t>(block.getOperations().size()) - 1;
  int64_t stores = op.getOutputs().size();
  if (operations + loads + stores <= kMaxMicroOps)
    return success();
  return op.emitOpError() << "needs " << operations + loads + stores << " micro-operations ("
                          << operations << " operations, " << loads << " loads, " << stores
                          << " stores), allowed are " << kMaxMicroOps;
}

// (C6), (C7)
LogicalResult verifyOperandZero(VectorOp op, Block &block, const Contents &contents) {
  if (contents.window != op.getWindow().has_value())
    return op.emitOpError() << (contents.window ? "uses mla.v.window_* without the attribute window"
                                                : "has a window, but no mla.v.window_* uses it");
  if (!contents.window && !contents.gather)
    return success();
  if (contents.window && contents.gather)
    return op.emitOpError() << "reads operand 0 through a window and at computed positions; only "
                               "one of them is possible";
  if (op.getInputs().empty())
    return op.emitOpError() << "has no operand 0 to read";
  auto type = cast<RankedTensorType>(op.getInputs()[0].getType());
  if (type.getRank() != 4 || type.getElementType().isF32())
    return op.emitOpError() << "operand 0 is " << type
                            << ", expected integers and rank 4 for a window or a gather";
  if (!block.getArgument(0).use_empty())
    return op.emitOpError()
           << "uses block argument 0, but operand 0 is read through a window or at "
              "computed positions";
  return success();
}

/// The part of the domain that input `index` determines; 1 where it is broadcast.
SmallVector<int64_t> domainOfInput(VectorOp op, size_t index, const Contents &contents) {
  SmallVector<int64_t> shape(shapeOf(op.getInputs()[index]));
  if (index == 0 && contents.gather)
    shape[1] = shape[2] = 1;
  if (index == 0 && contents.window) {
    WindowAttr w = *op.getWindow();
    shape[1] = windowOutputSize(shape[1], w.getPadTop(), w.getPadBottom(), w.getKernelRows(),
                                w.getStrideRows(), w.getDilationRows());
    shape[2] = windowOutputSize(shape[2], w.getPadLeft(), w.getPadRight(), w.getKernelCols(),
                                w.getStrideCols(), w.getDilationCols());
  }
  return shape;
}

/// The broadcast of the outputs and of what the inputs determine, which have one rank.
SmallVector<int64_t> broadcastDomain(VectorOp op, const Contents &contents) {
  SmallVector<int64_t> domain(shapeOf(op.getOutputs()[0]));
  auto merge = [&](ArrayRef<int64_t> shape) {
    for (auto [size, other] : llvm::zip(domain, shape))
      size = std::max(size, other);
  };
  for (Value output : op.getOutputs())
    merge(shapeOf(output));
  for (size_t i = 0; i < op.getInputs().size(); ++i)
    merge(domainOfInput(op, i, contents));
  return domain;
}

// (C8), (C9): the domain, or failure.
FailureOr<SmallVector<int64_t>> findDomain(VectorOp op, const Contents &contents) {
  size_t rank = shapeOf(op.getOutputs()[0]).size();
  for (ValueRange values : {ValueRange(op.getInputs()), ValueRange(op.getOutputs())})
    for (Value value : values)
      if (shapeOf(value).size() != rank)
        return op.emitOpError() << "mixes tensors of rank " << rank << " and "
                                << shapeOf(value).size();
  SmallVector<int64_t> domain = broadcastDomain(op, contents);
  for (size_t i = 0; i < op.getInputs().size(); ++i) {
    SmallVector<int64_t> shape = domainOfInput(op, i, contents);
    for (auto [dim, size] : llvm::enumerate(shape)) {
      bool fixed = i == 0 && (contents.window || (contents.gather && dim % 3 == 0));
      if (size != domain[dim] && (fixed || size != 1))
        return op.emitOpError() << "input " << i << " has size " << size << " in dimension " << dim
                                << (i == 0 && contents.window ? " after the window" : "")
                                << ", but the program runs over " << toString(domain);
    }
  }
  return domain;
}

/// Along what a lane's value differs.
struct Variance {
  bool pixels = false, channels = false;
  void join(Variance other) {
    pixels |= other.pixels;
    channels |= other.channels;
  }
};

Variance varianceOfInput(ArrayRef<int64_t> shape) {
  Variance v;
  v.channels = shape.back() > 1;
  for (size_t dim = 1; dim + 1 < shape.size(); ++dim)
    v.pixels |= shape[dim] > 1;
  return v;
}

Variance varianceOfOp(Operation &op, const DenseMap<Value, Variance> &known) {
  if (isa<VRowOp, VColOp, VWindowCountOp>(op))
    return {true, false};
  if (isa<VChannelOp>(op))
    return {false, true};
  if (isa<VWindowSumOp, VWindowMaxOp, VGatherBilinearOp, VGatherLinearOp, VGatherNearestOp>(op))
    return {true, true};
  Variance v;
  for (Value operand : op.getOperands())
    v.join(known.lookup(operand));
  if (auto reduce = dyn_cast<VReduceOp>(op))
    (reduce.getAxis() == ReduceAxis::pixels ? v.pixels : v.channels) = false;
  return v;
}

/// For every yielded value, along what it differs.
SmallVector<Variance> varianceOfResults(VectorOp op, Block &block) {
  DenseMap<Value, Variance> known;
  for (auto [argument, input] : llvm::zip(block.getArguments(), op.getInputs()))
    known[argument] = varianceOfInput(shapeOf(input));
  for (Operation &inner : block.without_terminator())
    for (Value result : inner.getResults())
      known[result] = varianceOfOp(inner, known);
  SmallVector<Variance> variances;
  for (Value value : block.back().getOperands())
    variances.push_back(known.lookup(value));
  return variances;
}

// (C10), (C11)
LogicalResult verifyOutputs(VectorOp op, Block &block, const Contents &contents,
                            ArrayRef<int64_t> domain) {
  if (contents.reducesPixels && domain.size() < 3)
    return op.emitOpError() << "reduces over pixels, but tensors of rank " << domain.size()
                            << " have none";
  SmallVector<Variance> variances = varianceOfResults(op, block);
  for (auto [index, output] : llvm::enumerate(op.getOutputs())) {
    SmallVector<int64_t> expected(domain);
    if (contents.reducesPixels) {
      if (variances[index].pixels)
        return op.emitOpError() << "reduces over pixels, but yielded value " << index
                                << " still depends on the pixel";
      std::fill(expected.begin() + 1, expected.end() - 1, 1);
    }
    if (contents.reducesChannels && !variances[index].channels && shapeOf(output).back() == 1)
      expected.back() = 1;
    if (failed(verifyShape(op, ("output " + Twine(index)).str(),
                           cast<RankedTensorType>(output.getType()), expected,
                           "the inputs, the window and the reductions")))
      return failure();
  }
  return success();
}

} // namespace

SmallVector<int64_t> VectorOp::getDomain() {
  return broadcastDomain(*this, contentsOf(getBody().front()));
}

LogicalResult VectorOp::verifyRegions() {
  Block &block = getBody().front();
  if (failed(verifyInterface(*this, block)) || failed(verifyBlock(*this, block)) ||
      failed(verifyLength(*this, block)))
    return failure();
  Contents contents = contentsOf(block);
  if (failed(verifyOperandZero(*this, block, contents)))
    return failure();
  FailureOr<SmallVector<int64_t>> domain = findDomain(*this, contents);
  return failure(failed(domain) || failed(verifyOutputs(*this, block, contents, *domain)));
}

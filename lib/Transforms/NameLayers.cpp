// Names layers by what they compute: the operator, what its epilogue fuses, a number.

#include "Conversion/TosaToMLA/Tensors.h"
#include "Transforms/Passes.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace afe {

#define GEN_PASS_DEF_NAMELAYERSPASS
#include "Transforms/Passes.h.inc"

namespace {

/// Words for the epilogue: an addition, an activation that cuts at zero, a table.
std::string epilogueWords(Operation *op) {
  auto requant = op->getAttrOfType<mla::RequantAttr>("requant");
  auto residual = op->getAttrOfType<mla::ResidualAttr>("residual_add");
  std::string words;
  bool isRelu = requant.getMode() != mla::RequantMode::none && requant.getLo() == requant.getZp();
  if (residual) {
    words += residual.getSelfTable() ? "_table_add" : isRelu ? "_relu_add" : "_add";
    isRelu = residual.getLo() == residual.getSumZp();
  }
  if (isRelu)
    words += "_relu";
  if (op->getAttr("table"))
    words += "_table";
  return words;
}

/// A convolution that reads its whole input at once is a fully connected layer.
bool isFullyConnected(mla::Conv2DOp op) {
  auto input = shapeOf(op.getInput()), weights = shapeOf(op.getWeights());
  return input.size() == 4 && op.getGroups() == 1 && input.slice(1, 2) == weights.slice(1, 2);
}

/// Whether two operands of a lane operation both depend on the elements (no constant among them).
bool joinsLanes(Operation &lane) {
  return lane.getNumOperands() == 2 && llvm::none_of(lane.getOperands(), [](Value operand) {
           return operand.getDefiningOp<mla::VConstOp>() != nullptr;
         });
}

/// What the reductions and windows of a program make of it; empty where it has none.
std::string collectiveWord(mla::VectorOp op) {
  bool sums = false, maxima = false, pixels = false;
  std::string word;
  op.getBody().walk([&](Operation *lane) {
    llvm::TypeSwitch<Operation *>(lane)
        .Case([&](mla::VWindowMaxOp) { word = "max_pool"; })
        .Case([&](mla::VWindowSumOp) { word = "avg_pool"; })
        .Case<mla::VGatherBilinearOp, mla::VGatherLinearOp>([&](auto) { word = "resize_bilinear"; })
        .Case([&](mla::VGatherNearestOp) { word = "resize_nearest"; })
        .Case([&](mla::VReduceOp reduce) {
          if (reduce.getKind() == mla::ReduceKind::argmax)
            word = "argmax";
          sums |= reduce.getKind() == mla::ReduceKind::sum;
          maxima |= reduce.getKind() == mla::ReduceKind::max;
          pixels |= reduce.getAxis() == mla::ReduceAxis::pixels;
        });
  });
  if (!word.empty())
    return word;
  if (sums && maxima)
    return "softmax";
  if (sums)
    return pixels ? "mean" : "reduce_sum";
  return maxima ? "reduce_max" : "";
}

std::string vectorWords(mla::VectorOp op) {
  if (std::string word = collectiveWord(op); !word.empty())
    return word;
  llvm::SetVector<StringRef> words;
  bool table = false, rescale = false;
  for (Operation &lane : op.getBody().front().without_terminator()) {
    StringRef name = lane.getName().stripDialect();
    name.consume_front("v.");
    table |= isa<mla::VTable8Op, mla::VTable32Op, mla::VTable16Op>(lane);
    rescale |= isa<mla::VRescaleOp, mla::VRescaleChannelOp>(lane);
    bool named = llvm::is_contained({"add", "sub", "mul", "div", "min", "max", "cmp"}, name);
    if (named && joinsLanes(lane) && words.size() < 3)
      words.insert(name);
  }
  if (!words.empty())
    return llvm::join(words, "_");
  return table ? "table" : rescale ? "requantize" : "elementwise";
}

std::string wordsOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::string>(op)
      .Case([](mla::Conv2DOp conv) {
        return (isFullyConnected(conv) ? "fully_connected" : "conv2d") + epilogueWords(conv);
      })
      .Case<mla::DepthwiseConv2DOp, mla::TransposeConv2DOp>(
          [](auto conv) { return conv->getName().stripDialect().str() + epilogueWords(conv); })
      .Case([](mla::MatmulOp matmul) { return "matmul" + epilogueWords(matmul); })
      .Case([](mla::VectorOp vector) { return vectorWords(vector); })
      .Default([](Operation *other) { return other->getName().stripDialect().str(); });
}

struct NameLayersPass : impl::NameLayersPassBase<NameLayersPass> {
  void runOnOperation() override {
    Builder builder(&getContext());
    for (auto segment : getOperation().getOps<mla::SegmentOp>()) {
      int number = 0;
      for (Operation &op : segment.getBody().front().without_terminator())
        if (!isa<mla::ConstOp>(op) && isa<mla::MLADialect>(op.getDialect()))
          op.setAttr("layer", builder.getStringAttr(wordsOf(&op) + "_" + std::to_string(number++)));
    }
  }
};

} // namespace
} // namespace afe

// Data movement as runs of bytes: walks the output's elements in the order of their addresses and
// joins those whose sources follow each other.

#include "Conversion/MLAToProgram/Network.h"

#include <array>

using namespace mlir;
using namespace afe;
using namespace afe::mla;
using sched::kLanes;

namespace {

using Index = std::array<int64_t, 4>; ///< along the operation's own dimensions, up to rank 4

/// Where an output element comes from: an input and an index in it.
struct Source {
  int input = -1; ///< -1: filled
  Index index{};
};

/// Positions of the N, H, W, C axes in a tensor of this rank; -1: the axis is 1.
std::array<int, 4> axesOf(unsigned rank) {
  switch (rank) {
  case 1:
    return {-1, -1, -1, 0};
  case 2:
    return {0, -1, -1, 1};
  case 3:
    return {0, 1, -1, 2};
  default:
    return {0, 1, 2, 3};
  }
}

unsigned rankOf(Value value) { return cast<RankedTensorType>(value.getType()).getRank(); }
ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

int64_t linear(ArrayRef<int64_t> shape, const Index &index) {
  int64_t at = 0;
  for (auto [i, size] : llvm::enumerate(shape))
    at = at * size + index[i];
  return at;
}

Index delinear(ArrayRef<int64_t> shape, int64_t at) {
  Index index{};
  for (size_t i = shape.size(); i-- > 0;) {
    index[i] = at % shape[i];
    at /= shape[i];
  }
  return index;
}

/// The source of output element `out` of a data movement operation (null: a plain copy).
Source sourceOf(Operation *op, const Index &out) {
  Source source{0, out};
  if (!op)
    return source;
  if (auto concat = dyn_cast<ConcatOp>(op)) {
    int64_t &at = source.index[concat.getAxis()];
    while (at >= shapeOf(concat.getInputs()[source.input])[concat.getAxis()]) {
      at -= shapeOf(concat.getInputs()[source.input])[concat.getAxis()];
      ++source.input;
    }
  } else if (auto slice = dyn_cast<SliceOp>(op)) {
    for (size_t i = 0; i < slice.getStart().size(); ++i)
      source.index[i] =
          slice.getStart()[i] + out[i] * (slice.getStrides() ? (*slice.getStrides())[i] : 1);
  } else if (auto pad = dyn_cast<PadOp>(op)) {
    for (size_t i = 0; i < pad.getLow().size(); ++i) {
      source.index[i] = out[i] - pad.getLow()[i];
      if (source.index[i] < 0 || source.index[i] >= shapeOf(pad.getInput())[i])
        source.input = -1;
    }
  } else if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    source.index = delinear(shapeOf(reshape.getInput()), linear(shapeOf(reshape.getOutput()), out));
  } else if (auto transpose = dyn_cast<TransposeOp>(op)) {
    for (auto [i, perm] : llvm::enumerate(transpose.getPerms()))
      source.index[perm] = out[i];
  }
  return source;
}

/// Offset of an element in its storage.
int64_t offsetOf(const sched::Tensor &t, const std::array<int, 4> &axes, const Index &index) {
  auto at = [&](int axis) { return axes[axis] < 0 ? 0 : index[axes[axis]]; };
  int64_t c = at(3);
  return t.layout.offset + at(0) * t.layout.image + at(1) * t.layout.row + at(2) * t.layout.pixel +
         c / kLanes * t.layout.block + c % kLanes * t.elementBytes();
}

} // namespace

LogicalResult afe::buildMove(Operation *op, const sched::Network &network,
                             const sched::Layer &layer, sched::MoveParams &move) {
  const sched::Tensor &out = network.tensors[layer.outputs[0]];
  int64_t e = out.elementBytes();
  std::array<int, 4> outAxes = axesOf(op ? rankOf(op->getResult(0)) : 4);
  if (auto pad = dyn_cast_or_null<PadOp>(op))
    move.fill = static_cast<uint8_t>(pad.getValue());
  auto add = [&](int64_t n, int64_t y, int64_t x, int64_t c) {
    Index index{};
    int64_t canonical[4] = {n, y, x, c};
    for (int axis = 0; axis < 4; ++axis)
      if (outAxes[axis] >= 0)
        index[outAxes[axis]] = canonical[axis];
    Source source = sourceOf(op, index);
    if (source.input < 0)
      return;
    const sched::Tensor &in = network.tensors[layer.inputs[source.input]];
    std::array<int, 4> inAxes = axesOf(op ? rankOf(op->getOperand(source.input)) : 4);
    sched::MoveRun run{source.input, offsetOf(in, inAxes, source.index),
                       offsetOf(out, outAxes, index), e};
    if (!move.runs.empty()) {
      sched::MoveRun &last = move.runs.back();
      if (last.input == run.input && last.src + last.bytes == run.src &&
          last.dst + last.bytes == run.dst) {
        last.bytes += e;
        return;
      }
    }
    move.runs.push_back(run);
  };
  // Ascending destination addresses: HWC order, or plane by plane.
  int64_t planes = out.interleaved() ? 1 : out.blocks();
  for (int64_t n = 0; n < out.n; ++n)
    for (int64_t plane = 0; plane < planes; ++plane)
      for (int64_t y = 0; y < out.h; ++y)
        for (int64_t x = 0; x < out.w; ++x) {
          int64_t c0 = out.interleaved() ? 0 : plane * kLanes;
          int64_t c1 = out.interleaved() ? out.c : std::min(out.c, c0 + kLanes);
          for (int64_t c = c0; c < c1; ++c)
            add(n, y, x, c);
        }
  return success();
}

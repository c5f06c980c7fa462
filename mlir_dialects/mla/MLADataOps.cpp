// Verifiers of the data movement operations. The labels (C1)… are those of their descriptions.

#include "mla/MLAVerify.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

static constexpr Range kSize{1, INT32_MAX}, kCount{0, INT32_MAX};

LogicalResult ConcatOp::verify() {
  RankedTensorType output = getOutput().getType();
  // (C1)
  if (getInputs().empty())
    return emitOpError() << "has no inputs";
  for (auto [index, input] : llvm::enumerate(getInputs())) {
    auto type = cast<RankedTensorType>(input.getType());
    if (type.getRank() != output.getRank() || type.getElementType() != output.getElementType())
      return emitOpError() << "input " << index << " is " << type
                           << ", expected rank and element type of the output " << output;
  }
  // (C2)
  int64_t axis = getAxis();
  if (failed(verifyInRange(*this, "axis", axis, {0, output.getRank() - 1})))
    return failure();
  // (C3)
  SmallVector<int64_t> expected(cast<RankedTensorType>(getInputs()[0].getType()).getShape());
  for (auto [index, input] : llvm::enumerate(getInputs().drop_front())) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(input.getType()).getShape();
    for (int64_t dim = 0; dim < output.getRank(); ++dim)
      if (dim != axis && shape[dim] != expected[dim])
        return emitOpError() << "input " << index + 1 << " has size " << shape[dim]
                             << " in dimension " << dim << ", expected " << expected[dim];
    expected[axis] += shape[axis];
  }
  return verifyShape(*this, "output", output, expected, "the inputs");
}

LogicalResult SliceOp::verify() {
  ArrayRef<int64_t> in = getInput().getType().getShape(), start = getStart(), size = getSize();
  SmallVector<int64_t> strides(in.size(), 1);
  if (getStrides())
    strides.assign(getStrides()->begin(), getStrides()->end());
  // (C1), (C2)
  if (failed(verifyArray(*this, "start", start, in.size(), kCount)) ||
      failed(verifyArray(*this, "size", size, in.size(), kSize)) ||
      failed(verifyArray(*this, "strides", strides, in.size(), kSize)))
    return failure();
  for (size_t dim = 0; dim < in.size(); ++dim)
    if (int64_t last = start[dim] + (size[dim] - 1) * strides[dim]; last >= in[dim])
      return emitOpError() << "reads element " << last << " in dimension " << dim
                           << ", but the input has " << in[dim];
  // (C3)
  return verifyShape(*this, "output", getOutput().getType(), size, "size");
}

LogicalResult PadOp::verify() {
  ArrayRef<int64_t> in = getInput().getType().getShape(), low = getLow(), high = getHigh();
  // (C1)
  if (failed(verifyArray(*this, "low", low, in.size(), kCount)) ||
      failed(verifyArray(*this, "high", high, in.size(), kCount)))
    return failure();
  // (C2)
  SmallVector<int64_t> expected(in);
  for (size_t dim = 0; dim < in.size(); ++dim)
    expected[dim] += low[dim] + high[dim];
  if (failed(verifyShape(*this, "output", getOutput().getType(), expected, "input, low and high")))
    return failure();
  // (C3)
  return verifyInRange(*this, "value", static_cast<int32_t>(getValue()),
                       rangeOf(getInput().getType().getElementType()));
}

LogicalResult ReshapeOp::verify() {
  // (C1)
  int64_t in = getInput().getType().getNumElements(), out = getOutput().getType().getNumElements();
  if (in == out)
    return success();
  return emitOpError() << "output has " << out << " elements, the input " << in;
}

LogicalResult TransposeOp::verify() {
  ArrayRef<int64_t> in = getInput().getType().getShape(), perms = getPerms();
  // (C1)
  if (failed(verifyArray(*this, "perms", perms, in.size(), {0, int64_t(in.size()) - 1})))
    return failure();
  SmallVector<bool> seen(in.size(), false);
  for (int64_t dim : perms)
    if (std::exchange(seen[dim], true))
      return emitOpError() << "perms " << toString(perms) << " names dimension " << dim << " twice";
  // (C2)
  SmallVector<int64_t> expected;
  for (int64_t dim : perms)
    expected.push_back(in[dim]);
  return verifyShape(*this, "output", getOutput().getType(), expected, "input and perms");
}

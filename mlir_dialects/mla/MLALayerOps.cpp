// Verifiers and folders of the layer operations on TENSOR and OUTPUT. The labels (C1)… are those of
// the operations' descriptions.

#include "mla/MLAVerify.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

#define GET_OP_CLASSES
#include "mla/MLAOps.cpp.inc"

OpFoldResult ConstOp::fold(FoldAdaptor) { return getValue(); }

namespace {

constexpr Range kSmallCount{1, 255};
constexpr Range kPadRange{0, 65535};

/// What OUTPUT does with the accumulators, and to which tensor.
struct Epilogue {
  Operation *op;
  RankedTensorType output;
  RequantAttr requant;
  ResidualAttr residual;
  DenseI8ArrayAttr table;

  int64_t channels() const { return output.getShape().back(); }
};

bool isByteRange(int64_t lo, int64_t hi) {
  return (kInt8Range.contains(lo) && kInt8Range.contains(hi)) ||
         (kUInt8Range.contains(lo) && kUInt8Range.contains(hi));
}

LogicalResult verifyByteClamp(Operation *op, StringRef what, int64_t lo, int64_t hi) {
  if (isByteRange(lo, hi))
    return success();
  return op->emitOpError() << what << " clamps to " << lo << " to " << hi
                           << ", which is neither within i8 nor within ui8";
}

// (C3)
LogicalResult verifyOutputType(const Epilogue &e) {
  bool raw = e.requant.getMode() == RequantMode::none;
  if (raw != e.output.getElementType().isInteger(32))
    return e.op->emitOpError() << "output is " << e.output.getElementType()
                               << ", but requantization "
                               << stringifyRequantMode(e.requant.getMode())
                               << (raw ? " leaves i32" : " makes i8 or ui8");
  if (raw && (e.residual || e.table))
    return e.op->emitOpError() << (e.residual ? "residual_add" : "table")
                               << " needs a requantized value, but requantization is none";
  return success();
}

// (C4)
LogicalResult verifyMultiplierCount(const Epilogue &e) {
  int64_t count = e.requant.getMultipliers() ? e.requant.getMultipliers().size() : 1;
  if (count == 1 || count == e.channels())
    return success();
  return e.op->emitOpError() << "requantization has " << count << " multipliers, expected 1 or "
                             << e.channels() << ", one per output channel";
}

// (C5)
LogicalResult verifyClamps(const Epilogue &e) {
  int64_t lo = e.requant.getLo(), hi = e.requant.getHi();
  if (e.residual) {
    if (failed(verifyByteClamp(e.op, "requantization in front of the residual", lo, hi)))
      return failure();
    lo = e.residual.getLo(), hi = e.residual.getHi();
  }
  if (e.table)
    return verifyByteClamp(e.op, "the value in front of the table", lo, hi);
  Range range = rangeOf(e.output.getElementType());
  if (range.contains(lo) && range.contains(hi))
    return success();
  return e.op->emitOpError() << "clamps to " << lo << " to " << hi << ", outside the output's type "
                             << e.output.getElementType();
}

LogicalResult verifyEpilogue(const Epilogue &e) {
  if (failed(verifyOutputType(e)) || failed(verifyMultiplierCount(e)))
    return failure();
  // (C8)
  if (e.table && e.table.size() != 256)
    return e.op->emitOpError() << "table has " << e.table.size() << " entries, expected 256";
  if (e.table && e.residual && e.residual.getSelfTable())
    return e.op->emitOpError() << "has a table beside the residual addition's selfTable";
  return e.requant.getMode() == RequantMode::none ? success() : verifyClamps(e);
}

LogicalResult verifyZeroPoint(Operation *op, StringRef name, int32_t zp, RankedTensorType type) {
  return verifyInRange(op, name, zp, rangeOf(type.getElementType()));
}

template <typename ConvOp> LogicalResult verifyResidual(ConvOp op) {
  // (C6)
  if (static_cast<bool>(op.getResidual()) != static_cast<bool>(op.getResidualAddAttr()))
    return op.emitOpError() << "has a residual " << (op.getResidual() ? "operand" : "addition")
                            << " without a residual "
                            << (op.getResidual() ? "addition" : "operand");
  if (!op.getResidual())
    return success();
  // (C7)
  RankedTensorType type = op.getResidual().getType();
  if (failed(verifyShape(op, "residual", type, op.getOutput().getType().getShape(), "the output")))
    return failure();
  return verifyZeroPoint(op, "residualZp", op.getResidualAddAttr().getResidualZp(), type);
}

/// (C1) to (C8), for the three convolution-like operations.
template <typename ConvOp> LogicalResult verifyConvLike(ConvOp op) {
  RankedTensorType output = op.getOutput().getType();
  // (C1)
  if (failed(verifyZeroPoint(op, "input_zp", op.getInputZp(), op.getInput().getType())) ||
      failed(verifyZeroPoint(op, "weight_zp", op.getWeightZp(), op.getWeights().getType())))
    return failure();
  // (C2)
  if (op.getBias() && failed(verifyShape(op, "bias", op.getBias().getType(),
                                         {output.getShape().back()}, "the output channels")))
    return failure();
  if (failed(verifyResidual(op)))
    return failure();
  return verifyEpilogue(
      {op, output, op.getRequantAttr(), op.getResidualAddAttr(), op.getTableAttr()});
}

LogicalResult verifyKernel(Operation *op, int64_t rows, int64_t cols) {
  return failure(failed(verifyInRange(op, "kernel rows", rows, kSmallCount)) ||
                 failed(verifyInRange(op, "kernel columns", cols, kSmallCount)));
}

/// (C10) of the convolutions with stride, dilation and pad.
template <typename ConvOp>
LogicalResult verifyWindowAttributes(ConvOp op, int64_t kernelRows, int64_t kernelCols) {
  return failure(failed(verifyArray(op, "stride", op.getStride(), 2, kSmallCount)) ||
                 failed(verifyArray(op, "dilation", op.getDilation(), 2, kSmallCount)) ||
                 failed(verifyArray(op, "pad", op.getPad(), 4, kPadRange)) ||
                 failed(verifyKernel(op, kernelRows, kernelCols)));
}

/// Rows and columns of the output, after verifyWindowAttributes.
template <typename ConvOp>
std::pair<int64_t, int64_t> outputSize(ConvOp op, int64_t kernelRows, int64_t kernelCols) {
  ArrayRef<int64_t> in = op.getInput().getType().getShape(), pad = op.getPad();
  return {
      windowOutputSize(in[1], pad[0], pad[1], kernelRows, op.getStride()[0], op.getDilation()[0]),
      windowOutputSize(in[2], pad[2], pad[3], kernelCols, op.getStride()[1], op.getDilation()[1])};
}

constexpr StringLiteral kFromWindow = "input, weights, stride, dilation and pad";

LogicalResult verifyInputChannels(Operation *op, int64_t found, int64_t expected) {
  if (found == expected)
    return success();
  return op->emitOpError() << "weights have " << found << " input channels, expected " << expected;
}

} // namespace

LogicalResult Conv2DOp::verify() {
  ArrayRef<int64_t> in = getInput().getType().getShape(), w = getWeights().getType().getShape();
  // (C10)
  if (failed(verifyWindowAttributes(*this, w[1], w[2])))
    return failure();
  // (C11)
  int64_t groups = getGroups();
  if (groups < 1 || in[3] % groups || w[0] % groups)
    return emitOpError() << "groups is " << groups << ", which does not divide " << in[3]
                         << " input and " << w[0] << " output channels";
  if (failed(verifyInputChannels(*this, w[3], in[3] / groups)))
    return failure();
  // (C12)
  auto [rows, cols] = outputSize(*this, w[1], w[2]);
  if (failed(verifyShape(*this, "output", getOutput().getType(), {in[0], rows, cols, w[0]},
                         kFromWindow)))
    return failure();
  return verifyConvLike(*this);
}

LogicalResult DepthwiseConv2DOp::verify() {
  ArrayRef<int64_t> in = getInput().getType().getShape(), w = getWeights().getType().getShape();
  // (C10)
  if (failed(verifyWindowAttributes(*this, w[0], w[1])))
    return failure();
  // (C11)
  if (failed(verifyInputChannels(*this, w[2], in[3])))
    return failure();
  // (C12)
  auto [rows, cols] = outputSize(*this, w[0], w[1]);
  if (failed(verifyShape(*this, "output", getOutput().getType(), {in[0], rows, cols, w[2] * w[3]},
                         kFromWindow)))
    return failure();
  return verifyConvLike(*this);
}

LogicalResult TransposeConv2DOp::verify() {
  ArrayRef<int64_t> in = getInput().getType().getShape(), w = getWeights().getType().getShape();
  ArrayRef<int64_t> pad = getOutPad(), stride = getStride();
  // (C10)
  if (failed(verifyArray(*this, "stride", stride, 2, kSmallCount)) ||
      failed(verifyKernel(*this, w[1], w[2])) ||
      failed(verifyArray(*this, "out_pad", pad, 4, {-254, kPadRange.hi})))
    return failure();
  for (unsigned i = 0; i < 4; ++i)
    if (failed(verifyInRange(*this, "out_pad[" + Twine(i) + "]", pad[i],
                             {1 - w[1 + i / 2], kPadRange.hi})))
      return failure();
  // (C11)
  if (failed(verifyInputChannels(*this, w[3], in[3])))
    return failure();
  // (C12)
  int64_t rows = (in[1] - 1) * stride[0] + w[1] + pad[0] + pad[1];
  int64_t cols = (in[2] - 1) * stride[1] + w[2] + pad[2] + pad[3];
  if (failed(verifyShape(*this, "output", getOutput().getType(), {in[0], rows, cols, w[0]},
                         "input, weights, stride and out_pad")))
    return failure();
  return verifyConvLike(*this);
}

LogicalResult MatmulOp::verify() {
  ArrayRef<int64_t> lhs = getLhs().getType().getShape(), rhs = getRhs().getType().getShape();
  int64_t k = rhs[getTransposeRhs() ? 2 : 1], n = rhs[getTransposeRhs() ? 1 : 2];
  // (C10)
  if (lhs[0] != rhs[0] || lhs[2] != k)
    return emitOpError() << "lhs has batch " << lhs[0] << " and depth " << lhs[2]
                         << ", rhs has batch " << rhs[0] << " and depth " << k;
  // (C11)
  if (failed(
          verifyShape(*this, "output", getOutput().getType(), {lhs[0], lhs[1], n}, "lhs and rhs")))
    return failure();
  // (C1)
  if (failed(verifyZeroPoint(*this, "lhs_zp", getLhsZp(), getLhs().getType())) ||
      failed(verifyZeroPoint(*this, "rhs_zp", getRhsZp(), getRhs().getType())))
    return failure();
  return verifyEpilogue({*this, getOutput().getType(), getRequantAttr(), {}, getTableAttr()});
}

LogicalResult ScaleOp::verify() {
  ArrayRef<int64_t> in = getInput().getType().getShape();
  // (C10)
  if (failed(verifyShape(*this, "factors", getFactors().getType(), {in[0], 1, 1, in[3]}, "input")))
    return failure();
  // (C11)
  if (failed(verifyShape(*this, "output", getOutput().getType(), in, "input")))
    return failure();
  // (C1)
  if (failed(verifyZeroPoint(*this, "input_zp", getInputZp(), getInput().getType())) ||
      failed(verifyZeroPoint(*this, "factors_zp", getFactorsZp(), getFactors().getType())))
    return failure();
  return verifyEpilogue({*this, getOutput().getType(), getRequantAttr(), {}, {}});
}

// tosa.transpose_conv2d of 16-bit tensors with a stride, as a convolution of the tensor with zeros
// between its pixels. (Upstream's decomposition of strided ones takes inputs and weights of one
// type alone.)

#include "Conversion/A65ToLLVM/Lowering.h"

#include "Conversion/TosaToMLA/Tensors.h"

using namespace mlir;

namespace afe::a65 {
namespace {

Value reverse(OpBuilder &b, Location loc, Value value, uint32_t axis) {
  return tosa::ReverseOp::create(b, loc, value.getType(), value, b.getI32IntegerAttr(axis));
}

/// [N,H,W,C] with `stride - 1` rows and columns of the zero point between all rows and columns.
Value spread(OpBuilder &b, Location loc, Value input, Value zeroPoint, ArrayRef<int64_t> stride) {
  auto type = cast<RankedTensorType>(input.getType());
  auto shape = type.getShape();
  int64_t n = shape[0], h = shape[1], w = shape[2], c = shape[3];
  Value apart = reshapeTo(b, loc, input, {n, h, 1, w, 1, c});
  Value amounts =
      shapeConstant(b, loc, {0, 0, 0, 0, 0, stride[0] - 1, 0, 0, 0, stride[1] - 1, 0, 0});
  Value padded = tosa::PadOp::create(b, loc, type.clone({n, h, stride[0], w, stride[1], c}), apart,
                                     amounts, zeroPoint);
  Value image = reshapeTo(b, loc, padded, {n, h * stride[0], w * stride[1], c});
  SmallVector<int64_t> size{n, (h - 1) * stride[0] + 1, (w - 1) * stride[1] + 1, c};
  return tosa::SliceOp::create(b, loc, type.clone(size), image, shapeConstant(b, loc, {0, 0, 0, 0}),
                               shapeConstant(b, loc, size));
}

} // namespace

Value lowerTransposedConvolution(tosa::TransposeConv2DOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  auto kernel = shapeOf(op.getWeight()).slice(1, 2);
  auto outside = op.getOutPad();
  SmallVector<int64_t> pad;
  for (int side = 0; side < 4; ++side)
    pad.push_back(kernel[side / 2] - 1 + outside[side]);
  if (llvm::any_of(pad, [](int64_t amount) { return amount < 0; }))
    return {};
  Value input = spread(b, loc, op.getInput(), op.getInputZp(), op.getStride());
  Value weight = reverse(b, loc, reverse(b, loc, op.getWeight(), 1), 2);
  return tosa::Conv2DOp::create(b, loc, op.getType(), input, weight, op.getBias(), op.getInputZp(),
                                op.getWeightZp(), b.getDenseI64ArrayAttr(pad),
                                b.getDenseI64ArrayAttr({1, 1}), b.getDenseI64ArrayAttr({1, 1}),
                                op.getAccTypeAttr());
}

} // namespace afe::a65

// Lowers conv2d, depthwise_conv2d, transpose_conv2d and matmul to layer operations of the TENSOR
// and OUTPUT engines. The epilogue behind the accumulator (requantization, clamp, table) is fused;
// in front, what the engine does for nothing is folded: uint8 inputs, padding with the zero point,
// rows no window reaches, and the flattening before a fully connected layer.

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Epilogue.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace afe {
namespace {

constexpr int64_t kMaxKernel = 255; // the instruction's kernel and stride fields have 8 bits

bool fitsFields(ArrayRef<int64_t> sizes) {
  return llvm::all_of(sizes, [](int64_t size) { return size <= kMaxKernel; });
}

/// Input of a convolution while operations in front of it are folded.
struct Input {
  Value value;
  int64_t zp = 0;
  SmallVector<int64_t> pad; // top, bottom, left, right
};

bool foldUnsigned(Input &input) {
  auto rescale = input.value.getDefiningOp<tosa::RescaleOp>();
  if (!rescale || signednessShift(rescale) != -128)
    return false;
  input.value = rescale.getInput();
  input.zp += 128;
  return true;
}

/// tosa.pad of rows and columns with the zero point is the padding of the convolution.
bool foldPad(Input &input) {
  auto pad = input.value.getDefiningOp<tosa::PadOp>();
  auto amounts = pad ? readShape(pad.getPadding()) : std::nullopt;
  auto value = pad ? scalarInt(pad.getPadConst()) : std::nullopt;
  if (!amounts || amounts->size() != 8 || value != std::optional(input.zp))
    return false;
  if ((*amounts)[0] || (*amounts)[1] || (*amounts)[6] || (*amounts)[7])
    return false;
  for (int side = 0; side < 4; ++side)
    input.pad[side] += (*amounts)[2 + side];
  input.value = pad.getInput1();
  return true;
}

/// A slice that only drops the last rows and columns, which the windows do not reach. TOSA demands
/// it; the engine does not mind them. With padding behind they would appear instead of it.
bool foldUnreachedRows(Input &input) {
  auto slice = input.value.getDefiningOp<tosa::SliceOp>();
  auto start = slice ? readShape(slice.getStart()) : std::nullopt;
  if (!start || !llvm::all_of(*start, [](int64_t first) { return first == 0; }))
    return false;
  auto from = shapeOf(slice.getInput1()), to = shapeOf(input.value);
  if (from.size() != 4 || from[0] != to[0] || from[3] != to[3])
    return false;
  if ((from[1] != to[1] && input.pad[1]) || (from[2] != to[2] && input.pad[3]))
    return false;
  input.value = slice.getInput1();
  return true;
}

/// Number of windows along an axis of `size` elements.
int64_t windowCount(int64_t size, int64_t padding, int64_t kernel, int64_t dilation,
                    int64_t stride) {
  return (size + padding - ((kernel - 1) * dilation + 1)) / stride + 1;
}

/// Folds what it can; rolls a slice back where the output would grow.
template <typename OpTy> Input foldInput(OpTy op, int64_t inputZp, ArrayRef<int64_t> kernel) {
  Input input{op.getInput(), inputZp, llvm::to_vector(op.getPad())};
  auto output = shapeOf(op.getOutput());
  auto keepsOutput = [&](const Input &folded) {
    auto shape = shapeOf(folded.value);
    for (int axis = 0; axis < 2; ++axis)
      if (windowCount(shape[1 + axis], folded.pad[2 * axis] + folded.pad[2 * axis + 1],
                      kernel[axis], op.getDilation()[axis],
                      op.getStride()[axis]) != output[1 + axis])
        return false;
    return true;
  };
  for (bool changed = true; changed;) {
    Input folded = input;
    changed = (foldUnsigned(folded) || foldPad(folded) || foldUnreachedRows(folded)) &&
              keepsOutput(folded);
    if (changed)
      input = folded;
  }
  return input;
}

/// Zero point operand; nothing where it is no constant.
std::optional<int64_t> zeroPoint(Value value) { return scalarInt(value); }

/// The bias as one number per channel; null where it is 0 (nothing to add).
std::optional<ElementsAttr> biasOf(Value bias, int64_t channels) {
  ElementsAttr attr = constantOf(bias);
  if (!attr || !attr.getElementType().isInteger(32))
    return std::nullopt;
  if (auto value = scalarInt(bias); value && *value == 0)
    return ElementsAttr();
  if (attr.getNumElements() == channels)
    return attr;
  auto values = readInts(attr);
  if (!values || values->size() != 1)
    return std::nullopt;
  auto type = RankedTensorType::get({channels}, attr.getElementType());
  return cast<ElementsAttr>(DenseElementsAttr::get(type, static_cast<int32_t>(values->front())));
}

/// Parts that every convolution has; nothing where the MLA cannot do it.
struct Parts {
  ElementsAttr weights;
  ElementsAttr bias;
  int64_t inputZp, weightZp;
};

template <typename OpTy> std::optional<Parts> partsOf(OpTy op) {
  auto inputZp = zeroPoint(op.getInputZp()), weightZp = zeroPoint(op.getWeightZp());
  ElementsAttr weights = constantOf(op.getWeight());
  auto type = dyn_cast<RankedTensorType>(op.getType());
  if (!inputZp || !weightZp || !weights || !isByteTensor(op.getInput()) ||
      !isByteTensor(op.getWeight()) || !type || !type.getElementType().isInteger(32))
    return std::nullopt;
  auto bias = biasOf(op.getBias(), type.getShape().back());
  if (!bias)
    return std::nullopt;
  return Parts{weights, *bias, *inputZp, *weightZp};
}

/// Builds the layer operation in place of `op` and its epilogue.
class ConvolutionLowering {
public:
  explicit ConvolutionLowering(ConstantPool &constants) : constants(constants) {}

  bool lower(tosa::Conv2DOp op);
  bool lower(tosa::DepthwiseConv2DOp op);
  bool lower(tosa::TransposeConv2DOp op);
  bool lower(tosa::MatMulOp op);

private:
  Value biasValue(Location loc, ElementsAttr bias) {
    return bias ? constants.get(loc, bias) : Value();
  }

  ConstantPool &constants;
};

/// conv 1x1 over [N,1,1,H*W*C] that flattens [N,H,W,C]: a convolution with an H x W kernel, whose
/// weights are the same bytes.
bool unflatten(Input &input, ElementsAttr &weights) {
  Value value = input.value;
  while (auto reshape = value.getDefiningOp<tosa::ReshapeOp>())
    value = reshape.getInput1();
  auto from = dyn_cast<RankedTensorType>(value.getType());
  auto to = shapeOf(input.value);
  if (value == input.value || !from || from.getRank() != 4 || from.getShape()[0] != to[0] ||
      to[1] != 1 || to[2] != 1 || !llvm::all_of(input.pad, [](int64_t n) { return n == 0; }))
    return false;
  auto shape = from.getShape();
  if (std::max(shape[1], shape[2]) > kMaxKernel)
    return false;
  ElementsAttr folded =
      reshaped(weights, {weights.getShapedType().getShape()[0], shape[1], shape[2], shape[3]});
  if (!folded)
    return false;
  weights = folded;
  input.value = value;
  return true;
}

bool ConvolutionLowering::lower(tosa::Conv2DOp op) {
  auto parts = partsOf(op);
  if (!parts)
    return false;
  auto kernel = parts->weights.getShapedType().getShape().slice(1, 2);
  if (!fitsFields(kernel) || !fitsFields(op.getStride()) || !fitsFields(op.getDilation()) ||
      !fitsFields(op.getPad()))
    return false;
  Input input = foldInput(op, parts->inputZp, kernel);
  if (kernel[0] == 1 && kernel[1] == 1 && unflatten(input, parts->weights))
    foldUnsigned(input);
  Epilogue epilogue = matchEpilogue(op.getOutput());
  OpBuilder builder(op);
  Location loc = epilogue.location(op.getOutput());
  auto layer = mla::Conv2DOp::create(
      builder, loc, epilogue.result.getType(), input.value, constants.get(loc, parts->weights),
      biasValue(loc, parts->bias), Value(), op.getStride(), op.getDilation(), input.pad,
      /*groups=*/1, input.zp, parts->weightZp, epilogue.requant, mla::ResidualAttr(),
      epilogue.table, StringAttr());
  epilogue.result.replaceAllUsesWith(layer.getOutput());
  return true;
}

bool ConvolutionLowering::lower(tosa::DepthwiseConv2DOp op) {
  auto parts = partsOf(op);
  if (!parts)
    return false;
  auto kernel = parts->weights.getShapedType().getShape().take_front(2);
  if (!fitsFields(kernel) || !fitsFields(op.getStride()) || !fitsFields(op.getDilation()) ||
      !fitsFields(op.getPad()))
    return false;
  Input input = foldInput(op, parts->inputZp, kernel);
  Epilogue epilogue = matchEpilogue(op.getOutput());
  OpBuilder builder(op);
  Location loc = epilogue.location(op.getOutput());
  auto layer = mla::DepthwiseConv2DOp::create(
      builder, loc, epilogue.result.getType(), input.value, constants.get(loc, parts->weights),
      biasValue(loc, parts->bias), Value(), op.getStride(), op.getDilation(), input.pad, input.zp,
      parts->weightZp, epilogue.requant, mla::ResidualAttr(), epilogue.table, StringAttr());
  epilogue.result.replaceAllUsesWith(layer.getOutput());
  return true;
}

bool ConvolutionLowering::lower(tosa::TransposeConv2DOp op) {
  auto parts = partsOf(op);
  if (!parts)
    return false;
  auto kernel = parts->weights.getShapedType().getShape().slice(1, 2);
  if (!fitsFields(kernel) || !fitsFields(op.getStride()))
    return false;
  Input input{op.getInput(), parts->inputZp, {}};
  foldUnsigned(input);
  Epilogue epilogue = matchEpilogue(op.getOutput());
  OpBuilder builder(op);
  Location loc = epilogue.location(op.getOutput());
  auto layer = mla::TransposeConv2DOp::create(
      builder, loc, epilogue.result.getType(), input.value, constants.get(loc, parts->weights),
      biasValue(loc, parts->bias), Value(), op.getStride(), op.getOutPad(), input.zp,
      parts->weightZp, epilogue.requant, mla::ResidualAttr(), epilogue.table, StringAttr());
  epilogue.result.replaceAllUsesWith(layer.getOutput());
  return true;
}

/// b [B,K,N] that is the transpose of [B,N,K].
Value transposedRhs(Value rhs) {
  auto transpose = rhs.getDefiningOp<tosa::TransposeOp>();
  if (transpose && transpose.getPerms() == ArrayRef<int32_t>{0, 2, 1})
    return transpose.getInput1();
  return {};
}

bool ConvolutionLowering::lower(tosa::MatMulOp op) {
  auto lhsZp = zeroPoint(op.getAZp()), rhsZp = zeroPoint(op.getBZp());
  if (!lhsZp || !rhsZp || !isByteTensor(op.getA()) || !isByteTensor(op.getB()) ||
      !getElementTypeOrSelf(op.getType()).isInteger(32))
    return false;
  Input lhs{op.getA(), *lhsZp, {}}, rhs{op.getB(), *rhsZp, {}};
  foldUnsigned(lhs);
  Value transposed = transposedRhs(rhs.value);
  if (transposed)
    rhs.value = transposed;
  foldUnsigned(rhs);
  Epilogue epilogue = matchEpilogue(op.getOutput());
  OpBuilder builder(op);
  Location loc = epilogue.location(op.getOutput());
  for (Input *input : {&lhs, &rhs})
    if (ElementsAttr elements = constantOf(input->value))
      input->value = constants.get(loc, elements);
  auto layer = mla::MatmulOp::create(builder, loc, epilogue.result.getType(), lhs.value, rhs.value,
                                     /*transpose_rhs=*/static_cast<bool>(transposed), lhs.zp,
                                     rhs.zp, epilogue.requant, epilogue.table, StringAttr());
  epilogue.result.replaceAllUsesWith(layer.getOutput());
  return true;
}

} // namespace

Value ConstantPool::get(Location loc, ElementsAttr elements) {
  Value &value = known[elements];
  if (!value) {
    auto builder = OpBuilder::atBlockBegin(&func.getBody().front());
    value = mla::ConstOp::create(builder, loc, elements.getType(), elements);
  }
  return value;
}

void lowerConvolutions(func::FuncOp func, ConstantPool &constants) {
  ConvolutionLowering lowering(constants);
  for (Operation &op : llvm::make_early_inc_range(func.getBody().front()))
    llvm::TypeSwitch<Operation *>(&op)
        .Case<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, tosa::TransposeConv2DOp, tosa::MatMulOp>(
            [&](auto conv) { lowering.lower(conv); });
  eraseDead(func);
}

} // namespace afe

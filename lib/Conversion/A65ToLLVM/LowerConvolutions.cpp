// --a65-lower-convolutions: quantized convolutions and products in forms that vectorize.
//
// (x - zx) * (w - zw) needs 32-bit products. With the zero points outside of the sum, the products
// are of bytes, and LLVM finds the dot product instructions of the machine:
//   sum (x - zx)(w - zw) = sum x w - zx sum w - zw sum x + n zx zw
// A depthwise convolution has no sum worth the name: its taps are written out, so that it is an
// elementwise operation over the channels, into which the requantization behind it is fused.

#include "Conversion/A65ToLLVM/Lowering.h"
#include "Conversion/TosaToMLA/Constants.h"

using namespace mlir;

namespace afe::a65 {
#define GEN_PASS_DEF_LOWERCONVOLUTIONSPASS
#include "Conversion/A65ToLLVM/Passes.h.inc"

namespace {

/// More taps than this are a loop: the code would grow without end.
constexpr int64_t kMaxTaps = 64;

/// Builds the TOSA operations around a convolution.
struct TosaBuilder {
  explicit TosaBuilder(Operation *op) : b(op), loc(op->getLoc()) {}

  Value constant(RankedTensorType type, DenseElementsAttr values) {
    return tosa::ConstOp::create(b, loc, type, values);
  }
  Value i8Scalar(int64_t value) {
    auto type = RankedTensorType::get({1}, b.getI8Type());
    return constant(type, DenseElementsAttr::get(type, static_cast<int8_t>(value)));
  }
  Value i32Row(ArrayRef<int32_t> values) {
    auto type = RankedTensorType::get({int64_t(values.size())}, b.getI32Type());
    return constant(type, DenseElementsAttr::get(type, values));
  }
  Value shape(ArrayRef<int64_t> sizes) {
    auto type = tosa::shapeType::get(b.getContext(), static_cast<int>(sizes.size()));
    return tosa::ConstShapeOp::create(b, loc, type, b.getIndexTensorAttr(sizes));
  }
  /// Rows and columns of an image around `input`; pad = top, bottom, left, right.
  Value padded(Value input, ArrayRef<int64_t> pad, Value filling) {
    if (llvm::all_of(pad, [](int64_t size) { return size == 0; }))
      return input;
    auto type = cast<RankedTensorType>(input.getType());
    SmallVector<int64_t> sizes(type.getShape());
    sizes[1] += pad[0] + pad[1];
    sizes[2] += pad[2] + pad[3];
    Value amounts = shape({0, 0, pad[0], pad[1], pad[2], pad[3], 0, 0});
    return tosa::PadOp::create(b, loc, type.clone(sizes), input, amounts, filling);
  }

  OpBuilder b;
  Location loc;
};

/// What a convolution with constant weights, bias and zero points reads.
struct Constants {
  SmallVector<int64_t> weights, bias;
  int64_t inputZp = 0, weightZp = 0;
};

bool isBytes(Value value) { return getElementTypeOrSelf(value.getType()).isSignlessInteger(8); }

/// Nothing where an operand is computed, or not of int8 with sums of i32.
template <typename OpTy> std::optional<Constants> constantsOf(OpTy op) {
  if (!isBytes(op.getInput()) || !isBytes(op.getWeight()) ||
      !getElementTypeOrSelf(op.getType()).isInteger(32))
    return std::nullopt;
  auto weights = readInts(op.getWeight());
  auto bias = readInts(op.getBias());
  auto inputZp = scalarInt(op.getInputZp()), weightZp = scalarInt(op.getWeightZp());
  if (!weights || !bias || bias->empty() || !inputZp || !weightZp)
    return std::nullopt;
  return Constants{std::move(*weights), std::move(*bias), *inputZp, *weightZp};
}

/// bias - zx sum (w - zw) per output channel, modulo 2^32; `weightsOf` gives the weights of one.
SmallVector<int32_t> foldedBias(const Constants &constants, int64_t numChannels,
                                function_ref<int64_t(int64_t)> sumOfWeights, int64_t numTaps) {
  SmallVector<int32_t> folded;
  for (int64_t channel = 0; channel < numChannels; ++channel) {
    int64_t bias = constants.bias[constants.bias.size() == 1 ? 0 : channel];
    int64_t sum = sumOfWeights(channel) - numTaps * constants.weightZp;
    folded.push_back(static_cast<int32_t>(bias - constants.inputZp * sum));
  }
  return folded;
}

//===---------------------------------------------------------------------------------------------===
// conv2d
//===---------------------------------------------------------------------------------------------===

/// A convolution of the padded input with zero points of zero.
Value plainConvolution(tosa::Conv2DOp op, TosaBuilder &builder, Value input, Value weights,
                       Value bias) {
  auto plain = cast<tosa::Conv2DOp>(builder.b.clone(*op));
  builder.b.setInsertionPoint(plain);
  Value zero = builder.i8Scalar(0);
  builder.b.setInsertionPointAfter(plain);
  plain.getInputMutable().assign(input);
  plain.getWeightMutable().assign(weights);
  plain.getBiasMutable().assign(bias);
  plain.getInputZpMutable().assign(zero);
  plain.getWeightZpMutable().assign(zero);
  plain.setPad({0, 0, 0, 0});
  auto type = cast<RankedTensorType>(op.getType());
  SmallVector<int64_t> sizes(type.getShape());
  sizes.back() = cast<RankedTensorType>(weights.getType()).getDimSize(0);
  plain.getResult().setType(type.clone(sizes));
  return plain;
}

/// -zw sum x, for every pixel.
Value weightZpTerm(tosa::Conv2DOp op, TosaBuilder &builder, Value input, int64_t weightZp) {
  auto weights = cast<RankedTensorType>(op.getWeight().getType());
  SmallVector<int64_t> sizes(weights.getShape());
  sizes.front() = 1;
  auto type = weights.clone(sizes);
  Value ones = builder.constant(type, DenseElementsAttr::get(type, int8_t(1)));
  Value sums = plainConvolution(op, builder, input, ones, builder.i32Row({0}));
  auto scalar = RankedTensorType::get({1, 1, 1, 1}, builder.b.getI32Type());
  Value factor =
      builder.constant(scalar, DenseElementsAttr::get(scalar, static_cast<int32_t>(-weightZp)));
  return tosa::MulOp::create(builder.b, builder.loc, sums.getType(), sums, factor,
                             builder.i8Scalar(0));
}

void foldZeroPoints(tosa::Conv2DOp op) {
  auto constants = constantsOf(op);
  if (!constants || (constants->inputZp == 0 && constants->weightZp == 0))
    return;
  TosaBuilder builder(op);
  int64_t numChannels = cast<RankedTensorType>(op.getType()).getDimSize(3);
  int64_t numTaps = static_cast<int64_t>(constants->weights.size()) / numChannels;
  auto sumOfWeights = [&](int64_t channel) {
    auto row = ArrayRef(constants->weights).slice(channel * numTaps, numTaps);
    return std::accumulate(row.begin(), row.end(), int64_t(0));
  };
  Value bias = builder.i32Row(foldedBias(*constants, numChannels, sumOfWeights, numTaps));
  Value input = builder.padded(op.getInput(), op.getPad(), op.getInputZp());
  Value result = plainConvolution(op, builder, input, op.getWeight(), bias);
  if (constants->weightZp)
    result = tosa::AddOp::create(builder.b, builder.loc, result.getType(), result,
                                 weightZpTerm(op, builder, input, constants->weightZp));
  op.replaceAllUsesWith(result);
  op.erase();
}

//===---------------------------------------------------------------------------------------------===
// depthwise_conv2d
//===---------------------------------------------------------------------------------------------===

/// The pixels under one tap, one for every pixel of the result.
Value pixelsUnder(tosa::DepthwiseConv2DOp op, TensorBuilder &builder, Value input, int64_t row,
                  int64_t column) {
  auto result = cast<RankedTensorType>(op.getType());
  auto type = cast<RankedTensorType>(input.getType());
  auto number = [&](int64_t value) -> OpFoldResult { return builder.b.getIndexAttr(value); };
  SmallVector<OpFoldResult> offsets{number(0), number(row * op.getDilation()[0]),
                                    number(column * op.getDilation()[1]), number(0)};
  SmallVector<OpFoldResult> sizes{number(result.getDimSize(0)), number(result.getDimSize(1)),
                                  number(result.getDimSize(2)), number(type.getDimSize(3))};
  SmallVector<OpFoldResult> strides{number(1), number(op.getStride()[0]), number(op.getStride()[1]),
                                    number(1)};
  return tensor::ExtractSliceOp::create(builder.b, builder.loc, input, offsets, sizes, strides);
}

/// w - zw as i16 (i8 where zw is 0), a row of output channels per tap.
Value depthwiseWeights(TosaBuilder &builder, const Constants &constants, int64_t numTaps) {
  int64_t numChannels = static_cast<int64_t>(constants.weights.size()) / numTaps;
  SmallVector<int16_t> values;
  for (int64_t weight : constants.weights)
    values.push_back(static_cast<int16_t>(weight - constants.weightZp));
  auto type = RankedTensorType::get({numTaps, numChannels}, builder.b.getI16Type());
  DenseElementsAttr attr = DenseElementsAttr::get(type, ArrayRef(values));
  if (constants.weightZp == 0)
    attr = attr.mapValues(builder.b.getI8Type(), [](const APInt &v) { return v.trunc(8); });
  return arith::ConstantOp::create(builder.b, builder.loc, attr);
}

/// Padding as an operation of its own: upstream's decomposition of a 1x1 kernel pads what it has
/// widened before with a constant that it has not.
void padBefore(tosa::DepthwiseConv2DOp op) {
  TosaBuilder tosa(op);
  op.getInputMutable().assign(tosa.padded(op.getInput(), op.getPad(), op.getInputZp()));
  op.setPad({0, 0, 0, 0});
}

void writeOutTaps(tosa::DepthwiseConv2DOp op) {
  auto constants = constantsOf(op);
  auto kernel = cast<RankedTensorType>(op.getWeight().getType());
  int64_t rows = kernel.getDimSize(0), columns = kernel.getDimSize(1);
  int64_t multiplier = kernel.getDimSize(3), numTaps = rows * columns;
  if (!constants || numTaps > kMaxTaps)
    return padBefore(op);
  TosaBuilder tosa(op);
  TensorBuilder builder(op);
  int64_t numChannels = kernel.getDimSize(2) * multiplier;
  auto sumOfWeights = [&](int64_t channel) {
    int64_t sum = 0;
    for (int64_t tap = 0; tap < numTaps; ++tap)
      sum += constants->weights[tap * numChannels + channel];
    return sum;
  };
  Value input = tosa.padded(op.getInput(), op.getPad(), op.getInputZp());
  Value weights = depthwiseWeights(tosa, *constants, numTaps);
  Value bias =
      builder.i32Table({numChannels}, foldedBias(*constants, numChannels, sumOfWeights, numTaps));
  SmallVector<Value> operands{bias};
  AffineMap whole = builder.b.getMultiDimIdentityMap(4);
  AffineExpr channel = whole.getResult(3);
  SmallVector<AffineExpr> pixel(whole.getResults());
  if (multiplier != 1)
    pixel.back() = channel.floorDiv(multiplier);
  SmallVector<AffineMap> maps{AffineMap::get(4, 0, channel)};
  for (int64_t tap = 0; tap < numTaps; ++tap) {
    operands.append({pixelsUnder(op, builder, input, tap / columns, tap % columns), weights});
    maps.push_back(AffineMap::get(4, 0, pixel, op.getContext()));
    maps.push_back(
        AffineMap::get(4, 0, {builder.b.getAffineConstantExpr(tap), channel}, op.getContext()));
  }
  maps.push_back(whole);
  auto sum = [&](TensorBuilder &body, ValueRange scalars) {
    Value total = scalars.front();
    for (int64_t tap = 0; tap < numTaps; ++tap) {
      Value product = arith::MulIOp::create(body.b, body.loc, body.widen(scalars[2 * tap + 1]),
                                            body.widen(scalars[2 * tap + 2]));
      total = arith::AddIOp::create(body.b, body.loc, total, product);
    }
    return total;
  };
  Value result =
      builder.generic(builder.empty(cast<RankedTensorType>(op.getType())), operands, maps, 4, sum);
  op.replaceAllUsesWith(result);
  op.erase();
}

//===---------------------------------------------------------------------------------------------===
// matmul
//===---------------------------------------------------------------------------------------------===

/// Sums of rows as [B, rows, 1] i32.
Value rowSums(TensorBuilder &builder, Value rows) {
  auto add = [](TensorBuilder &body, ValueRange scalars) -> Value {
    return arith::AddIOp::create(body.b, body.loc, body.widen(scalars[0]), scalars[1]);
  };
  return builder.reduceLast(rows, builder.i32(0), add);
}

/// Products of the rows of both operands: both are read in the order of their elements.
Value dotProducts(TensorBuilder &builder, RankedTensorType type, Value left, Value right) {
  MLIRContext *context = builder.b.getContext();
  AffineExpr n, row, column, k;
  bindDims(context, n, row, column, k);
  SmallVector<AffineMap> maps{AffineMap::get(4, 0, {n, row, k}, context),
                              AffineMap::get(4, 0, {n, column, k}, context),
                              AffineMap::get(4, 0, {n, row, column}, context)};
  auto step = [](TensorBuilder &body, ValueRange scalars) -> Value {
    Value product =
        arith::MulIOp::create(body.b, body.loc, body.widen(scalars[0]), body.widen(scalars[1]));
    return arith::AddIOp::create(body.b, body.loc, scalars[2], product);
  };
  return builder.generic(builder.filled(type, builder.i32(0)), {left, right}, maps, 3, step);
}

void foldZeroPoints(tosa::MatMulOp op) {
  auto zpA = scalarInt(op.getAZp()), zpB = scalarInt(op.getBZp());
  auto type = cast<RankedTensorType>(op.getType());
  if (!isBytes(op.getA()) || !isBytes(op.getB()) || !type.getElementType().isInteger(32) || !zpA ||
      !zpB)
    return;
  TensorBuilder builder(op);
  auto b = cast<RankedTensorType>(op.getB().getType());
  int64_t depth = b.getDimSize(1);
  auto transposed = b.clone({b.getDimSize(0), b.getDimSize(2), depth});
  Value right = tosa::TransposeOp::create(builder.b, builder.loc, transposed, op.getB(),
                                          builder.b.getDenseI32ArrayAttr({0, 2, 1}));
  Value products = dotProducts(builder, type, op.getA(), right);
  SmallVector<Value> operands{products};
  SmallVector<int64_t> factors;
  AffineMap whole = builder.b.getMultiDimIdentityMap(3);
  SmallVector<AffineMap> maps{whole};
  AffineExpr zero = builder.b.getAffineConstantExpr(0);
  auto addTerm = [&](Value rows, unsigned dim, int64_t factor) {
    operands.push_back(rowSums(builder, rows));
    maps.push_back(AffineMap::get(3, 0, {whole.getResult(0), whole.getResult(dim), zero},
                                  builder.b.getContext()));
    factors.push_back(factor);
  };
  if (*zpB)
    addTerm(op.getA(), 1, -*zpB);
  if (*zpA)
    addTerm(right, 2, -*zpA);
  maps.push_back(whole);
  auto sum = [&](TensorBuilder &body, ValueRange scalars) {
    Value total =
        arith::AddIOp::create(body.b, body.loc, scalars.front(), body.i32(depth * *zpA * *zpB));
    for (auto [term, factor] : llvm::zip(scalars.drop_front(), factors)) {
      Value scaled = arith::MulIOp::create(body.b, body.loc, term, body.i32(factor));
      total = arith::AddIOp::create(body.b, body.loc, total, scaled);
    }
    return total;
  };
  if (!factors.empty())
    products = builder.generic(builder.empty(type), operands, maps, 3, sum);
  op.replaceAllUsesWith(products);
  op.erase();
}

struct LowerConvolutionsPass : impl::LowerConvolutionsPassBase<LowerConvolutionsPass> {
  void runOnOperation() override {
    getOperation().walk([](tosa::Conv2DOp op) { foldZeroPoints(op); });
    getOperation().walk([](tosa::DepthwiseConv2DOp op) { writeOutTaps(op); });
    getOperation().walk([](tosa::MatMulOp op) { foldZeroPoints(op); });
  }
};

} // namespace
} // namespace afe::a65

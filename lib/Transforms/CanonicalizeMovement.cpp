// Movement patterns of afe-canonicalize. Reshapes and transposes sink through elementwise
// operations towards the results: on the way they meet their inverses and cancel, or they arrive at
// an edge, where the EV74 does them. The change from uint8 to int8 sinks through them, and the
// opposite one rises, until a layer can absorb it.

#include "Transforms/Canonicalize.h"

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Edges.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/Tensors.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace afe {
namespace {

Value transposeBy(PatternRewriter &rewriter, Location loc, Value value, ArrayRef<int32_t> perms) {
  SmallVector<int64_t> shape;
  for (int32_t dim : perms)
    shape.push_back(tensorTypeOf(value).getDimSize(dim));
  return tosa::TransposeOp::create(rewriter, loc, tensorTypeOf(value).clone(shape), value, perms);
}

/// reshape(reshape(x)) ==> reshape(x); a reshape to the same shape goes.
struct MergeReshapes : OpRewritePattern<tosa::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::ReshapeOp op, PatternRewriter &rewriter) const override {
    if (op.getInput1().getType() == op.getType()) {
      rewriter.replaceOp(op, op.getInput1());
      return success();
    }
    auto inner = op.getInput1().getDefiningOp<tosa::ReshapeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "its input is not reshaped");
    rewriter.modifyOpInPlace(op, [&] { op->setOperand(0, inner.getInput1()); });
    return success();
  }
};

/// transpose(transpose(x)) ==> transpose(x); the identity goes; moving dimensions of size 1 only is
/// a reshape.
struct MergeTransposes : OpRewritePattern<tosa::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::TransposeOp op, PatternRewriter &rewriter) const override {
    auto type = tensorTypeOf(op.getInput1()), result = tensorTypeOf(op.getOutput());
    if (!type || !type.hasStaticShape() || !result || !result.hasStaticShape())
      return rewriter.notifyMatchFailure(op, "its shape is not static");
    SmallVector<int32_t> moved;
    llvm::copy_if(op.getPerms(), std::back_inserter(moved),
                  [&](int32_t dim) { return type.getDimSize(dim) != 1; });
    if (llvm::is_sorted(moved)) {
      rewriter.replaceOp(op, reshapeTo(rewriter, op.getLoc(), op.getInput1(), result.getShape()));
      return success();
    }
    auto inner = op.getInput1().getDefiningOp<tosa::TransposeOp>();
    if (!inner || !tensorTypeOf(inner.getInput1()))
      return rewriter.notifyMatchFailure(op, "its input is not transposed");
    SmallVector<int32_t> perms;
    for (int32_t dim : op.getPerms())
      perms.push_back(inner.getPerms()[dim]);
    rewriter.replaceOp(op, transposeBy(rewriter, op.getLoc(), inner.getInput1(), perms));
    return success();
  }
};

/// A slice of everything.
struct DropIdentitySlice : OpRewritePattern<tosa::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::SliceOp op, PatternRewriter &rewriter) const override {
    auto type = tensorTypeOf(op.getOutput());
    if (!type || !type.hasStaticShape() || op.getInput1().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "it drops elements");
    rewriter.replaceOp(op, op.getInput1());
    return success();
  }
};

/// A sum, maximum or minimum over a dimension of size 1 is its operand. (Importers write one per
/// axis; over a batch of one it would tie the images of a larger batch together.)
template <typename OpTy> struct DropUnitReduction : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    auto type = tensorTypeOf(op.getInput());
    if (!type || !type.hasStaticShape() || op.getInput().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "it reduces several elements");
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
};

/// Operations whose result at an element depends on the operand at that element alone, whatever its
/// coordinates: with one tensor operand, the others being parameters.
bool isPointwiseUnary(Operation *op) {
  if (auto rescale = dyn_cast<tosa::RescaleOp>(op))
    return !rescale.getPerChannel() && signednessShift(rescale) != -128; // that one sinks itself
  if (auto custom = matchCustom(op))
    return llvm::is_contained({"quantize", "dequantize", "sqrt_f32", "qdq.lookup"},
                              custom->op.getOperatorName());
  return isa<tosa::ClampOp, tosa::CastOp, tosa::TableOp, tosa::NegateOp, tosa::AbsOp, tosa::ExpOp,
             tosa::LogOp, tosa::TanhOp, tosa::SigmoidOp, tosa::ErfOp, tosa::ReciprocalOp,
             tosa::RsqrtOp, tosa::BitwiseNotOp, tosa::LogicalNotOp, tosa::FloorOp, tosa::CeilOp>(
      op);
}

/// Operations that know the last axis (softmax, requantization per channel) do not mind how the
/// others are shaped.
bool isRowwise(Operation *op) {
  if (auto rescale = dyn_cast<tosa::RescaleOp>(op))
    return rescale.getPerChannel();
  return matchCustom(op, "litert.softmax") || matchCustom(op, "qdq.softmax");
}

/// f(reshape(x)) ==> reshape(f(x)).
struct SinkReshape : RewritePattern {
  explicit SinkReshape(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isPointwiseUnary(op) && !isRowwise(op))
      return rewriter.notifyMatchFailure(op, "it is not unary");
    auto reshape = op->getOperand(0).getDefiningOp<tosa::ReshapeOp>();
    // From an argument the reshape stands at the edge already.
    if (!reshape || isa<BlockArgument>(reshape.getInput1()))
      return rewriter.notifyMatchFailure(op, "its operand is not reshaped");
    auto from = tensorTypeOf(reshape.getInput1()), to = tensorTypeOf(reshape.getOutput());
    if (!from || !from.hasStaticShape() || from.getRank() > 4 || !to || !to.hasStaticShape() ||
        from.getRank() == 0 || !tensorTypeOf(op->getResult(0)) ||
        (isRowwise(op) && from.getShape().back() != to.getShape().back()))
      return rewriter.notifyMatchFailure(op, "the shape matters to it");
    Operation *moved = rewriter.clone(*op);
    moved->setOperand(0, reshape.getInput1());
    Value result = moved->getResult(0);
    result.setType(cast<RankedTensorType>(op->getResult(0).getType()).clone(from.getShape()));
    rewriter.replaceOp(op, reshapeTo(rewriter, reshape.getLoc(), result, to.getShape()));
    return success();
  }
};

/// Bytes that become f32 for the layers behind: they are moved as bytes. (For the model's results
/// the order does not matter.)
bool decodesForLayers(Operation *op) {
  bool decodes = matchCustom(op, "dequantize") || matchCustom(op, "qdq.lookup");
  return decodes && !isOutputEdge(op);
}

/// f(transpose(x)) ==> transpose(f(x)), where the transpose does not come from an argument.
struct SinkTranspose : RewritePattern {
  explicit SinkTranspose(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isPointwiseUnary(op) || decodesForLayers(op))
      return rewriter.notifyMatchFailure(op, "it is not unary, or widens what it would move");
    auto transpose = op->getOperand(0).getDefiningOp<tosa::TransposeOp>();
    if (!transpose || !transpose->hasOneUse() || isa<BlockArgument>(transpose.getInput1()))
      return rewriter.notifyMatchFailure(op, "its operand is not transposed for it alone");
    auto from = tensorTypeOf(transpose.getInput1());
    if (!from || !from.hasStaticShape() || !tensorTypeOf(op->getResult(0)))
      return rewriter.notifyMatchFailure(op, "its shape is not static");
    Operation *moved = rewriter.clone(*op);
    moved->setOperand(0, transpose.getInput1());
    Value result = moved->getResult(0);
    result.setType(cast<RankedTensorType>(op->getResult(0).getType()).clone(from.getShape()));
    rewriter.replaceOp(op, transposeBy(rewriter, transpose.getLoc(), result, transpose.getPerms()));
    return success();
  }
};

/// Operations that only move elements, one tensor in, one out.
bool isMove(Operation *op) {
  return isa_and_nonnull<tosa::ReshapeOp, tosa::TransposeOp, tosa::SliceOp>(op);
}

/// move(int8(x)) ==> int8(move(x)): the change to int8 sinks towards the layer that absorbs it.
struct SinkToSigned : RewritePattern {
  explicit SinkToSigned(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto rescale =
        isMove(op) ? op->getOperand(0).getDefiningOp<tosa::RescaleOp>() : tosa::RescaleOp();
    if (!rescale || signednessShift(rescale) != -128 || !tensorTypeOf(op->getResult(0)))
      return rewriter.notifyMatchFailure(op, "moves no tensor that was uint8");
    Operation *moved = rewriter.clone(*op);
    moved->setOperand(0, rescale.getInput());
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    moved->getResult(0).setType(type.clone(getElementTypeOrSelf(rescale.getInput().getType())));
    auto converted = cast<tosa::RescaleOp>(rewriter.clone(*rescale));
    converted->setOperand(0, moved->getResult(0));
    converted->getResult(0).setType(type);
    rewriter.replaceOp(op, converted.getOutput());
    return success();
  }
};

/// uint8(move(x)) ==> move(uint8(x)): the change to uint8 rises towards the layer that absorbs it.
struct RaiseToUnsigned : OpRewritePattern<tosa::RescaleOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::RescaleOp op, PatternRewriter &rewriter) const override {
    Operation *move = op.getInput().getDefiningOp();
    if (signednessShift(op) != 128 || !isMove(move) || !move->hasOneUse() ||
        !tensorTypeOf(move->getOperand(0)))
      return rewriter.notifyMatchFailure(op, "no movement in front of a change to uint8");
    Type element = getElementTypeOrSelf(op.getType());
    auto converted = cast<tosa::RescaleOp>(rewriter.clone(*op));
    converted->setOperand(0, move->getOperand(0));
    converted->getResult(0).setType(tensorTypeOf(move->getOperand(0)).clone(element));
    Operation *moved = rewriter.clone(*move);
    moved->setOperand(0, converted.getOutput());
    moved->getResult(0).setType(op.getType());
    rewriter.replaceOp(op, moved->getResult(0));
    return success();
  }
};

/// Operations on two tensors, element by element (further operands are parameters).
bool isPointwiseBinary(Operation *op) {
  if (matchCustom(op, "div_f32"))
    return true;
  return isa<tosa::AddOp, tosa::SubOp, tosa::MulOp, tosa::MaximumOp, tosa::MinimumOp,
             tosa::BitwiseAndOp, tosa::BitwiseOrOp, tosa::BitwiseXorOp>(op);
}

/// f(reshape(x), y) ==> reshape(f(x, y')) where y is reshaped from the same shape, or is a constant
/// with one element (or one per channel).
struct SinkReshapePair : RewritePattern {
  explicit SinkReshapePair(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  /// `operand` with the rank and shape of `from`; null where that takes more than a reshape.
  static Value withShape(Value operand, RankedTensorType from, RankedTensorType to,
                         PatternRewriter &rewriter) {
    auto reshape = operand.getDefiningOp<tosa::ReshapeOp>();
    if (reshape && tensorTypeOf(operand).getShape() == to.getShape())
      return tensorTypeOf(reshape.getInput1()).getShape() == from.getShape() ? reshape.getInput1()
                                                                             : Value();
    // One element, or one per channel where the channels stay.
    ElementsAttr elements = constantOf(operand);
    int64_t count = elements ? elements.getNumElements() : 0;
    bool perChannel = from.getShape().back() == to.getShape().back() &&
                      count == to.getShape().back() &&
                      tensorTypeOf(operand).getShape().back() == count;
    if (count != 1 && !perChannel)
      return {};
    SmallVector<int64_t> shape(from.getRank(), 1);
    shape.back() = count;
    ElementsAttr shaped = reshaped(elements, shape);
    if (!shaped)
      return {};
    return tosa::ConstOp::create(rewriter, operand.getLoc(), shaped.getType(), shaped);
  }

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isPointwiseBinary(op))
      return rewriter.notifyMatchFailure(op, "it is not binary");
    auto reshape = op->getOperand(0).getDefiningOp<tosa::ReshapeOp>();
    if (!reshape)
      reshape = op->getOperand(1).getDefiningOp<tosa::ReshapeOp>();
    auto from = reshape ? tensorTypeOf(reshape.getInput1()) : RankedTensorType();
    auto to = tensorTypeOf(op->getResult(0));
    if (!from || !from.hasStaticShape() || from.getRank() > 4 || from.getRank() == 0 || !to ||
        isa<BlockArgument>(reshape.getInput1()) ||
        to.getShape() != tensorTypeOf(reshape.getOutput()).getShape())
      return rewriter.notifyMatchFailure(op, "it broadcasts, or no operand is reshaped");
    Value first = withShape(op->getOperand(0), from, to, rewriter);
    Value second = first ? withShape(op->getOperand(1), from, to, rewriter) : Value();
    if (!second)
      return rewriter.notifyMatchFailure(op, "its operands are not reshaped alike");
    Operation *moved = rewriter.clone(*op);
    moved->setOperand(0, first);
    moved->setOperand(1, second);
    moved->getResult(0).setType(to.clone(from.getShape()));
    rewriter.replaceOp(op,
                       reshapeTo(rewriter, reshape.getLoc(), moved->getResult(0), to.getShape()));
    return success();
  }
};

/// A fully connected layer over tokens, written as images of one pixel: [N*S,1,1,C] from [N,S,C]
/// ==> [N,S,1,C]. The batch stays the batch, and no token is moved.
struct TokensAsPixels : OpRewritePattern<tosa::Conv2DOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::Conv2DOp op, PatternRewriter &rewriter) const override {
    auto reshape = op.getInput().getDefiningOp<tosa::ReshapeOp>();
    auto from = reshape ? tensorTypeOf(reshape.getInput1()) : RankedTensorType();
    auto input = tensorTypeOf(op.getInput()), output = tensorTypeOf(op.getOutput()),
         weights = tensorTypeOf(op.getWeight());
    auto isOne = [](int64_t n) { return n == 1; };
    if (!from || !from.hasStaticShape() || from.getRank() < 3 || !input.hasStaticShape() ||
        !output || !weights || input.getDimSize(0) == from.getDimSize(0) ||
        input.getDimSize(0) % from.getDimSize(0) != 0 ||
        !llvm::all_of(input.getShape().slice(1, 2), isOne) ||
        !llvm::all_of(weights.getShape().slice(1, 2), isOne) ||
        !llvm::all_of(op.getStride(), isOne) ||
        !llvm::all_of(op.getPad(), [](int64_t n) { return n == 0; }))
      return rewriter.notifyMatchFailure(op, "it does not work on tokens");
    int64_t batch = from.getDimSize(0);
    SmallVector<int64_t> shape{batch, input.getDimSize(0) / batch, 1, input.getShape().back()};
    Value pixels = reshapeTo(rewriter, reshape.getLoc(), reshape.getInput1(), shape);
    auto moved = cast<tosa::Conv2DOp>(rewriter.clone(*op));
    moved->setOperand(0, pixels);
    shape.back() = output.getShape().back();
    moved->getResult(0).setType(output.clone(shape));
    rewriter.replaceOp(op, reshapeTo(rewriter, op.getLoc(), moved.getOutput(), output.getShape()));
    return success();
  }
};

} // namespace

void populateMovementPatterns(RewritePatternSet &patterns) {
  patterns.add<MergeReshapes, MergeTransposes, DropIdentitySlice, SinkReshape, SinkTranspose,
               SinkToSigned, RaiseToUnsigned, SinkReshapePair, TokensAsPixels,
               DropUnitReduction<tosa::ReduceSumOp>, DropUnitReduction<tosa::ReduceMaxOp>,
               DropUnitReduction<tosa::ReduceMinOp>>(patterns.getContext());
}

} // namespace afe

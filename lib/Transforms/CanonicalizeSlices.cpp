// Slice patterns of afe-canonicalize. Slices rise towards the arguments, through transposes and
// reshapes: what is cut off early need not be moved, and the high-rank tensors of attention heads
// disappear. Quantization rises through any movement in front of it, so that bytes are moved
// instead of words.

#include "Transforms/Canonicalize.h"

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/Tensors.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace afe {
namespace {

bool isStatic(RankedTensorType type) { return type && type.hasStaticShape(); }

/// Start and size of a slice with constant bounds.
struct Box {
  SmallVector<int64_t> start, size;
};

std::optional<Box> boxOf(tosa::SliceOp op) {
  auto start = readShape(op.getStart()), size = readShape(op.getSize());
  auto type = tensorTypeOf(op.getOutput());
  if (!start || !size || !isStatic(type) || !isStatic(tensorTypeOf(op.getInput1())) ||
      int64_t(start->size()) != type.getRank())
    return std::nullopt;
  return Box{*start, llvm::to_vector(type.getShape())};
}

Value sliced(PatternRewriter &rewriter, Location loc, Value value, const Box &box) {
  return tosa::SliceOp::create(rewriter, loc, tensorTypeOf(value).clone(box.size), value,
                               shapeConstant(rewriter, loc, box.start),
                               shapeConstant(rewriter, loc, box.size));
}

/// slice(transpose(x)) ==> transpose(slice(x)).
struct RaiseSliceOverTranspose : OpRewritePattern<tosa::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::SliceOp op, PatternRewriter &rewriter) const override {
    auto transpose = op.getInput1().getDefiningOp<tosa::TransposeOp>();
    auto box = transpose ? boxOf(op) : std::nullopt;
    if (!box || !isStatic(tensorTypeOf(transpose.getInput1())))
      return rewriter.notifyMatchFailure(op, "it slices no transpose");
    Box moved = *box;
    for (auto [to, from] : llvm::enumerate(transpose.getPerms())) {
      moved.start[from] = box->start[to];
      moved.size[from] = box->size[to];
    }
    Value part = sliced(rewriter, op.getLoc(), transpose.getInput1(), moved);
    rewriter.replaceOpWithNewOp<tosa::TransposeOp>(op, op.getType(), part, transpose.getPerms());
    return success();
  }
};

/// slice(reshape(x)) ==> reshape(slice(x)) where the slice cuts one dimension, which the reshape
/// split off the front of a dimension of x: [N, A*B] -> [N, A, B].
struct RaiseSliceOverReshape : OpRewritePattern<tosa::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::SliceOp op, PatternRewriter &rewriter) const override {
    auto reshape = op.getInput1().getDefiningOp<tosa::ReshapeOp>();
    auto box = reshape ? boxOf(op) : std::nullopt;
    auto from = reshape ? tensorTypeOf(reshape.getInput1()) : RankedTensorType();
    if (!box || !isStatic(from))
      return rewriter.notifyMatchFailure(op, "it slices no reshape");
    auto to = tensorTypeOf(reshape.getOutput()).getShape();
    auto cut = cutDimension(*box, to);
    if (!cut)
      return rewriter.notifyMatchFailure(op, "it cuts several dimensions");
    int64_t outer = llvm::product_of(to.take_front(*cut)),
            inner = llvm::product_of(to.drop_front(*cut + 1));
    int64_t before = 1;
    for (int64_t dim = 0; dim < from.getRank(); before *= from.getDimSize(dim++)) {
      // The dimension of x that holds the cut one, from its start, and what lies behind it.
      int64_t size = from.getDimSize(dim),
              behind = llvm::product_of(from.getShape().drop_front(dim + 1));
      if (before != outer || size * behind != to[*cut] * inner || inner % behind != 0 || size == 1)
        continue;
      Box part{SmallVector<int64_t>(from.getRank(), 0), llvm::to_vector(from.getShape())};
      part.start[dim] = box->start[*cut] * (inner / behind);
      part.size[dim] = box->size[*cut] * (inner / behind);
      Value cutEarly = sliced(rewriter, op.getLoc(), reshape.getInput1(), part);
      rewriter.replaceOp(op, reshapeTo(rewriter, op.getLoc(), cutEarly, box->size));
      return success();
    }
    return rewriter.notifyMatchFailure(op, "the cut dimension is spread over several of x");
  }

  /// The only dimension that the box does not keep whole.
  static std::optional<int64_t> cutDimension(const Box &box, ArrayRef<int64_t> shape) {
    std::optional<int64_t> cut;
    for (auto [dim, size] : llvm::enumerate(shape)) {
      if (box.size[dim] == size)
        continue;
      if (cut)
        return std::nullopt;
      cut = dim;
    }
    return cut;
  }
};

/// A transpose of rank above 4 with dimensions of size 1 ==> the transpose without (some of) them.
struct DropUnitDimensions : OpRewritePattern<tosa::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::TransposeOp op, PatternRewriter &rewriter) const override {
    constexpr int64_t kMaxRank = 4;
    auto type = tensorTypeOf(op.getInput1()), result = tensorTypeOf(op.getOutput());
    if (!isStatic(type) || !isStatic(result) || type.getRank() <= kMaxRank)
      return rewriter.notifyMatchFailure(op, "its rank is small");
    // The batch stays as long as other dimensions can go.
    llvm::SmallDenseSet<int64_t> dropped;
    for (int64_t dim = type.getRank() - 1; dim >= 0; --dim)
      if (type.getDimSize(dim) == 1 && type.getRank() - int64_t(dropped.size()) > kMaxRank)
        dropped.insert(dim);
    if (dropped.empty())
      return rewriter.notifyMatchFailure(op, "it has no dimensions of size 1");
    SmallVector<int64_t> shape, newIndex(type.getRank(), 0);
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (!dropped.contains(dim)) {
        newIndex[dim] = shape.size();
        shape.push_back(type.getDimSize(dim));
      }
    SmallVector<int32_t> perms;
    SmallVector<int64_t> transposed;
    for (int32_t dim : op.getPerms())
      if (!dropped.contains(dim)) {
        perms.push_back(newIndex[dim]);
        transposed.push_back(type.getDimSize(dim));
      }
    Value squeezed = reshapeTo(rewriter, op.getLoc(), op.getInput1(), shape);
    Value moved =
        tosa::TransposeOp::create(rewriter, op.getLoc(), type.clone(transposed), squeezed, perms);
    rewriter.replaceOp(op, reshapeTo(rewriter, op.getLoc(), moved, result.getShape()));
    return success();
  }
};

/// pad(dequantize(x), 0.0) ==> dequantize(pad(x, zero point)).
struct PadCodes : OpRewritePattern<tosa::PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::PadOp op, PatternRewriter &rewriter) const override {
    auto dequantize = matchCustom(op.getInput1().getDefiningOp(), "dequantize");
    auto fill = scalarFloat(op.getPadConst());
    auto zp = dequantize ? dequantize->integer("zero_point") : std::nullopt;
    auto codes = dequantize ? tensorTypeOf(dequantize->op->getOperand(0)) : RankedTensorType();
    if (!zp || fill != std::optional(0.0f) || !codes ||
        !codes.getElementType().isSignlessInteger(8) || *zp < -128 || *zp > 127)
      return rewriter.notifyMatchFailure(op, "it pads no int8 codes with 0");
    auto type = RankedTensorType::get({1}, codes.getElementType());
    Value code = tosa::ConstOp::create(rewriter, op.getLoc(), type,
                                       DenseElementsAttr::get(type, static_cast<int8_t>(*zp)));
    auto padded = codes.clone(tensorTypeOf(op.getOutput()).getShape());
    Value pad = tosa::PadOp::create(rewriter, op.getLoc(), padded, dequantize->op->getOperand(0),
                                    op.getPadding(), code);
    Operation *moved = rewriter.clone(*dequantize->op);
    moved->setOperand(0, pad);
    moved->getResult(0).setType(op.getType());
    rewriter.replaceOp(op, moved->getResult(0));
    return success();
  }
};

/// quantize(move(x, …)) ==> move(quantize(x), …) for f32 slices, concatenations and zero padding of
/// arguments: a space-to-depth in front of the first layer then moves bytes.
struct RaiseQuantize : OpRewritePattern<tosa::CustomOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::CustomOp op, PatternRewriter &rewriter) const override {
    auto quantize = matchCustom(op, "quantize");
    Operation *move = quantize ? op->getOperand(0).getDefiningOp() : nullptr;
    if (!isa_and_nonnull<tosa::SliceOp, tosa::ConcatOp, tosa::PadOp>(move))
      return rewriter.notifyMatchFailure(op, "nothing is moved in front of it");
    Type element = getElementTypeOrSelf(op->getResult(0).getType());
    auto zp = quantize->integer("zero_point");
    auto pad = dyn_cast<tosa::PadOp>(move);
    auto fill = pad ? scalarFloat(pad.getPadConst()) : std::nullopt;
    // The code of 0 is the zero point; other fillings would have to be quantized, too.
    if (!zp || !element.isSignlessInteger(8) || (pad && fill != std::optional(0.0f)))
      return rewriter.notifyMatchFailure(op, "it cannot be moved");
    Operation *moved = rewriter.clone(*move);
    unsigned tensors = isa<tosa::ConcatOp>(move) ? move->getNumOperands() : 1;
    for (unsigned index = 0; index < tensors; ++index) {
      rewriter.setInsertionPoint(moved);
      Operation *early = rewriter.clone(*op);
      early->setOperand(0, move->getOperand(index));
      early->getResult(0).setType(tensorTypeOf(move->getOperand(index)).clone(element));
      moved->setOperand(index, early->getResult(0));
    }
    if (pad) {
      auto type = RankedTensorType::get({1}, element);
      auto value = DenseElementsAttr::get(type, static_cast<int8_t>(*zp));
      moved->setOperand(2, tosa::ConstOp::create(rewriter, op.getLoc(), type, value));
    }
    moved->getResult(0).setType(op->getResult(0).getType());
    rewriter.replaceOp(op, moved->getResult(0));
    return success();
  }
};

} // namespace

void populateSlicePatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseSliceOverTranspose, RaiseSliceOverReshape, DropUnitDimensions, PadCodes,
               RaiseQuantize>(patterns.getContext());
}

} // namespace afe

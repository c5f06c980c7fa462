// The pass afe-canonicalize and its arithmetic patterns. Folding is off: constants of megabytes are
// not to be touched, and what the lowering wants folded is folded by patterns.

#include "Transforms/Canonicalize.h"

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/LaneTables.h"
#include "Conversion/TosaToMLA/Lanes.h"
#include "Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>

using namespace mlir;

namespace afe {

#define GEN_PASS_DEF_CANONICALIZEPASS
#include "Transforms/Passes.h.inc"

namespace {

/// INEXACT_ROUND allows any rounding: SINGLE_ROUND is the one that every later phase knows.
struct ExactRounding : OpRewritePattern<tosa::RescaleOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::RescaleOp op, PatternRewriter &rewriter) const override {
    if (op.getRoundingMode() != tosa::RoundingMode::INEXACT_ROUND)
      return rewriter.notifyMatchFailure(op, "its rounding is exact");
    rewriter.modifyOpInPlace(op, [&] { op.setRoundingMode(tosa::RoundingMode::SINGLE_ROUND); });
    return success();
  }
};

/// Lane operations on constants of one element are computed here: importers write the constant
/// operand of an addition like any other.
struct FoldOneElement : RewritePattern {
  explicit FoldOneElement(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto isOneElement = [](Value value) {
      ElementsAttr elements = constantOf(value);
      return elements && elements.getNumElements() == 1;
    };
    auto type = isLaneOp(op) && op->getNumResults() == 1
                    ? dyn_cast<RankedTensorType>(op->getResult(0).getType())
                    : RankedTensorType();
    if (!type || !type.hasStaticShape() || type.getNumElements() != 1 ||
        op->getNumOperands() == 0 || !isOneElement(op->getOperand(0)) ||
        !llvm::all_of(op->getOperands(), constantOf))
      return rewriter.notifyMatchFailure(op, "it is no scalar computation");
    auto bits = evaluate(op);
    auto value = bits ? toAttribute(*bits, type.getElementType()) : TypedAttr();
    if (!value)
      return rewriter.notifyMatchFailure(op, "it has no lane form");
    rewriter.replaceOpWithNewOp<tosa::ConstOp>(op, type,
                                               DenseElementsAttr::get(type, Attribute(value)));
    return success();
  }

  static std::optional<LaneBits> evaluate(Operation *op) {
    VectorBuilder builder(op->getContext(), op->getLoc());
    Value result = emitLane(builder, op, [&](Value operand) -> Value {
      if (auto number = scalarInt(operand))
        return builder.i32(*number);
      return builder.f32(scalarFloat(operand).value_or(0.0f));
    });
    llvm::DenseMap<Value, LaneBits> known;
    for (Operation &lane : builder.block()) {
      auto operands = llvm::map_to_vector(lane.getOperands(), [&](Value v) { return known[v]; });
      auto bits = evaluateLane(&lane, operands);
      if (!bits)
        return std::nullopt;
      known[lane.getResult(0)] = *bits;
    }
    return result ? std::optional(known[result]) : std::nullopt;
  }

  static TypedAttr toAttribute(LaneBits bits, Type type) {
    if (type.isF32())
      return FloatAttr::get(type, llvm::bit_cast<float>(bits));
    auto integer = dyn_cast<IntegerType>(type);
    if (!integer || integer.getWidth() > 32)
      return {};
    return IntegerAttr::get(type, APInt(32, uint32_t(bits)).trunc(integer.getWidth()));
  }
};

/// A rescale by one between equal zero points of one type.
struct DropIdentityRescale : OpRewritePattern<tosa::RescaleOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::RescaleOp op, PatternRewriter &rewriter) const override {
    auto match = matchRescale(op);
    if (!match || match->perChannel() || op.getInput().getType() != op.getType() ||
        op.getInputUnsigned() != op.getOutputUnsigned() || match->inputZp != match->outputZp ||
        int64_t(match->multipliers[0]) != int64_t(1) << match->shifts[0])
      return rewriter.notifyMatchFailure(op, "it changes values");
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
};

/// A clamp to (at least) the range of its type, or to what a clamp in front of it leaves.
struct MergeClamps : OpRewritePattern<tosa::ClampOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::ClampOp op, PatternRewriter &rewriter) const override {
    auto bounds = clampBounds(op);
    if (!bounds)
      return rewriter.notifyMatchFailure(op, "its bounds are no integers");
    int64_t lo, hi;
    std::tie(lo, hi) = rangeOf(getElementTypeOrSelf(op.getType()));
    if (bounds->first <= lo && bounds->second >= hi) {
      rewriter.replaceOp(op, op.getInput());
      return success();
    }
    auto inner = op.getInput().getDefiningOp<tosa::ClampOp>();
    auto innerBounds = inner ? clampBounds(inner) : std::nullopt;
    if (!innerBounds)
      return rewriter.notifyMatchFailure(op, "its input is not clamped");
    auto merged = [&](int64_t bound) {
      int64_t value = std::clamp(std::clamp(bound, bounds->first, bounds->second), lo, hi);
      return rewriter.getIntegerAttr(getElementTypeOrSelf(op.getType()), value);
    };
    rewriter.replaceOpWithNewOp<tosa::ClampOp>(op, op.getType(), inner.getInput(),
                                               merged(innerBounds->first),
                                               merged(innerBounds->second), op.getNanModeAttr());
    return success();
  }
};

/// saturate(rint(x / scale) + zero_point) of one number, as the custom operator means it.
std::optional<int64_t> quantized(const CustomOp &op, float x) {
  auto scale = op.number("scale");
  auto zp = op.integer("zero_point");
  bool half_even = op.text("rounding") == "half_even";
  if (!scale || !zp || *scale <= 0 || std::isnan(x) ||
      (!half_even && op.text("rounding") != "half_away"))
    return std::nullopt;
  auto [lo, hi] = rangeOf(getElementTypeOrSelf(op.op->getResult(0).getType()));
  float quotient = x / *scale;
  double rounded = half_even ? std::nearbyint(quotient) : std::round(quotient);
  return static_cast<int64_t>(std::clamp<double>(rounded + *zp, lo, hi));
}

/// quantize(clamp(x)) ==> clamp(quantize(x)): quantization never changes an order, so the bounds
/// may be quantized instead, and integers clamped, which epilogues do for nothing.
struct ClampBehindQuantize : OpRewritePattern<tosa::CustomOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::CustomOp op, PatternRewriter &rewriter) const override {
    auto quantize = matchCustom(op, "quantize");
    auto clamp = quantize ? op->getOperand(0).getDefiningOp<tosa::ClampOp>() : tosa::ClampOp();
    auto low = clamp ? dyn_cast<FloatAttr>(clamp.getMinValAttr()) : FloatAttr();
    auto high = clamp ? dyn_cast<FloatAttr>(clamp.getMaxValAttr()) : FloatAttr();
    if (!low || !high || !low.getType().isF32())
      return rewriter.notifyMatchFailure(op, "no f32 clamp in front of a quantize");
    auto lo = quantized(*quantize, low.getValue().convertToFloat());
    auto hi = quantized(*quantize, high.getValue().convertToFloat());
    Type element = getElementTypeOrSelf(op->getResult(0).getType());
    if (!lo || !hi || !element.isSignlessInteger())
      return rewriter.notifyMatchFailure(op, "bounds that cannot be quantized");
    rewriter.setInsertionPointAfter(op);
    auto direct = cast<tosa::CustomOp>(rewriter.clone(*op));
    direct->setOperand(0, clamp.getInput());
    rewriter.replaceOpWithNewOp<tosa::ClampOp>(
        op, direct->getResult(0).getType(), direct->getResult(0),
        rewriter.getIntegerAttr(element, *lo), rewriter.getIntegerAttr(element, *hi),
        clamp.getNanModeAttr());
    return success();
  }
};

struct CanonicalizePass : impl::CanonicalizePassBase<CanonicalizePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateArithmeticPatterns(patterns);
    populateMovementPatterns(patterns);
    populateSlicePatterns(patterns);
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false).setRegionSimplificationLevel(
        GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      getOperation().emitWarning("canonicalization did not settle");
    for (auto func : getOperation().getOps<func::FuncOp>())
      mergeQuantizers(func);
  }

  /// Equal quantizations of one tensor are one.
  static void mergeQuantizers(func::FuncOp func) {
    llvm::DenseMap<std::tuple<Value, Attribute, Type>, Operation *> known;
    for (auto op : llvm::make_early_inc_range(func.getOps<tosa::CustomOp>())) {
      if (!matchCustom(op, "quantize"))
        continue;
      auto key = std::tuple(op->getOperand(0), Attribute(op.getImplementationAttrsAttr()),
                            op->getResult(0).getType());
      auto [found, isNew] = known.try_emplace(key, op);
      if (isNew || !found->second->isBeforeInBlock(op))
        continue;
      op->replaceAllUsesWith(found->second);
      op->erase();
    }
  }
};

} // namespace

void populateArithmeticPatterns(RewritePatternSet &patterns) {
  patterns
      .add<FoldOneElement, ExactRounding, DropIdentityRescale, MergeClamps, ClampBehindQuantize>(
          patterns.getContext());
}

} // namespace afe

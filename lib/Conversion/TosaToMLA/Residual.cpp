// Moves a quantized addition into the epilogue of the convolution that produces one of its operands
// and has no other user: the OUTPUT engine adds the residual for nothing. Both arithmetics are
// recognised: LiteRT's (rescale both, add, rescale) and the f32 one of QDQ graphs (dequantize both,
// add, quantize). Where an activation that is a table stands between the two, OUTPUT looks it up
// first.

#include "Conversion/TosaToMLA/Cluster.h"
#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Epilogue.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/LaneTables.h"
#include "Conversion/TosaToMLA/Lanes.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace afe {
namespace {

/// One operand of the addition: how the 8-bit tensor `source` enters the sum.
struct Term {
  Value source;
  int64_t zp = 0;
  int32_t multiplier = 0; ///< or f32 bits
  int32_t shift = 0;
  int32_t leftShift = 0;
};

/// The recognised addition and the value it replaces.
struct Sum {
  mla::ResidualMode mode = mla::ResidualMode::litert_add;
  Term terms[2];
  int32_t multiplier = 0, shift = 0; ///< of the sum; f32_add: bits of the scale that divides
  int64_t zp = 0, lo = -128, hi = 127;
  Value result;
};

/// Per-tensor rescale that rounds as LiteRT's double rounding does (up to shift 31 both agree).
std::optional<Requantization> matchDoubleRescale(Value value) {
  auto op = value.getDefiningOp<tosa::RescaleOp>();
  auto match = op ? matchRescale(op) : std::nullopt;
  if (!match || match->perChannel())
    return std::nullopt;
  if (match->mode != mla::RequantMode::double_round && match->shifts[0] > 31)
    return std::nullopt;
  return match;
}

/// rescale(x), or rescale(x << k) with the shift written as a rescale by 2^k.
std::optional<Term> matchLitertTerm(Value value) {
  auto match = value.hasOneUse() ? matchDoubleRescale(value) : std::nullopt;
  if (!match || match->outputZp != 0 || !getElementTypeOrSelf(value.getType()).isInteger(32))
    return std::nullopt;
  Term term;
  term.multiplier = match->multipliers[0];
  term.shift = match->shifts[0];
  term.zp = match->inputZp;
  term.source = cast<tosa::RescaleOp>(value.getDefiningOp()).getInput();
  if (isByteTensor(term.source))
    return term;
  auto shifted = term.source.hasOneUse() ? matchDoubleRescale(term.source) : std::nullopt;
  if (!shifted || term.zp != 0 || shifted->outputZp != 0 ||
      !llvm::isPowerOf2_32(shifted->multipliers[0]))
    return std::nullopt;
  term.leftShift = llvm::Log2_32(shifted->multipliers[0]) - shifted->shifts[0];
  term.zp = shifted->inputZp;
  term.source = cast<tosa::RescaleOp>(term.source.getDefiningOp()).getInput();
  if (!isByteTensor(term.source) || term.leftShift < 0 || term.leftShift > 22)
    return std::nullopt;
  return term;
}

/// rescale(a) + rescale(b) -> rescale -> [clamp].
std::optional<Sum> matchLitertAdd(tosa::AddOp add) {
  auto first = matchLitertTerm(add.getInput1()), second = matchLitertTerm(add.getInput2());
  auto match = first && second ? matchRequantization(add.getOutput()) : std::nullopt;
  if (!match || match->perChannel() || match->inputZp != 0 || first->leftShift != second->leftShift)
    return std::nullopt;
  if (match->mode == mla::RequantMode::f32_rne ||
      (match->mode == mla::RequantMode::single_round && match->shifts[0] > 31))
    return std::nullopt;
  Sum sum;
  sum.mode = mla::ResidualMode::litert_add;
  sum.terms[0] = *first;
  sum.terms[1] = *second;
  sum.multiplier = match->multipliers[0];
  sum.shift = match->shifts[0];
  sum.zp = match->outputZp;
  sum.lo = match->lo;
  sum.hi = match->hi;
  sum.result = match->result;
  return sum;
}

std::optional<Term> matchFloatTerm(Value value) {
  auto custom = matchCustom(value.getDefiningOp(), "dequantize");
  auto scale = custom ? custom->number("scale") : std::nullopt;
  auto zp = custom ? custom->integer("zero_point") : std::nullopt;
  if (!scale || !zp || !isByteTensor(custom->op.getOperand(0)))
    return std::nullopt;
  Term term;
  term.source = custom->op.getOperand(0);
  term.zp = *zp;
  term.multiplier = bitsOf(*scale);
  return term;
}

/// dequantize(a) + dequantize(b) -> quantize (half to even) -> [clamp].
std::optional<Sum> matchFloatAdd(tosa::AddOp add) {
  auto first = matchFloatTerm(add.getInput1()), second = matchFloatTerm(add.getInput2());
  auto quantize =
      first && second ? matchCustom(onlyUser(add.getOutput()), "quantize") : std::nullopt;
  auto scale = quantize ? quantize->number("scale") : std::nullopt;
  auto zp = quantize ? quantize->integer("zero_point") : std::nullopt;
  if (!scale || !zp || quantize->text("rounding") != "half_even" ||
      !isByteTensor(quantize->op.getResult(0)))
    return std::nullopt;
  Sum sum;
  sum.mode = mla::ResidualMode::f32_add;
  sum.terms[0] = *first;
  sum.terms[1] = *second;
  sum.multiplier = bitsOf(*scale);
  sum.zp = *zp;
  sum.result = quantize->op.getResult(0);
  std::tie(sum.lo, sum.hi) = rangeOf(getElementTypeOrSelf(sum.result.getType()));
  if (auto clamp = dyn_cast_or_null<tosa::ClampOp>(onlyUser(sum.result)))
    if (auto bounds = clampBounds(clamp)) {
      std::tie(sum.lo, sum.hi) = *bounds;
      sum.result = clamp.getOutput();
    }
  return sum;
}

/// The convolution's result behind `source`: itself, or what a reshape for the addition alone
/// reshapes.
Value behindReshape(Value source) {
  auto reshape = source.getDefiningOp<tosa::ReshapeOp>();
  return reshape && source.hasOneUse() ? reshape.getInput1() : source;
}

/// A convolution's result and the function of it that is added.
struct Operand {
  Value convolution;
  DenseI8ArrayAttr table; ///< null: itself
};

/// The 8-bit tensor that alone `source` is computed from element by element, by operations that
/// nothing else uses: with the table of that function. `source` itself where it is not found.
Operand behindFunction(Value source, ConstantPool &constants) {
  constexpr size_t kMostOps = 32;
  Operation *root = source.getDefiningOp();
  if (!isLaneOp(root) || !elementOf(source).isInteger(8) || !source.hasOneUse())
    return {source, {}};
  Cluster cluster(root);
  auto inner = [&](Value leaf) {
    Operation *op = leaf.getDefiningOp();
    return isLaneOp(op) && !reducedAxis(op) && cluster.ownsAllUsers(leaf);
  };
  for (SmallVector<Value> leaves = cluster.leaves(); cluster.getOps().size() < kMostOps;
       leaves = cluster.leaves()) {
    auto next = llvm::find_if(leaves, inner);
    if (next == leaves.end())
      break;
    cluster = cluster.with(next->getDefiningOp());
  }
  SmallVector<Value> leaves = cluster.leaves();
  if (leaves.size() != 1 || !cluster.ownsAllUsers(leaves[0]) || !isByteTensor(leaves[0]))
    return {source, {}};
  ClusterEmission emission(cluster, constants);
  if (!emission.run())
    return {source, {}};
  mla::VectorOp program = emission.create();
  auto table = tableOf(program);
  program.erase();
  if (!table)
    return {source, {}};
  return {leaves[0], DenseI8ArrayAttr::get(source.getContext(), *table)};
}

/// Whether `op` is a convolution whose epilogue has room for the addition.
bool acceptsResidual(Operation *op, Value residual) {
  if (!isa_and_nonnull<mla::Conv2DOp, mla::DepthwiseConv2DOp, mla::TransposeConv2DOp>(op))
    return false;
  auto requant = op->getAttrOfType<mla::RequantAttr>("requant");
  return requant.getMode() != mla::RequantMode::none && !op->getAttr("table") &&
         !op->getAttr("residual_add") && isByteTensor(op->getResult(0)) &&
         cast<RankedTensorType>(op->getResult(0).getType()).getNumElements() ==
             cast<RankedTensorType>(residual.getType()).getNumElements();
}

/// Erases `op`, and then what it alone used.
void eraseUnused(Operation *op) {
  if (!op || !op->use_empty() || isa<mla::MLADialect>(op->getDialect()))
    return;
  SmallVector<Value> operands(op->getOperands());
  op->erase();
  for (Value operand : operands)
    eraseUnused(operand.getDefiningOp());
}

/// Adds operand `residual` and the attributes to the convolution (of whose result `selfTable`,
/// where there is one, is the function that is added), which moves down to `add`: the residual may
/// be computed between the two.
template <typename OpTy>
void fuseInto(OpTy conv, const Sum &sum, const Term &self, const Term &residual,
              DenseI8ArrayAttr selfTable, Operation *add) {
  auto shape = cast<RankedTensorType>(conv.getOutput().getType()).getShape();
  OpBuilder atAdd(add);
  Value source = residual.source;
  if (ElementsAttr elements = constantOf(source))
    source = mla::ConstOp::create(atAdd, add->getLoc(), elements.getType(), elements);
  conv.getResidualMutable().assign(reshapeTo(atAdd, add->getLoc(), source, shape));
  conv.setResidualAddAttr(
      mla::ResidualAttr::get(conv.getContext(), sum.mode, self.zp, self.multiplier, self.shift,
                             residual.zp, residual.multiplier, residual.shift, sum.multiplier,
                             sum.shift, sum.zp, self.leftShift, sum.lo, sum.hi, selfTable));
  auto table = selfTable ? tosa::TableOp() : dyn_cast_or_null<tosa::TableOp>(onlyUser(sum.result));
  auto entries = table ? machineTable(table) : std::nullopt;
  Value last = entries ? Value(table.getOutput()) : sum.result;
  if (entries)
    conv.setTableAttr(DenseI8ArrayAttr::get(conv.getContext(), *entries));
  OpBuilder builder(conv);
  Location loc = chainLocation(add->getResult(0), last);
  conv->setLoc(builder.getFusedLoc({conv.getLoc(), loc}));
  conv->moveBefore(add);
  Value output = conv.getOutput();
  auto type = cast<RankedTensorType>(last.getType());
  output.setType(type.clone(shape));
  last.replaceAllUsesWith(reshapeTo(atAdd, add->getLoc(), output, type.getShape()));
  if (selfTable) // the function's operations still use the convolution
    eraseUnused(last.getDefiningOp());
}

bool fuse(tosa::AddOp add, ConstantPool &constants) {
  auto sum = matchLitertAdd(add);
  if (!sum)
    sum = matchFloatAdd(add);
  if (!sum || sum->terms[0].source == sum->terms[1].source)
    return false;
  // Of two candidates the later one: the other is finished when it starts.
  Operation *first = sum->terms[0].source.getDefiningOp();
  Operation *second = sum->terms[1].source.getDefiningOp();
  int chosen = first && second && second->isBeforeInBlock(first) ? 0 : 1;
  for (int attempt = 0; attempt < 2; ++attempt, chosen = 1 - chosen) {
    const Term &term = sum->terms[chosen], &residual = sum->terms[1 - chosen];
    Operand operand = behindFunction(term.source, constants);
    DenseI8ArrayAttr selfTable = operand.table;
    Value self = behindReshape(operand.convolution);
    Operation *conv = self.getDefiningOp();
    bool alone = selfTable || self.hasOneUse();
    if (!alone || !term.source.hasOneUse() || !acceptsResidual(conv, residual.source))
      continue;
    llvm::TypeSwitch<Operation *>(conv)
        .Case<mla::Conv2DOp, mla::DepthwiseConv2DOp, mla::TransposeConv2DOp>(
            [&](auto op) { fuseInto(op, *sum, term, residual, selfTable, add); });
    return true;
  }
  return false;
}

} // namespace

void fuseResiduals(func::FuncOp func, ConstantPool &constants) {
  SmallVector<tosa::AddOp> adds(func.getBody().front().getOps<tosa::AddOp>());
  for (tosa::AddOp add : adds)
    fuse(add, constants);
  eraseDead(func);
}

} // namespace afe

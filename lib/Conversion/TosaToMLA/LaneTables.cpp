// Scalar evaluation of vector programs and their tabulation; see LaneTables.h. The arithmetic is
// that of lib/Encoding/Micro.def.

#include "Conversion/TosaToMLA/LaneTables.h"
#include "Conversion/TosaToMLA/Tensors.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace mlir;

namespace afe {
namespace {

float asFloat(LaneBits bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

LaneBits wrap(int64_t value) { return static_cast<LaneBits>(static_cast<uint64_t>(value)); }

LaneBits saturate(int64_t value) {
  return static_cast<LaneBits>(std::clamp<int64_t>(value, std::numeric_limits<int32_t>::min(),
                                                   std::numeric_limits<int32_t>::max()));
}

LaneBits floatToInt(float value, mla::FloatRounding rounding) {
  if (std::isnan(value))
    return 0;
  double wide = value;
  if (rounding == mla::FloatRounding::half_even)
    wide = std::nearbyint(wide);
  else
    wide = rounding == mla::FloatRounding::floor ? std::floor(wide) : std::trunc(wide);
  if (wide <= -2147483648.0)
    return std::numeric_limits<int32_t>::min();
  return wide >= 2147483647.0 ? std::numeric_limits<int32_t>::max() : static_cast<int32_t>(wide);
}

/// TOSA's apply_scale_32, or the f32 scale rounded half to even.
int64_t scaled(int32_t value, mla::RequantMode mode, int32_t multiplier, int32_t shift) {
  if (mode == mla::RequantMode::f32_rne)
    return floatToInt(static_cast<float>(value) * asFloat(multiplier),
                      mla::FloatRounding::half_even);
  int64_t round = int64_t(1) << (shift - 1);
  if (mode == mla::RequantMode::double_round && shift > 31)
    round += value >= 0 ? int64_t(1) << 30 : -(int64_t(1) << 30);
  return (int64_t(value) * multiplier + round) >> shift;
}

template <typename T> bool holds(mla::ComparePredicate predicate, T a, T b) {
  switch (predicate) {
  case mla::ComparePredicate::eq:
    return a == b;
  case mla::ComparePredicate::gt:
    return a > b;
  case mla::ComparePredicate::ge:
    return a >= b;
  }
  return false;
}

template <typename OpTy> bool isFloatOp(OpTy op) { return op.getType().isF32(); }

/// An operation defined on both lane types.
template <typename OpTy, typename IntFn, typename FloatFn>
LaneBits polymorphic(OpTy op, ArrayRef<LaneBits> x, IntFn onInts, FloatFn onFloats) {
  if (isFloatOp(op))
    return bitsOf(onFloats(asFloat(x[0]), asFloat(x[1])));
  return wrap(onInts(int64_t(x[0]), int64_t(x[1])));
}

LaneBits shiftedRight(mla::VShrOp op, ArrayRef<LaneBits> x) {
  int amount = x[1] & 31;
  int32_t carry = op.getRound() && amount ? (x[0] >> (amount - 1)) & 1 : 0;
  return (x[0] >> amount) + carry;
}

LaneBits constantBits(mla::VConstOp op) {
  if (auto number = dyn_cast<FloatAttr>(op.getValue()))
    return bitsOf(number.getValue().convertToFloat());
  return wrap(cast<IntegerAttr>(op.getValue()).getInt());
}

using Result = std::optional<LaneBits>;

Result evaluateIntegers(Operation *op, ArrayRef<LaneBits> x) {
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](mla::VShlOp) { return wrap(int64_t(uint32_t(x[0])) << (x[1] & 31)); })
      .Case([&](mla::VLshrOp) { return wrap(uint32_t(x[0]) >> (x[1] & 31)); })
      .Case([&](mla::VShrOp shift) { return shiftedRight(shift, x); })
      .Case([&](mla::VAndOp) { return x[0] & x[1]; })
      .Case([&](mla::VOrOp) { return x[0] | x[1]; })
      .Case([&](mla::VXorOp) { return x[0] ^ x[1]; })
      .Case([&](mla::VAbsOp) { return wrap(std::abs(int64_t(x[0]))); })
      .Case([&](mla::VClzOp) { return x[0] ? __builtin_clz(uint32_t(x[0])) : 32; })
      .Case([&](mla::VClampOp clamp) {
        return std::min(std::max(x[0], int32_t(clamp.getLo())), int32_t(clamp.getHi()));
      })
      .Case([&](mla::VMulShiftOp mul) {
        int64_t shift = mul.getShift(), product = int64_t(x[0]) * x[1];
        return wrap(shift ? (product + (int64_t(1) << (shift - 1))) >> shift : product);
      })
      .Case([&](mla::VRescaleOp rescale) {
        int64_t value =
            scaled(x[0], rescale.getMode(), rescale.getMultiplier(), rescale.getShift());
        return saturate(value + int32_t(rescale.getZp()));
      })
      .Case([&](mla::VTable8Op table) { return LaneBits(table.getTable()[x[0] & 255]); })
      .Case([&](mla::VTable32Op table) { return LaneBits(table.getTable()[x[0] & 255]); })
      .Default([](Operation *) { return Result(); });
}

/// Functions without a micro-operation, which only tables can hold.
Result evaluateFunction(Operation *op, ArrayRef<LaneBits> x) {
  auto function = [&](float (*f)(float)) { return Result(bitsOf(f(asFloat(x[0])))); };
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](math::ExpOp) { return function(std::exp); })
      .Case([&](math::LogOp) { return function(std::log); })
      .Case([&](math::TanhOp) { return function(std::tanh); })
      .Case([&](math::ErfOp) { return function(std::erf); })
      .Case([&](math::SinOp) { return function(std::sin); })
      .Case([&](math::CosOp) { return function(std::cos); })
      .Case([&](math::FloorOp) { return function(std::floor); })
      .Case([&](math::CeilOp) { return function(std::ceil); })
      .Case([&](math::PowFOp) { return bitsOf(std::pow(asFloat(x[0]), asFloat(x[1]))); })
      .Default([](Operation *) { return Result(); });
}

Result evaluateMixed(Operation *op, ArrayRef<LaneBits> x) {
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](mla::VConstOp constant) { return constantBits(constant); })
      .Case([&](mla::VAddOp add) {
        return polymorphic(add, x, std::plus<int64_t>(), std::plus<float>());
      })
      .Case([&](mla::VSubOp sub) {
        return polymorphic(sub, x, std::minus<int64_t>(), std::minus<float>());
      })
      .Case([&](mla::VMulOp mul) {
        return polymorphic(mul, x, std::multiplies<int64_t>(), std::multiplies<float>());
      })
      .Case([&](mla::VMinOp min) {
        return polymorphic(
            min, x, [](int64_t a, int64_t b) { return std::min(a, b); },
            [](float a, float b) { return std::min(a, b); });
      })
      .Case([&](mla::VMaxOp max) {
        return polymorphic(
            max, x, [](int64_t a, int64_t b) { return std::max(a, b); },
            [](float a, float b) { return std::max(a, b); });
      })
      .Case([&](mla::VDivOp) { return bitsOf(asFloat(x[0]) / asFloat(x[1])); })
      .Case([&](mla::VSqrtOp) { return bitsOf(std::sqrt(asFloat(x[0]))); })
      .Case([&](mla::VIntToFloatOp) { return bitsOf(static_cast<float>(x[0])); })
      .Case([&](mla::VFloatToIntOp cast) { return floatToInt(asFloat(x[0]), cast.getRounding()); })
      .Case([&](mla::VCmpOp cmp) {
        bool isFloat = cmp.getA().getType().isF32();
        return LaneBits(isFloat ? holds(cmp.getPredicate(), asFloat(x[0]), asFloat(x[1]))
                                : holds(cmp.getPredicate(), x[0], x[1]));
      })
      .Case([&](mla::VSelectOp) { return x[0] ? x[1] : x[2]; })
      .Default([](Operation *) { return Result(); });
}

/// The results of one lane for all 256 values of an 8-bit input, indexed by the byte.
using Column = SmallVector<LaneBits, 256>;
using Columns = llvm::DenseMap<Value, Column>;

Column inputColumn(bool isUnsigned) {
  Column column(256);
  for (int index = 0; index < 256; ++index)
    column[index] = isUnsigned ? index : static_cast<int8_t>(index);
  return column;
}

/// Adds the column of `op`; false where an operand has none or the operation is none of one
/// element.
bool addColumn(Operation *op, Columns &columns) {
  SmallVector<const Column *> operands;
  for (Value operand : op->getOperands()) {
    auto found = columns.find(operand);
    if (found == columns.end())
      return false;
    operands.push_back(&found->second);
  }
  Column column(256);
  SmallVector<LaneBits> bits(operands.size());
  if (auto constant = operands.empty() ? afe::evaluateLane(op, {}) : std::nullopt) {
    columns[op->getResult(0)] = Column(256, *constant);
    return true;
  }
  for (int index = 0; index < 256; ++index) {
    for (size_t i = 0; i < operands.size(); ++i)
      bits[i] = (*operands[i])[index];
    auto result = afe::evaluateLane(op, bits);
    if (!result)
      return false;
    column[index] = *result;
  }
  columns[op->getResult(0)] = std::move(column);
  return true;
}

/// What a lane value depends on, and what it costs to compute it.
struct Dependence {
  static constexpr int kNone = -1, kMixed = -2;
  int argument = kNone; ///< index of the only block argument, or one of the above
  int cost = 0;         ///< micro-operations, constants not counted
  bool isFunction = false;
};

/// Works out dependences of a block's values in order, then tabulates.
class TableFolder {
public:
  TableFolder(Block &block, ValueRange tensors) : block(block), tensors(tensors) {}
  void run();

private:
  Dependence dependenceOf(Value value) const;
  Dependence combine(Operation &op) const;
  bool isUnary(Value value) const;
  bool isMaximal(Operation &op) const;
  std::optional<Column> tabulate(Value value);
  void replace(Operation &op);

  Block &block;
  ValueRange tensors;
  llvm::DenseMap<Value, Dependence> dependences;
  llvm::DenseMap<int, Columns> columnsOf; ///< by block argument
};

Dependence TableFolder::dependenceOf(Value value) const {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    int index = argument.getArgNumber();
    bool byte = isByteType(getElementTypeOrSelf(tensors[index].getType()));
    return {byte ? index : Dependence::kMixed};
  }
  return dependences.lookup(value);
}

Dependence TableFolder::combine(Operation &op) const {
  Dependence result;
  if (readsWholeOperand(&op) || isa<mla::VReduceOp, mla::VRescaleChannelOp, mla::VTable16Op>(op))
    result.argument = Dependence::kMixed;
  bool isLane = isa<mla::MLADialect>(op.getDialect());
  result.isFunction = !isLane;
  result.cost = isa<mla::VConstOp>(op) ? 0 : isa<mla::VDivOp, mla::VSqrtOp>(op) ? 8 : 1;
  for (Value operand : op.getOperands()) {
    Dependence other = dependenceOf(operand);
    result.cost += other.cost;
    result.isFunction |= other.isFunction;
    if (result.argument == Dependence::kNone)
      result.argument = other.argument;
    else if (other.argument != Dependence::kNone && other.argument != result.argument)
      result.argument = Dependence::kMixed;
  }
  return result;
}

bool TableFolder::isUnary(Value value) const { return dependenceOf(value).argument >= 0; }

/// Whether something that is not itself a function of the same one argument uses the result.
bool TableFolder::isMaximal(Operation &op) const {
  return llvm::any_of(op.getUsers(), [&](Operation *user) {
    return isa<mla::VYieldOp>(user) || user->getNumResults() == 0 || !isUnary(user->getResult(0));
  });
}

std::optional<Column> TableFolder::tabulate(Value value) {
  int argument = dependenceOf(value).argument;
  Columns &columns = columnsOf[argument];
  if (columns.empty()) {
    Type element = getElementTypeOrSelf(tensors[argument].getType());
    columns[block.getArgument(argument)] = inputColumn(element.isUnsignedInteger(8));
    for (Operation &op : block.without_terminator())
      if (isa<mla::VConstOp>(op) ||
          (isUnary(op.getResult(0)) && dependenceOf(op.getResult(0)).argument == argument))
        addColumn(&op, columns);
  }
  auto found = columns.find(value);
  return found == columns.end() ? std::nullopt : std::optional(found->second);
}

void TableFolder::replace(Operation &op) {
  auto table = tabulate(op.getResult(0));
  if (!table)
    return;
  OpBuilder builder(&op);
  Value argument = block.getArgument(dependenceOf(op.getResult(0)).argument);
  Type type = op.getResult(0).getType();
  bool fitsByte = type.isInteger(32) && llvm::all_of(*table, [](LaneBits entry) {
                    return entry >= -128 && entry <= 127;
                  });
  Value result;
  if (fitsByte) {
    auto bytes = llvm::map_to_vector(*table, [](LaneBits entry) { return int8_t(entry); });
    result = mla::VTable8Op::create(builder, op.getLoc(), type, argument, bytes);
  } else {
    result = mla::VTable32Op::create(builder, op.getLoc(), type, argument, *table);
  }
  dependences[result] = {dependenceOf(op.getResult(0)).argument, 1, false};
  op.getResult(0).replaceAllUsesWith(result);
}

void TableFolder::run() {
  SmallVector<Operation *> candidates;
  for (Operation &op : block.without_terminator())
    if (op.getNumResults() == 1)
      dependences[op.getResult(0)] = combine(op);
  for (Operation &op : block.without_terminator()) {
    const Dependence &dependence = dependences[op.getResult(0)];
    bool worth = dependence.cost > 1 || dependence.isFunction;
    if (dependence.argument >= 0 && worth && isMaximal(op))
      candidates.push_back(&op);
  }
  for (Operation *op : candidates)
    replace(*op);
}

} // namespace

bool readsWholeOperand(Operation *op) {
  return isa<mla::VWindowSumOp, mla::VWindowMaxOp, mla::VWindowCountOp, mla::VRowOp, mla::VColOp,
             mla::VChannelOp, mla::VGatherBilinearOp, mla::VGatherLinearOp, mla::VGatherNearestOp>(
      op);
}

std::optional<LaneBits> evaluateLane(Operation *op, ArrayRef<LaneBits> operands) {
  if (auto bits = evaluateMixed(op, operands))
    return bits;
  if (auto bits = evaluateIntegers(op, operands))
    return bits;
  return evaluateFunction(op, operands);
}

void foldTables(Block &block, ValueRange tensors) { TableFolder(block, tensors).run(); }

std::optional<SmallVector<int8_t>> tableOf(mla::VectorOp op) {
  auto byteTensor = [](Value value) { return isByteType(getElementTypeOrSelf(value.getType())); };
  if (op.getInputs().size() != 1 || op.getOutputs().size() != 1 || op.getWindow() ||
      !byteTensor(op.getInputs()[0]) || !byteTensor(op.getOutputs()[0]) ||
      cast<ShapedType>(op.getInputs()[0].getType()).getShape() !=
          cast<ShapedType>(op.getOutputs()[0].getType()).getShape())
    return std::nullopt;
  Block &block = op.getBody().front();
  Columns columns;
  Type element = getElementTypeOrSelf(op.getInputs()[0].getType());
  columns[block.getArgument(0)] = inputColumn(element.isUnsignedInteger(8));
  for (Operation &lane : block.without_terminator())
    if (!addColumn(&lane, columns))
      return std::nullopt;
  const Column &result = columns[block.getTerminator()->getOperand(0)];
  return llvm::map_to_vector(result, [](LaneBits entry) { return static_cast<int8_t>(entry); });
}

} // namespace afe

// Matchers of quantized arithmetic written in TOSA; see Idioms.h.

#include "Conversion/TosaToMLA/Idioms.h"

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Tensors.h"
#include "mlir/AsmParser/AsmParser.h"

using namespace mlir;

namespace afe {

Operation *onlyUser(Value value) { return value.hasOneUse() ? *value.getUsers().begin() : nullptr; }

std::pair<int64_t, int64_t> rangeOf(Type elementType) {
  auto type = cast<IntegerType>(elementType);
  unsigned width = type.getWidth();
  if (width == 1)
    return {0, 1};
  if (type.isUnsigned())
    return {0, (int64_t(1) << width) - 1};
  return {-(int64_t(1) << (width - 1)), (int64_t(1) << (width - 1)) - 1};
}

std::optional<std::pair<int64_t, int64_t>> clampBounds(tosa::ClampOp op) {
  auto low = dyn_cast<IntegerAttr>(op.getMinValAttr());
  auto high = dyn_cast<IntegerAttr>(op.getMaxValAttr());
  if (!low || !high)
    return std::nullopt;
  bool isUnsigned = cast<IntegerType>(low.getType()).isUnsigned();
  auto value = [&](IntegerAttr attr) {
    return isUnsigned ? static_cast<int64_t>(attr.getValue().getZExtValue())
                      : attr.getValue().getSExtValue();
  };
  if (value(low) > value(high))
    return std::nullopt;
  return std::pair(value(low), value(high));
}

//===-- requantization ----------------------------------------------------------------------===//

static bool isNarrow(Type type, bool asUnsigned, std::pair<int64_t, int64_t> &range) {
  auto element = dyn_cast<IntegerType>(getElementTypeOrSelf(type));
  if (!element || element.getWidth() > 32 || element.getWidth() == 1)
    return false;
  range = rangeOf(element);
  if (asUnsigned)
    range = {0, (int64_t(1) << element.getWidth()) - 1};
  return true;
}

std::optional<Requantization> matchRescale(tosa::RescaleOp op) {
  auto multipliers = readInts(op.getMultiplier()), shifts = readInts(op.getShift());
  auto inputZp = scalarInt(op.getInputZp()), outputZp = scalarInt(op.getOutputZp());
  std::pair<int64_t, int64_t> range;
  if (!multipliers || !shifts || !inputZp || !outputZp || !op.getScale32() ||
      multipliers->size() != shifts->size() || multipliers->empty() ||
      !isNarrow(op.getType(), op.getOutputUnsigned(), range))
    return std::nullopt;
  if (!llvm::all_of(*shifts, [](int64_t shift) { return shift >= 2 && shift <= 62; }))
    return std::nullopt;
  Requantization match;
  bool isDouble = op.getRoundingMode() == tosa::RoundingMode::DOUBLE_ROUND;
  match.mode = isDouble ? mla::RequantMode::double_round : mla::RequantMode::single_round;
  match.multipliers.assign(multipliers->begin(), multipliers->end());
  match.shifts.assign(shifts->begin(), shifts->end());
  match.inputZp = *inputZp;
  match.outputZp = *outputZp;
  std::tie(match.lo, match.hi) = range;
  match.result = op.getOutput();
  return match;
}

template <typename OpTy> static OpTy onlyUserAs(Value value, Type elementType = {}) {
  auto op = dyn_cast_or_null<OpTy>(onlyUser(value));
  if (!op || (elementType && getElementTypeOrSelf(op->getResult(0).getType()) != elementType))
    return {};
  return op;
}

/// The operand of a two-operand operation that is not `known`.
static Value otherOperand(Operation *op, Value known) {
  return op->getOperand(0) == known ? op->getOperand(1) : op->getOperand(0);
}

/// Whether a constant's shape spans the last dimension at most, so that it is per channel.
static bool isPerChannel(Value constant) {
  auto shape = cast<RankedTensorType>(constant.getType()).getShape();
  return llvm::all_of(shape.drop_back(shape.empty() ? 0 : 1), [](int64_t n) { return n == 1; });
}

/// cast f32 -> mul -> cast i32 -> [add zero point] -> clamp -> cast i8.
static std::optional<Requantization> matchFloatRequantization(Value accumulator) {
  Builder builder(accumulator.getContext());
  auto toFloat = onlyUserAs<tosa::CastOp>(accumulator, builder.getF32Type());
  auto mul = toFloat ? onlyUserAs<tosa::MulOp>(toFloat.getOutput()) : tosa::MulOp();
  if (!mul || mul.getType() != toFloat.getType())
    return std::nullopt;
  Value scale = otherOperand(mul, toFloat.getOutput());
  auto scales = readFloats(scale);
  auto toInt = onlyUserAs<tosa::CastOp>(mul.getOutput(), builder.getI32Type());
  if (!scales || !isPerChannel(scale) || !toInt)
    return std::nullopt;
  Requantization match;
  match.mode = mla::RequantMode::f32_rne;
  match.multipliers = llvm::map_to_vector(*scales, bitsOf);
  if (llvm::all_equal(match.multipliers))
    match.multipliers.resize(1);
  Value last = toInt.getOutput();
  if (auto add = onlyUserAs<tosa::AddOp>(last)) {
    auto zp = scalarInt(otherOperand(add, last));
    if (!zp || add.getType() != last.getType())
      return std::nullopt;
    match.outputZp = *zp;
    last = add.getOutput();
  }
  auto clamp = onlyUserAs<tosa::ClampOp>(last);
  auto bounds = clamp ? clampBounds(clamp) : std::nullopt;
  auto narrow =
      clamp ? onlyUserAs<tosa::CastOp>(clamp.getOutput(), builder.getI8Type()) : tosa::CastOp();
  if (!bounds || !narrow || bounds->first < -128 || bounds->second > 127)
    return std::nullopt;
  std::tie(match.lo, match.hi) = *bounds;
  match.result = narrow.getOutput();
  return match;
}

std::optional<Requantization> matchRequantization(Value accumulator) {
  std::optional<Requantization> match;
  if (auto rescale = onlyUserAs<tosa::RescaleOp>(accumulator))
    match = rescale.getInput() == accumulator ? matchRescale(rescale) : std::nullopt;
  else
    match = matchFloatRequantization(accumulator);
  while (match) {
    auto clamp = onlyUserAs<tosa::ClampOp>(match->result);
    auto bounds = clamp ? clampBounds(clamp) : std::nullopt;
    if (!bounds)
      break;
    match->lo = std::clamp(match->lo, bounds->first, bounds->second);
    match->hi = std::clamp(match->hi, bounds->first, bounds->second);
    match->result = clamp.getOutput();
  }
  return match;
}

int64_t signednessShift(tosa::RescaleOp op) {
  auto match = matchRescale(op);
  if (!match || match->perChannel() ||
      int64_t(match->multipliers[0]) != (int64_t(1) << match->shifts[0]))
    return 0;
  Type from = getElementTypeOrSelf(op.getInput().getType());
  Type to = getElementTypeOrSelf(op.getType());
  int64_t shift = match->outputZp - match->inputZp;
  // Signless tensors with an unsigned flag hold bits that the layer operations would misread.
  bool fromUnsigned = from.isUnsignedInteger(8), toUnsigned = to.isUnsignedInteger(8);
  if ((!fromUnsigned && !from.isInteger(8)) || (!toUnsigned && !to.isInteger(8)) ||
      op.getInputUnsigned() != fromUnsigned || op.getOutputUnsigned() != toUnsigned)
    return 0;
  if (fromUnsigned && !toUnsigned && shift == -128)
    return shift;
  return !fromUnsigned && toUnsigned && shift == 128 ? shift : 0;
}

std::optional<SmallVector<int8_t>> machineTable(tosa::TableOp op) {
  auto values = readInts(op.getTable());
  if (!values || values->size() != 256 || !getElementTypeOrSelf(op.getType()).isInteger(8))
    return std::nullopt;
  SmallVector<int8_t> table(256);
  for (int index = 0; index < 256; ++index)
    table[index] = static_cast<int8_t>((*values)[(index + 128) & 255]);
  return table;
}

//===-- custom operators --------------------------------------------------------------------===//

bool hasDefinedForm(tosa::CustomOp op) {
  struct Form {
    StringRef name;
    unsigned operands;
    bool fromFloat, toFloat;
    unsigned results = 1;
  };
  constexpr Form forms[] = {{"quantize", 1, true, false},
                            {"dequantize", 1, false, true},
                            {"div_f32", 2, true, true},
                            {"sqrt_f32", 1, true, true},
                            {"qdq.lookup", 2, false, true},
                            {"qdq.softmax", 2, false, true},
                            {"litert.softmax", 1, false, false},
                            {"litert.average_pool_2d", 1, false, false},
                            {"litert.resize_bilinear", 1, false, false},
                            {"litert.resize_nearest", 1, false, false},
                            {"litert.detection_postprocess", 3, true, true, 4}};
  if (op.getDomainName() != "afe")
    return false;
  const Form *form = llvm::find_if(
      forms, [&](const Form &candidate) { return candidate.name == op.getOperatorName(); });
  return form != std::end(forms) && op->getNumOperands() == form->operands &&
         op->getNumResults() == form->results &&
         elementOf(op->getOperand(0)).isF32() == form->fromFloat &&
         elementOf(op->getResult(0)).isF32() == form->toFloat;
}

std::optional<CustomOp> matchCustom(Operation *op, StringRef name) {
  auto custom = dyn_cast_or_null<tosa::CustomOp>(op);
  if (!custom || !hasDefinedForm(custom) || (!name.empty() && custom.getOperatorName() != name))
    return std::nullopt;
  DictionaryAttr facts = DictionaryAttr::get(op->getContext());
  if (!custom.getImplementationAttrs().empty()) {
    // Text that does not parse would print a diagnostic: it is swallowed, the match just fails.
    ScopedDiagnosticHandler quiet(op->getContext(), [](Diagnostic &) { return success(); });
    facts = dyn_cast_or_null<DictionaryAttr>(
        parseAttribute(custom.getImplementationAttrs(), op->getContext()));
  }
  if (!facts)
    return std::nullopt;
  return CustomOp{custom, facts};
}

std::optional<int64_t> CustomOp::integer(StringRef name) const {
  auto attr = facts.getAs<IntegerAttr>(name);
  return attr ? std::optional(attr.getValue().getSExtValue()) : std::nullopt;
}

std::optional<float> CustomOp::number(StringRef name) const {
  auto attr = facts.getAs<FloatAttr>(name);
  if (!attr || !attr.getType().isF32())
    return std::nullopt;
  return attr.getValue().convertToFloat();
}

std::optional<SmallVector<int64_t>> CustomOp::integers(StringRef name) const {
  if (auto attr = facts.getAs<DenseI64ArrayAttr>(name))
    return SmallVector<int64_t>(attr.asArrayRef());
  return std::nullopt;
}

bool CustomOp::flag(StringRef name) const {
  auto attr = facts.getAs<BoolAttr>(name);
  return attr && attr.getValue();
}

StringRef CustomOp::text(StringRef name) const {
  auto attr = facts.getAs<StringAttr>(name);
  return attr ? attr.getValue() : StringRef();
}

} // namespace afe

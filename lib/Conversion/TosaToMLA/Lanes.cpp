// Lane forms of TOSA's elementwise operations and reductions; see Lanes.h.

#include "Conversion/TosaToMLA/Lanes.h"

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/Tensors.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace afe {
namespace {

using LaneOf = llvm::function_ref<Value(Value)>;

bool isI32(Value value) { return elementOf(value).isInteger(32); }
bool isF32(Value value) { return elementOf(value).isF32(); }
bool isBool(Value value) { return elementOf(value).isInteger(1); }

/// Integers whose value a lane holds, stored as their type says.
bool isNarrowInt(Value value) {
  auto type = dyn_cast<IntegerType>(elementOf(value));
  return type && (type.getWidth() == 8 || type.getWidth() == 16 || type.getWidth() == 32) &&
         !(type.isUnsigned() && type.getWidth() != 8);
}

/// One emission: the builder, the operation's operands as lanes.
struct Emitter {
  VectorBuilder &b;
  LaneOf lane;

  Value rescale(tosa::RescaleOp op);
  Value convert(tosa::CastOp op);
  Value clamp(tosa::ClampOp op);
  Value negate(tosa::NegateOp op);
  Value mul(tosa::MulOp op);
  Value table(tosa::TableOp op);
  Value custom(Operation *op);
  Value lookup(const CustomOp &op);
  Value quantize(const CustomOp &op);
  Value dequantize(const CustomOp &op);
  Value reduction(Operation *op);
  Value shiftRight(tosa::ArithmeticRightShiftOp op);

  template <typename LaneOp> Value binary(Operation *op) {
    if (!isWordTensor(op->getResult(0)))
      return {};
    return b.same<LaneOp>(lane(op->getOperand(0)), lane(op->getOperand(1)));
  }
  template <typename LaneOp> Value bitwise(Operation *op) {
    if (!isNarrowInt(op->getResult(0)) && !isBool(op->getResult(0)))
      return {};
    return b.same<LaneOp>(lane(op->getOperand(0)), lane(op->getOperand(1)));
  }
  /// Minimum and maximum keep values, so they work at every width.
  template <typename LaneOp> Value extremum(Operation *op) {
    if (!isNarrowInt(op->getResult(0)) && !isF32(op->getResult(0)))
      return {};
    return b.same<LaneOp>(lane(op->getOperand(0)), lane(op->getOperand(1)));
  }
  template <typename MathOp> Value function(Operation *op) {
    if (!isF32(op->getResult(0)))
      return {};
    return MathOp::create(b.opBuilder(), op->getLoc(), lane(op->getOperand(0)));
  }
  Value compare(mla::ComparePredicate predicate, Operation *op) {
    if (!isNarrowInt(op->getOperand(0)) && !isF32(op->getOperand(0)))
      return {};
    return b.compare(predicate, lane(op->getOperand(0)), lane(op->getOperand(1)));
  }
  Value emit(Operation *op);
  Value emitInteger(Operation *op);
  Value emitFloat(Operation *op);
};

/// saturate(scale(x - input_zp) + output_zp); the multiplication by 1 of a zero point change
/// vanishes.
Value Emitter::rescale(tosa::RescaleOp op) {
  auto match = matchRescale(op);
  bool inputUnsigned = elementOf(op.getInput()).isUnsignedInteger();
  bool outputUnsigned = elementOf(op.getOutput()).isUnsignedInteger();
  if (!match || !isNarrowInt(op.getInput()) || !isNarrowInt(op.getOutput()) ||
      op.getInputUnsigned() != inputUnsigned || op.getOutputUnsigned() != outputUnsigned)
    return {};
  Value x = b.subConstant(lane(op.getInput()), match->inputZp);
  int32_t shift = match->shifts[0];
  bool isOne = !match->perChannel() && match->multipliers[0] == (int64_t(1) << shift);
  if (match->perChannel()) {
    auto shape = cast<RankedTensorType>(op.getType()).getShape();
    if (int64_t(match->multipliers.size()) != shape.back())
      return {};
    x = mla::VRescaleChannelOp::create(b.opBuilder(), op.getLoc(), b.opBuilder().getI32Type(), x,
                                       lane(op.getMultiplier()), lane(op.getShift()), match->mode,
                                       static_cast<uint32_t>(match->outputZp));
  } else if (isOne) {
    x = b.addConstant(x, match->outputZp);
  } else {
    x = b.rescale(x, match->mode, match->multipliers[0], shift, match->outputZp);
  }
  return isI32(op.getOutput()) ? x : b.clamp(x, match->lo, match->hi);
}

/// cast f32 -> i32 of a product of an integer cast to f32 and a scale is one micro-operation.
std::pair<Value, int32_t> scaledInteger(Value value) {
  auto mul = value.getDefiningOp<tosa::MulOp>();
  for (int operand = 0; mul && operand < 2; ++operand) {
    auto scale = scalarFloat(mul->getOperand(operand));
    auto toFloat = mul->getOperand(1 - operand).getDefiningOp<tosa::CastOp>();
    if (!scale || !toFloat || !isNarrowInt(toFloat.getInput()))
      continue;
    return {toFloat.getInput(), bitsOf(*scale)};
  }
  return {};
}

Value Emitter::convert(tosa::CastOp op) {
  Value from = op.getInput(), to = op.getOutput();
  bool fromInt = isNarrowInt(from) || isBool(from);
  if (isF32(from) && isNarrowInt(to)) {
    auto [source, bits] = scaledInteger(from);
    Value x = source ? b.rescale(lane(source), mla::RequantMode::f32_rne, bits, 0, 0)
                     : b.toInt(lane(from), mla::FloatRounding::half_even);
    auto [lo, hi] = rangeOf(elementOf(to));
    return isI32(to) ? x : b.clamp(x, lo, hi);
  }
  if (isF32(to))
    return fromInt ? b.toFloat(lane(from)) : isF32(from) ? lane(from) : Value();
  if (!fromInt || !isNarrowInt(to))
    return {};
  unsigned fromWidth = elementOf(from).getIntOrFloatBitWidth();
  unsigned toWidth = elementOf(to).getIntOrFloatBitWidth();
  Value x = lane(from);
  if (toWidth > fromWidth || fromWidth == 1 || elementOf(from) == elementOf(to))
    return x;
  // Narrowing keeps the low bits; values known to fit need no work.
  auto clamp = x.getDefiningOp<mla::VClampOp>();
  auto [lo, hi] = rangeOf(elementOf(to));
  if (clamp && int32_t(clamp.getLo()) >= lo && int32_t(clamp.getHi()) <= hi)
    return x;
  if (elementOf(to).isUnsignedInteger())
    return b.same<mla::VAndOp>(x, b.i32(255));
  Value amount = b.i32(32 - toWidth);
  return b.same<mla::VShrOp>(b.same<mla::VShlOp>(x, amount), amount, UnitAttr());
}

Value Emitter::clamp(tosa::ClampOp op) {
  if (auto bounds = clampBounds(op); bounds && isNarrowInt(op.getInput()))
    return b.clamp(lane(op.getInput()), bounds->first, bounds->second);
  auto low = dyn_cast<FloatAttr>(op.getMinValAttr()),
       high = dyn_cast<FloatAttr>(op.getMaxValAttr());
  if (!low || !high || !isF32(op.getInput()))
    return {};
  Value x = b.same<mla::VMaxOp>(lane(op.getInput()), b.f32(low.getValue().convertToFloat()));
  return b.same<mla::VMinOp>(x, b.f32(high.getValue().convertToFloat()));
}

Value Emitter::negate(tosa::NegateOp op) {
  if (isF32(op.getOutput()))
    return b.mul(lane(op.getInput1()), b.f32(-1.0f));
  auto inputZp = scalarInt(op.getInput1Zp()), outputZp = scalarInt(op.getOutputZp());
  if (!inputZp || !outputZp || !isNarrowInt(op.getOutput()))
    return {};
  Value x = b.sub(b.i32(*inputZp + *outputZp), lane(op.getInput1()));
  auto [lo, hi] = rangeOf(elementOf(op.getOutput()));
  return isI32(op.getOutput()) ? x : b.clamp(x, lo, hi);
}

Value Emitter::mul(tosa::MulOp op) {
  auto shift = scalarInt(op.getShift());
  if (!isWordTensor(op.getOutput()))
    return {};
  Value x = lane(op.getInput1()), y = lane(op.getInput2());
  if (isF32(op.getOutput()))
    return b.mul(x, y);
  if (!shift || *shift < 0 || *shift > 62)
    return {};
  if (*shift == 0)
    return b.mul(x, y);
  return b.same<mla::VMulShiftOp>(x, y, b.opBuilder().getI32IntegerAttr(*shift));
}

Value Emitter::table(tosa::TableOp op) {
  Type i32 = b.opBuilder().getI32Type();
  if (auto entries = machineTable(op))
    return mla::VTable8Op::create(b.opBuilder(), op.getLoc(), i32, lane(op.getInput1()), *entries);
  auto values = readInts(op.getTable());
  if (!values || values->size() != 513 || !isI32(op.getOutput()))
    return {};
  SmallVector<int16_t> entries(values->begin(), values->end());
  return mla::VTable16Op::create(b.opBuilder(), op.getLoc(), i32, lane(op.getInput1()), entries);
}

Value Emitter::shiftRight(tosa::ArithmeticRightShiftOp op) {
  if (!isNarrowInt(op.getOutput()))
    return {};
  UnitAttr round = op.getRound() ? b.opBuilder().getUnitAttr() : UnitAttr();
  return b.same<mla::VShrOp>(lane(op.getInput1()), lane(op.getInput2()), round);
}

/// saturate(round(x / scale) + zero_point). The saturation stands before the addition, which
/// therefore cannot wrap.
Value Emitter::quantize(const CustomOp &op) {
  auto scale = op.number("scale");
  auto zp = op.integer("zero_point");
  Value output = op.op->getResult(0);
  if (!scale || !zp || !isNarrowInt(output) || isI32(output))
    return {};
  Value q = b.div(lane(op.op->getOperand(0)), b.f32(*scale));
  Value x;
  if (op.text("rounding") == "half_even") {
    x = b.toInt(q, mla::FloatRounding::half_even);
  } else if (op.text("rounding") == "half_away") {
    // trunc(q) plus one where the fraction, which is exact, is at least a half.
    Value whole = b.toInt(q, mla::FloatRounding::trunc);
    Value fraction = b.sub(q, b.toFloat(whole));
    Value up = b.compare(mla::ComparePredicate::ge, fraction, b.f32(0.5f));
    Value down = b.compare(mla::ComparePredicate::ge, b.f32(-0.5f), fraction);
    // Saturated first: the carries must not wrap.
    Value bounded = b.clamp(whole, -(1 << 20), 1 << 20);
    x = b.sub(b.add(bounded, up), down);
  } else {
    return {};
  }
  auto [lo, hi] = rangeOf(elementOf(output));
  return b.addConstant(b.clamp(x, lo - *zp, hi - *zp), *zp);
}

Value Emitter::dequantize(const CustomOp &op) {
  auto scale = op.number("scale");
  auto zp = op.integer("zero_point");
  if (!scale || !zp || !isNarrowInt(op.op->getOperand(0)))
    return {};
  Value centred = b.subConstant(lane(op.op->getOperand(0)), *zp);
  return b.mul(b.toFloat(centred), b.f32(*scale));
}

/// Entry x + 128 of a constant f32 table.
Value Emitter::lookup(const CustomOp &op) {
  auto entries = readFloats(op.op->getOperand(1));
  if (!entries || entries->size() != 256 || !elementOf(op.op->getOperand(0)).isInteger(8))
    return {};
  SmallVector<int32_t> bits(256);
  for (int index = 0; index < 256; ++index)
    bits[index] = bitsOf((*entries)[(index + 128) & 255]);
  return b.toF32<mla::VTable32Op>(lane(op.op->getOperand(0)), ArrayRef<int32_t>(bits));
}

Value Emitter::custom(Operation *op) {
  auto custom = matchCustom(op);
  if (!custom)
    return {};
  StringRef name = custom->op.getOperatorName();
  if (name == "quantize")
    return quantize(*custom);
  if (name == "dequantize")
    return dequantize(*custom);
  if (name == "qdq.lookup")
    return lookup(*custom);
  if (name == "div_f32")
    return b.div(lane(op->getOperand(0)), lane(op->getOperand(1)));
  if (name == "sqrt_f32")
    return b.same<mla::VSqrtOp>(lane(op->getOperand(0)));
  return {};
}

Value Emitter::reduction(Operation *op) {
  Value source = reductionSource(op);
  auto axis = reducedAxis(op);
  if (!axis)
    return op->getOperand(0).getType() == op->getResult(0).getType() ? lane(op->getOperand(0))
                                                                     : Value();
  if (isa<tosa::ReduceSumOp>(op))
    return isWordTensor(source) ? b.reduce(mla::ReduceKind::sum, *axis, lane(source)) : Value();
  if (!isNarrowInt(source) && !(isF32(source) && *axis == mla::ReduceAxis::channels))
    return {};
  if (isa<tosa::ReduceMaxOp>(op))
    return b.reduce(mla::ReduceKind::max, *axis, lane(source));
  if (isF32(source))
    return {};
  // The minimum is the complement of the maximum of the complements.
  Value ones = b.i32(-1);
  Value max = b.reduce(mla::ReduceKind::max, *axis, b.same<mla::VXorOp>(lane(source), ones));
  return b.same<mla::VXorOp>(max, ones);
}

Value Emitter::emitInteger(Operation *op) {
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](tosa::BitwiseAndOp) { return bitwise<mla::VAndOp>(op); })
      .Case([&](tosa::BitwiseOrOp) { return bitwise<mla::VOrOp>(op); })
      .Case([&](tosa::BitwiseXorOp) { return bitwise<mla::VXorOp>(op); })
      .Case([&](tosa::LogicalAndOp) { return bitwise<mla::VAndOp>(op); })
      .Case([&](tosa::LogicalOrOp) { return bitwise<mla::VOrOp>(op); })
      .Case([&](tosa::LogicalXorOp) { return bitwise<mla::VXorOp>(op); })
      .Case([&](tosa::LogicalNotOp) {
        return b.same<mla::VXorOp>(lane(op->getOperand(0)), b.i32(1));
      })
      .Case([&](tosa::BitwiseNotOp) {
        return isNarrowInt(op->getResult(0))
                   ? b.same<mla::VXorOp>(lane(op->getOperand(0)), b.i32(-1))
                   : Value();
      })
      .Case([&](tosa::LogicalLeftShiftOp) {
        return isI32(op->getResult(0)) ? bitwise<mla::VShlOp>(op) : Value();
      })
      .Case([&](tosa::LogicalRightShiftOp) {
        return isI32(op->getResult(0)) ? bitwise<mla::VLshrOp>(op) : Value();
      })
      .Case([&](tosa::ArithmeticRightShiftOp shift) { return shiftRight(shift); })
      .Case([&](tosa::ClzOp) {
        return isI32(op->getResult(0)) ? b.same<mla::VClzOp>(lane(op->getOperand(0))) : Value();
      })
      .Case([&](tosa::TableOp table) { return this->table(table); })
      .Case([&](tosa::RescaleOp rescale) { return this->rescale(rescale); })
      .Default([](Operation *) { return Value(); });
}

Value Emitter::emitFloat(Operation *op) {
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](tosa::ReciprocalOp) {
        return isF32(op->getResult(0)) ? b.div(b.f32(1.0f), lane(op->getOperand(0))) : Value();
      })
      .Case([&](tosa::RsqrtOp) {
        if (!isF32(op->getResult(0)))
          return Value();
        return b.div(b.f32(1.0f), b.same<mla::VSqrtOp>(lane(op->getOperand(0))));
      })
      .Case([&](tosa::ExpOp) { return function<math::ExpOp>(op); })
      .Case([&](tosa::LogOp) { return function<math::LogOp>(op); })
      .Case([&](tosa::TanhOp) { return function<math::TanhOp>(op); })
      .Case([&](tosa::ErfOp) { return function<math::ErfOp>(op); })
      .Case([&](tosa::SinOp) { return function<math::SinOp>(op); })
      .Case([&](tosa::CosOp) { return function<math::CosOp>(op); })
      .Case([&](tosa::FloorOp) { return function<math::FloorOp>(op); })
      .Case([&](tosa::CeilOp) { return function<math::CeilOp>(op); })
      .Case([&](tosa::SigmoidOp) {
        if (!isF32(op->getResult(0)))
          return Value();
        Value one = b.f32(1.0f), minus = b.mul(lane(op->getOperand(0)), b.f32(-1.0f));
        Value exp = math::ExpOp::create(b.opBuilder(), op->getLoc(), minus);
        return b.div(one, b.add(one, exp));
      })
      .Case([&](tosa::PowOp) {
        return isF32(op->getResult(0))
                   ? Value(math::PowFOp::create(b.opBuilder(), op->getLoc(),
                                                lane(op->getOperand(0)), lane(op->getOperand(1))))
                   : Value();
      })
      .Default([](Operation *) { return Value(); });
}

Value Emitter::emit(Operation *op) {
  Value common =
      llvm::TypeSwitch<Operation *, Value>(op)
          .Case([&](tosa::AddOp) { return binary<mla::VAddOp>(op); })
          .Case([&](tosa::SubOp) { return binary<mla::VSubOp>(op); })
          .Case([&](tosa::MulOp mul) { return this->mul(mul); })
          .Case([&](tosa::MaximumOp) { return extremum<mla::VMaxOp>(op); })
          .Case([&](tosa::MinimumOp) { return extremum<mla::VMinOp>(op); })
          .Case([&](tosa::ClampOp clamp) { return this->clamp(clamp); })
          .Case([&](tosa::CastOp cast) { return convert(cast); })
          .Case([&](tosa::NegateOp negate) { return this->negate(negate); })
          .Case([&](tosa::AbsOp) {
            Value x = lane(op->getOperand(0));
            if (isF32(op->getResult(0)))
              return b.same<mla::VMaxOp>(x, b.mul(x, b.f32(-1.0f)));
            return isI32(op->getResult(0)) ? b.same<mla::VAbsOp>(x) : Value();
          })
          .Case([&](tosa::IdentityOp) { return lane(op->getOperand(0)); })
          .Case([&](tosa::EqualOp) { return compare(mla::ComparePredicate::eq, op); })
          .Case([&](tosa::GreaterOp) { return compare(mla::ComparePredicate::gt, op); })
          .Case([&](tosa::GreaterEqualOp) { return compare(mla::ComparePredicate::ge, op); })
          .Case([&](tosa::SelectOp select) {
            if (!isNarrowInt(select.getOutput()) && !isF32(select.getOutput()))
              return Value();
            return b.select(lane(select.getInput1()), lane(select.getInput2()),
                            lane(select.getInput3()));
          })
          .Case([&](tosa::CustomOp) { return custom(op); })
          .Case<tosa::ReduceSumOp, tosa::ReduceMaxOp, tosa::ReduceMinOp>(
              [&](auto) { return reduction(op); })
          .Default([](Operation *) { return Value(); });
  if (common)
    return common;
  Value integer = emitInteger(op);
  return integer ? integer : emitFloat(op);
}

std::optional<int64_t> axisOf(Operation *op) {
  if (!isa<tosa::ReduceSumOp, tosa::ReduceMaxOp, tosa::ReduceMinOp>(op))
    return std::nullopt;
  return op->getAttrOfType<IntegerAttr>("axis").getInt();
}

/// The reduction over the other of rows and columns that `op` completes; null where there is none.
Operation *innerReduction(Operation *op) {
  auto type = cast<RankedTensorType>(op->getOperand(0).getType());
  auto axis = axisOf(op);
  Operation *inner = op->getOperand(0).getDefiningOp();
  if (!axis || !inner || inner->getName() != op->getName() || type.getRank() != 4)
    return nullptr;
  return *axis + *axisOf(inner) == 3 && *axis != 0 && *axis != 3 ? inner : nullptr;
}

} // namespace

bool isLaneOp(Operation *op) {
  if (!op)
    return false;
  if (auto custom = dyn_cast<tosa::CustomOp>(op))
    return hasDefinedForm(custom) &&
           llvm::is_contained({"quantize", "dequantize", "div_f32", "sqrt_f32", "qdq.lookup"},
                              custom.getOperatorName());
  return isa<tosa::AddOp, tosa::SubOp, tosa::MulOp, tosa::MaximumOp, tosa::MinimumOp, tosa::ClampOp,
             tosa::CastOp, tosa::NegateOp, tosa::AbsOp, tosa::IdentityOp, tosa::EqualOp,
             tosa::GreaterOp, tosa::GreaterEqualOp, tosa::SelectOp, tosa::BitwiseAndOp,
             tosa::BitwiseOrOp, tosa::BitwiseXorOp, tosa::BitwiseNotOp, tosa::LogicalAndOp,
             tosa::LogicalOrOp, tosa::LogicalXorOp, tosa::LogicalNotOp, tosa::LogicalLeftShiftOp,
             tosa::LogicalRightShiftOp, tosa::ArithmeticRightShiftOp, tosa::ClzOp, tosa::TableOp,
             tosa::RescaleOp, tosa::ReciprocalOp, tosa::RsqrtOp, tosa::ExpOp, tosa::LogOp,
             tosa::TanhOp, tosa::ErfOp, tosa::SinOp, tosa::CosOp, tosa::FloorOp, tosa::CeilOp,
             tosa::SigmoidOp, tosa::PowOp, tosa::ReduceSumOp, tosa::ReduceMaxOp, tosa::ReduceMinOp>(
      op);
}

Value reductionSource(Operation *op) {
  Operation *inner = innerReduction(op);
  return inner ? inner->getOperand(0) : op->getOperand(0);
}

std::optional<mla::ReduceAxis> reducedAxis(Operation *op) {
  auto axis = axisOf(op);
  if (!axis)
    return std::nullopt;
  auto shape = cast<RankedTensorType>(reductionSource(op).getType()).getShape();
  int64_t rank = shape.size();
  if (*axis == rank - 1)
    return shape[*axis] == 1 ? std::nullopt : std::optional(mla::ReduceAxis::channels);
  if (rank == 3 && *axis == 1 && shape[1] > 1)
    return mla::ReduceAxis::pixels;
  if (rank != 4 || *axis == 0 || shape[1] * shape[2] == 1)
    return std::nullopt;
  // One of rows and columns alone only where the other has size 1.
  bool both = innerReduction(op) != nullptr;
  return both || shape[3 - *axis] == 1 ? std::optional(mla::ReduceAxis::pixels) : std::nullopt;
}

Value emitLane(VectorBuilder &builder, Operation *op, LaneOf lane) {
  return Emitter{builder, lane}.emit(op);
}

} // namespace afe

// Elementary functions in f64 arithmetic.

#include "Conversion/A65ToLLVM/MathBuilder.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace afe::a65 {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
/// ln 2 in two parts: multiples of the first up to 2^11 are exact.
constexpr double kLn2High = 0x1.62e42fee00000p-1, kLn2Low = 0x1.a39ef35793c76p-33;
/// Added to a number below 2^51 it leaves the nearest integer in the low bits, ties to even.
constexpr double kRoundingShift = 0x1.8p52;
constexpr double kHalfPi = 0x1.921fb54442d18p+0;
/// The bits of 2/pi behind the point, after a word of zeros.
constexpr uint64_t kTwoOverPi[] = {0, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041,
                                   0xfe5163abdebbc561};

/// Coefficients 1, sign / 2!, 1 / 4!, … (or 1, sign / 3!, 1 / 5!, …) of an alternating series.
SmallVector<double> alternating(int first, int count) {
  SmallVector<double> terms;
  double factorial = 1;
  for (int k = 2; k <= first; ++k)
    factorial *= k;
  for (int n = 0, k = first; n < count; ++n, k += 2) {
    terms.push_back((n % 2 ? -1 : 1) / factorial);
    factorial *= (k + 1) * (k + 2);
  }
  return terms;
}

} // namespace

Value MathBuilder::f64(double value) {
  return arith::ConstantOp::create(b, loc, b.getF64FloatAttr(value));
}
Value MathBuilder::i64(int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
}
Value MathBuilder::add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
Value MathBuilder::sub(Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
Value MathBuilder::mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
Value MathBuilder::div(Value x, Value y) { return arith::DivFOp::create(b, loc, x, y); }
Value MathBuilder::bits(Value x) { return arith::BitcastOp::create(b, loc, b.getI64Type(), x); }
Value MathBuilder::fromBits(Value x) { return arith::BitcastOp::create(b, loc, b.getF64Type(), x); }
Value MathBuilder::abs(Value x) { return math::AbsFOp::create(b, loc, x); }
Value MathBuilder::copySign(Value magnitude, Value sign) {
  return math::CopySignOp::create(b, loc, magnitude, sign);
}
Value MathBuilder::isNaN(Value x) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x);
}
Value MathBuilder::compare(arith::CmpFPredicate predicate, Value x, double y) {
  return arith::CmpFOp::create(b, loc, predicate, x, f64(y));
}
Value MathBuilder::select(Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, loc, condition, x, y);
}

Value MathBuilder::negated(Value condition) {
  Value yes = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
  return arith::XOrIOp::create(b, loc, condition, yes);
}

Value MathBuilder::widen(Value value) {
  if (value.getType().isF64())
    return value;
  return arith::ExtFOp::create(b, loc, b.getF64Type(), value);
}

Value MathBuilder::narrow(Value value, Type type) {
  if (type.isF64())
    return value;
  return arith::TruncFOp::create(b, loc, type, value);
}

Value MathBuilder::polynomial(Value x, ArrayRef<double> coefficients) {
  Value sum = f64(coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    sum = add(mul(sum, x), f64(coefficient));
  return sum;
}

/// e^x = 2^n e^r with |r| <= ln(2) / 2; 2^n is made in two steps, as n may leave f64's range.
Value MathBuilder::exp(Value x) {
  using arith::CmpFPredicate;
  Value bounded = select(compare(CmpFPredicate::OGT, x, 710.0), f64(710.0), x);
  bounded = select(compare(CmpFPredicate::OLT, bounded, -746.0), f64(-746.0), bounded);
  Value shifted = add(mul(bounded, f64(0x1.71547652b82fep+0)), f64(kRoundingShift));
  Value n = sub(shifted, f64(kRoundingShift));
  Value r = sub(sub(bounded, mul(n, f64(kLn2High))), mul(n, f64(kLn2Low)));
  SmallVector<double> terms{1};
  for (int k = 1; k <= 13; ++k)
    terms.push_back(terms.back() / k);
  Value power = polynomial(r, terms);
  Value whole = arith::SubIOp::create(b, loc, bits(shifted), bits(f64(kRoundingShift)));
  Value half = arith::ShRSIOp::create(b, loc, whole, i64(1));
  Value rest = arith::SubIOp::create(b, loc, whole, half);
  for (Value exponent : {half, rest}) {
    Value biased = arith::AddIOp::create(b, loc, exponent, i64(1023));
    power = mul(power, fromBits(arith::ShLIOp::create(b, loc, biased, i64(52))));
  }
  return select(isNaN(x), x, power);
}

/// ln x = e ln 2 + 2 artanh((m - 1) / (m + 1)) with m within a factor of sqrt(2) around 1.
Value MathBuilder::log(Value x) {
  using arith::CmpFPredicate;
  Value word = bits(x);
  Value distance = arith::SubIOp::create(b, loc, word, bits(f64(0x1.6a09e667f3bcdp-1)));
  Value exponent = arith::ShRSIOp::create(b, loc, distance, i64(52));
  Value shift = arith::ShLIOp::create(b, loc, exponent, i64(52));
  Value m = fromBits(arith::SubIOp::create(b, loc, word, shift));
  Value f = div(sub(m, f64(1)), add(m, f64(1)));
  SmallVector<double> terms;
  for (int k = 1; k <= 21; k += 2)
    terms.push_back(2.0 / k);
  Value fraction = mul(f, polynomial(mul(f, f), terms));
  Value e = arith::SIToFPOp::create(b, loc, b.getF64Type(), exponent);
  Value result = add(mul(e, f64(kLn2High)), add(mul(e, f64(kLn2Low)), fraction));
  result = select(compare(CmpFPredicate::OEQ, x, kInfinity), x, result);
  result = select(compare(CmpFPredicate::OLT, x, 0), f64(kNaN), result);
  result = select(compare(CmpFPredicate::OEQ, x, 0), f64(-kInfinity), result);
  return select(isNaN(x), x, result);
}

/// 1 - 2 / (e^2|x| + 1); near zero, where that has no digits left, x - x^3 / 3.
Value MathBuilder::tanh(Value x) {
  using arith::CmpFPredicate;
  Value magnitude = abs(x);
  Value power = exp(add(magnitude, magnitude));
  Value large = sub(f64(1), div(f64(2), add(power, f64(1))));
  Value square = mul(x, x);
  Value small = mul(magnitude, sub(f64(1), mul(square, f64(1.0 / 3))));
  Value isSmall = compare(CmpFPredicate::OLT, magnitude, 0x1p-12);
  Value result = copySign(select(isSmall, small, large), x);
  return select(isNaN(x), x, result);
}

/// Up to 1 the power series; up to 4 1 - e^-x² erfcx(x); then 1.
Value MathBuilder::erf(Value x) {
  using arith::CmpFPredicate;
  // Of erfcx on [1, 4] in u = (x - 2.5) / 1.5: its interpolation in 19 Chebyshev nodes.
  static constexpr double kErfcx[] = {
      0.21080636406114348,     -0.11152102018524977,   0.05611049344516188,
      -0.027005296631176554,   0.012489373868784917,   -0.0055707067646344295,
      0.002403647872517684,    -0.0010058267974015415, 0.00040908335922969284,
      -0.00016203165202908674, 6.258573580154057e-05,  -2.355973427202086e-05,
      8.695354373936714e-06,   -3.221933220898839e-06, 1.1379267538072064e-06,
      -3.212792068408914e-07,  1.111730901022e-07,     -7.428814952666136e-08,
      2.409356774909324e-08};
  SmallVector<double> series;
  double factorial = 1;
  for (int n = 0; n <= 18; factorial *= ++n)
    series.push_back((n % 2 ? -2 : 2) / std::sqrt(M_PI) / (factorial * (2 * n + 1)));
  Value magnitude = abs(x), square = mul(x, x);
  Value small = mul(magnitude, polynomial(square, series));
  Value u = mul(sub(magnitude, f64(2.5)), f64(1 / 1.5));
  Value power = exp(arith::NegFOp::create(b, loc, square));
  Value middle = sub(f64(1), mul(power, polynomial(u, kErfcx)));
  Value result = select(compare(CmpFPredicate::OLT, magnitude, 1), small, middle);
  result = select(compare(CmpFPredicate::OGT, magnitude, 4), f64(1), result);
  return select(isNaN(x), x, copySign(result, x));
}

/// e^(y ln |x|), and C's rules for everything that is no plain number.
Value MathBuilder::pow(Value x, Value y) {
  using arith::CmpFPredicate;
  Value magnitude = abs(x);
  Value power = exp(mul(y, log(magnitude)));
  power = select(compare(CmpFPredicate::OEQ, magnitude, 1), f64(1), power);
  Value half = mul(y, f64(0.5));
  auto isWhole = [&](Value value) -> Value {
    return arith::CmpFOp::create(b, loc, CmpFPredicate::OEQ, math::FloorOp::create(b, loc, value),
                                 value);
  };
  Value isInteger = isWhole(y);
  Value isOdd = arith::AndIOp::create(b, loc, isInteger, negated(isWhole(half)));
  power = select(isOdd, copySign(power, x), power);
  Value isUndefined =
      arith::AndIOp::create(b, loc, compare(CmpFPredicate::OLT, x, 0), negated(isInteger));
  // A negative infinity has every power, -1 every infinite one (infinities are whole).
  isUndefined =
      arith::AndIOp::create(b, loc, isUndefined, compare(CmpFPredicate::ONE, x, -kInfinity));
  power = select(isUndefined, f64(kNaN), power);
  Value anyNaN = arith::OrIOp::create(b, loc, isNaN(x), isNaN(y));
  power = select(anyNaN, add(x, y), power);
  Value isOne = arith::OrIOp::create(b, loc, compare(CmpFPredicate::OEQ, x, 1),
                                     compare(CmpFPredicate::OEQ, y, 0));
  return select(isOne, f64(1), power);
}

/// x 2/pi modulo 4 as an integer of 128 bits: x is an integer of 24 bits times a power of two that
/// says from which bit of 2/pi on the product matters.
std::pair<Value, Value> MathBuilder::reduceAngle(Value magnitude) {
  auto andI = [&](Value x, int64_t y) -> Value { return arith::AndIOp::create(b, loc, x, i64(y)); };
  auto shiftLeft = [&](Value x, Value y) -> Value { return arith::ShLIOp::create(b, loc, x, y); };
  auto shiftRight = [&](Value x, Value y) -> Value { return arith::ShRUIOp::create(b, loc, x, y); };
  Value word = bits(magnitude);
  Value exponent = arith::SubIOp::create(b, loc, shiftRight(word, i64(52)), i64(1023));
  Value mantissa = andI(shiftRight(word, i64(29)), (1 << 23) - 1);
  mantissa = arith::OrIOp::create(b, loc, mantissa, i64(1 << 23));
  // x = mantissa 2^(exponent - 23); the first bit of the product's 4s is that many bits further in.
  Value offset = arith::AddIOp::create(b, loc, exponent, i64(64 - 2 - 23));
  Value index = shiftRight(offset, i64(6)), shift = andI(offset, 63);
  auto wordAt = [&](int64_t further) {
    Value found = i64(static_cast<int64_t>(kTwoOverPi[further]));
    for (int64_t n = 1; n <= 2; ++n) {
      Value isThis = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, index, i64(n));
      found = select(isThis, i64(static_cast<int64_t>(kTwoOverPi[n + further])), found);
    }
    return found;
  };
  auto window = [&](Value first, Value second) -> Value {
    Value rest = arith::SubIOp::create(b, loc, i64(63), shift);
    Value low = shiftRight(shiftRight(second, i64(1)), rest);
    return arith::OrIOp::create(b, loc, shiftLeft(first, shift), low);
  };
  Value first = wordAt(0), second = wordAt(1), third = wordAt(2);
  Value high = window(first, second), low = window(second, third);
  Value carried = arith::MulUIExtendedOp::create(b, loc, mantissa, low).getHigh();
  Value product =
      arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, mantissa, high), carried);
  Value rounded = arith::AddIOp::create(b, loc, product, i64(int64_t(1) << 61));
  Value quadrant = shiftRight(rounded, i64(62));
  Value rest = arith::SubIOp::create(b, loc, product, shiftLeft(quadrant, i64(62)));
  Value angle = arith::SIToFPOp::create(b, loc, b.getF64Type(), rest);
  return {quadrant, mul(angle, f64(kHalfPi * 0x1p-62))};
}

Value MathBuilder::sinOrCos(Value x, bool isCos) {
  using arith::CmpFPredicate;
  Value magnitude = abs(x);
  auto [far, rest] = reduceAngle(magnitude);
  Value isNear = compare(CmpFPredicate::OLT, magnitude, 0.5);
  Value quadrant = select(isNear, i64(0), far);
  Value angle = select(isNear, magnitude, rest);
  if (isCos)
    quadrant = arith::AddIOp::create(b, loc, quadrant, i64(1));
  Value square = mul(angle, angle);
  Value sine = mul(angle, polynomial(square, alternating(1, 9)));
  Value cosine = polynomial(square, alternating(0, 10));
  auto bit = [&](int64_t mask) -> Value {
    Value part = arith::AndIOp::create(b, loc, quadrant, i64(mask));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, part, i64(0));
  };
  Value result = select(bit(1), cosine, sine);
  result = select(bit(2), arith::NegFOp::create(b, loc, result), result);
  if (!isCos) { // odd, and -0 stays
    Value isNegative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, bits(x), i64(0));
    result = select(isNegative, arith::NegFOp::create(b, loc, result), result);
  }
  Value isFinite = compare(CmpFPredicate::OLT, magnitude, kInfinity);
  return select(isFinite, result, f64(kNaN));
}

} // namespace afe::a65

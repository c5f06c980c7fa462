// Quantizations without the division, which takes eight cycles. x / scale for a scale that is a
// power of two is a product. For any other, floor(x * (1 / scale)) is the result or one less:
// whether it is, says a comparison with the least x whose quotient is rounded to one more, which is
// looked up. That the thresholds decide every f32 is proven for each of them: all functions in
// question grow with x.

#include "Conversion/TosaToMLA/Quotients.h"

#include "Conversion/TosaToMLA/LaneTables.h"
#include "Conversion/TosaToMLA/Tensors.h"
#include "Conversion/TosaToMLA/VectorBuilder.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace afe {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// clamp(rint(x / scale), lo, hi).
struct Quotient {
  Value x;
  float scale = 0;
  int64_t lo = 0, hi = 0;

  double rounded(float value) const { return std::nearbyint(double(value / scale)); }
};

std::optional<Quotient> matchQuotient(mla::VClampOp clamp) {
  auto rint = clamp.getA().getDefiningOp<mla::VFloatToIntOp>();
  auto division = rint ? rint.getA().getDefiningOp<mla::VDivOp>() : mla::VDivOp();
  auto constant = division ? division.getB().getDefiningOp<mla::VConstOp>() : mla::VConstOp();
  auto scale = constant ? dyn_cast<FloatAttr>(constant.getValue()) : FloatAttr();
  if (!scale || rint.getRounding() != mla::FloatRounding::half_even || !rint->hasOneUse() ||
      !division->hasOneUse())
    return std::nullopt;
  Quotient q{division.getA(), scale.getValue().convertToFloat(), int32_t(clamp.getLo()),
             int32_t(clamp.getHi())};
  bool narrow = q.lo >= -65536 && q.hi <= 65536 && q.hi >= q.lo && q.hi - q.lo < 256;
  return narrow && q.scale > 0 && std::isfinite(1 / q.scale) && std::isnormal(1 / q.scale)
             ? std::optional(q)
             : std::nullopt;
}

/// The least f32 whose quotient is rounded to `result` or more; infinity where none is finite.
float threshold(const Quotient &q, int64_t result) {
  double lo = -double(std::numeric_limits<float>::max()), hi = std::numeric_limits<float>::max();
  float below = lo, least = hi; // rounded(below) < result <= rounded(least)
  if (q.rounded(below) >= result || q.rounded(least) < result)
    return kInfinity;
  // The quotient's threshold is within a few steps of this one.
  float guess = static_cast<float>((result - 0.5) * double(q.scale));
  while (q.rounded(guess) >= result)
    guess = std::nextafter(guess, -kInfinity);
  while (q.rounded(guess) < result)
    guess = std::nextafter(guess, kInfinity);
  return guess;
}

/// Thresholds of lo + 1 … hi, indexed by the low byte of the result below; nothing where the
/// product is not the quotient or one less for every x.
std::optional<SmallVector<LaneBits>> thresholds(const Quotient &q, float reciprocal) {
  SmallVector<LaneBits> table(256, bitsOf(std::numeric_limits<float>::quiet_NaN()));
  auto product = [&](float x) { return std::floor(double(x * reciprocal)); };
  for (int64_t result = q.lo + 1; result <= q.hi; ++result) {
    float least = threshold(q, result), below = std::nextafter(least, -kInfinity);
    if (!std::isfinite(least) || product(least) < result - 1 || product(below) > result - 1)
      return std::nullopt;
    table[(result - 1) & 255] = bitsOf(least);
  }
  return table;
}

Value withoutDivision(mla::VClampOp clamp, mla::VectorOp program) {
  constexpr int64_t kMore = 4; // operations than before, with the constant of the division kept
  std::optional<Quotient> q = matchQuotient(clamp);
  if (!q)
    return {};
  OpBuilder b(clamp);
  Location loc = clamp.getLoc();
  Type i32 = b.getI32Type(), f32 = b.getF32Type();
  float reciprocal = 1 / q->scale;
  int exponent = 0;
  bool exact = std::frexp(q->scale, &exponent) == 0.5f;
  std::optional<SmallVector<LaneBits>> table;
  if (!exact && (microOps(program) + kMore > kMaxMicroOps || !(table = thresholds(*q, reciprocal))))
    return {};
  Value factor = mla::VConstOp::create(b, loc, f32, b.getF32FloatAttr(reciprocal));
  Value product = mla::VMulOp::create(b, loc, f32, q->x, factor);
  auto rounding = exact ? mla::FloatRounding::half_even : mla::FloatRounding::floor;
  Value whole = mla::VFloatToIntOp::create(b, loc, i32, product, rounding);
  Value bounded = mla::VClampOp::create(b, loc, i32, whole, clamp.getLoAttr(), clamp.getHiAttr());
  if (exact)
    return bounded;
  Value least = mla::VTable32Op::create(b, loc, f32, bounded, *table);
  Value more = mla::VCmpOp::create(b, loc, i32, mla::ComparePredicate::ge, q->x, least);
  return mla::VAddOp::create(b, loc, i32, bounded, more);
}

} // namespace

void replaceQuotients(mla::VectorOp program) {
  Block &body = program.getBody().front();
  for (Operation &lane : llvm::make_early_inc_range(body.without_terminator()))
    if (auto clamp = dyn_cast<mla::VClampOp>(lane))
      if (Value better = withoutDivision(clamp, program)) {
        clamp.replaceAllUsesWith(better);
        Operation *rint = clamp.getA().getDefiningOp(),
                  *division = rint->getOperand(0).getDefiningOp();
        Operation *scale = division->getOperand(1).getDefiningOp();
        clamp.erase(), rint->erase(), division->erase();
        if (scale->use_empty())
          scale->erase();
      }
}

} // namespace afe

// The machine's scalar arithmetic: wrapping int32, the three requantizations, conversions of f32.
// Every kernel, on every instruction set, is made of these functions, so that all agree bit by bit.
// Compiled without contraction and without fast-math; f32 rounds to nearest even.
#pragma once

#include "Encoding/Isa.h"

#include <cmath>
#include <cstdint>
#include <cstring>

namespace afe::sim {

#define AFE_INLINE inline __attribute__((always_inline))

AFE_INLINE int32_t wrap(int64_t value) { return int32_t(uint32_t(uint64_t(value))); }
AFE_INLINE int32_t wrapAdd(int32_t a, int32_t b) { return int32_t(uint32_t(a) + uint32_t(b)); }
AFE_INLINE int32_t wrapSub(int32_t a, int32_t b) { return int32_t(uint32_t(a) - uint32_t(b)); }
AFE_INLINE int32_t wrapMul(int32_t a, int32_t b) { return int32_t(uint32_t(a) * uint32_t(b)); }

AFE_INLINE float asFloat(int32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
AFE_INLINE int32_t asBits(float value) {
  int32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

/// The bits of a result of f32 arithmetic: which NaN a CPU gives is not defined, ours is one.
AFE_INLINE int32_t resultBits(float value) { return value == value ? asBits(value) : 0x7fc00000; }

AFE_INLINE int32_t saturate(int64_t value) {
  value = value < INT32_MIN ? INT32_MIN : value;
  return int32_t(value > INT32_MAX ? INT32_MAX : value);
}

constexpr int kMinShift = 2, kMaxShift = 62;

/// TOSA apply_scale_32 with double rounding (LiteRT's doubling high multiplication followed by a
/// rounding division by a power of two); shift in 2..62.
AFE_INLINE int64_t scaleDouble(int32_t value, int32_t multiplier, int32_t shift) {
  const int64_t nudge = value >= 0 ? int64_t(1) << 30 : -(int64_t(1) << 30);
  const int64_t round = (int64_t(1) << (shift - 1)) + (shift > 31 ? nudge : 0);
  return (int64_t(value) * multiplier + round) >> shift;
}

/// TOSA apply_scale_32 with a single rounding, half up.
AFE_INLINE int64_t scaleSingle(int32_t value, int32_t multiplier, int32_t shift) {
  return (int64_t(value) * multiplier + (int64_t(1) << (shift - 1))) >> shift;
}

/// An integral (or any, then truncated) f32 as int32: saturating, NaN is 0.
AFE_INLINE int32_t f32ToInt(float value) {
  float inside = value > -2147483648.0f ? value : -2147483648.0f; // NaN: the lower end
  inside = inside < 2147483520.0f ? inside : 2147483520.0f;
  int32_t result = int32_t(inside);
  result = value >= 2147483648.0f ? INT32_MAX : result;
  return value == value ? result : 0;
}

/// Round half to even; the rounding mode is the default one while the simulator runs.
AFE_INLINE float roundHalfEven(float value) { return __builtin_nearbyintf(value); }

/// F32_RNE: f32(value) * scale, rounded half to even.
AFE_INLINE int32_t scaleF32(int32_t value, float scale) {
  return f32ToInt(roundHalfEven(float(value) * scale));
}

/// Requantization without zero point, saturated to int32. `multiplier` holds f32 bits for F32Rne.
AFE_INLINE int32_t requantize(isa::Requant mode, int32_t value, int32_t multiplier, int32_t shift) {
  switch (mode) {
  case isa::Requant::Double:
    return saturate(scaleDouble(value, multiplier, shift));
  case isa::Requant::Single:
    return saturate(scaleSingle(value, multiplier, shift));
  case isa::Requant::F32Rne:
    return scaleF32(value, asFloat(multiplier));
  case isa::Requant::None:
    break;
  }
  return value;
}

} // namespace afe::sim

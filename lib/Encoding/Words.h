// The instruction word: 8 bytes, read as a string of bits from bit 0 of byte 0 up. Encoder and
// decoder share this description; docs/isa.md prints it.
//
// A quad's five engines each have a sequencer with one register per field. SET writes registers; GO
// writes registers and issues the instruction they then hold; LOOP issues further instructions made
// from the last ones of its engine, fields stepping from iteration to iteration. Only GO and LOOP
// dispatch; words stand in the order in which their first instruction starts.
#pragma once

#include "Encoding/Fields.h"

#include <cstdint>

namespace afe::isa {

constexpr unsigned kWordBytes = 8;
constexpr unsigned kWordBits = 8 * kWordBytes;

enum class WordKind : uint8_t {
  Pad = 0,    ///< all zero: nothing
  Set = 1,    ///< entries: register writes
  Go = 2,     ///< delta, entries: register writes, then one instruction
  Step = 3,   ///< steps for the engine's next LOOP
  Loop = 4,   ///< body, count, period, steps: `count` instructions
  Starts = 5, ///< start distances for the engine's next LOOP
};

constexpr unsigned kKindBits = 3;
constexpr unsigned kEngineBits = 3;
constexpr unsigned kHeaderBits = kKindBits + kEngineBits;
/// GO: cycles from the stream's previous dispatch; a larger distance is an entry of its own.
constexpr unsigned kDeltaBits = 10;
constexpr unsigned kGoHeaderBits = kHeaderBits + kDeltaBits;
/// LOOP: length of the body less 1; number of instructions less 1, a value of kCountBits; whether
/// starts come from STARTS words, else the period in cycles, a value of kPeriodBits.
constexpr unsigned kBodyBits = 4, kCountBits = 16, kPeriodBits = 20;
constexpr unsigned kMaxBody = 1u << kBodyBits;
constexpr unsigned kMaxCount = 1u << kCountBits;
/// STARTS: bits per distance less 1, number of distances.
constexpr unsigned kWidthBits = 5, kNumberBits = 6;
constexpr unsigned kStartsHeaderBits = kHeaderBits + kWidthBits + kNumberBits;

/// What an entry or a step may name, in the order of their ids: 0 ends the list, 1 is the start,
/// 2 the quad mask, 3 and up the fields. A *register index* is the id less 2.
constexpr unsigned kEndId = 0, kStartId = 1, kFirstRegisterId = 2;
constexpr unsigned kQuadsRegister = 0, kFirstFieldRegister = 1;
constexpr unsigned kMaxRegisters = 128;

/// Width and sign of a register: the quad mask, or a field.
struct RegisterShape {
  uint8_t bits = 0;
  bool isSigned = false;
};

inline RegisterShape registerShape(const EngineTable &table, unsigned index) {
  if (index == kQuadsRegister)
    return {8, false};
  const Field &field = table.fields[index - kFirstFieldRegister];
  return {field.bits, field.isSigned};
}
inline unsigned registerCount(const EngineTable &table) { return table.count + 1; }

/// Bits of an id: enough for all of the engine's.
inline unsigned idBits(const EngineTable &table) {
  unsigned bits = 1;
  while ((1u << bits) < table.count + 3)
    ++bits;
  return bits;
}

/// A value of up to 4 bits stands as it is. A wider one is preceded by a class of 2 bits: class c
/// holds it in ceil(bits * (c + 1) / 4) bits, sign- or zero-extended.
constexpr unsigned kPlainBits = 4, kClassBits = 2;
inline unsigned classWidth(unsigned bits, unsigned sizeClass) {
  return (bits * (sizeClass + 1) + 3) / 4;
}
/// The smallest class that holds `value`.
inline unsigned sizeClassOf(RegisterShape shape, int64_t value) {
  for (unsigned c = 0; c < 3; ++c) {
    unsigned width = classWidth(shape.bits, c);
    int64_t low = shape.isSigned ? -(int64_t(1) << (width - 1)) : 0;
    int64_t high = (int64_t(1) << (shape.isSigned ? width - 1 : width)) - 1;
    if (value >= low && value <= high)
      return c;
  }
  return 3;
}
inline unsigned valueBits(RegisterShape shape, int64_t value) {
  if (shape.bits <= kPlainBits)
    return shape.bits;
  return kClassBits + classWidth(shape.bits, sizeClassOf(shape, value));
}

/// Shapes of the values that are no registers.
constexpr RegisterShape kStartShape{32, false};
constexpr RegisterShape kCountShape{kCountBits, false}, kPeriodShape{kPeriodBits, false};

/// Bits of a LOOP in front of its steps.
inline unsigned loopHeaderBits(uint32_t count, bool explicitStarts, uint32_t period) {
  return kHeaderBits + kBodyBits + valueBits(kCountShape, count - 1) + 1 +
         (explicitStarts ? 0 : valueBits(kPeriodShape, period));
}

/// A step: how a register of one instruction of the body changes from iteration to iteration.
/// Add: by `step`, modulo the register's width. Alternate: by step, -step, step...
enum class StepKind : uint8_t { Add = 0, Alternate = 1 };
/// Steps are signed numbers of the register's width; a plain one of up to 4 bits wraps.
inline RegisterShape stepShape(RegisterShape shape) { return {shape.bits, true}; }

/// `value` wrapped to the register's width, as the number the register means.
inline int64_t wrapToShape(RegisterShape shape, int64_t value) {
  uint64_t mask = (uint64_t(1) << shape.bits) - 1;
  uint64_t low = uint64_t(value) & mask;
  bool negative = shape.isSigned && (low >> (shape.bits - 1)) & 1;
  return negative ? int64_t(low | ~mask) : int64_t(low);
}

// Every entry and every step fits into a word of prefixes, and a far start into a GO.
constexpr unsigned kLongestId = 7, kLongestValue = kClassBits + 32;
static_assert(kHeaderBits + kLongestId + kLongestValue <= kWordBits);
static_assert(kHeaderBits + kLongestId + kBodyBits + 1 + kLongestValue <= kWordBits);
static_assert(kGoHeaderBits + kLongestId + kLongestValue <= kWordBits);

/// Writes and reads bits of one word, low bits first. Reading past the end gives 0s.
class WordWriter {
public:
  explicit WordWriter(uint8_t *word) : word(word) {}
  ~WordWriter() {
    for (unsigned i = 0; i < kWordBytes; ++i)
      word[i] = uint8_t(bits >> (8 * i));
  }
  WordWriter(const WordWriter &) = delete;
  WordWriter &operator=(const WordWriter &) = delete;

  void put(uint64_t value, unsigned width) {
    bits |= (value & ((uint64_t(1) << width) - 1)) << at;
    at += width;
  }
  void putValue(RegisterShape shape, int64_t value) {
    if (shape.bits <= kPlainBits)
      return put(uint64_t(value), shape.bits);
    unsigned sizeClass = sizeClassOf(shape, value);
    put(sizeClass, kClassBits);
    put(uint64_t(value), classWidth(shape.bits, sizeClass));
  }

private:
  uint8_t *word;
  uint64_t bits = 0;
  unsigned at = 0;
};

class WordReader {
public:
  explicit WordReader(const uint8_t *word) {
    for (unsigned i = 0; i < kWordBytes; ++i)
      bits |= uint64_t(word[i]) << (8 * i);
  }
  unsigned left() const { return remaining; }
  uint64_t get(unsigned width) {
    uint64_t value = bits & ((uint64_t(1) << width) - 1);
    bits >>= width;
    remaining -= width < remaining ? width : remaining;
    return value;
  }
  int64_t getValue(RegisterShape shape) {
    unsigned width = shape.bits;
    if (width > kPlainBits)
      width = classWidth(width, unsigned(get(kClassBits)));
    return wrapToShape({uint8_t(width), shape.isSigned}, int64_t(get(width)));
  }

private:
  uint64_t bits = 0;
  unsigned remaining = kWordBits;
};

} // namespace afe::isa

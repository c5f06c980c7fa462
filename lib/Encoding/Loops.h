// Which instructions of one engine's sequence become GO words and which are repeated by LOOP words,
// so that the stream is short.
#pragma once

#include "Encoding/Words.h"

#include <vector>

namespace afe::isa {

/// The instructions of one engine in one quad as rows of register values.
struct Sequence {
  Sequence(const EngineTable &table) : table(table), registers(registerCount(table)) {}

  const EngineTable &table;
  unsigned registers;
  std::vector<uint32_t> starts;
  std::vector<int32_t> values; ///< size() rows of `registers` words

  size_t size() const { return starts.size(); }
  const int32_t *row(size_t i) const { return values.data() + i * registers; }
  void append(const Instruction &instruction);
  /// The number register `r` of row `i` means.
  int64_t value(size_t i, unsigned r) const;
  /// How far register `r` of row `i` is from the row `lag` before, wrapped to the register's width.
  int64_t step(size_t i, unsigned r, size_t lag) const;
};

/// `count` instructions from row `first` on: one GO (body 0), or a LOOP over the `body` rows
/// before.
struct Group {
  uint32_t first = 0, count = 1, body = 0;
  bool explicitStarts = false;
};

/// Covers the sequence with groups so that the estimated number of words is the least. Linear in
/// the sequence's length; deterministic.
std::vector<Group> planGroups(const Sequence &sequence);

/// How register `r` of body position `position` steps in the loop `group`.
StepKind stepKind(const Sequence &sequence, const Group &group, unsigned position, unsigned r);

/// Bits of the entries by which row `i` differs from the row before (all zero before row 0).
struct Entry {
  unsigned bits = 0;
  unsigned reg = 0;
  unsigned position = 0; ///< steps only
  int64_t value = 0;
};
std::vector<Entry> changedRegisters(const Sequence &sequence, size_t i, unsigned quad);

/// Number of words that hold `entries` if the first has `firstCapacity` bits and every further one
/// `capacity`: first fit, longest first. Gives each entry's word in `bin` if asked.
unsigned packEntries(std::vector<Entry> &entries, unsigned firstCapacity, unsigned capacity,
                     std::vector<unsigned> *bins);

} // namespace afe::isa

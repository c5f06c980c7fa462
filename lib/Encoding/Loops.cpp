// Finds repetition in an engine's sequence. For every lag n up to kMaxLag, row i is compared with
// row i - n (its *steps*) and the steps with those of row i - n: where they agree, or are opposite,
// a loop over n rows goes on. A shortest-path pass from the last row to the first then chooses
// between GO words and the longest loop of every lag.

#include "Encoding/Loops.h"

#include <algorithm>
#include <tuple>

namespace afe::isa {
namespace {

/// Longest body that is looked for.
constexpr unsigned kMaxLag = kMaxBody;
/// More changed registers than this in one row are not worth a loop.
constexpr unsigned kMaxSteps = 8;
/// Bits of the start distance in a GO or STARTS word, for the estimate.
constexpr unsigned kGoCapacity = kWordBits - kGoHeaderBits;
constexpr unsigned kSetCapacity = kWordBits - kHeaderBits;

/// The registers in which a row differs from the row one lag before.
struct RowSteps {
  uint8_t count = 0;
  bool tooMany = false;
  uint8_t regs[kMaxSteps];
  int64_t steps[kMaxSteps];
};

/// What is known about loops of one lag, per row.
struct LagTable {
  std::vector<uint32_t> count;        ///< longest loop that begins here
  std::vector<uint32_t> steadyStarts; ///< how many of its starts keep one period
  std::vector<uint32_t> stepBits;     ///< prefix sums of the bits of the rows' steps
};

unsigned ceilDiv(unsigned a, unsigned b) { return (a + b - 1) / b; }

unsigned stepEntryBits(const EngineTable &table, unsigned reg, int64_t step) {
  return idBits(table) + kBodyBits + 1 + valueBits(stepShape(registerShape(table, reg)), step);
}

RowSteps rowSteps(const Sequence &s, size_t i, unsigned lag) {
  RowSteps result;
  const int32_t *now = s.row(i), *before = s.row(i - lag);
  for (unsigned r = 0; r < s.registers; ++r) {
    if (now[r] == before[r])
      continue;
    if (result.count == kMaxSteps) {
      result.tooMany = true;
      break;
    }
    result.regs[result.count] = uint8_t(r);
    result.steps[result.count++] = s.step(i, r, lag);
  }
  return result;
}

/// Whether the steps `now` go on from `before`; bit k of `alternate`: the k-th of them alternates.
bool continues(const Sequence &s, const RowSteps &now, const RowSteps &before,
               uint32_t &alternate) {
  if (now.tooMany || before.tooMany || now.count != before.count)
    return false;
  alternate = 0;
  for (unsigned k = 0; k < now.count; ++k) {
    if (now.regs[k] != before.regs[k])
      return false;
    if (now.steps[k] == before.steps[k])
      continue;
    RegisterShape shape = stepShape(registerShape(s.table, now.regs[k]));
    if (now.steps[k] != wrapToShape(shape, -before.steps[k]))
      return false;
    alternate |= 1u << k;
  }
  return true;
}

/// For every row the number of rows from it on that continue their steps in one unchanging way.
std::vector<uint32_t> continuedRuns(const Sequence &s, const std::vector<RowSteps> &steps,
                                    unsigned lag) {
  size_t n = s.size();
  std::vector<uint32_t> run(n + 1, 0);
  std::vector<uint32_t> alternate(n, 0);
  for (size_t i = n; i-- > 2 * size_t(lag);) {
    if (!continues(s, steps[i], steps[i - lag], alternate[i]))
      continue;
    run[i] = run[i + 1] + 1;
    if (i + lag < n && run[i + lag] && alternate[i] != alternate[i + lag])
      run[i] = std::min<uint32_t>(run[i], lag);
  }
  return run;
}

LagTable analyseLag(const Sequence &s, unsigned lag) {
  size_t n = s.size();
  std::vector<RowSteps> steps(n);
  LagTable table;
  table.count.assign(n, 0);
  table.steadyStarts.assign(n, 0);
  table.stepBits.assign(n + 1, 0);
  for (size_t i = 0; i < n; ++i) {
    unsigned bits = 0;
    if (i >= lag)
      steps[i] = rowSteps(s, i, lag);
    for (unsigned k = 0; k < steps[i].count; ++k)
      bits += stepEntryBits(s.table, steps[i].regs[k], steps[i].steps[k]);
    table.stepBits[i + 1] = table.stepBits[i] + bits;
  }
  std::vector<uint32_t> run = continuedRuns(s, steps, lag);
  uint32_t sparse = 0, steady = 0; // rows from i on with few steps, with the same period
  for (size_t i = n; i-- > lag;) {
    sparse = steps[i].tooMany ? 0 : sparse + 1;
    uint32_t period = s.starts[i] - s.starts[i - lag];
    bool same = i + 1 < n && s.starts[i + 1] - s.starts[i + 1 - lag] == period;
    steady = period >> kPeriodBits ? 0 : same ? steady + 1 : 1;
    uint32_t count =
        sparse < lag || i + lag >= n ? std::min<uint32_t>(sparse, lag) : lag + run[i + lag];
    table.count[i] = std::min(count, kMaxCount);
    table.steadyStarts[i] = std::min(steady, table.count[i]);
  }
  return table;
}

/// Estimated words of the loop `group`: the steps of its first iteration, and its starts.
unsigned loopWords(const Sequence &s, const LagTable &table, const Group &group,
                   const std::vector<uint32_t> &startBits) {
  uint32_t i = group.first, period = s.starts[i] - s.starts[i - group.body];
  unsigned bits = table.stepBits[i + std::min(group.body, group.count)] - table.stepBits[i];
  unsigned spare = kWordBits - loopHeaderBits(group.count, group.explicitStarts, period);
  unsigned words = 1 + (bits > spare ? ceilDiv(bits - spare, kSetCapacity) : 0);
  if (group.explicitStarts)
    words += ceilDiv(startBits[i + group.count] - startBits[i], kWordBits - kStartsHeaderBits);
  return words;
}

unsigned widthOf(uint32_t value) {
  unsigned bits = 1;
  while (bits < 32 && value >> bits)
    ++bits;
  return bits;
}

unsigned goWords(const Sequence &s, size_t i) {
  std::vector<Entry> entries = changedRegisters(s, i, 0);
  return packEntries(entries, kGoCapacity, kSetCapacity, nullptr);
}

/// The words from every row to the end, at best, and the first group of that best.
struct Path {
  std::vector<unsigned> words;
  std::vector<Group> choice;

  void offer(const Group &group, unsigned groupWords) {
    unsigned total = groupWords + words[group.first + group.count];
    if (total < words[group.first]) {
      words[group.first] = total;
      choice[group.first] = group;
    }
  }
};

} // namespace

void Sequence::append(const Instruction &instruction) {
  starts.push_back(instruction.start);
  values.push_back(instruction.quads);
  const int32_t *words = fieldWords(instruction);
  values.insert(values.end(), words, words + table.count);
}

int64_t Sequence::value(size_t i, unsigned r) const {
  int32_t word = row(i)[r];
  return r == kQuadsRegister ? word : table.fields[r - kFirstFieldRegister].value(word);
}

int64_t Sequence::step(size_t i, unsigned r, size_t lag) const {
  return wrapToShape(stepShape(registerShape(table, r)), int64_t(row(i)[r]) - row(i - lag)[r]);
}

std::vector<Entry> changedRegisters(const Sequence &s, size_t i, unsigned quad) {
  std::vector<Entry> entries;
  for (unsigned r = 0; r < s.registers; ++r) {
    int32_t before = i ? s.row(i - 1)[r] : r == kQuadsRegister ? int32_t(1u << quad) : 0;
    if (s.row(i)[r] == before)
      continue;
    Entry entry;
    entry.reg = r;
    entry.value = s.value(i, r);
    entry.bits = idBits(s.table) + valueBits(registerShape(s.table, r), entry.value);
    entries.push_back(entry);
  }
  return entries;
}

unsigned packEntries(std::vector<Entry> &entries, unsigned firstCapacity, unsigned capacity,
                     std::vector<unsigned> *bins) {
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
    return std::tie(b.bits, a.position, a.reg) < std::tie(a.bits, b.position, b.reg);
  });
  std::vector<unsigned> room{firstCapacity};
  for (const Entry &entry : entries) {
    unsigned bin = 0;
    while (bin < room.size() && room[bin] < entry.bits)
      ++bin;
    if (bin == room.size())
      room.push_back(capacity);
    room[bin] -= entry.bits;
    if (bins)
      bins->push_back(bin);
  }
  return unsigned(room.size());
}

std::vector<Group> planGroups(const Sequence &s) {
  size_t n = s.size();
  std::vector<LagTable> lags;
  for (unsigned lag = 1; lag <= kMaxLag && lag < n; ++lag)
    lags.push_back(analyseLag(s, lag));
  std::vector<uint32_t> startBits(n + 1, 0);
  for (size_t i = 0; i < n; ++i)
    startBits[i + 1] = startBits[i] + widthOf(i ? s.starts[i] - s.starts[i - 1] : s.starts[i]) + 1;

  Path path{std::vector<unsigned>(n + 1, ~0u), std::vector<Group>(n)};
  path.words[n] = 0;
  for (size_t i = n; i-- > 0;) {
    path.offer({uint32_t(i), 1, 0, false}, goWords(s, i));
    for (unsigned lag = 1; lag <= lags.size() && lag <= i; ++lag) {
      const LagTable &table = lags[lag - 1];
      Group steady{uint32_t(i), table.steadyStarts[i], lag, false};
      Group any{uint32_t(i), table.count[i], lag, true};
      for (const Group &group : {steady, any})
        if (group.count)
          path.offer(group, loopWords(s, table, group, startBits));
    }
  }
  std::vector<Group> groups;
  for (size_t i = 0; i < n; i += groups.back().count)
    groups.push_back(path.choice[i]);
  return groups;
}

StepKind stepKind(const Sequence &s, const Group &group, unsigned position, unsigned r) {
  size_t second = group.first + position + group.body;
  if (second >= group.first + group.count)
    return StepKind::Add;
  bool same = s.step(second, r, group.body) == s.step(second - group.body, r, group.body);
  return same ? StepKind::Add : StepKind::Alternate;
}

} // namespace afe::isa

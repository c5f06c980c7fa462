// Instructions of one quad to words: the groups of every engine (Loops.h), merged in the order in
// which their first instruction starts, each written as prefix words (SET, STEP, STARTS) and one
// dispatching word (GO, LOOP).

#include "Encoding/Loops.h"
#include "Encoding/Stream.h"
#include "Encoding/Words.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace afe::isa {
namespace {

class StreamEncoder {
public:
  StreamEncoder(unsigned quad) : quad(quad) {}

  void encodeGroup(const Sequence &sequence, const Group &group) {
    if (group.body)
      encodeLoop(sequence, group);
    else
      encodeGo(sequence, group.first);
  }

  EncodedStream stream;

private:
  uint8_t *newWord() {
    stream.bytes.resize(stream.bytes.size() + kWordBytes);
    return stream.bytes.data() + stream.bytes.size() - kWordBytes;
  }
  static void putHeader(WordWriter &word, WordKind kind, const EngineTable &table) {
    word.put(unsigned(kind), kKindBits);
    word.put(unsigned(table.engine), kEngineBits);
  }
  void dispatched(uint32_t start) {
    stream.dispatches.push_back({uint32_t(stream.bytes.size() / kWordBytes - 1), start});
    clock = start;
  }

  void encodeGo(const Sequence &s, size_t i) {
    uint32_t delta = s.starts[i] - clock;
    bool far = delta >> kDeltaBits;
    unsigned capacity = kWordBits - kGoHeaderBits;
    if (far)
      capacity -= idBits(s.table) + valueBits(kStartShape, delta);
    std::vector<Entry> entries = changedRegisters(s, i, quad);
    std::vector<unsigned> bins;
    unsigned words = packEntries(entries, capacity, kWordBits - kHeaderBits, &bins);
    for (unsigned bin = 1; bin < words; ++bin) {
      WordWriter word(newWord());
      putHeader(word, WordKind::Set, s.table);
      putEntries(word, s.table, entries, bins, bin);
    }
    WordWriter word(newWord());
    putHeader(word, WordKind::Go, s.table);
    word.put(far ? 0 : delta, kDeltaBits);
    if (far) {
      word.put(kStartId, idBits(s.table));
      word.putValue(kStartShape, delta);
    }
    putEntries(word, s.table, entries, bins, 0);
    dispatched(s.starts[i]);
  }

  static void putEntries(WordWriter &word, const EngineTable &table,
                         const std::vector<Entry> &entries, const std::vector<unsigned> &bins,
                         unsigned bin) {
    for (size_t i = 0; i < entries.size(); ++i) {
      if (bins[i] != bin)
        continue;
      word.put(entries[i].reg + kFirstRegisterId, idBits(table));
      word.putValue(registerShape(table, entries[i].reg), entries[i].value);
    }
  }

  void encodeLoop(const Sequence &s, const Group &group) {
    std::vector<Entry> steps = loopSteps(s, group);
    std::vector<unsigned> bins;
    uint32_t period = s.starts[group.first] - s.starts[group.first - group.body];
    unsigned capacity = kWordBits - loopHeaderBits(group.count, group.explicitStarts, period);
    unsigned words = packEntries(steps, capacity, kWordBits - kHeaderBits, &bins);
    for (unsigned bin = 1; bin < words; ++bin) {
      WordWriter word(newWord());
      putHeader(word, WordKind::Step, s.table);
      putSteps(word, s, group, steps, bins, bin);
    }
    if (group.explicitStarts)
      encodeStarts(s, group);
    WordWriter word(newWord());
    putHeader(word, WordKind::Loop, s.table);
    word.put(group.body - 1, kBodyBits);
    word.putValue(kCountShape, group.count - 1);
    word.put(group.explicitStarts, 1);
    if (!group.explicitStarts)
      word.putValue(kPeriodShape, period);
    putSteps(word, s, group, steps, bins, 0);
    dispatched(s.starts[group.first]);
  }

  static std::vector<Entry> loopSteps(const Sequence &s, const Group &group) {
    std::vector<Entry> steps;
    for (unsigned position = 0; position < std::min(group.body, group.count); ++position)
      for (unsigned r = 0; r < s.registers; ++r) {
        int64_t step = s.step(group.first + position, r, group.body);
        if (step == 0)
          continue;
        unsigned value = valueBits(stepShape(registerShape(s.table, r)), step);
        steps.push_back({idBits(s.table) + kBodyBits + 1 + value, r, position, step});
      }
    return steps;
  }

  static void putSteps(WordWriter &word, const Sequence &s, const Group &group,
                       const std::vector<Entry> &steps, const std::vector<unsigned> &bins,
                       unsigned bin) {
    for (size_t i = 0; i < steps.size(); ++i) {
      const Entry &step = steps[i];
      if (bins[i] != bin)
        continue;
      word.put(step.reg + kFirstRegisterId, idBits(s.table));
      word.put(step.position, kBodyBits);
      word.put(unsigned(stepKind(s, group, step.position, step.reg)), 1);
      word.putValue(stepShape(registerShape(s.table, step.reg)), step.value);
    }
  }

  void encodeStarts(const Sequence &s, const Group &group) {
    constexpr unsigned capacity = kWordBits - kStartsHeaderBits;
    size_t end = group.first + group.count;
    for (size_t i = group.first; i < end;) {
      unsigned width = 1;
      size_t number = 0;
      for (size_t k = i; k < end; ++k) {
        unsigned wider = width;
        while (wider < 32 && (s.starts[k] - s.starts[k - 1]) >> wider)
          ++wider;
        if ((number + 1) * wider > capacity)
          break;
        width = wider;
        ++number;
      }
      WordWriter word(newWord());
      putHeader(word, WordKind::Starts, s.table);
      word.put(width - 1, kWidthBits);
      word.put(number, kNumberBits);
      for (size_t k = i; k < i + number; ++k)
        word.put(s.starts[k] - s.starts[k - 1], width);
      i += number;
    }
  }

  unsigned quad;
  uint32_t clock = 0;
};

struct MergedGroup {
  uint32_t start = 0;
  unsigned engine = 0;
  Group group;
};

} // namespace

std::vector<uint32_t> streamOrder(const std::vector<Instruction> &instructions) {
  std::vector<uint32_t> order(instructions.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const Instruction &x = instructions[a], &y = instructions[b];
    return std::make_tuple(x.start, x.engine(), a) < std::make_tuple(y.start, y.engine(), b);
  });
  return order;
}

EncodedStream encodeStream(const std::vector<Instruction> &instructions, unsigned quad) {
  std::vector<Sequence> sequences;
  for (unsigned e = 0; e < kNumEngines; ++e)
    sequences.emplace_back(engineTable(Engine(e)));
  for (uint32_t i : streamOrder(instructions))
    sequences[unsigned(instructions[i].engine())].append(instructions[i]);

  std::vector<MergedGroup> merged;
  for (unsigned e = 0; e < kNumEngines; ++e)
    for (const Group &group : planGroups(sequences[e]))
      merged.push_back({sequences[e].starts[group.first], e, group});
  std::sort(merged.begin(), merged.end(), [](const MergedGroup &a, const MergedGroup &b) {
    return std::tie(a.start, a.engine, a.group.first) < std::tie(b.start, b.engine, b.group.first);
  });
  StreamEncoder encoder(quad);
  for (const MergedGroup &m : merged)
    encoder.encodeGroup(sequences[m.engine], m.group);
  return std::move(encoder.stream);
}

std::vector<InstructionBlock> cutBlocks(size_t bytes, const std::vector<Dispatch> &dispatches,
                                        uint32_t blockBytes, uint64_t dram) {
  std::vector<InstructionBlock> blocks;
  size_t next = 0; // first dispatch not before the block
  for (size_t at = 0; at < bytes; at += blockBytes) {
    InstructionBlock block;
    block.bytes = uint32_t(std::min<size_t>(blockBytes, bytes - at));
    block.dram = dram + at;
    size_t endWord = (at + block.bytes) / kWordBytes;
    if (!dispatches.empty())
      block.neededAt = block.doneAt = dispatches[std::min(next, dispatches.size() - 1)].start;
    for (; next < dispatches.size() && dispatches[next].word < endWord; ++next)
      block.doneAt = dispatches[next].start;
    blocks.push_back(block);
  }
  return blocks;
}

} // namespace afe::isa

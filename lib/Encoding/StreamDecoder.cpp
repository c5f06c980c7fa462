// Words of one quad back to instructions. The input may be hostile: every count is checked before
// it is acted on, and the number of instructions is bounded by the caller.

#include "Encoding/Stream.h"
#include "Encoding/Words.h"

#include <algorithm>
#include <array>

namespace afe::isa {
namespace {

using Registers = std::array<int64_t, kMaxRegisters>;

/// A step that waits for its LOOP.
struct PendingStep {
  uint8_t reg = 0, position = 0;
  StepKind kind = StepKind::Add;
  int64_t step = 0;
};

/// One engine's sequencer: registers, the instructions issued so far, prefixes of the next LOOP.
struct Sequencer {
  Registers registers{};
  uint32_t lastStart = 0;
  std::vector<Instruction> issued;
  std::vector<PendingStep> steps;
  std::vector<uint32_t> starts;
};

class StreamDecoder {
public:
  StreamDecoder(unsigned quad, size_t maxInstructions, std::vector<Dispatch> &dispatches)
      : limit(maxInstructions), dispatches(dispatches) {
    for (Sequencer &sequencer : sequencers)
      sequencer.registers[kQuadsRegister] = int64_t(1) << quad;
  }

  /// Empty, or what is wrong with the word.
  std::string decodeWord(const uint8_t *bytes, uint32_t index) {
    wordIndex = index;
    WordReader word(bytes);
    auto kind = WordKind(word.get(kKindBits));
    unsigned engine = unsigned(word.get(kEngineBits));
    if (kind == WordKind::Pad)
      return {};
    if (engine >= kNumEngines)
      return "names engine " + std::to_string(engine);
    const EngineTable &table = engineTable(Engine(engine));
    switch (kind) {
    case WordKind::Set:
      return decodeEntries(word, table, nullptr);
    case WordKind::Go:
      return decodeGo(word, table);
    case WordKind::Step:
      return decodeSteps(word, table);
    case WordKind::Starts:
      return decodeStarts(word, sequencerOf(table));
    case WordKind::Loop:
      return decodeLoop(word, table);
    default:
      return "has unknown kind " + std::to_string(unsigned(kind));
    }
  }

  /// Merges what the engines issued: by start, ties by engine.
  void merge(std::vector<Instruction> &out) {
    std::array<size_t, kNumEngines> at{};
    out.clear();
    out.reserve(total);
    while (out.size() < total) {
      int first = -1;
      for (int e = 0; e < kNumEngines; ++e)
        if (at[e] < sequencers[e].issued.size() &&
            (first < 0 ||
             sequencers[e].issued[at[e]].start < sequencers[first].issued[at[first]].start))
          first = e;
      out.push_back(sequencers[first].issued[at[first]++]);
    }
  }

private:
  Sequencer &sequencerOf(const EngineTable &table) { return sequencers[unsigned(table.engine)]; }

  std::string decodeEntries(WordReader &word, const EngineTable &table, uint32_t *delta) {
    unsigned width = idBits(table);
    while (word.left() >= width) {
      unsigned id = unsigned(word.get(width));
      if (id == kEndId)
        break;
      if (id == kStartId) {
        if (!delta)
          return "sets a start outside a go word";
        *delta = uint32_t(word.getValue(kStartShape));
        continue;
      }
      unsigned reg = id - kFirstRegisterId;
      if (reg >= registerCount(table))
        return "names field " + std::to_string(id) + " of " + table.name;
      sequencerOf(table).registers[reg] = word.getValue(registerShape(table, reg));
    }
    return {};
  }

  std::string decodeGo(WordReader &word, const EngineTable &table) {
    uint32_t delta = uint32_t(word.get(kDeltaBits));
    std::string problem = decodeEntries(word, table, &delta);
    if (!problem.empty())
      return problem;
    problem = dispatch(uint64_t(clock) + delta);
    return problem.empty() ? issue(table, clock, sequencerOf(table).registers) : problem;
  }

  /// The word starts instructions, the first at `start`, which must not be before the clock.
  std::string dispatch(uint64_t start) {
    if (start > UINT32_MAX)
      return "starts beyond cycle 2^32";
    if (start < clock)
      return "starts before the word in front of it";
    clock = uint32_t(start);
    dispatches.push_back({wordIndex, clock});
    return {};
  }

  std::string issue(const EngineTable &table, uint64_t start, const Registers &registers) {
    Sequencer &sequencer = sequencerOf(table);
    if (total == limit)
      return "makes more instructions than the header says";
    if (start > UINT32_MAX || start < sequencer.lastStart)
      return std::string("starts before the last instruction of ") + table.name +
             " or beyond cycle 2^32";
    Instruction instruction = makeInstruction(table.engine);
    instruction.start = sequencer.lastStart = uint32_t(start);
    instruction.quads = uint8_t(registers[kQuadsRegister]);
    int32_t *words = fieldWords(instruction);
    for (unsigned i = 0; i < table.count; ++i)
      words[i] = storeField(registers[kFirstFieldRegister + i]);
    sequencer.registers = registers;
    sequencer.issued.push_back(instruction);
    ++total;
    return {};
  }

  std::string decodeSteps(WordReader &word, const EngineTable &table) {
    unsigned width = idBits(table);
    while (word.left() >= width) {
      unsigned id = unsigned(word.get(width));
      if (id == kEndId)
        break;
      unsigned reg = id - kFirstRegisterId;
      if (id < kFirstRegisterId || reg >= registerCount(table))
        return "steps field " + std::to_string(id) + " of " + table.name;
      PendingStep step;
      step.reg = uint8_t(reg);
      step.position = uint8_t(word.get(kBodyBits));
      step.kind = StepKind(word.get(1));
      step.step = word.getValue(stepShape(registerShape(table, reg)));
      if (sequencerOf(table).steps.size() >= kMaxBody * registerCount(table))
        return "gives more steps than a loop has registers";
      sequencerOf(table).steps.push_back(step);
    }
    return {};
  }

  std::string decodeStarts(WordReader &word, Sequencer &sequencer) {
    unsigned width = unsigned(word.get(kWidthBits)) + 1;
    unsigned number = unsigned(word.get(kNumberBits));
    if (number * width > word.left())
      return "holds more starts than fit";
    if (sequencer.starts.size() + number > kMaxCount)
      return "gives more starts than a loop has instructions";
    for (unsigned i = 0; i < number; ++i)
      sequencer.starts.push_back(uint32_t(word.get(width)));
    return {};
  }

  std::string decodeLoop(WordReader &word, const EngineTable &table) {
    Sequencer &sequencer = sequencerOf(table);
    unsigned body = unsigned(word.get(kBodyBits)) + 1;
    unsigned count = unsigned(word.getValue(kCountShape)) + 1;
    bool explicitStarts = word.get(1);
    uint32_t period = explicitStarts ? 0 : uint32_t(word.getValue(kPeriodShape));
    std::string problem = decodeSteps(word, table);
    if (!problem.empty())
      return problem;
    if (sequencer.issued.size() < body)
      return "repeats instructions that are not there";
    if (sequencer.starts.size() != (explicitStarts ? count : 0))
      return "has a number of starts other than its count";
    if (count > limit - total)
      return "makes more instructions than the header says";
    problem = runLoop(table, body, count, explicitStarts, period);
    sequencer.steps.clear();
    sequencer.starts.clear();
    return problem;
  }

  std::string runLoop(const EngineTable &table, unsigned body, unsigned count, bool explicitStarts,
                      uint32_t period) {
    Sequencer &sequencer = sequencerOf(table);
    std::vector<std::vector<PendingStep>> steps(body);
    for (const PendingStep &step : sequencer.steps) {
      if (step.position >= body)
        return "steps an instruction outside the loop's body";
      steps[step.position].push_back(step);
    }
    for (unsigned i = 0; i < count; ++i) {
      const Instruction &before = sequencer.issued[sequencer.issued.size() - body];
      uint64_t start = explicitStarts ? uint64_t(sequencer.lastStart) + sequencer.starts[i]
                                      : uint64_t(before.start) + period;
      std::string problem = i == 0 ? dispatch(start) : std::string();
      if (problem.empty())
        problem = issue(table, start, stepped(table, before, steps[i % body], i / body));
      if (!problem.empty())
        return problem;
    }
    return {};
  }

  static Registers stepped(const EngineTable &table, const Instruction &before,
                           const std::vector<PendingStep> &steps, unsigned iteration) {
    Registers registers{};
    registers[kQuadsRegister] = before.quads;
    const int32_t *words = fieldWords(before);
    for (unsigned i = 0; i < table.count; ++i)
      registers[kFirstFieldRegister + i] = table.fields[i].value(words[i]);
    for (const PendingStep &step : steps) {
      bool back = step.kind == StepKind::Alternate && iteration % 2;
      registers[step.reg] = wrapToShape(registerShape(table, step.reg),
                                        registers[step.reg] + (back ? -step.step : step.step));
    }
    return registers;
  }

  std::array<Sequencer, kNumEngines> sequencers;
  uint32_t clock = 0, wordIndex = 0;
  size_t limit, total = 0;
  std::vector<Dispatch> &dispatches;
};

} // namespace

bool decodeStream(const uint8_t *data, size_t size, unsigned quad, size_t maxInstructions,
                  std::vector<Instruction> &instructions, std::vector<Dispatch> &dispatches,
                  std::string &error) {
  dispatches.clear();
  if (size % kWordBytes) {
    error = "instruction stream of quad " + std::to_string(quad) + " has " + std::to_string(size) +
            " bytes, not a multiple of " + std::to_string(kWordBytes);
    return false;
  }
  StreamDecoder decoder(quad, maxInstructions, dispatches);
  for (size_t at = 0; at < size; at += kWordBytes) {
    std::string problem = decoder.decodeWord(data + at, uint32_t(at / kWordBytes));
    if (problem.empty())
      continue;
    error = "instruction word " + std::to_string(at / kWordBytes) + " of quad " +
            std::to_string(quad) + " " + problem;
    return false;
  }
  decoder.merge(instructions);
  return true;
}

} // namespace afe::isa

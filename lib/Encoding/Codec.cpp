// Tiles of interleaved rANS: the code of a tensor, the layout of a tile, encoder and decoder.
//   runs     varint count, then per run varints: times, coded, raw, fill (bytes of each in turn)
//   fill     u8
//   table    levels of the code (SymbolCode::writeTable)
//   states   128 x 24 bits, of lane 0 first
//   raw      raw bytes but the payload
//   stream   what lanes take in when their state is too small
// Coded byte i belongs to lane i % 128. A lane decodes one byte per step from its state x,
//   slot = x % 4096, byte = the one with start <= slot < start + frequency,
//   x = frequency * (x / 4096) + slot - start, and while x < 2^16: x = x * 256 + next of stream,
// lanes of a step taking their bytes in ascending order. At the end every state is 2^16 + p: the p
// of all lanes, 2 bytes each, are the payload: the first 256 raw bytes, or, where there are fewer
// of those, behind them the last coded bytes. So what a coder's state costs is not lost.

#include "Encoding/Codec.h"

#include "Encoding/ByteStream.h"

#include <algorithm>
#include <cstring>

namespace afe::isa {

namespace {

constexpr size_t kTileLanes = 128;
constexpr size_t kPayload = 2 * kTileLanes;
constexpr size_t kStateBytes = 3;
constexpr uint32_t kLow = 1u << 16; ///< least state between steps

/// Coded, raw and fill bytes in turn, `times` times.
struct Run {
  uint64_t times = 0, coded = 0, raw = 0, fill = 0;
  bool sameBytes(const Run &o) const { return coded == o.coded && raw == o.raw && fill == o.fill; }
};

/// log2 of 1 .. 2^16 in units of a 1024th, rounded up: the same on every machine.
uint32_t logOf(uint32_t value) {
  int bits = 31 - __builtin_clz(value);
  uint64_t x = uint64_t(value) << (31 - bits), result = uint64_t(bits);
  for (int i = 0; i < 10; ++i) {
    x = x * x >> 31;
    result = 2 * result + (x >> 32);
    x >>= x >> 32;
  }
  return uint32_t(result + (x > uint64_t(1) << 31));
}

uint32_t weightOf(int level) {
  return level == 0 ? 0 : (2u + ((level - 1) & 1)) << ((level - 1) >> 1);
}

/// Bits in bytes, the first in bit 0.
class BitWriter {
public:
  void put(uint32_t value, int count) {
    for (int i = 0; i < count; ++i, ++at) {
      if (at % 8 == 0)
        bytes.push_back(0);
      bytes.back() |= uint8_t((value >> i & 1) << (at % 8));
    }
  }
  std::vector<uint8_t> bytes;

private:
  size_t at = 0;
};

class BitReader {
public:
  explicit BitReader(ByteReader &in) : in(in) {}
  uint32_t get(int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; ++i, ++at) {
      if (at % 8 == 0)
        byte = in.u8();
      value |= uint32_t(byte >> (at % 8) & 1) << i;
    }
    return value;
  }

private:
  ByteReader &in;
  uint8_t byte = 0;
  size_t at = 0;
};

std::vector<Run> runsOf(const std::vector<ByteKind> &kinds) {
  std::vector<Run> runs;
  for (size_t at = 0; at < kinds.size();) {
    auto length = [&](ByteKind kind) {
      size_t begin = at;
      while (at < kinds.size() && kinds[at] == kind)
        ++at;
      return at - begin;
    };
    Run run;
    run.times = 1;
    run.coded = length(ByteKind::Coded);
    run.raw = length(ByteKind::Raw);
    run.fill = length(ByteKind::Fill);
    if (!runs.empty() && runs.back().sameBytes(run))
      ++runs.back().times;
    else
      runs.push_back(run);
  }
  return runs;
}

/// A tile's bytes by kind, in order.
struct Sorted {
  std::vector<Run> runs;
  std::vector<uint8_t> coded, raw;
  uint8_t fill = 0;

  explicit Sorted(const TileBytes &tile) : runs(runsOf(tile.kinds)) {
    coded.reserve(tile.bytes.size());
    for (size_t i = 0; i < tile.bytes.size(); ++i)
      if (tile.kinds[i] == ByteKind::Coded)
        coded.push_back(tile.bytes[i]);
      else if (tile.kinds[i] == ByteKind::Raw)
        raw.push_back(tile.bytes[i]);
      else
        fill = tile.bytes[i];
  }
};

void putRuns(ByteWriter &out, const std::vector<Run> &runs) {
  out.varint(runs.size());
  for (const Run &run : runs)
    for (uint64_t value : {run.times, run.coded, run.raw, run.fill})
      out.varint(value);
}

/// Coded bytes that stand in the payload.
size_t codedInPayload(size_t raw) { return kPayload - std::min(raw, kPayload); }

} // namespace

/// How often each byte occurs.
static std::array<uint64_t, 256> histogram(const uint8_t *bytes, size_t count) {
  std::array<uint32_t, 256> turns[4] = {}; // equal neighbours do not wait for each other
  size_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (size_t k = 0; k < 4; ++k)
      ++turns[k][bytes[i + k]];
  for (; i < count; ++i)
    ++turns[0][bytes[i]];
  std::array<uint64_t, 256> counts{};
  for (size_t s = 0; s < 256; ++s)
    counts[s] = uint64_t(turns[0][s]) + turns[1][s] + turns[2][s] + turns[3][s];
  return counts;
}

/// All bytes but the longest run of those that do not occur, 0 behind 255: weights are spread
/// around a zero that may be either.
static SymbolCode::Span spanOf(const std::array<uint64_t, 256> &counts) {
  int longest = 0, end = 0;
  for (int i = 0, gap = 0; i < 512; ++i) {
    gap = counts[i % 256] == 0 ? gap + 1 : 0;
    if (gap > longest)
      longest = gap, end = i + 1;
  }
  return {end % 256, 256 - longest};
}

/// Bits of the table that a step between neighbouring levels takes.
static int stepBits(int step) { return step == 0 ? 1 : step == 1 || step == -1 ? 3 : 7; }

/// The levels for which bytes and table together take the fewest bits: the cheapest path through
/// the levels of all bytes in turn.
static std::array<uint8_t, 256> chooseLevels(const std::array<uint64_t, 256> &counts,
                                             uint64_t count, SymbolCode::Span span) {
  constexpr int kLevels = SymbolCode::kLevels;
  constexpr uint64_t kNever = UINT64_MAX / 4, kUnit = SymbolCode::kCostUnit;
  std::vector<std::array<uint8_t, kLevels>> from(256);
  std::array<uint64_t, kLevels> cost, next;
  cost.fill(kNever);
  cost[0] = 0;
  for (int i = 0; i < span.count; ++i) {
    const auto s = uint8_t(span.first + i);
    uint64_t cheapest = *std::min_element(cost.begin(), cost.end());
    int best = int(std::min_element(cost.begin(), cost.end()) - cost.begin());
    for (int level = 0; level < kLevels; ++level) {
      next[level] = cheapest + 7 * kUnit;
      from[s][level] = uint8_t(best);
      for (int before = std::max(0, level - 1); before <= std::min(kLevels - 1, level + 1);
           ++before)
        if (uint64_t c = cost[before] + stepBits(level - before) * kUnit; c < next[level])
          next[level] = c, from[s][level] = uint8_t(before);
      if (level == 0 && counts[s] > 0)
        next[level] = kNever;
      else if (level > 0) // own bits, and what the others lose by this one's share
        next[level] += counts[s] * (kUnit * (SymbolCode::kProbBits + 1) - logOf(weightOf(level))) +
                       count * weightOf(level) * 1477 / (2 * SymbolCode::kScale); // 1024 / ln 2
    }
    cost = next;
  }
  std::array<uint8_t, 256> levels{};
  auto level = uint8_t(std::min_element(cost.begin(), cost.end()) - cost.begin());
  for (int i = span.count; i-- > 0;) {
    const auto s = uint8_t(span.first + i);
    levels[s] = level;
    level = from[s][level];
  }
  return levels;
}

void TileBytes::add(const TileBytes &more) {
  kinds.resize(bytes.size(), ByteKind::Raw);
  bytes.insert(bytes.end(), more.bytes.begin(), more.bytes.end());
  kinds.insert(kinds.end(), more.kinds.begin(), more.kinds.end());
  kinds.resize(bytes.size(), ByteKind::Raw);
}

TileBytes TileBytes::part(size_t from, size_t count) const {
  TileBytes result;
  result.bytes.assign(bytes.begin() + from, bytes.begin() + from + count);
  if (!kinds.empty())
    result.kinds.assign(kinds.begin() + from, kinds.begin() + from + count);
  return result;
}

size_t TileBytes::countOf(ByteKind kind) const {
  return size_t(std::count(kinds.begin(), kinds.end(), kind));
}

SymbolCode::SymbolCode(const uint8_t *bytes, size_t count) {
  if (count == 0)
    return;
  std::array<uint64_t, 256> counts = histogram(bytes, count);
  Span span = spanOf(counts);
  std::array<uint8_t, 256> levels = chooseLevels(counts, count, span);
  setLevels(levels);
  writeTable(levels, span);
  setCosts(counts);
}

bool SymbolCode::setLevels(const std::array<uint8_t, 256> &levels) {
  uint64_t sum = 0;
  uint32_t total = 0;
  int largest = -1;
  for (int s = 0; s < 256; ++s) {
    sum += weightOf(levels[s]);
    if (levels[s] && (largest < 0 || levels[s] > levels[largest]))
      largest = s;
  }
  if (largest < 0)
    return false;
  for (int s = 0; s < 256; ++s) {
    frequency[s] =
        levels[s] ? uint16_t(std::max<uint64_t>(1, weightOf(levels[s]) * kScale / sum)) : 0;
    total += frequency[s];
  }
  // What rounding left over, or took too much (bytes of less than a 4096th), is spread in turn over
  // the bytes that are frequent enough.
  for (int s = 0; total != kScale; s = (s + 1) % 256) {
    if (levels[s] + 4 < levels[largest] || frequency[s] == 0)
      continue;
    if (total < kScale)
      ++frequency[s], ++total;
    else if (frequency[s] > 1)
      --frequency[s], --total;
  }
  uint32_t at = 0;
  for (int s = 0; s < 256; ++s) {
    start[s] = uint16_t(at);
    at += frequency[s];
  }
  return true;
}

/// First byte and number of bytes - 1, then for each of them the step from the level before:
/// 0: none; 1 0 s: one up (s = 0) or down; 1 1 and 5 bits: the level itself.
void SymbolCode::writeTable(const std::array<uint8_t, 256> &levels, Span span) {
  BitWriter out;
  out.put(uint32_t(span.first), 8);
  out.put(uint32_t(span.count - 1), 8);
  int before = 0;
  for (int i = 0; i < span.count; ++i) {
    const uint8_t level = levels[uint8_t(span.first + i)];
    const int step = level - before;
    before = level;
    if (step == 0)
      out.put(0, 1);
    else if (step == 1 || step == -1)
      out.put(step == 1 ? 1 : 5, 3);
    else
      out.put(3u | uint32_t(level) << 2, 7);
  }
  tableBytes = std::move(out.bytes);
}

static bool readTable(ByteReader &in, SymbolCode &code) {
  BitReader bits(in);
  const int first = int(bits.get(8)), count = int(bits.get(8)) + 1;
  std::array<uint8_t, 256> levels{};
  int level = 0;
  for (int i = 0; i < count; ++i) {
    if (bits.get(1))
      level = bits.get(1) ? int(bits.get(5)) : level + (bits.get(1) ? -1 : 1);
    if (level < 0 || level >= SymbolCode::kLevels)
      return false;
    levels[uint8_t(first + i)] = uint8_t(level);
  }
  return !in.bad() && code.setLevels(levels);
}

void SymbolCode::setCosts(const std::array<uint64_t, 256> &counts) {
  for (int s = 0; s < 256; ++s)
    if (frequency[s]) {
      costs[s] = kCostUnit * kProbBits - logOf(frequency[s]);
      totalCost += counts[s] * costs[s];
    }
}

namespace {

/// Encodes coded bytes from the last to the first; the stream grows backwards.
class LaneEncoder {
public:
  LaneEncoder(const SymbolCode &code, const uint8_t *payload) : code(code) {
    for (size_t lane = 0; lane < kTileLanes; ++lane)
      states[lane] = kLow + payload[2 * lane] + 256u * payload[2 * lane + 1];
    for (int s = 0; s < 256; ++s)
      if (code.frequency[s])
        inverse[s] = (uint64_t(1) << kInverseBits) / code.frequency[s] + 1;
  }

  void encode(const std::vector<uint8_t> &bytes, size_t count) {
    stream.resize(2 * count);
    uint8_t *to = stream.data() + stream.size();
    for (size_t i = count; i-- > 0;) {
      uint32_t &x = states[i % kTileLanes];
      const uint32_t f = code.frequency[bytes[i]];
      while (x >= f << (24 - SymbolCode::kProbBits)) {
        *--to = uint8_t(x);
        x >>= 8;
      }
      const auto q = uint32_t(x * inverse[bytes[i]] >> kInverseBits); // x / f
      x = (q << SymbolCode::kProbBits) + (x - q * f) + code.start[bytes[i]];
    }
    stream.erase(stream.begin(), stream.begin() + (to - stream.data()));
  }

  uint32_t states[kTileLanes];
  std::vector<uint8_t> stream;

private:
  static constexpr int kInverseBits = 38; ///< enough for the quotient of any x < 2^24

  const SymbolCode &code;
  uint64_t inverse[256] = {};
};

} // namespace

size_t encodedTileSize(const TileBytes &tile, const SymbolCode &code) {
  if (code.empty() || tile.kinds.empty())
    return 0;
  size_t raw = 0, coded = 0;
  uint64_t cost = 0;
  for (size_t i = 0; i < tile.bytes.size(); ++i) {
    const bool isCoded = tile.kinds[i] == ByteKind::Coded;
    coded += isCoded;
    raw += tile.kinds[i] == ByteKind::Raw;
    cost += isCoded ? code.cost(tile.bytes[i]) : 0;
  }
  if (coded <= codedInPayload(raw))
    return 0;
  size_t left = codedInPayload(raw); // at the end: they stand in the payload
  for (size_t i = tile.bytes.size(); left > 0;)
    if (tile.kinds[--i] == ByteKind::Coded)
      cost -= code.cost(tile.bytes[i]), --left;
  ByteWriter runs;
  putRuns(runs, runsOf(tile.kinds));
  return runs.bytes.size() + 1 + code.table().size() + kTileLanes * kStateBytes + raw -
         std::min(raw, kPayload) + size_t(cost / (8 * SymbolCode::kCostUnit)) + 1;
}

std::vector<uint8_t> encodeTile(const TileBytes &tile, const SymbolCode &code) {
  const Sorted sorted(tile);
  const size_t early = std::min(sorted.raw.size(), kPayload), late = kPayload - early;
  std::vector<uint8_t> payload(sorted.raw.begin(), sorted.raw.begin() + early);
  payload.insert(payload.end(), sorted.coded.end() - late, sorted.coded.end());
  LaneEncoder lanes(code, payload.data());
  lanes.encode(sorted.coded, sorted.coded.size() - late);
  ByteWriter out;
  putRuns(out, sorted.runs);
  out.u8(sorted.fill);
  auto append = [&](auto begin, auto end) { out.bytes.insert(out.bytes.end(), begin, end); };
  append(code.table().begin(), code.table().end());
  for (uint32_t state : lanes.states)
    for (size_t i = 0; i < kStateBytes; ++i)
      out.u8(uint8_t(state >> (8 * i)));
  append(sorted.raw.begin() + early, sorted.raw.end());
  append(lanes.stream.begin(), lanes.stream.end());
  return out.bytes;
}

namespace {

class TileDecoder {
public:
  TileDecoder(const uint8_t *encoded, size_t encodedSize, uint8_t *bytes, size_t size)
      : in(encoded, encodedSize), end(encoded + encodedSize), bytes(bytes), size(size) {}

  /// Empty, or what is wrong.
  const char *run() {
    if (!readRuns())
      return "its runs are not those of so many bytes";
    fill = in.u8();
    if (!readTable(in, code))
      return "its table is malformed";
    late = codedInPayload(raw);
    if (coded <= late || in.left() < kTileLanes * kStateBytes)
      return "it is cut short";
    for (uint32_t &state : states) {
      state = in.u16();
      state |= uint32_t(in.u8()) << 16;
      if (state < kLow)
        return "a lane's state is too small";
    }
    const size_t rawLeft = raw - std::min(raw, kPayload);
    if (in.left() < rawLeft)
      return "it is cut short";
    rawBytes = end - in.left();
    next = rawBytes + rawLeft;
    return decodeLanes() ? place() : "its stream does not end as it must";
  }

private:
  bool readRuns() {
    size_t total = 0;
    runs.resize(in.count(4));
    for (Run &run : runs) {
      run.times = in.bounded(size);
      run.coded = in.bounded(size);
      run.raw = in.bounded(size);
      run.fill = in.bounded(size);
      const size_t each = run.coded + run.raw + run.fill;
      if (in.bad() || each == 0 || run.times == 0 || run.times > (size - total) / each)
        return false;
      total += run.times * each;
      coded += run.times * run.coded;
      raw += run.times * run.raw;
    }
    return !in.bad() && total == size;
  }

  void makeSlots() {
    slots.resize(SymbolCode::kScale);
    for (uint32_t s = 0; s < 256; ++s)
      for (uint32_t i = 0; i < code.frequency[s]; ++i)
        slots[code.start[s] + i] = {uint16_t(code.frequency[s]), uint16_t(i), uint8_t(s)};
  }

  /// One byte of one lane; `room` says that two bytes of the stream are there.
  template <bool room> bool step(uint32_t &x, uint8_t &to) {
    const Slot slot = slots[x & (SymbolCode::kScale - 1)];
    to = slot.symbol;
    x = slot.frequency * (x >> SymbolCode::kProbBits) + slot.offset;
    if constexpr (room) {
      const unsigned take = unsigned(x < kLow) + unsigned(x < kLow >> 8);
      const uint32_t two = uint32_t(next[0]) << 8 | next[1];
      x = x << (8 * take) | two >> (16 - 8 * take);
      next += take;
      return true;
    }
    for (; x < kLow; x = x << 8 | *next++)
      if (next == end)
        return false;
    return true;
  }

  bool decodeLanes() {
    makeSlots();
    values.resize(coded);
    const size_t count = coded - late;
    size_t i = 0;
    for (; i + kTileLanes <= count && size_t(end - next) >= kPayload; i += kTileLanes)
      for (size_t lane = 0; lane < kTileLanes; ++lane)
        step<true>(states[lane], values[i + lane]);
    for (; i < count; ++i)
      if (!step<false>(states[i % kTileLanes], values[i]))
        return false;
    for (size_t lane = 0; lane < kTileLanes; ++lane) {
      if (states[lane] >= 2 * kLow)
        return false;
      payload[2 * lane] = uint8_t(states[lane]);
      payload[2 * lane + 1] = uint8_t(states[lane] >> 8);
    }
    std::copy(payload + kPayload - late, payload + kPayload, values.begin() + count);
    return next == end;
  }

  /// The bytes in the order of the runs.
  const char *place() {
    const uint8_t *from = values.data();
    size_t rawAt = 0;
    for (const Run &run : runs)
      for (uint64_t i = 0; i < run.times; ++i) {
        std::memcpy(bytes, from, run.coded);
        bytes += run.coded, from += run.coded;
        for (uint64_t k = 0; k < run.raw; ++k, ++rawAt)
          *bytes++ = rawAt < kPayload ? payload[rawAt] : rawBytes[rawAt - kPayload];
        std::memset(bytes, fill, run.fill);
        bytes += run.fill;
      }
    return nullptr;
  }

  struct Slot {
    uint16_t frequency, offset;
    uint8_t symbol;
  };

  ByteReader in;
  const uint8_t *const end;
  uint8_t *bytes;
  const size_t size;
  std::vector<Run> runs;
  size_t coded = 0, raw = 0, late = 0;
  uint8_t fill = 0;
  SymbolCode code;
  uint32_t states[kTileLanes];
  const uint8_t *rawBytes = nullptr, *next = nullptr;
  std::vector<Slot> slots;
  std::vector<uint8_t> values;
  uint8_t payload[kPayload];
};

} // namespace

bool decodeTile(const uint8_t *encoded, size_t encodedSize, uint8_t *bytes, size_t size,
                std::string &error) {
  const char *problem = TileDecoder(encoded, encodedSize, bytes, size).run();
  if (problem)
    error = std::string("the compressed tile cannot be decoded: ") + problem;
  return !problem;
}

} // namespace afe::isa

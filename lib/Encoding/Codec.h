// How weights are stored in DRAM: tiles that are compressed by themselves, each fetched by one
// request, so that any of them can be had without the others. 128 interleaved range coders (rANS)
// with one static code per tensor: a decoder of 128 lanes gives 128 bytes per cycle. The format is
// in docs/isa.md, the reasons are in docs/rationale/compression.md.
#pragma once

#include "Encoding/Isa.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace afe::isa {

/// What a byte of a tile is.
enum class ByteKind : uint8_t {
  Fill,  ///< padding: the tile's fill byte, not stored
  Coded, ///< a weight
  Raw,   ///< stored as it is: parameters, tables
};

/// Bytes that are stored together. `kinds` is as long as `bytes`, or empty: all are raw.
struct TileBytes {
  TileBytes() = default;
  TileBytes(std::vector<uint8_t> bytes, std::vector<ByteKind> kinds = {})
      : bytes(std::move(bytes)), kinds(std::move(kinds)) {}

  std::vector<uint8_t> bytes;
  std::vector<ByteKind> kinds;

  void add(const TileBytes &more);
  /// `count` bytes from `from` on.
  TileBytes part(size_t from, size_t count) const;
  size_t countOf(ByteKind kind) const;
};

/// A static code for bytes: frequencies in 2^-12ths, in levels of half an octave, so that a table
/// of levels is small.
class SymbolCode {
public:
  static constexpr int kProbBits = 12;
  static constexpr uint32_t kScale = 1u << kProbBits;
  static constexpr int kLevels = 2 * kProbBits + 3; ///< level 0: the byte does not occur

  /// Bytes that a table lists: `count` from `first` on, 0 behind 255.
  struct Span {
    int first, count;
  };

  SymbolCode() = default;
  /// The code for what occurs in `bytes`.
  SymbolCode(const uint8_t *bytes, size_t count);

  bool empty() const { return tableBytes.empty(); }
  /// The levels as a tile has them.
  const std::vector<uint8_t> &table() const { return tableBytes; }
  /// What a coded byte takes, in bits / kCostUnit.
  uint32_t cost(uint8_t symbol) const { return costs[symbol]; }
  static constexpr uint32_t kCostUnit = 1024;
  /// Bits that the tensor's own bytes take in this code, rounded down, and the table.
  uint64_t tensorBits() const { return totalCost / kCostUnit + 8 * tableBytes.size(); }

  uint16_t frequency[256] = {};
  uint16_t start[256] = {}; ///< sum of the frequencies before

  /// Frequencies from levels, false where no byte has a level.
  bool setLevels(const std::array<uint8_t, 256> &levels);

private:
  void writeTable(const std::array<uint8_t, 256> &levels, Span span);
  void setCosts(const std::array<uint64_t, 256> &counts);

  std::vector<uint8_t> tableBytes;
  std::array<uint32_t, 256> costs{};
  uint64_t totalCost = 0;
};

/// Bytes that encodeTile() will need at most (a few less are usual), 0 where it cannot encode them:
/// there are too few, or nothing is coded.
size_t encodedTileSize(const TileBytes &tile, const SymbolCode &code);

/// The tile as it is stored. encodedTileSize() must not be 0.
std::vector<uint8_t> encodeTile(const TileBytes &tile, const SymbolCode &code);

/// Takes `encoded` apart into exactly `size` bytes. The input may be hostile: false and a reason
/// where it is no tile of so many bytes.
bool decodeTile(const uint8_t *encoded, size_t encodedSize, uint8_t *bytes, size_t size,
                std::string &error);

} // namespace afe::isa

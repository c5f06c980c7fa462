// Compressed tiles come back as they were, are nearly as small as their entropy, and a hostile tile
// is refused or fills exactly the bytes it was asked for. Runs under sanitizers.

#include "Encoding/Codec.h"
#include "../Check.h"

#include <cmath>
#include <random>

using namespace afe::isa;

namespace {

using Random = std::mt19937;

/// `count` weights around zero, as wide as `spread`, a share of them `zeros`.
std::vector<uint8_t> weights(Random &random, size_t count, double spread, double zeros) {
  std::normal_distribution<double> normal(0, spread);
  std::uniform_real_distribution<double> chance(0, 1);
  std::vector<uint8_t> bytes(count);
  for (uint8_t &byte : bytes)
    byte = uint8_t(int8_t(chance(random) < zeros
                              ? 0
                              : std::min(127.0, std::max(-127.0, std::round(normal(random))))));
  return bytes;
}

TileBytes allCoded(const std::vector<uint8_t> &bytes) {
  return {bytes, std::vector<ByteKind>(bytes.size(), ByteKind::Coded)};
}

/// Fill and raw bytes strewn in, in runs that repeat and in some that do not.
TileBytes mixed(Random &random, const std::vector<uint8_t> &bytes) {
  TileBytes tile;
  auto add = [&](size_t count, ByteKind kind, auto value) {
    for (size_t i = 0; i < count; ++i) {
      tile.bytes.push_back(value());
      tile.kinds.push_back(kind);
    }
  };
  size_t period = 1 + random() % 64, fill = random() % 20, raw = random() % 30;
  for (size_t at = 0; at < bytes.size();) {
    size_t coded = std::min(bytes.size() - at, random() % 8 ? period : 1 + random() % 100);
    add(coded, ByteKind::Coded, [&] { return bytes[at++]; });
    add(raw, ByteKind::Raw, [&] { return uint8_t(random()); });
    add(fill, ByteKind::Fill, [] { return uint8_t(7); });
  }
  return tile;
}

bool decodes(const std::vector<uint8_t> &encoded, std::vector<uint8_t> &bytes, std::string &error) {
  std::vector<uint8_t> exact(encoded); // a read past the end is seen
  exact.shrink_to_fit();
  return decodeTile(exact.data(), exact.size(), bytes.data(), bytes.size(), error);
}

void checkRoundTrip(const TileBytes &tile, const SymbolCode &code, const std::string &what) {
  size_t announced = encodedTileSize(tile, code);
  if (announced == 0)
    return;
  std::vector<uint8_t> encoded = encodeTile(tile, code), back(tile.bytes.size(), 0xee);
  std::string error;
  CHECK_MESSAGE(encoded.size() <= announced, what);
  CHECK_MESSAGE(encoded.size() + 128 > announced, what);
  CHECK_MESSAGE(decodes(encoded, back, error) && back == tile.bytes, what + ": " + error);
}

double entropyBytes(const std::vector<uint8_t> &bytes) {
  double counts[256] = {}, bits = 0;
  for (uint8_t byte : bytes)
    ++counts[byte];
  for (double count : counts)
    bits += count > 0 ? count * std::log2(double(bytes.size()) / count) : 0;
  return bits / 8;
}

} // namespace

TEST("compressed tiles come back as they were") {
  Random random(3);
  for (unsigned round = 0; round < 300; ++round) {
    const double spreads[] = {0.3, 1, 5, 40, 1000}, zeros[] = {0, 0, 0.5, 0.97};
    size_t count = 1 + random() % (round % 10 ? 3000 : 70000);
    std::vector<uint8_t> bytes = weights(random, count, spreads[random() % 5], zeros[random() % 4]);
    if (round % 7 == 0)
      bytes.assign(count, uint8_t(random())); // a single value: no bits at all
    SymbolCode code(bytes.data(), bytes.size());
    std::string what = "round " + std::to_string(round);
    checkRoundTrip(allCoded(bytes), code, what);
    checkRoundTrip(mixed(random, bytes), code, what + ", mixed");
  }
}

TEST("a tile is at most a hundredth and 130 bytes larger than its entropy and its raw bytes") {
  Random random(5);
  for (double spread : {0.4, 1.0, 3.0, 12.0, 50.0})
    for (size_t count : {4096, 32768, 65536}) {
      std::vector<uint8_t> bytes = weights(random, count, spread, spread < 2 ? 0.8 : 0);
      SymbolCode code(bytes.data(), bytes.size());
      TileBytes tile = allCoded(bytes);
      tile.add(std::vector<uint8_t>(256, 1));
      double entropy = entropyBytes(bytes);
      size_t size = encodeTile(tile, code).size();
      CHECK_MESSAGE(double(size) <= 1.01 * entropy + 256 + 130,
                    std::to_string(spread) + ", " + std::to_string(count));
      // The bound may count what the tensor takes: a tile of it is never smaller.
      CHECK(code.tensorBits() <= 8 * (size - 256));
      CHECK(double(code.tensorBits()) >= 8 * entropy * 0.999);
    }
}

TEST("too few bytes, and tiles without coded bytes, are not compressed") {
  std::vector<uint8_t> bytes(256, 1);
  SymbolCode code(bytes.data(), bytes.size());
  CHECK(encodedTileSize(allCoded(bytes), code) == 0);
  CHECK(encodedTileSize({bytes, {}}, code) == 0);
  CHECK(encodedTileSize({bytes, std::vector<ByteKind>(256, ByteKind::Raw)}, code) == 0);
  CHECK(encodedTileSize(allCoded(bytes), SymbolCode()) == 0);
}

TEST("changed and cut tiles are refused, or fill the bytes they were asked for") {
  Random random(11);
  unsigned refused = 0, accepted = 0;
  for (unsigned file = 0; file < 40; ++file) {
    std::vector<uint8_t> bytes = weights(random, 600 + random() % 3000, 6, 0);
    SymbolCode code(bytes.data(), bytes.size());
    TileBytes tile = file % 2 ? mixed(random, bytes) : allCoded(bytes);
    std::vector<uint8_t> encoded = encodeTile(tile, code);
    for (unsigned round = 0; round < 100; ++round) {
      std::vector<uint8_t> changed = encoded;
      // Most changes in front, where the structure is.
      size_t reach = random() % 2 ? 24 : changed.size();
      for (unsigned changes = 1 + random() % 3; changes > 0; --changes)
        changed[random() % std::min(reach, changed.size())] = uint8_t(random());
      if (round % 4 == 0)
        changed.resize(random() % changed.size());
      std::vector<uint8_t> back(round % 9 ? tile.bytes.size() : random() % 5000);
      std::string error;
      bool ok = decodes(changed, back, error);
      CHECK(ok == error.empty());
      ++(ok ? accepted : refused);
    }
  }
  CHECK(refused > 1000 && accepted > 0);
}

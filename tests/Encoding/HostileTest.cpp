// A `.lm` file is hostile until checked: whatever its bytes, decoding ends with a sentence or with
// a program that can be encoded. Meant to be run under AddressSanitizer and UBSan.

#include "../Check.h"
#include "Encoding/Elf.h"
#include "Encoding/Words.h"
#include "Programs.h"

using namespace afe;
using namespace afe::test;

namespace {

/// Decodes; true if it was refused with a sentence or encodes again.
bool survives(const std::vector<uint8_t> &bytes, const Target &target, bool &accepted) {
  Program p;
  std::string error;
  // An exact allocation, so that a read past the end is seen.
  std::vector<uint8_t> exact(bytes);
  exact.shrink_to_fit();
  accepted = decodeLm(exact.data(), exact.size(), p, error);
  if (!accepted)
    return !error.empty();
  p.target = target.name;
  p.targetHash = target.hash();
  p.requests.clear();
  return !encodeLm(p, target, error).empty();
}

std::vector<uint8_t> validFile(uint32_t seed, const Target &target) {
  Random random(seed);
  Program p = seed % 2 ? randomProgram(random, target, 90) : tiledProgram(target, 3, 7);
  std::string error;
  return encodeLm(p, target, error);
}

} // namespace

TEST("flipped bits and replaced bytes are refused or give a program that encodes") {
  Target target;
  Random random(7);
  int accepted = 0;
  std::vector<std::vector<uint8_t>> files;
  for (uint32_t seed = 0; seed < 6; ++seed)
    files.push_back(validFile(seed, target));
  for (size_t round = 0; round < 3000; ++round) {
    std::vector<uint8_t> bytes = files[round % files.size()];
    for (unsigned changes = 1 + below(random, 4); changes > 0; --changes) {
      size_t i = below(random, uint32_t(bytes.size()));
      bytes[i] = below(random, 2) ? uint8_t(bytes[i] ^ 1u << below(random, 8)) : uint8_t(random());
    }
    bool decoded = false;
    if (!CHECK_MESSAGE(survives(bytes, target, decoded), "round " + std::to_string(round)))
      return;
    accepted += decoded;
  }
  CHECK(accepted > 100); // else the cases are too easily refused to test anything
}

TEST("a file cut anywhere is refused") {
  Target target;
  for (uint32_t seed : {3u, 4u}) {
    const std::vector<uint8_t> bytes = validFile(seed, target);
    for (size_t size = 0; size < bytes.size(); size += 1 + size / 61) {
      bool decoded = true;
      CHECK(survives({bytes.begin(), bytes.begin() + long(size)}, target, decoded) && !decoded);
    }
  }
}

TEST("repeat counts beyond the header's are refused before they are acted on") {
  Target target;
  Program p = emptyProgram(target);
  LoadFields load;
  for (uint32_t i = 0; i < 40; ++i)
    p.streams[0].push_back(at(i * 10, 0, load));
  std::string error;
  std::vector<uint8_t> bytes = encodeLm(p, target, error);
  std::vector<ElfSection> sections;
  CHECK(readElf(bytes.data(), bytes.size(), sections, error));
  size_t loops = 0;
  for (const ElfSection &section : sections) {
    if (section.name != ".mla.text.q0")
      continue;
    for (size_t at = 0; at < section.size; at += kWordBytes) {
      uint8_t *word = bytes.data() + (section.data - bytes.data()) + at;
      if ((word[0] & 7) != unsigned(WordKind::Loop))
        continue;
      ++loops;
      WordWriter loop(word);
      loop.put(unsigned(WordKind::Loop), kKindBits);
      loop.put(unsigned(Engine::Load), kEngineBits);
      loop.put(0, kBodyBits);
      loop.putValue(kCountShape, kMaxCount - 1);
      loop.put(0, 1);
      loop.putValue(kPeriodShape, 10);
    }
  }
  Program back;
  CHECK(loops == 1);
  CHECK(!decodeLm(bytes.data(), bytes.size(), back, error));
  CHECK_MESSAGE(error.find("more instructions") != std::string::npos, error);
}

TEST("files of another kind or version are told apart") {
  Target target;
  Program p;
  std::string error;
  std::vector<uint8_t> bytes = validFile(2, target);
  const uint8_t text[] = "PK\3\4 not an object file, but long enough to be looked at for a header";
  CHECK(!decodeLm(text, sizeof(text), p, error) && error.find("not an ELF64") != std::string::npos);
  std::vector<uint8_t> other = bytes;
  other[18] = 0xb7; // AArch64
  other[19] = 0;
  CHECK(!decodeLm(other.data(), other.size(), p, error));
  CHECK(error.find("not for this machine") != std::string::npos);
  std::vector<ElfSection> sections;
  CHECK(readElf(bytes.data(), bytes.size(), sections, error));
  for (const ElfSection &section : sections)
    if (section.name == ".note.mla")
      bytes[size_t(section.data - bytes.data()) + 16] = 77;
  CHECK(!decodeLm(bytes.data(), bytes.size(), p, error));
  CHECK(error.find("format version 77") != std::string::npos);
}

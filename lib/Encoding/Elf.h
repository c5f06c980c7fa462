// A small writer and a bounds-checked reader of ELF64 little-endian files: sections by name,
// nothing else. The writer adds program headers for what the machine loads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace afe::isa {

enum class ElfSectionType : uint32_t { ProgBits = 1, StrTab = 3, Note = 7, NoBits = 8 };
constexpr uint64_t kElfWrite = 1, kElfAlloc = 2, kElfExec = 4;
constexpr uint64_t kElfSectionAlignment = 64;

/// A section of a file. `data` is borrowed; NoBits sections have a size and no data.
struct ElfSection {
  std::string name;
  ElfSectionType type = ElfSectionType::ProgBits;
  uint64_t flags = 0, address = 0, size = 0;
  const uint8_t *data = nullptr;
};

/// The file: ET_EXEC, sections in the given order at multiples of 64 bytes, a PT_LOAD for every
/// allocated section with data and a PT_NOTE for every note.
std::vector<uint8_t> writeElf(const std::vector<ElfSection> &sections);

/// Sections of `data`, but for the null section and the names; false and `error` if the file is
/// malformed, or is not of this kind (class, byte order, type, machine).
bool readElf(const uint8_t *data, size_t size, std::vector<ElfSection> &sections,
             std::string &error);

} // namespace afe::isa

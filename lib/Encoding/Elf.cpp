// ELF64 by the book (System V gABI): file header, program headers, section data, section headers.

#include "Encoding/Elf.h"
#include "Encoding/ByteStream.h"

#include <cstring>

namespace afe::isa {
namespace {

constexpr size_t kFileHeaderBytes = 64, kProgramHeaderBytes = 56, kSectionHeaderBytes = 64;
constexpr uint16_t kTypeExec = 2;
/// No registered machine: the letters LM.
constexpr uint16_t kMachine = 0x4d4c;
constexpr uint8_t kIdent[16] = {0x7f, 'E', 'L', 'F', 2 /* 64 bits */, 1 /* little-endian */, 1};
constexpr uint32_t kLoad = 1, kNote = 4;

bool isSegment(const ElfSection &s) {
  return s.size && s.data && (s.type == ElfSectionType::Note || (s.flags & kElfAlloc));
}

/// Where everything goes in the file.
struct FileLayout {
  std::vector<uint64_t> offsets; ///< of the sections
  uint64_t names = 0, headers = 0;
  uint16_t segments = 0;
};

void putProgramHeader(ByteWriter &out, const ElfSection &s, uint64_t offset) {
  bool note = s.type == ElfSectionType::Note;
  uint32_t flags = 4 | (s.flags & kElfWrite ? 2 : 0) | (s.flags & kElfExec ? 1 : 0);
  out.u32(note ? kNote : kLoad);
  out.u32(flags);
  out.u64(offset);
  out.u64(s.address);
  out.u64(s.address);
  out.u64(s.size);
  out.u64(s.size);
  out.u64(note ? 4 : kElfSectionAlignment);
}

void putSectionHeader(ByteWriter &out, uint32_t name, const ElfSection &s, uint64_t offset) {
  out.u32(name);
  out.u32(uint32_t(s.type));
  out.u64(s.flags);
  out.u64(s.address);
  out.u64(offset);
  out.u64(s.size);
  out.u64(0); // link, info
  bool aligned = s.data && s.type == ElfSectionType::ProgBits;
  out.u64(s.type == ElfSectionType::Note ? 4 : aligned ? kElfSectionAlignment : 1);
  out.u64(0); // entry size
}

void putFileHeader(ByteWriter &out, const FileLayout &layout, size_t sectionCount) {
  out.bytes.assign(kIdent, kIdent + 16);
  out.u16(kTypeExec);
  out.u16(kMachine);
  out.u32(1); // version
  out.u64(0); // entry: the machine starts every stream at its first word
  out.u64(layout.segments ? kFileHeaderBytes : 0);
  out.u64(layout.headers);
  out.u32(0); // flags
  out.u16(kFileHeaderBytes);
  out.u16(kProgramHeaderBytes);
  out.u16(layout.segments);
  out.u16(kSectionHeaderBytes);
  out.u16(uint16_t(sectionCount + 2));
  out.u16(uint16_t(sectionCount + 1)); // the names are the last section
}

FileLayout layOut(const std::vector<ElfSection> &sections, size_t nameBytes) {
  FileLayout layout;
  for (const ElfSection &s : sections)
    layout.segments = uint16_t(layout.segments + isSegment(s));
  uint64_t at = kFileHeaderBytes + layout.segments * kProgramHeaderBytes;
  for (const ElfSection &s : sections) {
    at = (at + kElfSectionAlignment - 1) / kElfSectionAlignment * kElfSectionAlignment;
    layout.offsets.push_back(at);
    at += s.data ? s.size : 0;
  }
  layout.names = at;
  layout.headers = (at + nameBytes + 7) / 8 * 8;
  return layout;
}

struct RawSection {
  uint32_t name = 0;
  uint64_t offset = 0;
  ElfSection section;
};

RawSection readSectionHeader(const uint8_t *at) {
  ByteReader in(at, kSectionHeaderBytes);
  RawSection raw;
  raw.name = in.u32();
  raw.section.type = ElfSectionType(in.u32());
  raw.section.flags = in.u64();
  raw.section.address = in.u64();
  raw.offset = in.u64();
  raw.section.size = in.u64();
  return raw;
}

struct FileHeader {
  uint64_t sectionHeaders = 0;
  uint16_t sectionCount = 0, nameIndex = 0;
};

/// Empty, or why the file is not one of ours.
std::string readFileHeader(const uint8_t *data, size_t size, FileHeader &header) {
  if (size < kFileHeaderBytes || std::memcmp(data, kIdent, sizeof(kIdent)) != 0)
    return "not an ELF64 little-endian file";
  ByteReader in(data + 16, kFileHeaderBytes - 16);
  uint16_t type = in.u16(), machine = in.u16();
  if (type != kTypeExec || machine != kMachine)
    return "an ELF file, but not for this machine (type " + std::to_string(type) + ", machine " +
           std::to_string(machine) + ")";
  in.u32();
  in.u64();
  in.u64();
  header.sectionHeaders = in.u64();
  in.u32();
  in.u16();
  in.u32();
  uint16_t entryBytes = in.u16();
  header.sectionCount = in.u16();
  header.nameIndex = in.u16();
  uint64_t tableBytes = uint64_t(header.sectionCount) * kSectionHeaderBytes;
  if (entryBytes != kSectionHeaderBytes || header.sectionHeaders > size ||
      tableBytes > size - header.sectionHeaders || header.nameIndex >= header.sectionCount)
    return "section headers lie outside the file";
  return {};
}

/// Points the section at its bytes; false if they are not all in the file.
bool attach(RawSection &raw, const uint8_t *data, size_t size) {
  if (raw.section.type == ElfSectionType::NoBits)
    return true;
  if (raw.offset > size || raw.section.size > size - raw.offset)
    return false;
  raw.section.data = data + raw.offset;
  return true;
}

bool nameOf(RawSection &raw, const ElfSection &names) {
  if (raw.name >= names.size)
    return false;
  const char *begin = reinterpret_cast<const char *>(names.data) + raw.name;
  const void *end = std::memchr(begin, 0, names.size - raw.name);
  if (!end)
    return false;
  raw.section.name.assign(begin, static_cast<const char *>(end));
  return true;
}

} // namespace

std::vector<uint8_t> writeElf(const std::vector<ElfSection> &sections) {
  std::string names(1, '\0');
  std::vector<uint32_t> nameOffsets;
  for (const ElfSection &s : sections) {
    nameOffsets.push_back(uint32_t(names.size()));
    names += s.name + '\0';
  }
  auto ownName = uint32_t(names.size());
  names += std::string(".shstrtab") + '\0';

  FileLayout layout = layOut(sections, names.size());
  ByteWriter out;
  out.bytes.reserve(layout.headers + (sections.size() + 2) * kSectionHeaderBytes);
  putFileHeader(out, layout, sections.size());
  for (size_t i = 0; i < sections.size(); ++i)
    if (isSegment(sections[i]))
      putProgramHeader(out, sections[i], layout.offsets[i]);
  for (size_t i = 0; i < sections.size(); ++i) {
    out.bytes.resize(layout.offsets[i]);
    if (sections[i].data)
      out.bytes.insert(out.bytes.end(), sections[i].data, sections[i].data + sections[i].size);
  }
  out.bytes.insert(out.bytes.end(), names.begin(), names.end());
  out.bytes.resize(layout.headers + kSectionHeaderBytes); // the null section is all zero
  for (size_t i = 0; i < sections.size(); ++i)
    putSectionHeader(out, nameOffsets[i], sections[i], layout.offsets[i]);
  ElfSection own;
  own.type = ElfSectionType::StrTab;
  own.size = names.size();
  putSectionHeader(out, ownName, own, layout.names);
  return std::move(out.bytes);
}

bool readElf(const uint8_t *data, size_t size, std::vector<ElfSection> &sections,
             std::string &error) {
  FileHeader header;
  error = readFileHeader(data, size, header);
  if (!error.empty())
    return false;
  RawSection names = readSectionHeader(data + header.sectionHeaders +
                                       size_t(header.nameIndex) * kSectionHeaderBytes);
  if (names.section.type != ElfSectionType::StrTab || !attach(names, data, size)) {
    error = "section names lie outside the file";
    return false;
  }
  sections.clear();
  for (unsigned i = 1; i < header.sectionCount; ++i) {
    if (i == header.nameIndex)
      continue;
    RawSection raw = readSectionHeader(data + header.sectionHeaders + i * kSectionHeaderBytes);
    if (!nameOf(raw, names.section) || !attach(raw, data, size)) {
      error = "section " + std::to_string(i) + " lies outside the file";
      return false;
    }
    sections.push_back(raw.section);
  }
  return true;
}

} // namespace afe::isa

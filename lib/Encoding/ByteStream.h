// Little-endian byte streams for the tables of a `.lm` file. The reader never leaves its range: the
// first read past the end, or the first value out of its limits, turns it `bad` and every later
// read gives 0, so that callers may check once per record.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace afe::isa {

class ByteWriter {
public:
  void u8(uint8_t v) { bytes.push_back(v); }
  void u16(uint16_t v) { fixed(v, 2); }
  void u32(uint32_t v) { fixed(v, 4); }
  void u64(uint64_t v) { fixed(v, 8); }
  /// 7 bits a byte, low bits first.
  void varint(uint64_t v) {
    for (; v >= 0x80; v >>= 7)
      u8(uint8_t(v) | 0x80);
    u8(uint8_t(v));
  }
  /// A varint of 2v for v >= 0 and -2v - 1 for v < 0.
  void zigzag(int64_t v) { varint((uint64_t(v) << 1) ^ uint64_t(v >> 63)); }
  void string(const std::string &s) {
    varint(s.size());
    bytes.insert(bytes.end(), s.begin(), s.end());
  }
  void alignTo(size_t alignment) {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
  }

  std::vector<uint8_t> bytes;

private:
  void fixed(uint64_t v, int count) {
    for (int i = 0; i < count; ++i)
      u8(uint8_t(v >> (8 * i)));
  }
};

class ByteReader {
public:
  ByteReader(const uint8_t *data, size_t size) : data(data), size(size) {}

  bool bad() const { return failed; }
  size_t left() const { return size - at; }
  bool atEnd() const { return !failed && at == size; }

  uint8_t u8() { return uint8_t(fixed(1)); }
  uint16_t u16() { return uint16_t(fixed(2)); }
  uint32_t u32() { return uint32_t(fixed(4)); }
  uint64_t u64() { return fixed(8); }

  uint64_t varint() {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      uint8_t byte = u8();
      if (shift == 63 && byte > 1)
        break;
      v |= uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80)
        return failed ? 0 : v;
    }
    return fail();
  }
  int64_t zigzag() {
    uint64_t v = varint();
    return int64_t(v >> 1) ^ -int64_t(v & 1);
  }
  /// A varint that must not exceed `limit`.
  uint64_t bounded(uint64_t limit) {
    uint64_t v = varint();
    return v <= limit ? v : fail();
  }
  /// The number of records that follow, each at least `bytesEach` long: no more than are left.
  size_t count(size_t bytesEach) { return size_t(bounded(left() / bytesEach)); }

  std::string string() {
    size_t length = count(1);
    if (failed)
      return {};
    std::string s(reinterpret_cast<const char *>(data + at), length);
    at += length;
    return s;
  }

private:
  uint64_t fail() {
    failed = true;
    return 0;
  }
  uint64_t fixed(size_t count) {
    if (failed || left() < count)
      return fail();
    uint64_t v = 0;
    for (size_t i = 0; i < count; ++i)
      v |= uint64_t(data[at + i]) << (8 * i);
    at += count;
    return v;
  }

  const uint8_t *data;
  size_t size, at = 0;
  bool failed = false;
};

} // namespace afe::isa

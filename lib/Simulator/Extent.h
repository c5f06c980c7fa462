// The range of bytes a strided access reaches, as the half-open interval between its lowest and its
// highest byte, in 64-bit arithmetic: no field of an instruction can overflow it.
#pragma once

#include "Encoding/Isa.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>

namespace afe::sim {

struct Extent {
  int64_t lo = 0, hi = 0; ///< empty if hi <= lo

  bool empty() const { return hi <= lo; }
  bool within(int64_t size) const { return empty() || (lo >= 0 && hi <= size); }
  bool overlaps(const Extent &other) const {
    return !empty() && !other.empty() && lo < other.hi && other.lo < hi;
  }
  Extent unite(const Extent &other) const {
    if (empty() || other.empty())
      return empty() ? other : *this;
    return {std::min(lo, other.lo), std::max(hi, other.hi)};
  }
};

/// Positions first .. last of a dimension, and the bytes from one to the next.
struct Axis {
  int64_t first, last, stride;
};
inline Axis axis(int64_t count, int64_t stride) { return {0, count - 1, stride}; }

/// `size` bytes at every point of a grid of axes; empty if an axis is.
inline Extent extentOf(int64_t base, int64_t size, std::initializer_list<Axis> axes) {
  Extent extent{base, base + size};
  for (const Axis &a : axes) {
    if (a.last < a.first)
      return {};
    const int64_t x = a.first * a.stride, y = a.last * a.stride;
    extent.lo += std::min(x, y);
    extent.hi += std::max(x, y);
  }
  return extent;
}

/// Blocks of 16 lanes, `lane` bytes apart and `size` bytes each, the last block only as far as
/// `channels` goes: no access to lanes past the channel count.
inline Extent channelExtent(int64_t base, int64_t size, int64_t lane, int64_t channels,
                            int64_t blockStride, std::initializer_list<Axis> axes) {
  const int64_t blocks = (channels + 15) / 16, rest = channels - (blocks - 1) * 16;
  const Extent pixels = extentOf(base, size, axes);
  if (pixels.empty() || channels <= 0)
    return {};
  auto grow = [&](Extent e, const Axis &a) {
    const Extent g = extentOf(0, 0, {a});
    return Extent{e.lo + g.lo, e.hi + g.hi};
  };
  const Extent last = grow(grow(pixels, {blocks - 1, blocks - 1, blockStride}), axis(rest, lane));
  if (blocks == 1)
    return last;
  return last.unite(grow(grow(pixels, axis(blocks - 1, blockStride)), axis(16, lane)));
}

/// Positions of a dimension of `size` that windows touch: output i, tap k read start + i * stride +
/// k * dilation; those outside are no reads. Conservative between lowest and highest.
inline Axis windowAxis(int64_t start, int64_t outputs, int64_t stride, int64_t taps,
                       int64_t dilation, int64_t size, int64_t bytes) {
  return {std::max<int64_t>(start, 0),
          std::min(size - 1, start + (outputs - 1) * stride + (taps - 1) * dilation), bytes};
}

/// Bytes of an element of memory.
inline int64_t elementBytes(int32_t type) {
  static constexpr int64_t kBytes[] = {0, 1, 1, 2, 4, 0, 0, 0};
  return kBytes[type & 7];
}

inline int64_t unsignedWord(int32_t word) { return int64_t(uint32_t(word)); }

} // namespace afe::sim

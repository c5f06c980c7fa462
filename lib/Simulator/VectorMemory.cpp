// Loads, stores, windows and resizing of VECTOR.

#include "Simulator/VectorMemory.h"

#include "Simulator/Arithmetic.h"

#include <algorithm>

namespace afe::sim {

using isa::ElementType;
using isa::MicroOpcode;
using isa::MicroShape;

int64_t vectorsOf(const Chunk &chunk, MicroShape shape) {
  switch (shape) {
  case MicroShape::Uniform:
    return 1;
  case MicroShape::PerPixel:
    return chunk.pixels;
  case MicroShape::PerChannel:
    return chunk.blocks;
  case MicroShape::PerElement:
    break;
  }
  return chunk.vectors();
}

void broadcast(const Chunk &chunk, MicroShape fromShape, const int32_t *from, MicroShape toShape,
               int32_t *to) {
  const int64_t pixels = unsigned(toShape) & 1 ? chunk.pixels : 1;
  const int64_t blocks = unsigned(toShape) & 2 ? chunk.blocks : 1;
  const int64_t blockStep = unsigned(fromShape) & 2 ? 1 : 0;
  const int64_t pixelStep = !(unsigned(fromShape) & 1) ? 0 : blockStep ? chunk.blocks : 1;
  for (int64_t p = 0; p < pixels; ++p)
    for (int64_t b = 0; b < blocks; ++b, to += 16)
      std::memcpy(to, from + (p * pixelStep + b * blockStep) * 16, 64);
}

namespace {

template <class T> int32_t readElement(const uint8_t *at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return int32_t(value);
}

/// Calls f with a value of the element's C++ type.
template <class Function> void withType(int32_t type, Function f) {
  switch (ElementType(type)) {
  case ElementType::I8:
    return f(int8_t());
  case ElementType::U8:
    return f(uint8_t());
  case ElementType::I16:
    return f(int16_t());
  case ElementType::I32:
    return f(int32_t());
  case ElementType::None:
    return;
  }
}

/// `lanes` elements, `stride` bytes apart; the rest of the 16 are 0.
template <class T>
AFE_INLINE void readLanes(const uint8_t *from, int64_t stride, int64_t lanes, int32_t *to) {
  if (lanes == 16 && stride == sizeof(T)) {
    T values[16];
    std::memcpy(values, from, sizeof(values));
    for (int l = 0; l < 16; ++l)
      to[l] = values[l];
    return;
  }
  for (int64_t l = 0; l < 16; ++l)
    to[l] = l < lanes ? readElement<T>(from + l * stride) : 0;
}

/// Calls f(pixel's row, pixel's column, block, lanes, index of the vector).
template <class Function>
void forEachVector(const isa::VectorFields &f, const Chunk &chunk, Function function) {
  int64_t row = chunk.pixel / f.cols, col = chunk.pixel % f.cols, vector = 0;
  for (int64_t p = 0; p < chunk.pixels; ++p) {
    for (int64_t b = chunk.block; b < chunk.block + chunk.blocks; ++b)
      function(row, col, b, std::min<int64_t>(16, f.channels - 16 * b), vector++);
    if (++col == f.cols)
      col = 0, ++row;
  }
}

/// Rows or columns of a tile that the taps of a window at `output` touch: start + k * dilation for
/// k in [first, last).
struct Taps {
  int64_t start, first, last, dilation;
};
Taps tapsOf(int64_t start, int64_t output, int64_t stride, int64_t taps, int64_t dilation,
            int64_t size) {
  Taps t{start + output * stride, 0, taps, dilation};
  while (t.first < t.last && t.start + t.first * dilation < 0)
    ++t.first;
  while (t.first < t.last && t.start + (t.last - 1) * dilation >= size)
    --t.last;
  return t;
}
Taps rowTaps(const isa::VectorFields &f, int64_t row) {
  return tapsOf(f.y0, row, f.stride_y, f.kh, f.dil_y, f.in_h);
}
Taps colTaps(const isa::VectorFields &f, int64_t col) {
  return tapsOf(f.x0, col, f.stride_x, f.kw, f.dil_x, f.in_w);
}

template <class T>
void windowVector(const uint8_t *from, const VectorOperand &o, const Taps &rows, const Taps &cols,
                  int64_t lanes, bool maximum, int32_t *to) {
  std::fill_n(to, 16, maximum ? INT32_MIN : 0);
  for (int64_t ky = rows.first; ky < rows.last; ++ky)
    for (int64_t kx = cols.first; kx < cols.last; ++kx) {
      int32_t values[16];
      readLanes<T>(from + (rows.start + ky * rows.dilation) * o.sy +
                       (cols.start + kx * cols.dilation) * o.sx,
                   o.lane, lanes, values);
      if (maximum)
        for (int l = 0; l < 16; ++l)
          to[l] = to[l] < values[l] ? values[l] : to[l];
      else
        for (int l = 0; l < 16; ++l)
          to[l] = wrapAdd(to[l], values[l]);
    }
}

int32_t pixelIndex(const isa::VectorFields &f, MicroOpcode opcode, int64_t row, int64_t col) {
  if (opcode == MicroOpcode::k_row)
    return int32_t(row + f.y0);
  if (opcode == MicroOpcode::k_col)
    return int32_t(col + f.x0);
  const Taps rows = rowTaps(f, row), cols = colTaps(f, col);
  return int32_t((rows.last - rows.first) * (cols.last - cols.first));
}

/// value / 2^shift: rounded down (0), half up (1), half away from zero (2).
int32_t rounded(int32_t value, int32_t shift, int32_t mode) {
  if (shift == 0)
    return value;
  const int64_t half = mode == 0 ? 0 : int64_t(1) << (shift - 1);
  return int32_t((int64_t(value) + half - (mode == 2 && value < 0)) >> shift);
}

/// Operand 0 at a row and column clamped to the tile.
template <class T> struct TileReader {
  const uint8_t *base;
  VectorOperand operand;
  int64_t height, width;

  int32_t at(int64_t row, int64_t col) const {
    row = std::clamp<int64_t>(row, 0, height - 1);
    col = std::clamp<int64_t>(col, 0, width - 1);
    return readElement<T>(base + row * operand.sy + col * operand.sx);
  }
  /// The four neighbours, weighted by the fractions; int32, wrapping.
  int32_t bilinear(int32_t row, int32_t col, int32_t bits) const {
    const int64_t y = row >> bits, x = col >> bits, one = int64_t(1) << bits;
    const int64_t fy = row & (one - 1), fx = col & (one - 1);
    return wrap(int64_t(at(y, x)) * ((one - fy) * (one - fx)) +
                int64_t(at(y, x + 1)) * ((one - fy) * fx) +
                int64_t(at(y + 1, x)) * (fy * (one - fx)) + int64_t(at(y + 1, x + 1)) * (fy * fx));
  }
  /// Two neighbours, along columns or rows.
  int32_t linear(int32_t row, int32_t col, int32_t bits, bool alongRow) const {
    const int64_t y = row >> bits, x = col >> bits, one = int64_t(1) << bits;
    const int64_t f = (alongRow ? col : row) & (one - 1);
    return wrap(int64_t(at(y, x)) * (one - f) + int64_t(at(y + !alongRow, x + alongRow)) * f);
  }
  int32_t at(const isa::MicroOp &op, int32_t row, int32_t col) const {
    if (op.opcode == uint8_t(MicroOpcode::k_nearest))
      return at(row, col);
    return rounded(op.opcode == uint8_t(MicroOpcode::k_linear) ? linear(row, col, op.x, op.mode & 4)
                                                               : bilinear(row, col, op.x),
                   op.y, op.mode & 3);
  }
};

} // namespace

void loadOperand(const isa::VectorFields &f, const VectorOperand &o, const Quad &quad,
                 const Chunk &chunk, int32_t *to) {
  const uint8_t *base = quad.l1.data() + o.base + chunk.image * o.sn;
  withType(o.type, [&](auto type) {
    forEachVector(f, chunk, [&](int64_t row, int64_t col, int64_t block, int64_t lanes, int64_t v) {
      readLanes<decltype(type)>(base + row * o.sy + col * o.sx + block * o.sc, o.lane, lanes,
                                to + v * 16);
    });
  });
}

void storeResult(const isa::VectorFields &f, const VectorOperand &o, Quad &quad, const Chunk &chunk,
                 const int32_t *from) {
  uint8_t *base = quad.l1.data() + o.base + chunk.image * o.sn;
  withType(o.type, [&](auto type) {
    using T = decltype(type);
    forEachVector(f, chunk, [&](int64_t row, int64_t col, int64_t block, int64_t lanes, int64_t v) {
      uint8_t *to = base + row * o.sy + col * o.sx + block * o.sc;
      for (int64_t l = 0; l < lanes; ++l) {
        const T value = T(from[v * 16 + l]);
        std::memcpy(to + l * o.lane, &value, sizeof(T));
      }
      if (o.lane != 0) // the last block is filled up with zeros
        for (int64_t l = lanes; l < 16; ++l)
          std::memset(to + l * o.lane, 0, sizeof(T));
    });
  });
}

void indices(const isa::VectorFields &f, MicroOpcode opcode, const Chunk &chunk, int32_t *to) {
  if (opcode == MicroOpcode::k_channel) {
    for (int64_t l = 0; l < chunk.blocks * 16; ++l)
      to[l] = int32_t(chunk.block * 16 + l);
    return;
  }
  for (int64_t p = 0; p < chunk.pixels; ++p) {
    const int64_t pixel = chunk.pixel + p;
    std::fill_n(to + p * 16, 16, pixelIndex(f, opcode, pixel / f.cols, pixel % f.cols));
  }
}

void window(const isa::VectorFields &f, MicroOpcode opcode, const Quad &quad, const Chunk &chunk,
            int32_t *to) {
  const VectorOperand o = vectorOperand(f, 0);
  const uint8_t *base = quad.l1.data() + o.base + chunk.image * o.sn;
  const bool maximum = opcode == MicroOpcode::k_win_max;
  withType(o.type, [&](auto type) {
    forEachVector(f, chunk, [&](int64_t row, int64_t col, int64_t block, int64_t lanes, int64_t v) {
      windowVector<decltype(type)>(base + block * o.sc, o, rowTaps(f, row), colTaps(f, col), lanes,
                                   maximum, to + v * 16);
    });
  });
}

void gatherTile(const isa::VectorFields &f, const isa::MicroOp &op, const Quad &quad,
                const Chunk &chunk, const int32_t *rows, const int32_t *cols, int32_t *to) {
  const VectorOperand o = vectorOperand(f, 0);
  const uint8_t *base = quad.l1.data() + o.base + chunk.image * o.sn;
  withType(o.type, [&](auto type) {
    forEachVector(f, chunk, [&](int64_t, int64_t, int64_t block, int64_t lanes, int64_t v) {
      for (int64_t l = 0; l < 16; ++l) {
        const int64_t i = v * 16 + l;
        const TileReader<decltype(type)> tile{base + block * o.sc + l * o.lane, o, f.in_h, f.in_w};
        to[i] = l < lanes ? tile.at(op, rows[i], cols[i]) : 0;
      }
    });
  });
}

} // namespace afe::sim

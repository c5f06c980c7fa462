// The kernels for AVX-512 with VNNI. Convolution multiplies bytes: inputs as uint8 u = x + dx,
// weights as int8 v = w + dw, and with the zero points moved along,
//   sum (u - zu)(v - zv) = sum u v - zu sum v - zv sum (u - zu);
// padding and lanes past the channel count hold u = zu and so contribute 0 whatever v is.

#if defined(__x86_64__)

#include "Simulator/Arithmetic.h"
#include "Simulator/Kernels/Kernels.h"

#include <algorithm>
#include <immintrin.h>
#include <vector>

#pragma STDC FP_CONTRACT OFF

#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((                                                                                \
        target("avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,bmi,bmi2,lzcnt"))),    \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,bmi,bmi2,lzcnt")
#endif

namespace afe::sim {
namespace {

#include "Simulator/Kernels/Gather.inc"

#include "Simulator/Kernels/Depthwise.inc"
#include "Simulator/Kernels/Micro.inc"
#include "Simulator/Kernels/Output.inc"

constexpr int32_t kSteps = 64;             ///< steps of 16 input channels per pass
constexpr int32_t kPixels = 14;            ///< pixels per tile of registers
constexpr int32_t kRow = kSteps * 16 + 64; ///< bytes per gathered pixel; not a power of two

/// Input bytes as uint8; lanes that do not count hold the zero point.
struct ByteSink {
  uint8_t *to;
  uint8_t flip, zp;

  void block(const uint8_t *from, int32_t lo, int32_t hi) {
    __m128i bytes;
    if (lo == 0 && hi == 16) {
      bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(from));
      bytes = _mm_xor_si128(bytes, _mm_set1_epi8(int8_t(flip)));
    } else {
      const __mmask16 mask = __mmask16((1u << hi) - (1u << lo));
      bytes = _mm_maskz_loadu_epi8(mask, from);
      bytes = _mm_xor_si128(bytes, _mm_set1_epi8(int8_t(flip)));
      bytes = _mm_mask_mov_epi8(_mm_set1_epi8(int8_t(zp)), mask, bytes);
    }
    _mm_store_si128(reinterpret_cast<__m128i *>(to), bytes);
    to += 16;
  }
  void pad(int32_t steps) {
    std::memset(to, zp, size_t(steps) * 16);
    to += steps * 16;
  }
};

/// Packs steps of one block of output channels, four input channels adjacent: [steps][4][16
/// out][4], and adds up the weights per output channel.
__m512i packBlock(const uint8_t *from, int32_t steps, bool isUnsigned, int8_t *to) {
  const __m512i flip = _mm512_set1_epi8(int8_t(isUnsigned ? 0x80 : 0));
  const __m512i ones = _mm512_set1_epi8(1);
  const __m512i lanes = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
  const __m512i bytes =
      _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  __m512i sums = _mm512_setzero_si512();
  for (int32_t i = 0; i < steps * 4; ++i, from += 64, to += 64) {
    __m512i w = _mm512_xor_si512(_mm512_loadu_si512(from), flip);
    w = _mm512_shuffle_epi8(_mm512_permutexvar_epi32(lanes, w), bytes);
    sums = _mm512_dpbusd_epi32(sums, ones, w);
    _mm512_store_si512(to, w);
  }
  return sums;
}

/// Where the tile's numbers are: B blocks of 16 output channels of P adjacent pixels.
struct Tile {
  const uint8_t *rows;
  const int8_t *weights;  ///< of the first block
  int64_t weightStride;   ///< from block to block
  int32_t *values;        ///< of the first block
  int64_t valueStride;    ///< from block to block, in int32
  const __m512i *offsets; ///< per block: -zu * sum v
  const int32_t *terms;   ///< per pixel: -zv * sum (u - zu)
  int32_t steps;
};

template <int P, int B> void tile(const Tile &t) {
  __m512i sums[P][B];
#pragma clang loop unroll(full)
  for (int p = 0; p < P; ++p)
#pragma clang loop unroll(full)
    for (int b = 0; b < B; ++b)
      sums[p][b] = _mm512_add_epi32(
          _mm512_add_epi32(_mm512_loadu_si512(t.values + b * t.valueStride + p * 16), t.offsets[b]),
          _mm512_set1_epi32(t.terms[p]));
  const uint8_t *rows = t.rows;
  const int8_t *weights = t.weights;
  for (int32_t i = 0; i < t.steps * 4; ++i, rows += 4, weights += 64) {
    __m512i w[B];
#pragma clang loop unroll(full)
    for (int b = 0; b < B; ++b)
      w[b] = _mm512_load_si512(weights + b * t.weightStride);
#pragma clang loop unroll(full)
    for (int p = 0; p < P; ++p) {
      int32_t four;
      std::memcpy(&four, rows + p * kRow, 4);
      const __m512i x = _mm512_set1_epi32(four);
#pragma clang loop unroll(full)
      for (int b = 0; b < B; ++b)
        sums[p][b] = _mm512_dpbusd_epi32(sums[p][b], x, w[b]);
    }
  }
#pragma clang loop unroll(full)
  for (int p = 0; p < P; ++p)
#pragma clang loop unroll(full)
    for (int b = 0; b < B; ++b)
      _mm512_storeu_si512(t.values + b * t.valueStride + p * 16, sums[p][b]);
}

using TileFunction = void (*)(const Tile &);
template <int B, int... P>
constexpr TileFunction tileAt(int pixels, std::integer_sequence<int, P...>) {
  constexpr TileFunction kFunctions[] = {tile<P + 1, B>...};
  return kFunctions[pixels - 1];
}
using TileSizes = std::make_integer_sequence<int, kPixels>;

/// -zv * sum (u - zu) of each gathered pixel; 0 for symmetric weights.
void pixelTerms(const uint8_t *rows, int32_t pixels, int32_t steps, int32_t zu, int32_t zv,
                int32_t *terms) {
  for (int32_t p = 0; p < pixels; ++p, rows += kRow) {
    __m128i sum = _mm_setzero_si128();
    for (int32_t i = 0; zv && i < steps; ++i)
      sum = _mm_add_epi64(
          sum, _mm_sad_epu8(_mm_load_si128(reinterpret_cast<const __m128i *>(rows + i * 16)),
                            _mm_setzero_si128()));
    const int32_t total = int32_t(_mm_extract_epi64(sum, 0) + _mm_extract_epi64(sum, 1));
    terms[p] = -zv * (total - zu * 16 * steps);
  }
}

void multiplyTiles(const TensorTask &task, Tile t, int32_t pixels) {
  int32_t block = 0;
  for (; block + 2 <= task.blocks; block += 2) {
    tileAt<2>(pixels, TileSizes())(t);
    t.weights += 2 * t.weightStride, t.values += 2 * t.valueStride, t.offsets += 2;
  }
  if (block < task.blocks)
    tileAt<1>(pixels, TileSizes())(t);
}

/// Steps [first, first + count) of all pixels and channels.
void convolvePass(const TensorTask &task, int32_t first, int32_t count) {
  const isa::TensorFields &f = *task.fields;
  const uint8_t flip = f.in_unsigned ? 0 : 0x80;
  const int32_t zu = f.in_zp + flip, zv = f.w_zp - (f.w_unsigned ? 128 : 0);
  const int64_t weightStride = int64_t(count) * 256;
  int8_t *weights = reinterpret_cast<int8_t *>(scratch<0>(task.blocks * weightStride));
  auto *offsets = reinterpret_cast<__m512i *>(scratch<1>(task.blocks * 64));
  uint8_t *rows = scratch<2>(kPixels * kRow);
  for (int32_t block = 0; block < task.blocks; ++block) {
    const __m512i sums = packBlock(weightsAt(task, block, first), count, f.w_unsigned != 0,
                                   weights + block * weightStride);
    offsets[block] = _mm512_mullo_epi32(sums, _mm512_set1_epi32(-zu));
  }
  int32_t terms[kPixels];
  Pixel pixel{0, 0, 0};
  for (int32_t p = 0; p < task.pixels; p += kPixels) {
    const int32_t pixels = std::min(kPixels, task.pixels - p);
    for (int32_t i = 0; i < pixels; ++i, nextPixel(f, pixel))
      gather(task, pixel, first, count, ByteSink{rows + i * kRow, flip, uint8_t(zu)});
    pixelTerms(rows, pixels, count, zu, zv, terms);
    multiplyTiles(task,
                  Tile{rows, weights, weightStride, task.values + int64_t(p) * 16,
                       int64_t(task.pixels) * 16, offsets, terms, count},
                  pixels);
  }
}

void convolve(const TensorTask &task) {
  for (int32_t step = 0; step < task.steps; step += kSteps)
    convolvePass(task, step, std::min(kSteps, task.steps - step));
}

} // namespace

const Kernels kAvx512Kernels = {"avx512", convolve, depthwise, output, micro};

} // namespace afe::sim

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif

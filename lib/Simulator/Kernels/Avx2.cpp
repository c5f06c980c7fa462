// The kernels for AVX2: convolution on int16 differences with pairwise multiply-add.

#if defined(__x86_64__)

#include "Simulator/Arithmetic.h"
#include "Simulator/Kernels/Kernels.h"

#include <algorithm>
#include <immintrin.h>
#include <vector>

#pragma STDC FP_CONTRACT OFF

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,lzcnt"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,lzcnt")
#endif

namespace afe::sim {
namespace {

#include "Simulator/Kernels/Gather.inc"

#include "Simulator/Kernels/Depthwise.inc"
#include "Simulator/Kernels/Micro.inc"
#include "Simulator/Kernels/Output.inc"

constexpr int32_t kSteps = 64;             ///< steps of 16 input channels per pass
constexpr int32_t kPixels = 5;             ///< pixels per tile of registers
constexpr int32_t kRow = kSteps * 16 + 32; ///< int16 per gathered pixel; not a power of two

/// One step's 16 x 16 weights as differences, pairs of input channels adjacent: [8][16 out][2].
void packStep(const uint8_t *from, bool isUnsigned, int32_t zp, int16_t *to) {
  const __m256i offset = _mm256_set1_epi16(int16_t(zp));
  for (int pair = 0; pair < 8; ++pair, from += 32, to += 32) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i *>(from));
    const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i *>(from + 16));
    const __m256i lo = isUnsigned ? _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b))
                                  : _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(a, b));
    const __m256i hi = isUnsigned ? _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b))
                                  : _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(a, b));
    _mm256_store_si256(reinterpret_cast<__m256i *>(to), _mm256_sub_epi16(lo, offset));
    _mm256_store_si256(reinterpret_cast<__m256i *>(to + 16), _mm256_sub_epi16(hi, offset));
  }
}

/// P pixels x 16 output channels over `steps` steps.
template <int P>
void tile(const int16_t *rows, const int16_t *weights, int32_t steps, int32_t *values) {
  __m256i sums[P][2];
  auto *memory = reinterpret_cast<__m256i *>(values);
#pragma clang loop unroll(full)
  for (int p = 0; p < P; ++p)
    for (int h = 0; h < 2; ++h)
      sums[p][h] = _mm256_loadu_si256(memory + p * 2 + h);
  for (int32_t pair = 0; pair < steps * 8; ++pair, weights += 32) {
    const __m256i lo = _mm256_load_si256(reinterpret_cast<const __m256i *>(weights));
    const __m256i hi = _mm256_load_si256(reinterpret_cast<const __m256i *>(weights + 16));
#pragma clang loop unroll(full)
    for (int p = 0; p < P; ++p) {
      int32_t two;
      std::memcpy(&two, rows + p * kRow + pair * 2, 4);
      const __m256i x = _mm256_set1_epi32(two);
      sums[p][0] = _mm256_add_epi32(sums[p][0], _mm256_madd_epi16(x, lo));
      sums[p][1] = _mm256_add_epi32(sums[p][1], _mm256_madd_epi16(x, hi));
    }
  }
#pragma clang loop unroll(full)
  for (int p = 0; p < P; ++p)
    for (int h = 0; h < 2; ++h)
      _mm256_storeu_si256(memory + p * 2 + h, sums[p][h]);
}

using TileFunction = void (*)(const int16_t *, const int16_t *, int32_t, int32_t *);
const TileFunction kTiles[] = {nullptr, tile<1>, tile<2>, tile<3>, tile<4>, tile<5>};

/// Steps [first, first + count) of all pixels and channels.
void convolvePass(const TensorTask &task, int32_t first, int32_t count) {
  const isa::TensorFields &f = *task.fields;
  int16_t *weights = reinterpret_cast<int16_t *>(scratch<0>(size_t(task.blocks) * count * 512));
  int16_t *rows = reinterpret_cast<int16_t *>(scratch<1>(kPixels * kRow * 2));
  for (int32_t block = 0; block < task.blocks; ++block)
    for (int32_t i = 0; i < count; ++i)
      packStep(weightsAt(task, block, first + i), f.w_unsigned != 0, f.w_zp,
               weights + (int64_t(block) * count + i) * 256);
  Pixel pixel{0, 0, 0};
  for (int32_t p = 0; p < task.pixels; p += kPixels) {
    const int32_t tilePixels = std::min(kPixels, task.pixels - p);
    for (int32_t i = 0; i < tilePixels; ++i, nextPixel(f, pixel))
      gather(task, pixel, first, count,
             DifferenceSink{rows + i * kRow, f.in_unsigned != 0, f.in_zp});
    for (int32_t block = 0; block < task.blocks; ++block)
      kTiles[tilePixels](rows, weights + int64_t(block) * count * 256, count,
                         task.values + (int64_t(block) * task.pixels + p) * 16);
  }
}

void convolve(const TensorTask &task) {
  for (int32_t step = 0; step < task.steps; step += kSteps)
    convolvePass(task, step, std::min(kSteps, task.steps - step));
}

} // namespace

const Kernels kAvx2Kernels = {"avx2", convolve, depthwise, output, micro};

} // namespace afe::sim

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif

// Reductions; the order of f32 sums is ascending, starting from 0.

#include "Simulator/VectorReduce.h"

#include "Simulator/Arithmetic.h"

#include <algorithm>

#pragma STDC FP_CONTRACT OFF

namespace afe::sim {
namespace {

using isa::MicroOpcode;

int32_t combine(MicroOpcode opcode, int32_t sum, int32_t value) {
  switch (opcode) {
  case MicroOpcode::k_sum_c:
  case MicroOpcode::k_sum_p:
    return wrapAdd(sum, value);
  case MicroOpcode::k_max_c:
  case MicroOpcode::k_max_p:
    return sum < value ? value : sum;
  case MicroOpcode::k_fmax_c:
    return asFloat(sum) < asFloat(value) ? value : sum;
  default: // fsum_c, fsum_p
    return resultBits(asFloat(sum) + asFloat(value));
  }
}

/// Sums start from 0, maxima from the first value.
bool isSum(MicroOpcode opcode) {
  return opcode == MicroOpcode::k_sum_c || opcode == MicroOpcode::k_sum_p ||
         opcode == MicroOpcode::k_fsum_c || opcode == MicroOpcode::k_fsum_p;
}

int32_t firstMaximum(const int32_t *values, int32_t count) {
  return int32_t(std::max_element(values, values + count) - values);
}

} // namespace

void reduceChannels(MicroOpcode opcode, int32_t channels, const Chunk &chunk, const int32_t *from,
                    int32_t *to) {
  for (int64_t p = 0; p < chunk.pixels; ++p, from += chunk.blocks * 16, to += 16) {
    int32_t value = isSum(opcode) ? 0 : from[0];
    if (opcode == MicroOpcode::k_argmax_c)
      value = firstMaximum(from, channels);
    else
      for (int32_t c = isSum(opcode) ? 0 : 1; c < channels; ++c)
        value = combine(opcode, value, from[c]);
    std::fill_n(to, 16, value);
  }
}

void reducePixels(MicroOpcode opcode, const Chunk &chunk, const int32_t *from, int32_t *to) {
  const int64_t lanes = chunk.blocks * 16;
  const bool sum = isSum(opcode);
  if (sum)
    std::fill_n(to, lanes, 0);
  else
    std::copy_n(from, lanes, to);
  for (int64_t p = sum ? 0 : 1; p < chunk.pixels; ++p)
    for (int64_t l = 0; l < lanes; ++l)
      to[l] = combine(opcode, to[l], from[p * lanes + l]);
}

} // namespace afe::sim

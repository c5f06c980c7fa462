// The kernels in plain C++: the baseline of every CPU, and the measure of the others in tests.

#include "Simulator/Arithmetic.h"
#include "Simulator/Kernels/Kernels.h"

#include <algorithm>
#include <vector>

#pragma STDC FP_CONTRACT OFF

namespace afe::sim {
namespace {

#include "Simulator/Kernels/Gather.inc"

#include "Simulator/Kernels/Depthwise.inc"
#include "Simulator/Kernels/Micro.inc"
#include "Simulator/Kernels/Output.inc"

/// One step of one pixel and 16 output channels.
void multiplyStep(const int16_t *input, const uint8_t *weights, bool isUnsigned, int32_t zp,
                  uint32_t *sums) {
  for (int i = 0; i < 16; ++i)
    for (int o = 0; o < 16; ++o) {
      const uint8_t byte = weights[i * 16 + o];
      const int32_t weight = isUnsigned ? byte : int8_t(byte);
      sums[o] += uint32_t(input[i] * (weight - zp));
    }
}

void convolve(const TensorTask &task) {
  const isa::TensorFields &f = *task.fields;
  int16_t *row = reinterpret_cast<int16_t *>(scratch<0>(size_t(task.steps) * 32));
  Pixel pixel{0, 0, 0};
  for (int32_t p = 0; p < task.pixels; ++p, nextPixel(f, pixel)) {
    gather(task, pixel, 0, task.steps, DifferenceSink{row, f.in_unsigned != 0, f.in_zp});
    for (int32_t block = 0; block < task.blocks; ++block) {
      uint32_t sums[16];
      int32_t *values = task.values + (int64_t(block) * task.pixels + p) * 16;
      std::memcpy(sums, values, 64);
      for (int32_t step = 0; step < task.steps; ++step)
        multiplyStep(row + step * 16, weightsAt(task, block, step), f.w_unsigned != 0, f.w_zp,
                     sums);
      std::memcpy(values, sums, 64);
    }
  }
}

} // namespace

const Kernels kScalarKernels = {"scalar", convolve, depthwise, output, micro};

} // namespace afe::sim

// Occupancy of every instruction in cycles, from its fields and the target alone: the formulas of
// docs/machine-model.md, once, for the simulator and the validator. The scheduler keeps a model of
// its own; a test demands that both agree.
#pragma once

#include "Encoding/Isa.h"
#include "Target/Target.h"

#include <algorithm>
#include <cstdint>

namespace afe::sim {

inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t blocksOf16(int64_t channels) { return ceilDiv(channels, 16); }

/// A 3-D strided move: `planes` planes of `rows` runs of `run` bytes, with strides on both sides.
struct MoveShape {
  int64_t run, rows, planes, strideA1, strideB1, strideA2, strideB2;

  /// Runs that follow each other on both sides become one.
  MoveShape merged() const {
    MoveShape m = *this;
    if (m.strideA1 == m.run && m.strideB1 == m.run)
      m.run *= m.rows, m.rows = 1;
    if (m.rows == 1 && m.planes > 1 && m.strideA2 == m.run && m.strideB2 == m.run)
      m.run *= m.planes, m.planes = 1;
    return m;
  }
};

/// rows * ceil(run / rate), adjacent runs merged. A transposing LOAD moves its planes at half rate;
/// its runs merge within a plane when they are adjacent in L2, its planes never.
inline int64_t occupancy(const Target &, const isa::LoadFields &f) {
  if (f.transpose) {
    const bool adjacent = f.l2_stride1 == f.run;
    const int64_t run = adjacent ? int64_t(f.run) * f.count1 : f.run;
    return int64_t(f.count2) * (adjacent ? 1 : f.count1) * ceilDiv(run, std::max(f.rate / 2, 1));
  }
  const MoveShape m =
      MoveShape{f.run, f.count1, f.count2, f.l2_stride1, f.l1_stride1, f.l2_stride2, f.l1_stride2}
          .merged();
  return m.rows * m.planes * ceilDiv(m.run, std::max(f.rate, 1));
}

inline int64_t occupancy(const Target &target, const isa::StoreFields &f) {
  const MoveShape m =
      MoveShape{f.run, f.count1, f.count2, f.l2_stride1, f.l1_stride1, f.l2_stride2, f.l1_stride2}
          .merged();
  return m.rows * m.planes * ceilDiv(m.run, target.store_bytes_per_cycle);
}

/// Steps of 16 input channels per output pixel: K of the occupancy formula.
inline int64_t tensorSteps(const isa::TensorFields &f) {
  if (f.mode == int(isa::TensorMode::Packed))
    return int64_t(f.kh) * ceilDiv(int64_t(f.kw) * f.ic, 16);
  return int64_t(f.kh) * f.kw * blocksOf16(f.ic);
}

inline int64_t occupancy(const Target &target, const isa::TensorFields &f) {
  const int64_t pixels = int64_t(f.images) * f.rows * f.cols, blocks = blocksOf16(f.oc);
  int64_t cycles;
  if (f.mode == int(isa::TensorMode::Depthwise))
    cycles = ceilDiv(pixels * blocks, target.tiles) *
             ceilDiv(int64_t(f.kh) * f.kw, target.depthwise_taps);
  else
    cycles = tensorSteps(f) * std::max(ceilDiv(pixels, std::max(f.grid_p, 1)),
                                       ceilDiv(blocks * target.tile_inputs * target.tile_outputs,
                                               target.weight_bytes_per_cycle));
  if (f.use_psum)
    cycles += ceilDiv(pixels * blocks * 16 * 4, target.weight_bytes_per_cycle);
  return cycles;
}

inline int64_t occupancy(const Target &target, const isa::OutputFields &f) {
  const int64_t values = int64_t(f.images) * f.rows * f.cols * blocksOf16(f.oc) * 16;
  return ceilDiv(values, target.output_values_per_cycle);
}

/// At least one cycle per 128 elements: a program of loads and stores alone is not free.
inline int64_t occupancy(const Target &target, const isa::VectorFields &f) {
  const int64_t lanes = target.vector_lanes, channels = blocksOf16(f.channels) * 16;
  const int64_t pixels = int64_t(f.images) * f.rows * f.cols;
  return std::max(f.cost, 1) * ceilDiv(pixels * channels, lanes) +
         f.row_cost * ceilDiv(pixels, lanes) +
         f.channel_cost * ceilDiv(int64_t(f.images) * channels, lanes);
}

inline int64_t occupancy(const Target &target, const isa::Instruction &instruction) {
  return std::visit([&](const auto &fields) { return occupancy(target, fields); },
                    instruction.fields);
}

/// Cycles from the end of the occupancy until the result may be read.
inline int64_t latencyOf(const Target &target, isa::Engine engine) {
  switch (engine) {
  case isa::Engine::Load:
    return target.latency_load;
  case isa::Engine::Store:
    return target.latency_store;
  case isa::Engine::Tensor:
    return target.latency_tensor;
  case isa::Engine::Output:
    return target.latency_output;
  case isa::Engine::Vector:
    return target.latency_vector;
  }
  return 0;
}

} // namespace afe::sim

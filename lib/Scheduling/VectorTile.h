// One tile of a vector layer: what its operands are, and the VECTOR instruction over them.
#pragma once

#include "Scheduling/ConvTile.h"

namespace afe::sched {

/// The tensor whose extents a vector layer iterates over: its output, or the reduced input.
const Tensor &vectorDomain(const Network &network, const Layer &layer);

/// The box of `t` that `domain` reads or writes; `windowed`: through the layer's window or gather.
Box vectorOperandBox(const VectorParams &vec, const Tensor &t, const Box &domain, bool windowed);

/// Whether operand `number` is read through the window or gather.
inline bool isWindowed(const VectorParams &vec, size_t number) {
  return number == 0 && (vec.window || vec.gathers);
}

struct VectorTile {
  const Layer *layer = nullptr;
  Box domain;
  L1Ref program;
  std::vector<L1Tile> inputs, outputs; ///< in the order of the layer's operands and results
};

void emitVectorTile(Emitter &e, int quad, const VectorTile &tile);

} // namespace afe::sched

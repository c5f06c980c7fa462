// One tile of a vector layer: what its operands are, and the VECTOR instruction over them.
#pragma once

#include "Scheduling/ConvTile.h"

namespace afe::sched {

/// The box of `t` that `domain` reads or writes; `windowed`: through the layer's window or gather.
Box vectorOperandBox(const VectorParams &vec, const Tensor &t, const Box &domain, bool windowed);

/// Whether operand `number` is read through the window or gather.
inline bool isWindowed(const VectorParams &vec, size_t number) {
  return number == 0 && (vec.window || vec.gathers);
}

/// Operand `number` of a gather, rows or columns, counted from the part `source` of operand 0.
std::vector<uint8_t> gatherPositions(const VectorParams &vec, size_t number, const Box &domain,
                                     const Box &source);
inline bool isGatherPosition(const VectorParams &vec, size_t number) {
  return vec.gather.rowOperand >= 0 &&
         (int(number) == vec.gather.rowOperand || int(number) == vec.gather.colOperand);
}

struct VectorTile {
  const Network *network = nullptr;
  const Layer *layer = nullptr;
  Box domain;
  L1Ref program;
  std::vector<L1Tile> inputs, outputs; ///< in the order of the layer's operands and results
};

void emitVectorTile(Emitter &e, int quad, const VectorTile &tile);

} // namespace afe::sched

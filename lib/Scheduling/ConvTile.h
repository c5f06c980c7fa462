// One tile of a convolution whose operands lie in L1: its bank fills, and the TENSOR and OUTPUT
// instructions of each.
#pragma once

#include "Scheduling/ConvShape.h"
#include "Scheduling/Emitter.h"

namespace afe::sched {

/// A box of a tensor in L1.
struct L1Tile {
  L1Ref slot;
  Box box;
  Layout layout; ///< of the box in the slot
};

/// Where the operands of a tile lie, and which part of the layer it computes.
struct ConvTile {
  const ConvShape *shape = nullptr;
  Box box; ///< of the output
  int64_t group = 0, chunk = 0;
  L1Tile input, residual, out; ///< `out` may hold more than `box`
  L1Ref weights;
};

/// One bank fill: where it starts in the tile (channel block, image) and in the phase (row,
/// column), and its extents.
struct BankFill {
  size_t phase;
  int64_t b, n, y, x, blocks, images, rows, cols, gridPixels;
};

/// The fills of a tile, in order.
std::vector<BankFill> bankFills(const ConvTile &tile, const Target &target);

/// Channel blocks of the pieces in which a layer's weights are loaded, so that the first can be
/// used before the last is there: small pieces, as far as tiles like `box` take no more TENSOR
/// cycles.
int64_t pieceBlocks(const ConvShape &shape, const Box &box, const Target &target);

/// Issues TENSOR and, with the last chunk, OUTPUT of a fill into `bank`.
void emitFill(Emitter &e, int quad, const ConvTile &tile, const BankFill &fill, int bank);

} // namespace afe::sched

// How VECTOR's registers meet memory: chunks of a block, loads, stores, windows, resizing.
// A register of a chunk is an array of vectors of 16 lanes; vector p * blocks + b holds the chunk's
// pixel p and channel block b. Lanes past the channel count hold 0 after a load and are not stored.
#pragma once

#include "Encoding/MicroCost.h"
#include "Simulator/Access.h"
#include "Simulator/Machine.h"

namespace afe::sim {

/// Part of a block: pixels [pixel, pixel + pixels) of one image (row-major), channel blocks
/// [block, block + blocks).
struct Chunk {
  int64_t image, pixel, pixels, block, blocks;
  int64_t vectors() const { return pixels * blocks; }
};

/// Vectors of 16 lanes that a register of this shape has in the chunk.
int64_t vectorsOf(const Chunk &chunk, isa::MicroShape shape);

/// Repeats the values of a smaller shape.
void broadcast(const Chunk &chunk, isa::MicroShape fromShape, const int32_t *from,
               isa::MicroShape toShape, int32_t *to);

void loadOperand(const isa::VectorFields &fields, const VectorOperand &operand, const Quad &quad,
                 const Chunk &chunk, int32_t *to);
/// `from` has the shape PerElement.
void storeResult(const isa::VectorFields &fields, const VectorOperand &result, Quad &quad,
                 const Chunk &chunk, const int32_t *from);

/// row, col, win_count (per pixel) and channel (per channel).
void indices(const isa::VectorFields &fields, isa::MicroOpcode opcode, const Chunk &chunk,
             int32_t *to);
/// win_sum and win_max of operand 0.
void window(const isa::VectorFields &fields, isa::MicroOpcode opcode, const Quad &quad,
            const Chunk &chunk, int32_t *to);
/// bilinear and nearest of operand 0 at `rows` and `cols`, of shape PerElement.
void gatherTile(const isa::VectorFields &fields, const isa::MicroOp &op, const Quad &quad,
                const Chunk &chunk, const int32_t *rows, const int32_t *cols, int32_t *to);

} // namespace afe::sim

// Reductions of VECTOR over the channels of a pixel and over the pixels of an image.
#pragma once

#include "Simulator/VectorMemory.h"

namespace afe::sim {

/// One value per pixel, in all 16 lanes: to[pixels][16]. The chunk holds all channels.
void reduceChannels(isa::MicroOpcode opcode, int32_t channels, const Chunk &chunk,
                    const int32_t *from, int32_t *to);
/// One value per channel: to[blocks][16]. The chunk holds all pixels of its image.
void reducePixels(isa::MicroOpcode opcode, const Chunk &chunk, const int32_t *from, int32_t *to);

} // namespace afe::sim

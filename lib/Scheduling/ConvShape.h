// The geometry of a convolution-like layer: what an output box reads, in which steps its kernel is
// cut, and where its weights lie. Shared by the layer-by-layer and the cascading emitter.
#pragma once

#include "Scheduling/PackWeights.h"
#include "Scheduling/Plan.h"
#include "Scheduling/Tile.h"

namespace afe::sched {

/// Balanced part `i` of `parts` of [0, total), in steps of `unit`.
std::pair<int64_t, int64_t> balancedPart(int64_t total, int64_t unit, int64_t parts, int64_t i);

/// A layer's tiles are computed in chunks: of the input channels, and of the kernel's rows inside
/// those. Weights of a tile are, per phase, those of its channel blocks; behind the last chunk's
/// follow the parameter records of the blocks and the table.
class ConvShape {
public:
  ConvShape(const Network &network, const Layer &layer, int64_t inputChunks = 1,
            int64_t kernelChunks = 1)
      : layer(layer), conv(layer.conv), input(network.tensors[layer.inputs[0]]),
        out(network.tensors[layer.outputs[0]]),
        residual(layer.conv.residual.mode == isa::Residual::None
                     ? nullptr
                     : &network.tensors[layer.inputs[1]]),
        packed(canPack(conv, input)), groupIn(input.c / conv.groups),
        groupOutBlocks(ceilDiv(out.c / conv.groups, kLanes)), inputChunks(inputChunks),
        kernelChunks(kernelChunks) {}

  int64_t chunkCount() const { return inputChunks * kernelChunks; }
  bool isLast(int64_t chunk) const { return chunk == chunkCount() - 1; }
  /// Input channels [first, end) of a chunk, in its group.
  std::pair<int64_t, int64_t> chunkChannels(int64_t chunk) const;
  /// The phase with the kernel rows of the chunk alone.
  Phase phaseOf(int64_t chunk, size_t phaseIndex) const;
  /// The box of the input that `box` of the output, of channel group `group`, reads.
  Box inputBox(const Box &box, int64_t group, int64_t chunk) const;

  /// Bytes in front of a phase's weights of `blocks` channel blocks, or in front of the parameters.
  int64_t phaseOffset(int64_t blocks, int64_t chunk, size_t phaseIndex) const;
  int64_t paramsOffset(int64_t blocks, int64_t chunk) const {
    return phaseOffset(blocks, chunk, conv.phases.size());
  }
  int64_t weightBytes(int64_t blocks, int64_t chunk) const;
  /// The bytes themselves, for blocks [b0, b1).
  isa::TileBytes packBlocks(int64_t b0, int64_t b1, int64_t chunk) const;
  std::vector<uint8_t> packEpilogue(int64_t b0, int64_t b1) const;

  const Layer &layer;
  const ConvParams &conv;
  const Tensor &input, &out;
  const Tensor *const residual; ///< null where there is none
  const bool packed;
  const int64_t groupIn, groupOutBlocks, inputChunks, kernelChunks;
};

} // namespace afe::sched

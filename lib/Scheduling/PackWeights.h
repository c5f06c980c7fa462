// Weights and per-channel parameters in the order in which TENSOR and OUTPUT read them.
#pragma once

#include "Scheduling/Network.h"

namespace afe::sched {

/// Bytes of one block of 16 output channels of a phase over `channels` input channels.
int64_t weightBlockBytes(const ConvParams &conv, const Phase &phase, int64_t channels, bool packed);

/// Weights of a layer as the model has them, 0 where an activation takes their place.
int64_t weightCount(const Network &network, const Layer &layer);
/// The code of every layer's weights, which compressed tiles and the lower bound need.
void makeWeightCodes(Network &network);

/// Appends the weights of output channel block `block` for input channels [ic0, ic1) of its group.
/// `outChannels`, `inChannels`: of the whole layer; lanes past them are filled with the zero point.
void packWeights(const ConvParams &conv, const Phase &phase, int64_t outChannels,
                 int64_t inChannels, int64_t block, int64_t ic0, int64_t ic1, bool packed,
                 isa::TileBytes &out);

/// OUTPUT reads a parameter record for every block: there are biases or per-channel scales.
bool hasParams(const ConvParams &conv);
bool perChannel(const ConvParams &conv);
/// Bytes of the record of one block.
int64_t paramBlockBytes(const ConvParams &conv);
void packParams(const ConvParams &conv, int64_t outChannels, int64_t block,
                std::vector<uint8_t> &out);

} // namespace afe::sched

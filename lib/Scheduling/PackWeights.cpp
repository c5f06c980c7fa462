// Packing for the [block][ky][kx][input block][16][16] order and its packed and depthwise variants.

#include "Scheduling/PackWeights.h"

#include <algorithm>
#include <cstring>

namespace afe::sched {

int64_t weightBlockBytes(const ConvParams &conv, const Phase &phase, int64_t channels,
                         bool packed) {
  if (conv.depthwise)
    return phase.kh * phase.kw * kLanes;
  int64_t steps = packed ? phase.kh * ceilDiv(phase.kw * channels, kLanes)
                         : phase.kh * phase.kw * ceilDiv(channels, kLanes);
  return steps * kLanes * kLanes;
}

int64_t weightCount(const Network &network, const Layer &layer) {
  const ConvParams &conv = layer.conv;
  if (layer.kind != Layer::Kind::Conv || conv.matmul)
    return 0;
  int64_t taps = conv.kh * conv.kw, channels = network.tensors[layer.outputs[0]].c;
  return taps * channels * (conv.depthwise ? 1 : network.tensors[layer.inputs[0]].c / conv.groups);
}

void makeWeightCodes(Network &network) {
  for (Layer &layer : network.layers)
    if (int64_t count = weightCount(network, layer))
      layer.conv.code = isa::SymbolCode(layer.conv.weights, count);
}

/// One 16-lane vector of input lanes for one output lane: a column of a 16x16 step.
static void putColumn(uint8_t *step, int64_t lane, const uint8_t *source, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    step[i * kLanes + lane] = source[i];
}

static void packDense(const ConvParams &conv, const Phase &phase, int64_t outChannels,
                      int64_t block, int64_t groupChannels, int64_t ic0, int64_t ic1, bool packed,
                      uint8_t *to, isa::ByteKind *kinds) {
  int64_t lanes = std::min(kLanes, outChannels - block * kLanes);
  int64_t ocStride = conv.kh * conv.kw * groupChannels, channels = ic1 - ic0;
  int64_t rowSteps =
      packed ? ceilDiv(phase.kw * channels, kLanes) : phase.kw * ceilDiv(channels, kLanes);
  for (int64_t ky = 0; ky < phase.kh; ++ky) {
    uint8_t *row = to + ky * rowSteps * kLanes * kLanes;
    for (int64_t kx = 0; kx < phase.kw; ++kx) {
      int64_t tap = (phase.ky + ky * phase.kyStep) * conv.kw + phase.kx + kx * phase.kxStep;
      const uint8_t *source = conv.weights + block * kLanes * ocStride + tap * groupChannels + ic0;
      for (int64_t c = 0; c < channels;) {
        int64_t at = packed ? kx * channels + c : kx * roundUp(channels, kLanes) + c;
        int64_t count = std::min(channels - c, kLanes - at % kLanes);
        uint8_t *step = row + (at / kLanes) * kLanes * kLanes + (at % kLanes) * kLanes;
        for (int64_t i = 0; i < count; ++i)
          std::fill_n(kinds + (step - to) + i * kLanes, lanes, isa::ByteKind::Coded);
        for (int64_t lane = 0; lane < lanes; ++lane)
          putColumn(step, lane, source + lane * ocStride + c, count);
        c += count;
      }
    }
  }
}

void packWeights(const ConvParams &conv, const Phase &phase, int64_t outChannels,
                 int64_t inChannels, int64_t block, int64_t ic0, int64_t ic1, bool packed,
                 isa::TileBytes &out) {
  size_t base = out.bytes.size();
  out.bytes.resize(base + weightBlockBytes(conv, phase, ic1 - ic0, packed),
                   static_cast<uint8_t>(conv.weightZp));
  out.kinds.resize(out.bytes.size(), isa::ByteKind::Fill);
  if (!conv.depthwise)
    return packDense(conv, phase, outChannels, block, inChannels / conv.groups, ic0, ic1, packed,
                     out.bytes.data() + base, out.kinds.data() + base);
  int64_t lanes = std::min(kLanes, outChannels - block * kLanes);
  for (int64_t ky = 0; ky < phase.kh; ++ky)
    for (int64_t kx = 0; kx < phase.kw; ++kx) { // [KH][KW][C][M]: output channels are adjacent
      size_t at = base + (ky * phase.kw + kx) * kLanes;
      std::memcpy(out.bytes.data() + at,
                  conv.weights + (ky * conv.kw + kx) * outChannels + block * kLanes, lanes);
      std::fill_n(out.kinds.begin() + at, lanes, isa::ByteKind::Coded);
    }
}

bool perChannel(const ConvParams &conv) { return conv.requant.multipliers.size() > 1; }

bool hasParams(const ConvParams &conv) { return !conv.bias.empty() || perChannel(conv); }

int64_t paramBlockBytes(const ConvParams &conv) {
  if (!hasParams(conv))
    return 0;
  int64_t shifts = conv.requant.shifts.empty() ? 0 : kLanes;
  return kLanes * 4 + (perChannel(conv) ? kLanes * 4 + shifts : 0);
}

void packParams(const ConvParams &conv, int64_t outChannels, int64_t block,
                std::vector<uint8_t> &out) {
  if (!hasParams(conv))
    return;
  int64_t lanes = std::min(kLanes, outChannels - block * kLanes), first = block * kLanes;
  auto put = [&](const auto &values, auto fill) {
    for (int64_t i = 0; i < kLanes; ++i) {
      auto value = i < lanes && !values.empty() ? values[first + i] : fill;
      auto *bytes = reinterpret_cast<const uint8_t *>(&value);
      out.insert(out.end(), bytes, bytes + sizeof(value));
    }
  };
  put(conv.bias, int32_t(0));
  if (!perChannel(conv))
    return;
  put(conv.requant.multipliers, int32_t(0));
  if (!conv.requant.shifts.empty())
    put(conv.requant.shifts, int8_t(31));
}

} // namespace afe::sched

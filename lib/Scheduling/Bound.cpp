// The lower bound of a network: of the model, the target and the batch, never of a program.

#include "Scheduling/Schedule.h"

#include <algorithm>
#include <cmath>

namespace afe::sched {

static int64_t padded(const Tensor &t) { return t.n * t.h * t.w * t.blocks() * kLanes; }

static double macsOf(const Network &network, const Layer &layer) {
  const ConvParams &conv = layer.conv;
  const Tensor &out = network.tensors[layer.outputs[0]];
  const Tensor &in = network.tensors[layer.inputs[0]];
  double perOutput =
      conv.depthwise ? double(conv.kh * conv.kw) : double(conv.kh * conv.kw) * in.c / conv.groups;
  // A transposed convolution does its taps once per input pixel.
  double pixels = conv.phases.size() > 1 ? double(in.h) * in.w : double(out.h) * out.w;
  return double(out.n) * pixels * out.c * perOutput;
}

static double weightBytesOf(const Network &network, const Layer &layer) {
  const ConvParams &conv = layer.conv;
  if (conv.matmul)
    return 0;
  const Tensor &out = network.tensors[layer.outputs[0]];
  const Tensor &in = network.tensors[layer.inputs[0]];
  double weights = conv.depthwise ? double(conv.kh * conv.kw) * out.c
                                  : double(conv.kh * conv.kw) * in.c / conv.groups * out.c;
  return weights + 4.0 * conv.bias.size();
}

int64_t LowerBound::cycles() const {
  return static_cast<int64_t>(std::ceil(std::max({mac, output, vector, dram})));
}

LowerBound lowerBound(const Network &network, const Target &target) {
  double macs = 0, outputs = 0, vectors = 0, bytes = 0;
  for (const Layer &layer : network.layers) {
    if (layer.kind == Layer::Kind::Conv) {
      macs += macsOf(network, layer);
      outputs += padded(network.tensors[layer.outputs[0]]);
      bytes += weightBytesOf(network, layer);
    } else if (layer.kind == Layer::Kind::Vector) {
      int64_t elements = padded(network.tensors[layer.outputs[0]]);
      if (layer.vector.reducesPixels)
        elements = padded(network.tensors[layer.inputs[0]]);
      vectors += double(layer.vector.boundPerElement) * elements;
    }
  }
  auto dense = [&](const std::vector<int> &tensors) {
    for (int index : tensors) {
      const Tensor &t = network.tensors[index];
      bytes += double(t.n) * t.h * t.w * t.c * t.elementBytes();
    }
  };
  dense(network.inputs);
  dense(network.outputs);
  double live = 1.0 - double(target.dram_refresh_cycles) / target.dram_refresh_period;
  LowerBound bound;
  bound.mac = macs / double(target.quads * target.tiles * target.tile_inputs * target.tile_outputs);
  bound.output = outputs / double(target.quads * target.output_values_per_cycle);
  bound.vector = vectors / double(target.quads * target.vector_lanes);
  bound.dram = bytes / (target.dram_decibytes_per_cycle / 10.0 * live);
  return bound;
}

} // namespace afe::sched

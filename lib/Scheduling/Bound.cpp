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

static double denseBytes(const Tensor &t) {
  return double(t.n) * t.h * t.w * t.c * t.elementBytes();
}

/// How many of `size` positions along an axis any tap of `outputs` windows reads.
static int64_t readPositions(int64_t size, int64_t outputs, int64_t stride, int64_t origin,
                             int64_t taps, int64_t dilation) {
  std::vector<bool> isRead(size);
  for (int64_t i = 0; i < outputs; ++i)
    for (int64_t tap = 0; tap < taps; ++tap)
      if (int64_t at = origin + i * stride + tap * dilation; at >= 0 && at < size)
        isRead[at] = true;
  return std::count(isRead.begin(), isRead.end(), true);
}

/// Bytes of operand `number` that the layer's results depend on: windows may leave out rows, data
/// movement (a slice) anything.
static double readBytes(const Network &network, const Layer &layer, int number) {
  const Tensor &t = network.tensors[layer.inputs[number]];
  if (layer.kind == Layer::Kind::Move) {
    double moved = 0;
    for (const MoveCopy &move : layer.move.copies)
      moved += move.input == number ? move.copy.bytes() : 0;
    return moved;
  }
  const ConvParams &conv = layer.conv;
  if (layer.kind != Layer::Kind::Conv || number != 0 || conv.phases.size() != 1)
    return denseBytes(t);
  const Tensor &out = network.tensors[layer.outputs[0]];
  const Phase &p = conv.phases[0];
  double rows = readPositions(t.h, out.h, conv.strideY, p.y0, p.kh, conv.dilY);
  double cols = readPositions(t.w, out.w, conv.strideX, p.x0, p.kw, conv.dilX);
  return denseBytes(t) / (double(t.h) * t.w) * rows * cols;
}

/// Bytes of an input that any result depends on: slices of it that nobody reads need not come.
static double neededBytes(const Network &network, int input) {
  const Tensor &whole = network.tensors[input];
  double needed = 0;
  for (const Layer &layer : network.layers)
    for (size_t i = 0; i < layer.inputs.size(); ++i)
      if (network.tensors[layer.inputs[i]].storage == whole.storage)
        needed += readBytes(network, layer, i);
  return std::min(needed, denseBytes(whole));
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
  for (int input : network.inputs)
    bytes += neededBytes(network, input);
  for (int output : network.outputs)
    bytes += denseBytes(network.tensors[output]);
  double live = 1.0 - double(target.dram_refresh_cycles) / target.dram_refresh_period;
  LowerBound bound;
  bound.mac = macs / double(target.quads * target.tiles * target.tile_inputs * target.tile_outputs);
  bound.output = outputs / double(target.quads * target.output_values_per_cycle);
  bound.vector = vectors / double(target.quads * target.vector_lanes);
  bound.dram = bytes / (target.dram_decibytes_per_cycle / 10.0 * live);
  return bound;
}

} // namespace afe::sched

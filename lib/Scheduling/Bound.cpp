// The lower bound of a network: of the model, the target and the batch, never of a program.

#include "Scheduling/PackWeights.h"
#include "Scheduling/Schedule.h"

#include <algorithm>
#include <cmath>
#include <map>

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

/// Weights as one tile of the codec would hold them at best, or as they are; and the biases.
static double weightBytesOf(const Network &network, const Layer &layer, bool compressed) {
  double bytes = double(weightCount(network, layer));
  const isa::SymbolCode &code = layer.conv.code;
  if (compressed && !code.empty())
    bytes = std::min(bytes, std::floor(double(code.tensorBits()) / 8));
  return bytes + 4.0 * layer.conv.bias.size();
}

static double denseBytes(const Tensor &t) {
  return double(t.n) * t.h * t.w * t.c * t.elementBytes();
}

/// Rows and columns of a tensor that results depend on.
struct Need {
  std::vector<bool> rows, cols;
  void add(const Need &other) {
    for (size_t i = 0; i < rows.size(); ++i)
      rows[i] = rows[i] || other.rows[i];
    for (size_t i = 0; i < cols.size(); ++i)
      cols[i] = cols[i] || other.cols[i];
  }
};

/// The positions of `size` along an axis that the taps of the needed outputs read.
static std::vector<bool> readPositions(int64_t size, const std::vector<bool> &outputs,
                                       int64_t stride, int64_t origin, int64_t taps,
                                       int64_t dilation) {
  std::vector<bool> isRead(size);
  for (size_t i = 0; i < outputs.size(); ++i)
    for (int64_t tap = 0; tap < taps && outputs[i]; ++tap)
      if (int64_t at = origin + int64_t(i) * stride + tap * dilation; at >= 0 && at < size)
        isRead[at] = true;
  return isRead;
}

/// The positions of `size` that a gather takes for the needed outputs.
static std::vector<bool> gatheredPositions(int64_t size, const std::vector<bool> &outputs,
                                           const std::vector<int32_t> &positions, int64_t bits) {
  std::vector<bool> isRead(size);
  for (size_t i = 0; i < outputs.size() && i < positions.size(); ++i) {
    int64_t floor = positions[i] >> bits, fraction = positions[i] - (floor << bits);
    if (outputs[i])
      for (int64_t at : {floor, floor + (fraction != 0)})
        isRead[std::clamp<int64_t>(at, 0, size - 1)] = true;
  }
  return isRead;
}

/// What a layer reads of operand `number` to make what is needed of its output.
static Need readOf(const Network &network, const Layer &layer, int number, const Need &output) {
  const Tensor &t = network.tensors[layer.inputs[number]], &out = network.tensors[layer.outputs[0]];
  const ConvParams &conv = layer.conv;
  const VectorParams &vec = layer.vector;
  Need all{std::vector<bool>(t.h, true), std::vector<bool>(t.w, true)};
  if (layer.kind == Layer::Kind::Conv && !conv.matmul && number == 0 && conv.phases.size() == 1) {
    const Phase &p = conv.phases[0];
    return {readPositions(t.h, output.rows, conv.strideY, p.y0, p.kh, conv.dilY),
            readPositions(t.w, output.cols, conv.strideX, p.x0, p.kw, conv.dilX)};
  }
  if (layer.kind == Layer::Kind::Vector && vec.window && number == 0 && !vec.reducesPixels)
    return {readPositions(t.h, output.rows, vec.strideY, -vec.padTop, vec.kh, vec.dilY),
            readPositions(t.w, output.cols, vec.strideX, -vec.padLeft, vec.kw, vec.dilX)};
  if (layer.kind == Layer::Kind::Vector && vec.gather.rowOperand >= 0 && number == 0 &&
      !vec.reducesPixels)
    return {gatheredPositions(t.h, output.rows, vec.gather.rows, vec.gather.bits),
            gatheredPositions(t.w, output.cols, vec.gather.cols, vec.gather.bits)};
  bool byPosition = layer.kind == Layer::Kind::Vector
                        ? !vec.gathers && !vec.reducesPixels
                        : layer.kind == Layer::Kind::Conv && !conv.matmul && number == 1;
  return byPosition && t.h == out.h && t.w == out.w ? output : all;
}

/// Marks the bytes of a storage that `need` of the tensor takes, or data movement.
static void markRead(const Network &network, const Layer &layer, int number, const Need &need,
                     std::vector<bool> &needed) {
  auto mark = [&](int64_t at, int64_t bytes) {
    for (int64_t i = std::max<int64_t>(0, at); i < std::min<int64_t>(at + bytes, needed.size());
         ++i)
      needed[i] = true;
  };
  if (layer.kind == Layer::Kind::Move) {
    for (const MoveCopy &move : layer.move.copies)
      if (move.input == number)
        move.copy.forEachPiece(0, [&](const StridedCopy &run) { mark(run.src, run.run); });
    return;
  }
  const Tensor &t = network.tensors[layer.inputs[number]];
  const Layout &l = t.layout;
  for (int64_t n = 0; n < t.n; ++n)
    for (int64_t y = 0; y < t.h; ++y)
      for (int64_t x = 0; x < t.w && need.rows[y]; ++x)
        for (int64_t c = 0; c < t.c && need.cols[x]; c += kLanes)
          mark(l.offset + l.imageOffset(n) + y * l.row + x * l.pixel + c / kLanes * l.block,
               std::min(kLanes, t.c - c) * t.elementBytes());
}

/// Bytes of the inputs that any result depends on: what nobody reads need not come.
static double neededInputBytes(const Network &network) {
  std::vector<int> views(network.storages.size());
  for (const Tensor &t : network.tensors)
    ++views[t.storage];
  std::vector<Need> needs;
  for (const Tensor &t : network.tensors) { // several views of a storage: anything may be read
    bool all = views[t.storage] > 1 || network.storages[t.storage].kind == Storage::Kind::Output;
    needs.push_back({std::vector<bool>(t.h, all), std::vector<bool>(t.w, all)});
  }
  std::map<int, std::vector<bool>> needed; // by storage
  for (int input : network.inputs) {
    int storage = network.tensors[input].storage;
    needed[storage].resize(network.storages[storage].bytes);
  }
  for (size_t l = network.layers.size(); l-- > 0;) {
    const Layer &layer = network.layers[l];
    for (size_t i = 0; i < layer.inputs.size(); ++i) {
      Need read = readOf(network, layer, i, needs[layer.outputs[0]]);
      needs[layer.inputs[i]].add(read);
      auto it = needed.find(network.tensors[layer.inputs[i]].storage);
      if (it != needed.end())
        markRead(network, layer, i, read, it->second);
    }
  }
  double bytes = 0;
  for (auto &[storage, marks] : needed)
    bytes += std::count(marks.begin(), marks.end(), true);
  return bytes;
}

int64_t LowerBound::cycles() const {
  return static_cast<int64_t>(std::ceil(std::max({mac, output, vector, dram})));
}

LowerBound lowerBound(const Network &network, const Target &target, bool compressed) {
  double macs = 0, outputs = 0, vectors = 0, bytes = 0;
  for (const Layer &layer : network.layers) {
    if (layer.kind == Layer::Kind::Conv) {
      macs += macsOf(network, layer);
      outputs += padded(network.tensors[layer.outputs[0]]);
      bytes += weightBytesOf(network, layer, compressed);
    } else if (layer.kind == Layer::Kind::Vector) {
      vectors += double(layer.vector.boundWork);
    }
  }
  bytes += neededInputBytes(network);
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

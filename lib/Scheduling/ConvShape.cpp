// What a convolution's tiles read, and the bytes of their weights.

#include "Scheduling/ConvShape.h"

#include <algorithm>
#include <tuple>

namespace afe::sched {

std::pair<int64_t, int64_t> balancedPart(int64_t total, int64_t unit, int64_t parts, int64_t i) {
  int64_t units = ceilDiv(total, unit);
  return {std::min(total, units * i / parts * unit),
          std::min(total, units * (i + 1) / parts * unit)};
}

std::pair<int64_t, int64_t> ConvShape::chunkChannels(int64_t chunk) const {
  if (inputChunks == 1)
    return {0, groupIn};
  return balancedPart(groupIn, kLanes, inputChunks, chunk / kernelChunks);
}

Phase ConvShape::phaseOf(int64_t chunk, size_t phaseIndex) const {
  Phase phase = conv.phases[phaseIndex];
  auto [first, end] = balancedPart(phase.kh, 1, kernelChunks, chunk % kernelChunks);
  phase.ky += first * phase.kyStep;
  phase.y0 += first * conv.dilY;
  phase.kh = end - first;
  return phase;
}

/// Input rows [first, last] that output positions [o0, o1) of a phase read, unclipped.
static std::pair<int64_t, int64_t> taps(int64_t o0, int64_t o1, int64_t offset, int64_t step,
                                        int64_t origin, int64_t stride, int64_t kernel,
                                        int64_t dilation) {
  int64_t j0 = ceilDiv(std::max<int64_t>(0, o0 - offset), step), j1 = ceilDiv(o1 - offset, step);
  if (j1 <= j0)
    return {INT64_MAX, INT64_MIN};
  return {origin + j0 * stride, origin + (j1 - 1) * stride + (kernel - 1) * dilation};
}

Box ConvShape::inputBox(const Box &outBox, int64_t group, int64_t chunk) const {
  int64_t y0 = INT64_MAX, y1 = INT64_MIN, x0 = INT64_MAX, x1 = INT64_MIN;
  for (size_t i = 0; i < conv.phases.size(); ++i) {
    const Phase p = phaseOf(chunk, i);
    auto [ya, yb] =
        taps(outBox.y0, outBox.y1, p.outY, p.outStepY, p.y0, conv.strideY, p.kh, conv.dilY);
    auto [xa, xb] =
        taps(outBox.x0, outBox.x1, p.outX, p.outStepX, p.x0, conv.strideX, p.kw, conv.dilX);
    if (yb < 0 || ya >= input.h || xb < 0 || xa >= input.w)
      continue; // reads padding alone: the box need not reach there
    y0 = std::min(y0, ya), y1 = std::max(y1, yb), x0 = std::min(x0, xa), x1 = std::max(x1, xb);
  }
  // All taps may lie in the padding: one real row or column keeps the box from being empty.
  auto clip = [](int64_t lo, int64_t hi, int64_t size) {
    int64_t a = std::clamp<int64_t>(lo, 0, size - 1), b = std::clamp<int64_t>(hi, a, size - 1);
    return std::make_pair(a, b + 1);
  };
  Box box = outBox;
  std::tie(box.y0, box.y1) = clip(y0, y1, input.h);
  std::tie(box.x0, box.x1) = clip(x0, x1, input.w);
  if (conv.depthwise) {
    box.b0 = outBox.b0 / conv.multiplier;
    box.b1 = std::min(input.blocks(), ceilDiv(outBox.b1, conv.multiplier));
  } else {
    auto [c0, c1] = chunkChannels(chunk);
    int64_t first = group * groupIn;
    box.b0 = (first + c0) / kLanes;
    box.b1 = ceilDiv(first + c1, kLanes);
  }
  return box;
}

int64_t ConvShape::phaseOffset(int64_t blocks, int64_t chunk, size_t phaseIndex) const {
  auto [c0, c1] = chunkChannels(chunk);
  int64_t offset = 0;
  for (size_t p = 0; p < phaseIndex; ++p)
    offset += blocks * weightBlockBytes(conv, phaseOf(chunk, p), c1 - c0, packed);
  return offset;
}

int64_t ConvShape::weightBytes(int64_t blocks, int64_t chunk) const {
  int64_t epilogue =
      isLast(chunk) ? blocks * paramBlockBytes(conv) + int64_t(conv.table.size()) : 0;
  return paramsOffset(blocks, chunk) + epilogue;
}

std::vector<uint8_t> ConvShape::packEpilogue(int64_t b0, int64_t b1) const {
  std::vector<uint8_t> bytes;
  for (int64_t b = b0; b < b1; ++b)
    packParams(conv, out.c, b, bytes);
  bytes.insert(bytes.end(), conv.table.begin(), conv.table.end());
  return bytes;
}

isa::TileBytes ConvShape::packBlocks(int64_t b0, int64_t b1, int64_t chunk) const {
  isa::TileBytes tile;
  tile.bytes.reserve(weightBytes(b1 - b0, chunk));
  tile.kinds.reserve(weightBytes(b1 - b0, chunk));
  auto [c0, c1] = chunkChannels(chunk);
  for (size_t p = 0; p < conv.phases.size(); ++p)
    for (int64_t b = b0; b < b1; ++b)
      packWeights(conv, phaseOf(chunk, p), out.c, input.c, b, c0, c1, packed, tile);
  if (isLast(chunk))
    tile.add(packEpilogue(b0, b1));
  return tile;
}

} // namespace afe::sched

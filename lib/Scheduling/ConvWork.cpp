// The tiles of each quad, and the input box that a tile reads.

#include "Scheduling/ConvEmitter.h"

#include <algorithm>
#include <tuple>

namespace afe::sched {

std::pair<int64_t, int64_t> balancedPart(int64_t total, int64_t unit, int64_t parts, int64_t i) {
  int64_t units = ceilDiv(total, unit);
  return {std::min(total, units * i / parts * unit),
          std::min(total, units * (i + 1) / parts * unit)};
}

std::vector<Work> ConvEmitter::worksOf(int quad) const {
  int64_t parts = mapping.imageParts * mapping.rowParts * mapping.channelParts;
  if (quad >= parts)
    return {};
  int64_t c = quad % mapping.channelParts, r = quad / mapping.channelParts % mapping.rowParts,
          i = quad / (mapping.channelParts * mapping.rowParts);
  int64_t unitY = conv.phases[0].outStepY, unitX = conv.phases[0].outStepX;
  auto [n0, n1] = balancedPart(out.n, 1, mapping.imageParts, i);
  auto [y0, y1] = balancedPart(out.h, unitY, mapping.rowParts, r);
  int64_t unitB = conv.depthwise ? conv.multiplier : 1;
  auto [b0, b1] = balancedPart(out.blocks(), unitB, mapping.channelParts, c);

  std::vector<Box> pixels;
  int64_t tileRows = roundUp(mapping.tileRows, unitY), tileCols = roundUp(mapping.tileCols, unitX);
  for (int64_t n = n0; n < n1; n += mapping.tileImages)
    for (int64_t y = y0; y < y1; y += tileRows)
      for (int64_t x = 0; x < out.w; x += tileCols)
        pixels.push_back({n, std::min(n + mapping.tileImages, n1), y, std::min(y + tileRows, y1), x,
                          std::min(x + tileCols, out.w), 0, 0});
  std::vector<std::array<int64_t, 3>> channels; // b0, b1, group; no tile crosses a group
  for (int64_t b = b0; b < b1;) {
    int64_t group = conv.groups > 1 ? b / groupOutBlocks : 0;
    int64_t end =
        std::min({b + mapping.tileBlocks, b1, conv.groups > 1 ? (group + 1) * groupOutBlocks : b1});
    channels.push_back({b, end, group});
    b = end;
  }

  std::vector<Work> works;
  auto add = [&](Box box, const std::array<int64_t, 3> &channel) {
    box.b0 = channel[0];
    box.b1 = channel[1];
    works.push_back({box, channel[2]});
  };
  if (mapping.channelsOuter) {
    for (const auto &channel : channels)
      for (const Box &box : pixels)
        add(box, channel);
  } else {
    for (const Box &box : pixels)
      for (const auto &channel : channels)
        add(box, channel);
  }
  return works;
}

std::pair<int64_t, int64_t> ConvEmitter::chunkChannels(int64_t chunk) const {
  if (mapping.inputChunks == 1)
    return {0, groupIn};
  return balancedPart(groupIn, kLanes, mapping.inputChunks, chunk / mapping.kernelChunks);
}

/// The phase with the kernel rows of the chunk alone.
Phase ConvEmitter::phaseOf(int64_t chunk, size_t phaseIndex) const {
  Phase phase = conv.phases[phaseIndex];
  auto [first, end] = balancedPart(phase.kh, 1, mapping.kernelChunks, chunk % mapping.kernelChunks);
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

Box ConvEmitter::inputBox(const Work &work, int64_t chunk) const {
  int64_t y0 = INT64_MAX, y1 = INT64_MIN, x0 = INT64_MAX, x1 = INT64_MIN;
  for (size_t i = 0; i < conv.phases.size(); ++i) {
    const Phase p = phaseOf(chunk, i);
    auto [ya, yb] =
        taps(work.box.y0, work.box.y1, p.outY, p.outStepY, p.y0, conv.strideY, p.kh, conv.dilY);
    auto [xa, xb] =
        taps(work.box.x0, work.box.x1, p.outX, p.outStepX, p.x0, conv.strideX, p.kw, conv.dilX);
    if (yb < 0 || ya >= input.h || xb < 0 || xa >= input.w)
      continue; // reads padding alone: the box need not reach there
    y0 = std::min(y0, ya), y1 = std::max(y1, yb), x0 = std::min(x0, xa), x1 = std::max(x1, xb);
  }
  // All taps may lie in the padding: one real row or column keeps the box from being empty.
  auto clip = [](int64_t lo, int64_t hi, int64_t size) {
    int64_t a = std::clamp<int64_t>(lo, 0, size - 1), b = std::clamp<int64_t>(hi, a, size - 1);
    return std::make_pair(a, b + 1);
  };
  Box box = work.box;
  std::tie(box.y0, box.y1) = clip(y0, y1, input.h);
  std::tie(box.x0, box.x1) = clip(x0, x1, input.w);
  if (conv.depthwise) {
    box.b0 = work.box.b0 / conv.multiplier;
    box.b1 = std::min(input.blocks(), ceilDiv(work.box.b1, conv.multiplier));
  } else {
    auto [c0, c1] = chunkChannels(chunk);
    int64_t first = work.group * groupIn;
    box.b0 = (first + c0) / kLanes;
    box.b1 = ceilDiv(first + c1, kLanes);
  }
  return box;
}

} // namespace afe::sched

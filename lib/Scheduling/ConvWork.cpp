// The tiles of each quad, in the order in which it computes them.

#include "Scheduling/ConvEmitter.h"

#include <algorithm>

namespace afe::sched {

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
    int64_t group = conv.groups > 1 ? b / shape.groupOutBlocks : 0;
    int64_t end = std::min(
        {b + mapping.tileBlocks, b1, conv.groups > 1 ? (group + 1) * shape.groupOutBlocks : b1});
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

} // namespace afe::sched

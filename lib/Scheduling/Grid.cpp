// The array's grid for one tile: how many pixels and channel blocks each TENSOR instruction takes.

#include "Scheduling/Plan.h"

#include <algorithm>

namespace afe::sched {

bool canPack(const ConvParams &conv, const Tensor &input) {
  return !conv.depthwise && !conv.matmul && conv.groups == 1 && input.c < kLanes &&
         conv.dilX == 1 && conv.dilY == 1 && input.layout.pixel == input.c &&
         conv.phases.size() == 1 && conv.phases[0].kxStep == 1 &&
         ceilDiv(conv.kw * input.c, kLanes) < conv.kw;
}

int64_t tensorSteps(const ConvParams &conv, const Phase &phase, int64_t channels, bool packed,
                    const Target &target) {
  if (conv.depthwise)
    return ceilDiv(phase.kh * phase.kw, target.depthwise_taps);
  return packed ? phase.kh * ceilDiv(phase.kw * channels, kLanes)
                : phase.kh * phase.kw * ceilDiv(channels, kLanes);
}

/// Cuts images x rows x cols into near-equal rectangles of at most `capacity` pixels.
static void cutPixels(Grid &g, int64_t images, int64_t rows, int64_t cols, int64_t capacity) {
  auto even = [](int64_t total, int64_t most) {
    int64_t pieces = ceilDiv(total, std::max<int64_t>(1, std::min(total, most)));
    return ceilDiv(total, pieces);
  };
  g.cols = even(cols, capacity);
  g.rows = g.cols < cols ? 1 : even(rows, capacity / cols);
  g.images = g.cols < cols || g.rows < rows ? 1 : even(images, capacity / (rows * cols));
}

Grid chooseGrid(int64_t images, int64_t rows, int64_t cols, int64_t blocks, int64_t steps,
                bool depthwise, const Target &target, int64_t maxFills, int64_t blockUnit) {
  Grid best;
  int64_t bestFills = 0;
  for (int64_t units = 1; units <= ceilDiv(std::min(blocks, target.tiles), blockUnit); ++units) {
    int64_t to = std::min(units * blockUnit, blocks);
    Grid g;
    g.blocks = to;
    g.pixels = depthwise ? 1 : target.tiles / to; // (a convolution's unit is 1: to <= tiles)
    int64_t capacity =
        depthwise ? target.bank_contexts * target.tiles / to : target.bank_contexts * g.pixels;
    if (capacity < 1)
      break;
    cutPixels(g, images, rows, cols, capacity);
    int64_t fills = 0;
    int64_t weights = ceilDiv(to * kLanes * kLanes, target.weight_bytes_per_cycle);
    for (int64_t b = 0; b < blocks; b += to)
      for (int64_t n = 0; n < images; n += g.images)
        for (int64_t y = 0; y < rows; y += g.rows)
          for (int64_t x = 0; x < cols; x += g.cols, ++fills) {
            int64_t pixels = std::min(g.images, images - n) * std::min(g.rows, rows - y) *
                             std::min(g.cols, cols - x);
            g.cycles +=
                steps * (depthwise ? ceilDiv(pixels * std::min(to, blocks - b), target.tiles)
                                   : std::max(ceilDiv(pixels, g.pixels), weights));
          }
    if (maxFills && fills > maxFills)
      continue;
    if (!bestFills || g.cycles < best.cycles || (g.cycles == best.cycles && fills < bestFills)) {
      best = g;
      bestFills = fills;
    }
  }
  if (!bestFills)
    best.cycles = -1; // no grid stays within maxFills
  return best;
}

Grid chooseConvGrid(const ConvParams &conv, int64_t images, int64_t rows, int64_t cols,
                    int64_t blocks, int64_t steps, const Target &target, int64_t maxFills) {
  Grid grid = chooseGrid(conv.scaling ? 1 : images, rows, cols, blocks, steps, conv.depthwise,
                         target, maxFills, conv.depthwise ? conv.multiplier : 1);
  if (conv.scaling)
    grid.cycles *= images; // a fill is of one image
  return grid;
}

} // namespace afe::sched

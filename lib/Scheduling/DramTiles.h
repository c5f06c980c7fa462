// How the bytes of an input or output lie in DRAM, and in which pieces they are moved. In L2 a
// frame lies whole; in DRAM it may be cut into tiles that lie one behind the other.
#pragma once

#include "Scheduling/StridedCopy.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace afe::sched {

/// Rows of bytes that one request moves; addresses count from the frames' start on either side.
struct DramPiece {
  int64_t frame = 0, dram = 0, rows = 1, rowBytes = 0, frameStride = 0, dramStride = 0;
};

/// Frames of pixels, cut into tiles in row-major order (rows, columns, channels); those at the
/// edges are smaller.
struct DramTiles {
  int64_t images = 1, rows = 1, cols = 0, pixelBytes = 1;
  int64_t tileRows = 1, tileCols = 1, tileBytes = 1; ///< tileBytes: of one pixel's channels
  bool packed = false; ///< tiles lie one behind the other, else frames lie whole

  /// `bytes` that lie whole and are moved in pieces of `pieceBytes`.
  static DramTiles pieces(int64_t bytes, int64_t pieceBytes);

  int64_t count() const { return images * tilesPerImage(); }
  /// The tiles that a byte range of the frames touches, ascending.
  std::vector<int64_t> touched(const std::vector<Interval> &ranges) const;
  std::vector<DramPiece> piecesOf(int64_t tile) const;
  /// `run(frame, dram, bytes)` for stretches of `range` that lie in one piece on both sides.
  void forEachRun(Interval range, const std::function<void(int64_t, int64_t, int64_t)> &run) const;

private:
  struct Tile {
    int64_t image, row, col, byte;    ///< first
    int64_t rows, cols, bytes, start; ///< extent; packed: where it starts in DRAM
  };
  int64_t imageBytes() const { return rows * cols * pixelBytes; }
  int64_t tilesPerImage() const;
  Tile tileAt(int64_t image, int64_t row, int64_t col, int64_t byte) const;
};

} // namespace afe::sched

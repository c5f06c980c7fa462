// Tiles of frames in DRAM.

#include "Scheduling/DramTiles.h"

#include <algorithm>
#include <set>

namespace afe::sched {

static int64_t parts(int64_t whole, int64_t part) { return (whole + part - 1) / part; }

DramTiles DramTiles::pieces(int64_t bytes, int64_t pieceBytes) {
  DramTiles tiles;
  tiles.cols = bytes;
  tiles.tileCols = pieceBytes;
  return tiles;
}

int64_t DramTiles::tilesPerImage() const {
  return parts(rows, tileRows) * parts(cols, tileCols) * parts(pixelBytes, tileBytes);
}

DramTiles::Tile DramTiles::tileAt(int64_t image, int64_t row, int64_t col, int64_t byte) const {
  Tile t;
  t.image = image;
  t.row = row / tileRows * tileRows;
  t.col = col / tileCols * tileCols;
  t.byte = byte / tileBytes * tileBytes;
  t.rows = std::min(tileRows, rows - t.row);
  t.cols = std::min(tileCols, cols - t.col);
  t.bytes = std::min(tileBytes, pixelBytes - t.byte);
  // Whole rows of tiles lie in front of it, then tiles as high as it, then parts of its pixels.
  t.start = image * imageBytes() + t.row * cols * pixelBytes + t.rows * t.col * pixelBytes +
            t.rows * t.cols * t.byte;
  return t;
}

std::vector<int64_t> DramTiles::touched(const std::vector<Interval> &ranges) const {
  const int64_t rowBytes = cols * pixelBytes;
  const int64_t across = parts(cols, tileCols), deep = parts(pixelBytes, tileBytes);
  std::set<int64_t> found;
  for (Interval range : ranges) {
    for (int64_t lo = range.lo; lo < range.hi;) {
      int64_t line = lo / rowBytes, hi = std::min(range.hi, (line + 1) * rowBytes);
      int64_t first = line / rows * tilesPerImage() + line % rows / tileRows * across * deep;
      int64_t from = (lo - line * rowBytes) / pixelBytes,
              to = (hi - 1 - line * rowBytes) / pixelBytes;
      for (int64_t x = from / tileCols; x <= to / tileCols; ++x)
        for (int64_t c = 0; c < deep; ++c)
          found.insert(first + x * deep + c);
      lo = hi;
    }
  }
  return {found.begin(), found.end()};
}

std::vector<DramPiece> DramTiles::piecesOf(int64_t tile) const {
  const int64_t across = parts(cols, tileCols), deep = parts(pixelBytes, tileBytes);
  int64_t inImage = tile % tilesPerImage();
  Tile t = tileAt(tile / tilesPerImage(), inImage / (across * deep) * tileRows,
                  inImage / deep % across * tileCols, inImage % deep * tileBytes);
  const int64_t row = cols * pixelBytes;
  int64_t frame = t.image * imageBytes() + t.row * row + t.col * pixelBytes + t.byte;
  if (t.bytes == pixelBytes) {
    int64_t count = t.cols == cols ? 1 : t.rows, bytes = t.rows / count * t.cols * pixelBytes;
    int64_t inDram = packed ? t.start : frame, stride = count == 1 ? bytes : row;
    return {{frame, inDram, count, bytes, stride, packed ? bytes : stride}};
  }
  std::vector<DramPiece> pieces;
  for (int64_t y = 0; y < t.rows; ++y) {
    int64_t at = frame + y * row;
    pieces.push_back({at, packed ? t.start + y * t.cols * t.bytes : at, t.cols, t.bytes, pixelBytes,
                      packed ? t.bytes : pixelBytes});
  }
  return pieces;
}

void DramTiles::forEachRun(Interval range,
                           const std::function<void(int64_t, int64_t, int64_t)> &run) const {
  if (!packed)
    return run(range.lo, range.lo, range.hi - range.lo);
  for (int64_t lo = range.lo; lo < range.hi;) {
    int64_t pixel = lo / pixelBytes, byte = lo % pixelBytes, line = pixel / cols;
    Tile t = tileAt(line / rows, line % rows, pixel % cols, byte);
    int64_t row = line % rows - t.row, col = pixel % cols - t.col, inPixel = byte - t.byte;
    bool wholePixels = t.bytes == pixelBytes;
    int64_t bytes = wholePixels ? (t.cols - col) * pixelBytes - inPixel : t.bytes - inPixel;
    bytes = std::min(bytes, range.hi - lo);
    run(lo, t.start + (row * t.cols + col) * t.bytes + inPixel, bytes);
    lo += bytes;
  }
}

} // namespace afe::sched

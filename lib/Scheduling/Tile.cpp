// Layout of tiles in L1.

#include "Scheduling/Tile.h"

#include <algorithm>

namespace afe::sched {

Box wholeBox(const Tensor &tensor) {
  return {0, tensor.n, 0, tensor.h, 0, tensor.w, 0, tensor.blocks()};
}

/// Bytes of one pixel of the box in HWC order: a dense tensor's last block may be short.
static int64_t pixelBytes(const Tensor &tensor, const Box &box) {
  int64_t e = tensor.elementBytes();
  int64_t rest = tensor.layout.pixel - box.b0 * kLanes * e;
  bool dense = tensor.layout.pixel == tensor.c * e;
  return dense ? std::min(rest, box.blocks() * kLanes * e) : box.blocks() * kLanes * e;
}

Layout tileLayout(const Tensor &tensor, const Box &box) {
  int64_t e = tensor.elementBytes();
  if (tensor.interleaved()) {
    int64_t pixel = pixelBytes(tensor, box), row = box.cols() * pixel;
    return {0, box.rows() * row, row, pixel, kLanes * e};
  }
  int64_t pixel = kLanes * e, row = box.cols() * pixel, block = box.rows() * row;
  return {0, box.blocks() * block, row, pixel, block};
}

int64_t tileBytes(const Tensor &tensor, const Box &box) {
  return box.images() * tileLayout(tensor, box).image;
}

StridedCopy tileCopy(const Tensor &tensor, const Box &box) {
  return tileCopy(tensor, box, tileLayout(tensor, box));
}

StridedCopy tileCopy(const Tensor &tensor, const Box &box, const Layout &to) {
  const Layout &from = tensor.layout;
  StridedCopy copy;
  copy.src = from.offset + from.imageOffset(box.n0) + box.y0 * from.row + box.x0 * from.pixel +
             box.b0 * from.block;
  copy.run = tensor.interleaved() ? pixelBytes(tensor, box) : kLanes * tensor.elementBytes();
  copy.loops = {{box.cols(), from.pixel, to.pixel}, {box.rows(), from.row, to.row}};
  if (!tensor.interleaved())
    copy.loops.push_back({box.blocks(), from.block, to.block});
  copy.loops.push_back({box.images(), from.image, to.image});
  copy.normalize();
  return copy;
}

StridedCopy reversed(StridedCopy copy) {
  std::swap(copy.src, copy.dst);
  for (Loop &loop : copy.loops)
    std::swap(loop.src, loop.dst);
  return copy;
}

} // namespace afe::sched

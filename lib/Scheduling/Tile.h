// A box of a tensor as it lies, compactly, in L1: which bytes it takes from the tensor's storage,
// and the strides of the copy.
#pragma once

#include "Scheduling/Network.h"
#include "Scheduling/StridedCopy.h"

namespace afe::sched {

/// Half-open ranges of images, rows, columns and channel blocks.
struct Box {
  int64_t n0 = 0, n1 = 1, y0 = 0, y1 = 1, x0 = 0, x1 = 1, b0 = 0, b1 = 1;

  int64_t images() const { return n1 - n0; }
  int64_t rows() const { return y1 - y0; }
  int64_t cols() const { return x1 - x0; }
  int64_t blocks() const { return b1 - b0; }
  int64_t pixels() const { return images() * rows() * cols(); }
  bool operator==(const Box &o) const {
    return n0 == o.n0 && n1 == o.n1 && y0 == o.y0 && y1 == o.y1 && x0 == o.x0 && x1 == o.x1 &&
           b0 == o.b0 && b1 == o.b1;
  }
};

/// The whole tensor.
Box wholeBox(const Tensor &tensor);

/// Strides of the box in L1: HWC order where the tensor's channels are interleaved, else planes.
Layout tileLayout(const Tensor &tensor, const Box &box);
int64_t tileBytes(const Tensor &tensor, const Box &box);

/// src: offset in the tensor's storage; dst: offset in the tile.
StridedCopy tileCopy(const Tensor &tensor, const Box &box);
/// The same to a tile of a given layout.
StridedCopy tileCopy(const Tensor &tensor, const Box &box, const Layout &to);

/// The same with both sides exchanged: from the tile to the storage.
StridedCopy reversed(StridedCopy copy);

} // namespace afe::sched

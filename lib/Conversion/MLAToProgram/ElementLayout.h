// Where the elements of a tensor lie in a storage, precisely enough to follow reshapes, transposes
// and slices without moving a byte: per dimension a list of axes, each so many steps of so many
// bytes. Layers read and write tensors of four plain strides (sched::Layout); asTensor says whether
// an element layout is one.
#pragma once

#include "Scheduling/Network.h"

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace afe {

/// N, H, W, C of a tensor of rank 1 to 4: [C], [N, C], [N, S, C] (S rows of one pixel), [N, H, W,
/// C].
struct Dims {
  int64_t n = 1, h = 1, w = 1, c = 1;
  bool operator==(const Dims &o) const { return n == o.n && h == o.h && w == o.w && c == o.c; }
};
Dims dimsOf(llvm::ArrayRef<int64_t> shape);

/// Position i is `stride` bytes behind position i - 1. Where `block` is not 0, it is the distance
/// of positions 0 and 16 (channels in planes of 16 whose last plane is not full).
struct Axis {
  int64_t extent = 1, stride = 0, block = 0;
  bool operator==(const Axis &o) const {
    return extent == o.extent && stride == o.stride && block == o.block;
  }
};

class ElementLayout {
public:
  /// Axes of one dimension, outermost first; none where the dimension is 1.
  using AxisList = llvm::SmallVector<Axis, 2>;

  /// The layout of a tensor of rank 1 to 4 that lies as `layout` says, in elements of `bytes`
  /// bytes.
  ElementLayout(const sched::Layout &layout, llvm::ArrayRef<int64_t> shape, int64_t bytes);

  /// The same bytes under another shape of as many elements; nullopt where no list of axes says so.
  std::optional<ElementLayout> reshaped(llvm::ArrayRef<int64_t> shape) const;
  /// Dimension i of the result is dimension perms[i].
  ElementLayout transposed(llvm::ArrayRef<int64_t> perms) const;
  /// `size` positions from `start` on along `dim`, `step` apart.
  std::optional<ElementLayout> sliced(unsigned dim, int64_t start, int64_t size,
                                      int64_t step = 1) const;

  /// As four strides (`grouped`: or with groups of images); nullopt where a layer could not read
  /// that.
  std::optional<sched::Layout> asTensor(bool grouped = false) const;
  /// Whether a layer, which writes whole blocks of 16 channels, may write these elements: the bytes
  /// behind the last channel are nobody else's.
  bool isWritable() const;

  int64_t address(llvm::ArrayRef<int64_t> index) const;
  int64_t offset() const { return start; }
  int64_t elementBytes() const { return bytes; }
  int64_t extent(unsigned dim) const;
  llvm::ArrayRef<AxisList> dimensions() const { return dims; }
  bool operator==(const ElementLayout &o) const { return start == o.start && dims == o.dims; }

private:
  ElementLayout() = default;
  void normalize();
  /// Every distance but those between channels is one of whole blocks of 16.
  bool isPadded() const;

  int64_t start = 0, bytes = 1;
  bool dense = false;     ///< channels are not padded to a block in the storage
  bool cutsBlock = false; ///< a slice took part of a block of 16 channels
  llvm::SmallVector<AxisList, 4> dims;
};

} // namespace afe

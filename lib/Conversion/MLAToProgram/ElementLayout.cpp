// Reshapes, transposes and slices as rewrites of axis lists.

#include "Conversion/MLAToProgram/ElementLayout.h"

#include "llvm/ADT/STLExtras.h"

using namespace afe;
using sched::kLanes;

Dims afe::dimsOf(llvm::ArrayRef<int64_t> s) {
  switch (s.size()) {
  case 0:
    return {};
  case 1:
    return {1, 1, 1, s[0]};
  case 2:
    return {s[0], 1, 1, s[1]};
  case 3:
    return {s[0], s[1], 1, s[2]};
  default:
    return {s[0], s[1], s[2], s[3]};
  }
}

ElementLayout::ElementLayout(const sched::Layout &layout, llvm::ArrayRef<int64_t> shape,
                             int64_t elementBytes)
    : start(layout.offset), bytes(elementBytes) {
  const int64_t strides[3] = {layout.image, layout.row, layout.pixel};
  int64_t channels = shape.empty() ? 1 : shape.back();
  for (unsigned i = 0; i + 1 < shape.size(); ++i)
    dims.push_back({{shape[i], strides[i], 0}});
  if (layout.group && shape.size() > 1)
    dims[0] = {{shape[0] / layout.group, layout.groupStride, 0}, {layout.group, layout.image, 0}};
  if (channels <= kLanes || layout.block == kLanes * bytes)
    dims.push_back({{channels, bytes, 0}});
  else if (channels % kLanes == 0)
    dims.push_back({{channels / kLanes, layout.block, 0}, {kLanes, bytes, 0}});
  else
    dims.push_back({{channels, bytes, layout.block}});
  dense = channels % kLanes != 0 && layout.pixel == channels * bytes;
  normalize();
}

/// Axes of one step go; neighbours at equal distances become one.
void ElementLayout::normalize() {
  for (AxisList &axes : dims) {
    AxisList merged;
    for (const Axis &axis : axes) {
      if (axis.extent == 1)
        continue;
      Axis *outer = merged.empty() ? nullptr : &merged.back();
      if (outer && !axis.block && outer->stride == axis.stride * axis.extent)
        *outer = {outer->extent * axis.extent, axis.stride, 0};
      else
        merged.push_back(axis);
    }
    axes = std::move(merged);
  }
}

int64_t ElementLayout::extent(unsigned dim) const {
  int64_t product = 1;
  for (const Axis &axis : dims[dim])
    product *= axis.extent;
  return product;
}

/// Takes `size` positions off the front of `axes`, from `first` on; false where they end inside an
/// axis that cannot be cut there.
static bool takeFront(std::vector<Axis> &axes, size_t &first, int64_t size,
                      ElementLayout::AxisList &taken) {
  while (size > 1) {
    if (first == axes.size())
      return false;
    Axis &axis = axes[first];
    if (size % axis.extent == 0) {
      size /= axis.extent;
      taken.push_back(axis);
      ++first;
    } else if (axis.extent % size == 0 && !axis.block) {
      int64_t rest = axis.extent / size;
      taken.push_back({size, axis.stride * rest, 0});
      axis.extent = rest;
      size = 1;
    } else {
      return false;
    }
  }
  return true;
}

std::optional<ElementLayout> ElementLayout::reshaped(llvm::ArrayRef<int64_t> shape) const {
  std::vector<Axis> axes;
  for (const AxisList &list : dims)
    axes.insert(axes.end(), list.begin(), list.end());
  ElementLayout result = *this;
  result.dims.clear();
  size_t first = 0;
  for (int64_t size : shape)
    if (!takeFront(axes, first, size, result.dims.emplace_back()))
      return std::nullopt;
  result.normalize();
  return result;
}

ElementLayout ElementLayout::transposed(llvm::ArrayRef<int64_t> perms) const {
  ElementLayout result = *this;
  for (auto [i, perm] : llvm::enumerate(perms))
    result.dims[i] = dims[perm];
  return result;
}

/// Bytes from position 0 to position `at` of a dimension.
static int64_t distance(const ElementLayout::AxisList &axes, int64_t at) {
  int64_t bytes = 0;
  for (const Axis &axis : llvm::reverse(axes)) {
    int64_t position = at % axis.extent;
    at /= axis.extent;
    bytes += axis.block ? position / kLanes * axis.block + position % kLanes * axis.stride
                        : position * axis.stride;
  }
  return bytes;
}

std::optional<ElementLayout> ElementLayout::sliced(unsigned dim, int64_t from, int64_t size,
                                                   int64_t step) const {
  ElementLayout result = *this;
  AxisList &axes = result.dims[dim];
  if (from == 0 && size == extent(dim) && step == 1)
    return result;
  bool isLane = !axes.empty() && axes.back().stride == bytes;
  bool toEnd = from + size == extent(dim);
  if (isLane && (from % kLanes || (size % kLanes && !toEnd) || step != 1))
    result.cutsBlock = true;
  // Within one step of the outermost axis that axis is none.
  for (int64_t inner = extent(dim); axes.size() > 1;) {
    inner /= axes[0].extent;
    if (from / inner != (from + (size - 1) * step) / inner)
      break;
    result.start += from / inner * axes[0].stride;
    from %= inner;
    axes.erase(axes.begin());
  }
  if (size == 1) {
    result.start += distance(axes, from);
    axes.clear();
  } else if (axes.size() == 1 && !axes[0].block) {
    result.start += from * axes[0].stride;
    axes[0] = {size, axes[0].stride * step, 0};
  } else if (step == 1 && isLane && (axes.size() == 1 || axes.back().extent == kLanes)) {
    // Planes of 16: from a plane's start, or within one plane.
    int64_t block = axes.size() == 1 ? axes[0].block : axes[0].stride;
    if (axes.size() > 2 || (from % kLanes && from % kLanes + size > kLanes))
      return std::nullopt;
    result.start += from / kLanes * block + from % kLanes * bytes;
    if (size <= kLanes)
      axes = {{size, bytes, 0}};
    else if (size % kLanes == 0)
      axes = {{size / kLanes, block, 0}, {kLanes, bytes, 0}};
    else
      axes = {{size, bytes, block}};
  } else {
    return std::nullopt;
  }
  result.normalize();
  return result;
}

bool ElementLayout::isPadded() const {
  if (dense)
    return false;
  return llvm::all_of(llvm::ArrayRef(dims).drop_back(), [&](const AxisList &axes) {
    return llvm::all_of(axes,
                        [&](const Axis &axis) { return axis.stride % (kLanes * bytes) == 0; });
  });
}

std::optional<sched::Layout> ElementLayout::asTensor(bool grouped) const {
  if (cutsBlock || dims.size() > 4)
    return std::nullopt;
  if (grouped && dims.size() > 1 && dims[0].size() == 2) {
    ElementLayout one = *this;
    one.dims[0].erase(one.dims[0].begin());
    std::optional<sched::Layout> layout = one.asTensor();
    if (layout)
      layout->group = dims[0][1].extent, layout->groupStride = dims[0][0].stride;
    return layout;
  }
  sched::Layout layout;
  layout.offset = start;
  AxisList lanes = dims.empty() ? AxisList() : dims.back();
  if (lanes.empty())
    lanes.push_back({1, bytes, 0});
  const bool inPlanes = lanes.size() == 2 && lanes[1].extent == kLanes;
  if (lanes.back().stride != bytes || (lanes.size() != 1 && !inPlanes))
    return std::nullopt;
  int64_t channels = inPlanes ? lanes[0].extent * kLanes : lanes[0].extent;
  layout.block = inPlanes ? lanes[0].stride : lanes[0].block ? lanes[0].block : kLanes * bytes;
  // Images, rows, pixels: one distance each. Where there is but one, the next outer one stands in.
  int64_t *const strides[3] = {&layout.image, &layout.row, &layout.pixel};
  int64_t innermost = 0;
  for (unsigned i = 0; i + 1 < dims.size(); ++i) {
    if (dims[i].size() > 1 || (!dims[i].empty() && dims[i][0].block))
      return std::nullopt;
    if (!dims[i].empty())
      innermost = dims[i][0].stride;
    *strides[i] = dims[i].empty() ? 0 : innermost;
  }
  const bool whole = channels % kLanes == 0;
  if (!whole && !isPadded() && innermost != 0 && innermost != channels * bytes)
    return std::nullopt;
  const bool isDense = !whole && !isPadded();
  int64_t outer = innermost                    ? innermost
                  : isDense                    ? channels * bytes
                  : inPlanes || lanes[0].block ? kLanes * bytes
                                               : sched::roundUp(channels, kLanes) * bytes;
  // From the innermost outwards, distances that nobody walks take a value that fits the others.
  for (int i = 2; i >= 0; --i) {
    if (*strides[i] == 0)
      *strides[i] = outer;
    outer = *strides[i];
  }
  return layout;
}

bool ElementLayout::isWritable() const {
  return asTensor() && (isPadded() || (!dims.empty() && extent(dims.size() - 1) % kLanes == 0));
}

int64_t ElementLayout::address(llvm::ArrayRef<int64_t> index) const {
  int64_t at = start;
  for (auto [axes, position] : llvm::zip_equal(dims, index))
    at += distance(axes, position);
  return at;
}

// Data movement as strided copies between element layouts. Where the axes of source and destination
// do not match, element by element: walks the output in the order of its addresses, joins what
// follows each other on both sides, and gathers equal distances into loops.

#include "Conversion/MLAToProgram/Homes.h"
#include "Conversion/MLAToProgram/Network.h"

#include <limits>
#include <numeric>

using namespace mlir;
using namespace afe;
using namespace afe::mla;
using sched::kLanes;
using sched::Loop;
using sched::MoveCopy;
using sched::StridedCopy;

namespace {

/// Axes of one dimension on both sides, cut until they match, innermost first; false where they do
/// not.
bool matchAxes(ArrayRef<Axis> source, ArrayRef<Axis> target, std::vector<Loop> &loops) {
  SmallVector<Axis> from(llvm::reverse(source)), to(llvm::reverse(target));
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    if (from[i].block || to[j].block)
      return false;
    int64_t extent = std::min(from[i].extent, to[j].extent);
    if (from[i].extent % extent || to[j].extent % extent)
      return false;
    loops.push_back({extent, from[i].stride, to[j].stride});
    auto advance = [&](Axis &axis, size_t &index) {
      axis = {axis.extent / extent, axis.stride * extent, 0};
      index += axis.extent == 1;
    };
    advance(from[i], i);
    advance(to[j], j);
  }
  return true;
}

class MoveBuilder {
public:
  explicit MoveBuilder(sched::MoveParams &move) : move(move) {}

  /// `size` channels of `source` (operand `input`; -1: fill) from `from` on to those of `target`
  /// from `to` on. In the other dimensions both have the same shape.
  void copy(int input, const ElementLayout &source, int64_t from, const ElementLayout &target,
            int64_t to, int64_t size);
  void copy(int input, const ElementLayout &source, const ElementLayout &target) {
    copy(input, source, 0, target, 0, channelsOf(target));
  }
  void fill(const ElementLayout &target, int64_t to, int64_t size);
  /// The same elements in row-major order under two shapes.
  void reshape(const ElementLayout &source, const ElementLayout &target);

  static int64_t channelsOf(const ElementLayout &layout) {
    return layout.extent(layout.dimensions().size() - 1);
  }

private:
  bool copyInParts(unsigned dim, int input, const ElementLayout &source, int64_t from,
                   const ElementLayout &target, int64_t to, int64_t size);
  bool addLoops(int input, const ElementLayout &source, const ElementLayout &target, int64_t padTo);
  void addElements(int input, const ElementLayout &source, int64_t from,
                   const ElementLayout &target, int64_t to, int64_t size, int64_t padTo);
  void add(int input, int64_t src, int64_t dst, int64_t run, std::vector<Loop> loops,
           std::vector<Loop> lanes, int64_t padTo);

  sched::MoveParams &move;
};

void MoveBuilder::add(int input, int64_t src, int64_t dst, int64_t run, std::vector<Loop> loops,
                      std::vector<Loop> lanes, int64_t padTo) {
  auto ascending = [](const Loop &a, const Loop &b) { return a.dst < b.dst; };
  if (padTo == 0) // the channels are loops like the others
    loops.insert(loops.end(), lanes.begin(), lanes.end()), lanes.clear();
  llvm::stable_sort(lanes, ascending);
  llvm::stable_sort(loops, ascending);
  StridedCopy copy{src, dst, run, lanes};
  copy.normalize();
  int64_t laneLoops = copy.loops.size();
  if (padTo == 0) {
    copy.loops = std::move(loops);
    copy.normalize();
  } else {
    StridedCopy outer{0, 0, std::numeric_limits<int64_t>::min(), loops}; // joins no run
    outer.normalize();
    copy.loops.insert(copy.loops.end(), outer.loops.begin(), outer.loops.end());
  }
  move.copies.push_back({input, std::move(copy), laneLoops, padTo});
}

bool MoveBuilder::addLoops(int input, const ElementLayout &source, const ElementLayout &target,
                           int64_t padTo) {
  std::vector<Loop> lanes, loops;
  unsigned last = target.dimensions().size() - 1;
  for (unsigned dim = 0; dim <= last; ++dim)
    if (!matchAxes(source.dimensions()[dim], target.dimensions()[dim], dim == last ? lanes : loops))
      return false;
  add(input, source.offset(), target.offset(), target.elementBytes(), loops, lanes, padTo);
  return true;
}

/// How many of `size` channels from `at` on are one slice of the layout: whole planes, or part of
/// one.
int64_t sliceable(const ElementLayout &layout, int64_t at, int64_t size) {
  ArrayRef<Axis> axes = layout.dimensions().back();
  if (axes.size() <= 1 && (axes.empty() || !axes[0].block))
    return size;
  if (at % kLanes == 0 && size >= kLanes)
    return size / kLanes * kLanes;
  return std::min(size, kLanes - at % kLanes);
}

SmallVector<int64_t> shapeOfLayout(const ElementLayout &layout) {
  SmallVector<int64_t> shape;
  for (unsigned dim = 0; dim < layout.dimensions().size(); ++dim)
    shape.push_back(layout.extent(dim));
  return shape;
}

SmallVector<int64_t> delinear(ArrayRef<int64_t> shape, int64_t at) {
  SmallVector<int64_t> index(shape.size());
  for (size_t i = shape.size(); i-- > 0; at /= shape[i])
    index[i] = at % shape[i];
  return index;
}

/// Appends a run, or makes the last one longer.
void join(std::vector<StridedCopy> &runs, int64_t src, int64_t dst, int64_t bytes) {
  if (!runs.empty() && runs.back().src + runs.back().run == src &&
      runs.back().dst + runs.back().run == dst)
    runs.back().run += bytes;
  else
    runs.push_back({src, dst, bytes, {}});
}

/// The dimension, but for the channels, whose innermost axis has a last plane of 16 that is not
/// full; -1: none.
int unevenDimension(const ElementLayout &layout) {
  for (auto [dim, axes] : llvm::enumerate(layout.dimensions().drop_back()))
    if (!axes.empty() && axes.back().block)
      return int(dim);
  return -1;
}

/// The full planes along dimension `dim` of one of the layouts, and the last ones.
bool MoveBuilder::copyInParts(unsigned dim, int input, const ElementLayout &source, int64_t from,
                              const ElementLayout &target, int64_t to, int64_t size) {
  const size_t before = move.copies.size();
  int64_t period = target.extent(dim);
  for (const ElementLayout *layout : {&source, &target})
    if (ArrayRef<Axis> axes = layout->dimensions()[dim]; !axes.empty() && axes.back().block)
      period = std::min(period, axes.back().extent);
  const int64_t whole = period / kLanes * kLanes;
  for (int64_t start = 0; start < target.extent(dim); start += period)
    for (auto [at, count] : {std::pair(start, whole), {start + whole, period - whole}}) {
      std::optional<ElementLayout> src = source.sliced(dim, at, count),
                                   dst = target.sliced(dim, at, count);
      if (!src || !dst || unevenDimension(*src) == int(dim) || unevenDimension(*dst) == int(dim)) {
        move.copies.resize(before);
        return false;
      }
      copy(input, *src, from, *dst, to, size);
    }
  return true;
}

void MoveBuilder::copy(int input, const ElementLayout &source, int64_t from,
                       const ElementLayout &target, int64_t to, int64_t size) {
  if (int dim = std::max(unevenDimension(source), unevenDimension(target)); dim >= 0)
    if (copyInParts(dim, input, source, from, target, to, size))
      return;
  const unsigned last = target.dimensions().size() - 1;
  const int64_t channels = channelsOf(target), whole = sched::roundUp(channels, kLanes);
  const bool pads = whole != channels && target.isWritable();
  while (size > 0) {
    int64_t piece = std::min(sliceable(source, from, size), sliceable(target, to, size));
    int64_t padTo = pads && to + piece == channels ? (whole - to) * target.elementBytes() : 0;
    std::optional<ElementLayout> src = source.sliced(last, from, piece),
                                 dst = target.sliced(last, to, piece);
    if (!src || !dst || !addLoops(input, *src, *dst, padTo))
      addElements(input, source, from, target, to, piece, padTo);
    from += piece, to += piece, size -= piece;
  }
}

/// Where the axes of the two do not match: element by element, what follows each other joined.
void MoveBuilder::addElements(int input, const ElementLayout &source, int64_t from,
                              const ElementLayout &target, int64_t to, int64_t size,
                              int64_t padTo) {
  SmallVector<int64_t> shape = shapeOfLayout(target);
  const int64_t bytes = target.elementBytes();
  shape.back() = size;
  int64_t total = std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>());
  std::vector<StridedCopy> runs;
  for (int64_t at = 0; at < total; ++at) {
    SmallVector<int64_t> index = delinear(shape, at), sourceIndex = index;
    index.back() += to, sourceIndex.back() += from;
    int64_t dst = target.address(index);
    join(runs, source.address(sourceIndex), dst, bytes);
    if (padTo != 0 && at % size == size - 1)
      move.copies.push_back({-1, {0, dst + bytes, padTo - size * bytes, {}}, 0, 0});
  }
  for (StridedCopy &one : sched::compressRuns(runs))
    move.copies.push_back({input, std::move(one), 0, 0});
}

void MoveBuilder::fill(const ElementLayout &target, int64_t to, int64_t size) {
  size_t first = move.copies.size();
  copy(-1, target, to, target, to, size);
  for (size_t i = first; i < move.copies.size(); ++i) {
    move.copies[i].copy.src = 0;
    for (Loop &loop : move.copies[i].copy.loops)
      loop.src = 0;
  }
}

void MoveBuilder::reshape(const ElementLayout &source, const ElementLayout &target) {
  SmallVector<int64_t> from = shapeOfLayout(source), to = shapeOfLayout(target);
  if (std::optional<ElementLayout> same = source.reshaped(to))
    return copy(0, *same, target);
  if (std::optional<ElementLayout> same = target.reshaped(from);
      same && channelsOf(target) % kLanes == 0)
    return copy(0, source, *same);
  std::vector<StridedCopy> runs;
  int64_t bytes = target.elementBytes(), channels = channelsOf(target),
          pad = (sched::roundUp(channels, kLanes) - channels) * bytes;
  int64_t total = std::accumulate(to.begin(), to.end(), int64_t(1), std::multiplies<>());
  for (int64_t at = 0; at < total; ++at) {
    int64_t dst = target.address(delinear(to, at));
    join(runs, source.address(delinear(from, at)), dst, bytes);
    if (pad != 0 && at % channels == channels - 1)
      move.copies.push_back({-1, {0, dst + bytes, pad, {}}, 0, 0});
  }
  for (StridedCopy &one : sched::compressRuns(runs))
    move.copies.push_back({0, std::move(one), 0, 0});
}

/// A constant operand has a storage of its own; others lie where their homes are.
std::optional<ElementLayout> sourceLayout(Value value) {
  if (value.getDefiningOp<ConstOp>())
    return ElementLayout(rootLayout(value), shapeOf(value), elementBytesOf(value));
  std::optional<Home> home = homeOf(value);
  return home ? std::optional(home->layout) : std::nullopt;
}

/// The slice from dimension `dim` on; the dimensions before it are cut already.
LogicalResult copySlice(SliceOp slice, unsigned dim, const ElementLayout &source,
                        const ElementLayout &target, MoveBuilder &builder) {
  unsigned last = slice.getStart().size() - 1;
  int64_t start = slice.getStart()[dim], size = slice.getSize()[dim];
  int64_t step = slice.getStrides() ? (*slice.getStrides())[dim] : 1;
  if (dim == last && step == 1) {
    builder.copy(0, source, start, target, 0, size);
    return success();
  }
  if (dim == last) {
    for (int64_t c = 0; c < size; ++c)
      builder.copy(0, source, start + c * step, target, c, 1);
    return success();
  }
  if (std::optional<ElementLayout> part = source.sliced(dim, start, size, step))
    return copySlice(slice, dim + 1, *part, target, builder);
  // The operand is a view with several distances along this dimension.
  for (int64_t i = 0; i < size; ++i) {
    auto from = source.sliced(dim, start + i * step, 1), to = target.sliced(dim, i, 1);
    if (!from || !to || failed(copySlice(slice, dim + 1, *from, *to, builder)))
      return failure();
  }
  return success();
}

LogicalResult buildConcat(ConcatOp concat, const ElementLayout &target, MoveBuilder &builder) {
  unsigned axis = concat.getAxis(), last = target.dimensions().size() - 1;
  int64_t at = 0;
  int input = 0;
  for (auto [number, operand] : llvm::enumerate(concat.getInputs())) {
    int64_t size = shapeOf(operand)[axis], start = at;
    at += size;
    if (isInPlace(concat, number))
      continue;
    std::optional<ElementLayout> source = sourceLayout(operand);
    std::optional<ElementLayout> part = axis == last ? target : target.sliced(axis, start, size);
    if (!source || !part)
      return failure();
    builder.copy(input++, *source, 0, *part, axis == last ? start : 0, shapeOf(operand)[last]);
  }
  return success();
}

/// What padding adds, as boxes: before and behind along one dimension after the other.
LogicalResult buildPad(PadOp pad, const ElementLayout &source, ElementLayout target,
                       MoveBuilder &builder) {
  unsigned last = pad.getLow().size() - 1;
  int64_t channels = builder.channelsOf(target);
  ArrayRef<int64_t> low = pad.getLow(), high = pad.getHigh(), size = shapeOf(pad.getInput());
  for (unsigned dim = 0; dim < last; ++dim) {
    for (auto [from, count] : {std::pair(int64_t(0), low[dim]), {low[dim] + size[dim], high[dim]}})
      if (count > 0) {
        std::optional<ElementLayout> box = target.sliced(dim, from, count);
        if (!box)
          return failure();
        builder.fill(*box, 0, channels);
      }
    std::optional<ElementLayout> inside = target.sliced(dim, low[dim], size[dim]);
    if (!inside)
      return failure();
    target = *inside;
  }
  builder.fill(target, 0, low[last]);
  builder.fill(target, low[last] + size[last], high[last]);
  builder.copy(0, source, 0, target, low[last], size[last]);
  return success();
}

} // namespace

void afe::buildCopy(const ElementLayout &source, const ElementLayout &target,
                    sched::MoveParams &move) {
  MoveBuilder(move).copy(0, source, target);
}

LogicalResult afe::buildMove(Operation *op, sched::MoveParams &move) {
  MoveBuilder builder(move);
  move.fillBytes = elementBytesOf(op->getResult(0));
  std::optional<Home> home = homeOf(op->getResult(0));
  if (!home)
    return failure();
  if (auto concat = dyn_cast<ConcatOp>(op))
    return buildConcat(concat, home->layout, builder);
  std::optional<ElementLayout> source = sourceLayout(op->getOperand(0));
  if (!source)
    return failure();
  if (auto slice = dyn_cast<SliceOp>(op))
    return copySlice(slice, 0, *source, home->layout, builder);
  if (auto pad = dyn_cast<PadOp>(op)) {
    move.fill = static_cast<int32_t>(pad.getValue());
    return buildPad(pad, *source, home->layout, builder);
  }
  if (auto transpose = dyn_cast<TransposeOp>(op))
    builder.copy(0, source->transposed(transpose.getPerms()), home->layout);
  else
    builder.reshape(*source, home->layout);
  return success();
}

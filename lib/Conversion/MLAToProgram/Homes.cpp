// Homes of values: up through views to the operand, down through concatenations and operations that
// are written through, until a value has a storage of its own.

#include "Conversion/MLAToProgram/Homes.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;
using sched::kLanes;

sched::Layout afe::planesOf(const Dims &d, int64_t e) {
  int64_t pixel = kLanes * e, row = d.w * pixel, block = d.h * row;
  return {0, sched::ceilDiv(d.c, kLanes) * block, row, pixel, block};
}

sched::Layout afe::interleavedOf(const Dims &d, int64_t e, bool dense) {
  int64_t pixel = (dense ? d.c : sched::roundUp(d.c, kLanes)) * e, row = d.w * pixel;
  return {0, d.h * row, row, pixel, kLanes * e};
}

ArrayRef<int64_t> afe::shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

Dims afe::dimsOf(Value value) { return dimsOf(shapeOf(value)); }

int64_t afe::elementBytesOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementTypeBitWidth() / 8;
}

bool afe::isMovement(Operation *op) {
  return isa_and_nonnull<ConcatOp, SliceOp, PadOp, ReshapeOp, TransposeOp>(op);
}

DramAttr afe::inputDram(BlockArgument argument) {
  auto segment = dyn_cast<SegmentOp>(argument.getOwner()->getParentOp());
  ArrayAttr entries = segment ? segment.getInputDramAttr() : ArrayAttr();
  return entries ? cast<DramAttr>(entries[argument.getArgNumber()]) : DramAttr();
}

DramAttr afe::outputDram(Value value) {
  for (Operation *user : value.getUsers())
    if (auto terminator = dyn_cast<ReturnOp>(user)) {
      unsigned first = llvm::find(terminator.getValues(), value).getIndex();
      return outputDram(cast<SegmentOp>(terminator->getParentOp()), first);
    }
  return nullptr;
}

DramAttr afe::outputDram(SegmentOp segment, unsigned index) {
  ArrayAttr entries = segment.getOutputDramAttr();
  return entries ? cast<DramAttr>(entries[index]) : DramAttr();
}

sched::Layout afe::rootLayout(Value root) {
  Dims dims = dimsOf(root);
  int64_t bytes = elementBytesOf(root);
  Operation *def = root.getDefiningOp();
  if (!def) {
    DramAttr dram = inputDram(cast<BlockArgument>(root));
    return interleavedOf(dims, bytes, /*dense=*/!dram || dram.getLayout() == DramLayout::hwc);
  }
  // VECTOR need not fill the block of a single channel.
  if (mlir::isa<ConstOp, VectorOp>(def) && dims.c == 1)
    return interleavedOf(dims, bytes, /*dense=*/true);
  if (def->hasAttr(kInterleavedAttr))
    return interleavedOf(dims, bytes, /*dense=*/false);
  return planesOf(dims, bytes);
}

bool afe::canRead(Operation *reader, const ElementLayout &layout) {
  return layout.asTensor(/*grouped=*/mlir::isa<MatmulOp>(reader)).has_value();
}

bool afe::canWrite(Operation *writer, const ElementLayout &layout) {
  if (layout.isWritable())
    return true;
  std::optional<sched::Layout> tensor = layout.asTensor();
  return mlir::isa<VectorOp>(writer) && tensor &&
         layout.extent(layout.dimensions().size() - 1) == 1 &&
         tensor->pixel == layout.elementBytes();
}

sched::Layout afe::outputLayout(Value value, DramAttr dram) {
  bool dense = dram && dram.getLayout() == DramLayout::hwc;
  return interleavedOf(dimsOf(value), elementBytesOf(value), dense);
}

std::optional<sched::DramTiles> afe::dramTiles(Value value, DramAttr dram,
                                               const sched::Layout &layout) {
  if (!dram || !dram.getTile())
    return std::nullopt;
  ArrayRef<int64_t> tile = dram.getTile().asArrayRef();
  Dims dims = dimsOf(value);
  sched::DramTiles tiles;
  tiles.images = dims.n, tiles.rows = dims.h, tiles.cols = dims.w;
  tiles.pixelBytes = layout.pixel;
  tiles.tileRows = tile[0], tiles.tileCols = tile[1];
  tiles.tileBytes = tile[2] < dims.c ? tile[2] * elementBytesOf(value) : layout.pixel;
  tiles.packed = dram.getPacked();
  return tiles;
}

Value afe::outputRoot(Value value) {
  std::optional<Home> home = homeOf(value);
  Operation *def = home ? home->root.getDefiningOp() : nullptr;
  if (!def || mlir::isa<ConstOp>(def))
    return nullptr;
  int64_t element = elementBytesOf(value),
          bytes = dimsOf(home->root).n * rootLayout(home->root).image;
  DramAttr dram = outputDram(value);
  for (bool dense : {false, true}) {
    if (dram && dense != (dram.getLayout() == DramLayout::hwc))
      continue;
    sched::Layout wanted = interleavedOf(dimsOf(value), element, dense);
    if (home->layout == ElementLayout(wanted, shapeOf(value), element) &&
        bytes == dimsOf(value).n * wanted.image)
      return home->root;
  }
  return nullptr;
}

std::optional<ElementLayout> afe::applyMovement(Operation *op, const ElementLayout &layout) {
  if (auto reshape = dyn_cast<ReshapeOp>(op))
    return layout.reshaped(shapeOf(reshape.getOutput()));
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return layout.transposed(transpose.getPerms());
  auto slice = dyn_cast<SliceOp>(op);
  if (!slice)
    return std::nullopt;
  std::optional<ElementLayout> result = layout;
  for (size_t i = 0; i < slice.getStart().size() && result; ++i)
    result = result->sliced(i, slice.getStart()[i], slice.getSize()[i],
                            slice.getStrides() ? (*slice.getStrides())[i] : 1);
  return result;
}

std::optional<ElementLayout> afe::undoMovement(Operation *op, const ElementLayout &layout) {
  if (auto reshape = dyn_cast<ReshapeOp>(op))
    return layout.reshaped(shapeOf(reshape.getInput()));
  auto transpose = dyn_cast<TransposeOp>(op);
  if (!transpose)
    return std::nullopt;
  SmallVector<int64_t> inverse(transpose.getPerms().size());
  for (auto [i, perm] : llvm::enumerate(transpose.getPerms()))
    inverse[perm] = i;
  return layout.transposed(inverse);
}

std::optional<ElementLayout> afe::partOf(ConcatOp concat, unsigned number,
                                         const ElementLayout &whole) {
  int64_t start = 0, axis = concat.getAxis();
  for (unsigned i = 0; i < number; ++i)
    start += shapeOf(concat.getInputs()[i])[axis];
  return whole.sliced(axis, start, shapeOf(concat.getInputs()[number])[axis]);
}

bool afe::isInPlace(ConcatOp concat, unsigned number) {
  if (concat->hasAttr(kViewAttr))
    return true;
  auto numbers = concat->getAttrOfType<DenseI64ArrayAttr>(kInPlaceAttr);
  return numbers && llvm::is_contained(numbers.asArrayRef(), int64_t(number));
}

std::optional<Home> afe::homeOf(Value value) {
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    auto concat = dyn_cast<ConcatOp>(user);
    bool through = user->hasAttr(kWrittenThroughAttr);
    if (!through && !(concat && isInPlace(concat, use.getOperandNumber())))
      continue;
    if (through && user->hasAttr(kViewAttr))
      return std::nullopt; // it cannot be both
    std::optional<Home> whole = homeOf(user->getResult(0));
    std::optional<ElementLayout> layout;
    if (whole)
      layout = through ? undoMovement(user, whole->layout)
                       : partOf(concat, use.getOperandNumber(), whole->layout);
    return layout ? std::optional<Home>({whole->root, *layout}) : std::nullopt;
  }
  Operation *def = value.getDefiningOp();
  if (!def || !def->hasAttr(kViewAttr) || mlir::isa<ConcatOp>(def))
    return Home{value, {rootLayout(value), shapeOf(value), elementBytesOf(value)}};
  Value source = def->getOperand(0);
  if (source.getDefiningOp<ConstOp>())
    return std::nullopt;
  std::optional<Home> home = homeOf(source);
  std::optional<ElementLayout> layout;
  if (home)
    layout = applyMovement(def, home->layout);
  return layout ? std::optional<Home>({home->root, *layout}) : std::nullopt;
}

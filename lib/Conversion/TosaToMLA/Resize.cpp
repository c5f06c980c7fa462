// Resizing and reversing of rows and columns, and tosa.gather by constant indices, as gathers. The
// index (and fraction) of every output row and column is known now: it becomes a constant operand
// that is broadcast over the image, so the producer's own index arithmetic, in integers or f32, is
// reproduced whatever it is.

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"
#include "Conversion/TosaToMLA/VectorBuilder.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <cmath>

using namespace mlir;

namespace afe {
namespace {

/// One operation: operand, result, and per axis (rows, columns) the position of every output in the
/// input, in units of 2^-bits.
struct Resample {
  Resample(Operation *op, Value input, Value output) : op(op), input(input), output(output) {}

  Operation *op;
  Value input, output;
  int bits = 0;
  SmallVector<int32_t> positions[2];

  int64_t inputSize(int axis) const {
    return cast<ShapedType>(input.getType()).getDimSize(1 + axis);
  }
  int64_t outputSize(int axis) const {
    return cast<ShapedType>(output.getType()).getDimSize(1 + axis);
  }
  /// A position limited to the input: beyond the first and last element they repeat.
  int32_t limited(int axis, int64_t position) const {
    return std::clamp<int64_t>(position, 0, (inputSize(axis) - 1) << bits);
  }
};

bool isImage(Value value, ArrayRef<unsigned> widths) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  auto element = type ? dyn_cast<IntegerType>(type.getElementType()) : IntegerType();
  return element && type.getRank() == 4 && llvm::is_contained(widths, element.getWidth());
}

bool isLegal(const Resample &job) {
  constexpr int64_t kMaxSize = 1 << 15; // coordinates are 16-bit fields
  for (int axis = 0; axis < 2; ++axis)
    if (job.inputSize(axis) > kMaxSize || job.outputSize(axis) > kMaxSize)
      return false;
  return true;
}

/// Rows as [1,OH,1,1], columns as [1,1,OW,1].
Value positionsConstant(const Resample &job, int axis, ConstantPool &constants) {
  SmallVector<int64_t> shape(4, 1);
  shape[1 + axis] = job.outputSize(axis);
  auto type = RankedTensorType::get(shape, IntegerType::get(job.op->getContext(), 32));
  auto elements = DenseElementsAttr::get(type, ArrayRef<int32_t>(job.positions[axis]));
  return constants.get(job.op->getLoc(), cast<ElementsAttr>(elements));
}

using Rest = llvm::function_ref<Value(VectorBuilder &, Value)>;

/// Builds the program: `rest` goes on from the gathered lane.
bool build(const Resample &job, bool bilinear, ConstantPool &constants, Rest rest) {
  VectorBuilder b(job.op->getContext(), job.op->getLoc());
  b.input(job.input);
  Value row = b.input(positionsConstant(job, 0, constants));
  Value column = b.input(positionsConstant(job, 1, constants));
  Value gathered =
      bilinear
          ? b.toI32<mla::VGatherBilinearOp>(row, column, b.opBuilder().getI32IntegerAttr(job.bits))
          : b.toI32<mla::VGatherNearestOp>(row, column);
  if (!b.close(rest(b, gathered)))
    return false;
  OpBuilder at(job.op);
  Value(job.output).replaceAllUsesWith(b.create(at, job.output.getType()).getOutputs()[0]);
  return true;
}

/// The job along one axis alone; the other's positions are whole.
bool buildAxis(Resample job, int axis, ConstantPool &constants, Rest rest) {
  auto &other = job.positions[1 - axis];
  other.clear();
  for (int64_t index = 0; index < job.outputSize(1 - axis); ++index)
    other.push_back(index << job.bits);
  VectorBuilder b(job.op->getContext(), job.op->getLoc());
  b.input(job.input);
  Value row = b.input(positionsConstant(job, 0, constants));
  Value column = b.input(positionsConstant(job, 1, constants));
  Value mixed = b.toI32<mla::VGatherLinearOp>(row, column,
                                              axis == 1 ? b.opBuilder().getUnitAttr() : UnitAttr(),
                                              b.opBuilder().getI32IntegerAttr(job.bits));
  if (!b.close(rest(b, mixed)))
    return false;
  OpBuilder at(job.op);
  Value(job.output).replaceAllUsesWith(b.create(at, job.output.getType()).getOutputs()[0]);
  return true;
}

/// Width in bits of what stands between the two axes: a byte times 2^bits.
int64_t betweenBits(const Resample &job) { return job.bits <= 7 ? 16 : 32; }

/// One axis after the other: two interpolations per element of the result instead of three times
/// as many, for a tensor between them that has to be carried to L2 and back.
bool paysSeparately(const Resample &job) {
  return 2 * job.outputSize(1) >= 3 * job.inputSize(1) * betweenBits(job) / 8;
}

bool buildBilinear(const Resample &job, ConstantPool &constants, Rest rest) {
  constexpr int kMaxBits = 11;
  if (!paysSeparately(job) || job.bits < 1 || job.bits > kMaxBits)
    return build(job, /*bilinear=*/true, constants, rest);
  OpBuilder b(job.op);
  auto shape = llvm::to_vector(cast<RankedTensorType>(job.output.getType()).getShape());
  shape[2] = job.inputSize(1);
  auto type = RankedTensorType::get(shape, b.getIntegerType(betweenBits(job)));
  Value between = tosa::IdentityOp::create(b, job.op->getLoc(), type, job.input); // a place
  Resample rows(job), columns(job);
  rows.op = between.getDefiningOp(), rows.output = between;
  columns.input = between;
  return buildAxis(columns, 1, constants, rest) &&
         buildAxis(rows, 0, constants, [](VectorBuilder &, Value x) { return x; });
}

bool buildNearest(const Resample &job, ConstantPool &constants) {
  return build(job, /*bilinear=*/false, constants, [](VectorBuilder &, Value x) { return x; });
}

//===-- LiteRT ------------------------------------------------------------------------------===//

/// Input positions per output position in f32, as the kernels scale them.
float floatScale(int64_t in, int64_t out, bool alignCorners) {
  if (alignCorners && out > 1)
    return static_cast<float>(in - 1) / static_cast<float>(out - 1);
  return static_cast<float>(in) / static_cast<float>(out);
}

bool lowerLitertNearest(Resample job, const CustomOp &op, ConstantPool &constants) {
  bool align = op.flag("align_corners");
  float shift = op.flag("half_pixel_centers") ? 0.5f : 0.0f;
  for (int axis = 0; axis < 2; ++axis) {
    float scale = floatScale(job.inputSize(axis), job.outputSize(axis), align);
    for (int64_t out = 0; out < job.outputSize(axis); ++out) {
      float position = (static_cast<float>(out) + shift) * scale;
      float index = align ? std::floor(position + 0.5f) : std::floor(position);
      job.positions[axis].push_back(job.limited(axis, static_cast<int64_t>(index)));
    }
  }
  return buildNearest(job, constants);
}

/// The int8 kernel's positions with 10 fraction bits.
void integerPositions(Resample &job, const CustomOp &op) {
  bool align = op.flag("align_corners"), half = op.flag("half_pixel_centers");
  job.bits = 10;
  for (int axis = 0; axis < 2; ++axis) {
    int64_t in = job.inputSize(axis), out = job.outputSize(axis);
    int64_t scale = align && out > 1 ? (1024 * (in - 1) + (out - 1) / 2) / (out - 1)
                                     : (1024 * in + out / 2) / out;
    for (int64_t index = 0; index < out; ++index)
      job.positions[axis].push_back(
          job.limited(axis, index * scale + (half ? scale / 2 - 512 : 0)));
  }
}

/// The uint8 kernel's f32 positions, where every fraction is a multiple of 2^-7 at least: then its
/// f32 arithmetic loses nothing, and integers compute the same.
bool dyadicPositions(Resample &job, const CustomOp &op) {
  constexpr int kMaxBits = 7;
  job.bits = kMaxBits;
  float shift = op.flag("half_pixel_centers") ? 0.5f : 0.0f;
  for (int axis = 0; axis < 2; ++axis) {
    float scale = floatScale(job.inputSize(axis), job.outputSize(axis), op.flag("align_corners"));
    for (int64_t out = 0; out < job.outputSize(axis); ++out) {
      float shifted = static_cast<float>(out) + shift;
      float position = (shifted * scale - shift) * (1 << kMaxBits);
      if (position != std::floor(position))
        return false;
      job.positions[axis].push_back(job.limited(axis, static_cast<int64_t>(position)));
    }
  }
  return true;
}

/// Where no position has a fraction nothing is mixed: pixels are repeated, or the image stays.
bool isWhole(const Resample &job) {
  return llvm::all_of(job.positions, [&](ArrayRef<int32_t> positions) {
    return llvm::all_of(positions, [&](int32_t p) { return p % (1 << job.bits) == 0; });
  });
}

bool buildWhole(Resample job, ConstantPool &constants) {
  bool stays = job.input.getType() == job.output.getType();
  for (auto &positions : job.positions)
    for (auto [index, position] : llvm::enumerate(positions)) {
      position >>= job.bits;
      stays &= position == int32_t(index);
    }
  job.bits = 0;
  if (!stays)
    return buildNearest(job, constants);
  job.output.replaceAllUsesWith(job.input);
  return true;
}

bool lowerLitertBilinear(Resample job, const CustomOp &op, ConstantPool &constants) {
  if (!op.flag("unsigned")) {
    integerPositions(job, op);
    if (isWhole(job))
      return buildWhole(job, constants);
    // Divided by 2^20, half away from zero: one less in front of a rounding shift where negative.
    return buildBilinear(job, constants, [](VectorBuilder &b, Value sum) {
      Value sign = b.same<mla::VShrOp>(sum, b.i32(31), UnitAttr());
      return b.same<mla::VShrOp>(b.add(sum, sign), b.i32(20), b.opBuilder().getUnitAttr());
    });
  }
  if (!dyadicPositions(job, op))
    return false;
  if (isWhole(job))
    return buildWhole(job, constants);
  // trunc(x + 0.5) of the positive x = sum / 2^14 + 128: half up.
  return buildBilinear(job, constants, [&](VectorBuilder &b, Value sum) {
    return b.same<mla::VShrOp>(sum, b.i32(2 * job.bits), b.opBuilder().getUnitAttr());
  });
}

//===-- TOSA --------------------------------------------------------------------------------===//

int64_t floorDiv(int64_t a, int64_t b) { return llvm::divideFloorSigned(a, b); }

bool lowerTosaNearest(Resample job, ArrayRef<int64_t> scale, ArrayRef<int64_t> offset,
                      ConstantPool &constants) {
  for (int axis = 0; axis < 2; ++axis)
    for (int64_t out = 0; out < job.outputSize(axis); ++out) {
      int64_t numerator = scale[2 * axis], position = out * scale[2 * axis + 1] + offset[axis];
      int64_t index = floorDiv(position, numerator), rest = position - index * numerator;
      job.positions[axis].push_back(job.limited(axis, index + (2 * rest >= numerator)));
    }
  return buildNearest(job, constants);
}

/// The result is the weighted sum, not yet divided by the product of the numerators.
bool lowerTosaBilinear(Resample job, ArrayRef<int64_t> scale, ArrayRef<int64_t> offset,
                       ConstantPool &constants) {
  constexpr int kMaxBits = 11;
  int bits[2];
  for (int axis = 0; axis < 2; ++axis) {
    if (!llvm::isPowerOf2_64(scale[2 * axis]))
      return false;
    bits[axis] = llvm::Log2_64(scale[2 * axis]);
  }
  job.bits = std::max(bits[0], bits[1]);
  if (job.bits > kMaxBits)
    return false;
  for (int axis = 0; axis < 2; ++axis)
    for (int64_t out = 0; out < job.outputSize(axis); ++out) {
      int64_t position = out * scale[2 * axis + 1] + offset[axis];
      job.positions[axis].push_back(
          job.limited(axis, position * (int64_t(1) << (job.bits - bits[axis]))));
    }
  int excess = 2 * job.bits - bits[0] - bits[1];
  return buildBilinear(job, constants, [&](VectorBuilder &b, Value sum) {
    return excess ? b.same<mla::VShrOp>(sum, b.i32(excess), UnitAttr()) : sum;
  });
}

bool lowerTosaResize(tosa::ResizeOp op, ConstantPool &constants) {
  auto scale = readShape(op.getScale()), offset = readShape(op.getOffset());
  Resample job(op, op.getInput(), op.getOutput());
  if (!scale || !offset || scale->size() != 4 || offset->size() != 2 || !isImage(job.input, {8}) ||
      !llvm::all_of(*scale, [](int64_t n) { return n > 0; }) || !isLegal(job))
    return false;
  if (op.getMode() == tosa::ResizeMode::NEAREST_NEIGHBOR)
    return isImage(job.output, {8}) && lowerTosaNearest(job, *scale, *offset, constants);
  return isImage(job.output, {32}) && lowerTosaBilinear(job, *scale, *offset, constants);
}

bool lowerReverse(tosa::ReverseOp op, ConstantPool &constants) {
  Resample job(op, op.getInput1(), op.getOutput());
  if (!isImage(job.input, {8}) || op.getAxis() < 1 || op.getAxis() > 2 || !isLegal(job))
    return false;
  for (int axis = 0; axis < 2; ++axis)
    for (int64_t out = 0, size = job.outputSize(axis); out < size; ++out)
      job.positions[axis].push_back(int64_t(op.getAxis()) == 1 + axis ? size - 1 - out : out);
  return buildNearest(job, constants);
}

/// The constant indices of a gather, those of the first image where all have the same.
std::optional<SmallVector<int64_t>> sharedIndices(tosa::GatherOp op) {
  Value given = op.getIndices();
  // A larger batch repeats them.
  if (auto tile = given.getDefiningOp<tosa::TileOp>();
      tile && shapeOf(tile.getInput1())[1] == shapeOf(given)[1])
    given = tile.getInput1();
  auto indices = readInts(given);
  auto shape = shapeOf(given);
  if (!indices || int64_t(indices->size()) != shape[0] * shape[1])
    return std::nullopt;
  for (int64_t place = shape[1]; place < int64_t(indices->size()); ++place)
    if ((*indices)[place] != (*indices)[place - shape[1]])
      return std::nullopt;
  indices->truncate(shape[1]);
  return SmallVector<int64_t>(indices->begin(), indices->end());
}

/// Rows and columns of a gather from [N,H,W,C], seen as [N,H*W,C], to [N,OH,OW,C]; false where
/// the indices are no such grid.
bool isGrid(ArrayRef<int64_t> indices, int64_t width, Resample &job) {
  int64_t columns = job.outputSize(1);
  for (auto [place, index] : llvm::enumerate(indices)) {
    int64_t row = place / columns, column = place % columns;
    if (column == 0)
      job.positions[0].push_back(index / width);
    if (row == 0)
      job.positions[1].push_back(index % width);
    if (index != job.positions[0][row] * width + job.positions[1][column])
      return false;
  }
  return true;
}

/// A choice of rows and columns between two reshapes.
bool lowerGridGather(tosa::GatherOp op, ArrayRef<int64_t> indices, ConstantPool &constants) {
  auto before = op.getValues().getDefiningOp<tosa::ReshapeOp>();
  auto after = dyn_cast_or_null<tosa::ReshapeOp>(onlyUser(op.getOutput()));
  if (!before || !after || !isImage(before.getInput1(), {8}) || !isImage(after.getOutput(), {8}))
    return false;
  auto from = shapeOf(before.getInput1()), to = shapeOf(after.getOutput());
  auto values = shapeOf(op.getValues());
  Resample job(after, before.getInput1(), after.getOutput());
  bool sameEnds = from[0] == values[0] && from[3] == values[2] && to[0] == from[0] &&
                  to[3] == from[3] && isLegal(job);
  return sameEnds && isGrid(indices, from[2], job) && buildNearest(job, constants);
}

/// Any choice of rows: those of an image one element wide.
bool lowerRowGather(tosa::GatherOp op, ArrayRef<int64_t> indices, ConstantPool &constants) {
  auto from = shapeOf(op.getValues()), to = shapeOf(op.getOutput());
  OpBuilder b(op);
  Value image = reshapeTo(b, op.getLoc(), op.getValues(), {from[0], from[1], 1, from[2]});
  auto type = cast<RankedTensorType>(op.getType()).clone({to[0], to[1], 1, to[2]});
  Value picked = tosa::IdentityOp::create(b, op.getLoc(), type, image);
  Resample job(picked.getDefiningOp(), image, picked);
  job.positions[0].assign(indices.begin(), indices.end());
  job.positions[1].push_back(0);
  Value result = reshapeTo(b, op.getLoc(), picked, to);
  if (!isLegal(job) || !buildNearest(job, constants))
    return false;
  op.getOutput().replaceAllUsesWith(result);
  return true;
}

bool lowerGather(tosa::GatherOp op, ConstantPool &constants) {
  auto indices = sharedIndices(op);
  int64_t rows = shapeOf(op.getValues())[1];
  if (!indices || !elementOf(op.getValues()).isInteger(8) ||
      llvm::any_of(*indices, [&](int64_t index) { return index < 0 || index >= rows; }))
    return false;
  return lowerGridGather(op, *indices, constants) || lowerRowGather(op, *indices, constants);
}

bool lowerLitert(const CustomOp &op, ConstantPool &constants) {
  tosa::CustomOp custom = op.op;
  StringRef name = custom.getOperatorName();
  bool nearest = name == "litert.resize_nearest";
  if (!nearest && name != "litert.resize_bilinear")
    return false;
  Resample job(op.op, op.op->getOperand(0), op.op->getResult(0));
  if (!isImage(job.input, {8}) || !isImage(job.output, {8}) || !isLegal(job))
    return false;
  return nearest ? lowerLitertNearest(job, op, constants) : lowerLitertBilinear(job, op, constants);
}

} // namespace

void lowerResize(func::FuncOp func, ConstantPool &constants) {
  for (Operation &op : llvm::make_early_inc_range(func.getBody().front())) {
    if (auto resize = dyn_cast<tosa::ResizeOp>(op))
      lowerTosaResize(resize, constants);
    else if (auto reverse = dyn_cast<tosa::ReverseOp>(op))
      lowerReverse(reverse, constants);
    else if (auto gather = dyn_cast<tosa::GatherOp>(op))
      lowerGather(gather, constants);
    else if (auto custom = matchCustom(&op))
      lowerLitert(*custom, constants);
  }
  eraseDead(func);
}

} // namespace afe

// A sum over all pixels of a large image needs the whole image: it ends every cascade, and the
// image is carried to L2 and back for it. Its first part, the sums of small rectangles, is a window
// that moves by its own size, which goes along with the layer that makes the image, tile by tile;
// what is left to add up is small. Integer sums alone: f32 ones have an order.

#include "Conversion/TosaToMLA/LaneRanges.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"
#include "Conversion/TosaToMLA/VectorBuilder.h"

using namespace mlir;

namespace afe {
namespace {

constexpr int64_t kLeastPixels = 400;  ///< smaller images fit into tiles whole
constexpr int64_t kMostRows = 28;      ///< of rectangles: enough for tiles and quads
constexpr int64_t kRectangleCols = 14; ///< several per row, so that few channels fill the lanes

/// The only reduction of the program, where it is a sum over pixels.
mla::VReduceOp pixelSum(mla::VectorOp op) {
  auto reductions = op.getBody().front().getOps<mla::VReduceOp>();
  if (!llvm::hasSingleElement(reductions))
    return {};
  mla::VReduceOp reduce = *reductions.begin();
  bool sums = reduce.getKind() == mla::ReduceKind::sum && reduce.getType().isInteger(32) &&
              reduce.getAxis() == mla::ReduceAxis::pixels;
  return sums ? reduce : mla::VReduceOp();
}

/// The zero point that is taken from the program's only input in front of the sum; nothing where
/// more happens there.
std::optional<int64_t> summedZeroPoint(mla::VectorOp op, mla::VReduceOp reduce) {
  BlockArgument argument = op.getBody().getArgument(0);
  if (!argument.hasOneUse())
    return std::nullopt;
  if (reduce.getA() == argument)
    return 0;
  Operation *centred = reduce.getA().getDefiningOp();
  if (!isa<mla::VSubOp, mla::VAddOp>(centred) || centred->getOperand(0) != argument ||
      !centred->hasOneUse())
    return std::nullopt;
  std::optional<int64_t> zp = constantLane(centred->getOperand(1));
  return zp && isa<mla::VAddOp>(centred) ? -*zp : zp;
}

/// Sums of rectangles of `image`, as a tensor; null where the window does not fit the instruction.
Value rectangleSums(mla::VectorOp op, Value image) {
  constexpr int64_t kMaxKernel = 255;
  ArrayRef<int64_t> shape = shapeOf(image);
  auto divided = [](int64_t total, int64_t part) { return (total + part - 1) / part; };
  int64_t size[2] = {divided(shape[1], kMostRows),
                     divided(shape[2], divided(shape[2], kRectangleCols))};
  int64_t count[2] = {divided(shape[1], size[0]), divided(shape[2], size[1])};
  if (size[0] > kMaxKernel)
    return {};
  VectorBuilder b(op.getContext(), op.getLoc());
  b.input(image);
  if (!b.close(b.toI32<mla::VWindowSumOp>()))
    return {};
  OpBuilder at(op);
  auto window =
      mla::WindowAttr::get(op.getContext(), size[0], size[1], size[0], size[1], 0,
                           count[0] * size[0] - shape[1], 0, count[1] * size[1] - shape[2], 1, 1);
  auto type = RankedTensorType::get({shape[0], count[0], count[1], shape[3]}, at.getI32Type());
  return b.create(at, TypeRange(type), window).getOutputs()[0];
}

void split(mla::VectorOp op) {
  if (op.getWindow() || op.getInputs().size() != 1)
    return;
  Value image = op.getInputs()[0];
  mla::VReduceOp reduce = pixelSum(op);
  auto zp = reduce ? summedZeroPoint(op, reduce) : std::nullopt;
  if (!zp || !isByteTensor(image) || shapeOf(image).size() != 4)
    return;
  int64_t pixels = shapeOf(image)[1] * shapeOf(image)[2];
  if (pixels < kLeastPixels)
    return;
  Value sums = rectangleSums(op, image);
  if (!sums)
    return;
  op->setOperand(0, sums);
  Operation *centred = reduce.getA().getDefiningOp();
  reduce->setOperand(0, op.getBody().getArgument(0));
  if (centred)
    centred->erase();
  if (*zp == 0)
    return;
  OpBuilder b(reduce->getNextNode());
  auto constant = mla::VConstOp::create(b, op.getLoc(), b.getI32Type(),
                                        b.getI32IntegerAttr(static_cast<int32_t>(*zp * pixels)));
  auto sum = mla::VSubOp::create(b, op.getLoc(), reduce.getType(), reduce, constant);
  reduce.getResult().replaceAllUsesExcept(sum, sum);
}

} // namespace

void splitReductions(func::FuncOp func) {
  for (auto op : llvm::make_early_inc_range(func.getBody().front().getOps<mla::VectorOp>()))
    split(op);
}

} // namespace afe

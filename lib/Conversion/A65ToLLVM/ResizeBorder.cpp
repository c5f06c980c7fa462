// tosa.resize that starts in front of its image. Upstream's lowering rounds
// such positions towards zero instead of down; a copy of the first row (or
// column) in front makes them positive, and is what the clamping of positions
// reads anyway.

#include "Conversion/A65ToLLVM/Lowering.h"

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Tensors.h"

using namespace mlir;

namespace afe::a65 {
namespace {

/// The image with its first row (axis 1) or column (axis 2) once more in front.
Value withFirstTwice(OpBuilder &b, Location loc, Value image, int64_t axis) {
  auto type = cast<RankedTensorType>(image.getType());
  SmallVector<int64_t> start(4, 0), one(type.getShape()), all(type.getShape());
  one[axis] = 1;
  all[axis] += 1;
  Value first = tosa::SliceOp::create(b, loc, type.clone(one), image, shapeConstant(b, loc, start),
                                      shapeConstant(b, loc, one));
  return tosa::ConcatOp::create(b, loc, type.clone(all), ValueRange{first, image},
                                b.getI32IntegerAttr(static_cast<int32_t>(axis)));
}

} // namespace

void startInsideImage(tosa::ResizeOp op) {
  auto scale = readShape(op.getScale()), offset = readShape(op.getOffset());
  if (!scale || !offset || scale->size() != 4 || offset->size() != 2)
    return; // the verifier refuses it
  OpBuilder b(op);
  Location loc = op.getLoc();
  SmallVector<int64_t> moved = llvm::to_vector(*offset);
  Value image = op.getInput();
  for (int64_t axis = 0; axis < 2; ++axis)
    if (moved[axis] < 0) { // once, as offsets lie above -scale
      image = withFirstTwice(b, loc, image, 1 + axis);
      moved[axis] += std::max<int64_t>((*scale)[2 * axis], 1);
    }
  if (moved == *offset)
    return;
  op.getInputMutable().assign(image);
  op.getOffsetMutable().assign(shapeConstant(b, loc, moved));
}

} // namespace afe::a65

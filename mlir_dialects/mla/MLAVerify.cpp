// The shared checks of MLAVerify.h.

#include "mla/MLAVerify.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;

Range mla::rangeOf(Type elementType) {
  auto integer = dyn_cast<IntegerType>(elementType);
  unsigned width = integer ? integer.getWidth() : 32;
  if (integer && integer.isUnsigned())
    return {0, (int64_t(1) << width) - 1};
  return {-(int64_t(1) << (width - 1)), (int64_t(1) << (width - 1)) - 1};
}

std::string mla::toString(ArrayRef<int64_t> values) {
  std::string text = "[";
  for (size_t i = 0; i < values.size(); ++i)
    text += (i ? ", " : "") + std::to_string(values[i]);
  return text + "]";
}

LogicalResult mla::verifyInRange(Operation *op, const Twine &what, int64_t value, Range range) {
  if (range.contains(value))
    return success();
  return op->emitOpError() << what << " is " << value << ", allowed is " << range.lo << " to "
                           << range.hi;
}

LogicalResult mla::verifyShape(Operation *op, StringRef what, ShapedType type,
                               ArrayRef<int64_t> expected, StringRef because) {
  if (type.getShape() == expected)
    return success();
  return op->emitOpError() << what << " has shape " << toString(type.getShape()) << ", expected "
                           << toString(expected) << " from " << because;
}

LogicalResult mla::verifyArray(Operation *op, StringRef what, ArrayRef<int64_t> values, size_t size,
                               Range range) {
  if (values.size() != size)
    return op->emitOpError() << what << " has " << values.size() << " entries, expected " << size;
  for (auto [index, value] : llvm::enumerate(values))
    if (failed(verifyInRange(op, what + Twine("[") + Twine(index) + "]", value, range)))
      return failure();
  return success();
}

LogicalResult mla::verifyBytes(Operation *op, StringRef what, ElementsAttr attr) {
  ShapedType type = attr.getShapedType();
  if (type.getRank() == 1 && type.getElementType().isInteger(8))
    return success();
  return op->emitOpError() << what << " is " << type << ", expected a row of bytes";
}

int64_t mla::windowOutputSize(int64_t in, int64_t padLow, int64_t padHigh, int64_t kernel,
                              int64_t stride, int64_t dilation) {
  int64_t travel = in + padLow + padHigh - (kernel - 1) * dilation - 1;
  return travel < 0 ? 0 : travel / stride + 1;
}

// Questions about tensor values that every phase asks, and the shape changes they write.
#pragma once

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/BuiltinTypes.h"

#include <cstdint>
#include <cstring>

namespace afe {

inline mlir::Type elementOf(mlir::Value value) {
  return mlir::getElementTypeOrSelf(value.getType());
}

/// The type of a ranked tensor; null for everything else.
inline mlir::RankedTensorType tensorTypeOf(mlir::Value value) {
  return mlir::dyn_cast<mlir::RankedTensorType>(value.getType());
}

/// The shape of a ranked tensor.
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getShape();
}

inline bool isByteType(mlir::Type type) { return type.isInteger(8) || type.isUnsignedInteger(8); }

/// Whether a tensor has 8-bit elements / i32 or f32 elements.
inline bool isByteTensor(mlir::Value value) { return isByteType(elementOf(value)); }
inline bool isWordTensor(mlir::Value value) {
  return elementOf(value).isInteger(32) || elementOf(value).isF32();
}

/// The bits of an f32 number, as attributes and lanes hold them.
inline int32_t bitsOf(float value) {
  int32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// A tosa.const_shape.
inline mlir::Value shapeConstant(mlir::OpBuilder &builder, mlir::Location loc,
                                 llvm::ArrayRef<int64_t> shape) {
  auto type = mlir::tosa::shapeType::get(builder.getContext(), shape.size());
  return mlir::tosa::ConstShapeOp::create(builder, loc, type, builder.getIndexTensorAttr(shape));
}

/// `value` under another shape: itself, or a tosa.reshape of it.
inline mlir::Value reshapeTo(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                             llvm::ArrayRef<int64_t> shape) {
  auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  return mlir::tosa::ReshapeOp::create(builder, loc, type.clone(shape), value,
                                       shapeConstant(builder, loc, shape));
}

} // namespace afe

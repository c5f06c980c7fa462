// What the lowerings of single operators share: builders of linalg operations on tensors.
#pragma once

#include "Conversion/A65ToLLVM/Passes.h"
#include "Conversion/TosaToMLA/Idioms.h"

#include <functional>

namespace afe::a65 {

/// Builds tensors at one place in the code.
class TensorBuilder {
public:
  explicit TensorBuilder(mlir::Operation *op) : b(op), loc(op->getLoc()) {}

  /// The scalars of one iteration: the inputs' elements (and, in a reduction, the accumulator last)
  /// to the result's element.
  using Body = std::function<mlir::Value(TensorBuilder &, mlir::ValueRange)>;

  /// One element of `type` per index; inputs broadcast (size 1, missing leading dimensions).
  mlir::Value elementwise(mlir::RankedTensorType type, mlir::ValueRange inputs, Body body);

  /// A general linalg operation from `init`; the loops run in the order of the maps' dimensions.
  mlir::Value generic(mlir::Value init, mlir::ValueRange inputs,
                      llvm::ArrayRef<mlir::AffineMap> maps, int64_t numParallel, Body body);

  /// Reduces `input` over its last dimension (kept as size 1), in ascending order.
  mlir::Value reduceLast(mlir::Value input, mlir::Value start, Body body);

  mlir::Value empty(mlir::RankedTensorType type);
  mlir::Value filled(mlir::RankedTensorType type, mlir::Value value);
  mlir::Value i32Table(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int32_t> values);
  mlir::Value f32Table(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> values);

  mlir::Value i32(int64_t value);
  mlir::Value f32(float value);
  mlir::Value zero(mlir::Type type);
  /// An integer as i32, sign- or zero-extended.
  mlir::Value widen(mlir::Value value, bool isUnsigned = false);
  /// An integer as an index.
  mlir::Value index(mlir::Value value);

  mlir::OpBuilder b;
  mlir::Location loc;
};

/// The result's type.
mlir::RankedTensorType resultType(mlir::Operation *op);

/// One lowering: the replacement of the operator's only result, or null with `problem` set to what
/// the operator breaks ("needs …").
using CustomLowering = mlir::Value (*)(const CustomOp &, std::string &problem);

mlir::Value lowerQuantize(const CustomOp &op, std::string &problem);
mlir::Value lowerDequantize(const CustomOp &op, std::string &problem);
mlir::Value lowerDivision(const CustomOp &op, std::string &problem);
mlir::Value lowerSquareRoot(const CustomOp &op, std::string &problem);
mlir::Value lowerLookup(const CustomOp &op, std::string &problem);
mlir::Value lowerSoftmax(const CustomOp &op, std::string &problem);
mlir::Value lowerTableSoftmax(const CustomOp &op, std::string &problem);
mlir::Value lowerAveragePool(const CustomOp &op, std::string &problem);
mlir::Value lowerResizeBilinear(const CustomOp &op, std::string &problem);
mlir::Value lowerResizeNearest(const CustomOp &op, std::string &problem);

/// The four results of litert.detection_postprocess, or none with `problem` set.
llvm::SmallVector<mlir::Value> lowerDetection(const CustomOp &op, std::string &problem);

/// tosa.avg_pool2d on f32: columns of a window from top to bottom, then the columns from left to
/// right, divided by the number of existing taps.
mlir::Value lowerFloatAveragePool(mlir::tosa::AvgPool2dOp op);

/// A tosa.resize that starts in front of its image starts inside of it afterwards: the image has
/// its first row or column twice.
void startInsideImage(mlir::tosa::ResizeOp op);

/// tosa.transpose_conv2d as a tosa.conv2d of the input with zeros between its pixels; null where
/// the padding cuts off more than a kernel.
mlir::Value lowerTransposedConvolution(mlir::tosa::TransposeConv2DOp op);

} // namespace afe::a65

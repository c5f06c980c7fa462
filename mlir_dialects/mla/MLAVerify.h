// Pieces shared by the verifiers of the mla dialect: value ranges of element types, and checks
// whose messages say what was expected beside what was found.
#pragma once

#include "mla/MLADialect.h"

#include <string>

namespace afe::mla {

struct Range {
  int64_t lo, hi;
  bool contains(int64_t value) const { return lo <= value && value <= hi; }
};

constexpr Range kInt8Range{-128, 127}, kUInt8Range{0, 255}, kByteRange{-128, 255};
/// Right shifts TOSA allows in a rescale.
constexpr Range kShiftRange{2, 62};

/// The values an element type of an activation holds; f32 and i32: those of an i32.
Range rangeOf(mlir::Type elementType);

/// "[2, 5, 4, 40]"
std::string toString(llvm::ArrayRef<int64_t> values);

/// Succeeds if `value`, called `what` in the message, is in `range`.
mlir::LogicalResult verifyInRange(mlir::Operation *op, const llvm::Twine &what, int64_t value,
                                  Range range);

/// Succeeds if the tensor, called `what`, has the shape `expected`, which follows from `because`.
mlir::LogicalResult verifyShape(mlir::Operation *op, llvm::StringRef what, mlir::ShapedType type,
                                llvm::ArrayRef<int64_t> expected, llvm::StringRef because);

/// Succeeds if the array has `size` entries, each in `range`.
mlir::LogicalResult verifyArray(mlir::Operation *op, llvm::StringRef what,
                                llvm::ArrayRef<int64_t> values, size_t size, Range range);

/// Succeeds if the attribute is a row of bytes: rank 1, elements of 8 bits.
mlir::LogicalResult verifyBytes(mlir::Operation *op, llvm::StringRef what, mlir::ElementsAttr attr);

/// Output size of a sliding window along one dimension; 0 or less where the window does not fit.
int64_t windowOutputSize(int64_t in, int64_t padLow, int64_t padHigh, int64_t kernel,
                         int64_t stride, int64_t dilation);

} // namespace afe::mla

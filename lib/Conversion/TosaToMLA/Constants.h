// Reading of TOSA's constants: weights stay where they are (resources are never copied or hashed),
// small parameters (zero points, multipliers, scales) become plain C++ numbers. Every function
// returns nothing where a value is not such a constant, so that hostile IR only fails to match.
#pragma once

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/BuiltinAttributes.h"

#include <optional>

namespace afe {

/// The elements behind `value` where a tosa.const or mla.const makes it; else null.
mlir::ElementsAttr constantOf(mlir::Value value);

/// All elements of an integer constant (any width, signed unless its type says unsigned).
std::optional<llvm::SmallVector<int64_t>> readInts(mlir::ElementsAttr attr);
std::optional<llvm::SmallVector<int64_t>> readInts(mlir::Value value);

/// All elements of an f32 constant.
std::optional<llvm::SmallVector<float>> readFloats(mlir::Value value);

/// The one value of a constant whose elements are all equal (a splat, or one element).
std::optional<int64_t> scalarInt(mlir::Value value);
std::optional<float> scalarFloat(mlir::Value value);

/// The numbers of a tosa.const_shape.
std::optional<llvm::SmallVector<int64_t>> readShape(mlir::Value value);

/// The same bytes under another shape; null where the attribute's kind does not allow it.
mlir::ElementsAttr reshaped(mlir::ElementsAttr attr, llvm::ArrayRef<int64_t> shape);

/// The raw little-endian bytes of a constant that is no splat of more than one element; else empty.
llvm::ArrayRef<char> rawBytes(mlir::ElementsAttr attr);

} // namespace afe

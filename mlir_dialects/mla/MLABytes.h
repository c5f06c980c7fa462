// Rows of bytes as attributes: DRAM images, .lm files, shared objects. Long ones are resources,
// which the context neither hashes nor compares.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/Support/LLVM.h"

#include <cstdint>
#include <vector>

namespace afe::mla {

/// `tensor<Nxi8>` with the bytes; `name` is a hint for the resource's name.
mlir::ElementsAttr bytesAttr(mlir::MLIRContext *context, llvm::StringRef name,
                             llvm::ArrayRef<uint8_t> bytes);

/// The bytes behind a row of 8-bit elements; fails where the attribute has none to give: another
/// element type, a resource whose blob is missing or of another size.
mlir::FailureOr<std::vector<uint8_t>> bytesOf(mlir::ElementsAttr attr);

} // namespace afe::mla

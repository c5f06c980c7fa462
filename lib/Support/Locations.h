// Names out of locations: importers put the operator's or tensor's name into every one.
#pragma once

#include "mlir/IR/Location.h"

#include <string>

namespace afe {

/// The names in a location, in order, each once: `conv1`, or `conv1, relu1` where it is fused.
llvm::SmallVector<std::string> namesIn(mlir::Location loc);

/// The same as one text, with the file position of the first: `conv1 (model.tflite:3)`.
std::string describe(mlir::Location loc);

} // namespace afe

// What the OUTPUT engine does behind an accumulator, found in TOSA.
#pragma once

#include "Conversion/TosaToMLA/Tensors.h"
#include "mla/MLADialect.h"

namespace afe {

/// Requantization, clamp and table behind an accumulator, and the TOSA value that they end in (the
/// accumulator itself, with mode `none`, where it is used otherwise).
struct Epilogue {
  mla::RequantAttr requant;
  mlir::DenseI8ArrayAttr table;
  mlir::Value result;

  /// The locations of everything from the accumulator to the result.
  mlir::Location location(mlir::Value accumulator) const;
};

Epilogue matchEpilogue(mlir::Value accumulator);

/// Locations of the operations between `first` and `last`, a chain with one varying operand each.
mlir::Location chainLocation(mlir::Value first, mlir::Value last);

} // namespace afe

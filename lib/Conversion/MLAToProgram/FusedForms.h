// Lane operations of a vector program that are part of another micro-operation: the zero point of a
// load, the clamp of a store, the rounding of a resize. They cost nothing there.
#pragma once

#include "mla/MLADialect.h"

namespace afe {

/// `argument - zp` as one load.
struct CentredLoad {
  unsigned argument;
  int32_t zp;
};

/// How a resize rounds its sum (modes of Micro.def; 0: not at all), and the lane that is the
/// result.
struct Rounding {
  uint8_t mode = 0;
  int32_t shift = 0;
  mlir::Value result;
};

/// Found once per program; nothing is rewritten.
class FusedForms {
public:
  explicit FusedForms(mla::VectorOp op);

  /// Whether the operation has no micro-operation of its own.
  bool isAbsorbed(mlir::Operation *lane) const { return absorbed.contains(lane); }
  /// Nothing where `lane` is no integer input less a constant.
  std::optional<CentredLoad> centredLoad(mlir::Operation *lane) const;
  Rounding roundingOf(mlir::Value gathered) const { return roundings.lookup(gathered); }
  /// The clamp that the store of `result` does; null where there is none.
  mla::VClampOp clampOfStore(mlir::Value result) const;
  /// Whether a store reads `lane` itself, behind every other operation.
  bool isStored(mlir::Value lane) const { return stored.contains(lane); }

private:
  void findRounding(mlir::Operation &gather);

  llvm::DenseSet<mlir::Operation *> absorbed;
  llvm::DenseSet<mlir::Value> stored;
  llvm::DenseMap<mlir::Value, Rounding> roundings;
};

} // namespace afe

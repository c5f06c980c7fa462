// Lane form of TOSA operations: what one elementwise operation (or reduction) is, in
// micro-operations on single lanes. Integers of every width live in i32 lanes by value, booleans as
// 0 and 1, f32 in f32 lanes.
#pragma once

#include "Conversion/TosaToMLA/VectorBuilder.h"

namespace afe {

/// Whether the kind of `op` has a lane form (its types and parameters may still not fit).
bool isLaneOp(mlir::Operation *op);

/// A reduction that stays: the axis the VECTOR engine reduces over. Nothing for axes of size 1
/// (a copy) and for axes it cannot reduce.
std::optional<mla::ReduceAxis> reducedAxis(mlir::Operation *op);

/// The operand a reduction reduces: of two reductions over rows and columns, the inner one's.
mlir::Value reductionSource(mlir::Operation *op);

/// Builds the lane form of `op`; `lane` gives the lane of a tensor. Null where it cannot be said
/// exactly.
mlir::Value emitLane(VectorBuilder &builder, mlir::Operation *op,
                     llvm::function_ref<mlir::Value(mlir::Value)> lane);

} // namespace afe

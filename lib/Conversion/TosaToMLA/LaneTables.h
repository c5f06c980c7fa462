// Evaluates lane operations on single numbers, and turns what depends on one 8-bit input alone into
// a 256-entry table: one micro-operation instead of several, and the only way to compute functions
// the VECTOR engine does not have (exp, tanh, …; written as math operations while building).
#pragma once

#include "mla/MLADialect.h"

#include <optional>

namespace afe {

/// Whether the operation reads operand 0 (or coordinates) rather than its block argument.
bool readsWholeOperand(mlir::Operation *op);

/// The bits of a lane: an int32, or an f32.
using LaneBits = int32_t;

/// The result of one lane operation on operand bits; nothing for reductions, windows and gathers.
std::optional<LaneBits> evaluateLane(mlir::Operation *op, llvm::ArrayRef<LaneBits> operands);

/// Replaces every maximal computation on one 8-bit block argument by a table, where it saves
/// operations. `tensors` are the inputs behind the block's arguments.
void foldTables(mlir::Block &block, mlir::ValueRange tensors);

/// The 256 results (index v & 255, as stored bytes) of a program with one 8-bit input and one 8-bit
/// output computed element by element; nothing for any other program.
std::optional<llvm::SmallVector<int8_t>> tableOf(mla::VectorOp op);

} // namespace afe

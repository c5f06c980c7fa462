// Recognises the chains of TOSA operations that mean one step of quantized arithmetic: the
// requantization of an accumulator (as a rescale, or in f32), quantize and dequantize, an addition
// of two quantized tensors. Patterns match by reading only; rewriting is the caller's.
#pragma once

#include "mla/MLADialect.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <optional>

namespace afe {

/// Requantization of int32 to a narrower integer: per tensor (one entry) or per channel.
struct Requantization {
  mla::RequantMode mode = mla::RequantMode::none;
  llvm::SmallVector<int32_t> multipliers; ///< f32 bits in mode f32_rne
  llvm::SmallVector<int8_t> shifts;       ///< empty in mode f32_rne
  int64_t inputZp = 0, outputZp = 0;
  int64_t lo = -128, hi = 127;
  mlir::Value result; ///< the value after the last operation of the chain

  bool perChannel() const { return multipliers.size() > 1; }
};

/// A tosa.rescale with constant parameters; lo and hi are the range of its result type.
std::optional<Requantization> matchRescale(mlir::tosa::RescaleOp op);

/// The chain behind `accumulator` where each step is the only use of the one before:
/// rescale, or cast f32 -> mul by a constant -> cast i32 -> [add] -> clamp -> cast i8; then
/// [clamp].
std::optional<Requantization> matchRequantization(mlir::Value accumulator);

/// The only operation that uses `value`; null where there are more (or several uses).
mlir::Operation *onlyUser(mlir::Value value);

/// Integer bounds of a tosa.clamp on integers.
std::optional<std::pair<int64_t, int64_t>> clampBounds(mlir::tosa::ClampOp op);

/// Lowest and highest value of an 8-, 16- or 32-bit integer element type.
std::pair<int64_t, int64_t> rangeOf(mlir::Type elementType);

/// tosa.custom of domain afe with the attributes of its `implementation_attrs`.
struct CustomOp {
  mlir::tosa::CustomOp op;
  mlir::DictionaryAttr facts;

  std::optional<int64_t> integer(llvm::StringRef name) const;
  std::optional<float> number(llvm::StringRef name) const;
  std::optional<llvm::SmallVector<int64_t>> integers(llvm::StringRef name) const;
  bool flag(llvm::StringRef name) const;
  llvm::StringRef text(llvm::StringRef name) const;
};

/// Whether a custom operator has the number of operands and results, and the element types, for
/// which docs/tosa-conventions.md defines it. True for nothing else than domain afe's operators.
bool hasDefinedForm(mlir::tosa::CustomOp op);

/// `op` as an afe custom operator called `name` (any where empty); nothing for foreign domains,
/// undefined forms and attributes that do not parse.
std::optional<CustomOp> matchCustom(mlir::Operation *op, llvm::StringRef name = "");

/// The identity up to the change between int8 and uint8: rescale with multiplier 2^shift and
/// zero points that differ by 128. Returns +128 for i8 -> ui8, -128 for ui8 -> i8, else 0.
int64_t signednessShift(mlir::tosa::RescaleOp op);

/// A 256-entry TOSA table (index -128 first) in the machine's order (index v & 255).
std::optional<llvm::SmallVector<int8_t>> machineTable(mlir::tosa::TableOp op);

} // namespace afe

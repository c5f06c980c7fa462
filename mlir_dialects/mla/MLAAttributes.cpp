// Verifiers of the attributes. The labels (C1)… are those of their descriptions.

#include "mla/MLAVerify.h"

#include <cmath>

using namespace mlir;
using namespace afe;
using namespace afe::mla;

using EmitError = function_ref<InFlightDiagnostic()>;

LogicalResult TargetAttr::verify(EmitError emitError, StringAttr name, DictionaryAttr fields) {
  // (C1)
  Target target;
  for (NamedAttribute field : fields) {
    int64_t *slot = target.find(field.getName().str());
    auto value = dyn_cast<IntegerAttr>(field.getValue());
    if (!slot)
      return emitError() << "target has no field '" << field.getName().getValue() << "'";
    if (!value)
      return emitError() << "target field '" << field.getName().getValue()
                         << "' must be an integer";
    *slot = value.getInt();
  }
  if (std::string error = target.check(); !error.empty())
    return emitError() << error;
  return success();
}

static LogicalResult verifyRange(EmitError emitError, StringRef what, int64_t value, Range range) {
  if (range.contains(value))
    return success();
  return emitError() << what << " is " << value << ", allowed is " << range.lo << " to "
                     << range.hi;
}

static LogicalResult verifyClamp(EmitError emitError, int32_t lo, int32_t hi) {
  if (lo <= hi)
    return success();
  return emitError() << "clamp range is empty: lo " << lo << " > hi " << hi;
}

static LogicalResult verifyScale(EmitError emitError, StringRef what, int32_t bits) {
  float scale = llvm::bit_cast<float>(bits);
  if (std::isfinite(scale))
    return success();
  return emitError() << what << " " << bits << " is the bits of " << std::to_string(scale)
                     << ", expected a finite f32";
}

// (C1) of requantizations
static LogicalResult verifyScaling(EmitError emitError, RequantMode mode,
                                   DenseI32ArrayAttr multipliers, DenseI8ArrayAttr shifts) {
  bool scaled = mode != RequantMode::none, shifted = scaled && mode != RequantMode::f32_rne;
  StringRef name = stringifyRequantMode(mode);
  if (scaled != static_cast<bool>(multipliers))
    return emitError() << "requantization " << name
                       << (scaled ? " needs multipliers" : " takes no multipliers");
  if (shifted != static_cast<bool>(shifts))
    return emitError() << "requantization " << name
                       << (shifted ? " needs shifts" : " takes no shifts");
  if (scaled && multipliers.empty())
    return emitError() << "requantization " << name << " has no multiplier";
  if (shifted && shifts.size() != multipliers.size())
    return emitError() << "requantization has " << multipliers.size() << " multipliers but "
                       << shifts.size() << " shifts";
  return success();
}

LogicalResult RequantAttr::verify(EmitError emitError, RequantMode mode,
                                  DenseI32ArrayAttr multipliers, DenseI8ArrayAttr shifts,
                                  int32_t zp, int32_t lo, int32_t hi) {
  if (failed(verifyScaling(emitError, mode, multipliers, shifts)))
    return failure();
  // (C2)
  for (int32_t multiplier : multipliers ? multipliers.asArrayRef() : ArrayRef<int32_t>())
    if (failed(mode == RequantMode::f32_rne
                   ? verifyScale(emitError, "multiplier", multiplier)
                   : verifyRange(emitError, "multiplier", multiplier, {0, INT32_MAX})))
      return failure();
  for (int8_t shift : shifts ? shifts.asArrayRef() : ArrayRef<int8_t>())
    if (failed(verifyRange(emitError, "shift", shift, kShiftRange)))
      return failure();
  // (C3)
  return failure(failed(verifyClamp(emitError, lo, hi)) ||
                 failed(verifyRange(emitError, "zp", zp, kByteRange)));
}

LogicalResult DramAttr::verify(EmitError emitError, DramLayout layout, DenseI64ArrayAttr tile,
                               bool packed) {
  // (C1)
  if (tile &&
      (tile.size() != 3 || llvm::any_of(tile.asArrayRef(), [](int64_t s) { return s < 1; })))
    return emitError() << "a tile has three sizes of at least 1: rows, columns, channels";
  // (C2)
  if (packed && !tile)
    return emitError() << "what is packed are tiles, and there is no tile";
  return success();
}

static LogicalResult verifyResidualScales(EmitError emitError, ArrayRef<int32_t> multipliers) {
  constexpr StringLiteral kNames[] = {"selfMultiplier", "residualMultiplier", "sumMultiplier"};
  for (auto [name, bits] : llvm::zip(kNames, multipliers))
    if (failed(verifyScale(emitError, name, bits)))
      return failure();
  if (llvm::bit_cast<float>(multipliers.back()) == 0)
    return emitError() << "sumMultiplier is the bits of 0, which cannot divide";
  return success();
}

LogicalResult ResidualAttr::verify(EmitError emitError, ResidualMode mode, int32_t selfZp,
                                   int32_t selfMultiplier, int32_t selfShift, int32_t residualZp,
                                   int32_t residualMultiplier, int32_t residualShift,
                                   int32_t sumMultiplier, int32_t sumShift, int32_t sumZp,
                                   int32_t leftShift, int32_t lo, int32_t hi) {
  // (C1)
  if (failed(verifyRange(emitError, "selfZp", selfZp, kByteRange)) ||
      failed(verifyRange(emitError, "residualZp", residualZp, kByteRange)) ||
      failed(verifyRange(emitError, "sumZp", sumZp, kByteRange)) ||
      failed(verifyRange(emitError, "lo", lo, kByteRange)) ||
      failed(verifyRange(emitError, "hi", hi, kByteRange)) ||
      failed(verifyClamp(emitError, lo, hi)))
    return failure();
  // (C2)
  if (mode == ResidualMode::f32_add)
    return verifyResidualScales(emitError, {selfMultiplier, residualMultiplier, sumMultiplier});
  return failure(failed(verifyRange(emitError, "selfShift", selfShift, kShiftRange)) ||
                 failed(verifyRange(emitError, "residualShift", residualShift, kShiftRange)) ||
                 failed(verifyRange(emitError, "sumShift", sumShift, kShiftRange)) ||
                 failed(verifyRange(emitError, "leftShift", leftShift, {0, 22})));
}

LogicalResult WindowAttr::verify(EmitError emitError, int64_t kernelRows, int64_t kernelCols,
                                 int64_t strideRows, int64_t strideCols, int64_t padTop,
                                 int64_t padBottom, int64_t padLeft, int64_t padRight,
                                 int64_t dilationRows, int64_t dilationCols) {
  // (C1)
  for (int64_t value : {kernelRows, kernelCols, strideRows, strideCols, dilationRows, dilationCols})
    if (failed(verifyRange(emitError, "window kernel, stride or dilation", value, {1, 255})))
      return failure();
  // (C2)
  int64_t rows = (kernelRows - 1) * dilationRows, cols = (kernelCols - 1) * dilationCols;
  return failure(failed(verifyRange(emitError, "padTop", padTop, {0, rows})) ||
                 failed(verifyRange(emitError, "padBottom", padBottom, {0, rows})) ||
                 failed(verifyRange(emitError, "padLeft", padLeft, {0, cols})) ||
                 failed(verifyRange(emitError, "padRight", padRight, {0, cols})));
}

// Matches the epilogue of convolutions; see Epilogue.h.

#include "Conversion/TosaToMLA/Epilogue.h"

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/Tensors.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace afe {

Location chainLocation(Value first, Value last) {
  SmallVector<Location> locations;
  constexpr size_t kMaxSteps = 16;
  for (Value value = last; value && locations.size() < kMaxSteps;) {
    locations.push_back(value.getLoc());
    Operation *op = value.getDefiningOp();
    if (value == first || !op)
      break;
    auto varying = llvm::find_if(op->getOperands(), [](Value v) { return !constantOf(v); });
    value = varying == op->getOperands().end() ? Value() : *varying;
  }
  std::reverse(locations.begin(), locations.end());
  return Builder(first.getContext()).getFusedLoc(locations);
}

Location Epilogue::location(Value accumulator) const { return chainLocation(accumulator, result); }

static mla::RequantAttr requantAttr(MLIRContext *context, const Requantization &match) {
  bool scaled = match.mode == mla::RequantMode::f32_rne;
  return mla::RequantAttr::get(
      context, match.mode, DenseI32ArrayAttr::get(context, match.multipliers),
      scaled ? DenseI8ArrayAttr() : DenseI8ArrayAttr::get(context, match.shifts), match.outputZp,
      match.lo, match.hi);
}

/// Whether the OUTPUT engine can do this: an 8-bit result, one multiplier or one per channel.
static bool fitsOutput(const Requantization &match, Value accumulator) {
  auto [lo, hi] = rangeOf(getElementTypeOrSelf(match.result.getType()));
  int64_t channels = cast<RankedTensorType>(accumulator.getType()).getShape().back();
  return isByteTensor(match.result) && match.inputZp == 0 && match.lo >= lo && match.hi <= hi &&
         (!match.perChannel() || int64_t(match.multipliers.size()) == channels);
}

Epilogue matchEpilogue(Value accumulator) {
  MLIRContext *context = accumulator.getContext();
  auto match = matchRequantization(accumulator);
  if (!match || !fitsOutput(*match, accumulator)) {
    auto raw = mla::RequantAttr::get(context, mla::RequantMode::none, {}, {}, 0, -128, 127);
    return {raw, {}, accumulator};
  }
  Epilogue epilogue{requantAttr(context, *match), {}, match->result};
  if (auto op = dyn_cast_or_null<tosa::TableOp>(onlyUser(match->result)))
    if (auto table = machineTable(op)) {
      epilogue.table = DenseI8ArrayAttr::get(context, *table);
      epilogue.result = op.getOutput();
    }
  return epilogue;
}

} // namespace afe

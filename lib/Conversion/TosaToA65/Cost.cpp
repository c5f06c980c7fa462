// Elements times a rate per kind of operator. The rates are rounded from the instructions that the
// generated code executes per element (benchmarks/a65.py), at one instruction per cycle.

#include "Conversion/TosaToA65/Cost.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace afe {
namespace {

constexpr double kMacs8PerCycle = 8; ///< sdot on half of the issue slots
constexpr double kMacsPerCycle = 2;  ///< f32, int16
constexpr double kSimple = 1;        ///< moves, sums, tables
constexpr double kRescale = 4;
constexpr double kDivision = 6;
constexpr double kFunction = 40; ///< exp, log, tanh, erf, pow, sin

int64_t elementsOf(Value value) {
  auto type = dyn_cast<ShapedType>(value.getType());
  return type && type.hasStaticShape() ? type.getNumElements() : 0;
}

int64_t largest(ValueRange values) {
  int64_t elements = 0;
  for (Value value : values)
    elements = std::max(elements, elementsOf(value));
  return elements;
}

/// Multiplications of a convolution or product: results times what each sums up.
std::optional<double> multiplications(Operation *op) {
  double results = elementsOf(op->getResult(0));
  auto shape = [&](unsigned operand) {
    return cast<ShapedType>(op->getOperand(operand).getType()).getShape();
  };
  if (isa<tosa::MatMulOp>(op))
    return results * shape(0)[2];
  if (isa<tosa::DepthwiseConv2DOp>(op))
    return results * shape(1)[0] * shape(1)[1];
  if (isa<tosa::Conv2DOp, tosa::Conv3DOp>(op))
    return results * (double(elementsOf(op->getOperand(1))) / shape(1)[0]);
  if (isa<tosa::TransposeConv2DOp>(op))
    return elementsOf(op->getOperand(0)) * (double(elementsOf(op->getOperand(1))) / shape(1)[3]);
  return std::nullopt;
}

double customCycles(tosa::CustomOp op) {
  StringRef name = op.getOperatorName();
  if (name == "litert.detection_postprocess") // decode all boxes, look at every score
    return 8.0 * elementsOf(op.getOperand(0)) + 4.0 * elementsOf(op.getOperand(1));
  double perElement = name.contains("softmax")  ? kFunction / 2
                      : name.contains("resize") ? 12
                      : name.contains("pool")   ? 9
                      : name == "div_f32" || name == "sqrt_f32" || name == "quantize" ? kDivision
                                                                                      : kRescale;
  return perElement * std::max(largest(op.getOperands()), largest(op.getResults()));
}

double ownCycles(Operation *op) {
  if (isa<tosa::ConstOp, tosa::ConstShapeOp>(op) || op->getNumResults() == 0)
    return 0;
  if (auto macs = multiplications(op)) {
    bool isBytes = getElementTypeOrSelf(op->getOperand(0).getType()).getIntOrFloatBitWidth() == 8;
    return *macs / (isBytes ? kMacs8PerCycle : kMacsPerCycle);
  }
  if (auto custom = dyn_cast<tosa::CustomOp>(op))
    return customCycles(custom);
  double elements = std::max(largest(op->getOperands()), largest(op->getResults()));
  if (isa<tosa::RescaleOp, tosa::ResizeOp, tosa::ReciprocalOp, tosa::RsqrtOp>(op))
    return elements * (isa<tosa::RescaleOp>(op) ? kRescale : kDivision);
  if (isa<tosa::ExpOp, tosa::LogOp, tosa::TanhOp, tosa::ErfOp, tosa::SigmoidOp, tosa::PowOp,
          tosa::SinOp, tosa::CosOp>(op))
    return elements * kFunction;
  return elements * kSimple;
}

} // namespace

int64_t hostCycles(Operation *op) {
  double cycles = 0;
  op->walk([&](Operation *nested) { cycles += ownCycles(nested); });
  return int64_t(cycles);
}

} // namespace afe

// Finds the first constraint of the MLA that an operation breaks, from the general (element types,
// rank) to the particular (the operator itself).

#include "Conversion/TosaToA65/Reasons.h"

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Lanes.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace afe {
namespace {

/// The operator's name as users know it.
std::string nameOf(Operation *op) {
  if (auto custom = dyn_cast<tosa::CustomOp>(op))
    return custom.getOperatorName().str();
  return op->getName().getStringRef().str();
}

std::string typeName(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

bool isConvolution(Operation *op) {
  return isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, tosa::TransposeConv2DOp, tosa::MatMulOp>(op);
}

/// The first tensor among operands and results for which `test` holds.
std::optional<RankedTensorType> findTensor(Operation *op,
                                           llvm::function_ref<bool(ShapedType)> test) {
  for (ValueRange values : {ValueRange(op->getResults()), ValueRange(op->getOperands())})
    for (Value value : values)
      if (auto type = dyn_cast<RankedTensorType>(value.getType()); type && test(type))
        return type;
  return std::nullopt;
}

HostReason convolutionReason(Operation *op, const std::string &name) {
  for (Value operand : op->getOperands().take_front(2)) {
    Type element = getElementTypeOrSelf(operand.getType());
    if (!element.isInteger(8) && !element.isUnsignedInteger(8))
      return {
          llvm::formatv("'{0}' multiplies {1} values, the MLA 8-bit ones", name, typeName(element)),
          "quantize this layer to int8"};
  }
  if (!isa<tosa::MatMulOp>(op) && !constantOf(op->getOperand(1)))
    return {llvm::formatv("'{0}' has weights that are computed, the MLA's are constants", name),
            "make the weights a constant of the model, or use a matrix product"};
  return {
      llvm::formatv(
          "'{0}' has a kernel side, stride, dilation or padding above 255, or parameters that are "
          "no constants",
          name),
      "split the kernel into smaller ones"};
}

/// Operators that the MLA has, but not along every axis.
std::optional<HostReason> axisReason(Operation *op, const std::string &name) {
  if (isa<tosa::ReduceSumOp, tosa::ReduceMaxOp, tosa::ReduceMinOp>(op) && !reducedAxis(op))
    return HostReason{
        llvm::formatv(
            "'{0}' reduces the batch, or rows or columns alone; the VECTOR engine reduces "
            "channels, or rows and columns together",
            name),
        "reduce over channels, or over all pixels"};
  if (isa<tosa::ArgMaxOp>(op))
    return HostReason{
        llvm::formatv("'{0}' is not over the channels (the last axis) of an int8 tensor "
                      "of rank 4 at most",
                      name),
        "move the axis to the end"};
  if (isa<tosa::ReverseOp>(op))
    return HostReason{
        llvm::formatv("'{0}' does not reverse rows or columns of an 8-bit image", name),
        "reverse rows or columns"};
  return std::nullopt;
}

/// Comparisons and logic whose result nothing on the MLA consumes.
bool isBoolean(Operation *op) {
  return op->getNumResults() == 1 && getElementTypeOrSelf(op->getResult(0).getType()).isInteger(1);
}

HostReason floatReason(const std::string &name) {
  return {llvm::formatv("'{0}' works on f32 tensors that do not come from 8-bit ones", name),
          "quantize the layers around it (the MLA computes in f32 only between 8-bit tensors)"};
}

} // namespace

HostReason askedReason(Operation *op) {
  return {llvm::formatv("'{0}' is kept on the Cortex-A65 by the option arm-only", nameOf(op)),
          "compile without the option"};
}

HostReason hostReason(Operation *op) {
  std::string name = nameOf(op);
  if (isConvolution(op))
    return convolutionReason(op, name);
  if (auto type = findTensor(op, [](ShapedType type) { return type.getRank() > 4; }))
    return {llvm::formatv("'{0}' has a tensor of rank {1}, the MLA's have at most 4", name,
                          type->getRank()),
            "reshape the tensor to at most 4 dimensions, channels last"};
  if (name == "qdq.softmax")
    return {llvm::formatv("'{0}' makes an f32 tensor that not only 'quantize' reads", name),
            "quantize its result"};
  if (name == "litert.detection_postprocess")
    return {llvm::formatv("'{0}' goes on as its data tell, the MLA's programs are fixed", name),
            "it costs least where it is, at the model's end; fewer max_detections make it shorter"};
  if (findTensor(op, [](ShapedType type) { return type.getElementType().isF32(); }))
    return axisReason(op, name).value_or(floatReason(name));
  auto isForeign = [](ShapedType type) {
    Type element = type.getElementType();
    auto integer = dyn_cast<IntegerType>(element);
    return !integer || integer.getWidth() > 32;
  };
  if (auto type = findTensor(op, isForeign))
    return {llvm::formatv("'{0}' has a tensor of {1}, which the MLA does not store", name,
                          typeName(type->getElementType())),
            "use 8-bit tensors"};
  if (auto reason = axisReason(op, name))
    return *reason;
  if (name == "litert.resize_bilinear")
    return {
        llvm::formatv("'{0}' interpolates uint8 in f32 at positions that are no multiples of 2^-7, "
                      "or works on more than 32768 rows or columns",
                      name),
        "quantize the model to int8, whose interpolation is in integers"};
  if (isBoolean(op))
    return {llvm::formatv("'{0}' makes a boolean tensor, which the MLA does not store", name),
            "use the result in the same elementwise expression, with 'tosa.select'"};
  if (isLaneOp(op))
    return {
        llvm::formatv("'{0}' has no 8-bit layer next to it, or parameters that the VECTOR engine "
                      "cannot hold",
                      name),
        "keep it between quantized layers"};
  return {llvm::formatv("the MLA has no operation for '{0}'", name),
          "replace the operator, or move it to the end of the model"};
}

} // namespace afe

// Verifier of the EV74's fixed functions. The labels (C1)… are those of the description.

#include "a65/A65Dialect.h"

using namespace mlir;
using namespace afe::a65;

namespace {

/// How many tensors go in or come out.
enum class Count { One, Many };

/// A fixed function: its parameters, of which one of the two lists must be complete.
struct Kernel {
  StringLiteral name;
  Count inputs, outputs;
  std::vector<StringRef> params, otherParams;
};

const Kernel *findKernel(StringRef name) {
  static const Kernel kernels[] = {
      {"quantization_transform",
       Count::One,
       Count::One,
       {"channel_params"},
       {"divisor", "zero_point"}},
      {"dequantization_transform",
       Count::One,
       Count::One,
       {"channel_params"},
       {"scale", "zero_point"}},
      {"tessellation_transform", Count::One, Count::One, {"slice_shape"}, {}},
      {"detessellation_transform", Count::One, Count::One, {"slice_shape", "frame_shape"}, {}},
      {"cast_transform", Count::One, Count::One, {"out_dtype"}, {}},
      {"slice_transform", Count::One, Count::One, {"begin", "end"}, {}},
      {"reshape_transform", Count::One, Count::One, {"newshape"}, {}},
      {"layout_transform", Count::One, Count::One, {"src_layout", "dst_layout"}, {"perms"}},
      {"pack_transform", Count::Many, Count::One, {}, {}},
      {"unpack_transform", Count::One, Count::Many, {"tensor_types", "tensor_shapes"}, {}},
      {"pass_through", Count::Many, Count::Many, {}, {}},
  };
  for (const Kernel &kernel : kernels)
    if (kernel.name == name)
      return &kernel;
  return nullptr;
}

// (C2)
LogicalResult verifyCount(EV74Op op, StringRef what, size_t found, Count expected) {
  if (expected == Count::One ? found == 1 : found >= 1)
    return success();
  return op.emitOpError() << op.getKernel() << " has " << found << " " << what << ", expected "
                          << (expected == Count::One ? "1" : "at least 1");
}

// (C3)
LogicalResult verifyParams(EV74Op op, const Kernel &kernel) {
  DictionaryAttr params = op.getParams();
  auto hasAll = [&](ArrayRef<StringRef> names) {
    return llvm::all_of(names, [&](StringRef name) { return params.contains(name); });
  };
  if (hasAll(kernel.params) || (!kernel.otherParams.empty() && hasAll(kernel.otherParams)))
    return success();
  auto error = op.emitOpError() << kernel.name << " needs the parameters ";
  llvm::interleaveComma(kernel.params, error);
  if (!kernel.otherParams.empty())
    llvm::interleaveComma(kernel.otherParams, error << " or ");
  return error;
}

// (C4)
LogicalResult verifySameShape(EV74Op op, ShapedType in, ShapedType out) {
  if (in.getShape() != out.getShape())
    return op.emitOpError() << op.getKernel() << " makes " << out << " of " << in
                            << ", expected the same shape";
  bool quantize = op.getKernel() == "quantization_transform";
  bool dequantize = op.getKernel() == "dequantization_transform";
  Type integer = quantize ? out.getElementType() : in.getElementType();
  Type floating = quantize ? in.getElementType() : out.getElementType();
  if ((quantize || dequantize) && (!isa<IntegerType>(integer) || !isa<FloatType>(floating)))
    return op.emitOpError() << op.getKernel() << " makes " << out.getElementType() << " of "
                            << in.getElementType() << ", expected "
                            << (quantize ? "integers of floats" : "floats of integers");
  return success();
}

// (C5)
LogicalResult verifySameElements(EV74Op op, ShapedType in, ShapedType out) {
  bool isStatic = in.hasStaticShape() && out.hasStaticShape();
  if (in.getElementType() == out.getElementType() &&
      (!isStatic || in.getNumElements() == out.getNumElements()))
    return success();
  return op.emitOpError() << op.getKernel() << " makes " << out << " of " << in
                          << ", expected the same elements";
}

} // namespace

LogicalResult EV74Op::verify() {
  const Kernel *kernel = findKernel(getKernel());
  if (!kernel) // (C1)
    return emitOpError() << "the EV74 has no kernel '" << getKernel() << "'";
  if (failed(verifyCount(*this, "inputs", getInputs().size(), kernel->inputs)) ||
      failed(verifyCount(*this, "outputs", getOutputs().size(), kernel->outputs)) ||
      failed(verifyParams(*this, *kernel)))
    return failure();
  auto in = cast<ShapedType>(getInputs()[0].getType());
  auto out = cast<ShapedType>(getOutputs()[0].getType());
  bool isElementwise = getKernel() == "quantization_transform" || getKernel() == "cast_transform" ||
                       getKernel() == "dequantization_transform";
  if (isElementwise)
    return verifySameShape(*this, in, out);
  if (getKernel() == "reshape_transform" || getKernel() == "layout_transform")
    return verifySameElements(*this, in, out);
  return success();
}

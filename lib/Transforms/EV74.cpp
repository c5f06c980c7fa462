// Configures the EV74's fixed functions from the TOSA operations they stand for.

#include "Transforms/EV74.h"

#include "Conversion/TosaToMLA/Edges.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Transforms/Passes.h"

using namespace mlir;

namespace afe {

std::string dtypeName(Type elementType) {
  if (auto type = dyn_cast<IntegerType>(elementType)) {
    if (type.getWidth() == 1)
      return "bool";
    return (type.isUnsigned() ? "uint" : "int") + std::to_string(type.getWidth());
  }
  return "float" + std::to_string(elementType.getIntOrFloatBitWidth());
}

/// Layout names of a transpose: the letters of the source, and in the order of the result.
static std::pair<std::string, std::string> layoutNames(ArrayRef<int32_t> perms) {
  bool toChannelsLast = perms.size() >= 3 && perms[0] == 0 && perms.back() == 1;
  for (size_t i = 1; toChannelsLast && i + 1 < perms.size(); ++i)
    toChannelsLast = perms[i] == int32_t(i + 1);
  constexpr const char *channelsLast[] = {"", "C", "NC", "NWC", "NHWC", "NDHWC"};
  constexpr const char *channelsFirst[] = {"", "C", "NC", "NCW", "NCHW", "NCDHW"};
  if (perms.size() >= std::size(channelsLast))
    return {"any", "any"};
  std::string source = (toChannelsLast ? channelsFirst : channelsLast)[perms.size()], result;
  for (int32_t dim : perms)
    result += source[dim];
  return {source, result};
}

static DictionaryAttr paramsOf(Operation *op) {
  Builder b(op->getContext());
  SmallVector<NamedAttribute> params;
  auto put = [&](StringRef name, Attribute value) {
    params.push_back(b.getNamedAttr(name, value));
  };
  Type result = op->getResult(0).getType();
  if (auto transpose = dyn_cast<tosa::TransposeOp>(op)) {
    auto [source, target] = layoutNames(transpose.getPerms());
    put("perms", b.getDenseI64ArrayAttr(llvm::to_vector_of<int64_t>(transpose.getPerms())));
    put("src_layout", b.getStringAttr(source));
    put("dst_layout", b.getStringAttr(target));
  } else if (isa<tosa::ReshapeOp>(op)) {
    put("newshape", b.getDenseI64ArrayAttr(cast<ShapedType>(result).getShape()));
  } else if (isa<tosa::CastOp>(op)) {
    put("out_dtype", b.getStringAttr(dtypeName(getElementTypeOrSelf(result))));
  } else if (auto custom = matchCustom(op)) {
    bool isQuantize = custom->op.getOperatorName() == "quantize";
    put(isQuantize ? "divisor" : "scale", b.getF32FloatAttr(*custom->number("scale")));
    put("zero_point", b.getI64IntegerAttr(*custom->integer("zero_point")));
    if (isQuantize) {
      put("rounding", b.getStringAttr(custom->text("rounding")));
      put("output_data_type", b.getStringAttr(dtypeName(getElementTypeOrSelf(result))));
    }
  }
  return b.getDictionaryAttr(params);
}

size_t convertEdges(func::FuncOp func) {
  // All kernels are found before the first rewrite: an edge is one by what stands around it.
  SmallVector<std::pair<Operation *, std::string>> edges;
  for (Operation &op : func.getBody().front().without_terminator())
    if (StringRef kernel = ev74Kernel(&op); !kernel.empty())
      edges.push_back({&op, kernel.str()});
  for (auto &[op, kernel] : edges) {
    OpBuilder builder(op);
    auto ev74 = a65::EV74Op::create(builder, op->getLoc(), op->getResultTypes(), kernel,
                                    op->getOperand(0), paramsOf(op));
    op->replaceAllUsesWith(ev74);
    op->erase();
  }
  return edges.size();
}

} // namespace afe

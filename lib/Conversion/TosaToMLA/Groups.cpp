// Joins a grouped convolution, which importers write as slices of the channels, one convolution
// each and a concatenation, into one layer with `groups`.

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Epilogue.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace afe {
namespace {

/// The whole tensor, where `value` is the slice of `count` channels from `first` on.
Value slicedChannels(Value value, int64_t first, int64_t count) {
  auto slice = value.getDefiningOp<tosa::SliceOp>();
  auto start = slice ? readShape(slice.getStart()) : std::nullopt;
  if (!start || start->size() != 4)
    return {};
  auto from = shapeOf(slice.getInput1()), to = shapeOf(value);
  bool wholePixels = (*start)[0] == 0 && (*start)[1] == 0 && (*start)[2] == 0 &&
                     from.drop_back() == to.drop_back();
  return wholePixels && (*start)[3] == first && to[3] == count ? slice.getInput1() : Value();
}

/// Whether two groups differ in nothing but their channels.
bool isAlike(mla::Conv2DOp a, mla::Conv2DOp b) {
  auto requantA = a.getRequant(), requantB = b.getRequant();
  return a.getStride() == b.getStride() && a.getDilation() == b.getDilation() &&
         a.getPad() == b.getPad() && a.getInputZp() == b.getInputZp() &&
         a.getWeightZp() == b.getWeightZp() && a.getTableAttr() == b.getTableAttr() &&
         requantA.getMode() == requantB.getMode() && requantA.getZp() == requantB.getZp() &&
         requantA.getLo() == requantB.getLo() && requantA.getHi() == requantB.getHi() &&
         a.getOutput().getType() == b.getOutput().getType() &&
         a.getWeights().getType() == b.getWeights().getType();
}

/// The convolutions behind a concatenation of channels, and the tensor they share.
struct Grouped {
  SmallVector<mla::Conv2DOp> parts;
  Value input;
};

std::optional<Grouped> match(tosa::ConcatOp concat) {
  if (concat.getAxis() != 3 || concat.getInput1().size() < 2)
    return std::nullopt;
  Grouped grouped;
  for (auto [index, value] : llvm::enumerate(concat.getInput1())) {
    auto conv = value.getDefiningOp<mla::Conv2DOp>();
    if (!conv || !value.hasOneUse() || conv.getResidual() || conv.getGroups() != 1 ||
        (index && !isAlike(grouped.parts.front(), conv)))
      return std::nullopt;
    int64_t channels = shapeOf(conv.getInput()).back();
    Value input = slicedChannels(conv.getInput(), index * channels, channels);
    if (!input || (index && input != grouped.input))
      return std::nullopt;
    grouped.input = input;
    grouped.parts.push_back(conv);
  }
  bool covers = shapeOf(grouped.input).back() ==
                int64_t(grouped.parts.size()) * shapeOf(grouped.parts.front().getInput()).back();
  return covers ? std::optional(grouped) : std::nullopt;
}

/// The weights of all groups, one after the other: a new resource, not hashed. Null where the bytes
/// of a group are not at hand.
ElementsAttr joinedWeights(const Grouped &grouped) {
  SmallVector<char> bytes;
  for (mla::Conv2DOp part : grouped.parts) {
    ElementsAttr weights = constantOf(part.getWeights());
    bool splat = false;
    if (auto dense = dyn_cast_or_null<DenseElementsAttr>(weights); dense && dense.isSplat())
      splat = true;
    ArrayRef<char> own = weights && !splat ? rawBytes(weights) : ArrayRef<char>();
    if (splat)
      bytes.append(weights.getNumElements(), cast<DenseElementsAttr>(weights).getRawData().front());
    else if (own.size() != size_t(weights ? weights.getNumElements() : -1))
      return {};
    bytes.append(own.begin(), own.end());
  }
  mla::Conv2DOp first = grouped.parts.front();
  auto type = cast<RankedTensorType>(first.getWeights().getType());
  auto shape = llvm::to_vector(type.getShape());
  shape[0] *= grouped.parts.size();
  return DenseResourceElementsAttr::get(
      type.clone(shape), "grouped",
      HeapAsmResourceBlob::allocateAndCopyInferAlign(ArrayRef<char>(bytes)));
}

/// The biases of all groups; null where none has one.
ElementsAttr joinedBias(const Grouped &grouped, int64_t channels) {
  SmallVector<int32_t> joined;
  bool any = false;
  for (mla::Conv2DOp part : grouped.parts) {
    auto values = part.getBias() ? readInts(part.getBias()) : std::nullopt;
    any |= values.has_value();
    for (int64_t channel = 0; channel < channels; ++channel)
      joined.push_back(values ? (*values)[channel] : 0);
  }
  auto type = RankedTensorType::get({int64_t(joined.size())},
                                    IntegerType::get(grouped.input.getContext(), 32));
  return any ? cast<ElementsAttr>(DenseElementsAttr::get(type, ArrayRef<int32_t>(joined)))
             : ElementsAttr();
}

/// The requantization of all groups, per channel unless they agree.
mla::RequantAttr joinedRequant(const Grouped &grouped, int64_t channels) {
  auto first = mla::Conv2DOp(grouped.parts.front()).getRequant();
  if (llvm::all_of(grouped.parts, [&](mla::Conv2DOp part) { return part.getRequant() == first; }) &&
      (!first.getMultipliers() || first.getMultipliers().size() == 1))
    return first;
  SmallVector<int32_t> multipliers;
  SmallVector<int8_t> shifts;
  for (mla::Conv2DOp part : grouped.parts)
    for (int64_t channel = 0; channel < channels; ++channel) {
      auto requant = part.getRequant();
      auto of = [&](auto values) { return values.asArrayRef()[values.size() == 1 ? 0 : channel]; };
      multipliers.push_back(of(requant.getMultipliers()));
      if (requant.getShifts())
        shifts.push_back(of(requant.getShifts()));
    }
  MLIRContext *context = first.getContext();
  return mla::RequantAttr::get(
      context, first.getMode(), DenseI32ArrayAttr::get(context, multipliers),
      first.getShifts() ? DenseI8ArrayAttr::get(context, shifts) : DenseI8ArrayAttr(),
      first.getZp(), first.getLo(), first.getHi());
}

void join(tosa::ConcatOp concat, const Grouped &grouped, ConstantPool &constants) {
  mla::Conv2DOp first = grouped.parts.front();
  ElementsAttr weights = joinedWeights(grouped);
  if (!weights)
    return;
  int64_t channels = shapeOf(first.getOutput()).back();
  ElementsAttr bias = joinedBias(grouped, channels);
  Epilogue epilogue{joinedRequant(grouped, channels), first.getTableAttr(), concat.getOutput()};
  if (epilogue.requant.getMode() == mla::RequantMode::none)
    epilogue = matchEpilogue(concat.getOutput());
  OpBuilder b(concat);
  SmallVector<Location> locations;
  for (mla::Conv2DOp part : grouped.parts)
    locations.push_back(part.getLoc());
  locations.push_back(epilogue.location(concat.getOutput()));
  Location loc = b.getFusedLoc(locations);
  auto layer = mla::Conv2DOp::create(
      b, loc, epilogue.result.getType(), grouped.input, constants.get(loc, weights),
      bias ? constants.get(loc, bias) : Value(), Value(), first.getStride(), first.getDilation(),
      first.getPad(), grouped.parts.size(), first.getInputZp(), first.getWeightZp(),
      epilogue.requant, mla::ResidualAttr(), epilogue.table, StringAttr());
  epilogue.result.replaceAllUsesWith(layer.getOutput());
}

} // namespace

void joinGroups(func::FuncOp func, ConstantPool &constants) {
  SmallVector<tosa::ConcatOp> concats(func.getBody().front().getOps<tosa::ConcatOp>());
  for (tosa::ConcatOp concat : concats)
    if (auto grouped = match(concat))
      join(concat, *grouped, constants);
  eraseDead(func);
}

} // namespace afe

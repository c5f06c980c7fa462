// Reads constants of TOSA modules; see Constants.h.

#include "Conversion/TosaToMLA/Constants.h"

#include "mla/MLADialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cstring>

using namespace mlir;

namespace afe {

ElementsAttr constantOf(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto constant = dyn_cast_or_null<tosa::ConstOp>(op))
    return constant.getValues();
  if (auto constant = dyn_cast_or_null<mla::ConstOp>(op))
    return constant.getValue();
  return {};
}

/// Bytes stored (one element where `splat`), for elements of whole bytes.
static ArrayRef<char> storedBytes(ElementsAttr attr, bool &splat) {
  splat = false;
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    splat = dense.isSplat();
    return dense.getRawData();
  }
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      return blob->getData();
  return {};
}

/// Element `index` of width `bytes`, extended to 64 bits.
static int64_t wordAt(ArrayRef<char> data, size_t index, unsigned bytes, bool isUnsigned) {
  uint64_t bits = 0;
  std::memcpy(&bits, data.data() + index * bytes, bytes);
  if (isUnsigned || bytes == 8)
    return static_cast<int64_t>(bits);
  unsigned unused = 64 - 8 * bytes;
  return static_cast<int64_t>(bits << unused) >> unused;
}

/// Calls `store(i, word)` for each element; false where the attribute holds something else.
template <typename Store>
static bool forEachWord(ElementsAttr attr, unsigned bytes, bool isUnsigned, Store store) {
  bool splat;
  ArrayRef<char> data = storedBytes(attr, splat);
  size_t count = attr.getNumElements(), stored = splat ? 1 : count;
  if (count == 0 || data.size() < stored * bytes)
    return false;
  for (size_t i = 0; i < count; ++i)
    store(i, wordAt(data, splat ? 0 : i, bytes, isUnsigned));
  return true;
}

std::optional<SmallVector<int64_t>> readInts(ElementsAttr attr) {
  auto type = attr ? dyn_cast<IntegerType>(attr.getElementType()) : IntegerType();
  if (!type)
    return std::nullopt;
  SmallVector<int64_t> values(attr.getNumElements());
  if (type.getWidth() == 1) {
    auto dense = dyn_cast<DenseElementsAttr>(attr);
    if (!dense)
      return std::nullopt;
    for (auto [i, value] : llvm::enumerate(dense.getValues<bool>()))
      values[i] = value;
    return values;
  }
  if (type.getWidth() % 8 != 0 || type.getWidth() > 64)
    return std::nullopt;
  bool read = forEachWord(attr, type.getWidth() / 8, type.isUnsigned(),
                          [&](size_t i, int64_t word) { values[i] = word; });
  return read ? std::optional(values) : std::nullopt;
}

std::optional<SmallVector<int64_t>> readInts(Value value) { return readInts(constantOf(value)); }

std::optional<SmallVector<float>> readFloats(Value value) {
  ElementsAttr attr = constantOf(value);
  if (!attr || !attr.getElementType().isF32())
    return std::nullopt;
  SmallVector<float> values(attr.getNumElements());
  bool read = forEachWord(attr, 4, true, [&](size_t i, int64_t word) {
    uint32_t bits = static_cast<uint32_t>(word);
    std::memcpy(&values[i], &bits, sizeof bits);
  });
  return read ? std::optional(values) : std::nullopt;
}

/// Whether the constant is one stored value, so that big constants are not read to find out.
static bool maybeScalar(ElementsAttr attr) {
  constexpr int64_t kMaxElements = 64;
  if (!attr)
    return false;
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  return (dense && dense.isSplat()) || attr.getNumElements() <= kMaxElements;
}

template <typename T>
static std::optional<T> onlyValue(const std::optional<SmallVector<T>> &values) {
  if (!values || values->empty() || !llvm::all_equal(*values))
    return std::nullopt;
  return values->front();
}

std::optional<int64_t> scalarInt(Value value) {
  if (!maybeScalar(constantOf(value)))
    return std::nullopt;
  return onlyValue(readInts(value));
}

std::optional<float> scalarFloat(Value value) {
  if (!maybeScalar(constantOf(value)))
    return std::nullopt;
  return onlyValue(readFloats(value));
}

std::optional<SmallVector<int64_t>> readShape(Value value) {
  auto constant = value.getDefiningOp<tosa::ConstShapeOp>();
  if (!constant)
    return std::nullopt;
  SmallVector<int64_t> numbers;
  if (auto dense = dyn_cast<DenseIntElementsAttr>(constant.getValues()))
    for (const APInt &number : dense.getValues<APInt>())
      numbers.push_back(number.getSExtValue());
  return numbers;
}

ElementsAttr reshaped(ElementsAttr attr, ArrayRef<int64_t> shape) {
  auto type = RankedTensorType::get(shape, attr.getElementType());
  if (type.getNumElements() != attr.getNumElements())
    return {};
  if (auto dense = dyn_cast<DenseElementsAttr>(attr))
    return dense.reshape(type);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  return {};
}

ArrayRef<char> rawBytes(ElementsAttr attr) {
  bool splat = false;
  ArrayRef<char> data = attr ? storedBytes(attr, splat) : ArrayRef<char>();
  return splat && attr.getNumElements() > 1 ? ArrayRef<char>() : data;
}

} // namespace afe

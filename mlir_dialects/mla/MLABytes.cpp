// Rows of bytes as attributes.

#include "mla/MLABytes.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace afe;

/// Up to here bytes are written out in the text, where people can read them.
static constexpr size_t kInlineBytes = 64;

ElementsAttr mla::bytesAttr(MLIRContext *context, StringRef name, ArrayRef<uint8_t> bytes) {
  auto type =
      RankedTensorType::get({static_cast<int64_t>(bytes.size())}, IntegerType::get(context, 8));
  ArrayRef<char> raw(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  if (bytes.size() <= kInlineBytes)
    return DenseElementsAttr::get(
        type, ArrayRef<int8_t>(reinterpret_cast<const int8_t *>(raw.data()), raw.size()));
  AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(raw, /*align=*/1);
  return cast<ElementsAttr>(
      Attribute(DenseI8ResourceElementsAttr::get(type, name, std::move(blob))));
}

static FailureOr<std::vector<uint8_t>> copyBytes(ArrayRef<char> raw, int64_t count) {
  if (static_cast<int64_t>(raw.size()) != count)
    return failure();
  return std::vector<uint8_t>(raw.begin(), raw.end());
}

FailureOr<std::vector<uint8_t>> mla::bytesOf(ElementsAttr attr) {
  ShapedType type = attr.getShapedType();
  if (!type.getElementType().isInteger(8))
    return failure();
  int64_t count = type.getNumElements();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return copyBytes(blob ? blob->getData() : ArrayRef<char>(), count);
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense)
    return failure();
  if (dense.isSplat())
    return std::vector<uint8_t>(count, static_cast<uint8_t>(dense.getRawData().front()));
  return copyBytes(dense.getRawData(), count);
}

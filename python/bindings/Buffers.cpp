//===- Buffers.cpp - The Python buffer protocol, in and out -------------------------===//
//
// An exported buffer holds its attribute, and the attribute its context, so the bytes stay.
//
//===----------------------------------------------------------------------===//
#include "Buffers.h"
#include "Casters.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace afe::python {

//===----------------------------------------------------------------------===//
// In
//===----------------------------------------------------------------------===//

BufferView::BufferView(nb::handle object) {
  constexpr int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT;
  if (PyObject_GetBuffer(object.ptr(), &view, flags) == 0)
    return;
  PyErr_Clear();
  if (!PyObject_CheckBuffer(object.ptr()))
    throw nb::type_error("expected an object with the buffer protocol, such as a numpy array");
  nb::object contiguous = nb::module_::import_("numpy").attr("ascontiguousarray")(object);
  if (PyObject_GetBuffer(contiguous.ptr(), &view, flags) != 0)
    throw nb::python_error();
}

BufferView::~BufferView() { PyBuffer_Release(&view); }

/// The format's letter, or 0 for structured or foreign-endian items.
char BufferView::kind() const {
  StringRef format = view.format ? view.format : "B";
  if (!format.consume_front("=") && !format.consume_front("@"))
    format.consume_front("<");
  if (format.size() == 2 && format[0] == 'Z')
    return format[1] == 'f' ? 'F' : 'D';
  return format.size() == 1 ? format[0] : 0;
}

bool BufferView::isBoolean() const { return kind() == '?'; }

Type BufferView::elementType(MLIRContext *context, bool isSignless) const {
  switch (kind()) {
  case '?':
    return IntegerType::get(context, 1);
  case 'e':
    return Float16Type::get(context);
  case 'f':
    return Float32Type::get(context);
  case 'd':
    return Float64Type::get(context);
  case 'F':
    return ComplexType::get(Float32Type::get(context));
  case 'D':
    return ComplexType::get(Float64Type::get(context));
  case 'b':
  case 'h':
  case 'i':
  case 'l':
  case 'q':
    return IntegerType::get(context, 8 * view.itemsize,
                            isSignless ? IntegerType::Signless : IntegerType::Signed);
  case 'B':
  case 'H':
  case 'I':
  case 'L':
  case 'Q':
    return IntegerType::get(context, 8 * view.itemsize,
                            isSignless ? IntegerType::Signless : IntegerType::Unsigned);
  default:
    throw nb::value_error((std::string("no MLIR type for array items of format '") +
                           (view.format ? view.format : "") + "'; pass 'type'")
                              .c_str());
  }
}

//===----------------------------------------------------------------------===//
// Element formats
//===----------------------------------------------------------------------===//

namespace {
struct ElementFormat {
  /// Null: numpy has no such type.
  const char *format;
  Py_ssize_t size;
};
} // namespace

static ElementFormat integerFormat(unsigned width, bool isUnsigned) {
  switch (width) {
  case 1:
    return {"?", 1};
  case 8:
    return {isUnsigned ? "B" : "b", 1};
  case 16:
    return {isUnsigned ? "H" : "h", 2};
  case 32:
    return {isUnsigned ? "I" : "i", 4};
  case 64:
    return {isUnsigned ? "Q" : "q", 8};
  default:
    return {nullptr, 0};
  }
}

static ElementFormat formatOf(Type element) {
  if (element.isF16())
    return {"e", 2};
  if (element.isF32())
    return {"f", 4};
  if (element.isF64())
    return {"d", 8};
  if (element.isIndex())
    return {"q", 8};
  if (auto integer = dyn_cast<IntegerType>(element))
    return integerFormat(integer.getWidth(), integer.isUnsigned());
  if (auto complex = dyn_cast<ComplexType>(element)) {
    if (complex.getElementType().isF32())
      return {"Zf", 8};
    if (complex.getElementType().isF64())
      return {"Zd", 16};
  }
  return {nullptr, 0};
}

size_t bytesNeeded(ShapedType type) {
  Type element = type.getElementType();
  size_t elementBytes = formatOf(element).size;
  if (!elementBytes && element.isIntOrFloat() && element.getIntOrFloatBitWidth() % 8 == 0)
    elementBytes = element.getIntOrFloatBitWidth() / 8;
  if (!elementBytes)
    throw nb::value_error(("no byte size for elements of " + printed(element)).c_str());
  return elementBytes * type.getNumElements();
}

//===----------------------------------------------------------------------===//
// Out
//===----------------------------------------------------------------------===//

namespace {
/// What an exported buffer points to; freed when Python releases the buffer.
struct Exported {
  SmallVector<Py_ssize_t> shape, strides;
  /// Unpacked bits of an i1 tensor.
  std::vector<char> unpacked;
  const void *data = nullptr;
  ElementFormat format;
};
} // namespace

static void fillShape(Exported &exported, ShapedType type, bool isSplat) {
  exported.shape.assign(type.getShape().begin(), type.getShape().end());
  exported.strides.assign(exported.shape.size(), 0);
  Py_ssize_t stride = exported.format.size;
  for (size_t i = exported.shape.size(); !isSplat && i-- > 0;) {
    exported.strides[i] = stride;
    stride *= exported.shape[i];
  }
}

static std::unique_ptr<Exported> exportDense(DenseElementsAttr attribute) {
  auto exported = std::make_unique<Exported>();
  exported->format = formatOf(attribute.getElementType());
  if (!exported->format.format)
    return nullptr;
  bool isSplat = attribute.isSplat();
  if (attribute.getElementType().isInteger(1)) {
    for (bool value : attribute.getValues<bool>())
      exported->unpacked.push_back(value);
    exported->unpacked.reserve(1);
    exported->data = exported->unpacked.data();
    isSplat = false;
  } else {
    exported->data = attribute.getRawData().data();
  }
  fillShape(*exported, attribute.getType(), isSplat);
  return exported;
}

/// Null also where the resource is missing or, as in hostile bytecode, too short.
static std::unique_ptr<Exported> exportResource(DenseResourceElementsAttr attribute) {
  auto exported = std::make_unique<Exported>();
  auto type = dyn_cast<ShapedType>(attribute.getType());
  AsmResourceBlob *blob = attribute.getRawHandle().getBlob();
  if (!type || !type.hasStaticShape() || !blob)
    return nullptr;
  exported->format = formatOf(type.getElementType());
  if (!exported->format.format ||
      blob->getData().size() != size_t(exported->format.size * type.getNumElements()))
    return nullptr;
  exported->data = blob->getData().data();
  fillShape(*exported, type, /*isSplat=*/false);
  return exported;
}

static std::unique_ptr<Exported> exportAttribute(Attribute attribute) {
  if (auto dense = dyn_cast<DenseIntOrFPElementsAttr>(attribute))
    return exportDense(dense);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute))
    return exportResource(resource);
  return nullptr;
}

static Py_ssize_t numBytes(const Exported &exported) {
  Py_ssize_t count = exported.format.size;
  for (Py_ssize_t size : exported.shape)
    count *= size;
  return count;
}

static int refuse(Py_buffer *view, const char *why) {
  view->obj = nullptr;
  PyErr_SetString(PyExc_BufferError, why);
  return -1;
}

static bool isContiguous(const Exported &exported) {
  Py_ssize_t stride = exported.format.size;
  for (size_t i = exported.shape.size(); i-- > 0;) {
    if (exported.strides[i] != stride && exported.shape[i] > 1)
      return false;
    stride *= exported.shape[i];
  }
  return true;
}

static int getBuffer(PyObject *object, Py_buffer *view, int flags) {
  Attribute attribute = nb::cast<PyAttribute &>(nb::handle(object)).value;
  std::unique_ptr<Exported> exported = exportAttribute(attribute);
  if (!exported)
    return refuse(view, "the attribute has no array form: its element type has no numpy type, or "
                        "its resource is missing or of another size");
  if (flags & PyBUF_WRITABLE)
    return refuse(view, "attributes are constants");
  if ((flags & PyBUF_STRIDES) != PyBUF_STRIDES && !isContiguous(*exported))
    return refuse(view, "a splat attribute is only readable with strides");
  view->obj = Py_NewRef(object);
  view->buf = const_cast<void *>(exported->data);
  view->len = numBytes(*exported);
  view->itemsize = exported->format.size;
  view->readonly = 1;
  view->format = (flags & PyBUF_FORMAT) ? const_cast<char *>(exported->format.format) : nullptr;
  view->ndim = exported->shape.size();
  view->shape = exported->shape.data();
  view->strides = exported->strides.data();
  view->suboffsets = nullptr;
  view->internal = exported.release();
  return 0;
}

static void releaseBuffer(PyObject *, Py_buffer *view) {
  delete static_cast<Exported *>(view->internal);
}

static PyType_Slot slots[] = {{Py_bf_getbuffer, reinterpret_cast<void *>(getBuffer)},
                              {Py_bf_releasebuffer, reinterpret_cast<void *>(releaseBuffer)},
                              {0, nullptr}};

PyType_Slot *bufferSlots() { return slots; }

} // namespace afe::python

//===- ElementsAttributes.cpp - Constant tensors and numpy --------------------------===//
//
// DenseElementsAttr copies an array into the context; DenseResourceElementsAttr keeps the array's
// own memory, for large weights. Both offer the buffer protocol, so `np.array(attribute)` reads
// them.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Buffers.h"
#include "Build.h"
#include "Casters.h"
#include "Lists.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace afe::python {

using PyDenseElementsAttr = AttributeOf<DenseElementsAttr>;
struct PyDenseIntElementsAttr : PyDenseElementsAttr {};
struct PyDenseFPElementsAttr : PyDenseElementsAttr {};
using PyDenseResourceElementsAttr = AttributeOf<DenseResourceElementsAttr>;

static nb::object denseCaster(PyAttribute from) {
  if (isa<DenseIntElementsAttr>(from.value))
    return nb::cast(wrap<PyDenseIntElementsAttr>(from.context, from.value));
  if (isa<DenseFPElementsAttr>(from.value))
    return nb::cast(wrap<PyDenseFPElementsAttr>(from.context, from.value));
  return nb::cast(wrap<PyDenseElementsAttr>(from.context, from.value));
}

//===----------------------------------------------------------------------===//
// From arrays
//===----------------------------------------------------------------------===//

/// `type` may be the whole shaped type or only the element type.
static ShapedType shapedTypeFor(const ContextRef &context, const BufferView &view, bool isSignless,
                                nb::handle type, nb::handle shape) {
  SmallVector<int64_t> dimensions(view.shape());
  if (!shape.is_none())
    dimensions = llvm::to_vector(nb::cast<std::vector<int64_t>>(shape));
  Type element =
      type.is_none() ? view.elementType(&context->mlir, isSignless) : typeFrom(context, type);
  if (auto shaped = dyn_cast<ShapedType>(element)) {
    if (!shaped.hasStaticShape())
      throw nb::value_error("a constant's type must have a static shape");
    return shaped;
  }
  if (llvm::any_of(dimensions, [](int64_t size) { return size < 0; }))
    throw nb::value_error("a constant's shape must be static");
  return RankedTensorType::get(dimensions, element);
}

static DenseElementsAttr fromBooleans(ShapedType type, ArrayRef<char> bytes) {
  SmallVector<bool> values;
  for (char byte : bytes)
    values.push_back(byte != 0);
  if (int64_t(values.size()) != type.getNumElements() && values.size() != 1)
    throw nb::value_error("the array has another number of elements than the type");
  return DenseElementsAttr::get(type, values);
}

static Typed<PyDenseElementsAttr> getFromArray(nb::object array, bool isSignless,
                                               Typed<PyType> type,
                                               Typed<std::vector<int64_t>> shape,
                                               ContextArg context) {
  ContextRef state = context.get();
  BufferView view(array);
  ShapedType shaped = shapedTypeFor(state, view, isSignless, type, shape);
  Type element = shaped.getElementType();
  if (!element.isIntOrIndexOrFloat() && !isa<ComplexType>(element))
    throw nb::value_error(
        ("a constant of " + printed(element) + " cannot come from a buffer").c_str());
  if (element.isInteger(1) && view.isBoolean())
    return toPython(state, Attribute(fromBooleans(shaped, view.bytes())));
  bool isSplat = false;
  if (!DenseElementsAttr::isValidRawBuffer(shaped, view.bytes(), isSplat))
    throw nb::value_error(("the array's bytes do not fill " + printed(Type(shaped))).c_str());
  return toPython(state, Attribute(DenseElementsAttr::getFromRawBuffer(shaped, view.bytes())));
}

/// All elements as attributes; without a type, a tensor of rank 1 of the first one's type.
static Typed<PyDenseElementsAttr> getFromAttributes(nb::typed<nb::list, PyAttribute> attributes,
                                                    Typed<PyType> type, ContextArg context) {
  ContextRef state = context.get();
  SmallVector<Attribute> values;
  for (nb::handle item : attributes)
    values.push_back(attributeFrom(state, item));
  if (values.empty())
    throw nb::value_error("Attributes list must be non-empty.");
  auto first = dyn_cast<TypedAttr>(values.front());
  if (!first)
    throw nb::value_error("the elements must be typed attributes");
  Type given = type.is_none()
                   ? Type(RankedTensorType::get({int64_t(values.size())}, first.getType()))
                   : typeFrom(state, type);
  auto shaped = dyn_cast<ShapedType>(given);
  if (!shaped || !shaped.hasStaticShape() ||
      (shaped.getNumElements() != int64_t(values.size()) && values.size() != 1))
    throw nb::value_error("Expected a static ShapedType with as many elements as attributes.");
  for (Attribute value : values)
    if (auto typed = dyn_cast<TypedAttr>(value);
        !typed || typed.getType() != shaped.getElementType())
      throw nb::value_error("an element's type differs from the tensor's element type");
  return toPython(state, Attribute(DenseElementsAttr::get(shaped, values)));
}

static Typed<PyDenseElementsAttr> getSplat(PyType &type, PyAttribute &value) {
  auto shaped = dyn_cast<ShapedType>(type.value);
  auto typed = dyn_cast<TypedAttr>(value.value);
  requireSameContext(type.context, value.context, "the element");
  if (!shaped || !shaped.hasStaticShape())
    throw nb::value_error("Expected a static ShapedType for the splat.");
  if (!typed || typed.getType() != shaped.getElementType())
    throw nb::value_error("the element's type differs from the tensor's element type");
  return toPython(type.context, Attribute(DenseElementsAttr::get(shaped, value.value)));
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static AnyObject splatValue(PyDenseElementsAttr &self) {
  if (!self.get().isSplat())
    throw nb::value_error("get_splat_value called on a non-splat attribute");
  return toPython(self.context, self.get().getSplatValue<Attribute>());
}

static nb::int_ integerAt(PyDenseIntElementsAttr &self, intptr_t index) {
  auto attribute = cast<DenseElementsAttr>(self.value);
  intptr_t position = normalizedIndex(index, attribute.getNumElements());
  llvm::APInt value = *std::next(attribute.value_begin<llvm::APInt>(), position);
  if (attribute.getElementType().isUnsignedInteger() || value.getBitWidth() == 1)
    return nb::int_(value.getZExtValue());
  return nb::int_(value.getSExtValue());
}

static double floatAt(PyDenseFPElementsAttr &self, intptr_t index) {
  auto attribute = cast<DenseElementsAttr>(self.value);
  intptr_t position = normalizedIndex(index, attribute.getNumElements());
  auto value = *std::next(attribute.value_begin<Attribute>(), position);
  return cast<FloatAttr>(value).getValueAsDouble();
}

/// Without this numpy would answer a BufferError with an array of one object.
static nb::object toArray(nb::object self, nb::object dtype, nb::object copy) {
  nb::object view = nb::steal(PyMemoryView_FromObject(self.ptr()));
  if (!view.is_valid())
    throw nb::python_error();
  return nb::module_::import_("numpy").attr("array")(view, dtype);
}

static void bindDense(nb::module_ &m) {
  nb::class_<PyDenseElementsAttr, PyAttribute> dense(m, "DenseElementsAttr",
                                                     nb::type_slots(bufferSlots()));
  dense
      .def(
          "__init__",
          [](PyDenseElementsAttr *self, PyAttribute &from) {
            if (!isa<DenseElementsAttr>(from.value))
              throw nb::value_error("Cannot cast attribute to DenseElementsAttr");
            new (self) PyDenseElementsAttr(wrap<PyDenseElementsAttr>(from.context, from.value));
          },
          nb::arg("cast_from_attr"))
      .def_static(
          "isinstance", [](PyAttribute &other) { return isa<DenseElementsAttr>(other.value); },
          nb::arg("other"))
      .def_static("get", getFromAttributes, nb::arg("attrs"), nb::arg("shaped_type") = nb::none(),
                  nb::arg("context") = nb::none())
      .def_static("get", getFromArray, nb::arg("array"), nb::arg("signless") = true,
                  nb::arg("type") = nb::none(), nb::arg("shape") = nb::none(),
                  nb::arg("context") = nb::none(),
                  "From anything with the buffer protocol; one element fills the whole shape.")
      .def_static("get_splat", getSplat, nb::arg("shaped_type"), nb::arg("element_attr"))
      .def_prop_ro("is_splat", [](PyDenseElementsAttr &self) { return self.get().isSplat(); })
      .def("get_splat_value", splatValue)
      .def("__array__", toArray, nb::arg("dtype") = nb::none(), nb::arg("copy") = nb::none())
      .def("__len__", [](PyDenseElementsAttr &self) { return self.get().getNumElements(); })
      .def("__repr__",
           [](PyAttribute &self) { return "DenseElementsAttr(" + printed(self.value) + ")"; });
  nb::class_<PyDenseIntElementsAttr, PyDenseElementsAttr>(m, "DenseIntElementsAttr")
      .def_static(
          "isinstance", [](PyAttribute &other) { return isa<DenseIntElementsAttr>(other.value); },
          nb::arg("other"))
      .def("__getitem__", integerAt);
  nb::class_<PyDenseFPElementsAttr, PyDenseElementsAttr>(m, "DenseFPElementsAttr")
      .def_static(
          "isinstance", [](PyAttribute &other) { return isa<DenseFPElementsAttr>(other.value); },
          nb::arg("other"))
      .def("__getitem__", floatAt);
  registerCaster(TypeID::get<DenseIntOrFPElementsAttr>(), denseCaster);
  registerCaster(TypeID::get<DenseStringElementsAttr>(), denseCaster);
}

//===----------------------------------------------------------------------===//
// Resources
//===----------------------------------------------------------------------===//

/// Takes over the view; the array stays alive until the context drops the resource.
static AsmResourceBlob blobOf(std::unique_ptr<BufferView> view, size_t alignment, bool isMutable) {
  ArrayRef<char> bytes = view->bytes();
  BufferView *owned = view.release();
  return UnmanagedAsmResourceBlob::allocateWithAlign(
      bytes, alignment,
      [owned](void *, size_t, size_t) {
        if (!Py_IsInitialized())
          return;
        nb::gil_scoped_acquire lock;
        delete owned;
      },
      isMutable);
}

static PyDenseResourceElementsAttr getResource(nb::object array, const std::string &name,
                                               PyType &type, std::optional<size_t> alignment,
                                               bool isMutable, ContextArg context) {
  ContextRef state = context.given.is_none() ? type.context : context.get();
  requireSameContext(state, type.context, "the type");
  auto shaped = dyn_cast<ShapedType>(type.value);
  if (!shaped || !shaped.hasStaticShape())
    throw nb::value_error("Constructing a DenseResourceElementsAttr requires a static ShapedType.");
  auto view = std::make_unique<BufferView>(array);
  if (view->bytes().size() != bytesNeeded(shaped))
    throw nb::value_error(("the array has " + std::to_string(view->bytes().size()) +
                           " bytes, but " + printed(type.value) + " needs " +
                           std::to_string(bytesNeeded(shaped)))
                              .c_str());
  size_t align = alignment.value_or(view->itemSize());
  if (align == 0 || (align & (align - 1)))
    throw nb::value_error("alignment must be a power of two");
  AsmResourceBlob blob = blobOf(std::move(view), align, isMutable);
  return wrap<PyDenseResourceElementsAttr>(
      state, DenseResourceElementsAttr::get(shaped, name, std::move(blob)));
}

static void bindResource(nb::module_ &m) {
  nb::class_<PyDenseResourceElementsAttr, PyAttribute>(m, "DenseResourceElementsAttr",
                                                       nb::type_slots(bufferSlots()))
      .def(
          "__init__",
          [](PyDenseResourceElementsAttr *self, PyAttribute &from) {
            if (!isa<DenseResourceElementsAttr>(from.value))
              throw nb::value_error("Cannot cast attribute to DenseResourceElementsAttr");
            new (self) PyDenseResourceElementsAttr(
                wrap<PyDenseResourceElementsAttr>(from.context, from.value));
          },
          nb::arg("cast_from_attr"))
      .def_static(
          "isinstance",
          [](PyAttribute &other) { return isa<DenseResourceElementsAttr>(other.value); },
          nb::arg("other"))
      .def_static("get_from_buffer", getResource, nb::arg("array"), nb::arg("name"),
                  nb::arg("type"), nb::arg("alignment") = nb::none(), nb::arg("is_mutable") = false,
                  nb::arg("context") = nb::none(),
                  "Keeps the array's own memory (which must not change any more), no copy.")
      .def_prop_ro("name",
                   [](PyDenseResourceElementsAttr &self) {
                     return self.get().getRawHandle().getKey().str();
                   })
      .def("__array__", toArray, nb::arg("dtype") = nb::none(), nb::arg("copy") = nb::none())
      .def("__len__",
           [](PyDenseResourceElementsAttr &self) {
             return cast<ShapedType>(self.get().getType()).getNumElements();
           })
      .def("__repr__", [](PyAttribute &self) {
        return "DenseResourceElementsAttr(" + printed(self.value) + ")";
      });
  registerCaster(TypeID::get<DenseResourceElementsAttr>(), [](PyAttribute from) {
    return nb::cast(wrap<PyDenseResourceElementsAttr>(from.context, from.value));
  });
}

void bindElementsAttributes(nb::module_ &m) {
  bindDense(m);
  bindResource(m);
}

} // namespace afe::python

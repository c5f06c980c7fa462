//===- ArrayAttributes.cpp - ArrayAttr, DictAttr and the dense arrays ---------------===//
//
// Attributes that are sequences or mappings; they behave like read-only Python ones.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Build.h"
#include "Casters.h"
#include "Lists.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

namespace afe::python {

using PyArrayAttr = AttributeOf<ArrayAttr>;
using PyDictAttr = AttributeOf<DictionaryAttr>;

//===----------------------------------------------------------------------===//
// ArrayAttr
//===----------------------------------------------------------------------===//

static PyArrayAttr getArray(nb::typed<nb::iterable, PyAttribute> attributes, ContextArg context) {
  ContextRef state = context.get();
  SmallVector<Attribute> elements;
  for (nb::handle item : nb::iter(attributes))
    elements.push_back(attributeFrom(state, item));
  return wrap<PyArrayAttr>(state, ArrayAttr::get(&state->mlir, elements));
}

static nb::typed<nb::list, nb::any> elementsOf(PyArrayAttr &self) {
  nb::list elements;
  for (Attribute attribute : self.get())
    elements.append(toPython(self.context, attribute));
  return elements;
}

static PyArrayAttr concatenated(PyArrayAttr &self, nb::typed<nb::iterable, PyAttribute> extras) {
  SmallVector<Attribute> elements(self.get().getValue());
  for (nb::handle item : nb::iter(extras))
    elements.push_back(attributeFrom(self.context, item));
  return wrap<PyArrayAttr>(self.context, ArrayAttr::get(&self.context->mlir, elements));
}

static void bindArray(nb::module_ &m) {
  bindAttribute<PyArrayAttr>(m, "ArrayAttr")
      .def_static("get", getArray, nb::arg("attributes"), nb::arg("context") = nb::none())
      .def("__len__", [](PyArrayAttr &self) { return self.get().size(); })
      .def("__getitem__",
           [](PyArrayAttr &self, intptr_t index) {
             return toPython(self.context, self.get()[normalizedIndex(index, self.get().size())]);
           })
      .def("__iter__", [](PyArrayAttr &self) { return iteratorOver<nb::any>(elementsOf(self)); })
      .def("__add__", concatenated);
}

//===----------------------------------------------------------------------===//
// DictAttr
//===----------------------------------------------------------------------===//

static PyDictAttr getDictionary(nb::typed<nb::dict, nb::str, PyAttribute> value,
                                ContextArg context) {
  ContextRef state = context.get();
  NamedAttrList attributes = attributesFrom(state, value);
  return wrap<PyDictAttr>(state, attributes.getDictionary(&state->mlir));
}

static AnyObject itemOf(PyDictAttr &self, const std::string &name) {
  Attribute found = self.get().get(name);
  if (!found)
    throw nb::key_error(("attempt to access a non-existent attribute '" + name + "'").c_str());
  return toPython(self.context, found);
}

static PyNamedAttribute entryAt(PyDictAttr &self, intptr_t index) {
  DictionaryAttr dictionary = self.get();
  return {self.context, dictionary.getValue()[normalizedIndex(index, dictionary.size())]};
}

static nb::typed<nb::list, PyNamedAttribute> entriesOf(PyDictAttr &self) {
  nb::list entries;
  for (NamedAttribute entry : self.get())
    entries.append(PyNamedAttribute{self.context, entry});
  return entries;
}

static void bindDictionary(nb::module_ &m) {
  bindAttribute<PyDictAttr>(m, "DictAttr")
      .def_static("get", getDictionary, nb::arg("value") = nb::dict(),
                  nb::arg("context") = nb::none())
      .def("__len__", [](PyDictAttr &self) { return self.get().size(); })
      .def("__contains__",
           [](PyDictAttr &self, const std::string &name) { return !!self.get().get(name); })
      .def("__getitem__", itemOf)
      .def("__getitem__", entryAt)
      .def("__iter__",
           [](PyDictAttr &self) { return iteratorOver<PyNamedAttribute>(entriesOf(self)); });
}

//===----------------------------------------------------------------------===//
// Dense arrays: `array<i64: 1, 2, 3>`
//===----------------------------------------------------------------------===//

template <typename Dense, typename Element>
static void bindDense(nb::module_ &m, const char *name) {
  using Py = AttributeOf<Dense>;
  auto toList = [](Py &self) {
    nb::typed<nb::list, Element> values;
    for (Element value : self.get().asArrayRef())
      values.append(value);
    return values;
  };
  auto get = [](nb::typed<nb::iterable, Element> values, ContextArg context) {
    ContextRef state = context.get();
    SmallVector<Element> elements;
    for (nb::handle value : nb::iter(values))
      elements.push_back(nb::cast<Element>(value));
    return wrap<Py>(state, Dense::get(&state->mlir, elements));
  };
  bindAttribute<Py>(m, name, &fits<Py>, /*isDefault=*/false)
      .def_static("get", get, nb::arg("values"), nb::arg("context") = nb::none())
      .def("__len__", [](Py &self) { return self.get().size(); })
      .def("__getitem__",
           [](Py &self, intptr_t index) {
             return Element(self.get()[normalizedIndex(index, self.get().size())]);
           })
      .def("__iter__", [toList](Py &self) { return iteratorOver<Element>(toList(self)); })
      .def("__add__", [get, toList](Py &self, nb::typed<nb::list, Element> extras) {
        nb::typed<nb::list, Element> values = toList(self);
        for (nb::handle extra : extras)
          values.append(extra);
        return get(nb::borrow<nb::typed<nb::iterable, Element>>(values),
                   ContextArg{toPython(self.context)});
      });
}

template <typename Dense> static bool castDense(PyAttribute &from, nb::object &result) {
  if (!isa<Dense>(from.value))
    return false;
  result = nb::cast(wrap<AttributeOf<Dense>>(from.context, from.value));
  return true;
}

static nb::object denseCaster(PyAttribute from) {
  nb::object result;
  if (castDense<DenseI64ArrayAttr>(from, result) || castDense<DenseI32ArrayAttr>(from, result) ||
      castDense<DenseBoolArrayAttr>(from, result) || castDense<DenseI8ArrayAttr>(from, result) ||
      castDense<DenseI16ArrayAttr>(from, result) || castDense<DenseF32ArrayAttr>(from, result) ||
      castDense<DenseF64ArrayAttr>(from, result))
    return result;
  return nb::cast(from);
}

void bindArrayAttributes(nb::module_ &m) {
  bindArray(m);
  bindDictionary(m);
  bindDense<DenseBoolArrayAttr, bool>(m, "DenseBoolArrayAttr");
  bindDense<DenseI8ArrayAttr, int8_t>(m, "DenseI8ArrayAttr");
  bindDense<DenseI16ArrayAttr, int16_t>(m, "DenseI16ArrayAttr");
  bindDense<DenseI32ArrayAttr, int32_t>(m, "DenseI32ArrayAttr");
  bindDense<DenseI64ArrayAttr, int64_t>(m, "DenseI64ArrayAttr");
  bindDense<DenseF32ArrayAttr, float>(m, "DenseF32ArrayAttr");
  bindDense<DenseF64ArrayAttr, double>(m, "DenseF64ArrayAttr");
  registerCaster(TypeID::get<DenseArrayAttr>(), denseCaster);
}

} // namespace afe::python

//===- Casters.h - From an MLIR type or attribute to its Python class --------------===//
//
// Every Python class of a type or attribute registers under the TypeID of the MLIR class; user code
// may register more with `register_type_caster` and `register_value_caster`.
//
//===----------------------------------------------------------------------===//
#ifndef AFE_PYTHON_BINDINGS_CASTERS_H
#define AFE_PYTHON_BINDINGS_CASTERS_H

#include "Diagnostics.h"
#include "Handles.h"

namespace afe::python {

struct PyTypeID {
  mlir::TypeID value;
};

using AttributeCaster = nb::object (*)(PyAttribute);
using TypeCaster = nb::object (*)(PyType);
void registerCaster(mlir::TypeID id, AttributeCaster caster);
void registerCaster(mlir::TypeID id, TypeCaster caster);
/// The callable of `register_value_caster` for a value of that type, or an invalid object.
nb::object lookupValueCaster(mlir::Type type);

void bindCasters(nb::module_ &m);

/// A Python class for the MLIR attribute class `MlirAttr`; `Tag` separates classes that share it.
template <typename MlirAttr, int Tag = 0> struct AttributeOf : PyAttribute {
  using Mlir = MlirAttr;
  MlirAttr get() const { return mlir::cast<MlirAttr>(value); }
};
template <typename MlirType, int Tag = 0> struct TypeOf : PyType {
  using Mlir = MlirType;
  MlirType get() const { return mlir::cast<MlirType>(value); }
};

/// Wraps `value` as class `T`.
template <typename T, typename Mlir> T wrap(const ContextRef &context, Mlir value) {
  T result;
  result.context = context;
  result.value = value;
  return result;
}

/// Calls `make(emitError)`; throws MLIRError if it returns null.
template <typename Make> auto checkedMake(const ContextRef &context, const char *what, Make make) {
  ErrorCapture errors(context);
  auto made = make([&] { return mlir::emitError(mlir::UnknownLoc::get(&context->mlir)); });
  if (!made)
    errors.raise(std::string("Invalid ") + what);
  return made;
}

template <typename T> bool fits(mlir::Attribute attribute) {
  return mlir::isa<typename T::Mlir>(attribute);
}
template <typename T> bool fits(mlir::Type type) { return mlir::isa<typename T::Mlir>(type); }

/// Declares class `name`: checked cast, isinstance, static_typeid. `accepts` narrows the C++ class.
template <typename T, typename Base = PyAttribute>
nb::class_<T, Base> bindAttribute(nb::module_ &m, const char *name,
                                  bool (*accepts)(mlir::Attribute) = &fits<T>,
                                  bool isDefault = true) {
  std::string className = name;
  nb::class_<T, Base> type(m, name);
  type.def(
          "__init__",
          [accepts, className](T *self, PyAttribute &from) {
            if (!accepts(from.value))
              throw nb::value_error(
                  ("Cannot cast attribute to " + className + " (from " + printed(from.value) + ")")
                      .c_str());
            new (self) T(wrap<T>(from.context, from.value));
          },
          nb::arg("cast_from_attr"))
      .def_static(
          "isinstance", [accepts](PyAttribute &other) { return accepts(other.value); },
          nb::arg("other"))
      .def_prop_ro_static(
          "static_typeid",
          [](nb::handle) { return PyTypeID{mlir::TypeID::get<typename T::Mlir>()}; },
          "The identity of the MLIR class.");
  type.def("__repr__",
           [className](PyAttribute &self) { return className + "(" + printed(self.value) + ")"; });
  if (isDefault)
    registerCaster(mlir::TypeID::get<typename T::Mlir>(),
                   [](PyAttribute from) { return nb::cast(wrap<T>(from.context, from.value)); });
  return type;
}

template <typename T, typename Base = PyType>
nb::class_<T, Base> bindType(nb::module_ &m, const char *name,
                             bool (*accepts)(mlir::Type) = &fits<T>) {
  std::string className = name;
  nb::class_<T, Base> type(m, name);
  type.def(
          "__init__",
          [accepts, className](T *self, PyType &from) {
            if (!accepts(from.value))
              throw nb::value_error(
                  ("Cannot cast type to " + className + " (from " + printed(from.value) + ")")
                      .c_str());
            new (self) T(wrap<T>(from.context, from.value));
          },
          nb::arg("cast_from_type"))
      .def_static(
          "isinstance", [accepts](PyType &other) { return accepts(other.value); }, nb::arg("other"))
      .def_prop_ro_static(
          "static_typeid",
          [](nb::handle) { return PyTypeID{mlir::TypeID::get<typename T::Mlir>()}; },
          "The identity of the MLIR class.");
  type.def("__repr__",
           [className](PyType &self) { return className + "(" + printed(self.value) + ")"; });
  registerCaster(mlir::TypeID::get<typename T::Mlir>(),
                 [](PyType from) { return nb::cast(wrap<T>(from.context, from.value)); });
  return type;
}

} // namespace afe::python

#endif // AFE_PYTHON_BINDINGS_CASTERS_H

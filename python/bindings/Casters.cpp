//===- Casters.cpp - From an MLIR type or attribute to its Python class ------------===//
//
// The tables live as long as the process; Python callables in them are never released, because at
// exit the interpreter may be gone before they are.
//
//===----------------------------------------------------------------------===//
#include "Casters.h"
#include "Bindings.h"

using namespace mlir;

namespace afe::python {

template <typename Value> static llvm::DenseMap<TypeID, Value> &table() {
  static auto *entries = new llvm::DenseMap<TypeID, Value>();
  return *entries;
}

namespace {
struct UserTypeCaster {
  nb::object callable;
};
struct UserValueCaster {
  nb::object callable;
};
} // namespace

void registerCaster(TypeID id, AttributeCaster caster) { table<AttributeCaster>()[id] = caster; }
void registerCaster(TypeID id, TypeCaster caster) { table<TypeCaster>()[id] = caster; }

AnyObject toPython(const ContextRef &context, Attribute attribute) {
  if (!attribute)
    return nb::none();
  auto it = table<AttributeCaster>().find(attribute.getTypeID());
  PyAttribute base{context, attribute};
  if (it != table<AttributeCaster>().end())
    return it->second(base);
  return nb::cast(base);
}

AnyObject toPython(const ContextRef &context, Type type) {
  if (!type)
    return nb::none();
  PyType base{context, type};
  auto user = table<UserTypeCaster>().find(type.getTypeID());
  if (user != table<UserTypeCaster>().end())
    return user->second.callable(nb::cast(base));
  auto it = table<TypeCaster>().find(type.getTypeID());
  return it != table<TypeCaster>().end() ? it->second(base) : nb::cast(base);
}

nb::object lookupValueCaster(Type type) {
  auto it = table<UserValueCaster>().find(type.getTypeID());
  return it == table<UserValueCaster>().end() ? nb::object() : it->second.callable;
}

template <typename Caster>
static void bindRegistration(nb::module_ &m, const char *name, const char *what) {
  m.def(
      name,
      [what](PyTypeID id, bool replace) {
        return AnyObject(nb::cpp_function([id, replace, what](nb::object callable) {
          auto &entries = table<Caster>();
          if (!replace && entries.contains(id.value))
            throw std::runtime_error(std::string(what) + " caster is already registered");
          entries[id.value] = Caster{callable};
          return callable;
        }));
      },
      nb::arg("typeid"), nb::kw_only(), nb::arg("replace") = false,
      "A decorator: the callable makes the Python object for that MLIR type.");
}

void bindCasters(nb::module_ &m) {
  nb::class_<PyTypeID>(m, "TypeID", "The identity of an MLIR class.")
      .def("__eq__", [](PyTypeID self, PyTypeID other) { return self.value == other.value; })
      .def(
          "__eq__", [](PyTypeID, nb::object) { return false; }, nb::arg("other").none())
      .def("__hash__", [](PyTypeID self) {
        return reinterpret_cast<intptr_t>(self.value.getAsOpaquePointer()) >> 3;
      });
  bindRegistration<UserTypeCaster>(m, "register_type_caster", "a type");
  bindRegistration<UserValueCaster>(m, "register_value_caster", "a value");
}

} // namespace afe::python

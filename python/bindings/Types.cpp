//===- Types.cpp - afe.ir.Type, scalar, function, tuple and opaque types ------------===//
//
// Types are uniqued in their context and compare by identity.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Build.h"
#include "Casters.h"
#include "Lists.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

namespace afe::python {

static AnyObject parse(const std::string &text, ContextArg context) {
  ContextRef state = context.get();
  ErrorCapture errors(state);
  Type type = parseType(text, &state->mlir);
  if (!type)
    errors.raise("Unable to parse type");
  return toPython(state, type);
}

static void bindBase(nb::module_ &m) {
  nb::class_<PyType>(m, "Type", "A type, uniqued in its context.")
      .def(
          "__init__", [](PyType *self, PyType &other) { new (self) PyType(other); },
          nb::arg("cast_from_type"))
      .def_static("parse", parse, nb::arg("asm"), nb::arg("context") = nb::none())
      .def_prop_ro("context", [](PyType &self) { return toPython(self.context); })
      .def_prop_ro("typeid", [](PyType &self) { return PyTypeID{self.value.getTypeID()}; })
      .def("maybe_downcast", [](PyType &self) { return toPython(self.context, self.value); })
      .def("__eq__", [](PyType &self, PyType &other) { return self.value == other.value; })
      .def(
          "__eq__", [](PyType &, nb::object) { return false; }, nb::arg("other").none())
      .def("__hash__", [](PyType &self) { return size_t(hash_value(self.value)); })
      .def("dump", [](PyType &self) { llvm::errs() << printed(self.value) << "\n"; })
      .def("__str__", [](PyType &self) { return printed(self.value); })
      .def("__repr__", [](PyType &self) { return "Type(" + printed(self.value) + ")"; });
}

//===----------------------------------------------------------------------===//
// Integers and floats
//===----------------------------------------------------------------------===//

using PyIntegerType = TypeOf<IntegerType>;

static PyIntegerType getInteger(const ContextRef &state, unsigned width,
                                IntegerType::SignednessSemantics signedness) {
  return wrap<PyIntegerType>(state, checkedMake(state, "integer type", [&](auto error) {
                               return IntegerType::getChecked(error, &state->mlir, width,
                                                              signedness);
                             }));
}

template <IntegerType::SignednessSemantics signedness>
static PyIntegerType getIntegerOf(unsigned width, ContextArg context) {
  return getInteger(context.get(), width, signedness);
}

static void bindInteger(nb::module_ &m) {
  auto type = bindType<PyIntegerType>(m, "IntegerType");
  nb::enum_<IntegerType::SignednessSemantics>(type, "Signedness")
      .value("SIGNLESS", IntegerType::Signless)
      .value("SIGNED", IntegerType::Signed)
      .value("UNSIGNED", IntegerType::Unsigned)
      .export_values();
  type.def_static("get_signless", getIntegerOf<IntegerType::Signless>, nb::arg("width"),
                  nb::arg("context") = nb::none())
      .def_static("get_signed", getIntegerOf<IntegerType::Signed>, nb::arg("width"),
                  nb::arg("context") = nb::none())
      .def_static("get_unsigned", getIntegerOf<IntegerType::Unsigned>, nb::arg("width"),
                  nb::arg("context") = nb::none())
      .def_static(
          "get",
          [](unsigned width, IntegerType::SignednessSemantics signedness, ContextArg context) {
            return getInteger(context.get(), width, signedness);
          },
          nb::arg("width"), nb::arg("signedness") = IntegerType::Signless,
          nb::arg("context") = nb::none())
      .def_prop_ro("width", [](PyIntegerType &self) { return self.get().getWidth(); })
      .def_prop_ro("signedness", [](PyIntegerType &self) { return self.get().getSignedness(); })
      .def_prop_ro("is_signless", [](PyIntegerType &self) { return self.get().isSignless(); })
      .def_prop_ro("is_signed", [](PyIntegerType &self) { return self.get().isSigned(); })
      .def_prop_ro("is_unsigned", [](PyIntegerType &self) { return self.get().isUnsigned(); });
}

/// A type that is one of a kind per context.
template <typename Py, typename Base = PyType>
static void bindSingleton(nb::module_ &m, const char *name) {
  bindType<Py, Base>(m, name).def_static(
      "get",
      [](ContextArg context) {
        ContextRef state = context.get();
        return wrap<Py>(state, Py::Mlir::get(&state->mlir));
      },
      nb::arg("context") = nb::none());
}

/// What all floating point types have.
struct PyFloatType : PyType {};

template <typename MlirType> struct FloatKind : PyFloatType {
  using Mlir = MlirType;
};

template <typename MlirType> static void bindFloat(nb::module_ &m, const char *name) {
  bindSingleton<FloatKind<MlirType>, PyFloatType>(m, name);
}

static void bindFloats(nb::module_ &m) {
  nb::class_<PyFloatType, PyType>(m, "FloatType")
      .def_static(
          "isinstance", [](PyType &other) { return isa<FloatType>(other.value); }, nb::arg("other"))
      .def_prop_ro("width",
                   [](PyFloatType &self) { return cast<FloatType>(self.value).getWidth(); });
  bindFloat<Float4E2M1FNType>(m, "Float4E2M1FNType");
  bindFloat<Float6E2M3FNType>(m, "Float6E2M3FNType");
  bindFloat<Float6E3M2FNType>(m, "Float6E3M2FNType");
  bindFloat<Float8E3M4Type>(m, "Float8E3M4Type");
  bindFloat<Float8E4M3Type>(m, "Float8E4M3Type");
  bindFloat<Float8E4M3FNType>(m, "Float8E4M3FNType");
  bindFloat<Float8E4M3FNUZType>(m, "Float8E4M3FNUZType");
  bindFloat<Float8E4M3B11FNUZType>(m, "Float8E4M3B11FNUZType");
  bindFloat<Float8E5M2Type>(m, "Float8E5M2Type");
  bindFloat<Float8E5M2FNUZType>(m, "Float8E5M2FNUZType");
  bindFloat<Float8E8M0FNUType>(m, "Float8E8M0FNUType");
  bindFloat<BFloat16Type>(m, "BF16Type");
  bindFloat<Float16Type>(m, "F16Type");
  bindFloat<FloatTF32Type>(m, "FloatTF32Type");
  bindFloat<Float32Type>(m, "F32Type");
  bindFloat<Float64Type>(m, "F64Type");
  bindSingleton<TypeOf<IndexType>>(m, "IndexType");
  bindSingleton<TypeOf<NoneType>>(m, "NoneType");
}

//===----------------------------------------------------------------------===//
// Composed types
//===----------------------------------------------------------------------===//

using PyComplexType = TypeOf<ComplexType>;
using PyTupleType = TypeOf<TupleType>;
using PyFunctionType = TypeOf<FunctionType>;
using PyOpaqueType = TypeOf<OpaqueType>;

using TypeIterable = nb::typed<nb::iterable, PyType>;

static SmallVector<Type> typesFrom(const ContextRef &context, TypeIterable sequence) {
  SmallVector<Type> types;
  for (nb::handle item : nb::iter(sequence))
    types.push_back(typeFrom(context, item));
  return types;
}

static nb::typed<nb::list, nb::any> listOf(const ContextRef &context, ArrayRef<Type> types) {
  nb::typed<nb::list, nb::any> result;
  for (Type type : types)
    result.append(toPython(context, type));
  return result;
}

static PyComplexType getComplex(PyType &element) {
  return wrap<PyComplexType>(element.context,
                             checkedMake(element.context, "complex type", [&](auto error) {
                               return ComplexType::getChecked(error, element.value);
                             }));
}

static PyFunctionType getFunction(TypeIterable inputs, TypeIterable results, ContextArg context) {
  ContextRef state = context.get();
  return wrap<PyFunctionType>(
      state, FunctionType::get(&state->mlir, typesFrom(state, inputs), typesFrom(state, results)));
}

static void bindTuple(nb::module_ &m) {
  bindType<PyTupleType>(m, "TupleType")
      .def_static(
          "get_tuple",
          [](TypeIterable elements, ContextArg context) {
            ContextRef state = context.get();
            return wrap<PyTupleType>(state,
                                     TupleType::get(&state->mlir, typesFrom(state, elements)));
          },
          nb::arg("elements"), nb::arg("context") = nb::none())
      .def(
          "get_type",
          [](PyTupleType &self, intptr_t index) {
            return toPython(self.context,
                            self.get().getType(normalizedIndex(index, self.get().size())));
          },
          nb::arg("pos"))
      .def_prop_ro("num_types", [](PyTupleType &self) { return self.get().size(); });
}

void bindTypes(nb::module_ &m) {
  bindBase(m);
  bindInteger(m);
  bindFloats(m);
  bindTuple(m);
  bindType<PyComplexType>(m, "ComplexType")
      .def_static("get", getComplex, nb::arg("element"))
      .def_prop_ro("element_type", [](PyComplexType &self) {
        return toPython(self.context, self.get().getElementType());
      });
  bindType<PyFunctionType>(m, "FunctionType")
      .def_static("get", getFunction, nb::arg("inputs"), nb::arg("results"),
                  nb::arg("context") = nb::none())
      .def_prop_ro(
          "inputs",
          [](PyFunctionType &self) { return listOf(self.context, self.get().getInputs()); })
      .def_prop_ro("results", [](PyFunctionType &self) {
        return listOf(self.context, self.get().getResults());
      });
  bindType<PyOpaqueType>(m, "OpaqueType")
      .def_static(
          "get",
          [](const std::string &dialectNamespace, const std::string &data, ContextArg context) {
            ContextRef state = context.get();
            auto name = StringAttr::get(&state->mlir, dialectNamespace);
            return wrap<PyOpaqueType>(state, checkedMake(state, "opaque type", [&](auto error) {
                                        return OpaqueType::getChecked(error, name, data);
                                      }));
          },
          nb::arg("dialect_namespace"), nb::arg("buffer"), nb::arg("context") = nb::none())
      .def_prop_ro("dialect_namespace",
                   [](PyOpaqueType &self) { return self.get().getDialectNamespace().str(); })
      .def_prop_ro("data", [](PyOpaqueType &self) { return self.get().getTypeData().str(); });
}

} // namespace afe::python

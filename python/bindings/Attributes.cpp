//===- Attributes.cpp - afe.ir.Attribute and the attributes of one value ------------===//
//
// Whatever MLIR only asserts (the type of an integer attribute, one context) is checked here.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Build.h"
#include "Casters.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SmallString.h"

using namespace mlir;

namespace afe::python {

using PyIntegerAttr = AttributeOf<IntegerAttr>;
using PyBoolAttr = AttributeOf<IntegerAttr, 1>;
using PyFloatAttr = AttributeOf<FloatAttr>;
using PyStringAttr = AttributeOf<StringAttr>;
using PySymbolRefAttr = AttributeOf<SymbolRefAttr>;
using PyFlatSymbolRefAttr = AttributeOf<SymbolRefAttr, 1>;
using PyTypeAttr = AttributeOf<TypeAttr>;
using PyUnitAttr = AttributeOf<UnitAttr>;
using PyOpaqueAttr = AttributeOf<OpaqueAttr>;
using PyAffineMapAttr = AttributeOf<AffineMapAttr>;
using PyIntegerSetAttr = AttributeOf<IntegerSetAttr>;
using PyStridedLayoutAttr = AttributeOf<StridedLayoutAttr>;

//===----------------------------------------------------------------------===//
// Base class
//===----------------------------------------------------------------------===//

static AnyObject parse(const std::string &text, ContextArg context) {
  ContextRef state = context.get();
  ErrorCapture errors(state);
  Attribute attribute = parseAttribute(text, &state->mlir);
  if (!attribute)
    errors.raise("Unable to parse attribute");
  return toPython(state, attribute);
}

static AnyObject typeOf(PyAttribute &self) {
  if (auto typed = dyn_cast<TypedAttr>(self.value))
    return toPython(self.context, typed.getType());
  return toPython(self.context, Type(NoneType::get(&self.context->mlir)));
}

static void bindBase(nb::module_ &m) {
  nb::class_<PyAttribute>(m, "Attribute", "A constant, uniqued in its context.")
      .def(
          "__init__", [](PyAttribute *self, PyAttribute &other) { new (self) PyAttribute(other); },
          nb::arg("cast_from_type"))
      .def_static("parse", parse, nb::arg("asm"), nb::arg("context") = nb::none())
      .def_prop_ro("context", [](PyAttribute &self) { return toPython(self.context); })
      .def_prop_ro("type", typeOf)
      .def_prop_ro("typeid", [](PyAttribute &self) { return PyTypeID{self.value.getTypeID()}; })
      .def(
          "get_named",
          [](PyAttribute &self, const std::string &name) {
            if (name.empty())
              throw nb::value_error("an attribute's name must not be empty");
            return PyNamedAttribute{
                self.context,
                NamedAttribute(StringAttr::get(&self.context->mlir, name), self.value)};
          },
          nb::arg("name"))
      .def("maybe_downcast", [](PyAttribute &self) { return toPython(self.context, self.value); })
      .def("__eq__",
           [](PyAttribute &self, PyAttribute &other) { return self.value == other.value; })
      .def(
          "__eq__", [](PyAttribute &, nb::object) { return false; }, nb::arg("other").none())
      .def("__hash__", [](PyAttribute &self) { return size_t(hash_value(self.value)); })
      .def("dump", [](PyAttribute &self) { llvm::errs() << printed(self.value) << "\n"; })
      .def("__str__", [](PyAttribute &self) { return printed(self.value); })
      .def("__repr__", [](PyAttribute &self) { return "Attribute(" + printed(self.value) + ")"; });
  nb::class_<PyNamedAttribute>(m, "NamedAttribute")
      .def_prop_ro("name", [](PyNamedAttribute &self) { return self.value.getName().str(); })
      .def_prop_ro(
          "attr",
          [](PyNamedAttribute &self) { return toPython(self.context, self.value.getValue()); })
      .def("__repr__", [](PyNamedAttribute &self) {
        return "NamedAttribute(" + self.value.getName().str() + "=" +
               printed(self.value.getValue()) + ")";
      });
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

/// A Python int as `width` bits; ValueError where it does not fit either way.
static llvm::APInt integerFrom(nb::int_ value, unsigned width) {
  nb::str text(value.attr("__str__")());
  llvm::StringRef digits = text.c_str();
  bool negative = digits.consume_front("-");
  unsigned needed = llvm::APInt::getSufficientBitsNeeded(digits, 10) + 1;
  llvm::APInt number(std::max(needed, width + 1), digits, 10);
  if (negative)
    number.negate();
  if (!number.isSignedIntN(width) && (negative || !number.isIntN(width)))
    throw nb::value_error(("integer does not fit into " + std::to_string(width) + " bits").c_str());
  return number.trunc(width);
}

static Typed<PyIntegerAttr> getInteger(PyType &type, nb::int_ value) {
  if (!type.value.isIntOrIndex())
    throw nb::value_error("an IntegerAttr needs an integer or index type");
  unsigned width = type.value.isIndex() ? IndexType::kInternalStorageBitWidth
                                        : type.value.getIntOrFloatBitWidth();
  if (width == 0)
    throw nb::value_error("a zero-width integer has no value");
  return toPython(type.context, Attribute(IntegerAttr::get(type.value, integerFrom(value, width))));
}

static nb::int_ integerValue(const IntegerAttr &attribute) {
  llvm::APInt value = attribute.getValue();
  bool isUnsigned = attribute.getType().isUnsignedInteger();
  llvm::SmallString<24> text;
  value.toString(text, 10, /*Signed=*/!isUnsigned);
  return nb::int_(nb::module_::import_("builtins").attr("int")(nb::str(text.c_str())));
}

static nb::int_ fastIntegerValue(PyIntegerAttr &self) {
  IntegerAttr attribute = self.get();
  if (attribute.getValue().getBitWidth() > 64)
    return integerValue(attribute);
  if (attribute.getType().isUnsignedInteger())
    return nb::int_(attribute.getValue().getZExtValue());
  return nb::int_(attribute.getValue().getSExtValue());
}

static bool isBool(Attribute attribute) { return isa<BoolAttr>(attribute); }

static Typed<PyFloatAttr> getFloat(PyType &type, double value, std::optional<PyLocation>) {
  if (!isa<FloatType>(type.value))
    throw nb::value_error("a FloatAttr needs a floating point type");
  return toPython(type.context, Attribute(FloatAttr::get(type.value, value)));
}

template <typename MlirFloat> static auto floatOf() {
  return [](double value, ContextArg context) {
    ContextRef state = context.get();
    return wrap<PyFloatAttr>(state, FloatAttr::get(MlirFloat::get(&state->mlir), value));
  };
}

static void bindNumbers(nb::module_ &m) {
  bindAttribute<PyIntegerAttr>(m, "IntegerAttr")
      .def_static("get", getInteger, nb::arg("type"), nb::arg("value"))
      .def_prop_ro("value", fastIntegerValue)
      .def("__int__", fastIntegerValue);
  auto getBool = [](bool value, ContextArg context) {
    ContextRef state = context.get();
    return wrap<PyBoolAttr>(state, BoolAttr::get(&state->mlir, value));
  };
  auto boolValue = [](PyBoolAttr &self) { return !self.get().getValue().isZero(); };
  bindAttribute<PyBoolAttr>(m, "BoolAttr", isBool, /*isDefault=*/false)
      .def_static("get", getBool, nb::arg("value"), nb::arg("context") = nb::none())
      .def_prop_ro("value", boolValue)
      .def("__bool__", boolValue);
  registerCaster(TypeID::get<IntegerAttr>(), [](PyAttribute from) {
    return isBool(from.value) ? nb::cast(wrap<PyBoolAttr>(from.context, from.value))
                              : nb::cast(wrap<PyIntegerAttr>(from.context, from.value));
  });
  auto floatValue = [](PyFloatAttr &self) { return self.get().getValueAsDouble(); };
  bindAttribute<PyFloatAttr>(m, "FloatAttr")
      .def_static("get", getFloat, nb::arg("type"), nb::arg("value"), nb::arg("loc") = nb::none())
      .def_static("get_f32", floatOf<Float32Type>(), nb::arg("value"),
                  nb::arg("context") = nb::none())
      .def_static("get_f64", floatOf<Float64Type>(), nb::arg("value"),
                  nb::arg("context") = nb::none())
      .def_prop_ro("value", floatValue)
      .def("__float__", floatValue);
}

//===----------------------------------------------------------------------===//
// Strings, symbols, types
//===----------------------------------------------------------------------===//

static PyStringAttr getString(const std::string &value, ContextArg context) {
  ContextRef state = context.get();
  return wrap<PyStringAttr>(state, StringAttr::get(&state->mlir, value));
}

static PyStringAttr getBytes(nb::bytes value, ContextArg context) {
  ContextRef state = context.get();
  return wrap<PyStringAttr>(state,
                            StringAttr::get(&state->mlir, StringRef(value.c_str(), value.size())));
}

static nb::bytes bytesOf(PyStringAttr &self) {
  StringRef value = self.get().getValue();
  return nb::bytes(value.data(), value.size());
}

static PySymbolRefAttr getSymbol(const std::vector<std::string> &symbols, ContextArg context) {
  ContextRef state = context.get();
  if (symbols.empty())
    throw nb::value_error("SymbolRefAttr must be composed of at least one symbol.");
  SmallVector<FlatSymbolRefAttr> nested;
  for (const std::string &symbol : llvm::ArrayRef<std::string>(symbols).drop_front())
    nested.push_back(FlatSymbolRefAttr::get(&state->mlir, symbol));
  return wrap<PySymbolRefAttr>(
      state, SymbolRefAttr::get(StringAttr::get(&state->mlir, symbols.front()), nested));
}

static std::vector<std::string> symbolPath(PySymbolRefAttr &self) {
  std::vector<std::string> path{self.get().getRootReference().str()};
  for (FlatSymbolRefAttr nested : self.get().getNestedReferences())
    path.push_back(nested.getValue().str());
  return path;
}

static bool isFlat(Attribute attribute) { return isa<FlatSymbolRefAttr>(attribute); }

static void bindStrings(nb::module_ &m) {
  bindAttribute<PyStringAttr>(m, "StringAttr")
      .def_static("get", getString, nb::arg("value"), nb::arg("context") = nb::none())
      .def_static("get", getBytes, nb::arg("value"), nb::arg("context") = nb::none())
      .def_static(
          "get_typed",
          [](PyType &type, const std::string &value) {
            return wrap<PyStringAttr>(type.context, StringAttr::get(value, type.value));
          },
          nb::arg("type"), nb::arg("value"))
      .def_prop_ro("value", [](PyStringAttr &self) { return self.get().str(); })
      .def_prop_ro("value_bytes", bytesOf);
  bindAttribute<PySymbolRefAttr>(m, "SymbolRefAttr")
      .def_static("get", getSymbol, nb::arg("symbols"), nb::arg("context") = nb::none())
      .def_prop_ro("value", symbolPath);
  bindAttribute<PyFlatSymbolRefAttr>(m, "FlatSymbolRefAttr", isFlat, /*isDefault=*/false)
      .def_static(
          "get",
          [](const std::string &value, ContextArg context) {
            ContextRef state = context.get();
            return wrap<PyFlatSymbolRefAttr>(
                state, SymbolRefAttr(FlatSymbolRefAttr::get(&state->mlir, value)));
          },
          nb::arg("value"), nb::arg("context") = nb::none())
      .def_prop_ro("value",
                   [](PyFlatSymbolRefAttr &self) { return self.get().getRootReference().str(); });
  registerCaster(TypeID::get<SymbolRefAttr>(), [](PyAttribute from) {
    return isFlat(from.value) ? nb::cast(wrap<PyFlatSymbolRefAttr>(from.context, from.value))
                              : nb::cast(wrap<PySymbolRefAttr>(from.context, from.value));
  });
}

static PyTypeAttr getType(PyType &type, ContextArg) {
  return wrap<PyTypeAttr>(type.context, TypeAttr::get(type.value));
}

static PyOpaqueAttr getOpaque(const std::string &dialectNamespace, nb::bytes data, PyType &type,
                              ContextArg context) {
  ContextRef state = context.given.is_none() ? type.context : context.get();
  requireSameContext(state, type.context, "a type");
  return wrap<PyOpaqueAttr>(state,
                            OpaqueAttr::get(StringAttr::get(&state->mlir, dialectNamespace),
                                            StringRef(data.c_str(), data.size()), type.value));
}

static PyStridedLayoutAttr getStrided(int64_t offset, const std::vector<int64_t> &strides,
                                      ContextArg context) {
  ContextRef state = context.get();
  ErrorCapture errors(state);
  auto emitError = [&] { return mlir::emitError(UnknownLoc::get(&state->mlir)); };
  if (failed(StridedLayoutAttr::verify(emitError, offset, strides)))
    errors.raise("Invalid strided layout");
  return wrap<PyStridedLayoutAttr>(state, StridedLayoutAttr::get(&state->mlir, offset, strides));
}

static void bindRest(nb::module_ &m) {
  bindAttribute<PyTypeAttr>(m, "TypeAttr")
      .def_static("get", getType, nb::arg("value"), nb::arg("context") = nb::none())
      .def_prop_ro("value",
                   [](PyTypeAttr &self) { return toPython(self.context, self.get().getValue()); });
  bindAttribute<PyUnitAttr>(m, "UnitAttr")
      .def_static(
          "get",
          [](ContextArg context) {
            ContextRef state = context.get();
            return wrap<PyUnitAttr>(state, UnitAttr::get(&state->mlir));
          },
          nb::arg("context") = nb::none());
  bindAttribute<PyOpaqueAttr>(m, "OpaqueAttr")
      .def_static("get", getOpaque, nb::arg("dialect_namespace"), nb::arg("buffer"),
                  nb::arg("type"), nb::arg("context") = nb::none())
      .def_prop_ro("dialect_namespace",
                   [](PyOpaqueAttr &self) { return self.get().getDialectNamespace().str(); })
      .def_prop_ro("data", [](PyOpaqueAttr &self) {
        StringRef data = self.get().getAttrData();
        return nb::bytes(data.data(), data.size());
      });
  bindAttribute<PyAffineMapAttr>(m, "AffineMapAttr")
      .def_static(
          "get",
          [](PyAffineMap &map) {
            return wrap<PyAffineMapAttr>(map.context, AffineMapAttr::get(map.value));
          },
          nb::arg("affine_map"))
      .def_prop_ro("value", [](PyAffineMapAttr &self) {
        return PyAffineMap{self.context, self.get().getValue()};
      });
  bindAttribute<PyIntegerSetAttr>(m, "IntegerSetAttr")
      .def_static(
          "get",
          [](PyIntegerSet &set) {
            return wrap<PyIntegerSetAttr>(set.context, IntegerSetAttr::get(set.value));
          },
          nb::arg("integer_set"));
  bindAttribute<PyStridedLayoutAttr>(m, "StridedLayoutAttr")
      .def_static("get", getStrided, nb::arg("offset"), nb::arg("strides"),
                  nb::arg("context") = nb::none())
      .def_prop_ro("offset", [](PyStridedLayoutAttr &self) { return self.get().getOffset(); })
      .def_prop_ro("strides",
                   [](PyStridedLayoutAttr &self) { return self.get().getStrides().vec(); });
}

void bindAttributes(nb::module_ &m) {
  bindBase(m);
  bindNumbers(m);
  bindStrings(m);
  bindRest(m);
}

} // namespace afe::python

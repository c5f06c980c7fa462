//===- ShapedTypes.cpp - Tensors, vectors, memrefs ----------------------------------===//
//
// Shapes are lists of integers; a dynamic size is `ShapedType.get_dynamic_size()`.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Build.h"
#include "Casters.h"
#include "Lists.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

namespace afe::python {

struct PyShapedType : PyType {
  ShapedType shaped() const { return cast<ShapedType>(value); }
  /// Throws ValueError if the type has no rank.
  ShapedType ranked() const {
    if (!shaped().hasRank())
      throw nb::value_error("calling this method requires that the type has a rank.");
    return shaped();
  }
};

template <typename MlirType> struct ShapedKind : PyShapedType {
  using Mlir = MlirType;
  MlirType get() const { return cast<MlirType>(value); }
};
using PyRankedTensorType = ShapedKind<RankedTensorType>;
using PyUnrankedTensorType = ShapedKind<UnrankedTensorType>;
using PyVectorType = ShapedKind<VectorType>;
using PyMemRefType = ShapedKind<MemRefType>;
using PyUnrankedMemRefType = ShapedKind<UnrankedMemRefType>;

//===----------------------------------------------------------------------===//
// ShapedType
//===----------------------------------------------------------------------===//

static int64_t sizeOfDimension(PyShapedType &self, intptr_t dimension) {
  ShapedType type = self.ranked();
  return type.getDimSize(normalizedIndex(dimension, type.getRank()));
}

static void bindShaped(nb::module_ &m) {
  nb::class_<PyShapedType, PyType>(m, "ShapedType")
      .def(
          "__init__",
          [](PyShapedType *self, PyType &from) {
            if (!isa<ShapedType>(from.value))
              throw nb::value_error("Cannot cast type to ShapedType");
            new (self) PyShapedType{from};
          },
          nb::arg("cast_from_type"))
      .def_static(
          "isinstance", [](PyType &other) { return isa<ShapedType>(other.value); },
          nb::arg("other"))
      .def_prop_ro(
          "element_type",
          [](PyShapedType &self) { return toPython(self.context, self.shaped().getElementType()); })
      .def_prop_ro("has_rank", [](PyShapedType &self) { return self.shaped().hasRank(); })
      .def_prop_ro("rank", [](PyShapedType &self) { return self.ranked().getRank(); })
      .def_prop_ro("has_static_shape",
                   [](PyShapedType &self) { return self.shaped().hasStaticShape(); })
      .def_prop_ro("shape", [](PyShapedType &self) { return self.ranked().getShape().vec(); })
      .def("get_dim_size", sizeOfDimension, nb::arg("dim"))
      .def(
          "is_dynamic_dim",
          [](PyShapedType &self, intptr_t dimension) {
            return ShapedType::isDynamic(sizeOfDimension(self, dimension));
          },
          nb::arg("dim"))
      .def(
          "is_static_dim",
          [](PyShapedType &self, intptr_t dimension) {
            return !ShapedType::isDynamic(sizeOfDimension(self, dimension));
          },
          nb::arg("dim"))
      .def_static(
          "is_dynamic_size", [](int64_t size) { return ShapedType::isDynamic(size); },
          nb::arg("dim_size"))
      .def_static(
          "is_static_size", [](int64_t size) { return !ShapedType::isDynamic(size); },
          nb::arg("dim_size"))
      .def_static("get_dynamic_size", [] { return ShapedType::kDynamic; })
      .def_static("get_dynamic_stride_or_offset", [] { return ShapedType::kDynamic; })
      .def(
          "is_dynamic_stride_or_offset",
          [](PyShapedType &, int64_t value) { return ShapedType::isDynamic(value); },
          nb::arg("dim_size"));
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// Errors are reported at `loc` only where the caller names one; no location is needed otherwise.
static PyRankedTensorType getRanked(const std::vector<int64_t> &shape, PyType &element,
                                    Typed<PyAttribute> encoding, LocationArg) {
  const ContextRef &context = element.context;
  Attribute attribute = encoding.is_none() ? Attribute() : attributeFrom(context, encoding);
  return wrap<PyRankedTensorType>(context, checkedMake(context, "tensor type", [&](auto error) {
                                    return RankedTensorType::getChecked(error, shape, element.value,
                                                                        attribute);
                                  }));
}

static PyUnrankedTensorType getUnranked(PyType &element, LocationArg) {
  return wrap<PyUnrankedTensorType>(element.context,
                                    checkedMake(element.context, "tensor type", [&](auto error) {
                                      return UnrankedTensorType::getChecked(error, element.value);
                                    }));
}

static void bindTensors(nb::module_ &m) {
  bindType<PyRankedTensorType, PyShapedType>(m, "RankedTensorType")
      .def_static("get", getRanked, nb::arg("shape"), nb::arg("element_type"),
                  nb::arg("encoding") = nb::none(), nb::arg("loc") = nb::none())
      .def_static(
          "get_unchecked",
          [](const std::vector<int64_t> &shape, PyType &element, Typed<PyAttribute> encoding,
             ContextArg) { return getRanked(shape, element, encoding, LocationArg{}); },
          nb::arg("shape"), nb::arg("element_type"), nb::arg("encoding") = nb::none(),
          nb::arg("context") = nb::none())
      .def_prop_ro("encoding", [](PyRankedTensorType &self) {
        return toPython(self.context, self.get().getEncoding());
      });
  bindType<PyUnrankedTensorType, PyShapedType>(m, "UnrankedTensorType")
      .def_static("get", getUnranked, nb::arg("element_type"), nb::arg("loc") = nb::none());
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

static SmallVector<bool> scalableFlags(size_t rank, nb::handle scalable, nb::handle dimensions) {
  if (!scalable.is_none() && !dimensions.is_none())
    throw nb::value_error("'scalable' and 'scalable_dims' kwargs are mutually exclusive.");
  SmallVector<bool> flags(rank, false);
  if (!scalable.is_none()) {
    std::vector<bool> given = nb::cast<std::vector<bool>>(scalable);
    if (given.size() != rank)
      throw nb::value_error("Expected len(scalable) == len(shape).");
    flags.assign(given.begin(), given.end());
  }
  if (!dimensions.is_none())
    for (int64_t dimension : nb::cast<std::vector<int64_t>>(dimensions))
      flags[normalizedIndex(dimension, rank)] = true;
  return flags;
}

static PyVectorType getVector(const std::vector<int64_t> &shape, PyType &element,
                              Typed<std::vector<bool>> scalable,
                              Typed<std::vector<int64_t>> scalableDimensions, LocationArg) {
  SmallVector<bool> flags = scalableFlags(shape.size(), scalable, scalableDimensions);
  return wrap<PyVectorType>(element.context,
                            checkedMake(element.context, "vector type", [&](auto error) {
                              return VectorType::getChecked(error, shape, element.value, flags);
                            }));
}

static void bindVector(nb::module_ &m) {
  bindType<PyVectorType, PyShapedType>(m, "VectorType")
      .def_static("get", getVector, nb::arg("shape"), nb::arg("element_type"), nb::kw_only(),
                  nb::arg("scalable") = nb::none(), nb::arg("scalable_dims") = nb::none(),
                  nb::arg("loc") = nb::none())
      .def_prop_ro("scalable", [](PyVectorType &self) { return self.get().isScalable(); })
      .def_prop_ro("scalable_dims", [](PyVectorType &self) {
        ArrayRef<bool> flags = self.get().getScalableDims();
        return std::vector<bool>(flags.begin(), flags.end());
      });
}

//===----------------------------------------------------------------------===//
// MemRefs
//===----------------------------------------------------------------------===//

static PyMemRefType getMemRef(const std::vector<int64_t> &shape, PyType &element,
                              Typed<PyAttribute> layout, Typed<PyAttribute> space, LocationArg) {
  const ContextRef &context = element.context;
  auto layoutAttr = layout.is_none()
                        ? MemRefLayoutAttrInterface()
                        : dyn_cast<MemRefLayoutAttrInterface>(attributeFrom(context, layout));
  if (!layout.is_none() && !layoutAttr)
    throw nb::value_error("the layout must be a memref layout attribute");
  Attribute spaceAttr = space.is_none() ? Attribute() : attributeFrom(context, space);
  return wrap<PyMemRefType>(context, checkedMake(context, "memref type", [&](auto error) {
                              return MemRefType::getChecked(error, shape, element.value, layoutAttr,
                                                            spaceAttr);
                            }));
}

static PyUnrankedMemRefType getUnrankedMemRef(PyType &element, Typed<PyAttribute> space,
                                              LocationArg) {
  const ContextRef &context = element.context;
  Attribute spaceAttr = space.is_none() ? Attribute() : attributeFrom(context, space);
  return wrap<PyUnrankedMemRefType>(context, checkedMake(context, "memref type", [&](auto error) {
                                      return UnrankedMemRefType::getChecked(error, element.value,
                                                                            spaceAttr);
                                    }));
}

static std::pair<std::vector<int64_t>, int64_t> stridesAndOffset(PyMemRefType &self) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(self.get().getStridesAndOffset(strides, offset)))
    throw std::runtime_error("Failed to extract strides and offset from memref.");
  return {std::vector<int64_t>(strides.begin(), strides.end()), offset};
}

static void bindMemRefs(nb::module_ &m) {
  bindType<PyMemRefType, PyShapedType>(m, "MemRefType")
      .def_static("get", getMemRef, nb::arg("shape"), nb::arg("element_type"),
                  nb::arg("layout") = nb::none(), nb::arg("memory_space") = nb::none(),
                  nb::arg("loc") = nb::none())
      .def_prop_ro("layout",
                   [](PyMemRefType &self) {
                     return toPython(self.context, Attribute(self.get().getLayout()));
                   })
      .def_prop_ro("affine_map",
                   [](PyMemRefType &self) {
                     return PyAffineMap{self.context, self.get().getLayout().getAffineMap()};
                   })
      .def_prop_ro(
          "memory_space",
          [](PyMemRefType &self) { return toPython(self.context, self.get().getMemorySpace()); })
      .def("get_strides_and_offset", stridesAndOffset);
  bindType<PyUnrankedMemRefType, PyShapedType>(m, "UnrankedMemRefType")
      .def_static("get", getUnrankedMemRef, nb::arg("element_type"), nb::arg("memory_space"),
                  nb::arg("loc") = nb::none())
      .def_prop_ro("memory_space", [](PyUnrankedMemRefType &self) {
        return toPython(self.context, self.get().getMemorySpace());
      });
}

void bindShapedTypes(nb::module_ &m) {
  bindShaped(m);
  bindTensors(m);
  bindVector(m);
  bindMemRefs(m);
}

} // namespace afe::python

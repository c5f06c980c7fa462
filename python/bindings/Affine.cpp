//===- Affine.cpp - afe.ir.AffineExpr, AffineMap, IntegerSet ------------------------===//
//
// Affine expressions are uniqued in the context; arithmetic folds as MLIR folds it.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"

#include "mlir/IR/AffineExpr.h"

#include <nanobind/operators.h>

using namespace mlir;

namespace afe::python {

static PyAffineExpr make(const ContextRef &context, AffineExpr value) { return {context, value}; }

using Expressions = nb::typed<nb::sequence, PyAffineExpr>;

static SmallVector<AffineExpr> expressionsFrom(const ContextRef &context, Expressions sequence) {
  SmallVector<AffineExpr> expressions;
  for (nb::handle item : nb::iter(sequence)) {
    PyAffineExpr &expression = nb::cast<PyAffineExpr &>(item);
    requireSameContext(context, expression.context, "an affine expression");
    expressions.push_back(expression.value);
  }
  return expressions;
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

using Combine = AffineExpr (*)(AffineExpr, AffineExpr);

static AffineExpr add(AffineExpr a, AffineExpr b) { return a + b; }
static AffineExpr multiply(AffineExpr a, AffineExpr b) { return a * b; }
static AffineExpr modulo(AffineExpr a, AffineExpr b) { return a % b; }
static AffineExpr floorDivide(AffineExpr a, AffineExpr b) { return a.floorDiv(b); }
static AffineExpr ceilDivide(AffineExpr a, AffineExpr b) { return a.ceilDiv(b); }
static AffineExpr subtract(AffineExpr a, AffineExpr b) { return a - b; }
static AffineExpr subtractFrom(AffineExpr a, AffineExpr b) { return b - a; }

template <Combine combine>
static PyAffineExpr combineExpressions(PyAffineExpr &left, PyAffineExpr &right) {
  requireSameContext(left.context, right.context, "an affine expression");
  return make(left.context, combine(left.value, right.value));
}
template <Combine combine> static PyAffineExpr combineConstant(PyAffineExpr &left, int64_t right) {
  return make(left.context, combine(left.value, getAffineConstantExpr(right, &left.context->mlir)));
}

template <Combine combine, typename Class>
static void bindOperator(Class &type, const char *name, const char *staticName) {
  type.def(name, combineExpressions<combine>).def(name, combineConstant<combine>);
  if (staticName)
    type.def_static(staticName, combineExpressions<combine>)
        .def_static(staticName, combineConstant<combine>);
}

struct PyAffineConstantExpr : PyAffineExpr {};
struct PyAffineDimExpr : PyAffineExpr {};
struct PyAffineSymbolExpr : PyAffineExpr {};

static PyAffineExpr constant(int64_t value, ContextArg context) {
  ContextRef state = context.get();
  return make(state, getAffineConstantExpr(value, &state->mlir));
}
static PyAffineExpr dimension(unsigned position, ContextArg context) {
  ContextRef state = context.get();
  return make(state, getAffineDimExpr(position, &state->mlir));
}
static PyAffineExpr symbol(unsigned position, ContextArg context) {
  ContextRef state = context.get();
  return make(state, getAffineSymbolExpr(position, &state->mlir));
}

static void bindExpressions(nb::module_ &m) {
  nb::class_<PyAffineExpr> type(m, "AffineExpr");
  bindOperator<add>(type, "__add__", "get_add");
  bindOperator<add>(type, "__radd__", nullptr);
  bindOperator<multiply>(type, "__mul__", "get_mul");
  bindOperator<multiply>(type, "__rmul__", nullptr);
  bindOperator<modulo>(type, "__mod__", "get_mod");
  bindOperator<floorDivide>(type, "__floordiv__", "get_floor_div");
  bindOperator<ceilDivide>(type, "ceil_div", "get_ceil_div");
  bindOperator<subtract>(type, "__sub__", nullptr);
  bindOperator<subtractFrom>(type, "__rsub__", nullptr);
  type.def_static("get_constant", constant, nb::arg("value"), nb::arg("context") = nb::none())
      .def_static("get_dim", dimension, nb::arg("position"), nb::arg("context") = nb::none())
      .def_static("get_symbol", symbol, nb::arg("position"), nb::arg("context") = nb::none())
      .def_prop_ro("context", [](PyAffineExpr &self) { return toPython(self.context); })
      .def("__eq__",
           [](PyAffineExpr &self, PyAffineExpr &other) { return self.value == other.value; })
      .def(
          "__eq__", [](PyAffineExpr &, nb::object) { return false; }, nb::arg("other").none())
      .def("__hash__", [](PyAffineExpr &self) { return size_t(hash_value(self.value)); })
      .def("__str__", [](PyAffineExpr &self) { return printed(self.value); })
      .def("__repr__",
           [](PyAffineExpr &self) { return "AffineExpr(" + printed(self.value) + ")"; });
}

//===----------------------------------------------------------------------===//
// Maps
//===----------------------------------------------------------------------===//

/// Refuses expressions that name a dimension or symbol the map does not have.
static void checkPositions(ArrayRef<AffineExpr> expressions, unsigned dims, unsigned symbols) {
  for (AffineExpr expression : expressions)
    expression.walk([&](AffineExpr part) {
      auto dim = dyn_cast<AffineDimExpr>(part);
      auto symbol = dyn_cast<AffineSymbolExpr>(part);
      if ((dim && dim.getPosition() >= dims) || (symbol && symbol.getPosition() >= symbols))
        throw nb::value_error("an expression uses a dimension or symbol the map does not have");
    });
}

static PyAffineMap getMap(unsigned dims, unsigned symbols, Expressions results,
                          ContextArg context) {
  ContextRef state = context.get();
  SmallVector<AffineExpr> expressions = expressionsFrom(state, results);
  checkPositions(expressions, dims, symbols);
  return {state, AffineMap::get(dims, symbols, expressions, &state->mlir)};
}

static PyAffineMap getPermutation(const std::vector<unsigned> &permutation, ContextArg context) {
  ContextRef state = context.get();
  std::vector<bool> seen(permutation.size());
  for (unsigned position : permutation) {
    if (position >= seen.size() || seen[position])
      throw nb::value_error("Invalid permutation when attempting to create an AffineMap");
    seen[position] = true;
  }
  return {state, AffineMap::getPermutationMap(permutation, &state->mlir)};
}

static nb::typed<nb::list, PyAffineExpr> resultsOf(PyAffineMap &self) {
  nb::typed<nb::list, PyAffineExpr> results;
  for (AffineExpr expression : self.value.getResults())
    results.append(make(self.context, expression));
  return results;
}

static PyAffineMap subMap(PyAffineMap &self, const std::vector<unsigned> &positions) {
  for (unsigned position : positions)
    if (position >= self.value.getNumResults())
      throw nb::value_error("result position out of range");
  return {self.context, self.value.getSubMap(positions)};
}

template <typename Class> static void bindMapConstructors(Class &type) {
  type.def_static("get", getMap, nb::arg("dim_count"), nb::arg("symbol_count"), nb::arg("exprs"),
                  nb::arg("context") = nb::none())
      .def_static(
          "get_identity",
          [](unsigned dims, ContextArg context) {
            ContextRef state = context.get();
            return PyAffineMap{state, AffineMap::getMultiDimIdentityMap(dims, &state->mlir)};
          },
          nb::arg("n_dims"), nb::arg("context") = nb::none())
      .def_static(
          "get_minor_identity",
          [](unsigned dims, unsigned results, ContextArg context) {
            if (results > dims)
              throw nb::value_error("a minor identity has no more results than dimensions");
            ContextRef state = context.get();
            return PyAffineMap{state, AffineMap::getMinorIdentityMap(dims, results, &state->mlir)};
          },
          nb::arg("n_dims"), nb::arg("n_results"), nb::arg("context") = nb::none())
      .def_static(
          "get_constant",
          [](int64_t value, ContextArg context) {
            ContextRef state = context.get();
            return PyAffineMap{state, AffineMap::getConstantMap(value, &state->mlir)};
          },
          nb::arg("value"), nb::arg("context") = nb::none())
      .def_static(
          "get_empty",
          [](ContextArg context) {
            ContextRef state = context.get();
            return PyAffineMap{state, AffineMap::get(&state->mlir)};
          },
          nb::arg("context") = nb::none())
      .def_static("get_permutation", getPermutation, nb::arg("permutation"),
                  nb::arg("context") = nb::none());
}

static void bindMaps(nb::module_ &m) {
  nb::class_<PyAffineMap> type(m, "AffineMap");
  bindMapConstructors(type);
  type.def_prop_ro("context", [](PyAffineMap &self) { return toPython(self.context); })
      .def_prop_ro("n_dims", [](PyAffineMap &self) { return self.value.getNumDims(); })
      .def_prop_ro("n_symbols", [](PyAffineMap &self) { return self.value.getNumSymbols(); })
      .def_prop_ro("n_inputs", [](PyAffineMap &self) { return self.value.getNumInputs(); })
      .def_prop_ro("results", resultsOf)
      .def_prop_ro("is_permutation", [](PyAffineMap &self) { return self.value.isPermutation(); })
      .def_prop_ro("is_projected_permutation",
                   [](PyAffineMap &self) { return self.value.isProjectedPermutation(); })
      .def("get_submap", subMap, nb::arg("result_positions"))
      .def("__eq__",
           [](PyAffineMap &self, PyAffineMap &other) { return self.value == other.value; })
      .def(
          "__eq__", [](PyAffineMap &, nb::object) { return false; }, nb::arg("other").none())
      .def("__hash__", [](PyAffineMap &self) { return size_t(hash_value(self.value)); })
      .def("__str__", [](PyAffineMap &self) { return printed(self.value); })
      .def("__repr__", [](PyAffineMap &self) { return "AffineMap(" + printed(self.value) + ")"; });
}

//===----------------------------------------------------------------------===//
// Integer sets
//===----------------------------------------------------------------------===//

static PyIntegerSet getSet(unsigned dims, unsigned symbols, Expressions constraints,
                           const std::vector<bool> &isEquality, ContextArg context) {
  ContextRef state = context.get();
  SmallVector<AffineExpr> expressions = expressionsFrom(state, constraints);
  if (expressions.empty() || expressions.size() != isEquality.size())
    throw nb::value_error("an integer set needs constraints and one flag for each");
  checkPositions(expressions, dims, symbols);
  return {state, IntegerSet::get(dims, symbols, expressions,
                                 SmallVector<bool>(isEquality.begin(), isEquality.end()))};
}

static void bindSets(nb::module_ &m) {
  nb::class_<PyIntegerSet>(m, "IntegerSet")
      .def_static("get", getSet, nb::arg("num_dims"), nb::arg("num_symbols"), nb::arg("exprs"),
                  nb::arg("eq_flags"), nb::arg("context") = nb::none())
      .def_prop_ro("context", [](PyIntegerSet &self) { return toPython(self.context); })
      .def_prop_ro("n_dims", [](PyIntegerSet &self) { return self.value.getNumDims(); })
      .def_prop_ro("n_symbols", [](PyIntegerSet &self) { return self.value.getNumSymbols(); })
      .def_prop_ro("n_equalities", [](PyIntegerSet &self) { return self.value.getNumEqualities(); })
      .def_prop_ro("n_inequalities",
                   [](PyIntegerSet &self) { return self.value.getNumInequalities(); })
      .def("__eq__",
           [](PyIntegerSet &self, PyIntegerSet &other) { return self.value == other.value; })
      .def(
          "__eq__", [](PyIntegerSet &, nb::object) { return false; }, nb::arg("other").none())
      .def("__hash__", [](PyIntegerSet &self) { return size_t(hash_value(self.value)); })
      .def("__str__", [](PyIntegerSet &self) { return printed(self.value); });
}

void bindAffine(nb::module_ &m) {
  bindExpressions(m);
  nb::class_<PyAffineConstantExpr, PyAffineExpr>(m, "AffineConstantExpr")
      .def_static("get", constant, nb::arg("value"), nb::arg("context") = nb::none());
  nb::class_<PyAffineDimExpr, PyAffineExpr>(m, "AffineDimExpr")
      .def_static("get", dimension, nb::arg("position"), nb::arg("context") = nb::none());
  nb::class_<PyAffineSymbolExpr, PyAffineExpr>(m, "AffineSymbolExpr")
      .def_static("get", symbol, nb::arg("position"), nb::arg("context") = nb::none());
  bindMaps(m);
  bindSets(m);
}

} // namespace afe::python

//===- OpView.cpp - Base class of the generated operation classes ------------------===//
//
// Generated constructors pass flat lists, or lists of lists where operands or results come in
// segments; this turns both into one operation and records the segment sizes.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Build.h"
#include "Printing.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

namespace afe::python {

AnyObject toPythonOpView(const AnchorRef &anchor) {
  auto *op = static_cast<Operation *>(anchor->get());
  nb::object type = lookupOperationClass(op->getName().getStringRef().str());
  if (!type.is_valid())
    type = nb::borrow(nb::type<PyOpView>());
  nb::object view = nb::inst_alloc(type);
  new (nb::inst_ptr<PyOpView>(view)) PyOpView{{anchor}};
  nb::inst_mark_ready(view);
  return view;
}

//===----------------------------------------------------------------------===//
// Segments
//===----------------------------------------------------------------------===//

static bool isSequence(nb::handle object) {
  return nb::isinstance<nb::list>(object) || nb::isinstance<nb::tuple>(object) ||
         (nb::hasattr(object, "__len__") && nb::hasattr(object, "__getitem__"));
}

/// Appends what one segment holds, and returns how many. `spec`: 1 one, 0 optional, -1 any number.
template <typename Append>
static int32_t addSegment(nb::handle given, int spec, const char *what, Append append) {
  if (given.is_none()) {
    if (spec == 1)
      throw nb::value_error((std::string(what) + " is required but was None").c_str());
    return 0;
  }
  if (spec != -1 || !isSequence(given)) {
    append(given);
    return 1;
  }
  int32_t count = 0;
  for (nb::handle item : nb::iter(given)) {
    append(item);
    ++count;
  }
  return count;
}

/// Flat (no spec) or segmented; in the latter case sets `attribute` to the sizes.
template <typename Append>
static void addAll(nb::handle given, nb::handle spec, const char *what, const char *attribute,
                   OperationParts &parts, Append append) {
  if (spec.is_none()) {
    for (nb::handle item : nb::iter(given))
      append(item);
    return;
  }
  std::vector<int> specs = nb::cast<std::vector<int>>(spec);
  if (specs.size() != nb::len(given))
    throw nb::value_error(("'" + parts.name + "' has " + std::to_string(specs.size()) + " " + what +
                           " segments, but " + std::to_string(nb::len(given)) + " were given")
                              .c_str());
  SmallVector<int32_t> sizes;
  size_t index = 0;
  for (nb::handle item : nb::iter(given))
    sizes.push_back(addSegment(item, specs[index++], what, append));
  MLIRContext *context = &parts.location.context->mlir;
  parts.attributes.set(attribute, DenseI32ArrayAttr::get(context, sizes));
}

//===----------------------------------------------------------------------===//
// Construction
//===----------------------------------------------------------------------===//

static unsigned numRegions(const std::string &name, nb::handle spec, nb::handle given) {
  auto [minimum, exact] = nb::cast<std::pair<unsigned, bool>>(spec);
  unsigned count = given.is_none() ? minimum : nb::cast<unsigned>(given);
  if (count < minimum || (exact && count > minimum))
    throw nb::value_error(("'" + name + "' has " + std::to_string(minimum) +
                           (exact ? "" : " or more") + " regions, not " + std::to_string(count))
                              .c_str());
  return count;
}

/// The arguments of OpView.__init__ and OpView.build_generic.
struct ViewArguments {
  std::string name;
  nb::object regionSpec, operandSpec, resultSpec;
  nb::object results, operands, attributes, successors, regions;
  LocationArg location;
  nb::object ip;
};

static AnchorRef build(const ViewArguments &arguments) {
  OperationParts parts;
  parts.name = arguments.name;
  parts.location = arguments.location.get();
  const ContextRef context = parts.location.context;
  parts.attributes = attributesFrom(context, arguments.attributes);
  if (!arguments.operands.is_none())
    addAll(arguments.operands, arguments.operandSpec, "operand", "operandSegmentSizes", parts,
           [&](nb::handle item) { parts.operands.push_back(valueFrom(context, item)); });
  if (!arguments.results.is_none()) {
    parts.results.emplace();
    addAll(arguments.results, arguments.resultSpec, "result", "resultSegmentSizes", parts,
           [&](nb::handle item) { parts.results->push_back(typeFrom(context, item)); });
  }
  parts.successors = blocksFrom(context, arguments.successors);
  parts.numRegions = numRegions(parts.name, arguments.regionSpec, arguments.regions);
  return createOperation(std::move(parts), arguments.ip);
}

static void construct(PyOpView *self, const std::string &name, nb::object regionSpec,
                      nb::object operandSpec, nb::object resultSpec, nb::object results,
                      nb::object operands, nb::object attributes, nb::object successors,
                      nb::object regions, LocationArg loc, nb::object ip) {
  new (self) PyOpView{{build({name, regionSpec, operandSpec, resultSpec, results, operands,
                              attributes, successors, regions, loc, ip})}};
}

/// As `construct`, with everything the class itself knows taken from it.
static AnyObject buildGeneric(nb::handle cls, nb::object results, nb::object operands,
                              nb::object attributes, nb::object successors, nb::object regions,
                              LocationArg loc, nb::object ip) {
  AnchorRef anchor =
      build({nb::cast<std::string>(cls.attr("OPERATION_NAME")), cls.attr("_ODS_REGIONS"),
             cls.attr("_ODS_OPERAND_SEGMENTS"), cls.attr("_ODS_RESULT_SEGMENTS"), results, operands,
             attributes, successors, regions, loc, ip});
  return toPythonOpView(anchor);
}

static AnyObject parseAs(nb::handle cls, const std::string &source, const std::string &sourceName,
                         ContextArg context) {
  nb::object view = toPythonOpView(parseOperation(source, sourceName, context.get()));
  if (!view.type().is(cls) && !cls.is(nb::type<PyOpView>()))
    throw nb::value_error("the source does not hold one operation of this class");
  return view;
}

/// Binds `function` as a classmethod, which nanobind does not offer itself.
template <typename Function, typename... Extra>
static void defClassMethod(nb::handle type, const char *name, Function function,
                           const Extra &...extra) {
  nb::object callable = nb::cpp_function(function, nb::name(name), nb::scope(type), extra...);
  nb::setattr(type, name, nb::steal(PyClassMethod_New(callable.ptr())));
}

void bindOpViews(nb::module_ &m) {
  nb::class_<PyOpView, PyOperationBase> view(m, "OpView", nb::dynamic_attr(),
                                             "Base of the generated operation classes.");
  view.def(
          "__init__",
          [](PyOpView *self, PyOperationBase &operation) {
            operation.get();
            new (self) PyOpView{{operation.anchor}};
          },
          nb::arg("operation"))
      .def("__init__", construct, nb::arg("name"), nb::arg("opRegionSpec"),
           nb::arg("operandSegmentSpecObj") = nb::none(),
           nb::arg("resultSegmentSpecObj") = nb::none(), nb::arg("results") = nb::none(),
           nb::arg("operands") = nb::none(), nb::arg("attributes") = nb::none(),
           nb::arg("successors") = nb::none(), nb::arg("regions") = nb::none(),
           nb::arg("loc") = nb::none(), nb::arg("ip") = nb::none());
  view.attr("_ODS_REGIONS") = nb::make_tuple(0, true);
  view.attr("_ODS_OPERAND_SEGMENTS") = nb::none();
  view.attr("_ODS_RESULT_SEGMENTS") = nb::none();
  defClassMethod(view, "build_generic", buildGeneric, nb::arg("cls"),
                 nb::arg("results") = nb::none(), nb::arg("operands") = nb::none(),
                 nb::arg("attributes") = nb::none(), nb::arg("successors") = nb::none(),
                 nb::arg("regions") = nb::none(), nb::arg("loc") = nb::none(),
                 nb::arg("ip") = nb::none());
  defClassMethod(view, "parse", parseAs, nb::arg("cls"), nb::arg("source"), nb::kw_only(),
                 nb::arg("source_name") = "", nb::arg("context") = nb::none());
}

} // namespace afe::python

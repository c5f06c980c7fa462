//===- Location.cpp - afe.ir.Location -----------------------------------------------===//
//
// Where in the user's model an operation comes from.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Casters.h"
#include "ThreadStack.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"

using namespace mlir;

namespace afe::python {

PyLocation toPython(const ContextRef &context, LocationAttr location) {
  return {context, location};
}

//===----------------------------------------------------------------------===//
// Construction
//===----------------------------------------------------------------------===//

static PyLocation unknown(ContextArg context) {
  ContextRef state = context.get();
  return {state, UnknownLoc::get(&state->mlir)};
}

static PyLocation file(const std::string &name, unsigned line, unsigned column,
                       ContextArg context) {
  ContextRef state = context.get();
  return {state, FileLineColLoc::get(&state->mlir, name, line, column)};
}

static PyLocation fileRange(const std::string &name, unsigned startLine, unsigned startColumn,
                            unsigned endLine, unsigned endColumn, ContextArg context) {
  ContextRef state = context.get();
  return {state, FileLineColRange::get(StringAttr::get(&state->mlir, name), startLine, startColumn,
                                       endLine, endColumn)};
}

static PyLocation named(const std::string &name, PyLocation *child, ContextArg context) {
  ContextRef state = child && context.given.is_none() ? child->context : context.get();
  auto attribute = StringAttr::get(&state->mlir, name);
  if (!child)
    return {state, NameLoc::get(attribute)};
  requireSameContext(state, child->context, "the child location");
  return {state, NameLoc::get(attribute, Location(child->value))};
}

static PyLocation fused(nb::typed<nb::sequence, PyLocation> parts, Typed<PyAttribute> metadata,
                        ContextArg context) {
  ContextRef state = context.get();
  SmallVector<Location> locations;
  for (nb::handle part : nb::iter(parts)) {
    PyLocation &location = nb::cast<PyLocation &>(part);
    requireSameContext(state, location.context, "a location");
    locations.push_back(Location(location.value));
  }
  Attribute attached;
  if (!metadata.is_none())
    attached = nb::cast<PyAttribute &>(metadata).value;
  return {state, LocationAttr(FusedLoc::get(locations, attached, &state->mlir))};
}

static PyLocation callSite(PyLocation &callee, nb::typed<nb::sequence, PyLocation> frames,
                           ContextArg context) {
  ContextRef state = context.given.is_none() ? callee.context : context.get();
  SmallVector<Location> callers;
  for (nb::handle frame : nb::iter(frames)) {
    PyLocation &location = nb::cast<PyLocation &>(frame);
    requireSameContext(state, location.context, "a caller");
    callers.push_back(Location(location.value));
  }
  if (callers.empty())
    throw nb::value_error("No caller frames provided.");
  requireSameContext(state, callee.context, "the callee");
  Location caller = callers.back();
  for (Location outer : llvm::reverse(ArrayRef<Location>(callers).drop_back()))
    caller = CallSiteLoc::get(outer, caller);
  return {state, CallSiteLoc::get(Location(callee.value), caller)};
}

static PyLocation fromAttribute(PyAttribute &attribute, ContextArg) {
  auto location = dyn_cast<LocationAttr>(attribute.value);
  if (!location)
    throw nb::value_error("the attribute is not a location");
  return {attribute.context, location};
}

//===----------------------------------------------------------------------===//
// Parts of a location
//===----------------------------------------------------------------------===//

template <typename Kind> static Kind as(PyLocation &self, const char *what) {
  if (auto location = dyn_cast<Kind>(self.value))
    return location;
  throw nb::value_error((std::string("the location is not a ") + what).c_str());
}

static nb::typed<nb::list, PyLocation> childrenOf(PyLocation &self) {
  nb::list result;
  if (auto fused = dyn_cast<FusedLoc>(self.value))
    for (Location location : fused.getLocations())
      result.append(PyLocation{self.context, LocationAttr(location)});
  return result;
}

static void emitErrorAt(PyLocation &self, const std::string &message) {
  mlir::emitError(Location(self.value), message);
}

template <typename Class> static void bindParts(Class &location) {
  location
      .def_prop_ro("filename",
                   [](PyLocation &self) {
                     return as<FileLineColRange>(self, "file location").getFilename().str();
                   })
      .def_prop_ro("start_line",
                   [](PyLocation &self) {
                     return as<FileLineColRange>(self, "file location").getStartLine();
                   })
      .def_prop_ro("start_col",
                   [](PyLocation &self) {
                     return as<FileLineColRange>(self, "file location").getStartColumn();
                   })
      .def_prop_ro(
          "end_line",
          [](PyLocation &self) { return as<FileLineColRange>(self, "file location").getEndLine(); })
      .def_prop_ro("end_col",
                   [](PyLocation &self) {
                     return as<FileLineColRange>(self, "file location").getEndColumn();
                   })
      .def_prop_ro(
          "name_str",
          [](PyLocation &self) { return as<NameLoc>(self, "name location").getName().str(); })
      .def_prop_ro("child_loc",
                   [](PyLocation &self) {
                     auto name = as<NameLoc>(self, "name location");
                     return PyLocation{self.context, LocationAttr(name.getChildLoc())};
                   })
      .def_prop_ro("callee",
                   [](PyLocation &self) {
                     auto site = as<CallSiteLoc>(self, "call site");
                     return PyLocation{self.context, LocationAttr(site.getCallee())};
                   })
      .def_prop_ro("caller",
                   [](PyLocation &self) {
                     auto site = as<CallSiteLoc>(self, "call site");
                     return PyLocation{self.context, LocationAttr(site.getCaller())};
                   })
      .def_prop_ro("locations", childrenOf, "The parts of a fused location.");
}

template <typename Class> static void bindKinds(Class &location) {
  location.def("is_a_file", [](PyLocation &self) { return isa<FileLineColRange>(self.value); })
      .def("is_a_name", [](PyLocation &self) { return isa<NameLoc>(self.value); })
      .def("is_a_fused", [](PyLocation &self) { return isa<FusedLoc>(self.value); })
      .def("is_a_callsite", [](PyLocation &self) { return isa<CallSiteLoc>(self.value); });
}

void bindLocations(nb::module_ &m) {
  nb::class_<PyLocation> location(m, "Location", "Where an operation comes from.");
  location.def_static("unknown", unknown, nb::arg("context") = nb::none())
      .def_static("file", file, nb::arg("filename"), nb::arg("line"), nb::arg("col"),
                  nb::arg("context") = nb::none())
      .def_static("file", fileRange, nb::arg("filename"), nb::arg("start_line"),
                  nb::arg("start_col"), nb::arg("end_line"), nb::arg("end_col"),
                  nb::arg("context") = nb::none())
      .def_static("name", named, nb::arg("name"), nb::arg("childLoc").none() = nb::none(),
                  nb::arg("context") = nb::none())
      .def_static("fused", fused, nb::arg("locations"), nb::arg("metadata") = nb::none(),
                  nb::arg("context") = nb::none())
      .def_static("callsite", callSite, nb::arg("callee"), nb::arg("frames"),
                  nb::arg("context") = nb::none())
      .def_static("from_attr", fromAttribute, nb::arg("attribute"), nb::arg("context") = nb::none())
      .def_prop_ro_static(
          "current",
          [](nb::handle) -> Typed<PyLocation> {
            Frame *frame = currentFrame();
            if (!frame || !frame->location.is_valid())
              throw nb::value_error("No current Location");
            return frame->location;
          },
          "The location of the innermost `with`; ValueError if there is none.")
      .def_prop_ro("context", [](PyLocation &self) { return toPython(self.context); })
      .def_prop_ro("attr",
                   [](PyLocation &self) { return toPython(self.context, Attribute(self.value)); })
      .def("emit_error", emitErrorAt, nb::arg("message"))
      .def("__enter__",
           [](Typed<PyLocation> self) -> Typed<PyLocation> { return enterLocation(self); })
      .def("__exit__", [](nb::object self, nb::args) { exitFrame(self); })
      .def("__eq__", [](PyLocation &self, PyLocation &other) { return self.value == other.value; })
      .def(
          "__eq__", [](PyLocation &, nb::object) { return false; }, nb::arg("other").none())
      .def("__hash__", [](PyLocation &self) { return size_t(hash_value(self.value)); })
      .def("__repr__", [](PyLocation &self) { return printed(self.value); });
  bindParts(location);
  bindKinds(location);
}

} // namespace afe::python

//===- Globals.cpp - What generated dialect modules register ------------------------===//
//
// `register_dialect`, `register_operation`, attribute builders, and the search for the Python
// module of a dialect. One table per process, as in upstream's bindings; never released.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"

namespace afe::python {

namespace {
struct Registry {
  nb::dict operations, dialects, attributeBuilders, searched;
  nb::list searchPrefixes, tracebackExclusions;
};
/// The Python object `_mlir.globals`.
struct PyGlobals {};
/// The class `_mlir.ir.AttrBuilder`, all static.
struct PyAttrBuilder {};
} // namespace

static Registry &registry() {
  static auto *instance = new Registry();
  return *instance;
}

//===----------------------------------------------------------------------===//
// Lookup
//===----------------------------------------------------------------------===//

/// Imports the Python module of the dialect, once; a dialect without one is no error.
static void importDialectModule(const std::string &dialectNamespace) {
  Registry &known = registry();
  nb::str key(dialectNamespace.c_str());
  if (known.searched.contains(key))
    return;
  known.searched[key] = true;
  nb::object find = nb::module_::import_("importlib.util").attr("find_spec");
  for (nb::handle prefix : known.searchPrefixes) {
    std::string name = nb::cast<std::string>(prefix) + "." + dialectNamespace;
    if (!find(name.c_str()).is_none()) {
      nb::module_::import_(name.c_str());
      return;
    }
  }
}

static nb::object lookup(nb::dict &table, const std::string &key) {
  nb::str name(key.c_str());
  return table.contains(name) ? nb::object(table[name]) : nb::object();
}

nb::object lookupDialectClass(const std::string &dialectNamespace) {
  importDialectModule(dialectNamespace);
  return lookup(registry().dialects, dialectNamespace);
}

nb::object lookupOperationClass(const std::string &operationName) {
  nb::object found = lookup(registry().operations, operationName);
  if (found.is_valid())
    return found;
  importDialectModule(operationName.substr(0, operationName.find('.')));
  return lookup(registry().operations, operationName);
}

//===----------------------------------------------------------------------===//
// Registration
//===----------------------------------------------------------------------===//

static AnyObject registerDialect(nb::object cls) {
  std::string name = nb::cast<std::string>(cls.attr("DIALECT_NAMESPACE"));
  registry().dialects[nb::str(name.c_str())] = cls;
  return cls;
}

static nb::object registerOperation(nb::object dialect, nb::object cls, bool replace) {
  nb::object name = cls.attr("OPERATION_NAME");
  if (!replace && registry().operations.contains(name))
    throw std::runtime_error("Operation '" + nb::cast<std::string>(name) +
                             "' is already registered; pass replace=True to replace it");
  registry().operations[name] = cls;
  nb::setattr(dialect, cls.attr("__name__"), cls);
  return cls;
}

static void insertBuilder(nb::str kind, AnyObject builder, bool replace, bool allowExisting) {
  nb::dict &builders = registry().attributeBuilders;
  if (builders.contains(kind) && allowExisting)
    return;
  if (builders.contains(kind) && !replace)
    throw std::runtime_error("Attribute builder for '" + nb::cast<std::string>(kind) +
                             "' is already registered");
  builders[kind] = builder;
}

static void bindAttrBuilder(nb::module_ &ir) {
  nb::class_<PyAttrBuilder>(ir, "AttrBuilder", "Python builders of ODS attribute kinds.")
      .def_static(
          "contains", [](nb::str kind) { return registry().attributeBuilders.contains(kind); },
          nb::arg("attribute_kind"))
      .def_static(
          "get",
          [](nb::str kind) -> AnyObject {
            if (!registry().attributeBuilders.contains(kind))
              throw nb::key_error(kind.c_str());
            return registry().attributeBuilders[kind];
          },
          nb::arg("attribute_kind"))
      .def_static("insert", insertBuilder, nb::arg("attribute_kind"), nb::arg("attr_builder"),
                  nb::arg("replace") = false, nb::arg("allow_existing") = false);
}

void bindGlobals(nb::module_ &root, nb::module_ &ir) {
  bindAttrBuilder(ir);
  nb::class_<PyGlobals>(root, "_Globals")
      .def(
          "append_dialect_search_prefix",
          [](PyGlobals &, nb::str prefix) {
            registry().searchPrefixes.append(prefix);
            registry().searched.clear();
          },
          nb::arg("module_name"))
      .def(
          "register_traceback_file_exclusion",
          [](PyGlobals &, nb::str file) { registry().tracebackExclusions.append(file); },
          nb::arg("filename"))
      .def_prop_ro("traceback_file_exclusions", [](PyGlobals &) -> nb::typed<nb::list, nb::str> {
        return registry().tracebackExclusions;
      });
  root.attr("globals") = nb::cast(PyGlobals{});
  registry().searchPrefixes.append(nb::str("afe.dialects"));
  root.def("register_dialect", registerDialect, nb::arg("dialect_class"));
  root.def(
      "register_operation",
      [](nb::object dialect, bool replace) -> AnyObject {
        return AnyObject(nb::cpp_function([dialect, replace](nb::object cls) {
          return registerOperation(dialect, cls, replace);
        }));
      },
      nb::arg("dialect_class"), nb::kw_only(), nb::arg("replace") = false,
      "A decorator for a generated operation class.");
}

} // namespace afe::python

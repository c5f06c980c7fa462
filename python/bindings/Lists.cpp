//===- Lists.cpp - Sequences that look into an operation or a block ----------------===//
//
// The four windowed lists share one template: an element's accessor is all that differs.
//
//===----------------------------------------------------------------------===//
#include "Lists.h"
#include "Bindings.h"
#include "Build.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

namespace afe::python {

intptr_t normalizedIndex(intptr_t index, intptr_t length) {
  if (index < 0)
    index += length;
  if (index < 0 || index >= length)
    throw nb::index_error("list index out of range");
  return index;
}

static Operation *operationOf(const Window &window) {
  return static_cast<Operation *>(window.anchor->get());
}
static Block *blockOf(const Window &window) { return static_cast<Block *>(window.anchor->get()); }

PyOpOperandList operandsOf(const AnchorRef &operation) {
  return {{operation, 0, static_cast<Operation *>(operation->get())->getNumOperands()}};
}
PyOpResultList resultsOf(const AnchorRef &operation) {
  return {{operation, 0, static_cast<Operation *>(operation->get())->getNumResults()}};
}
PyOpSuccessors successorsOf(const AnchorRef &operation) {
  return {{operation, 0, static_cast<Operation *>(operation->get())->getNumSuccessors()}};
}
PyBlockArgumentList argumentsOf(const AnchorRef &block) {
  return {{block, 0, static_cast<Block *>(block->get())->getNumArguments()}};
}

//===----------------------------------------------------------------------===//
// One element of each kind; the list may be older than the operation's last change
//===----------------------------------------------------------------------===//

static unsigned checked(intptr_t index, size_t size) {
  if (static_cast<size_t>(index) >= size)
    throw nb::index_error("the operation or block has fewer elements than when the list was made");
  return index;
}

static AnyObject element(const PyOpOperandList &list, intptr_t index) {
  Operation *op = operationOf(list);
  return toPython(list.anchor->tree->context, op->getOperand(checked(index, op->getNumOperands())));
}
static AnyObject element(const PyOpResultList &list, intptr_t index) {
  Operation *op = operationOf(list);
  return toPython(list.anchor->tree->context,
                  Value(op->getResult(checked(index, op->getNumResults()))));
}
static AnyObject element(const PyOpSuccessors &list, intptr_t index) {
  Operation *op = operationOf(list);
  return nb::cast(toPython(list.anchor->tree->context,
                           op->getSuccessor(checked(index, op->getNumSuccessors()))));
}
static AnyObject element(const PyBlockArgumentList &list, intptr_t index) {
  Block *block = blockOf(list);
  return toPython(list.anchor->tree->context,
                  Value(block->getArgument(checked(index, block->getNumArguments()))));
}

//===----------------------------------------------------------------------===//
// The shared list protocol
//===----------------------------------------------------------------------===//

template <typename List> static nb::typed<nb::list, nb::any> asList(const List &list) {
  list.anchor->get();
  nb::typed<nb::list, nb::any> result;
  for (intptr_t i = 0; i < list.length; ++i)
    result.append(element(list, list.start + i * list.step));
  return result;
}

template <typename List> static List sliceOf(const List &list, nb::slice slice) {
  list.anchor->get();
  auto [start, stop, step, length] = slice.compute(list.length);
  List result = list;
  result.start = list.start + start * list.step;
  result.step = list.step * step;
  result.length = length;
  return result;
}

template <typename List> static nb::class_<List> bindList(nb::module_ &m, const char *name) {
  return nb::class_<List>(m, name)
      .def("__len__",
           [](List &self) {
             self.anchor->get();
             return self.length;
           })
      .def("__getitem__",
           [](List &self, intptr_t index) {
             return element(self, self.start + normalizedIndex(index, self.length) * self.step);
           })
      .def("__getitem__", [](List &self, nb::slice slice) { return sliceOf(self, slice); })
      .def("__iter__", [](List &self) { return iteratorOver<nb::any>(asList(self)); })
      .def("__add__", [](List &self, nb::typed<nb::iterable, nb::any> other) {
        nb::typed<nb::list, nb::any> result = asList(self);
        for (nb::handle item : nb::iter(other))
          result.append(item);
        return result;
      });
}

template <typename List> static nb::typed<nb::list, nb::any> typesOf(List &self) {
  nb::typed<nb::list, nb::any> types;
  for (nb::handle value : asList(self))
    types.append(value.attr("type"));
  return types;
}

static void setOperand(PyOpOperandList &self, intptr_t index, nb::handle value) {
  Operation *op = operationOf(self);
  intptr_t position = self.start + normalizedIndex(index, self.length) * self.step;
  op->setOperand(checked(position, op->getNumOperands()),
                 valueFrom(self.anchor->tree->context, value));
}

static void setSuccessor(PyOpSuccessors &self, intptr_t index, PyBlock &block) {
  Operation *op = operationOf(self);
  requireSameContext(self.anchor->tree->context, block.context(), "a successor");
  intptr_t position = self.start + normalizedIndex(index, self.length) * self.step;
  op->setSuccessor(block.get(), checked(position, op->getNumSuccessors()));
}

//===----------------------------------------------------------------------===//
// Attributes of an operation
//===----------------------------------------------------------------------===//

/// Inherent and discardable attributes together, in the order they print.
static DictionaryAttr dictionaryOf(const PyOpAttributeMap &self) {
  return self.get()->getAttrDictionary();
}

static Attribute find(const PyOpAttributeMap &self, const std::string &name) {
  return self.get()->getAttr(name);
}

static AnyObject getByName(PyOpAttributeMap &self, const std::string &name) {
  Attribute found = find(self, name);
  if (!found)
    throw nb::key_error(("attempt to access a non-existent attribute '" + name + "'").c_str());
  return toPython(self.anchor->tree->context, found);
}

static void setByName(PyOpAttributeMap &self, const std::string &name, PyAttribute &value) {
  requireSameContext((self.get(), self.anchor->tree->context), value.context, "an attribute");
  if (name.empty())
    throw nb::value_error("an attribute's name must not be empty");
  self.get()->setAttr(name, value.value);
}

static void removeByName(PyOpAttributeMap &self, const std::string &name) {
  if (!find(self, name))
    throw nb::key_error(("attempt to delete a non-existent attribute '" + name + "'").c_str());
  self.get()->removeAttr(name);
}

template <typename Element, typename Make>
static nb::typed<nb::list, Element> listOf(PyOpAttributeMap &self, Make make) {
  nb::typed<nb::list, Element> result;
  for (NamedAttribute attribute : dictionaryOf(self))
    result.append(make(nb::str(attribute.getName().str().c_str()),
                       toPython(self.anchor->tree->context, attribute.getValue())));
  return result;
}

static nb::typed<nb::list, nb::str> namesOf(PyOpAttributeMap &self) {
  return listOf<nb::str>(self, [](nb::str name, nb::object) { return name; });
}

static void bindAttributeMap(nb::module_ &m) {
  nb::class_<PyOpAttributeMap>(m, "OpAttributeMap", "The attributes of an operation, by name.")
      .def("__contains__",
           [](PyOpAttributeMap &self, const std::string &name) { return !!find(self, name); })
      .def("__len__", [](PyOpAttributeMap &self) { return dictionaryOf(self).size(); })
      .def("__getitem__", getByName)
      .def("__getitem__",
           [](PyOpAttributeMap &self, intptr_t index) {
             DictionaryAttr dictionary = dictionaryOf(self);
             NamedAttribute found =
                 dictionary.getValue()[normalizedIndex(index, dictionary.size())];
             return PyNamedAttribute{self.anchor->tree->context, found};
           })
      .def("__setitem__", setByName)
      .def("__delitem__", removeByName)
      .def("__iter__", [](PyOpAttributeMap &self) { return iteratorOver<nb::str>(namesOf(self)); })
      .def("keys", namesOf)
      .def("values",
           [](PyOpAttributeMap &self) {
             return listOf<nb::any>(self, [](nb::str, nb::object value) { return value; });
           })
      .def("items",
           [](PyOpAttributeMap &self) {
             return listOf<nb::typed<nb::tuple, nb::str, nb::any>>(
                 self, [](nb::str name, nb::object value) { return nb::make_tuple(name, value); });
           })
      .def(
          "get",
          [](PyOpAttributeMap &self, const std::string &name, AnyObject fallback) -> AnyObject {
            Attribute found = find(self, name);
            return found ? toPython(self.anchor->tree->context, found) : fallback;
          },
          nb::arg("key"), nb::arg("default") = nb::none());
}

void bindOperationLists(nb::module_ &m) {
  bindList<PyOpOperandList>(m, "OpOperandList")
      .def("__setitem__", setOperand)
      .def_prop_ro("types", typesOf<PyOpOperandList>);
  bindList<PyOpResultList>(m, "OpResultList")
      .def_prop_ro("types", typesOf<PyOpResultList>)
      .def_prop_ro("owner", [](PyOpResultList &self) {
        self.anchor->get();
        return toPythonOperation(self.anchor);
      });
  bindList<PyOpSuccessors>(m, "OpSuccessors").def("__setitem__", setSuccessor);
  bindList<PyBlockArgumentList>(m, "BlockArgumentList")
      .def_prop_ro("types", typesOf<PyBlockArgumentList>);
  bindAttributeMap(m);
}

} // namespace afe::python

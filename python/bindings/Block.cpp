//===- Block.cpp - afe.ir.Block, Region and the lists of them -----------------------===//
//
// Iterators look one element ahead, so a loop may erase or move the element it is at.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "Build.h"
#include "Lists.h"
#include "Printing.h"

#include "mlir/IR/AsmState.h"

using namespace mlir;

namespace afe::python {

PyBlock toPython(const ContextRef &context, Block *block) { return {context->anchor(block)}; }

PyRegion toPython(const ContextRef &context, Region *region) {
  return {context->anchor(region->getParentOp()), region->getRegionNumber()};
}

//===----------------------------------------------------------------------===//
// Iteration
//===----------------------------------------------------------------------===//

struct PyOperationList {
  AnchorRef block;
  Block *get() const { return static_cast<Block *>(block->get()); }
};
struct PyBlockList {
  PyRegion region;
};
struct PyOperationIterator {
  AnchorRef block, next;
};
struct PyBlockIterator {
  PyRegion region;
  AnchorRef next;
};

static PyOperationIterator iterate(const AnchorRef &anchor) {
  Block *block = static_cast<Block *>(anchor->get());
  return {anchor, block->empty() ? nullptr : anchor->tree->context->anchor(&block->front())};
}

static AnyObject advance(PyOperationIterator &self) {
  if (!self.next)
    throw nb::stop_iteration();
  AnchorRef current = self.next;
  auto *op = static_cast<Operation *>(current->get());
  if (op->getBlock() != self.block->get())
    throw std::runtime_error("the block was changed while it was iterated over");
  Operation *next = op->getNextNode();
  self.next = next ? current->tree->context->anchor(next) : nullptr;
  return toPythonOpView(current);
}

static PyBlockIterator iterate(const PyRegion &region) {
  Region *mlirRegion = region.get();
  return {region, mlirRegion->empty()
                      ? nullptr
                      : region.operation->tree->context->anchor(&mlirRegion->front())};
}

static PyBlock advance(PyBlockIterator &self) {
  if (!self.next)
    throw nb::stop_iteration();
  AnchorRef current = self.next;
  auto *block = static_cast<Block *>(current->get());
  if (block->getParent() != self.region.get())
    throw std::runtime_error("the region was changed while it was iterated over");
  Block *next = block->getNextNode();
  self.next = next ? current->tree->context->anchor(next) : nullptr;
  return {current};
}

template <typename Range> static auto &elementAt(Range &range, intptr_t index) {
  intptr_t size = std::distance(range.begin(), range.end());
  return *std::next(range.begin(), normalizedIndex(index, size));
}

//===----------------------------------------------------------------------===//
// Creating blocks
//===----------------------------------------------------------------------===//

using TypeSequence = nb::typed<nb::sequence, PyType>;
using LocationSequence = Typed<nb::typed<nb::sequence, PyLocation>>;

static Location locationOfArgument(const ContextRef &context, nb::handle locations, size_t index) {
  if (locations.is_none())
    return Location(LocationArg{nb::none()}.get().value);
  PyLocation location = nb::cast<PyLocation &>(locations[index]);
  requireSameContext(context, location.context, "a location");
  return Location(location.value);
}

/// A new block with arguments of the given types, not yet in a region.
static std::unique_ptr<Block> makeBlock(const ContextRef &context, nb::handle types,
                                        nb::object locations) {
  auto block = std::make_unique<Block>();
  nb::list typeList(types);
  if (!locations.is_none())
    locations = nb::list(locations);
  if (!locations.is_none() && nb::len(locations) != nb::len(typeList))
    throw nb::value_error("arg_locs must have as many elements as there are arguments");
  for (size_t i = 0, e = nb::len(typeList); i < e; ++i)
    block->addArgument(typeFrom(context, typeList[i]), locationOfArgument(context, locations, i));
  return block;
}

static PyBlock createAtStart(PyRegion &parent, TypeSequence types, LocationSequence locations) {
  Region *region = parent.get();
  Block *block = makeBlock(parent.context(), types, locations).release();
  region->push_front(block);
  return toPython(parent.context(), block);
}

static PyBlock createNextTo(PyBlock &self, nb::args types, LocationSequence locations, bool after) {
  Block *sibling = self.get();
  Block *block = makeBlock(self.context(), types, locations).release();
  Region::iterator position(sibling);
  sibling->getParent()->getBlocks().insert(after ? std::next(position) : position, block);
  return toPython(self.context(), block);
}

static PyBlock appendBlock(PyBlockList &self, nb::args types, LocationSequence locations) {
  Region *region = self.region.get();
  Block *block = makeBlock(self.region.context(), types, locations).release();
  region->push_back(block);
  return toPython(self.region.context(), block);
}

/// Moves the block to the end of `target`, maybe of another operation.
static void appendTo(PyBlock &self, PyRegion &target) {
  Block *block = self.get();
  Region *region = target.get();
  requireSameContext(self.context(), target.context(), "the region");
  if (block->findAncestorOpInBlock(*region->getParentOp()))
    throw nb::value_error("a block cannot be moved into itself");
  region->getBlocks().splice(region->end(), block->getParent()->getBlocks(), block);
  target.context()->rehome(region->getParentOp());
}

//===----------------------------------------------------------------------===//
// Arguments and operations of a block
//===----------------------------------------------------------------------===//

static Typed<PyBlockArgument> addArgument(PyBlock &self, PyType &type, LocationArg location) {
  PyLocation resolved = location.get();
  requireSameContext(self.context(), type.context, "a type");
  requireSameContext(self.context(), resolved.context, "a location");
  return toPython(self.context(),
                  Value(self.get()->addArgument(type.value, Location(resolved.value))));
}

static void appendOperation(PyBlock &self, PyOperationBase &operation) {
  Operation *op = operation.get();
  Block *block = self.get();
  requireSameContext(self.context(), operation.context(), "the operation");
  if (op->isAncestor(block->getParentOp()))
    throw nb::value_error("an operation cannot be moved into itself");
  if (op->getBlock())
    op->remove();
  block->push_back(op);
  self.context()->rehome(op);
}

static std::string textOf(PyBlock &self) {
  Block *block = self.get();
  std::string text;
  llvm::raw_string_ostream stream(text);
  AsmState state(block->getParentOp(), safeFlags(block->getParentOp()));
  block->print(stream, state);
  return text;
}

static nb::typed<nb::list, PyBlock> blocksOf(const ContextRef &context,
                                             llvm::ArrayRef<Block *> blocks) {
  nb::list result;
  for (Block *block : blocks)
    result.append(toPython(context, block));
  return result;
}

static nb::typed<nb::list, PyBlock> blockSuccessors(PyBlock &self) {
  Block *block = self.get();
  if (block->empty())
    return nb::list();
  return blocksOf(self.context(), llvm::to_vector(block->back().getSuccessors()));
}

static nb::typed<nb::list, PyBlock> blockPredecessors(PyBlock &self) {
  // A detached operation may name the block as its successor without being in any block itself.
  SmallVector<Block *> predecessors;
  for (BlockOperand &use : self.get()->getUses())
    if (Block *block = use.getOwner()->getBlock())
      predecessors.push_back(block);
  return blocksOf(self.context(), predecessors);
}

//===----------------------------------------------------------------------===//
// Bindings
//===----------------------------------------------------------------------===//

static void bindBlock(nb::module_ &m) {
  nb::class_<PyBlock>(m, "Block", "A list of operations with arguments.")
      .def_prop_ro(
          "owner",
          [](PyBlock &self) { return toPython(self.context(), self.get()->getParentOp()); })
      .def_prop_ro("region",
                   [](PyBlock &self) { return toPython(self.context(), self.get()->getParent()); })
      .def_prop_ro("arguments", [](PyBlock &self) { return argumentsOf(self.anchor); })
      .def_prop_ro("operations",
                   [](PyBlock &self) {
                     self.get();
                     return PyOperationList{self.anchor};
                   })
      .def_prop_ro("successors", blockSuccessors)
      .def_prop_ro("predecessors", blockPredecessors)
      .def("add_argument", addArgument, nb::arg("type"), nb::arg("loc") = nb::none())
      .def(
          "erase_argument",
          [](PyBlock &self, intptr_t index) {
            Block *block = self.get();
            self.context()->eraseArgument(block, normalizedIndex(index, block->getNumArguments()));
          },
          nb::arg("index"), "RuntimeError if the argument still has uses.")
      .def("append", appendOperation, nb::arg("operation"))
      .def("append_to", appendTo, nb::arg("region"))
      .def(
          "erase", [](PyBlock &self) { self.context()->erase(self.get()); },
          "Destroys the block and all in it; RuntimeError if anything outside uses it.")
      .def_static("create_at_start", createAtStart, nb::arg("parent"),
                  nb::arg("arg_types") = nb::list(), nb::arg("arg_locs") = nb::none())
      .def(
          "create_before",
          [](PyBlock &self, nb::args types, LocationSequence locations) {
            return createNextTo(self, types, locations, /*after=*/false);
          },
          nb::arg("arg_types"), nb::arg("arg_locs") = nb::none())
      .def(
          "create_after",
          [](PyBlock &self, nb::args types, LocationSequence locations) {
            return createNextTo(self, types, locations, /*after=*/true);
          },
          nb::arg("arg_types"), nb::arg("arg_locs") = nb::none())
      .def("__iter__", [](PyBlock &self) { return iterate(self.anchor); })
      .def("__str__", textOf)
      .def("__eq__", [](PyBlock &self, PyBlock &other) { return self.anchor == other.anchor; })
      .def(
          "__eq__", [](PyBlock &, nb::object) { return false; }, nb::arg("other").none())
      .def("__hash__",
           [](PyBlock &self) { return reinterpret_cast<intptr_t>(self.anchor.get()) >> 4; });
}

static void bindRegion(nb::module_ &m) {
  nb::class_<PyRegion>(m, "Region", "A list of blocks.")
      .def_prop_ro(
          "owner",
          [](PyRegion &self) { return toPython(self.context(), self.get()->getParentOp()); })
      .def_prop_ro("blocks", [](PyRegion &self) { return self.get(), PyBlockList{self}; })
      .def("__iter__", [](PyRegion &self) { return iterate(self); })
      .def("__eq__",
           [](PyRegion &self, PyRegion &other) {
             return self.operation == other.operation && self.index == other.index;
           })
      .def(
          "__eq__", [](PyRegion &, nb::object) { return false; }, nb::arg("other").none())
      .def("__hash__", [](PyRegion &self) {
        return (reinterpret_cast<intptr_t>(self.operation.get()) >> 4) + self.index;
      });
}

static void bindRegionSequence(nb::module_ &m) {
  auto all = [](PyRegionSequence &self) {
    nb::typed<nb::list, PyRegion> regions;
    for (unsigned i = 0, e = self.get()->getNumRegions(); i < e; ++i)
      regions.append(PyRegion{self.anchor, i});
    return regions;
  };
  nb::class_<PyRegionSequence>(m, "RegionSequence")
      .def("__len__", [](PyRegionSequence &self) { return self.get()->getNumRegions(); })
      .def("__getitem__",
           [](PyRegionSequence &self, intptr_t index) {
             unsigned size = self.get()->getNumRegions();
             return PyRegion{self.anchor, unsigned(normalizedIndex(index, size))};
           })
      .def("__getitem__",
           [all](PyRegionSequence &self, nb::slice slice) {
             return nb::object(nb::object(all(self))[slice]);
           })
      .def("__iter__", [all](PyRegionSequence &self) { return iteratorOver<PyRegion>(all(self)); });
}

static void bindLists(nb::module_ &m) {
  nb::class_<PyOperationList>(m, "OperationList")
      .def("__len__", [](PyOperationList &self) { return self.get()->getOperations().size(); })
      .def("__getitem__",
           [](PyOperationList &self, intptr_t index) {
             return toPython(self.block->tree->context, &elementAt(*self.get(), index));
           })
      .def("__iter__", [](PyOperationList &self) { return iterate(self.block); });
  nb::class_<PyBlockList>(m, "BlockList")
      .def("__len__", [](PyBlockList &self) { return self.region.get()->getBlocks().size(); })
      .def("__getitem__",
           [](PyBlockList &self, intptr_t index) {
             return toPython(self.region.context(), &elementAt(*self.region.get(), index));
           })
      .def("__iter__", [](PyBlockList &self) { return iterate(self.region); })
      .def("append", appendBlock, nb::arg("args"), nb::arg("arg_locs") = nb::none());
  nb::class_<PyOperationIterator>(m, "OperationIterator")
      .def("__iter__", [](Typed<nb::handle> self) { return self; })
      .def("__next__", [](PyOperationIterator &self) { return advance(self); });
  nb::class_<PyBlockIterator>(m, "BlockIterator")
      .def("__iter__", [](Typed<nb::handle> self) { return self; })
      .def("__next__", [](PyBlockIterator &self) { return advance(self); });
}

void bindBlocks(nb::module_ &m) {
  bindBlock(m);
  bindRegion(m);
  bindRegionSequence(m);
  bindLists(m);
}

} // namespace afe::python

//===- IRState.cpp - Ownership of trees, the table of anchors ----------------------===//
//
// Everything here runs with the interpreter's lock held and never calls into Python, so the tables
// cannot change under a loop.
//
//===----------------------------------------------------------------------===//
#include "IRState.h"

#include <stdexcept>

using namespace mlir;

namespace afe::python {

//===----------------------------------------------------------------------===//
// Uses that leave a tree
//===----------------------------------------------------------------------===//

using IsOutside = llvm::function_ref<bool(Operation *user)>;

template <typename UseList> static Operation *findUserIn(UseList &&uses, IsOutside isOutside) {
  for (auto &use : uses)
    if (isOutside(use.getOwner()))
      return use.getOwner();
  return nullptr;
}

static Operation *findUserOf(Block &block, IsOutside isOutside) {
  for (BlockArgument argument : block.getArguments())
    if (Operation *user = findUserIn(argument.getUses(), isOutside))
      return user;
  return findUserIn(block.getUses(), isOutside);
}

/// The first user, for which `isOutside` holds, of anything `root` or an operation in it defines.
static Operation *findUserOf(Operation *root, IsOutside isOutside) {
  Operation *found = nullptr;
  root->walk([&](Operation *op) {
    for (OpResult result : op->getResults())
      if (!found)
        found = findUserIn(result.getUses(), isOutside);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        if (!found)
          found = findUserOf(block, isOutside);
    return found ? WalkResult::interrupt() : WalkResult::advance();
  });
  return found;
}

Operation *findOutsideUser(Operation *root) {
  return findUserOf(root, [&](Operation *user) { return !root->isAncestor(user); });
}

static void refuseIfUsedOutside(Operation *op) {
  Operation *user = findOutsideUser(op);
  if (!user)
    return;
  throw std::runtime_error("cannot erase '" + op->getName().getStringRef().str() +
                           "': what it defines is still used by '" +
                           user->getName().getStringRef().str() + "'; erase or rewire that first");
}

//===----------------------------------------------------------------------===//
// Tree and Anchor
//===----------------------------------------------------------------------===//

Tree::Tree(ContextRef context, Operation *root) : context(std::move(context)), root(root) {
  this->context->roots[root] = this;
}

Tree::~Tree() {
  if (!root)
    return;
  context->roots.erase(root);
  if (findOutsideUser(root))
    context->orphans.push_back(root);
  else
    root->erase();
}

Anchor::Anchor(TreeRef tree, void *pointer) : tree(std::move(tree)), pointer(pointer) {}

Anchor::~Anchor() {
  if (pointer)
    tree->context->anchors.erase(pointer);
}

void *Anchor::get() const {
  if (!pointer)
    throw std::runtime_error("the IR object behind this handle no longer exists: it was erased, or "
                             "a pass ran over the operation around it");
  if (tree->context->busy)
    throw std::runtime_error("IR cannot be read or changed from inside a diagnostic handler");
  return pointer;
}

//===----------------------------------------------------------------------===//
// ContextState
//===----------------------------------------------------------------------===//

ContextState::ContextState(const DialectRegistry &registry, bool threading)
    : mlir(registry,
           threading ? MLIRContext::Threading::ENABLED : MLIRContext::Threading::DISABLED) {}

ContextState::~ContextState() {
  for (Operation *orphan : orphans)
    orphan->dropAllReferences();
  for (Operation *orphan : orphans)
    orphan->erase();
}

TreeRef ContextState::treeOf(Operation *op) {
  while (Operation *parent = op->getParentOp())
    op = parent;
  auto it = roots.find(op);
  if (it != roots.end())
    return it->second->shared_from_this();
  orphans.erase(std::remove(orphans.begin(), orphans.end(), op), orphans.end());
  return std::make_shared<Tree>(shared_from_this(), op);
}

AnchorRef ContextState::lookupOrCreate(void *pointer, Operation *inside) {
  auto it = anchors.find(pointer);
  if (it != anchors.end())
    return it->second.lock();
  auto created = std::make_shared<Anchor>(treeOf(inside), pointer);
  anchors[pointer] = created;
  return created;
}

AnchorRef ContextState::anchor(Operation *op) { return lookupOrCreate(op, op); }

AnchorRef ContextState::anchor(Block *block) { return lookupOrCreate(block, block->getParentOp()); }

AnchorRef ContextState::anchor(BlockArgument argument) {
  return lookupOrCreate(argument.getAsOpaquePointer(), argument.getOwner()->getParentOp());
}

AnchorRef ContextState::adopt(Operation *root) { return anchor(root); }

void ContextState::visitPointer(void *pointer, llvm::function_ref<void(Anchor &)> visit) {
  auto it = anchors.find(pointer);
  if (it == anchors.end())
    return;
  if (AnchorRef anchor = it->second.lock())
    visit(*anchor);
}

void ContextState::visitBlock(Block &block, llvm::function_ref<void(Anchor &)> visit) {
  for (BlockArgument argument : block.getArguments())
    visitPointer(argument.getAsOpaquePointer(), visit);
  visitPointer(&block, visit);
}

void ContextState::forEachAnchor(Operation *op, bool andItself,
                                 llvm::function_ref<void(Anchor &)> visit) {
  if (anchors.empty())
    return;
  op->walk([&](Operation *nested) {
    for (Region &region : nested->getRegions())
      for (Block &block : region)
        visitBlock(block, visit);
    if (andItself || nested != op)
      visitPointer(nested, visit);
  });
}

void ContextState::kill(Anchor &anchor) {
  anchors.erase(anchor.pointer);
  anchor.pointer = nullptr;
  anchor.tree.reset();
}

void ContextState::erase(Operation *op) {
  refuseIfUsedOutside(op);
  TreeRef tree = treeOf(op);
  forEachAnchor(op, /*andItself=*/true, [&](Anchor &anchor) { kill(anchor); });
  if (tree->root == op) {
    roots.erase(op);
    tree->root = nullptr;
  }
  op->erase();
}

void ContextState::erase(Block *block) {
  auto isOutside = [&](Operation *user) { return !block->findAncestorOpInBlock(*user); };
  Operation *user = findUserOf(*block, isOutside);
  for (Operation &op : *block)
    if (!user)
      user = findUserOf(&op, isOutside);
  if (user)
    throw std::runtime_error("cannot erase a block that '" + user->getName().getStringRef().str() +
                             "' still uses");
  // Killing the last anchor must not free the tree we are in the middle of.
  TreeRef keep = treeOf(block->getParentOp());
  for (Operation &op : *block)
    forEachAnchor(&op, /*andItself=*/true, [&](Anchor &anchor) { kill(anchor); });
  visitBlock(*block, [&](Anchor &anchor) { kill(anchor); });
  block->erase();
}

void ContextState::eraseArgument(Block *block, unsigned index) {
  BlockArgument argument = block->getArgument(index);
  if (!argument.use_empty())
    throw std::runtime_error("cannot erase a block argument that is still used");
  visitPointer(argument.getAsOpaquePointer(), [&](Anchor &anchor) { kill(anchor); });
  block->eraseArgument(index);
}

void ContextState::invalidateInside(Operation *op) {
  TreeRef keep = treeOf(op);
  forEachAnchor(op, /*andItself=*/false, [&](Anchor &anchor) { kill(anchor); });
}

void ContextState::rehome(Operation *op) {
  auto it = roots.find(op);
  TreeRef former = it == roots.end() ? nullptr : it->second->shared_from_this();
  if (former && op->getBlock()) {
    roots.erase(op);
    former->root = nullptr;
  }
  TreeRef tree = treeOf(op);
  forEachAnchor(op, /*andItself=*/true, [&](Anchor &anchor) { anchor.tree = tree; });
}

} // namespace afe::python

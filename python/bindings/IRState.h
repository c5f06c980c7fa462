//===- IRState.h - Who owns IR seen from Python, and which handles are alive -------===//
//
// A Python handle never holds a bare pointer into IR. It holds an *anchor*: one shared record per
// operation, block or block argument that Python has seen. Whatever destroys IR (erase, a pass
// run, the end of a module) first marks the anchors inside as dead, and a dead anchor throws. An
// anchor also keeps alive the *tree* it lies in: the top-level operation that nobody else owns.
// The reasons are in docs/rationale/python-bindings.md.
//
//===----------------------------------------------------------------------===//
#ifndef AFE_PYTHON_BINDINGS_IRSTATE_H
#define AFE_PYTHON_BINDINGS_IRSTATE_H

#include "mlir/IR/Block.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Operation.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <memory>
#include <vector>

namespace llvm {
class ThreadPoolInterface;
}

namespace afe::python {

class ContextState;
using ContextRef = std::shared_ptr<ContextState>;
struct PyContext;
struct PyOperation;
struct PyDiagnosticHandler;

/// Owns one top-level operation (a module, or any operation detached from its block).
struct Tree : std::enable_shared_from_this<Tree> {
  Tree(ContextRef context, mlir::Operation *root);
  /// Destroys the operation; if IR outside of it still uses its values, the context keeps it.
  ~Tree();
  ContextRef context;
  /// Null once the operation was erased or moved into another tree.
  mlir::Operation *root;
};
using TreeRef = std::shared_ptr<Tree>;

/// The identity of one operation, block or block argument; every handle to it shares this record.
struct Anchor {
  Anchor(TreeRef tree, void *pointer);
  ~Anchor();
  /// The IR object; throws std::runtime_error if it was erased, or while a diagnostic handler runs.
  void *get() const;
  bool isAlive() const { return pointer != nullptr; }

  TreeRef tree;
  void *pointer;
  /// The one Python object of an operation, so that `op.operation is op.operation`.
  PyOperation *wrapper = nullptr;
};
using AnchorRef = std::shared_ptr<Anchor>;

/// An MLIRContext with the table of what Python knows of it. Used with the interpreter's lock held.
class ContextState : public std::enable_shared_from_this<ContextState> {
public:
  /// A context with the given dialects; `threading` allows MLIR's own thread pool.
  ContextState(const mlir::DialectRegistry &registry, bool threading);
  ~ContextState();

  /// Declared before `mlir`, which only points to it and must end first.
  std::shared_ptr<llvm::ThreadPoolInterface> threadPool;
  mlir::MLIRContext mlir;
  PyContext *wrapper = nullptr;
  /// Above zero while Python code is called from the middle of MLIR: handles refuse to answer.
  unsigned busy = 0;
  std::vector<std::shared_ptr<PyDiagnosticHandler>> handlers;
  bool emitErrorDiagnostics = false;

  AnchorRef anchor(mlir::Operation *op);
  AnchorRef anchor(mlir::Block *block);
  AnchorRef anchor(mlir::BlockArgument argument);
  /// Takes ownership of a detached operation.
  AnchorRef adopt(mlir::Operation *root);

  /// Destroys `op`; throws std::runtime_error if its values are used outside of it.
  void erase(mlir::Operation *op);
  void erase(mlir::Block *block);
  void eraseArgument(mlir::Block *block, unsigned index);
  /// Marks every handle to what is inside `op`, but not `op` itself, as dead.
  void invalidateInside(mlir::Operation *op);
  /// To be called after `op` was put into, moved between, or taken out of blocks.
  void rehome(mlir::Operation *op);

  size_t numLiveAnchors() const { return anchors.size(); }

private:
  friend struct Anchor;
  friend struct Tree;
  AnchorRef lookupOrCreate(void *pointer, mlir::Operation *inside);
  TreeRef treeOf(mlir::Operation *op);
  void forEachAnchor(mlir::Operation *op, bool andItself, llvm::function_ref<void(Anchor &)> visit);
  void visitBlock(mlir::Block &block, llvm::function_ref<void(Anchor &)> visit);
  void visitPointer(void *pointer, llvm::function_ref<void(Anchor &)> visit);
  void kill(Anchor &anchor);

  llvm::DenseMap<void *, std::weak_ptr<Anchor>> anchors;
  llvm::DenseMap<mlir::Operation *, Tree *> roots;
  /// Trees whose last handle is gone while other IR still uses their values.
  std::vector<mlir::Operation *> orphans;
};

/// The first operation outside of `root` that uses a value or a block defined in it, or null.
mlir::Operation *findOutsideUser(mlir::Operation *root);

} // namespace afe::python

#endif // AFE_PYTHON_BINDINGS_IRSTATE_H

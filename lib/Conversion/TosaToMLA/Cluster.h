// One cluster of elementwise operations and reductions, and the vector program it becomes.
#pragma once

#include "Conversion/TosaToMLA/Epilogue.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/VectorBuilder.h"

#include "llvm/ADT/SetVector.h"

namespace afe {

/// Tensors whose lanes `op` reads (parameters that become immediates are not among them).
llvm::SmallVector<mlir::Value> laneOperands(mlir::Operation *op);

/// The operations of one vector program with one result, that of `root`.
class Cluster {
public:
  explicit Cluster(mlir::Operation *root) : root(root) { ops.insert(root); }

  bool contains(mlir::Operation *op) const { return ops.contains(op); }
  Cluster with(llvm::ArrayRef<mlir::Operation *> more) const;
  /// Tensors the operations read from outside, constants excepted.
  llvm::SmallVector<mlir::Value> leaves() const;
  /// Whether all users of `value` belong to the cluster.
  bool ownsAllUsers(mlir::Value value) const;
  /// The shape all lanes run over: the largest of every tensor involved.
  llvm::SmallVector<int64_t> space() const;
  mlir::Operation *getRoot() const { return root; }
  const llvm::SetVector<mlir::Operation *> &getOps() const { return ops; }

private:
  mlir::Operation *root;
  llvm::SetVector<mlir::Operation *> ops;
};

/// What a register of the program holds: one value per element, per pixel, per channel, or one.
enum class Extent { element, pixel, channel, scalar };

/// Emits a cluster into a VectorBuilder and checks that its result is what the shapes say.
class ClusterEmission {
public:
  ClusterEmission(const Cluster &cluster, ConstantPool &constants);

  /// False where the cluster is no legal program, or one beyond the limits.
  bool run();
  /// The program, in front of the cluster's root; once, after `run`.
  mla::VectorOp create();

private:
  mlir::Value lane(mlir::Value tensor);
  mlir::Value leaf(mlir::Value tensor);
  mlir::Value constantLeaf(mlir::Value tensor, mlir::ElementsAttr elements);
  bool isLegalLeaf(mlir::Value tensor) const;
  Extent extentOf(mlir::Operation *op) const;
  bool reducesWholeSpace(mlir::Operation *op) const;
  bool resultFits() const;
  mlir::Value fail();

  const Cluster &cluster;
  ConstantPool &constants;
  llvm::SmallVector<int64_t> space;
  VectorBuilder builder;
  llvm::DenseMap<mlir::Value, mlir::Value> lanes;
  llvm::DenseMap<mlir::Value, Extent> extents;
  bool failed = false;
};

} // namespace afe

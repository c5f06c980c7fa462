// Clusters elementwise operations and reductions into vector programs. A cluster grows backwards
// from a tensor that must exist (something else uses it): first through every 32-bit intermediate,
// which would cost four bytes per element in memory, then through 8-bit ones that nobody else uses,
// as long as the program stays within the limits of one VECTOR instruction. Where a cluster grows
// too large it is cut, at an 8-bit tensor if possible. A program that is a function of one 8-bit
// convolution result becomes the table of that convolution's epilogue.

#include "Conversion/TosaToMLA/Cluster.h"
#include "Conversion/TosaToMLA/LaneTables.h"
#include "Conversion/TosaToMLA/Lanes.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace afe {
namespace {

int64_t sizeOf(ArrayRef<int64_t> shape) { return llvm::product_of(shape); }

/// Plans, settles and builds the clusters of a function.
class Clustering {
public:
  Clustering(func::FuncOp func, ConstantPool &constants) : func(func), constants(constants) {}
  void run();

private:
  bool fits(const Cluster &cluster) { return ClusterEmission(cluster, constants).run(); }
  std::optional<Cluster> grow(Operation *root);
  bool growOnce(Cluster &cluster, llvm::DenseSet<Value> &rejected);
  bool isWorthFusing(const Cluster &larger, Value value);

  void plan();
  void settle();
  bool isNeeded(Operation *op) const;
  bool isWorthwhile(const Cluster &cluster) const;
  bool readsHostWords(const Cluster &cluster) const;
  bool staysOnHost(Operation *op) const { return !isLaneOp(op) || onHost.contains(op); }

  void replace(const Cluster &cluster);
  void eraseUnused(const Cluster &cluster);

  func::FuncOp func;
  ConstantPool &constants;
  SmallVector<Cluster> clusters;      ///< from the bottom of the function upwards
  llvm::DenseSet<Operation *> roots;  ///< of the clusters
  llvm::DenseSet<Value> read;         ///< by a cluster, from outside
  llvm::DenseSet<Operation *> onHost; ///< lane operations that no cluster computes
  llvm::DenseSet<Operation *> erased; ///< replaced, while building
};

/// `op` and all it needs through 32-bit (or boolean) intermediates.
SmallVector<Operation *> closureOf(Operation *op) {
  llvm::SetVector<Operation *> closure;
  closure.insert(op);
  for (size_t next = 0; next < closure.size() && closure.size() < 2 * kMaxMicroOps; ++next)
    for (Value operand : laneOperands(closure[next]))
      if (!isByteTensor(operand) && !elementOf(operand).isInteger(16) &&
          isLaneOp(operand.getDefiningOp()))
        closure.insert(operand.getDefiningOp());
  return closure.takeVector();
}

/// `op` and the comparisons and logic it reads: nothing stores a boolean between two programs.
SmallVector<Operation *> withConditions(Operation *op) {
  llvm::SetVector<Operation *> group;
  group.insert(op);
  for (size_t next = 0; next < group.size(); ++next)
    for (Value operand : laneOperands(group[next]))
      if (elementOf(operand).isInteger(1) && isLaneOp(operand.getDefiningOp()))
        group.insert(operand.getDefiningOp());
  return group.takeVector();
}

/// Recomputing a small tensor for every element of a larger one costs more than reading it, unless
/// the program reduces its own elements to it.
bool Clustering::isWorthFusing(const Cluster &larger, Value value) {
  int64_t spaceSize = sizeOf(larger.space());
  if (sizeOf(shapeOf(value)) == spaceSize)
    return true;
  return llvm::any_of(closureOf(value.getDefiningOp()), [&](Operation *op) {
    return reducedAxis(op) && sizeOf(shapeOf(reductionSource(op))) == spaceSize;
  });
}

bool Clustering::growOnce(Cluster &cluster, llvm::DenseSet<Value> &rejected) {
  // 32-bit tensors first.
  SmallVector<Value> leaves = cluster.leaves(), candidates;
  llvm::copy_if(leaves, std::back_inserter(candidates), [](Value v) { return !isByteTensor(v); });
  llvm::copy_if(leaves, std::back_inserter(candidates), isByteTensor);
  for (Value value : candidates) {
    Operation *op = value.getDefiningOp();
    if (!isLaneOp(op) || rejected.contains(value) ||
        (isByteTensor(value) && !cluster.ownsAllUsers(value)))
      continue;
    Cluster larger = cluster.with(closureOf(op));
    if (isWorthFusing(larger, value)) {
      if (fits(larger)) {
        cluster = larger;
        return true;
      }
      Cluster byOne = cluster.with(withConditions(op));
      if (!isByteTensor(value) && fits(byOne)) {
        cluster = byOne;
        return true;
      }
    }
    rejected.insert(value);
  }
  return false;
}

std::optional<Cluster> Clustering::grow(Operation *root) {
  Cluster cluster = Cluster(root).with(closureOf(root));
  if (!fits(cluster))
    cluster = Cluster(root).with(withConditions(root));
  if (!fits(cluster))
    return std::nullopt;
  llvm::DenseSet<Value> rejected;
  while (growOnce(cluster, rejected)) {
  }
  return cluster;
}

bool isLayer(Operation *op) { return isa<mla::MLADialect>(op->getDialect()); }

/// Whether the result must exist: something outside of all clusters uses it, or a cluster reads it.
bool Clustering::isNeeded(Operation *op) const {
  return read.contains(op->getResult(0)) ||
         llvm::any_of(op->getUsers(), [&](Operation *user) { return staysOnHost(user); });
}

/// 32-bit results are computed on the MLA only for the MLA, or where a reduction makes them small.
bool Clustering::isWorthwhile(const Cluster &cluster) const {
  Value result = cluster.getRoot()->getResult(0);
  if (isByteTensor(result) || elementOf(result).isInteger(16))
    return true;
  if (!isWordTensor(result))
    return false;
  bool reduces =
      llvm::any_of(cluster.getOps(), [](Operation *op) { return reducedAxis(op).has_value(); });
  return (reduces && elementOf(result).isInteger(32)) ||
         llvm::none_of(result.getUsers(),
                       [&](Operation *user) { return staysOnHost(user) && !isLayer(user); });
}

/// Whether the cluster reads a 32-bit tensor that neither a layer nor another cluster makes.
bool Clustering::readsHostWords(const Cluster &cluster) const {
  return llvm::any_of(cluster.leaves(), [&](Value leaf) {
    Operation *op = leaf.getDefiningOp();
    return isWordTensor(leaf) && !(op && (isLayer(op) || roots.contains(op)));
  });
}

void Clustering::plan() {
  for (Operation &op : llvm::reverse(func.getBody().front())) {
    if (!isLaneOp(&op) || op.getNumResults() != 1 || op.getNumOperands() == 0 || !isNeeded(&op))
      continue;
    size_t rank = shapeOf(op.getResult(0)).size();
    bool ranked = rank >= 1 && rank <= 4;
    auto cluster = ranked ? grow(&op) : std::nullopt;
    if (!cluster || !isWorthwhile(*cluster)) {
      onHost.insert(&op);
      continue;
    }
    roots.insert(&op);
    for (Value leaf : cluster->leaves())
      read.insert(leaf);
    clusters.push_back(std::move(*cluster));
  }
}

/// Gives up clusters until the rest depends on nothing wide that the host would have to compute.
void Clustering::settle() {
  auto givesUp = [&](const Cluster &cluster) {
    return readsHostWords(cluster) || !isWorthwhile(cluster);
  };
  for (auto bad = llvm::find_if(clusters, givesUp); bad != clusters.end();
       bad = llvm::find_if(clusters, givesUp)) {
    roots.erase(bad->getRoot());
    llvm::SetVector<Operation *> ops = bad->getOps();
    clusters.erase(bad);
    for (Operation *op : ops)
      if (llvm::none_of(clusters, [&](const Cluster &other) { return other.contains(op); }))
        onHost.insert(op);
  }
}

bool hasSelfTable(Operation *producer) {
  auto residual = producer->getAttrOfType<mla::ResidualAttr>("residual_add");
  return residual && residual.getSelfTable();
}

/// Moves a function of one 8-bit tensor into the epilogue of the convolution that produces it
/// alone.
bool absorbAsTable(mla::VectorOp op) {
  auto table = tableOf(op);
  Value input = table ? op.getInputs()[0] : Value();
  Operation *producer = input ? input.getDefiningOp() : nullptr;
  if (!producer || !input.hasOneUse() || producer->getAttr("table") || hasSelfTable(producer) ||
      !isa<mla::Conv2DOp, mla::DepthwiseConv2DOp, mla::TransposeConv2DOp, mla::MatmulOp>(producer))
    return false;
  producer->setAttr("table", DenseI8ArrayAttr::get(op.getContext(), *table));
  producer->setLoc(Builder(op.getContext()).getFusedLoc({producer->getLoc(), op.getLoc()}));
  input.setType(op.getOutputs()[0].getType());
  op.getOutputs()[0].replaceAllUsesWith(input);
  op.erase();
  return true;
}

/// A program that stores what it reads.
bool isIdentity(mla::VectorOp op) {
  if (op.getInputs().size() != 1 || op.getInputs()[0].getType() != op.getOutputs()[0].getType())
    return false;
  if (op.getBody().front().getTerminator()->getOperand(0) == op.getBody().getArgument(0))
    return true;
  auto table = tableOf(op);
  if (!table)
    return false;
  for (int index = 0; index < 256; ++index)
    if ((*table)[index] != static_cast<int8_t>(index))
      return false;
  return true;
}

/// The operations of a replaced cluster that nothing needs any more: what they read must not count
/// them as users.
void Clustering::eraseUnused(const Cluster &cluster) {
  SmallVector<Operation *> ordered(cluster.getOps().begin(), cluster.getOps().end());
  llvm::sort(ordered, [](Operation *a, Operation *b) { return b->isBeforeInBlock(a); });
  for (Operation *op : ordered)
    if (op->use_empty()) {
      erased.insert(op);
      op->erase();
    }
}

void Clustering::replace(const Cluster &cluster) {
  ClusterEmission emission(cluster, constants);
  if (!emission.run())
    return;
  mla::VectorOp op = emission.create();
  cluster.getRoot()->getResult(0).replaceAllUsesWith(op.getOutputs()[0]);
  eraseUnused(cluster);
  if (op.getInputs().size() == 1 && isIdentity(op)) {
    op.getOutputs()[0].replaceAllUsesWith(op.getInputs()[0]);
    op.erase();
  } else {
    absorbAsTable(op);
  }
}

void Clustering::run() {
  plan();
  settle();
  for (const Cluster &cluster : clusters)
    if (!erased.contains(cluster.getRoot()) && !cluster.getRoot()->use_empty())
      replace(cluster);
}

} // namespace

void lowerElementwise(func::FuncOp func, ConstantPool &constants) {
  Clustering(func, constants).run();
  eraseDead(func);
}

} // namespace afe

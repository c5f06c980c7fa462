// Clusters elementwise operations and reductions into vector programs. A cluster grows backwards from
// a tensor that must exist (something else uses it): first through every 32-bit intermediate, which
// would cost four bytes per element in memory, then through 8-bit ones that nobody else uses, as long
// as the program stays within the limits of one VECTOR instruction. Where a cluster grows too large
// it is cut, at an 8-bit tensor if possible. A program that is a function of one 8-bit convolution
// result becomes the table of that convolution's epilogue.

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/LaneTables.h"
#include "Conversion/TosaToMLA/Lanes.h"
#include "Conversion/TosaToMLA/Lowering.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace afe {
namespace {

Type elementOf(Value value) { return getElementTypeOrSelf(value.getType()); }
ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}
int64_t sizeOf(ArrayRef<int64_t> shape) { return llvm::product_of(shape); }

bool isByte(Value value) {
  return elementOf(value).isInteger(8) || elementOf(value).isUnsignedInteger(8);
}
bool isWide(Value value) { return elementOf(value).isInteger(32) || elementOf(value).isF32(); }

/// Tensors whose lanes `op` reads (parameters that become immediates are not among them).
SmallVector<Value> laneOperands(Operation *op) {
  if (isa<tosa::ReduceSumOp, tosa::ReduceMaxOp, tosa::ReduceMinOp>(op))
    return {reducedAxis(op) ? reductionSource(op) : op->getOperand(0)};
  if (auto rescale = dyn_cast<tosa::RescaleOp>(op)) {
    if (rescale.getPerChannel())
      return {rescale.getInput(), rescale.getMultiplier(), rescale.getShift()};
    return {rescale.getInput()};
  }
  if (isa<tosa::TableOp, tosa::NegateOp>(op))
    return {op->getOperand(0)};
  if (matchCustom(op, "qdq.lookup"))
    return {op->getOperand(0)};
  if (auto mul = dyn_cast<tosa::MulOp>(op))
    return {mul.getInput1(), mul.getInput2()};
  return llvm::to_vector(op->getOperands());
}

/// What a register of the program holds: one value per element, per pixel, per channel, or one.
enum class Extent { element, pixel, channel, scalar };

Extent join(Extent a, Extent b) {
  if (a == Extent::scalar || a == b)
    return b;
  return b == Extent::scalar ? a : Extent::element;
}

/// The operations of one vector program, and the program built from them.
class Cluster {
public:
  explicit Cluster(Operation *root) : root(root) { ops.insert(root); }

  bool contains(Operation *op) const { return ops.contains(op); }
  Cluster with(ArrayRef<Operation *> more) const {
    Cluster larger = *this;
    larger.ops.insert(more.begin(), more.end());
    return larger;
  }
  /// Tensors the operations read from outside, constants excepted.
  SmallVector<Value> leaves() const;
  /// Whether all users of `value` belong to the cluster.
  bool ownsAllUsers(Value value) const {
    return llvm::all_of(value.getUsers(), [&](Operation *user) { return ops.contains(user); });
  }
  /// The shape all lanes run over: the largest of every tensor involved.
  SmallVector<int64_t> space() const;
  Operation *getRoot() const { return root; }
  const llvm::SetVector<Operation *> &getOps() const { return ops; }

private:
  Operation *root;
  llvm::SetVector<Operation *> ops;
};

SmallVector<Value> Cluster::leaves() const {
  llvm::SetVector<Value> values;
  for (Operation *op : ops)
    for (Value operand : laneOperands(op))
      if (!ops.contains(operand.getDefiningOp()) && !constantOf(operand))
        values.insert(operand);
  return values.takeVector();
}

SmallVector<int64_t> Cluster::space() const {
  SmallVector<int64_t> space(shapeOf(root->getResult(0)));
  for (Operation *op : ops)
    for (Value operand : laneOperands(op)) {
      auto shape = shapeOf(operand);
      for (size_t dim = 0; shape.size() == space.size() && dim < shape.size(); ++dim)
        space[dim] = std::max(space[dim], shape[dim]);
    }
  return space;
}

/// Emits a cluster into a VectorBuilder and checks that its result is what the shapes say.
class Emission {
public:
  Emission(const Cluster &cluster, ConstantPool &constants)
      : cluster(cluster), constants(constants), space(cluster.space()),
        builder(cluster.getRoot()->getContext(), fusedLocation(cluster)) {}

  bool run() {
    Value result = lane(cluster.getRoot()->getResult(0));
    return result && !failed && resultFits() && builder.close(result);
  }
  mla::VectorOp create();

private:
  static Location fusedLocation(const Cluster &cluster) {
    SmallVector<Operation *> ordered(cluster.getOps().begin(), cluster.getOps().end());
    llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    auto locations = llvm::map_to_vector(ordered, [](Operation *op) { return op->getLoc(); });
    return Builder(cluster.getRoot()->getContext()).getFusedLoc(locations);
  }
  Value lane(Value tensor);
  Value leaf(Value tensor);
  bool isLegalLeaf(Value tensor) const;
  Extent extentOf(Operation *op) const;
  bool reducesWholeSpace(Operation *op) const;
  bool resultFits() const;
  Value fail() {
    failed = true;
    return builder.i32(0);
  }

  const Cluster &cluster;
  ConstantPool &constants;
  SmallVector<int64_t> space;
  VectorBuilder builder;
  llvm::DenseMap<Value, Value> lanes;
  llvm::DenseMap<Value, Extent> extents;
  bool failed = false;
};

/// 8- and 16-bit tensors may come from anywhere; 32-bit ones only from the MLA: what the host computes
/// in f32 stays with the host.
bool Emission::isLegalLeaf(Value tensor) const {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || type.getRank() != int64_t(space.size()))
    return false;
  if (isByte(tensor) || elementOf(tensor).isInteger(16))
    return true;
  Operation *op = tensor.getDefiningOp();
  return isWide(tensor) && op && (isa<mla::MLADialect>(op->getDialect()) || isLaneOp(op));
}

Value Emission::leaf(Value tensor) {
  if (auto number = scalarInt(tensor); number && isa<IntegerType>(elementOf(tensor))) {
    extents[tensor] = Extent::scalar;
    return builder.i32(*number);
  }
  if (auto number = scalarFloat(tensor)) {
    extents[tensor] = Extent::scalar;
    return builder.f32(*number);
  }
  extents[tensor] = Extent::element;
  if (ElementsAttr elements = constantOf(tensor)) {
    // A vector parameter (one number per channel) has rank 1; lanes have the rank of the space.
    SmallVector<int64_t> shape(space.size(), 1);
    auto own = shapeOf(tensor);
    if (own.size() != space.size() && !(own.size() == 1 && !shape.empty()))
      return fail();
    std::copy(own.begin(), own.end(), shape.end() - own.size());
    elements = reshaped(elements, shape);
    Type type = elementOf(tensor);
    if (!elements || !(isWide(tensor) || isByte(tensor) || type.isInteger(16)))
      return fail();
    return builder.input(constants.get(tensor.getLoc(), elements));
  }
  return isLegalLeaf(tensor) ? builder.input(tensor) : fail();
}

Value Emission::lane(Value tensor) {
  if (Value known = lanes.lookup(tensor))
    return known;
  Operation *op = tensor.getDefiningOp();
  Value result;
  if (!op || !cluster.contains(op)) {
    result = leaf(tensor);
  } else {
    result = emitLane(builder, op, [&](Value operand) { return lane(operand); });
    if (!result || (reducedAxis(op) && !reducesWholeSpace(op)))
      return fail();
    extents[tensor] = extentOf(op);
  }
  lanes[tensor] = result;
  return result;
}

Extent Emission::extentOf(Operation *op) const {
  if (auto axis = reducedAxis(op))
    return *axis == mla::ReduceAxis::channels ? Extent::pixel : Extent::channel;
  Extent extent = Extent::scalar;
  for (Value operand : laneOperands(op))
    extent = join(extent, extents.lookup(operand));
  return extent;
}

/// A reduction runs over the lanes of the space, so its operand must not be broadcast along the axis,
/// nor be reduced already.
bool Emission::reducesWholeSpace(Operation *op) const {
  Value source = reductionSource(op);
  auto shape = shapeOf(source);
  if (shape.size() != space.size() || extents.lookup(source) != Extent::element)
    return false;
  if (*reducedAxis(op) == mla::ReduceAxis::channels)
    return shape.back() == space.back();
  return shape.drop_front().drop_back() == ArrayRef(space).drop_front().drop_back();
}

/// The result has the shape of the space, or lacks exactly the axis it was reduced over.
bool Emission::resultFits() const {
  Value result = cluster.getRoot()->getResult(0);
  auto shape = shapeOf(result);
  if (shape == ArrayRef(space))
    return true;
  if (shape.size() != space.size() || (shape.size() > 1 && shape.front() != space.front()))
    return false;
  Extent extent = extents.lookup(result);
  auto pixels = [](ArrayRef<int64_t> s) {
    return s.size() < 3 ? ArrayRef<int64_t>() : s.drop_front().drop_back();
  };
  if (pixels(shape) == pixels(space))
    return extent == Extent::pixel || extent == Extent::scalar;
  return shape.back() == space.back() && extent == Extent::channel &&
         llvm::all_of(pixels(shape), [](int64_t size) { return size == 1; });
}

mla::VectorOp Emission::create() {
  OpBuilder at(cluster.getRoot());
  return builder.create(at, cluster.getRoot()->getResult(0).getType());
}

/// Finds, builds and inserts the clusters of a function.
class Clustering {
public:
  Clustering(func::FuncOp func, ConstantPool &constants) : func(func), constants(constants) {}
  void run();

private:
  bool fits(const Cluster &cluster) { return Emission(cluster, constants).run(); }
  std::optional<Cluster> grow(Operation *root);
  bool growOnce(Cluster &cluster, llvm::DenseSet<Value> &rejected);
  bool isWorthFusing(const Cluster &larger, Value value);
  void replace(const Cluster &cluster);
  void eraseUnused(const Cluster &cluster);

  llvm::DenseSet<Operation *> erased;
  func::FuncOp func;
  ConstantPool &constants;
};

/// `op` and all it needs through 32-bit (or boolean) intermediates.
SmallVector<Operation *> closureOf(Operation *op) {
  llvm::SetVector<Operation *> closure;
  closure.insert(op);
  for (size_t next = 0; next < closure.size() && closure.size() < 2 * kMaxMicroOps; ++next)
    for (Value operand : laneOperands(closure[next]))
      if (!isByte(operand) && !elementOf(operand).isInteger(16) && isLaneOp(operand.getDefiningOp()))
        closure.insert(operand.getDefiningOp());
  return closure.takeVector();
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
  llvm::copy_if(leaves, std::back_inserter(candidates), [](Value v) { return !isByte(v); });
  llvm::copy_if(leaves, std::back_inserter(candidates), isByte);
  for (Value value : candidates) {
    Operation *op = value.getDefiningOp();
    if (!isLaneOp(op) || rejected.contains(value) || (isByte(value) && !cluster.ownsAllUsers(value)))
      continue;
    Cluster larger = cluster.with(closureOf(op));
    if (isWorthFusing(larger, value)) {
      if (fits(larger)) {
        cluster = larger;
        return true;
      }
      Cluster byOne = cluster.with(op);
      if (!isByte(value) && fits(byOne)) {
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
    cluster = Cluster(root);
  if (!fits(cluster))
    return std::nullopt;
  llvm::DenseSet<Value> rejected;
  while (growOnce(cluster, rejected)) {
  }
  return cluster;
}

bool isLayer(Operation *op) { return isa<mla::MLADialect>(op->getDialect()); }

/// 32-bit results are computed on the MLA only for the MLA, or where a reduction makes them small.
bool isWorthwhileRoot(const Cluster &cluster) {
  Value result = cluster.getRoot()->getResult(0);
  if (isByte(result) || elementOf(result).isInteger(16))
    return true;
  if (!isWide(result))
    return false;
  bool reduces = llvm::any_of(cluster.getOps(), [](Operation *op) { return reducedAxis(op).has_value(); });
  return llvm::all_of(result.getUsers(), isLayer) || (reduces && elementOf(result).isInteger(32));
}

/// Moves a function of one 8-bit tensor into the epilogue of the convolution that produces it alone.
bool absorbAsTable(mla::VectorOp op) {
  auto table = tableOf(op);
  Value input = table ? op.getInputs()[0] : Value();
  Operation *producer = input ? input.getDefiningOp() : nullptr;
  if (!producer || !input.hasOneUse() || producer->getAttr("table") ||
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

/// The operations of a replaced cluster that nothing needs any more: what they read must not count them
/// as users.
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
  Emission emission(cluster, constants);
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
  SmallVector<Operation *> roots;
  for (Operation &op : llvm::reverse(func.getBody().front()))
    if (isLaneOp(&op) && op.getNumResults() == 1 && op.getNumOperands() > 0)
      roots.push_back(&op);
  for (Operation *op : roots) {
    if (erased.contains(op) || op->use_empty() || shapeOf(op->getResult(0)).size() > 4)
      continue;
    auto cluster = grow(op);
    if (cluster && isWorthwhileRoot(*cluster))
      replace(*cluster);
  }
}

} // namespace

void lowerElementwise(func::FuncOp func, ConstantPool &constants) {
  Clustering(func, constants).run();
  eraseDead(func);
}

} // namespace afe

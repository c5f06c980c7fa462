// Clusters and their emission as vector programs; see Cluster.h.

#include "Conversion/TosaToMLA/Cluster.h"

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/Lanes.h"
#include "Conversion/TosaToMLA/Tensors.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace afe {
namespace {

Extent join(Extent a, Extent b) {
  if (a == Extent::scalar || a == b)
    return b;
  return b == Extent::scalar ? a : Extent::element;
}

} // namespace

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

//===-- Cluster -----------------------------------------------------------------------------===//

Cluster Cluster::with(ArrayRef<Operation *> more) const {
  Cluster larger = *this;
  larger.ops.insert(more.begin(), more.end());
  return larger;
}

bool Cluster::ownsAllUsers(Value value) const {
  return llvm::all_of(value.getUsers(), [&](Operation *user) { return ops.contains(user); });
}

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

//===-- ClusterEmission ---------------------------------------------------------------------===//

static Location fusedLocation(const Cluster &cluster) {
  SmallVector<Operation *> ordered(cluster.getOps().begin(), cluster.getOps().end());
  llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  auto locations = llvm::map_to_vector(ordered, [](Operation *op) { return op->getLoc(); });
  return Builder(cluster.getRoot()->getContext()).getFusedLoc(locations);
}

ClusterEmission::ClusterEmission(const Cluster &cluster, ConstantPool &constants)
    : cluster(cluster), constants(constants), space(cluster.space()),
      builder(cluster.getRoot()->getContext(), fusedLocation(cluster)) {}

bool ClusterEmission::run() {
  Value result = lane(cluster.getRoot()->getResult(0));
  return result && !failed && resultFits() && builder.close(result);
}

Value ClusterEmission::fail() {
  failed = true;
  return builder.i32(0);
}

/// 8- and 16-bit tensors may come from anywhere; 32-bit ones only from the MLA: what the host
/// computes in f32 stays with the host.
bool ClusterEmission::isLegalLeaf(Value tensor) const {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || type.getRank() != int64_t(space.size()))
    return false;
  if (isByteTensor(tensor) || elementOf(tensor).isInteger(16))
    return true;
  Operation *op = tensor.getDefiningOp();
  return isWordTensor(tensor) && op && (isa<mla::MLADialect>(op->getDialect()) || isLaneOp(op));
}

/// A constant of many elements is an input. A vector parameter (one number per channel) has rank 1;
/// lanes have the rank of the space.
Value ClusterEmission::constantLeaf(Value tensor, ElementsAttr elements) {
  SmallVector<int64_t> shape(space.size(), 1);
  auto own = shapeOf(tensor);
  if (own.size() != space.size() && !(own.size() == 1 && !shape.empty()))
    return fail();
  std::copy(own.begin(), own.end(), shape.end() - own.size());
  ElementsAttr shaped = reshaped(elements, shape);
  if (!shaped || !(isWordTensor(tensor) || isByteTensor(tensor) || elementOf(tensor).isInteger(16)))
    return fail();
  return builder.input(constants.get(tensor.getLoc(), shaped));
}

Value ClusterEmission::leaf(Value tensor) {
  if (auto number = scalarInt(tensor); number && isa<IntegerType>(elementOf(tensor))) {
    extents[tensor] = Extent::scalar;
    return builder.i32(*number);
  }
  if (auto number = scalarFloat(tensor)) {
    extents[tensor] = Extent::scalar;
    return builder.f32(*number);
  }
  extents[tensor] = Extent::element;
  if (ElementsAttr elements = constantOf(tensor))
    return constantLeaf(tensor, elements);
  return isLegalLeaf(tensor) ? builder.input(tensor) : fail();
}

Value ClusterEmission::lane(Value tensor) {
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

Extent ClusterEmission::extentOf(Operation *op) const {
  if (auto axis = reducedAxis(op))
    return *axis == mla::ReduceAxis::channels ? Extent::pixel : Extent::channel;
  Extent extent = Extent::scalar;
  for (Value operand : laneOperands(op))
    extent = join(extent, extents.lookup(operand));
  return extent;
}

/// A reduction runs over the lanes of the space, so its operand must not be broadcast along the
/// axis, nor be reduced already.
bool ClusterEmission::reducesWholeSpace(Operation *op) const {
  Value source = reductionSource(op);
  auto shape = shapeOf(source);
  if (shape.size() != space.size() || extents.lookup(source) != Extent::element)
    return false;
  if (*reducedAxis(op) == mla::ReduceAxis::channels)
    return shape.back() == space.back();
  return shape.drop_front().drop_back() == ArrayRef(space).drop_front().drop_back();
}

/// The result has the shape of the space, or lacks exactly the axis it was reduced over.
bool ClusterEmission::resultFits() const {
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

mla::VectorOp ClusterEmission::create() {
  OpBuilder at(cluster.getRoot());
  return builder.create(at, cluster.getRoot()->getResult(0).getType());
}

} // namespace afe

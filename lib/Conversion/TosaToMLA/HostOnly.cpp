// Hides operations from the phases of the lowering. An operation is replaced by a cast with its
// operands and results, so that everything around it keeps its uses, and put back in the end.

#include "Conversion/TosaToMLA/HostOnly.h"

#include "Conversion/TosaToMLA/Edges.h"
#include "Conversion/TosaToMLA/Lanes.h"
#include "Support/Locations.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace afe {
namespace {

constexpr StringLiteral kNumber = "afe.hidden";
constexpr int64_t kMaxExtent = 32767; // positions of windows are signed 16-bit numbers

bool isConstant(Operation &op) { return isa<tosa::ConstOp, tosa::ConstShapeOp>(op); }

bool isTosa(Operation &op) { return op.getName().getDialectNamespace() == "tosa"; }

/// Rows, columns or images beyond the instructions' fields; channels are counted in blocks.
std::optional<int64_t> tooLarge(Operation &op) {
  for (ValueRange values : {ValueRange(op.getOperands()), ValueRange(op.getResults())})
    for (Value value : values)
      if (auto type = dyn_cast<RankedTensorType>(value.getType()))
        for (auto [axis, size] : llvm::enumerate(type.getShape()))
          if (size > (int64_t(axis) + 1 < type.getRank() ? kMaxExtent : 2 * kMaxExtent))
            return size;
  return std::nullopt;
}

/// Whether every operand is a constant, or computed from constants alone.
bool isComputedFromConstants(Operation &op, const llvm::DenseSet<Operation *> &known) {
  return llvm::all_of(op.getOperands(), [&](Value operand) {
    Operation *producer = operand.getDefiningOp();
    return producer && (isConstant(*producer) || known.contains(producer));
  });
}

/// Operations that are computed from constants alone and that no vector program takes in: those
/// that only lead to elementwise operations with another operand become a part of theirs.
llvm::DenseSet<Operation *> constantWork(Block &body) {
  llvm::DenseSet<Operation *> known;
  for (Operation &op : body)
    if (isTosa(op) && !isConstant(op) && !op.getNumRegions() && isComputedFromConstants(op, known))
      known.insert(&op);
  llvm::DenseSet<Operation *> work = known;
  for (Operation &op : llvm::reverse(body)) {
    bool isTakenIn = isLaneOp(&op) && llvm::all_of(op.getUsers(), [&](Operation *user) {
                       return isLaneOp(user) && !work.contains(user);
                     });
    if (known.contains(&op) && isTakenIn)
      work.erase(&op);
  }
  return work;
}

void explain(Operation &op, const Twine &reason, StringRef hint) {
  Builder builder(op.getContext());
  op.setAttr("a65.reason", builder.getStringAttr(reason));
  op.setAttr("a65.hint", builder.getStringAttr(hint));
}

/// Names of the operators that the user, or a placement, keeps on the host.
llvm::StringSet<> askedFor(func::FuncOp func) {
  llvm::StringSet<> names;
  if (auto listed = func->getParentOp()->getAttrOfType<ArrayAttr>("afe.host_operators"))
    for (auto name : listed.getAsRange<StringAttr>())
      names.insert(name.getValue());
  return names;
}

} // namespace

HostOnly::HostOnly(func::FuncOp func) : func(func) {
  llvm::DenseSet<Operation *> fromConstants = constantWork(func.getBody().front());
  llvm::StringSet<> asked = askedFor(func);
  SmallVector<Operation *> found;
  for (Operation &op : func.getBody().front()) {
    if (!isTosa(op) || isConstant(op) || op.getNumRegions())
      continue;
    std::string name = ("'" + op.getName().getStringRef() + "'").str();
    if (fromConstants.contains(&op)) {
      explain(op, name + " is computed from constants alone", "let the exporter fold constants");
    } else if (llvm::any_of(namesIn(op.getLoc()), [&](auto &n) { return asked.contains(n); })) {
      if (!isEdgeOp(&op))
        explain(op, name + " is placed on the Cortex-A65", "change the placement");
    } else if (auto size = tooLarge(op)) {
      if (!isEdgeOp(&op))
        explain(op,
                name + " has a tensor of " + Twine(*size) + " rows or columns, the MLA counts to " +
                    Twine(kMaxExtent),
                "split the tensor");
    } else {
      continue;
    }
    found.push_back(&op);
  }
  llvm::for_each(found, [&](Operation *op) { hide(op); });
}

void HostOnly::hide(Operation *op) {
  OpBuilder builder(op);
  auto cast = UnrealizedConversionCastOp::create(builder, op->getLoc(), op->getResultTypes(),
                                                 op->getOperands());
  cast->setAttr(kNumber, builder.getIndexAttr(hidden.size()));
  op->replaceAllUsesWith(cast);
  op->remove();
  op->dropAllReferences();
  hidden.push_back(op);
}

HostOnly::~HostOnly() {
  llvm::DenseSet<Operation *> restored;
  for (Operation &cast : llvm::make_early_inc_range(func.getBody().front())) {
    auto number = cast.getAttrOfType<IntegerAttr>(kNumber);
    if (!number)
      continue;
    Operation *op = hidden[number.getInt()];
    cast.getBlock()->getOperations().insert(cast.getIterator(), op);
    for (auto [index, operand] : llvm::enumerate(cast.getOperands()))
      op->setOperand(index, operand);
    cast.replaceAllUsesWith(op->getResults());
    cast.erase();
    restored.insert(op);
  }
  for (Operation *op : hidden) // of no use any more
    if (!restored.contains(op))
      op->destroy();
}

void computeConstantResults(func::FuncOp func) {
  Operation *terminator = func.getBody().front().getTerminator();
  OpBuilder builder(terminator);
  for (OpOperand &result : terminator->getOpOperands())
    if (auto constant = result.get().getDefiningOp<tosa::ConstOp>())
      result.set(
          tosa::IdentityOp::create(builder, constant.getLoc(), constant.getType(), constant));
}

} // namespace afe

// --a65-outline-kernels: every loop nest of a segment becomes a function of its own.
//
// LLVM takes far less time over many small functions than over one of a thousand loops, and learns
// from a function's arguments that buffers do not overlap, which it could not see of ranges of one
// workspace.

#include "Conversion/A65ToLLVM/Passes.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace afe::a65 {
#define GEN_PASS_DEF_OUTLINEKERNELSPASS
#include "Conversion/A65ToLLVM/Passes.h.inc"

namespace {

/// Whether a kernel makes the value again instead of taking it: constants, and views of buffers.
bool isRemade(Operation *op) {
  return op && (op->hasTrait<OpTrait::ConstantLike>() || isa<memref::GetGlobalOp>(op) ||
                (isa<ViewLikeOpInterface>(op) && isMemoryEffectFree(op)));
}

/// What a nest reads of the function around it: arguments of the kernel, and operations that it
/// repeats, in the order in which they can be repeated.
class Captures {
public:
  explicit Captures(Operation *nest) {
    for (Value operand : nest->getOperands())
      add(operand);
    SetVector<Value> above;
    getUsedValuesDefinedAbove(nest->getRegions(), above);
    for (Value value : above)
      add(value);
  }

  SetVector<Value> arguments;
  SetVector<Operation *> remade;

private:
  void add(Value value) {
    Operation *op = value.getDefiningOp();
    if (!isRemade(op)) {
      arguments.insert(value);
      return;
    }
    if (remade.contains(op))
      return;
    for (Value operand : op->getOperands())
      add(operand);
    remade.insert(op);
  }
};

/// Nests with buffers of their own stay: those are planned in the segment's function.
bool canBeOutlined(Operation *op) {
  if (!isa<scf::ForOp, scf::ParallelOp>(op) || op->getNumResults() != 0)
    return false;
  return !op->walk([](memref::AllocOp) { return WalkResult::interrupt(); }).wasInterrupted();
}

/// Fewer iterations than this are not worth waking other cores.
constexpr int64_t kMinIterations = 1 << 14;

/// Iterations of a dimension whose bounds are constant.
std::optional<int64_t> tripCount(scf::ParallelOp nest, unsigned dim) {
  auto lower = getConstantIntValue(nest.getLowerBound()[dim]);
  auto upper = getConstantIntValue(nest.getUpperBound()[dim]);
  auto step = getConstantIntValue(nest.getStep()[dim]);
  if (!lower || !upper || !step || *step <= 0 || *upper < *lower)
    return std::nullopt;
  return llvm::divideCeil(*upper - *lower, *step);
}

/// The dimension that cores share, and its iterations: the first that has several, where there is
/// enough work.
std::optional<std::pair<unsigned, int64_t>> sharedDimension(Operation *op) {
  auto nest = dyn_cast<scf::ParallelOp>(op);
  if (!nest)
    return std::nullopt;
  std::optional<std::pair<unsigned, int64_t>> shared;
  int64_t total = 1;
  for (unsigned dim = 0; dim < nest.getNumLoops(); ++dim) {
    auto count = tripCount(nest, dim);
    if (!count)
      return std::nullopt;
    if (*count > 1 && !shared)
      shared = {dim, *count};
    total *= *count;
  }
  nest.getBody()->walk([&](scf::ForOp loop) {
    if (auto count = loop.getStaticTripCount())
      total *= std::max<int64_t>(1, count->getSExtValue());
  });
  return total >= kMinIterations ? shared : std::nullopt;
}

/// Restricts `nest` to the iterations [begin, end) of a dimension.
void restrict(scf::ParallelOp nest, unsigned dim, Value begin, Value end) {
  OpBuilder builder(nest);
  Location loc = nest.getLoc();
  Value lower = nest.getLowerBound()[dim], step = nest.getStep()[dim];
  auto at = [&](Value iteration) -> Value {
    Value distance = arith::MulIOp::create(builder, loc, iteration, step);
    return arith::AddIOp::create(builder, loc, lower, distance);
  };
  Value last = arith::MinSIOp::create(builder, loc, at(end), nest.getUpperBound()[dim]);
  nest.getLowerBoundMutable()[dim].assign(at(begin));
  nest.getUpperBoundMutable()[dim].assign(last);
}

func::FuncOp createKernel(func::FuncOp func, Operation *nest, const Captures &captures,
                          int64_t number) {
  OpBuilder builder(func);
  SmallVector<Type> types;
  for (Value value : captures.arguments)
    types.push_back(value.getType());
  auto shared = sharedDimension(nest);
  if (shared)
    types.append(2, builder.getIndexType());
  std::string name = (func.getSymName() + "_kernel_" + Twine(number)).str();
  auto kernel =
      func::FuncOp::create(builder, nest->getLoc(), name, builder.getFunctionType(types, {}));
  kernel.setPrivate();
  kernel->setAttr(kKernel, builder.getUnitAttr());
  builder.setInsertionPointToStart(kernel.addEntryBlock());
  IRMapping mapping;
  mapping.map(captures.arguments.getArrayRef(),
              kernel.getArguments().take_front(captures.arguments.size()));
  for (Operation *op : captures.remade)
    builder.clone(*op, mapping);
  Operation *copy = builder.clone(*nest, mapping);
  if (shared) {
    kernel->setAttr(kSharedIterations, builder.getI64IntegerAttr(shared->second));
    auto range = kernel.getArguments().take_back(2);
    restrict(cast<scf::ParallelOp>(copy), shared->first, range[0], range[1]);
  }
  func::ReturnOp::create(builder, nest->getLoc());
  return kernel;
}

struct OutlineKernelsPass : impl::OutlineKernelsPassBase<OutlineKernelsPass> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> functions;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (func->hasAttr(kSegment) && !func.isDeclaration())
        functions.push_back(func);
    llvm::for_each(functions, [&](func::FuncOp func) { outline(func); });
  }

  void outline(func::FuncOp func) {
    int64_t number = 0;
    for (Operation &op : llvm::make_early_inc_range(func.getBody().front())) {
      if (!canBeOutlined(&op))
        continue;
      Captures captures(&op);
      func::FuncOp kernel = createKernel(func, &op, captures, number++);
      OpBuilder builder(&op);
      SmallVector<Value> arguments(captures.arguments.getArrayRef());
      if (auto count = kernel->getAttrOfType<IntegerAttr>(kSharedIterations))
        for (int64_t bound : {int64_t(0), count.getInt()})
          arguments.push_back(arith::ConstantIndexOp::create(builder, op.getLoc(), bound));
      func::CallOp::create(builder, op.getLoc(), kernel, arguments);
      op.erase();
      ++kernels;
    }
  }
};

} // namespace
} // namespace afe::a65

// Programs over one number per pixel (what follows from the mean and the variance of a layer
// normalization) become one with the programs that make these numbers by reducing channels: there
// such a number costs one lane, in a program of its own the sixteen of a block.

#include "Conversion/TosaToMLA/LaneRanges.h"
#include "Conversion/TosaToMLA/LaneTables.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"
#include "Conversion/TosaToMLA/VectorBuilder.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace afe {
namespace {

bool isOneNumberPerPixel(mla::VectorOp op) { return op.getDomain().back() == 1; }

bool isWindowless(mla::VectorOp op) {
  return !op.getWindow() && llvm::none_of(op.getBody().front(), [](Operation &lane) {
    auto reduce = dyn_cast<mla::VReduceOp>(lane);
    return readsWholeOperand(&lane) || (reduce && reduce.getAxis() == mla::ReduceAxis::pixels);
  });
}

/// The value that the program yields as `result`.
Value yielded(Value result) {
  auto op = cast<mla::VectorOp>(result.getDefiningOp());
  return op.getBody().front().getTerminator()->getOperand(cast<OpResult>(result).getResultNumber());
}

/// A program with all that make the numbers per pixel that it reads.
class Joiner {
public:
  explicit Joiner(mla::VectorOp last) { collect(last); }
  ArrayRef<mla::VectorOp> parts() const { return programs; }

  bool join() {
    if (programs.size() < 2 || !fits())
      return false;
    mla::VectorOp joined = build();
    if (microOps(joined) > kMaxMicroOps || joined.getInputs().size() > size_t(kMaxVectorInputs)) {
      joined.erase();
      return false;
    }
    for (auto [value, replacement] : llvm::zip(results, joined.getOutputs()))
      value.replaceAllUsesWith(replacement);
    for (mla::VectorOp program : llvm::reverse(programs))
      program.erase();
    return true;
  }

private:
  /// In the order of the block.
  void collect(mla::VectorOp program) {
    if (llvm::is_contained(programs, program))
      return;
    for (Value input : program.getInputs())
      if (mla::VectorOp producer = producerOf(input))
        collect(producer);
    programs.push_back(program);
    llvm::sort(programs, [](mla::VectorOp a, mla::VectorOp b) { return a->isBeforeInBlock(b); });
  }

  static mla::VectorOp producerOf(Value input) {
    return shapeOf(input).back() == 1 ? input.getDefiningOp<mla::VectorOp>() : mla::VectorOp();
  }

  /// Whether the programs run over the same pixels, and from which tensors to which.
  bool fits() {
    mla::VectorOp first = programs.front();
    SmallVector<int64_t> domain(first.getDomain());
    for (mla::VectorOp program : programs) {
      SmallVector<int64_t> own(program.getDomain());
      if (own.back() == 1)
        own.back() = domain.back();
      if (!isWindowless(program) || own != domain)
        return false;
      for (Value input : program.getInputs()) {
        bool isInside = static_cast<bool>(producerOf(input));
        Operation *def = input.getDefiningOp();
        // A number per pixel that is loaded would take a lane per channel.
        if (isInside ? !survivesStore(input) : shapeOf(input) != ArrayRef<int64_t>(domain))
          return false;
        if (!isInside && def && !def->isBeforeInBlock(first))
          return false;
      }
      for (Value result : program.getOutputs())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) {
              return !llvm::is_contained(programs, dyn_cast<mla::VectorOp>(user));
            }))
          results.push_back(result);
    }
    return domain.back() > 1 && !results.empty() && results.size() <= size_t(kMaxVectorOutputs);
  }

  /// Whether the lane that is stored as `result` is read back as it was.
  static bool survivesStore(Value result) {
    auto integer = dyn_cast<IntegerType>(getElementTypeOrSelf(result.getType()));
    if (!integer || integer.getWidth() == 32)
      return true;
    int64_t width = integer.getWidth();
    int64_t lo = integer.isUnsigned() ? 0 : -(int64_t(1) << (width - 1));
    std::optional<LaneRange> range =
        laneRange(yielded(result), cast<mla::VectorOp>(result.getDefiningOp()));
    return range && range->within(lo, lo + (int64_t(1) << width) - 1);
  }

  mla::VectorOp build() {
    OpBuilder at(programs.front());
    SmallVector<Location> locations;
    for (mla::VectorOp program : programs)
      locations.push_back(program.getLoc());
    VectorBuilder b(at.getContext(), at.getFusedLoc(locations));
    IRMapping lanes;
    for (mla::VectorOp program : programs) {
      Block &body = program.getBody().front();
      for (auto [argument, input] : llvm::zip(body.getArguments(), program.getInputs()))
        lanes.map(argument, producerOf(input) ? lanes.lookup(yielded(input)) : b.input(input));
      for (Operation &lane : body.without_terminator())
        append(lane, b, lanes);
    }
    SmallVector<Value> lasts;
    SmallVector<Type> types;
    for (Value result : results) {
      lasts.push_back(lanes.lookup(yielded(result)));
      types.push_back(result.getType());
    }
    (void)b.close(lasts); // join() counts
    return b.create(at, types);
  }

  /// A lane, unless an equal one is there.
  static void append(Operation &lane, VectorBuilder &b, IRMapping &lanes) {
    if (auto constant = dyn_cast<mla::VConstOp>(lane)) {
      auto number = dyn_cast<IntegerAttr>(constant.getValue());
      lanes.map(lane.getResult(0),
                number ? b.i32(number.getInt())
                       : b.f32(cast<FloatAttr>(constant.getValue()).getValue().convertToFloat()));
      return;
    }
    Operation *copy = b.opBuilder().clone(lane, lanes);
    for (Operation &other : b.block())
      if (&other != copy && OperationEquivalence::isEquivalentTo(
                                &other, copy, OperationEquivalence::IgnoreLocations)) {
        lanes.map(lane.getResult(0), other.getResult(0));
        copy->erase();
        return;
      }
  }

  SmallVector<mla::VectorOp> programs;
  SmallVector<Value> results; ///< that somebody else reads
};

} // namespace

void joinPixelNumbers(func::FuncOp func) {
  SmallVector<mla::VectorOp> narrow;
  for (mla::VectorOp op : func.getBody().front().getOps<mla::VectorOp>())
    if (isOneNumberPerPixel(op))
      narrow.push_back(op);
  // From the last one backwards: what is joined is in front of it.
  while (!narrow.empty()) {
    mla::VectorOp last = narrow.pop_back_val();
    Joiner joiner(last);
    ArrayRef<mla::VectorOp> parts = joiner.parts();
    if (joiner.join()) // compares handles of what is erased
      llvm::erase_if(narrow, [&](mla::VectorOp op) { return llvm::is_contained(parts, op); });
  }
}

} // namespace afe

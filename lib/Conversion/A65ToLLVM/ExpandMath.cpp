// --a65-expand-math: exponentials and their kin become arithmetic in f64.
//
// The object then needs no library, loops over them vectorize, and the host and the target compute
// the same bits. An error below 1e-12 in f64 leaves an f32 result correctly rounded but for cases
// that lie as close to the middle between two numbers (less than one in ten thousand).

#include "Conversion/A65ToLLVM/MathBuilder.h"
#include "Conversion/A65ToLLVM/Passes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace afe::a65 {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "Conversion/A65ToLLVM/Passes.h.inc"

namespace {

using Expansion = Value (*)(MathBuilder &, ValueRange);

Value expandExp(MathBuilder &m, ValueRange x) { return m.exp(x[0]); }
Value expandLog(MathBuilder &m, ValueRange x) { return m.log(x[0]); }
Value expandTanh(MathBuilder &m, ValueRange x) { return m.tanh(x[0]); }
Value expandErf(MathBuilder &m, ValueRange x) { return m.erf(x[0]); }
Value expandPow(MathBuilder &m, ValueRange x) { return m.pow(x[0], x[1]); }
Value expandSin(MathBuilder &m, ValueRange x) { return m.sinOrCos(x[0], /*isCos=*/false); }
Value expandCos(MathBuilder &m, ValueRange x) { return m.sinOrCos(x[0], /*isCos=*/true); }

/// What stands for an operation of the math dialect; null where a machine has an instruction.
Expansion expansionOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, Expansion>(op)
      .Case([](math::ExpOp) { return expandExp; })
      .Case([](math::LogOp) { return expandLog; })
      .Case([](math::TanhOp) { return expandTanh; })
      .Case([](math::ErfOp) { return expandErf; })
      .Case([](math::PowFOp) { return expandPow; })
      .Case([](math::SinOp) { return expandSin; })
      .Case([](math::CosOp) { return expandCos; })
      .Default([](Operation *) { return nullptr; });
}

/// Numbers of up to 32 bits take the way over f64; f64 itself is only exp's.
bool isKnown(Operation *op) {
  Type type = op->getResult(0).getType();
  if (!type.isIntOrFloat())
    return false;
  return type.getIntOrFloatBitWidth() <= 32 || isa<math::ExpOp>(op);
}

void expand(Operation *op, Expansion expansion) {
  MathBuilder builder(op);
  Type type = op->getResult(0).getType();
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(builder.widen(operand));
  Value result = expansion(builder, operands);
  op->replaceAllUsesWith(ValueRange{builder.narrow(result, type)});
  op->erase();
}

struct ExpandMathPass : impl::ExpandMathPassBase<ExpandMathPass> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (expansionOf(op) && isKnown(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      expand(op, expansionOf(op));
      ++functions;
    }
  }
};

} // namespace
} // namespace afe::a65

// Loops on buffers, for operators whose control flow depends on data and that linalg cannot say.
//
// Buffers are memrefs that the operator allocates (the workspace holds them) or tensors it reads;
// the results become tensors again.
#pragma once

#include "Conversion/A65ToLLVM/Passes.h"

#include <functional>

namespace afe::a65 {

class LoopBuilder {
public:
  explicit LoopBuilder(mlir::Operation *op) : b(op), loc(op->getLoc()) {}

  /// A new buffer, its contents undefined.
  mlir::Value allocate(llvm::ArrayRef<int64_t> shape, mlir::Type element);
  /// A tensor's buffer, read only.
  mlir::Value bufferOf(mlir::Value tensor);
  /// The tensor of a buffer that nobody writes any more.
  mlir::Value tensorOf(mlir::Value buffer);

  mlir::Value load(mlir::Value buffer, mlir::ValueRange indices);
  void store(mlir::Value value, mlir::Value buffer, mlir::ValueRange indices);
  void fill(mlir::Value buffer, mlir::Value value);

  mlir::Value index(int64_t value);
  mlir::Value f32(float value);
  mlir::Value f64(double value);
  mlir::Value widen(mlir::Value f32Value);
  mlir::Value narrow(mlir::Value f64Value);
  /// An index (below 2^24) as f32.
  mlir::Value toFloat(mlir::Value index);

  template <typename OpTy, typename... Args> mlir::Value make(Args &&...args) {
    return OpTy::create(b, loc, std::forward<Args>(args)...);
  }
  mlir::Value compare(mlir::arith::CmpFPredicate predicate, mlir::Value x, mlir::Value y) {
    return make<mlir::arith::CmpFOp>(predicate, x, y);
  }
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value x, mlir::Value y) {
    return make<mlir::arith::CmpIOp>(predicate, x, y);
  }

  /// for (i = 0; i < count; ++i) body(i).
  void forEach(mlir::Value count, llvm::function_ref<void(mlir::Value)> body);
  /// The same with values carried from one iteration to the next; their last values.
  using Step = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)>;
  llvm::SmallVector<mlir::Value> fold(mlir::Value count, mlir::ValueRange start, Step step);
  /// if (condition) body().
  void when(mlir::Value condition, llvm::function_ref<void()> body);

  mlir::OpBuilder b;
  mlir::Location loc;
};

} // namespace afe::a65

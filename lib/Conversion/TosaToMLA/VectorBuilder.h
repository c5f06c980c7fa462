// A vector program under construction: lane operations go into a detached block, which becomes an
// mla.vector when it is finished, or is thrown away when the program turns out not to fit.
#pragma once

#include "mla/MLADialect.h"

#include <memory>

namespace afe {

/// Limits of one mla.vector, those of the VECTOR instruction.
constexpr int64_t kMaxMicroOps = 32, kMaxVectorInputs = 4, kMaxVectorOutputs = 2;

/// Micro-operations of a program, loads and stores included.
int64_t microOps(mla::VectorOp op);

class VectorBuilder {
public:
  VectorBuilder(mlir::MLIRContext *context, mlir::Location loc);
  ~VectorBuilder();

  /// The lane of an input tensor; each distinct tensor becomes one input.
  mlir::Value input(mlir::Value tensor);
  llvm::ArrayRef<mlir::Value> inputs() const { return tensors; }

  mlir::Value i32(int64_t value); ///< constants, each kept once
  mlir::Value f32(float value);

  /// A lane operation whose result has the type of its first operand.
  template <typename OpTy, typename... Args> mlir::Value same(mlir::Value first, Args... args) {
    return OpTy::create(builder, loc, first.getType(), first, args...).getResult();
  }
  /// A lane operation with an i32 result / an f32 result.
  template <typename OpTy, typename... Args> mlir::Value toI32(Args... args) {
    return OpTy::create(builder, loc, builder.getI32Type(), args...).getResult();
  }
  template <typename OpTy, typename... Args> mlir::Value toF32(Args... args) {
    return OpTy::create(builder, loc, builder.getF32Type(), args...).getResult();
  }

  mlir::Value add(mlir::Value a, mlir::Value b) { return same<mla::VAddOp>(a, b); }
  mlir::Value sub(mlir::Value a, mlir::Value b) { return same<mla::VSubOp>(a, b); }
  mlir::Value mul(mlir::Value a, mlir::Value b) { return same<mla::VMulOp>(a, b); }
  mlir::Value div(mlir::Value a, mlir::Value b) { return same<mla::VDivOp>(a, b); }
  mlir::Value addConstant(mlir::Value a, int64_t value);
  mlir::Value subConstant(mlir::Value a, int64_t value);
  mlir::Value clamp(mlir::Value a, int64_t lo, int64_t hi);
  mlir::Value rescale(mlir::Value a, mla::RequantMode mode, int32_t multiplier, int32_t shift,
                      int64_t zp);
  mlir::Value compare(mla::ComparePredicate predicate, mlir::Value a, mlir::Value b);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);
  mlir::Value toFloat(mlir::Value a) { return toF32<mla::VIntToFloatOp>(a); }
  mlir::Value toInt(mlir::Value a, mla::FloatRounding rounding);
  mlir::Value reduce(mla::ReduceKind kind, mla::ReduceAxis axis, mlir::Value a);

  mlir::Block &block() { return *body; }
  mlir::OpBuilder &opBuilder() { return builder; }

  /// Ends the program with the elements of the outputs, simplifies it (tables, dead operations) and
  /// counts: false where a limit is exceeded or an operation is left that VECTOR does not have.
  bool close(mlir::ValueRange results);

  /// The finished operation at the builder's insertion point; once, after `close`.
  mla::VectorOp create(mlir::OpBuilder &at, mlir::TypeRange outputs, mla::WindowAttr window = {});

private:
  mlir::Location loc;
  mlir::OpBuilder builder;
  std::unique_ptr<mlir::Block> body;
  llvm::SmallVector<mlir::Value> tensors;
  llvm::DenseMap<mlir::Attribute, mlir::Value> constants;

  mlir::Value constant(mlir::TypedAttr attr);
  void dropUnusedInputs();
};

} // namespace afe

// Elementary functions in f64 arithmetic: no library, no table, the same bits on every machine.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

namespace afe::a65 {

/// Builds functions of f64 scalars. Infinities, zeros, signs and NaN are C's. Errors are relative
/// to the result.
class MathBuilder {
public:
  explicit MathBuilder(mlir::Operation *op) : b(op), loc(op->getLoc()) {}

  /// A number of fewer bits as f64, and back, rounded once.
  mlir::Value widen(mlir::Value value);
  mlir::Value narrow(mlir::Value value, mlir::Type type);

  /// e^x, to 1e-16.
  mlir::Value exp(mlir::Value x);
  /// ln x of zero and of numbers that are normal in f64, to 1e-15.
  mlir::Value log(mlir::Value x);
  /// To 1e-12.
  mlir::Value tanh(mlir::Value x);
  /// To 1e-12 (an error of f32's last place is 6e-8).
  mlir::Value erf(mlir::Value x);
  /// x^y, to 1e-13 where the result is an f32.
  mlir::Value pow(mlir::Value x, mlir::Value y);
  /// Sine or cosine of an f32 of any size, to 1e-9.
  mlir::Value sinOrCos(mlir::Value x, bool isCos);

private:
  mlir::Value f64(double value);
  mlir::Value i64(int64_t value);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value div(mlir::Value x, mlir::Value y);
  mlir::Value bits(mlir::Value x);
  mlir::Value fromBits(mlir::Value x);
  mlir::Value abs(mlir::Value x);
  mlir::Value copySign(mlir::Value magnitude, mlir::Value sign);
  mlir::Value isNaN(mlir::Value x);
  mlir::Value compare(mlir::arith::CmpFPredicate predicate, mlir::Value x, double y);
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);
  mlir::Value negated(mlir::Value condition);
  /// coefficients[0] + coefficients[1] x + …
  mlir::Value polynomial(mlir::Value x, llvm::ArrayRef<double> coefficients);
  /// {quadrant (0 to 3, i64), rest within a quarter of pi around it}.
  std::pair<mlir::Value, mlir::Value> reduceAngle(mlir::Value magnitude);

  mlir::OpBuilder b;
  mlir::Location loc;
};

} // namespace afe::a65

// The passes of lib/Transforms.
#pragma once

#include "Support/PassStatistic.h"
#include "a65/A65Dialect.h"
#include "mla/MLADialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace afe {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "Transforms/Passes.h.inc"
} // namespace afe

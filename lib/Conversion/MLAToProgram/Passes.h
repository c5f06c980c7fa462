// The passes of the back end.
#pragma once

#include "Support/PassStatistic.h"
#include "mla/MLADialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace afe {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "Conversion/MLAToProgram/Passes.h.inc"
} // namespace afe

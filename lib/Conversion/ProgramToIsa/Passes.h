// Passes between scheduled programs and the bytes of .lm files.
#pragma once

#include "Support/PassStatistic.h"
#include "mla/MLADialect.h"
#include "mlir/Pass/Pass.h"

namespace afe::mla {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "Conversion/ProgramToIsa/Passes.h.inc"

} // namespace afe::mla

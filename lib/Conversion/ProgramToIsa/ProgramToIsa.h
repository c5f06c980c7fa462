// Between scheduled code as MLIR (mla.program) and as plain data (isa::Program), and on to the
// bytes of an .lm file. Both directions are exact: a program that goes through MLIR, or through its
// text, is the program that came in. (Only what a program cannot have is lost: discardable
// attributes.)
#pragma once

#include "Encoding/Isa.h"
#include "mla/MLADialect.h"

namespace afe::mla {

/// The plain program behind the operation, which must verify. Fails, with a diagnostic at the
/// operation, where `constants` has no bytes (a dense_resource without its blob).
mlir::FailureOr<isa::Program> toProgram(ProgramOp op);

/// The operation at the builder's insertion point. Its symbol is the program's name, the location
/// of an instruction its layer. The program must be one that lib/Encoding accepts.
ProgramOp fromProgram(const isa::Program &program, mlir::OpBuilder &builder);

} // namespace afe::mla

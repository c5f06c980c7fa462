// An .lm file as MLIR text and back, for `afe disasm`, mla-translate and tests.
#pragma once

#include "Target/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace afe::mla {

/// A module with the one mla.program that the file holds. `target`, where given, becomes the
/// module's `mla.target`, which the way back needs unless it is `mlsoc`. Null, with the reason in
/// `error`, where the bytes are not an .lm file or where `target` is not the file's.
mlir::OwningOpRef<mlir::ModuleOp> readLm(llvm::ArrayRef<uint8_t> bytes, const Target *target,
                                         mlir::MLIRContext &context, std::string &error);

/// The bytes of the module's one mla.program (or mla.binary). Empty, with the reason in `error`,
/// where there is none, or more than one, or it cannot be encoded.
std::vector<uint8_t> writeLm(mlir::ModuleOp module, std::string &error);

/// readLm, printed; empty on failure.
std::string disassemble(const std::vector<uint8_t> &bytes, const Target *target,
                        std::string &error);

/// The inverse of disassemble, byte for byte; empty on failure. `text` is MLIR or bytecode.
std::vector<uint8_t> assemble(const std::string &text, std::string &error);

} // namespace afe::mla

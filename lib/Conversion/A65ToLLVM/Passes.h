// Passes from Cortex-A65 segments to the bitcode of one function each; docs/a65.md tells the story.
#pragma once

#include "Support/PassStatistic.h"
#include "a65/A65Dialect.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace afe::a65 {

/// On a function: the bytes of scratch memory it wants (an i64).
inline constexpr llvm::StringLiteral kWorkspaceBytes = "a65.workspace_bytes";
/// On a function: the segment it was (a string).
inline constexpr llvm::StringLiteral kSegment = "a65.segment";
/// On a function: how many of its arguments are inputs; the outputs follow (an i64).
inline constexpr llvm::StringLiteral kNumInputs = "a65.num_inputs";
/// On a function: it is a loop nest of a segment; its buffers do not overlap (a unit).
inline constexpr llvm::StringLiteral kKernel = "a65.kernel";
/// On a kernel whose last two arguments are a range of iterations that cores may share: how many
/// there are (an i64).
inline constexpr llvm::StringLiteral kSharedIterations = "a65.shared_iterations";
/// Alignment in bytes of the workspace and of every buffer in it: one cache line.
inline constexpr int64_t kWorkspaceAlignment = 64;

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "Conversion/A65ToLLVM/Passes.h.inc"

/// Registers the passes of this folder and the pipeline `afe-phase-host-code`.
void registerA65ToLLVM();

} // namespace afe::a65

// The phases of afe-lower-to-mla, in the order in which the pass runs them. Each looks at the whole
// function, replaces what it can express by layer operations in place, and leaves the rest alone;
// replaced operations stay behind without uses and are erased at the end of the phase.
#pragma once

#include "mla/MLADialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace afe {

/// Makes the constants of layer operations: one mla.const per constant, at the top of the function.
class ConstantPool {
public:
  explicit ConstantPool(mlir::func::FuncOp func) : func(func) {}

  /// The mla.const with these elements (the attribute is shared, never copied).
  mlir::Value get(mlir::Location loc, mlir::ElementsAttr elements);

private:
  mlir::func::FuncOp func;
  llvm::DenseMap<mlir::Attribute, mlir::Value> known;
};

/// Reshapes of 32-bit tensors rise through elementwise operations to the 8-bit tensors these come
/// from, so that nothing wide has to be moved between vector programs.
void raiseWideReshapes(mlir::func::FuncOp func);
/// Convolutions, fully connected layers and matrix products, with bias, requantization, clamp,
/// table.
void lowerConvolutions(mlir::func::FuncOp func, ConstantPool &constants);
/// The convolutions of the groups of one grouped convolution become one layer.
void joinGroups(mlir::func::FuncOp func, ConstantPool &constants);
/// Quantized additions whose one operand a convolution alone produces move into its epilogue.
void fuseResiduals(mlir::func::FuncOp func, ConstantPool &constants);
/// Max and average pooling as vector programs with a window.
void lowerPooling(mlir::func::FuncOp func);
/// f32 average pooling of dequantized tensors, in the order of its additions.
void lowerFloatAverages(mlir::func::FuncOp func, ConstantPool &constants);
/// LiteRT's int8 softmax as one vector program.
void lowerSoftmax(mlir::func::FuncOp func);
/// argmax over channels.
void lowerArgMax(mlir::func::FuncOp func);
/// Resizing and reversing of rows and columns as gathers.
void lowerResize(mlir::func::FuncOp func, ConstantPool &constants);
/// Elementwise operations and reductions, clustered into maximal vector programs.
void lowerElementwise(mlir::func::FuncOp func, ConstantPool &constants);
/// Appends vector programs to the pooling, softmax or resize that alone feeds them.
void fuseVectors(mlir::func::FuncOp func);
/// Fewer operations for the same numbers in every vector program.
void simplifyVectors(mlir::func::FuncOp func);
/// Sums over the pixels of large images become sums of rectangles and the sum of those.
void splitReductions(mlir::func::FuncOp func);
/// Products of an image with one number per channel, an activation, move from VECTOR to TENSOR.
void raiseScalings(mlir::func::FuncOp func);
/// Programs over one number per pixel move into the one that makes their operands.
void joinPixelNumbers(mlir::func::FuncOp func);
/// Concatenation, slices, padding, reshapes and transposes of 8-bit tensors.
void lowerDataMovement(mlir::func::FuncOp func, ConstantPool &constants);
/// int8 -> uint8 at the results moves into the convolution that produces the tensor; what matrix
/// products alone read is uint8 where that saves an operation.
void foldSignedness(mlir::func::FuncOp func);
/// Says of every operation left in TOSA why the host does it (a65.reason, a65.hint): what the MLA
/// cannot do, or (`isAsked`) that the user wants everything there.
void markHostWork(mlir::func::FuncOp func, bool isAsked);

/// Fails with an error unless the function has one block and all its tensors have static shapes,
/// which the phases and the partitioning rely on.
llvm::LogicalResult checkShapes(mlir::func::FuncOp func);

/// Erases operations without uses and effects, from the bottom up (tosa.custom counts as pure); a
/// constant may be used again by a later phase and stays.
void eraseDead(mlir::func::FuncOp func);

} // namespace afe

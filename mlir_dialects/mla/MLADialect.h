// The mla dialect in C++: operations, attributes, and the plain Target behind #mla.target.
#pragma once

#include "Target/Target.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "mla/MLADialect.h.inc"
#include "mla/MLAEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "mla/MLAAttributes.h.inc"

namespace afe::mla {
/// Trait of the operations that may stand in the region of `mla.vector`.
template <typename Op> class LaneOperation : public mlir::OpTrait::TraitBase<Op, LaneOperation> {};
} // namespace afe::mla

#include "mla/MLAInterfaces.h.inc"

#define GET_OP_CLASSES
#include "mla/MLAOps.h.inc"

namespace afe::mla {

/// Name of the module attribute that holds the #mla.target.
constexpr llvm::StringLiteral kTargetAttrName = "mla.target";

/// The plain description behind the attribute.
Target toTarget(TargetAttr attr);

/// A mask of quads, "[0, 2]" in assembly.
mlir::ParseResult parseQuadList(mlir::OpAsmParser &parser, mlir::IntegerAttr &mask);
void printQuadList(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::IntegerAttr mask);

/// The attribute that holds a plain description, every field of it.
TargetAttr fromTarget(mlir::MLIRContext *context, const Target &target);

/// The target of the module around `op`; `mlsoc` where the module names none.
Target targetOf(mlir::Operation *op);

} // namespace afe::mla

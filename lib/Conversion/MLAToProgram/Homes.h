// Which storage a value of a segment lies in and where, as the attributes of the data movement
// operations say. Read while layouts are chosen, and again when the problem is built from them.
#pragma once

#include "Conversion/MLAToProgram/ElementLayout.h"
#include "mla/MLADialect.h"

namespace afe {

/// The result lies in the operand's bytes (on a concatenation: all operands lie in the result's).
constexpr llvm::StringLiteral kViewAttr = "view";
/// The operand, a layer's only result, is written into the result's bytes.
constexpr llvm::StringLiteral kWrittenThroughAttr = "written_through";
/// Of a concatenation: the numbers of the operands that are written straight into the result.
constexpr llvm::StringLiteral kInPlaceAttr = "in_place";
/// Results are HWC16, not planes of 16.
constexpr llvm::StringLiteral kInterleavedAttr = "interleaved";

/// A value's bytes: the layout is one of the storage that belongs to `root`.
struct Home {
  mlir::Value root;
  ElementLayout layout;
};

/// Planes of 16 channels; channels interleaved, padded to whole blocks or not.
sched::Layout planesOf(const Dims &dims, int64_t elementBytes);
sched::Layout interleavedOf(const Dims &dims, int64_t elementBytes, bool dense);

Dims dimsOf(mlir::Value value);
llvm::ArrayRef<int64_t> shapeOf(mlir::Value value);
int64_t elementBytesOf(mlir::Value value);

/// True for operations that only move data.
bool isMovement(mlir::Operation *op);

/// The layout in which a value's own storage is laid out (arguments: as stated, else dense; single
/// channels that VECTOR writes: dense; else by `interleaved`).
sched::Layout rootLayout(mlir::Value root);

/// Whether the layer can read an operand that lies so: at four strides; matrix products also groups
/// of images.
bool canRead(mlir::Operation *reader, const ElementLayout &layout);
/// Whether the layer can write its result there: whole blocks of channels at four strides; VECTOR
/// also single channels without a gap.
bool canWrite(mlir::Operation *writer, const ElementLayout &layout);

/// What the segment states of its arguments and of what it returns (of a value: where it is
/// returned first); null where it states nothing.
mla::DramAttr inputDram(mlir::BlockArgument argument);
mla::DramAttr outputDram(mlir::Value value);
mla::DramAttr outputDram(mla::SegmentOp segment, unsigned index);

/// How a result of the segment lies in its output: as stated, else HWC16.
sched::Layout outputLayout(mlir::Value value, mla::DramAttr dram);
/// The tiles that are stated for a value of this layout; nullopt where none are.
std::optional<sched::DramTiles> dramTiles(mlir::Value value, mla::DramAttr dram,
                                          const sched::Layout &layout);
/// The value whose storage can be the output itself; null where the result must be copied.
mlir::Value outputRoot(mlir::Value value);

/// What `op`, a reshape, transpose or slice, makes of a layout of its operand; nullopt where the
/// result cannot be described as a layout.
std::optional<ElementLayout> applyMovement(mlir::Operation *op, const ElementLayout &layout);
/// The layout of the operand of a reshape or transpose from that of its result.
std::optional<ElementLayout> undoMovement(mlir::Operation *op, const ElementLayout &layout);

/// The layout of operand `number` inside a concatenation that lies as `whole`.
std::optional<ElementLayout> partOf(mla::ConcatOp concat, unsigned number,
                                    const ElementLayout &whole);

/// Whether operand `number` of a concatenation is written in place.
bool isInPlace(mla::ConcatOp concat, unsigned number);

/// Where the value lies; nullopt where an attribute promises a view that is none.
std::optional<Home> homeOf(mlir::Value value);

} // namespace afe

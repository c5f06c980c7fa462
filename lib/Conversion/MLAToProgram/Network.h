// From a segment's layer operations to the plain scheduling problem, and from a plan to attributes
// and back. What the back end's passes share.
#pragma once

#include "Scheduling/Network.h"
#include "Scheduling/Plan.h"
#include "mla/MLADialect.h"

#include <deque>

namespace afe {

/// A network and the bytes it refers to that no attribute owns.
struct SegmentNetwork {
  sched::Network network;
  std::deque<std::vector<uint8_t>> owned;
  std::vector<mlir::Operation *> layerOps; ///< per layer; null for copies added in front of results
};

/// N, H, W, C of a tensor of rank 1 to 4: [C], [N, C], [N, S, C] (S rows of one pixel), [N, H, W,
/// C].
struct Dims {
  int64_t n = 1, h = 1, w = 1, c = 1;
  bool operator==(const Dims &o) const { return n == o.n && h == o.h && w == o.w && c == o.c; }
};
Dims dimsOf(mlir::RankedTensorType type);

/// The bytes of a constant; splats are written out into `owned`.
llvm::ArrayRef<uint8_t> rawBytes(mlir::ElementsAttr attr, SegmentNetwork &network);

/// Attribute names of the decisions that `afe-layout` takes.
constexpr llvm::StringLiteral kViewAttr = "view"; ///< moves nothing: source and result share bytes
constexpr llvm::StringLiteral kInterleavedAttr =
    "interleaved"; ///< results are HWC16, not planes of 16

/// True for operations of the segment that become layers.
bool isLayer(mlir::Operation &op);

/// Builds the problem; fails with a diagnostic on the operation that cannot be expressed.
mlir::FailureOr<std::unique_ptr<SegmentNetwork>> buildNetwork(mla::SegmentOp segment);

/// Lane operations as micro-operations with their tables (BuildVector.cpp).
mlir::LogicalResult buildVector(mla::VectorOp op, sched::VectorParams &params);

/// Runs of bytes from the inputs' tensors to the output's (BuildMove.cpp).
mlir::LogicalResult buildMove(mlir::Operation *op, const sched::Network &network,
                              const sched::Layer &layer, sched::MoveParams &params);

/// Plan attributes (PlanAttributes.cpp).
void writePlan(mla::SegmentOp segment, const SegmentNetwork &network, const sched::Plan &plan);
mlir::LogicalResult readPlan(mla::SegmentOp segment, const SegmentNetwork &network,
                             sched::Plan &plan, bool placed);

} // namespace afe

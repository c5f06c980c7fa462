// From a segment's layer operations to the plain scheduling problem, and from a plan to attributes
// and back. What the back end's passes share.
#pragma once

#include "Conversion/MLAToProgram/ElementLayout.h"
#include "Scheduling/Network.h"
#include "Scheduling/Plan.h"
#include "Simulator/Stats.h"
#include "mla/MLADialect.h"

#include <deque>

namespace afe {

/// A network and the bytes it refers to that no attribute owns.
struct SegmentNetwork {
  sched::Network network;
  std::deque<std::vector<uint8_t>> owned;
  std::vector<mlir::Operation *> layerOps; ///< per layer; null for copies added in front of results
};

/// The bytes of a constant; splats are written out into `owned`.
llvm::ArrayRef<uint8_t> rawBytes(mlir::ElementsAttr attr, SegmentNetwork &network);

/// True for operations of the segment that become layers.
bool isLayer(mlir::Operation &op);

/// Builds the problem; fails with a diagnostic on the operation that cannot be expressed.
mlir::FailureOr<std::unique_ptr<SegmentNetwork>> buildNetwork(mla::SegmentOp segment);

/// Lane operations as micro-operations with their tables (BuildVector.cpp).
mlir::LogicalResult buildVector(mla::VectorOp op, sched::VectorParams &params);

/// A data movement operation whose result has bytes of its own, as copies between the storages of
/// its operands (of a concatenation: those not in place) and its result's (BuildMove.cpp).
mlir::LogicalResult buildMove(mlir::Operation *op, sched::MoveParams &params);
void buildCopy(const ElementLayout &source, const ElementLayout &target, sched::MoveParams &params);

/// Plan attributes (PlanAttributes.cpp).
void writePlan(mla::SegmentOp segment, const SegmentNetwork &network, const sched::Plan &plan);
/// What the plan promises: `predicted_cycles`, and `spills`, one entry per intermediate tensor.
void writeForecast(mla::SegmentOp segment, const SegmentNetwork &network, const sched::Plan &plan);
mlir::LogicalResult readPlan(mla::SegmentOp segment, const SegmentNetwork &network,
                             sched::Plan &plan, bool placed);

mlir::DictionaryAttr mappingAttr(const sched::Mapping &mapping, mlir::Builder &b);

/// What the searches found, as the segment's `decisions`, one entry per layer (Decisions.cpp).
void writeDecisions(mla::SegmentOp segment, const sched::Plan &plan);
/// The decisions of a scheduled segment: `plan` as it was obeyed, where its tensors live, when
/// each layer ran, and behind each the segment's own entry as `search`, where it has one.
mlir::ArrayAttr finishedDecisions(mla::SegmentOp segment, const SegmentNetwork &network,
                                  const sched::Plan &plan, const sim::Stats &stats);

/// The pass options `effort` and `disable`; fails with a diagnostic that lists what exists.
mlir::FailureOr<sched::Options> solverOptions(mlir::Operation *op, llvm::StringRef effort,
                                              llvm::ArrayRef<std::string> disable);

} // namespace afe

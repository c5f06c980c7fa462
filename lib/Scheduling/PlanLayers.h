// The mapping search of one layer.
#pragma once

#include "Scheduling/Plan.h"

namespace afe::sched {

/// Bytes of L1 for a layer: for a tile alone, or for all that is there while the movers bring the
/// next tile and take the last.
struct TileBudget {
  int64_t bytes = 0;
  bool overlapped = false;
  /// About the bytes of one tile.
  int64_t tileBytes() const { return overlapped ? bytes * 9 / 20 : bytes; }
};

/// How far to search, and where to note what was found.
struct LayerSearch {
  Effort effort = Effort::Default;
  CandidateList *candidates = nullptr; ///< that fit
};

/// The cheapest mapping whose tile fits into `budget`; false (and `error` names the
/// layer and the smallest L1 that would do) where none does.
bool planLayer(const Network &network, const Layer &layer, const Target &target, TileBudget budget,
               Mapping &mapping, std::string &error, LayerSearch search = {});

/// The mapping of a layer by itself, into `plan` and its trace: with room for the next tile too
/// where that is possible, less what the gaps between buffers cost.
bool planAlone(const Network &network, size_t layer, const Target &target, Plan &plan,
               std::string &error);

} // namespace afe::sched

// One placement of a problem by the method asked for, with a report of how good it is and, where it
// does not fit, of what stands in the way.
#pragma once

#include "Memory/Problem.h"

namespace afe::memory {

enum class Method { FirstFit, BestFit, Exact };

/// "first-fit", "best-fit" or "exact".
const char *methodName(Method method);

struct PlaceOptions {
  Method method = Method::Exact;
  /// Placements of single buffers that the exact search may try: the work is the same on every
  /// machine. 0: the better of the two greedy placements.
  int64_t steps = 10000;
  /// Looks for the least height, whether or not the capacity can be kept; otherwise the search ends
  /// when it is known whether it can.
  bool lowest = false;
};

struct Placement {
  std::vector<int64_t> offsets; ///< of all buffers, legal but perhaps beyond the capacity
  int64_t height = 0;           ///< highest end in bytes
  int64_t maxLiveLoad = 0;      ///< bytes
  int64_t lowerBound = 0;       ///< no placement is lower: at least maxLiveLoad, more if proven
  int64_t stepsUsed = 0;
  Method method = Method::BestFit; ///< that found the offsets
  bool fits = false;               ///< height <= capacity

  int64_t gap() const { return height - maxLiveLoad; }
  bool isOptimal() const { return height == lowerBound; }
};

/// Places a problem that checkProblem() has nothing against. Greedy placements come first; if the
/// better one keeps the capacity (or, for `lowest`, is as low as the bound), nothing is searched.
/// Otherwise the search looks for a placement within the capacity, unless the bound exceeds it, and
/// for `lowest` with the steps that are left for lower ones. In-place pairs are tried both shared
/// and apart; there the height is the least for those two choices.
Placement place(const Problem &problem, const PlaceOptions &options = {});

/// The moment at which most bytes live.
struct FullestMoment {
  int64_t time = 0, load = 0;  ///< load in bytes; a shared byte counts for both of its buffers
  std::vector<size_t> buffers; ///< that live then, largest first
};
FullestMoment fullestMoment(const Problem &problem);

/// Why `placement` exceeds the capacity, in one sentence that names the buffers in the way (by
/// `names` if given, else by index). Empty if it fits.
std::string explainFailure(const Problem &problem, const Placement &placement,
                           const std::vector<std::string> &names = {});

} // namespace afe::memory

// In-place pairs: a problem in which pairs share bytes, as a problem without pairs.
#pragma once

#include "Memory/Problem.h"

namespace afe::memory {

struct SharedProblem {
  Problem problem;             ///< without pairs
  std::vector<size_t> members; ///< of each buffer of the original: the one it has become
};

/// Joins pairs into one buffer each, in their order, where that does not raise the lower bound. A
/// buffer is joined with one source and one result at most, so that chains arise.
SharedProblem joinInPlacePairs(const Problem &problem);

} // namespace afe::memory

// What the greedy solvers share: the gaps that the buffers placed so far leave to one more buffer.
#pragma once

#include "Memory/Problem.h"

#include <utility>
#include <vector>

namespace afe::memory {

/// Ranges [begin, end) of the placed buffers (offset >= 0) that live together with `index`, by
/// their begins.
std::vector<std::pair<int64_t, int64_t>>
rangesBeside(const Problem &problem, const std::vector<int64_t> &offsets, size_t index);

} // namespace afe::memory

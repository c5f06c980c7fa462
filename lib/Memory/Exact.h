// Whether a problem fits a height, by exhaustive search with restarts.
#pragma once

#include "Memory/Search.h"

namespace afe::memory {

/// Searches each part that `offsets` (a placement) leaves higher than `height` and moves it below.
/// Found: `offsets` end at or below `height`. Impossible: no placement does. OutOfSteps: unknown;
/// some parts may have been moved. Takes what it uses from `steps`. No in-place pairs.
/// Empty buffers stay where they are, which should be 0.
Outcome fitWithin(const std::vector<Part> &parts, int64_t height, int64_t &steps,
                  std::vector<int64_t> &offsets);

/// Highest end of a placement, 0 without buffers.
int64_t heightOf(const Problem &problem, const std::vector<int64_t> &offsets);

} // namespace afe::memory

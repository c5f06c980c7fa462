// Static memory placement: buffers with half-open live ranges, one offset each, no overlap of
// buffers that live at the same time. The problem and its independent validator; solvers are in
// files of their own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace afe::memory {

struct BufferSpec {
  int64_t lower = 0, upper = 0; ///< live in [lower, upper)
  int64_t size = 0;             ///< bytes
  int64_t alignment = 1;
};

struct Problem {
  std::vector<BufferSpec> buffers;
  int64_t capacity = 0;
};

/// Largest sum of sizes that live at one time: no placement can be lower.
int64_t maxLiveLoad(const Problem &problem);

/// Offsets in the order of the buffers by greedy best fit: largest size first, each into the
/// smallest gap that holds it. Always succeeds; `height` is the highest end.
std::vector<int64_t> placeBestFit(const Problem &problem, int64_t &height);

/// Empty if the offsets are a legal placement, else a sentence naming the first offence.
std::string validate(const Problem &problem, const std::vector<int64_t> &offsets);

} // namespace afe::memory

// Static memory placement: buffers with half-open live ranges, one offset each, no overlap of
// buffers that live at the same time. The problem, its bounds, the two greedy solvers and the
// independent validator; Place.h chooses among the solvers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace afe::memory {

struct BufferSpec {
  int64_t lower = 0, upper = 0; ///< live in [lower, upper)
  int64_t size = 0;             ///< bytes
  int64_t alignment = 1;        ///< the offset is a multiple of it
};

/// `result` may take the bytes of `source`: the operation that reads `source` last writes `result`
/// first, element by element. Then source.upper == result.lower + 1, and both start at one offset.
struct InPlacePair {
  size_t source = 0, result = 0;
};

struct Problem {
  std::vector<BufferSpec> buffers;
  int64_t capacity = 0;             ///< bytes
  std::vector<InPlacePair> inPlace; ///< what may share bytes; empty: nothing
};

/// Empty if the solvers can take the problem, else a sentence naming the buffer or pair at fault:
/// positive live ranges and alignments, no negative size, sums within 62 bits.
std::string checkProblem(const Problem &problem);

/// Largest sum of sizes that live at one time, bytes that a pair may share counted once: no
/// placement can be lower.
int64_t maxLiveLoad(const Problem &problem);

/// At least maxLiveLoad: counts the gaps, too, that alignments force between buffers.
int64_t lowerBound(const Problem &problem);

/// Offsets in the order of the buffers by greedy best fit: largest size first, each into the
/// smallest gap that holds it. Always succeeds; `height` is the highest end. Shares no bytes.
std::vector<int64_t> placeBestFit(const Problem &problem, int64_t &height);

/// The same by first fit in the order of time: each buffer into the lowest gap that holds it.
std::vector<int64_t> placeFirstFit(const Problem &problem, int64_t &height);

/// Empty if the offsets are a legal placement, else a sentence naming the first offence.
std::string validate(const Problem &problem, const std::vector<int64_t> &offsets);

inline int64_t alignUp(int64_t value, int64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

} // namespace afe::memory

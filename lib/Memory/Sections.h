// A placement problem in the form that the exact search works on: one part of the time axis that
// shares no buffer with the rest, time reduced to the moments that matter, bytes to whole units.
#pragma once

#include "Memory/Problem.h"

#include <cstdint>
#include <vector>

namespace afe::memory {

/// Bytes in units; 32 bits, since the search spends its time in loops over these.
using Units = int32_t;
constexpr int64_t maxPartUnits = int64_t(1) << 30; ///< so that sums of two fit

/// A buffer of a part. `first` and `end` count the part's sections: maximal sets of buffers that
/// live together, in the order of time. Two buffers meet exactly if they share a section.
struct PartBuffer {
  size_t index = 0;       ///< in the problem
  int first = 0, end = 0; ///< sections [first, end)
  Units size = 0;         ///< rounded up to whole units
  Units alignment = 1;
  int64_t lifetime = 0; ///< of the original problem, for ordering
  int64_t bytes = 0;    ///< not rounded
};

struct Part {
  std::vector<PartBuffer> buffers;
  std::vector<std::vector<int>> neighbours; ///< of each buffer: those it meets
  int numSections = 0;
  int64_t unitInBytes = 1; ///< every canonical offset is a multiple of it
};

/// The parts of the problem, in the order of time, buffers without size or time left out (they fit
/// anywhere).
/// `Part::neighbours` is empty where the part is beyond what the search can hold: more than 2^24
/// pairs that meet, 8192 buffers, or maxPartUnits in one section.
std::vector<Part> splitIntoParts(const Problem &problem);

} // namespace afe::memory

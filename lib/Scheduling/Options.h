// What a user can ask of the solvers: how far to search, and which optimisations to leave out. The
// work is counted in candidates and steps, never in seconds: results are the same on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace afe::sched {

enum class Effort { Low, Default, High };

struct Options {
  Effort effort = Effort::Default;
  bool cascades = true;       ///< runs of layers that hand over in L1
  bool exactPlacement = true; ///< L2 addresses by search where the greedy placements do not fit
  bool inPlaceSums = true;    ///< a residual sum may be written over its operand
  bool compress = true;       ///< weights stored with fewer bytes where that is faster
  bool inPlaceConcats = true; ///< layers write into the result of a concatenation (when laying out)

  /// Most layers of one cascade.
  int64_t cascadeLayers() const {
    return effort == Effort::Low ? 4 : effort == Effort::Default ? 24 : 64;
  }
  /// Searches for cascades, each knowing what the plans before it had to spill.
  int spillRounds() const { return effort == Effort::Low ? 1 : 4; }
  /// Of the exact placement (memory::PlaceOptions::steps).
  int64_t placementSteps() const {
    return effort == Effort::Low ? 1000 : effort == Effort::Default ? 10000 : 100000;
  }
};

/// The optimisations that can be left out, by name.
std::vector<std::string> switchNames();

/// Options from an effort ("low", "default", "high") and the names of switches; false where one is
/// unknown, and `error` lists those that exist.
bool parseOptions(const std::string &effort, const std::vector<std::string> &disable,
                  Options &options, std::string &error);

} // namespace afe::sched

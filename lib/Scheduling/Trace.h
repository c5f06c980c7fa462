// Why a plan is as it is: what the searches found for every layer, what came second, and why no
// cascade is longer. Recorded beside the search; nothing is decided from it.
#pragma once

#include "Scheduling/Mapping.h"

#include <optional>
#include <string>
#include <vector>

namespace afe::sched {

/// Predicted cycles of one quad's engines, and of the DRAM for what must come first.
struct EngineCycles {
  int64_t dram = 0, load = 0, tensor = 0, output = 0, vector = 0, store = 0;
};

/// A mapping that was costed.
struct Candidate {
  Mapping mapping;
  EngineCycles engines;
};

/// The cheapest candidates of a layer by itself, one per way to share and to walk: alternatives
/// that differ in a tile size alone say little.
class CandidateList {
public:
  void note(const Mapping &mapping, const EngineCycles &engines);
  /// The cheapest that shares or walks differently than `chosen`.
  std::optional<Candidate> runnerUp(const Mapping &chosen) const;
  /// The entry `chosen` itself is; nothing where it was not noted.
  std::optional<Candidate> entryOf(const Mapping &chosen) const;

private:
  std::vector<Candidate> cheapest;
};

/// Why the run that starts at a layer (one layer, or a cascade) does not take in the next one.
struct RunEnd {
  enum class Why {
    LastLayer, ///< there is none
    Layer,     ///< it cannot be part of a cascade: `detail`
    Constants, ///< weights of all layers need `amount` bytes of L1, `limit` are there
    Tile,      ///< no tile fits into `limit` bytes of L1
    Dearer,    ///< the longer run needs `amount` cycles, both by themselves `limit`
    NextRun,   ///< the next layer is worth more in the run that it begins or is part of
    Effort,    ///< runs of more than `limit` layers are not searched
    Race,      ///< the best plan with cascades needs `amount` cycles, this one `limit`
    Disabled,  ///< cascades are switched off
  };
  Why why = Why::LastLayer;
  std::string detail;
  int64_t amount = 0, limit = 0;
};
const char *nameOf(RunEnd::Why why);

/// The cascade that starts at a layer, by the planner's model.
struct CascadeTrace {
  int64_t cycles = 0, aloneCycles = 0; ///< the cascade; its layers one by one
  EngineCycles engines;                ///< all tiles of a quad
  int64_t tiles = 0, stages = 0, constantBytes = 0, slotBytes = 0;
  std::vector<int64_t> slots; ///< per layer: tiles of its result that are in L1 together
};

struct LayerTrace {
  std::optional<Candidate> alone, runnerUp; ///< by itself, even where it is part of a cascade
  std::optional<CascadeTrace> cascade;      ///< at the first layer of one
  std::optional<RunEnd> end;                ///< at the first layer of every run
};

} // namespace afe::sched

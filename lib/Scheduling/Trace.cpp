// The candidates worth telling of.

#include "Scheduling/Trace.h"

namespace afe::sched {

static bool sameShape(const Mapping &a, const Mapping &b) {
  return a.imageParts == b.imageParts && a.rowParts == b.rowParts &&
         a.channelParts == b.channelParts && a.channelsOuter == b.channelsOuter;
}

/// The same tiles at the same cost: the order of a single tile along an axis is no choice.
static bool sameTiles(const Mapping &a, const Mapping &b) {
  return a.imageParts == b.imageParts && a.rowParts == b.rowParts &&
         a.channelParts == b.channelParts && a.tileImages == b.tileImages &&
         a.tileRows == b.tileRows && a.tileCols == b.tileCols && a.tileBlocks == b.tileBlocks &&
         a.predictedCycles == b.predictedCycles;
}

void CandidateList::note(const Mapping &mapping, const EngineCycles &engines) {
  for (Candidate &entry : cheapest)
    if (sameShape(entry.mapping, mapping)) {
      if (mapping.predictedCycles < entry.mapping.predictedCycles)
        entry = {mapping, engines};
      return;
    }
  cheapest.push_back({mapping, engines});
}

std::optional<Candidate> CandidateList::runnerUp(const Mapping &chosen) const {
  std::optional<Candidate> best;
  for (const Candidate &entry : cheapest)
    if (!sameShape(entry.mapping, chosen) && !sameTiles(entry.mapping, chosen) &&
        (!best || entry.mapping.predictedCycles < best->mapping.predictedCycles))
      best = entry;
  return best;
}

std::optional<Candidate> CandidateList::entryOf(const Mapping &chosen) const {
  for (const Candidate &entry : cheapest)
    if (sameShape(entry.mapping, chosen))
      return entry;
  return std::nullopt;
}

const char *nameOf(RunEnd::Why why) {
  constexpr const char *kNames[] = {"last-layer", "layer",  "constants", "tile",    "dearer",
                                    "next-run",   "effort", "race",      "disabled"};
  return kNames[int(why)];
}

} // namespace afe::sched

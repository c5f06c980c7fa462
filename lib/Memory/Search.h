// One exhaustive search for a placement of a part within a number of units: depth first over
// canonical placements, up to a number of steps. Exact.cpp restarts it.
#pragma once

#include "Memory/Sections.h"

#include <deque>

namespace afe::memory {

enum class Outcome { Found, Impossible, OutOfSteps };

/// Buffers are placed in the order of their offsets. In the solution that is sought (the one with
/// the smallest sum of offsets; if there is any, there is this one) every buffer stands on the
/// floor or on another buffer, and none could be moved into a gap below it. So the next buffer goes
/// to its lowest place or nowhere lower than on top of one that is still to be placed ("lifted").
class Search {
public:
  /// `rank`: of two equally good candidates the one of smaller rank comes first. `conflicts`: how
  /// often each section was what made a branch fail; read for the order, and counted on.
  Search(const Part &part, const std::vector<int64_t> &limits, Units capacity,
         const std::vector<int> &rank, std::vector<double> &conflicts);

  /// Tries at most `steps` placements of a single buffer.
  Outcome run(int64_t steps);

  int64_t stepsUsed() const { return steps; }
  /// After Found: in units, in the order of the part's buffers.
  const std::vector<Units> &offsets() const { return positions; }

private:
  /// An unplaced buffer: `floor` is the lowest place upon what is placed, `low` a lower bound of
  /// its offset. It is lifted where low > floor.
  struct Item {
    Units low, floor;
    int id;
  };
  struct Candidate {
    int id;
    Units low;
    double urgency;
  };
  struct Range {
    int first, end;
  };
  struct Level {
    std::vector<Item> items, next;
    std::vector<Candidate> candidates;
    std::vector<Range> ranges;
  };

  Outcome solve(const std::vector<Item> &from, Range range, size_t depth);
  Outcome solveRanges(size_t depth, Range range);
  Outcome tryCandidate(size_t depth, size_t position, Range range);
  void listCandidates(Level &level, Units ceiling);
  bool deriveNext(Level &level, const Item &placed);
  bool tighten(std::vector<Item> &items, Range range);
  bool liftOntoNeighbours(std::vector<Item> &items);
  void sortByLow(std::vector<Item> &items);
  bool boundsHold(const std::vector<Item> &items, Range range);
  bool tooHigh(const Item &item) const { return item.low > limits[item.id]; }
  Units align(int64_t offset, int id) const {
    const int64_t alignment = part.buffers[id].alignment;
    return Units(alignment == 1 ? offset : alignUp(offset, alignment));
  }
  Level &level(size_t depth);

  const Part &part;
  const std::vector<int64_t> &limits; ///< highest offset of each buffer
  const Units capacity;
  const std::vector<int> &rank;
  std::vector<double> &conflicts;
  int64_t steps = 0, maxSteps = 0;
  std::vector<Units> positions, lows; ///< by buffer
  std::vector<char> unplaced;         ///< by buffer
  std::vector<Units> tops;            ///< by section: no placement of what is left ends lower
  std::vector<int> crossing;          ///< by section: scratch of solveRanges
  std::deque<Level> levels;           ///< scratch by depth
};

} // namespace afe::memory

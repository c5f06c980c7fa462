// Depth-first search over canonical placements, lowest place first.
//
// Bounds: the buffers of a section stand on each other, none lower than its `low`; stacked in the
// order of these they end at the section's top, which must not exceed the capacity.

#include "Memory/Search.h"

#include <algorithm>

namespace afe::memory {

Search::Search(const Part &part, const std::vector<int64_t> &limits, Units capacity,
               const std::vector<int> &rank, std::vector<double> &conflicts)
    : part(part), limits(limits), capacity(capacity), rank(rank), conflicts(conflicts),
      positions(part.buffers.size(), -1), lows(part.buffers.size()),
      unplaced(part.buffers.size(), 1), tops(part.numSections), crossing(part.numSections) {}

Search::Level &Search::level(size_t depth) {
  while (levels.size() <= depth)
    levels.emplace_back();
  return levels[depth];
}

Outcome Search::run(int64_t stepLimit) {
  maxSteps = stepLimit;
  const Range all{0, part.numSections};
  std::vector<Item> &items = level(0).next;
  for (int i = 0; i < int(part.buffers.size()); ++i)
    items.push_back({0, 0, i});
  if (std::any_of(items.begin(), items.end(), [&](const Item &i) { return tooHigh(i); }) ||
      !tighten(items, all))
    return Outcome::Impossible;
  return solveRanges(0, all);
}

/// Solves what is in `level(depth).next`, separately wherever no buffer lives across.
Outcome Search::solveRanges(size_t depth, Range range) {
  Level &current = level(depth);
  std::fill(crossing.begin() + range.first, crossing.begin() + range.end, 0);
  for (const Item &item : current.next) {
    ++crossing[part.buffers[item.id].first];
    --crossing[part.buffers[item.id].end - 1]; // its last section closes behind, not in front
  }
  current.ranges.clear();
  int across = 0, first = range.first;
  for (int s = range.first; s < range.end; ++s) {
    across += crossing[s];
    if (across == 0) {
      current.ranges.push_back({first, s + 1});
      first = s + 1;
    }
  }
  for (size_t r = 0; r < current.ranges.size(); ++r) {
    const Outcome outcome = solve(current.next, current.ranges[r], depth + 1);
    if (outcome == Outcome::Found)
      continue;
    for (const Item &item : current.next) // what the ranges before had placed
      unplaced[item.id] = 1;
    return outcome;
  }
  return Outcome::Found;
}

/// Places all of `from` that live in `range`; `tops` hold for them.
Outcome Search::solve(const std::vector<Item> &from, Range range, size_t depth) {
  Level &current = level(depth);
  current.items.clear();
  for (const Item &item : from)
    if (part.buffers[item.id].first >= range.first && part.buffers[item.id].end <= range.end)
      current.items.push_back(item);
  if (current.items.empty())
    return Outcome::Found;
  // Whoever starts at or above the ceiling leaves a gap that holds a whole buffer for ever.
  Units ceiling = INT32_MAX;
  for (const Item &item : current.items)
    ceiling = std::min(ceiling, item.floor + part.buffers[item.id].size);
  listCandidates(current, ceiling);
  for (size_t c = 0; c < current.candidates.size(); ++c) {
    const int id = current.candidates[c].id;
    auto at = std::find_if(current.items.begin(), current.items.end(),
                           [&](const Item &item) { return item.id == id; });
    if (at->low != at->floor)
      continue; // has been lifted meanwhile
    const Outcome outcome = tryCandidate(depth, size_t(at - current.items.begin()), range);
    if (outcome != Outcome::Impossible)
      return outcome;
    if (c + 1 == current.candidates.size())
      break;
    // Not at its floor, then on one that is unplaced: the bound often refutes that at once.
    at->low = align(int64_t(at->floor) + 1, id);
    if (!tighten(current.items, range))
      break;
  }
  return Outcome::Impossible;
}

/// Lowest place first; of those the one in the section that fails most often and has least room.
void Search::listCandidates(Level &level, Units ceiling) {
  level.candidates.clear();
  const double room = 1 + capacity / 128;
  for (const Item &item : level.items) {
    if (item.low != item.floor || item.low >= ceiling)
      continue;
    double urgency = 0;
    const PartBuffer &b = part.buffers[item.id];
    for (int s = b.first; s < b.end; ++s)
      urgency = std::max(urgency, (conflicts[s] + 1) / (capacity - tops[s] + room));
    level.candidates.push_back({item.id, item.low, urgency});
  }
  std::sort(level.candidates.begin(), level.candidates.end(),
            [&](const Candidate &a, const Candidate &b) {
              if (a.low != b.low)
                return a.low < b.low;
              if (a.urgency != b.urgency)
                return a.urgency > b.urgency;
              return rank[a.id] < rank[b.id];
            });
}

Outcome Search::tryCandidate(size_t depth, size_t position, Range range) {
  if (steps >= maxSteps)
    return Outcome::OutOfSteps;
  ++steps;
  Level &current = level(depth);
  const Item placed = current.items[position];
  unplaced[placed.id] = 0;
  positions[placed.id] = placed.low;
  Outcome outcome = Outcome::Impossible;
  if (deriveNext(current, placed) && tighten(current.next, range))
    outcome = solveRanges(depth, range);
  if (outcome != Outcome::Found)
    unplaced[placed.id] = 1;
  return outcome;
}

/// The items that are left once `placed` is: above it where they meet it, else no lower than it.
bool Search::deriveNext(Level &level, const Item &placed) {
  const PartBuffer &p = part.buffers[placed.id];
  const Units top = placed.low + p.size;
  level.next.clear();
  for (Item item : level.items) {
    if (item.id == placed.id)
      continue;
    const PartBuffer &b = part.buffers[item.id];
    if (b.first < p.end && p.first < b.end && item.floor < top)
      item.floor = align(top, item.id);
    item.low = std::max(item.low, item.floor);
    if (item.low < placed.low)
      item.low = align(placed.low, item.id);
    if (tooHigh(item)) {
      ++conflicts[b.first];
      return false;
    }
    level.next.push_back(item);
  }
  return true;
}

/// Raises `low` as far as can be told; false if what is left cannot be placed.
bool Search::tighten(std::vector<Item> &items, Range range) {
  if (!liftOntoNeighbours(items))
    return false;
  sortByLow(items);
  return boundsHold(items, range);
}

/// A lifted buffer stands on an unplaced one that it meets. Four passes reach nearly all that a
/// fixpoint would.
bool Search::liftOntoNeighbours(std::vector<Item> &items) {
  for (const Item &item : items)
    lows[item.id] = item.low;
  bool changed = true;
  for (int pass = 0; pass < 4 && changed; ++pass) {
    changed = false;
    for (Item &item : items) {
      if (item.low == item.floor)
        continue;
      int64_t lowest = INT64_MAX;
      for (int other : part.neighbours[item.id])
        if (unplaced[other])
          lowest = std::min<int64_t>(lowest, int64_t(lows[other]) + part.buffers[other].size);
      if (lowest == INT64_MAX)
        return false; // nothing to stand on: it could slide down
      if (lowest <= item.low)
        continue;
      item.low = lows[item.id] = align(lowest, item.id);
      changed = true;
      if (tooHigh(item))
        return false;
    }
  }
  return true;
}

/// By `low`, then rank. Insertion: the order changes little from step to step.
void Search::sortByLow(std::vector<Item> &items) {
  for (size_t i = 1; i < items.size(); ++i) {
    const Item item = items[i];
    size_t j = i;
    for (; j > 0 && items[j - 1].low > item.low; --j)
      items[j] = items[j - 1];
    items[j] = item;
  }
}

bool Search::boundsHold(const std::vector<Item> &items, Range range) {
  Units *top = tops.data();
  std::fill(top + range.first, top + range.end, 0);
  for (const Item &item : items) {
    const PartBuffer &b = part.buffers[item.id];
    const Units low = item.low, size = b.size;
    for (int s = b.first, end = b.end; s < end; ++s)
      top[s] = (top[s] > low ? top[s] : low) + size;
  }
  bool hold = true;
  for (int s = range.first; s < range.end; ++s)
    if (top[s] > capacity) {
      ++conflicts[s];
      hold = false;
    }
  return hold;
}

} // namespace afe::memory

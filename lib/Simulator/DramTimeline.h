// When each DRAM request of a segment runs, and how long deterministic time T stands still for it.
// Pure arithmetic on the target's numbers and on (issue, due, bursts) of the ordered request list;
// exact: time is counted in ticks of 1 / dram_decibytes_per_cycle of a cycle, so that one byte
// takes 10 ticks and no rounding ever happens but where this comment says so.
//
// Semantics, w = wall time, T = deterministic time:
//  1. w = 0 when the controller is asked for the prologue: the request list and the first
//  instruction
//     block of every quad, one transfer of the sum of their bursts, issued at w = 0. T = 0 when it
//     is done, rounded up to a whole cycle: w(0) = ceil(done of the prologue).
//  2. A transfer starts at the later of (w at which T arrives at its issue) + latency and the end
//  of
//     the transfer before it in the list. It then needs `live` ticks in which the DRAM is not dead;
//     w is dead while w mod refresh_period < refresh_cycles.
//     live = max(bursts * burst_bytes * 10, ceil(decompressed bytes * ticks / decompress rate)).
//     The end may be a fraction of a cycle, and the next transfer may start there.
//  3. T advances one cycle per cycle of w. When T has arrived at a due cycle, it leaves it only
//  when
//     every request due then is done, at w = ceil(done). Requests issued at that very cycle are
//     issued on arrival. A due cycle later than endCycle counts as endCycle.
//     Hence w on arrival at T = T + max(w(0), max over requests with due < T of ceil(done) - due).
//  4. The segment ends when T has arrived at endCycle and every request is done:
//     wall = that w, rounded up; stalls = wall - endCycle, the prologue included.
//  5. A request whose issue comes after the due cycle of a later request in the list, or after
//     endCycle, can never be reached: the list deadlocks, push() says so.
#pragma once

#include "Target/Target.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <vector>

namespace afe::sim {

/// 64-byte blocks (bursts) touched by `rows` rows of `rowBytes` from `address`, `stride` apart.
/// Instruction blocks, the request list and the prologue begin on a burst: address 0 stands for
/// them.
inline int64_t burstsOf(const Target &target, uint64_t address, uint64_t rows, uint64_t rowBytes,
                        int64_t stride) {
  const uint64_t burst = target.dram_burst_bytes;
  if (rowBytes == 0)
    return 0;
  auto rowBursts = [&](uint64_t first) {
    return int64_t((first % burst + rowBytes - 1) / burst + 1);
  };
  if (uint64_t(stride) % burst == 0)
    return int64_t(rows) * rowBursts(address);
  int64_t bursts = 0;
  for (uint64_t row = 0; row < rows; ++row, address += uint64_t(stride))
    bursts += rowBursts(address);
  return bursts;
}

/// The first tick at which `live` live ticks have passed since tick `start`; the DRAM is dead in
/// the first refresh_cycles of every refresh_period.
inline int64_t afterLive(const Target &target, int64_t start, int64_t live) {
  if (live == 0)
    return start;
  const int64_t ticks = target.dram_decibytes_per_cycle;
  const int64_t period = target.dram_refresh_period * ticks;
  const int64_t dead = target.dram_refresh_cycles * ticks, livePerPeriod = period - dead;
  const int64_t before =
      start / period * livePerPeriod + std::max<int64_t>(0, start % period - dead);
  const int64_t last = before + live - 1; // index of the last live tick used, from 0
  return last / livePerPeriod * period + dead + last % livePerPeriod + 1;
}

/// Live ticks that a transfer needs: of its bursts, or of the decoder where that is slower.
/// `decompressedBytes` is 0 for data that is stored as it is.
inline int64_t liveTicks(const Target &target, int64_t bursts, int64_t decompressedBytes) {
  const int64_t ticks = target.dram_decibytes_per_cycle, rate = target.decompress_bytes_per_cycle;
  return std::max(bursts * target.dram_burst_bytes * 10,
                  (decompressedBytes * ticks + rate - 1) / rate);
}

class DramTimeline {
public:
  /// A stall: T stood at `at` for `cycles` because of request `request` of the list.
  struct Stall {
    uint32_t request;
    int64_t at, cycles;
  };
  /// Times of a transfer in ticks of w.
  struct Transfer {
    int64_t startTick, doneTick;
  };

  DramTimeline(const Target &target, int64_t endCycle, int64_t prologueBursts)
      : target(target), ticks(target.dram_decibytes_per_cycle), endCycle(endCycle),
        latency(target.dram_latency * ticks) {
    lastDone = afterLive(target, latency, liveTicks(target, prologueBursts, 0));
    startOfT = toCycles(lastDone);
  }

  /// Adds the next request of the list; false if T can never reach its issue (rule 5).
  /// `decompressedBytes` is 0 for data that is stored as it is.
  bool push(int64_t issue, int64_t due, int64_t bursts, int64_t decompressedBytes = 0) {
    due = std::min(due, endCycle);
    lastIssue = std::max(lastIssue, issue);
    if (due < lastIssue || issue > endCycle)
      return false;
    const int64_t start = std::max(wallAt(issue) * ticks + latency, lastDone);
    lastDone = afterLive(target, start, liveTicks(target, bursts, decompressedBytes));
    list.push_back({start, lastDone});
    dues.push_back(due);
    addDelay(due, toCycles(lastDone) - due);
    return true;
  }

  /// w at which T arrives at `cycle`, given the requests pushed so far.
  int64_t wallAt(int64_t cycle) const {
    auto after = delays.lower_bound(cycle);
    return cycle + (after == delays.begin() ? startOfT : std::prev(after)->second);
  }

  /// w at the end of the segment.
  int64_t wall() const { return std::max(wallAt(endCycle), toCycles(lastDone)); }
  /// w at which T is 0.
  int64_t prologueCycles() const { return startOfT; }
  const std::vector<Transfer> &transfers() const { return list; }

  /// Every stall but the prologue, in the order in which they happen. Their cycles and the
  /// prologue's add up to wall() - endCycle.
  std::vector<Stall> stalls() const {
    std::vector<uint32_t> order(list.size());
    for (uint32_t i = 0; i < order.size(); ++i)
      order[i] = i;
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      return dues[a] != dues[b] ? dues[a] < dues[b] : a < b;
    });
    std::vector<Stall> result;
    int64_t delay = startOfT;
    for (uint32_t i : order) {
      const int64_t needed = toCycles(list[i].doneTick) - dues[i];
      if (needed > delay)
        result.push_back({i, dues[i], needed - delay});
      delay = std::max(delay, needed);
    }
    return result;
  }

private:
  int64_t toCycles(int64_t tick) const { return (tick + ticks - 1) / ticks; }

  /// Keeps `delays` a staircase: both due and delay strictly ascending, all delays > startOfT.
  void addDelay(int64_t due, int64_t delay) {
    auto next = delays.upper_bound(due);
    if (delay <= (next == delays.begin() ? startOfT : std::prev(next)->second))
      return;
    while (next != delays.end() && next->second <= delay)
      next = delays.erase(next);
    delays[due] = delay;
  }

  const Target target;
  const int64_t ticks, endCycle, latency;
  int64_t startOfT = 0, lastDone = 0, lastIssue = 0;
  std::map<int64_t, int64_t> delays; ///< due -> w - T after it
  std::vector<Transfer> list;
  std::vector<int64_t> dues;
};

} // namespace afe::sim

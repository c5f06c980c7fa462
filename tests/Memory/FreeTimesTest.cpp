// FreeTimes against a table with one entry per byte and memory.

#include "Memory/FreeTimes.h"
#include "../Check.h"

#include <array>
#include <random>

using namespace afe::memory;

namespace {

constexpr int kBytes = 64, kMemories = 3;
using Table = std::array<std::array<int64_t, kBytes>, kMemories>;

/// The time from which [at, at + bytes) is free in all of `mask`.
int64_t freeFrom(const Table &table, int at, int bytes, int mask, int64_t now) {
  int64_t time = now;
  for (int m = 0; m < kMemories; ++m)
    for (int i = at; i < at + bytes && (mask >> m & 1); ++i)
      time = std::max(time, table[m][i]);
  return time;
}

} // namespace

TEST("the soonest place is the soonest of all places") {
  std::mt19937 rng(2);
  auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(rng); };
  for (int run = 0; run < 200; ++run) {
    FreeTimes times(kBytes, 4, kMemories);
    Table table{};
    struct Buffer {
      int at, bytes, mask;
    };
    std::vector<Buffer> live;
    for (int step = 0; step < 60; ++step) {
      if (!live.empty() && pick(0, 2) == 0) {
        Buffer dead = live.back();
        live.pop_back();
        int64_t time = pick(0, 1000);
        times.release(dead.at, dead.bytes, dead.mask, time);
        for (int m = 0; m < kMemories; ++m)
          for (int i = dead.at; i < dead.at + dead.bytes && (dead.mask >> m & 1); ++i)
            table[m][i] = time;
        continue;
      }
      int bytes = 4 * pick(1, 5), mask = pick(1, 7);
      int64_t now = pick(0, 600), best = INT64_MAX;
      for (int at = 0; at + bytes <= kBytes; at += 4)
        best = std::min(best, freeFrom(table, at, bytes, mask, now));
      int64_t at = times.soonest(bytes, mask, now);
      CHECK((at < 0) == (best == INT64_MAX));
      if (at < 0)
        continue;
      CHECK(at % 4 == 0);
      CHECK(freeFrom(table, int(at), bytes, mask, now) == best);
      times.occupy(at, bytes, mask);
      live.push_back({int(at), bytes, mask});
      for (int m = 0; m < kMemories; ++m)
        for (int i = int(at); i < at + bytes && (mask >> m & 1); ++i)
          table[m][i] = INT64_MAX;
    }
  }
}

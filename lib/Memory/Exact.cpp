// Restarts of the search: most searches either succeed soon or get lost in a corner, so several
// orders of preference are tried in turn, each for a number of steps that grows as in Luby's
// sequence. What made the branches fail is carried over and steers the next one. Pseudo-random
// numbers come from a fixed seed: the same problem and steps give the same placement everywhere.

#include "Memory/Exact.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace afe::memory {

namespace {

/// Steps of the shortest run: enough to get to the bottom, and to look around there.
int64_t shortestRun(const Part &part) {
  return std::max<int64_t>(500, int64_t(part.buffers.size()) * 3 / 2);
}

constexpr size_t numKeys = 3;

/// What makes a buffer awkward: the load around it, its lifetime, its area.
struct Keys {
  double load, lifetime, area;
};
using Preference = std::array<double Keys::*, numKeys>;
constexpr Preference preferences[] = {{&Keys::load, &Keys::lifetime, &Keys::area},
                                      {&Keys::load, &Keys::area, &Keys::lifetime},
                                      {&Keys::lifetime, &Keys::load, &Keys::area},
                                      {&Keys::area, &Keys::load, &Keys::lifetime}};
constexpr size_t numPreferences = std::size(preferences);

/// Luby's sequence from 1: 1 1 2 1 1 2 4 1 1 2 1 1 2 4 8 ...
int64_t luby(int64_t n) {
  for (;;) {
    int64_t power = 1;
    while (2 * power - 1 < n)
      power *= 2;
    if (2 * power - 1 == n)
      return power;
    n -= power - 1;
  }
}

/// xorshift64*: uniform in [0, 1).
class Random {
public:
  double next() {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return double((state * 0x2545F4914F6CDD1Dull) >> 11) / double(uint64_t(1) << 53);
  }

private:
  uint64_t state = 0x9E3779B97F4A7C15ull;
};

std::vector<Keys> keysOf(const Part &part) {
  std::vector<int64_t> load(part.numSections);
  for (const PartBuffer &b : part.buffers)
    for (int s = b.first; s < b.end; ++s)
      load[s] += b.size;
  std::vector<Keys> keys;
  for (const PartBuffer &b : part.buffers) {
    const int64_t most = *std::max_element(load.begin() + b.first, load.begin() + b.end);
    const double lifetime = double(b.lifetime);
    keys.push_back({double(most), lifetime, lifetime * b.size});
  }
  return keys;
}

/// Ranks by a preference, largest first; every key blurred by up to `noise` of itself.
std::vector<int> rankBy(const std::vector<Keys> &keys, const Preference &preference, double noise,
                        Random &random) {
  std::vector<std::array<double, numKeys>> blurred(keys.size());
  for (size_t i = 0; i < keys.size(); ++i)
    for (size_t k = 0; k < numKeys; ++k)
      blurred[i][k] = keys[i].*preference[k] * (1 + noise * (2 * random.next() - 1));
  std::vector<int> order(keys.size()), rank(keys.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return blurred[a] > blurred[b]; });
  for (size_t i = 0; i < order.size(); ++i)
    rank[order[i]] = int(i);
  return rank;
}

int64_t heightOf(const Part &part, const std::vector<int64_t> &offsets) {
  int64_t height = 0;
  for (const PartBuffer &b : part.buffers)
    height = std::max(height, offsets[b.index] + b.bytes);
  return height;
}

Outcome fitPart(const Part &part, int64_t height, int64_t &steps, std::vector<int64_t> &offsets) {
  const int64_t unit = part.unitInBytes;
  std::vector<int64_t> limits;
  int64_t capacity = 0;
  for (const PartBuffer &b : part.buffers) {
    if (b.bytes > height)
      return Outcome::Impossible;
    limits.push_back((height - b.bytes) / unit);
    capacity = std::max(capacity, limits.back() + b.size);
  }
  if (part.neighbours.empty() || capacity > maxPartUnits)
    return Outcome::OutOfSteps; // beyond the search
  const std::vector<Keys> keys = keysOf(part);
  std::vector<double> conflicts(part.numSections);
  Random random;
  for (int64_t trial = 0; steps > 0; ++trial) {
    const int64_t round = trial / int64_t(numPreferences);
    const std::vector<int> rank =
        rankBy(keys, preferences[trial % numPreferences], round ? 0.3 : 0.0, random);
    Search search(part, limits, Units(capacity), rank, conflicts);
    const Outcome outcome = search.run(std::min(steps, shortestRun(part) * luby(round + 1)));
    steps -= search.stepsUsed();
    if (outcome == Outcome::Found)
      for (size_t i = 0; i < part.buffers.size(); ++i)
        offsets[part.buffers[i].index] = search.offsets()[i] * unit;
    if (outcome != Outcome::OutOfSteps)
      return outcome;
  }
  return Outcome::OutOfSteps;
}

} // namespace

int64_t heightOf(const Problem &problem, const std::vector<int64_t> &offsets) {
  int64_t height = 0;
  for (size_t i = 0; i < offsets.size(); ++i)
    height = std::max(height, offsets[i] + problem.buffers[i].size);
  return height;
}

Outcome fitWithin(const std::vector<Part> &parts, int64_t height, int64_t &steps,
                  std::vector<int64_t> &offsets) {
  for (const Part &part : parts) {
    if (heightOf(part, offsets) <= height)
      continue;
    const Outcome outcome = fitPart(part, height, steps, offsets);
    if (outcome != Outcome::Found)
      return outcome;
  }
  return Outcome::Found;
}

} // namespace afe::memory

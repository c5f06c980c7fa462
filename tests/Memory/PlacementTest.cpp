// The placement solvers against the independent validator, meant to be run under AddressSanitizer
// and UBSan: random problems of every shape, independent parts, sharing, sizes beyond the search.

#include "../Check.h"
#include "Memory/Exact.h"
#include "Memory/Place.h"

#include <algorithm>
#include <random>

using namespace afe::memory;

namespace {

Problem randomProblem(std::mt19937 &rng, int buffers, int64_t moments, int64_t largest) {
  auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(rng);
  };
  Problem problem;
  for (int i = 0; i < buffers; ++i) {
    const int64_t lower = pick(0, moments - 1);
    const int64_t upper = pick(lower + 1, std::min(moments, lower + 6));
    problem.buffers.push_back({lower, upper, pick(0, largest), int64_t(1) << pick(0, 6)});
  }
  problem.capacity = pick(0, largest * 4);
  return problem;
}

/// What the validator says of a placement within its own height.
std::string offence(Problem problem, const Placement &placement) {
  problem.capacity = placement.height;
  return validate(problem, placement.offsets);
}

} // namespace

TEST("random problems are placed legally by every method, at any budget") {
  std::mt19937 rng(1);
  for (int n = 0; n < 300; ++n) {
    const Problem problem = randomProblem(rng, 1 + n % 60, 1 + n % 23, n % 5 ? 1000 : 7);
    CHECK(checkProblem(problem).empty());
    for (Method method : {Method::FirstFit, Method::BestFit, Method::Exact})
      for (bool lowest : {false, true}) {
        const Placement placement = place(problem, {method, 1 + n % 400, lowest});
        const std::string text = offence(problem, placement);
        CHECK_MESSAGE(text.empty(), "problem " + std::to_string(n) + ": " + text);
        CHECK(placement.height >= placement.lowerBound);
        CHECK(placement.lowerBound >= maxLiveLoad(problem));
        CHECK(placement.fits == (placement.height <= problem.capacity));
        CHECK(placement.stepsUsed <= (method == Method::Exact ? 1 + n % 400 : 0));
        CHECK(explainFailure(problem, placement).empty() == placement.fits);
      }
  }
}

TEST("a buffer of a single moment takes its source's bytes or gives them on, not both") {
  // All three live at moment 1, where the first and the last are no pair.
  Problem problem;
  problem.buffers = {{0, 2, 8, 1}, {1, 2, 8, 1}, {1, 3, 8, 1}};
  problem.inPlace = {{0, 1}, {1, 2}};
  const Placement placement = place(problem, {Method::Exact, 100, true});
  CHECK_MESSAGE(offence(problem, placement).empty(), offence(problem, placement));
  CHECK(placement.height == 16);
}

TEST("random in-place pairs, contradicting ones among them, are shared legally") {
  std::mt19937 rng(2);
  int shared = 0;
  for (int n = 0; n < 300; ++n) {
    Problem problem = randomProblem(rng, 2 + n % 20, 12, 100);
    for (size_t i = 0; i < problem.buffers.size(); ++i)
      for (size_t j = 0; j < problem.buffers.size(); ++j)
        if (i != j && problem.buffers[i].upper - 1 == problem.buffers[j].lower && rng() % 2)
          problem.inPlace.push_back({i, j});
    const Placement placement = place(problem, {Method::Exact, 500, true});
    CHECK_MESSAGE(offence(problem, placement).empty(), offence(problem, placement));
    Problem apart = problem;
    apart.inPlace.clear();
    apart.capacity = placement.height;
    shared += !validate(apart, placement.offsets).empty();
  }
  CHECK(shared > 30);
}

TEST("parts that share no moment are solved apart") {
  // Three copies of a problem that greedy placement does not solve, one after the other.
  Problem problem;
  const BufferSpec piece[] = {{0, 3, 2, 1}, {0, 1, 3, 1}, {2, 5, 3, 1}, {4, 7, 2, 1}, {3, 6, 1, 1}};
  for (int64_t copy = 0; copy < 3; ++copy)
    for (BufferSpec b : piece)
      problem.buffers.push_back({b.lower + 7 * copy, b.upper + 7 * copy, b.size, b.alignment});
  const std::vector<Part> parts = splitIntoParts(problem);
  CHECK(parts.size() == 3);
  for (const Part &part : parts)
    CHECK(part.buffers.size() == 5 && part.unitInBytes == 1);
  const Placement placement = place(problem, {Method::Exact, 1000, true});
  CHECK(offence(problem, placement).empty());
  CHECK(placement.isOptimal());
}

TEST("units are as large as sizes and alignments allow") {
  Problem problem;
  problem.buffers = {{0, 2, 100, 64}, {0, 2, 300, 64}, {1, 2, 129, 128}};
  const std::vector<Part> parts = splitIntoParts(problem);
  CHECK(parts.size() == 1 && parts[0].unitInBytes == 64);
  CHECK(parts[0].buffers[0].size == 2 && parts[0].buffers[1].size == 5);
  // 128 + 320 + 192 bytes in whole units, but for the gap behind the topmost.
  CHECK(lowerBound(problem) == 128 + 320 + 192 - 63);
}

TEST("a part beyond the search keeps its greedy placement") {
  Problem problem;
  for (int64_t i = 0; i < 6; ++i)
    problem.buffers.push_back({i, i + 3, (int64_t(1) << 40) + i * 7919, 1});
  CHECK(splitIntoParts(problem)[0].neighbours.empty());
  const Placement placement = place(problem, {Method::Exact, 100, true});
  CHECK(offence(problem, placement).empty());
  CHECK(placement.stepsUsed == 0);
}

TEST("thousands of buffers in a chain are placed at the bound") {
  Problem problem;
  for (int64_t i = 0; i < 3000; ++i)
    problem.buffers.push_back({i, i + 2 + i % 3, 64 * (1 + i * 37 % 50), 64});
  const Placement placement = place(problem, {Method::Exact, 20000, true});
  CHECK(offence(problem, placement).empty());
  CHECK(placement.isOptimal() && placement.method == Method::Exact);
}

TEST("the validator refuses what is no placement") {
  Problem problem;
  problem.buffers = {{0, 2, 8, 4}, {1, 3, 8, 1}};
  problem.capacity = 16;
  CHECK(validate(problem, {0, 8}).empty());
  CHECK(validate(problem, {0}).find("1 offsets") != std::string::npos);
  CHECK(validate(problem, {0, 7}).find("overlap") != std::string::npos);
  CHECK(validate(problem, {2, 10}).find("aligned") != std::string::npos);
  CHECK(validate(problem, {0, INT64_MAX}).find("capacity") != std::string::npos);
  CHECK(validate(problem, {0, -1}).find("capacity") != std::string::npos);
  problem.inPlace = {{0, 1}};
  CHECK(validate(problem, {0, 0}).empty());
  CHECK(validate(problem, {4, 0}).find("overlap") != std::string::npos);
}

int main(int argc, char **argv) { return afe::test::runAll(argc, argv); }

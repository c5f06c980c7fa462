// Plan, place, schedule; smaller tiles where the first choice does not fit; instruction blocks.

#include "Scheduling/Schedule.h"

#include "Encoding/Lm.h"
#include "Scheduling/Cascade.h"
#include "Scheduling/Emitter.h"
#include "Scheduling/PlanCascades.h"
#include "Scheduling/PlanLayers.h"
#include "Scheduling/Residency.h"
#include "Simulator/Stats.h"

#include <algorithm>

namespace afe::sched {

/// The mapping of a layer by itself: with room for the next tile too where that is possible, less
/// what the gaps between buffers cost.
static bool planAlone(const Network &network, size_t layer, const Target &target, Plan &plan,
                      std::string &error) {
  CandidateList candidates;
  for (TileBudget budget : {TileBudget{target.l1_bytes * 15 / 16, true},
                            TileBudget{target.l1_bytes * 7 / 10}, TileBudget{target.l1_bytes}})
    if (planLayer(network, network.layers[layer], target, budget, plan.mappings[layer], error,
                  {plan.options.effort, &candidates})) {
      error.clear();
      if (layer < plan.trace.size())
        plan.trace[layer].alone = candidates.entryOf(plan.mappings[layer]),
        plan.trace[layer].runnerUp = candidates.runnerUp(plan.mappings[layer]);
      return true;
    }
  return false;
}

/// A request for every instruction block but the first of each quad, as early as two resident
/// blocks allow.
static std::vector<isa::DramRequest> blockRequests(const isa::Program &program) {
  std::vector<isa::DramRequest> requests;
  for (size_t q = 0; q < program.blocks.size(); ++q)
    for (size_t k = 1; k < program.blocks[q].size(); ++k) {
      isa::DramRequest request;
      request.kind = isa::DramRequest::Kind::Instructions;
      request.issue = k >= 2 ? program.blocks[q][k - 2].doneAt + 1 : 0;
      request.due = std::max(request.issue, program.blocks[q][k].neededAt);
      request.l2 = q;
      request.rows = k;
      request.rowBytes = program.blocks[q][k].bytes;
      requests.push_back(request);
    }
  std::stable_sort(requests.begin(), requests.end(),
                   [](const auto &a, const auto &b) { return a.issue < b.issue; });
  return requests;
}

/// Puts the instruction blocks into the list where the DRAM gets to them when they may be issued: a
/// block in front of that would hold up the prefetches behind it.
static bool addInstructionBlocks(isa::Program &program, std::vector<int64_t> done,
                                 const Target &target, std::string &error) {
  program.blocks = isa::layoutStreams(program, target, error);
  if (program.blocks.empty() && !error.empty())
    return false;
  std::vector<isa::DramRequest> &list = program.requests;
  for (const isa::DramRequest &block : blockRequests(program)) {
    size_t place = 0, mustFollow = 0;
    while (place < list.size() && done[place] < int64_t(block.issue))
      ++place;
    for (size_t i = 0; i < list.size(); ++i)
      if (list[i].due < block.issue) // T cannot reach the issue before these are done
        mustFollow = i + 1;
    place = std::max(place, mustFollow);
    done.insert(done.begin() + place, block.issue);
    list.insert(list.begin() + place, block);
  }
  return true;
}

namespace {

/// Smaller tiles for what did not fit into L1 or the staging area of L2.
class Shrinker {
public:
  Shrinker(const Network &network, const Target &target)
      : network(network), target(target), budgets(network.layers.size(), target.l1_bytes / 2) {}

  bool shrink(size_t layer, Plan &plan) {
    size_t first = layer;
    while (first > 0 && plan.mappings[first].cascade == 0)
      --first;
    if (plan.mappings[first].cascade > 1)
      return shrinkCascade(first, plan);
    budgets[layer] = budgets[layer] * 4 / 5;
    std::string ignored;
    return planLayer(network, network.layers[layer], target, {budgets[layer]}, plan.mappings[layer],
                     ignored, {plan.options.effort});
  }

private:
  /// Half the tile; no cascade any more where that is not possible.
  bool shrinkCascade(size_t first, Plan &plan) {
    Mapping &m = plan.mappings[first];
    if (m.tileImages > 1)
      m.tileImages = ceilDiv(m.tileImages, 2);
    else if (m.tileRows > 1)
      m.tileRows = ceilDiv(m.tileRows, 2);
    else
      return dissolve(first, plan);
    return true;
  }

  bool dissolve(size_t first, Plan &plan) {
    std::string ignored;
    size_t end = first + plan.mappings[first].cascade;
    for (size_t layer = first; layer < end; ++layer)
      if (!planAlone(network, layer, target, plan, ignored))
        return false;
    // What stayed in L1 needs a place in L2 now.
    chooseResidency(network, target, plan);
    return placeSegment(network, target, plan, ignored);
  }

  const Network &network;
  const Target &target;
  std::vector<int64_t> budgets; ///< per layer by itself
};

} // namespace

/// The prologue's length shifts every arrival from DRAM, and is known when the program is: emit
/// once with a guess, and, if `exact`, again with what came out.
static bool emit(const Network &network, const Target &target, Plan &plan, SlotOrder slotOrder,
                 bool exact, isa::Program &program, std::string &error) {
  int64_t prologue = 600;
  bool measured = !exact;
  Shrinker shrinker(network, target);
  for (int attempt = 0; attempt < 200; ++attempt) {
    Emitter emitter(network, plan, target, prologue, slotOrder, exact && measured);
    if (emitter.run()) {
      program = std::move(emitter.program);
      plan.weights = emitter.weightBytes;
      if (!addInstructionBlocks(program, std::move(emitter.requestDone), target, error))
        return false;
      if (measured)
        return true;
      prologue = sim::prologueCycles(program, target);
      measured = true;
      continue;
    }
    error = emitter.error;
    if (!shrinker.shrink(emitter.failedLayer, plan))
      return false;
  }
  return false;
}

bool scheduleSegment(const Network &network, const Target &target, Plan &plan,
                     isa::Program &program, std::string &error) {
  int64_t fewest = -1;
  Plan given = plan;
  for (SlotOrder order : {SlotOrder::Soonest, SlotOrder::InTurn}) {
    Plan tried = given;
    isa::Program emitted;
    sim::Stats stats;
    if (!emit(network, target, tried, order, /*exact=*/true, emitted, error) ||
        !sim::computeStats(emitted, target, stats, error))
      continue;
    if (fewest >= 0 && stats.wall >= fewest)
      continue;
    fewest = stats.wall;
    plan = std::move(tried);
    program = std::move(emitted);
  }
  return fewest >= 0;
}

namespace {

/// Several plans for one network, of which the one with the fewest cycles of its schedule is kept:
/// no optimisation makes a program slower.
class PlanRace {
public:
  PlanRace(const Network &network, const Target &target, const Options &options)
      : network(network), target(target), options(options) {}

  /// Chooses residency for the plan's mappings; what is spilled is added to `spilled`.
  void enter(Plan plan, std::vector<bool> &spilled) {
    for (Plan &other : tried)
      if (sameGroups(other.mappings, plan.mappings)) {
        other.trace = std::move(plan.trace);
        return;
      }
    chooseResidency(network, target, plan);
    std::vector<bool> inL1 = storagesInL1(network, TensorUses(network), plan.mappings);
    for (size_t i = 0; i < spilled.size(); ++i)
      spilled[i] = spilled[i] || (network.storages[i].kind == Storage::Kind::Intermediate &&
                                  !plan.resident[i] && !inL1[i]);
    tried.push_back(std::move(plan));
  }

  bool winner(Plan &plan, std::string &error) {
    bool compresses = options.compress && hasCodes(network);
    if (!keepAllowed() || (tried.size() == 1 && !compresses)) {
      plan = tried.front();
      plan.options = options;
      plan.predictedCycles = sumOfLayers(plan);
      return true;
    }
    int64_t fewest = -1, joined = -1;
    run(compresses, plan, fewest, joined, error);
    // Fewer bytes are hardly ever more cycles, but a schedule is a chain of small decisions.
    if (compresses && (fewest < 0 || fewest > lowerBound(network, target, false).cycles()))
      run(false, plan, fewest, joined, error);
    plan.predictedCycles = fewest;
    if (joined >= 0)
      traceRace(fewest, joined, plan);
    return fewest >= 0;
  }

private:
  static bool hasCodes(const Network &network) {
    return std::any_of(network.layers.begin(), network.layers.end(),
                       [](const Layer &layer) { return !layer.conv.code.empty(); });
  }

  /// Schedules every plan; `plan` becomes the best where it has fewer cycles than `fewest`.
  void run(bool compress, Plan &plan, int64_t &fewest, int64_t &joined, std::string &error) const {
    for (Plan candidate : tried) {
      candidate.options = options;
      candidate.options.compress = compress;
      int64_t cycles = wall(candidate, error);
      if (cycles >= 0 && !noneJoined(candidate) && (joined < 0 || cycles < joined))
        joined = cycles;
      if (cycles >= 0 && (fewest < 0 || cycles < fewest))
        fewest = cycles, plan = std::move(candidate);
    }
  }

  static int64_t sumOfLayers(const Plan &plan) {
    int64_t cycles = 0;
    for (const Mapping &m : plan.mappings)
      cycles += m.cascade > 0 ? m.predictedCycles : 0;
    return cycles;
  }

  int64_t excessBytes(const Plan &plan) const {
    int64_t bytes = 0;
    for (const Spill &spill : plan.spills) {
      const Storage &storage = network.storages[spill.storage];
      bytes += plan.allowedSpills && !plan.allowedSpills->count(storage.name) ? storage.bytes : 0;
    }
    return bytes;
  }

  /// Drops the plans that spill what must not be; false where there is no other, and then the one
  /// that spills least is in front.
  bool keepAllowed() {
    std::stable_sort(tried.begin(), tried.end(), [this](const Plan &a, const Plan &b) {
      return excessBytes(a) < excessBytes(b);
    });
    if (excessBytes(tried.front()) > 0)
      return false;
    tried.erase(std::remove_if(tried.begin(), tried.end(),
                               [this](const Plan &plan) { return excessBytes(plan) > 0; }),
                tried.end());
    return true;
  }

  static bool sameGroups(const std::vector<Mapping> &a, const std::vector<Mapping> &b) {
    for (size_t i = 0; i < a.size(); ++i)
      if (a[i].cascade != b[i].cascade || a[i].tileRows != b[i].tileRows ||
          a[i].tileImages != b[i].tileImages || a[i].rowParts != b[i].rowParts)
        return false;
    return true;
  }

  /// Wall cycles of the plan's program, -1 where there is none.
  int64_t wall(Plan plan, std::string &error) const {
    isa::Program program;
    sim::Stats stats;
    if (!placeSegment(network, target, plan, error) ||
        !emit(network, target, plan, SlotOrder::Soonest, /*exact=*/false, program, error) ||
        !sim::computeStats(program, target, stats, error))
      return -1;
    return stats.wall;
  }

  /// Layers by themselves that no search for cascades has a word on: it lost as a whole.
  static void traceRace(int64_t fewest, int64_t joined, Plan &plan) {
    for (LayerTrace &trace : plan.trace)
      if (!trace.end && noneJoined(plan))
        trace.end = RunEnd{RunEnd::Why::Race, "", joined, fewest};
  }
  static bool noneJoined(const Plan &plan) {
    return std::all_of(plan.mappings.begin(), plan.mappings.end(),
                       [](const Mapping &m) { return m.cascade == 1; });
  }

  const Network &network;
  const Target &target;
  const Options options; ///< of all schedules, whatever the effort that a plan was made with
  std::vector<Plan> tried;
};

} // namespace

/// Plans for one effort: every layer by itself, then cascades that know what had to be spilled.
static bool enterPlans(const Network &network, const Target &target, Plan plan, PlanRace &race,
                       std::string &error) {
  plan.mappings.assign(network.layers.size(), {});
  plan.trace.assign(network.layers.size(), {});
  for (size_t i = 0; i < network.layers.size(); ++i)
    if (!planAlone(network, i, target, plan, error))
      return false;
  std::vector<bool> spilled(network.storages.size(), false), none = spilled;
  race.enter(plan, none);
  // What a plan cannot keep in L2, the next one pays for, until nothing else is spilled.
  for (int round = 0; round < plan.options.spillRounds(); ++round) {
    std::vector<bool> before = spilled;
    Plan joined = plan;
    planCascades(network, target, spilled, joined);
    race.enter(joined, spilled);
    if (spilled == before)
      break;
  }
  return true;
}

bool planSegment(const Network &network, const Target &target, Plan &plan, std::string &error) {
  PlanRace race(network, target, plan.options);
  if (!enterPlans(network, target, plan, race, error))
    return false;
  if (plan.options.effort == Effort::High) { // never worse than with less effort
    Plan usual = plan;
    usual.options.effort = Effort::Default;
    if (!enterPlans(network, target, usual, race, error))
      return false;
  }
  return race.winner(plan, error);
}

} // namespace afe::sched

// Plan, place, schedule; smaller tiles where the first choice does not fit; instruction blocks.

#include "Scheduling/Schedule.h"

#include "Encoding/Lm.h"
#include "Scheduling/Emitter.h"
#include "Scheduling/PlanCascades.h"
#include "Scheduling/PlanLayers.h"
#include "Scheduling/Residency.h"
#include "Simulator/Stats.h"

#include <algorithm>

namespace afe::sched {

/// Share of L1 for one tile: the rest lets the movers bring the next one meanwhile.
static int64_t tileBudget(const Target &target) { return target.l1_bytes * 9 / 20; }

bool planSegment(const Network &network, const Target &target, Plan &plan, std::string &error) {
  plan.mappings.assign(network.layers.size(), {});
  for (size_t i = 0; i < network.layers.size(); ++i) {
    // Half of L1 leaves room for the next tile; a layer that needs more gets (nearly) all.
    bool ok = false;
    for (int64_t budget : {tileBudget(target), target.l1_bytes * 7 / 10, target.l1_bytes})
      if ((ok = planLayer(network, network.layers[i], target, budget, plan.mappings[i], error)))
        break;
    if (!ok)
      return false;
  }
  error.clear();
  planCascades(network, target, plan.mappings);
  chooseResidency(network, target, plan);
  return true;
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

bool scheduleSegment(const Network &network, const Target &target, Plan &plan,
                     isa::Program &program, std::string &error) {
  // The prologue's length shifts every arrival from DRAM, and is known when the program is: emit
  // once with a guess, and again with what came out.
  int64_t prologue = 600;
  bool measured = false;
  std::vector<int64_t> budgets(network.layers.size(), target.l1_bytes);
  for (int attempt = 0; attempt < 200; ++attempt) {
    Emitter emitter(network, plan, target, prologue);
    if (emitter.run()) {
      program = std::move(emitter.program);
      if (!addInstructionBlocks(program, std::move(emitter.requestDone), target, error))
        return false;
      if (measured)
        return true;
      prologue = sim::prologueCycles(program, target);
      measured = true;
      continue;
    }
    error = emitter.error;
    int64_t &budget = budgets[emitter.failedLayer];
    budget = std::min(budget, tileBudget(target)) * 4 / 5;
    std::string smaller;
    if (!planLayer(network, network.layers[emitter.failedLayer], target, budget,
                   plan.mappings[emitter.failedLayer], smaller))
      return false;
  }
  return false;
}

} // namespace afe::sched

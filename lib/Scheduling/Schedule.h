// The back end's solvers as three steps on a network: plan (how each layer is cut, which tensors
// stay in L2), place (L2 addresses), schedule (instructions with start cycles). Each can run alone
// on the result of the step before.
#pragma once

#include "Scheduling/Plan.h"

#include <string>

namespace afe::sched {

/// Mappings and residency. `budgets`, where given, limits the L1 bytes of a layer's tile.
bool planSegment(const Network &network, const Target &target, Plan &plan, std::string &error);

/// L2 addresses of the resident storages; everything behind them is staging.
bool placeSegment(const Network &network, const Target &target, Plan &plan, std::string &error);

/// The program: instructions, requests, buffers. `plan` may be changed where a layer's tiles turn
/// out not to fit beside each other: smaller ones are tried.
bool scheduleSegment(const Network &network, const Target &target, Plan &plan,
                     isa::Program &program, std::string &error);

/// Cycles below which no program for this network can be (docs/machine-model.md, lower bound).
struct LowerBound {
  double mac = 0, output = 0, vector = 0, dram = 0;
  int64_t cycles() const; ///< the largest, rounded up
};
/// `compressed`: of the weights' compressed bytes (makeWeightCodes), where they are fewer.
LowerBound lowerBound(const Network &network, const Target &target, bool compressed);

} // namespace afe::sched

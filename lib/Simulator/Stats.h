// What a program costs in time: deterministic cycles, stalls and their causes, per engine and
// layer. Computed from the instructions' starts and occupancies and from the DRAM timeline alone.
#pragma once

#include "Encoding/Isa.h"
#include "Target/Target.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace afe::sim {

/// T stood at `at` for `cycles`. `request` is an index into Program::requests, or -1: the prologue.
struct StallCause {
  int64_t request, at, cycles;
  const char *kind; ///< "prologue", "load", "store" or "instructions"
  uint32_t layer;   ///< index into Program::layers; prologue: 0
};

struct LayerStats {
  int64_t start = -1, end = -1; ///< T of the first start and of the last result; -1: no instruction
  int64_t macs = 0;             ///< multiplications of real taps, lanes and channels
  int64_t stalls = 0;           ///< cycles T stood still for this layer's requests
  std::array<int64_t, isa::kNumEngines> occupancy{}; ///< over all quads
};

struct Stats {
  int64_t deterministic = 0; ///< T at the end
  int64_t busy = 0;          ///< cycles of T in which a TENSOR, OUTPUT or VECTOR is active
  int64_t plannedWait = 0;   ///< deterministic - busy
  int64_t stalls = 0;        ///< wall - deterministic, the prologue included
  int64_t wall = 0;
  int64_t prologue = 0;  ///< w at which T is 0
  int64_t dramBytes = 0; ///< bytes moved by requests and prologue, whole bursts
  std::vector<std::array<int64_t, isa::kNumEngines>> engines; ///< occupancy per quad and engine
  std::vector<LayerStats> layers;
  std::vector<StallCause> causes;
};

/// w at which T is 0: the request list and the first instruction block of every quad are there.
int64_t prologueCycles(const isa::Program &program, const Target &target);

/// Fills `stats`; on a request list that can never finish returns false and says why in `error`.
/// The program has passed checkProgram.
bool computeStats(const isa::Program &program, const Target &target, Stats &stats,
                  std::string &error);

} // namespace afe::sim

// How each layer is cut: which quad does what, in tiles of which size, in which order. The planner
// chooses; the emitter obeys; in the IR a plan is the attribute `plan` of a layer operation.
#pragma once

#include "Scheduling/Mapping.h"
#include "Scheduling/Network.h"
#include "Scheduling/Options.h"
#include "Scheduling/Trace.h"
#include "Target/Target.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace afe::sched {

/// An intermediate tensor that has no room in L2.
struct Spill {
  size_t storage;
  int64_t neededBytes; ///< of L2, staging included, for what lived before this one was spilled
  size_t layer;        ///< at the fullest moment
};

/// Weights of a program: as the model has them, and what is stored of them in DRAM.
struct WeightBytes {
  int64_t raw = 0, stored = 0;
};

struct Plan {
  Options options;                ///< set before planning
  std::vector<Mapping> mappings;  ///< one per layer
  std::vector<bool> resident;     ///< per storage: lives in L2 (else in DRAM, moved tile by tile)
  std::vector<int64_t> l2Address; ///< per storage, -1 where not resident
  int64_t stagingBase = 0;        ///< L2 from here on stages what comes from DRAM
  std::vector<LayerTrace> trace;  ///< one per layer, from planSegment()
  std::vector<Spill> spills;      ///< in the order in which they were chosen
  WeightBytes weights;            ///< from scheduleSegment()
  int64_t predictedCycles = 0;    ///< of the whole segment; of its schedule where there was a race
  /// Where set before planning: names of storages that may be spilled. A plan that spills others is
  /// kept only if all do, and then for a look at it: none is scheduled.
  std::optional<std::set<std::string>> allowedSpills;
};

/// The split of one TENSOR block inside a tile.
struct Grid {
  int64_t blocks = 1;                     ///< To: channel blocks per instruction
  int64_t pixels = 1;                     ///< Tp: tiles over pixels
  int64_t images = 1, rows = 1, cols = 1; ///< output pixels per instruction
  int64_t cycles = 0;                     ///< TENSOR cycles for the whole tile
};

/// Grid that needs the fewest TENSOR cycles for images x rows x cols pixels and `blocks` channel
/// blocks at `steps` steps per pixel (depthwise: steps of taps); at most `maxFills` bank fills
/// where that is not 0. Instructions take whole multiples of `blockUnit` channel blocks (or all).
Grid chooseGrid(int64_t images, int64_t rows, int64_t cols, int64_t blocks, int64_t steps,
                bool depthwise, const Target &target, int64_t maxFills = 0, int64_t blockUnit = 1);

/// Steps of the TENSOR engine per output pixel of a phase over `channels` input channels.
int64_t tensorSteps(const ConvParams &conv, const Phase &phase, int64_t channels, bool packed,
                    const Target &target);

/// The input box that an output box of a phase reads, clipped to the tensor.
struct InputWindow {
  int64_t y0, y1, x0, x1;
};

/// Packed mode: narrow dense inputs whose kernel rows are contiguous bytes.
bool canPack(const ConvParams &conv, const Tensor &input);

} // namespace afe::sched

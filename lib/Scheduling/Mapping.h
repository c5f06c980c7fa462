// One layer's mapping: which quad does what, in tiles of which size, in which order.
#pragma once

#include <cstdint>

namespace afe::sched {

/// One layer's mapping. The quads form a grid imageParts x rowParts x channelParts; each walks over
/// its part in tiles.
struct Mapping {
  int64_t imageParts = 1, rowParts = 1, channelParts = 1;
  int64_t tileImages = 1, tileRows = 1, tileCols = 1, tileBlocks = 1; ///< of the output
  bool channelsOuter = false; ///< loop order: channels outside pixels (weights stay) or inside
  int64_t inputChunks = 1;    ///< input channels in this many steps, accumulated in the banks
  int64_t kernelChunks = 1;   ///< the kernel's rows likewise, where no channel can be cut any more
  /// Layers of the cascade that starts here, tiled by its last output; 0: inside of a cascade.
  int64_t cascade = 1;
  int64_t predictedCycles = 0;
};

} // namespace afe::sched

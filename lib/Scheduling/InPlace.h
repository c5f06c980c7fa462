// Which results may take the bytes of an operand that dies with them.
#pragma once

#include "Scheduling/Cascade.h"

namespace afe::sched {

/// `result` may be written over `source`, tile by tile.
struct StoragePair {
  int source, result;
};

/// Sums over their residual operands: every tile reads exactly the rows that it stores, so that no
/// tile finds bytes of its operand overwritten by another.
std::vector<StoragePair> inPlacePairs(const Network &network, const TensorUses &uses,
                                      const std::vector<Mapping> &mappings);

} // namespace afe::sched

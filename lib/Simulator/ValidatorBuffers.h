// C15 live-range: which buffers share bytes while both are live, worked out once, so that a write
// need only look at those of its own buffer.
#pragma once

#include "Encoding/Isa.h"

#include <vector>

namespace afe::sim {

class BufferTable {
public:
  explicit BufferTable(const isa::Program &program);

  /// Whether the two are the same buffer or joined by in-place declarations.
  bool partners(uint32_t a, uint32_t b) const { return group[a] == group[b]; }
  /// Buffers whose bytes and live range meet those of `buffer`, partners left out.
  const std::vector<uint32_t> &rivals(uint32_t buffer) const { return rivalsOf[buffer]; }

private:
  void joinPartners(const isa::Program &program);
  void findRivals(const isa::Program &program);

  std::vector<uint32_t> group;
  std::vector<std::vector<uint32_t>> rivalsOf;
};

} // namespace afe::sim

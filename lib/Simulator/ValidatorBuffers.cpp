// In-place groups by union-find; rivals by a sweep over the buffers' first uses.

#include "Simulator/ValidatorBuffers.h"

#include <algorithm>
#include <numeric>

namespace afe::sim {

static uint32_t rootOf(std::vector<uint32_t> &group, uint32_t b) {
  while (group[b] != b)
    b = group[b] = group[group[b]];
  return b;
}

static bool shareBytes(const isa::Buffer &a, const isa::Buffer &b) {
  return a.memory == b.memory && (a.memory != isa::Memory::L1 || (a.quads & b.quads)) &&
         a.address < b.address + b.size && b.address < a.address + a.size;
}

BufferTable::BufferTable(const isa::Program &program)
    : group(program.buffers.size()), rivalsOf(program.buffers.size()) {
  joinPartners(program);
  findRivals(program);
}

void BufferTable::joinPartners(const isa::Program &program) {
  std::iota(group.begin(), group.end(), 0);
  for (uint32_t b = 0; b < group.size(); ++b)
    if (program.buffers[b].inPlaceOf != isa::kNoBuffer)
      group[rootOf(group, b)] = rootOf(group, program.buffers[b].inPlaceOf);
  for (uint32_t b = 0; b < group.size(); ++b)
    group[b] = rootOf(group, b);
}

void BufferTable::findRivals(const isa::Program &program) {
  std::vector<uint32_t> order(program.buffers.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return std::make_pair(program.buffers[a].firstUse, a) <
           std::make_pair(program.buffers[b].firstUse, b);
  });
  std::vector<uint32_t> live;
  for (uint32_t b : order) {
    const isa::Buffer &buffer = program.buffers[b];
    live.erase(std::remove_if(live.begin(), live.end(),
                              [&](uint32_t other) {
                                return program.buffers[other].lastUse <= buffer.firstUse;
                              }),
               live.end());
    for (uint32_t other : live)
      if (!partners(b, other) && shareBytes(buffer, program.buffers[other])) {
        rivalsOf[b].push_back(other);
        rivalsOf[other].push_back(b);
      }
    live.push_back(b);
  }
}

} // namespace afe::sim

// Allocation and the DRAM image.

#include "Simulator/Machine.h"

#include <algorithm>
#include <cstring>

namespace afe::sim {

bool Bytes::allocate(uint64_t size, int poison) {
  uint8_t *p = static_cast<uint8_t *>(std::calloc(size + kSlack, 1));
  bytes.reset(p);
  if (p && poison >= 0)
    std::memset(p, poison, size + kSlack);
  return p != nullptr;
}

bool Dram::allocate(const isa::Program &program, int poison) {
  constants = &program.constants;
  const uint64_t size = constants->size();
  return rest.allocate(program.dramBytes > size ? program.dramBytes - size : 0, poison);
}

void Dram::read(uint64_t address, uint8_t *to, uint64_t size) const {
  const uint64_t inPlace = constants->size();
  if (address < inPlace) {
    const uint64_t part = std::min(size, inPlace - address);
    std::memcpy(to, constants->data() + address, part);
    address += part, to += part, size -= part;
  }
  if (size)
    std::memcpy(to, rest.data() + (address - inPlace), size);
}

void Dram::write(uint64_t address, const uint8_t *from, uint64_t size) {
  if (size)
    std::memcpy(rest.data() + (address - constants->size()), from, size);
}

bool Machine::allocate(const isa::Program &program, const Target &t, int poison) {
  target = &t;
  quads.resize(program.quads);
  const size_t bankValues = size_t(t.tiles) * t.bank_contexts * 16;
  bool ok = l2.allocate(t.l2_bytes, poison) && dram.allocate(program, poison);
  for (Quad &quad : quads) {
    ok = ok && quad.l1.allocate(t.l1_bytes, poison);
    quad.banks.resize(t.accumulator_banks);
    for (Bank &bank : quad.banks)
      bank.values.resize(bankValues);
  }
  return ok;
}

} // namespace afe::sim

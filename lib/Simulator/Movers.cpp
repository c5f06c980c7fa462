// LOAD, STORE and the DRAM controller: strided copies.

#include "Encoding/Codec.h"
#include "Simulator/Execute.h"
#include "Simulator/Extent.h"
#include "Simulator/Timing.h"

#include <cstring>

namespace afe::sim {

/// Side A is the source, side B the destination.
static void copy(const uint8_t *from, uint8_t *to, const MoveShape &shape) {
  const MoveShape m = shape.merged();
  for (int64_t plane = 0; plane < m.planes; ++plane)
    for (int64_t row = 0; row < m.rows; ++row)
      std::memcpy(to + plane * m.strideB2 + row * m.strideB1,
                  from + plane * m.strideA2 + row * m.strideA1, size_t(m.run));
}

/// Byte j of run i of a plane goes to 16 * j + i.
static void transpose(const uint8_t *l2, uint8_t *l1, const isa::LoadFields &f) {
  for (int64_t plane = 0; plane < f.count2; ++plane)
    for (int64_t i = 0; i < f.count1; ++i) {
      const uint8_t *from = l2 + plane * f.l2_stride2 + i * f.l2_stride1;
      uint8_t *to = l1 + plane * f.l1_stride2 + i;
      for (int64_t j = 0; j < f.run; ++j)
        to[16 * j] = from[j];
    }
}

void execute(Machine &machine, Quad &quad, const isa::LoadFields &f) {
  const uint8_t *l2 = machine.l2.data() + unsignedWord(f.l2);
  uint8_t *l1 = quad.l1.data() + f.l1;
  if (f.transpose)
    transpose(l2, l1, f);
  else
    copy(l2, l1,
         {f.run, f.count1, f.count2, f.l2_stride1, f.l1_stride1, f.l2_stride2, f.l1_stride2});
}

void execute(Machine &machine, Quad &quad, const isa::StoreFields &f) {
  copy(quad.l1.data() + f.l1, machine.l2.data() + unsignedWord(f.l2),
       {f.run, f.count1, f.count2, f.l1_stride1, f.l2_stride1, f.l1_stride2, f.l2_stride2});
}

static std::string decode(Machine &machine, const isa::DramRequest &r) {
  std::vector<uint8_t> encoded(r.encodedBytes);
  machine.dram.read(r.dram, encoded.data(), encoded.size());
  std::string error;
  isa::decodeTile(encoded.data(), encoded.size(), machine.l2.data() + r.l2, r.rowBytes, error);
  return error;
}

std::string execute(Machine &machine, const isa::DramRequest &r) {
  if (r.codec != isa::Codec::None)
    return decode(machine, r);
  for (uint64_t row = 0; row < r.rows && r.kind != isa::DramRequest::Kind::Instructions; ++row) {
    const uint64_t dram = r.dram + row * uint64_t(r.dramStride);
    uint8_t *l2 = machine.l2.data() + (int64_t(r.l2) + int64_t(row) * r.l2Stride);
    if (r.kind == isa::DramRequest::Kind::ToL2)
      machine.dram.read(dram, l2, r.rowBytes);
    else
      machine.dram.write(dram, l2, r.rowBytes);
  }
  return {};
}

std::string execute(const Kernels &kernels, Machine &machine, uint32_t quadIndex,
                    const isa::Instruction &instruction) {
  Quad &quad = machine.quads[quadIndex];
  switch (instruction.engine()) {
  case isa::Engine::Load:
    execute(machine, quad, std::get<isa::LoadFields>(instruction.fields));
    return {};
  case isa::Engine::Store:
    execute(machine, quad, std::get<isa::StoreFields>(instruction.fields));
    return {};
  case isa::Engine::Tensor:
    return execute(kernels, quad, std::get<isa::TensorFields>(instruction.fields));
  case isa::Engine::Output:
    return execute(kernels, quad, std::get<isa::OutputFields>(instruction.fields));
  case isa::Engine::Vector:
    return execute(kernels, *machine.target, quad, std::get<isa::VectorFields>(instruction.fields));
  }
  return {};
}

} // namespace afe::sim

// Which bytes of which memory each instruction reads and writes, operand by operand: the extents
// that the up-front bounds check and the split into parallel epochs both use.
#pragma once

#include "Encoding/Isa.h"
#include "Simulator/Extent.h"

#include <vector>

namespace afe::sim {

struct Access {
  const char *operand; ///< name of the operand slot (Fields.h)
  isa::Memory memory;
  bool write;
  Extent extent;
};

std::vector<Access> accessesOf(const isa::LoadFields &fields);
std::vector<Access> accessesOf(const isa::StoreFields &fields);
std::vector<Access> accessesOf(const isa::TensorFields &fields);
std::vector<Access> accessesOf(const isa::OutputFields &fields);
/// Without the micro-program: operand 0 is read through the window if there is one, else as a tile
/// if in_h and in_w are given, else at the positions of the output. Execution checks what is used.
std::vector<Access> accessesOf(const isa::VectorFields &fields);
std::vector<Access> accessesOf(const isa::Instruction &instruction);

/// An operand or result of VECTOR, by number.
struct VectorOperand {
  int64_t base, sn, sy, sx, sc, lane;
  int32_t type; ///< isa::ElementType
};
VectorOperand vectorOperand(const isa::VectorFields &fields, unsigned number);
VectorOperand vectorResult(const isa::VectorFields &fields, unsigned number);
/// The bytes of an operand over the whole block, at the positions of the output.
Extent blockExtent(const isa::VectorFields &fields, const VectorOperand &operand);
/// The same for a result, whose last block is filled up with zeros.
Extent resultExtent(const isa::VectorFields &fields, const VectorOperand &result);
/// The bytes of operand 0 over its in_h x in_w tile (resize).
Extent tileExtent(const isa::VectorFields &fields);
/// The bytes of operand 0 that the window touches.
Extent windowExtent(const isa::VectorFields &fields);

/// Bytes of one block of 16 channels in OUTPUT's parameters.
inline int64_t paramBytes(const isa::OutputFields &f) {
  if (!f.per_channel || f.mode == int(isa::Requant::None))
    return 64;
  return f.mode == int(isa::Requant::F32Rne) ? 128 : 144;
}

} // namespace afe::sim

// What a micro-program costs: the three cost fields of a VECTOR instruction, and the shape of the
// value in each register. The rules are those at the top of Micro.def; whoever builds a VECTOR
// instruction calls microCost, and the simulator holds the instruction against it.
#pragma once

#include "Encoding/Isa.h"

namespace afe::isa {

/// Shape of a register's value; bit 0: varies over pixels, bit 1: varies over channels.
enum class MicroShape : uint8_t { Uniform = 0, PerPixel = 1, PerChannel = 2, PerElement = 3 };

struct MicroCost {
  int32_t cost = 0, rowCost = 0, channelCost = 0;
  const char *error = nullptr; ///< why the program is none, and
  unsigned errorAt = 0;        ///< the operation it is about
};

/// Fixed properties of a micro-operation, from Micro.def; operands is nullptr for no operation.
struct MicroInfo {
  const char *name, *operands;
  uint8_t cycles;
};
inline MicroInfo microInfo(uint8_t opcode) {
  switch (opcode) {
#define MICRO(opcode, name, operands, cycles, doc)                                                 \
  case opcode:                                                                                     \
    return {#name, operands, cycles};
#include "Encoding/Micro.def"
#undef MICRO
  default:
    return {nullptr, nullptr, 0};
  }
}

/// True if the operation has operand `letter` (d, a, b, c, x, y, z, k).
inline bool microUses(const MicroInfo &info, char letter) {
  for (const char *p = info.operands; *p; ++p)
    if (*p == letter)
      return true;
  return false;
}

inline bool reducesOverChannels(uint8_t opcode) {
  return opcode >= uint8_t(MicroOpcode::k_sum_c) && opcode <= uint8_t(MicroOpcode::k_argmax_c);
}
inline bool reducesOverPixels(uint8_t opcode) {
  return opcode >= uint8_t(MicroOpcode::k_sum_p) && opcode <= uint8_t(MicroOpcode::k_fsum_p);
}

/// Shape of the result of `op`, given the shapes of all registers before it.
inline MicroShape microShape(const MicroOp &op, const MicroInfo &info,
                             const MicroShape *registers) {
  switch (op.opcode) {
  case uint8_t(MicroOpcode::k_imm):
    return MicroShape::Uniform;
  case uint8_t(MicroOpcode::k_win_count):
  case uint8_t(MicroOpcode::k_row):
  case uint8_t(MicroOpcode::k_col):
    return MicroShape::PerPixel;
  case uint8_t(MicroOpcode::k_channel):
    return MicroShape::PerChannel;
  case uint8_t(MicroOpcode::k_load):
  case uint8_t(MicroOpcode::k_win_sum):
  case uint8_t(MicroOpcode::k_win_max):
  case uint8_t(MicroOpcode::k_bilinear):
  case uint8_t(MicroOpcode::k_linear):
  case uint8_t(MicroOpcode::k_nearest):
    return MicroShape::PerElement;
  default:
    break;
  }
  if (reducesOverChannels(op.opcode))
    return MicroShape::PerPixel;
  if (reducesOverPixels(op.opcode))
    return MicroShape::PerChannel;
  unsigned shape = 0;
  for (char letter : {'a', 'b', 'c'})
    if (microUses(info, letter))
      shape |= unsigned(registers[letter == 'a' ? op.a : letter == 'b' ? op.b : op.c]);
  return MicroShape(shape);
}

/// Checks registers and operands of one operation against what has been written so far (a mask).
inline const char *microProblem(const MicroOp &op, const MicroInfo &info, uint32_t written) {
  if (!info.name)
    return "no such micro-operation";
  if (op.zero != 0)
    return "reserved bits are set";
  if (microUses(info, 'd') && op.d >= 32)
    return "no such register";
  for (char letter : {'a', 'b', 'c'}) {
    const uint8_t source = letter == 'a' ? op.a : letter == 'b' ? op.b : op.c;
    if (microUses(info, letter) && (source >= 32 || !(written >> source & 1)))
      return "reads a register that was never written";
  }
  return nullptr;
}

/// Sums the costs of a program of `length` operations whose windows have kh * kw taps.
inline MicroCost microCost(const MicroOp *program, unsigned length, int32_t kh, int32_t kw) {
  MicroCost sum;
  MicroShape shapes[32] = {};
  uint32_t written = 0;
  for (unsigned i = 0; i < length; ++i) {
    const MicroOp &op = program[i];
    const MicroInfo info = microInfo(op.opcode);
    if ((sum.error = microProblem(op, info, written))) {
      sum.errorAt = i;
      return sum;
    }
    const bool window = op.opcode == uint8_t(MicroOpcode::k_win_sum) ||
                        op.opcode == uint8_t(MicroOpcode::k_win_max);
    const int32_t cycles = info.cycles * (window ? kh * kw : 1);
    const MicroShape shape = microShape(op, info, shapes);
    if (reducesOverChannels(op.opcode) || reducesOverPixels(op.opcode) ||
        shape == MicroShape::PerElement)
      sum.cost += cycles;
    else if (shape == MicroShape::PerChannel)
      sum.channelCost += cycles;
    else
      sum.rowCost += cycles;
    if (microUses(info, 'd')) {
      shapes[op.d] = shape;
      written |= 1u << op.d;
    }
  }
  return sum;
}

} // namespace afe::isa

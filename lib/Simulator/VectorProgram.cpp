// Checks of a micro-program against its instruction.

#include "Simulator/VectorProgram.h"

#include "Simulator/Access.h"

#include <cstring>

namespace afe::sim {
namespace {

using isa::MicroOpcode;

struct Checker {
  const Target &target;
  const isa::VectorFields &f;

  bool inL1(const Extent &extent) const { return extent.within(target.l1_bytes); }

  const char *operandProblem(int32_t number) const {
    if (number < 0 || number > 3 || vectorOperand(f, unsigned(number)).type == 0)
      return "loads an operand that the instruction does not have";
    if (!inL1(blockExtent(f, vectorOperand(f, unsigned(number)))))
      return "loads an operand that reaches outside L1";
    return nullptr;
  }
  const char *resultProblem(int32_t number) const {
    if (number < 0 || number > 1 || vectorResult(f, unsigned(number)).type == 0)
      return "stores a result that the instruction does not have";
    return nullptr;
  }
  const char *tableProblem(const isa::MicroOp &op, int64_t bytes) const {
    const int64_t at = int64_t(f.program) + op.x;
    return inL1({at, at + bytes}) ? nullptr : "has a table outside L1";
  }
  const char *windowProblem() const {
    if (f.kh < 1 || f.kw < 1 || f.a0_type == 0)
      return "needs a window and operand 0";
    return inL1(windowExtent(f)) ? nullptr : "has a window that reaches outside L1";
  }
  const char *tileProblem(const isa::MicroOp &op) const {
    if (f.in_h < 1 || f.in_w < 1 || f.a0_type == 0)
      return "needs operand 0 with in_h and in_w";
    const bool linear = op.opcode == uint8_t(MicroOpcode::k_linear);
    if (op.opcode != uint8_t(MicroOpcode::k_nearest)) {
      if (op.x < 1 || op.x > 15 || op.y < 0 || op.y > 30)
        return "has 1 to 15 fraction bits in x and shifts by 0 to 30";
      if ((op.mode & 3) > 2 || op.mode > (linear ? 6 : 2))
        return "rounds in mode 0, 1 or 2";
    }
    return inL1(tileExtent(f)) ? nullptr : "has a tile that reaches outside L1";
  }
  static const char *rescaleProblem(const isa::MicroOp &op) {
    if (op.mode < 1 || op.mode > 3)
      return "has mode 1, 2 or 3";
    const bool constant = op.opcode == uint8_t(MicroOpcode::k_rescale) && op.mode != 3;
    return constant && (op.y < 2 || op.y > 62) ? "has a shift of 2 to 62" : nullptr;
  }

  const char *problem(const isa::MicroOp &op) const {
    switch (MicroOpcode(op.opcode)) {
    case MicroOpcode::k_load:
      return operandProblem(op.x);
    case MicroOpcode::k_mul_shift:
      return op.x < 0 || op.x > 62 ? "shifts by 0 to 62" : nullptr;
    case MicroOpcode::k_cmp:
    case MicroOpcode::k_fcmp:
    case MicroOpcode::k_ftoi:
      return op.mode > 2 ? "has mode 0, 1 or 2" : nullptr;
    case MicroOpcode::k_store:
      return op.mode > 1 ? "has mode 0 or 1" : resultProblem(op.x);
    case MicroOpcode::k_shr:
    case MicroOpcode::k_table8:
      if (op.mode > 1)
        return "has mode 0 or 1";
      return op.opcode == uint8_t(MicroOpcode::k_table8) ? tableProblem(op, 256) : nullptr;
    case MicroOpcode::k_rescale:
    case MicroOpcode::k_rescale_c:
      return rescaleProblem(op);
    case MicroOpcode::k_table32:
      return tableProblem(op, 1024);
    case MicroOpcode::k_table16:
      return tableProblem(op, 1026);
    case MicroOpcode::k_win_sum:
    case MicroOpcode::k_win_max:
    case MicroOpcode::k_win_count:
      return windowProblem();
    case MicroOpcode::k_bilinear:
    case MicroOpcode::k_linear:
    case MicroOpcode::k_nearest:
      return tileProblem(op);
    default:
      return op.mode != 0 ? "has no modes" : nullptr;
    }
  }
};

std::string fault(const VectorProgram &program, unsigned index, const char *problem) {
  const char *name = isa::microInfo(program.ops[index].opcode).name;
  return "micro-operation " + std::to_string(index) + (name ? std::string(" (") + name + ")" : "") +
         " " + problem;
}

void recordShapes(VectorProgram &program) {
  isa::MicroShape registers[32] = {};
  for (unsigned i = 0; i < program.length; ++i) {
    const isa::MicroOp &op = program.ops[i];
    const isa::MicroInfo info = isa::microInfo(op.opcode);
    program.shapes[i] = isa::microShape(op, info, registers);
    program.overChannels |= isa::reducesOverChannels(op.opcode);
    program.overPixels |= isa::reducesOverPixels(op.opcode);
    if (!isa::microUses(info, 'd'))
      continue;
    registers[op.d] = program.shapes[i];
    program.registers |= 1u << op.d;
  }
}

std::string checkCost(const isa::VectorFields &f, const isa::MicroCost &cost) {
  if (cost.cost == f.cost && cost.rowCost == f.row_cost && cost.channelCost == f.channel_cost)
    return {};
  auto three = [](int32_t a, int32_t b, int32_t c) {
    return std::to_string(a) + ", " + std::to_string(b) + ", " + std::to_string(c);
  };
  return "cost, row_cost, channel_cost are " + three(f.cost, f.row_cost, f.channel_cost) +
         ", the micro-program costs " + three(cost.cost, cost.rowCost, cost.channelCost);
}

} // namespace

std::string fetchProgram(const Target &target, const Quad &quad, const isa::VectorFields &f,
                         VectorProgram &program) {
  program.length = unsigned(f.length);
  std::memcpy(program.ops.data(), quad.l1.data() + f.program, size_t(f.length) * 20);
  const isa::MicroCost cost = isa::microCost(program.ops.data(), program.length, f.kh, f.kw);
  if (cost.error)
    return fault(program, cost.errorAt, cost.error);
  const Checker checker{target, f};
  for (unsigned i = 0; i < program.length; ++i)
    if (const char *problem = checker.problem(program.ops[i]))
      return fault(program, i, problem);
  recordShapes(program);
  return checkCost(f, cost);
}

} // namespace afe::sim

// C4 field-range and C5 grid: what the fields of one instruction may say.

#include "Encoding/Fields.h"
#include "Simulator/Timing.h"
#include "Simulator/ValidatorStatic.h"

namespace afe::sim {
namespace {

/// Limits of the instruction set that are no field's width (Isa.def).
constexpr int64_t kMaxVectorElements = int64_t(1) << 22, kMaxCycles = int64_t(1) << 24;

std::string num(int64_t n) { return std::to_string(n); }

MaybeOffence range(std::string message) { return offence(Rule::FieldRange, std::move(message)); }

/// The fields named must be at least 1.
struct AtLeastOne {
  const char *name;
  int32_t value;
};
template <size_t N> MaybeOffence checkPresent(const AtLeastOne (&fields)[N]) {
  for (const AtLeastOne &field : fields)
    if (field.value < 1)
      return range(std::string("field '") + field.name + "' is 0, at least 1 is needed");
  return {};
}

MaybeOffence checkLoad(const isa::LoadFields &f, const Target &target) {
  if ((f.rate != 32 && f.rate != 64 && f.rate != 128) || f.rate > target.load_rate_max)
    return range("rate is " + num(f.rate) + ", allowed are 32, 64 and 128 up to " +
                 num(target.load_rate_max));
  if (f.transpose && (f.run != 16 || f.count1 > 16))
    return range("a transposing LOAD has runs of 16 bytes, at most 16 a plane");
  if (int64_t(f.run) * f.count1 * f.count2 > target.l1_bytes)
    return range("moves more bytes than L1 has");
  return checkPresent({{"run", f.run}, {"count1", f.count1}, {"count2", f.count2}});
}

MaybeOffence checkStore(const isa::StoreFields &f, const Target &target) {
  if (int64_t(f.run) * f.count1 * f.count2 > target.l2_bytes)
    return range("moves more bytes than L2 has");
  return checkPresent({{"run", f.run}, {"count1", f.count1}, {"count2", f.count2}});
}

MaybeOffence checkContexts(int64_t pixels, int64_t blocks, const Target &target) {
  int64_t contexts = target.bank_contexts * target.tiles;
  if (pixels <= contexts / blocks)
    return {};
  return offence(Rule::Grid, num(pixels) + " pixels of " + num(blocks) +
                                 " channel blocks, a bank has " + num(contexts) + " contexts");
}

MaybeOffence checkGrid(const isa::TensorFields &f, const Target &target) {
  int64_t pixels = int64_t(f.images) * f.rows * f.cols, blocks = blocksOf16(f.oc);
  if (f.mode == int(isa::TensorMode::Depthwise))
    return checkContexts(pixels, blocks, target);
  if (f.grid_p < 1 || f.grid_p * blocks > target.tiles)
    return offence(Rule::Grid, "grid " + num(f.grid_p) + " x " + num(blocks) + ", a quad has " +
                                   num(target.tiles) + " tiles");
  if (pixels > target.bank_contexts * f.grid_p)
    return offence(Rule::Grid, num(pixels) + " pixels on " + num(f.grid_p) + " tiles of " +
                                   num(target.bank_contexts) + " contexts");
  return {};
}

MaybeOffence checkZeroPoint(const char *name, int32_t zp, bool isUnsigned) {
  int32_t low = isUnsigned ? 0 : -128;
  if (zp >= low && zp <= low + 255)
    return {};
  return range(std::string("field '") + name + "' is " + num(zp) + ", allowed is " + num(low) +
               " to " + num(low + 255));
}

MaybeOffence checkTensor(const isa::TensorFields &f, const Target &target) {
  if (auto o = checkPresent({{"images", f.images},
                             {"rows", f.rows},
                             {"cols", f.cols},
                             {"kh", f.kh},
                             {"kw", f.kw},
                             {"ic", f.ic},
                             {"oc", f.oc},
                             {"stride_y", f.stride_y},
                             {"stride_x", f.stride_x},
                             {"dil_y", f.dil_y},
                             {"dil_x", f.dil_x}}))
    return o;
  if (f.mode > int(isa::TensorMode::Depthwise))
    return range("mode is " + num(f.mode));
  if (f.mode == int(isa::TensorMode::Packed) &&
      (f.ic >= 16 || f.in_sx != f.ic || f.dil_x != 1 || f.dil_y != 1))
    return range("a packed convolution has fewer than 16 channels, in_sx = ic and dilation 1");
  if (f.bank >= target.accumulator_banks)
    return range("bank is " + num(f.bank) + " of " + num(target.accumulator_banks));
  if (f.accumulate && f.use_psum)
    return range("accumulate and use_psum exclude each other");
  if (auto o = checkZeroPoint("in_zp", f.in_zp, f.in_unsigned))
    return o;
  if (auto o = checkZeroPoint("w_zp", f.w_zp, f.w_unsigned))
    return o;
  return checkGrid(f, target);
}

MaybeOffence checkShift(const char *name, int32_t shift) {
  if (shift >= 2 && shift <= 62)
    return {};
  return range(std::string("field '") + name + "' is " + num(shift) + ", allowed is 2 to 62");
}

MaybeOffence checkOutput(const isa::OutputFields &f, const Target &target) {
  if (auto o =
          checkPresent({{"images", f.images}, {"rows", f.rows}, {"cols", f.cols}, {"oc", f.oc}}))
    return o;
  if (f.bank >= target.accumulator_banks)
    return range("bank is " + num(f.bank) + " of " + num(target.accumulator_banks));
  if (f.residual > int(isa::Residual::F32Add))
    return range("residual is " + num(f.residual));
  if (f.mode == int(isa::Requant::None) && (f.residual || f.use_table))
    return range("raw int32 has neither residual nor table");
  if (f.use_table == 3 || (f.use_table == 2 && !f.residual))
    return range("use_table is " + num(f.use_table));
  if (f.per_channel && !f.has_params)
    return range("per_channel needs has_params");
  bool integer = f.mode == int(isa::Requant::Double) || f.mode == int(isa::Requant::Single);
  if (integer && !f.per_channel)
    if (auto o = checkShift("shift", f.shift))
      return o;
  if (f.residual == int(isa::Residual::LitertAdd)) {
    if (f.left_shift > 31)
      return range("left_shift is " + num(f.left_shift) + ", allowed is 0 to 31");
    for (auto [name, shift] :
         {std::pair{"res_shift", f.res_shift}, std::pair{"self_shift", f.self_shift},
          std::pair{"sum_shift", f.sum_shift}})
      if (auto o = checkShift(name, shift))
        return o;
  }
  return checkContexts(int64_t(f.images) * f.rows * f.cols, blocksOf16(f.oc), target);
}

MaybeOffence checkVector(const isa::VectorFields &f, const Target &) {
  if (f.length < 1 || f.length > 32)
    return range("length is " + num(f.length) + ", allowed is 1 to 32");
  for (int32_t type : {f.a0_type, f.a1_type, f.a2_type, f.a3_type, f.r0_type, f.r1_type})
    if (type > int(isa::ElementType::I32))
      return range("element type is " + num(type));
  if (f.kh > 0)
    if (auto o = checkPresent({{"kw", f.kw},
                               {"stride_y", f.stride_y},
                               {"stride_x", f.stride_x},
                               {"dil_y", f.dil_y},
                               {"dil_x", f.dil_x}}))
      return o;
  if (auto o = checkPresent(
          {{"images", f.images}, {"rows", f.rows}, {"cols", f.cols}, {"channels", f.channels}}))
    return o;
  if (int64_t(f.images) * f.rows * f.cols > kMaxVectorElements / (blocksOf16(f.channels) * 16))
    return range("a block has at most " + num(kMaxVectorElements) + " elements");
  return {};
}

MaybeOffence checkEngine(const isa::Instruction &instruction, const Target &target) {
  switch (instruction.engine()) {
  case isa::Engine::Load:
    return checkLoad(std::get<isa::LoadFields>(instruction.fields), target);
  case isa::Engine::Store:
    return checkStore(std::get<isa::StoreFields>(instruction.fields), target);
  case isa::Engine::Tensor:
    return checkTensor(std::get<isa::TensorFields>(instruction.fields), target);
  case isa::Engine::Output:
    return checkOutput(std::get<isa::OutputFields>(instruction.fields), target);
  case isa::Engine::Vector:
    return checkVector(std::get<isa::VectorFields>(instruction.fields), target);
  }
  return {};
}

} // namespace

MaybeOffence checkFieldsOf(const isa::Instruction &instruction, const Target &target) {
  std::string problem = isa::checkFields(instruction);
  if (!problem.empty())
    return range(problem);
  if (auto o = checkEngine(instruction, target))
    return o;
  int64_t cycles = occupancy(target, instruction);
  if (cycles < 1 || cycles > kMaxCycles)
    return range("takes " + num(cycles) + " cycles, allowed is 1 to " + num(kMaxCycles));
  return {};
}

} // namespace afe::sim

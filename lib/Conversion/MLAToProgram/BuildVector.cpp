// A vector operation's region as a micro-program: one micro-operation per lane operation, registers
// by last use, tables behind the operations.

#include "Conversion/MLAToProgram/FusedForms.h"
#include "Conversion/MLAToProgram/Homes.h"
#include "Conversion/MLAToProgram/Network.h"

#include "Encoding/MicroCost.h"

#include <bit>
#include <cstring>
#include <set>

using namespace mlir;
using namespace afe;
using namespace afe::mla;
using isa::MicroOpcode;

namespace {

class Assembler {
public:
  Assembler(VectorOp op, sched::VectorParams &params) : op(op), params(params), forms(op) {
    for (int i = 0; i < 32; ++i)
      freeRegisters.insert(i);
  }

  LogicalResult run();

private:
  LogicalResult assemble(Operation &lane);
  std::optional<std::pair<MicroOpcode, uint8_t>> simple(Operation &lane) const;
  LogicalResult reduce(VReduceOp lane, isa::MicroOp &micro);
  uint8_t registerOf(Value value) { return registers.lookup(value); }
  LogicalResult define(Value value, isa::MicroOp micro);
  void release(Operation &lane);
  template <typename T> int32_t addTable(ArrayRef<T> table);
  void domain();
  void gather(Operation &lane);
  void bound();

  VectorOp op;
  sched::VectorParams &params;
  const FusedForms forms;
  std::vector<isa::MicroOp> program;
  std::vector<std::pair<size_t, std::vector<uint8_t>>> tables; ///< operation and bytes
  llvm::DenseMap<Value, uint8_t> registers;
  std::set<int> freeRegisters;
};

/// Operations that differ only in their opcode (and mode).
std::optional<std::pair<MicroOpcode, uint8_t>> Assembler::simple(Operation &lane) const {
  using M = MicroOpcode;
  bool f = lane.getNumOperands() && lane.getOperand(0).getType().isF32();
  auto plain = [](M opcode, uint8_t mode = 0) { return std::make_pair(opcode, mode); };
  if (mlir::isa<VAddOp>(lane))
    return plain(f ? M::k_fadd : M::k_add);
  if (mlir::isa<VSubOp>(lane))
    return plain(f ? M::k_fsub : M::k_sub);
  if (mlir::isa<VMulOp>(lane))
    return plain(f ? M::k_fmul : M::k_mul);
  if (mlir::isa<VMinOp>(lane))
    return plain(f ? M::k_fmin : M::k_min);
  if (mlir::isa<VMaxOp>(lane))
    return plain(f ? M::k_fmax : M::k_max);
  if (mlir::isa<VShlOp>(lane))
    return plain(M::k_shl);
  if (mlir::isa<VLshrOp>(lane))
    return plain(M::k_lshr);
  if (auto shr = dyn_cast<VShrOp>(lane))
    return plain(M::k_shr, shr.getRound());
  if (mlir::isa<VAndOp>(lane))
    return plain(M::k_and);
  if (mlir::isa<VOrOp>(lane))
    return plain(M::k_or);
  if (mlir::isa<VXorOp>(lane))
    return plain(M::k_xor);
  if (mlir::isa<VDivOp>(lane))
    return plain(M::k_fdiv);
  if (mlir::isa<VSqrtOp>(lane))
    return plain(M::k_fsqrt);
  if (mlir::isa<VAbsOp>(lane))
    return plain(M::k_abs);
  if (mlir::isa<VClzOp>(lane))
    return plain(M::k_clz);
  if (auto cmp = dyn_cast<VCmpOp>(lane))
    return plain(cmp.getA().getType().isF32() ? M::k_fcmp : M::k_cmp,
                 static_cast<uint8_t>(cmp.getPredicate()));
  if (mlir::isa<VSelectOp>(lane))
    return plain(M::k_select);
  if (mlir::isa<VIntToFloatOp>(lane))
    return plain(M::k_itof);
  if (auto ftoi = dyn_cast<VFloatToIntOp>(lane))
    return plain(M::k_ftoi, static_cast<uint8_t>(ftoi.getRounding()));
  if (mlir::isa<VWindowSumOp>(lane))
    return plain(M::k_win_sum);
  if (mlir::isa<VWindowMaxOp>(lane))
    return plain(M::k_win_max);
  if (mlir::isa<VWindowCountOp>(lane))
    return plain(M::k_win_count);
  if (mlir::isa<VRowOp>(lane))
    return plain(M::k_row);
  if (mlir::isa<VColOp>(lane))
    return plain(M::k_col);
  if (mlir::isa<VChannelOp>(lane))
    return plain(M::k_channel);
  if (mlir::isa<VGatherNearestOp>(lane))
    return plain(M::k_nearest);
  return std::nullopt;
}

template <typename T> int32_t Assembler::addTable(ArrayRef<T> table) {
  std::vector<uint8_t> bytes(table.size() * sizeof(T));
  std::memcpy(bytes.data(), table.data(), bytes.size());
  tables.push_back({program.size(), std::move(bytes)});
  return 0; // patched when the length of the program is known
}

LogicalResult Assembler::reduce(VReduceOp lane, isa::MicroOp &micro) {
  bool f = lane.getA().getType().isF32(), pixels = lane.getAxis() == ReduceAxis::pixels;
  MicroOpcode opcode;
  if (lane.getKind() == ReduceKind::argmax)
    opcode = MicroOpcode::k_argmax_c;
  else if (lane.getKind() == ReduceKind::sum)
    opcode = pixels ? (f ? MicroOpcode::k_fsum_p : MicroOpcode::k_sum_p)
                    : (f ? MicroOpcode::k_fsum_c : MicroOpcode::k_sum_c);
  else
    opcode = pixels ? MicroOpcode::k_max_p : (f ? MicroOpcode::k_fmax_c : MicroOpcode::k_max_c);
  micro.opcode = static_cast<uint8_t>(opcode);
  (pixels ? params.reducesPixels : params.reducesChannels) = true;
  return success();
}

void Assembler::release(Operation &lane) {
  for (Value operand : lane.getOperands()) {
    auto it = registers.find(operand);
    if (it == registers.end() || forms.isStored(operand))
      continue;
    bool later = llvm::any_of(operand.getUsers(), [&](Operation *user) {
      return user != &lane && lane.isBeforeInBlock(user);
    });
    if (!later) {
      freeRegisters.insert(it->second);
      registers.erase(it);
    }
  }
}

LogicalResult Assembler::define(Value value, isa::MicroOp micro) {
  if (freeRegisters.empty())
    return op.emitOpError("needs more than 32 registers");
  micro.d = *freeRegisters.begin();
  freeRegisters.erase(freeRegisters.begin());
  registers[value] = micro.d;
  program.push_back(micro);
  return success();
}

LogicalResult Assembler::assemble(Operation &lane) {
  if (forms.isAbsorbed(&lane))
    return success();
  if (std::optional<CentredLoad> centred = forms.centredLoad(&lane)) {
    isa::MicroOp load;
    load.opcode = static_cast<uint8_t>(MicroOpcode::k_load);
    load.x = centred->argument, load.y = centred->zp;
    return define(lane.getResult(0), load);
  }
  isa::MicroOp micro;
  uint8_t *sources[3] = {&micro.a, &micro.b, &micro.c};
  for (auto [i, operand] : llvm::enumerate(lane.getOperands()))
    if (i < 3)
      *sources[i] = registerOf(operand);
  auto code = [&](MicroOpcode opcode) { micro.opcode = static_cast<uint8_t>(opcode); };
  if (auto match = simple(lane)) {
    code(match->first);
    micro.mode = match->second;
  } else if (auto constant = dyn_cast<VConstOp>(lane)) {
    code(MicroOpcode::k_imm);
    if (auto f = dyn_cast<FloatAttr>(constant.getValue()))
      micro.x = f.getValue().bitcastToAPInt().getSExtValue();
    else
      micro.x = cast<IntegerAttr>(constant.getValue()).getInt();
  } else if (auto mulShift = dyn_cast<VMulShiftOp>(lane)) {
    code(MicroOpcode::k_mul_shift);
    micro.x = mulShift.getShift();
  } else if (auto clamp = dyn_cast<VClampOp>(lane)) {
    code(MicroOpcode::k_clamp);
    micro.x = clamp.getLo(), micro.y = clamp.getHi();
  } else if (auto rescale = dyn_cast<VRescaleOp>(lane)) {
    code(MicroOpcode::k_rescale);
    micro.mode = static_cast<uint8_t>(rescale.getMode());
    micro.x = rescale.getMultiplier(), micro.y = rescale.getShift(), micro.z = rescale.getZp();
  } else if (auto channel = dyn_cast<VRescaleChannelOp>(lane)) {
    code(MicroOpcode::k_rescale_c);
    micro.mode = static_cast<uint8_t>(channel.getMode());
    micro.x = channel.getZp();
  } else if (auto table = dyn_cast<VTable8Op>(lane)) {
    code(MicroOpcode::k_table8);
    addTable(table.getTable());
  } else if (auto table = dyn_cast<VTable32Op>(lane)) {
    code(MicroOpcode::k_table32);
    addTable(table.getTable());
  } else if (auto table = dyn_cast<VTable16Op>(lane)) {
    code(MicroOpcode::k_table16);
    addTable(table.getTable());
  } else if (auto bilinear = dyn_cast<VGatherBilinearOp>(lane)) {
    code(MicroOpcode::k_bilinear);
    micro.x = bilinear.getFractionBits();
  } else if (auto linear = dyn_cast<VGatherLinearOp>(lane)) {
    code(MicroOpcode::k_linear);
    micro.x = linear.getFractionBits();
    micro.mode = linear.getColumns() ? 4 : 0;
  } else if (auto reduction = dyn_cast<VReduceOp>(lane)) {
    if (failed(reduce(reduction, micro)))
      return failure();
  } else {
    return lane.emitOpError("has no micro-operation");
  }
  if (mlir::isa<VGatherBilinearOp, VGatherLinearOp, VGatherNearestOp>(lane)) {
    if (params.gathers)
      params.gather = {}; // several: each tile would need several parts of operand 0
    else
      gather(lane);
    params.gathers = true;
  }
  params.usesChannelIndex |= mlir::isa<VChannelOp>(lane);
  Value result = lane.getResult(0);
  if (mlir::isa<VGatherBilinearOp, VGatherLinearOp>(lane))
    if (Rounding rounding = forms.roundingOf(result); rounding.mode) {
      micro.mode |= rounding.mode;
      micro.y = rounding.shift;
      result = rounding.result;
    }
  release(lane);
  return define(result, micro);
}

/// The lower bound's vector term: cycles per element that every sensible program spends.
void Assembler::bound() {
  auto any = [&](auto test) {
    return llvm::any_of(op.getBody().front(), [&](Operation &lane) { return test(lane); });
  };
  auto padded = [](const sched::Tensor &t) { return t.n * t.h * t.w * t.blocks() * sched::kLanes; };
  Dims out = dimsOf(shapeOf(op.getOutputs()[0]));
  sched::Tensor output;
  output.n = out.n, output.h = out.h, output.w = out.w, output.c = out.c;
  int64_t inside = 0;
  if (params.window)
    inside = params.kh * params.kw;
  else if (any([](Operation &lane) { return mlir::isa<VGatherBilinearOp>(lane); }))
    inside = 6;
  else if (any([](Operation &lane) { return mlir::isa<VGatherLinearOp>(lane); }))
    inside = any([](Operation &lane) { // along both axes together, at the result's size
      auto linear = dyn_cast<VGatherLinearOp>(lane);
      return linear && linear.getColumns();
    })
                 ? 6
                 : 0;
  else if (params.reducesPixels && // a sum of sums counts with its first part
           cast<RankedTensorType>(op.getInputs()[0].getType()).getElementTypeBitWidth() == 8)
    inside = 1;
  int64_t results = 0;
  if (params.reducesChannels)
    results = any([](Operation &lane) { // a softmax sums f32
      auto sum = dyn_cast<VReduceOp>(lane);
      return sum && sum.getKind() == ReduceKind::sum && sum.getType().isF32();
    })
                  ? 13
                  : 2;
  else if (inside == 0 && llvm::count_if(op.getInputs(), [&](Value input) {
                            return shapeOf(input) == shapeOf(op.getOutputs()[0]) &&
                                   !input.getDefiningOp<ConstOp>();
                          }) >= 2)
    results = 3;
  params.boundWork = inside * padded(params.domain) + results * padded(output);
}

void Assembler::domain() {
  Dims d = dimsOf(op.getDomain());
  params.domain.n = d.n, params.domain.h = d.h, params.domain.w = d.w, params.domain.c = d.c;
}

/// The positions of a gather, where they are constants that nothing else reads.
void Assembler::gather(Operation &lane) {
  sched::Gather found;
  std::vector<int32_t> *const positions[] = {&found.rows, &found.cols};
  int *const numbers[] = {&found.rowOperand, &found.colOperand};
  for (int axis = 0; axis < 2; ++axis) {
    auto argument = dyn_cast<BlockArgument>(lane.getOperand(axis));
    Value input =
        argument && argument.hasOneUse() ? op.getInputs()[argument.getArgNumber()] : Value();
    auto constant = input ? input.getDefiningOp<ConstOp>() : ConstOp();
    auto elements = constant ? dyn_cast<DenseIntElementsAttr>(constant.getValue()) : nullptr;
    if (!elements || !elements.getElementType().isInteger(32) ||
        elements.getNumElements() != op.getDomain()[1 + axis] ||
        shapeOf(input)[1 + axis] != elements.getNumElements())
      return;
    for (int32_t position : elements.getValues<int32_t>())
      positions[axis]->push_back(position);
    *numbers[axis] = argument.getArgNumber();
  }
  if (auto bilinear = dyn_cast<VGatherBilinearOp>(lane))
    found.bits = bilinear.getFractionBits();
  if (auto linear = dyn_cast<VGatherLinearOp>(lane))
    found.bits = linear.getFractionBits();
  params.gather = std::move(found);
}

LogicalResult Assembler::run() {
  domain();
  if (std::optional<WindowAttr> w = op.getWindow()) {
    params.window = true;
    params.kh = w->getKernelRows(), params.kw = w->getKernelCols();
    params.strideY = w->getStrideRows(), params.strideX = w->getStrideCols();
    params.dilY = w->getDilationRows(), params.dilX = w->getDilationCols();
    params.padTop = w->getPadTop(), params.padLeft = w->getPadLeft();
  }
  Block &body = op.getBody().front();
  for (BlockArgument arg : body.getArguments()) {
    if (llvm::all_of(arg.getUsers(), [&](Operation *user) { return forms.centredLoad(user); }))
      continue; // loaded where they stand, or not used
    isa::MicroOp load;
    load.opcode = static_cast<uint8_t>(MicroOpcode::k_load);
    load.x = arg.getArgNumber();
    if (failed(define(arg, load)))
      return failure();
  }
  for (Operation &lane : body.without_terminator())
    if (failed(assemble(lane)))
      return failure();
  for (auto [i, value] : llvm::enumerate(body.getTerminator()->getOperands())) {
    isa::MicroOp store;
    store.opcode = static_cast<uint8_t>(MicroOpcode::k_store);
    store.x = i;
    if (VClampOp clamp = forms.clampOfStore(value)) {
      store.mode = 1, store.y = clamp.getLo(), store.z = clamp.getHi();
      value = clamp.getA();
    }
    store.a = registerOf(value);
    program.push_back(store);
  }
  if (program.size() > 32)
    return op.emitOpError("needs ") << program.size() << " micro-operations with its loads and "
                                    << "stores, the engine takes 32";
  int64_t at = sched::roundUp(program.size() * sizeof(isa::MicroOp), 16);
  for (auto &[index, bytes] : tables) {
    program[index].x = at;
    at += sched::roundUp(bytes.size(), 16);
  }
  params.length = program.size();
  params.program.assign(at, 0);
  std::memcpy(params.program.data(), program.data(), program.size() * sizeof(isa::MicroOp));
  for (auto &[index, bytes] : tables)
    std::memcpy(params.program.data() + program[index].x, bytes.data(), bytes.size());
  isa::MicroCost cost = isa::microCost(program.data(), program.size(), params.kh, params.kw);
  if (cost.error)
    return op.emitOpError("micro-program: ") << cost.error;
  params.cost = cost.cost, params.rowCost = cost.rowCost, params.channelCost = cost.channelCost;
  bound();
  return success();
}

} // namespace

LogicalResult afe::buildVector(VectorOp op, sched::VectorParams &params) {
  return Assembler(op, params).run();
}

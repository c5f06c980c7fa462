// Cuts @main into MLA and A65 segments. Each operation gets the earliest stage that its producers
// allow, stages alternating between the two processors; all operations of a stage are one segment.
// So segments are convex by construction and as few as the dependences allow (of the two ways to
// start, the one with fewer stages).

#include "Conversion/TosaToMLA/Edges.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Transforms/EV74.h"
#include "Transforms/Locations.h"
#include "Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace afe {

#define GEN_PASS_DEF_PARTITIONPASS
#include "Transforms/Passes.h.inc"

namespace {

enum class Place { constant, inputEdge, outputEdge, mla, host };

Place placeOf(Operation *op) {
  if (isa<tosa::ConstOp, tosa::ConstShapeOp, mla::ConstOp>(op))
    return Place::constant;
  if (isa<mla::MLADialect>(op->getDialect()))
    return Place::mla;
  if (isInputEdge(op))
    return Place::inputEdge;
  return isOutputEdge(op) ? Place::outputEdge : Place::host;
}

/// Operations of one processor that run as one program.
struct Stage {
  Place place;
  SmallVector<Operation *> ops;
};

/// The stages of `func` with even stages on `first`; empty stages are left out.
SmallVector<Stage> stagesStartingWith(func::FuncOp func, Place first) {
  Place second = first == Place::mla ? Place::host : Place::mla;
  llvm::DenseMap<Operation *, int64_t> stageOf;
  SmallVector<Stage> stages;
  for (Operation &op : func.getBody().front().without_terminator()) {
    Place place = placeOf(&op);
    if (place != Place::mla && place != Place::host)
      continue;
    int64_t stage = 0;
    for (Value operand : op.getOperands())
      if (auto found = stageOf.find(operand.getDefiningOp()); found != stageOf.end())
        stage = std::max(stage, found->second);
    if ((place == first) != (stage % 2 == 0))
      ++stage;
    while (int64_t(stages.size()) <= stage)
      stages.push_back({stages.size() % 2 == 0 ? first : second, {}});
    stages[stage].ops.push_back(&op);
    stageOf[&op] = stage;
  }
  llvm::erase_if(stages, [](const Stage &stage) { return stage.ops.empty(); });
  return stages;
}

SmallVector<Stage> findStages(func::FuncOp func) {
  auto onMla = stagesStartingWith(func, Place::mla), onHost = stagesStartingWith(func, Place::host);
  return onHost.size() < onMla.size() ? onHost : onMla;
}

/// The model's name for a tensor that enters or leaves a segment.
class TensorNames {
public:
  explicit TensorNames(func::FuncOp func) : func(func) {}

  /// Names of `values`, made distinct by a suffix.
  ArrayAttr of(ArrayRef<Value> values) const;

private:
  StringRef fromArgument(Value value) const;
  StringRef fromResult(Value value) const;
  StringRef fromCall(Value value) const;
  std::string nameOf(Value value) const;

  mutable func::FuncOp func;
};

StringRef TensorNames::fromArgument(Value value) const {
  while (Operation *op = value.getDefiningOp()) {
    if (!isInputEdge(op) && !isa<a65::EV74Op>(op))
      return "";
    value = op->getOperand(0);
  }
  auto argument = cast<BlockArgument>(value);
  auto attrs = function_interface_impl::getArgAttrDict(func, argument.getArgNumber());
  auto name = attrs ? attrs.getAs<StringAttr>("afe.name") : StringAttr();
  return name ? name.getValue() : "";
}

StringRef TensorNames::fromResult(Value value) const {
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    if (isa<func::ReturnOp>(user)) {
      auto attrs = function_interface_impl::getResultAttrDict(func, use.getOperandNumber());
      auto name = attrs ? attrs.getAs<StringAttr>("afe.name") : StringAttr();
      return name ? name.getValue() : "";
    }
    if (user->getNumResults() == 1 && isOutputEdge(user))
      if (StringRef name = fromResult(user->getResult(0)); !name.empty())
        return name;
  }
  return "";
}

/// The name under which an earlier segment returned the value.
StringRef TensorNames::fromCall(Value value) const {
  Operation *call = value.getDefiningOp();
  auto callee = call ? call->getAttrOfType<FlatSymbolRefAttr>("callee") : FlatSymbolRefAttr();
  Operation *segment = callee ? SymbolTable::lookupNearestSymbolFrom(call, callee) : nullptr;
  auto names = segment ? segment->getAttrOfType<ArrayAttr>("output_names") : ArrayAttr();
  unsigned number = names ? cast<OpResult>(value).getResultNumber() : 0;
  return names && number < names.size() ? cast<StringAttr>(names[number]).getValue() : "";
}

std::string TensorNames::nameOf(Value value) const {
  if (StringRef name = fromArgument(value); !name.empty())
    return name.str();
  if (StringRef name = fromResult(value); !name.empty())
    return name.str();
  if (StringRef name = fromCall(value); !name.empty())
    return name.str();
  auto names = namesIn(value.getLoc());
  return names.empty() ? "tensor" : names.back();
}

ArrayAttr TensorNames::of(ArrayRef<Value> values) const {
  SmallVector<Attribute> names;
  llvm::StringSet<> taken;
  Builder builder(func.getContext());
  for (Value value : values) {
    std::string base = nameOf(value), name = base;
    for (int suffix = 1; !taken.insert(name).second; ++suffix)
      name = base + "_" + std::to_string(suffix);
    names.push_back(builder.getStringAttr(name));
  }
  return builder.getArrayAttr(names);
}

/// Moves the operations of one stage into a segment and leaves a call in @main.
class SegmentBuilder {
public:
  SegmentBuilder(func::FuncOp func, const Stage &stage, int number)
      : func(func), stage(stage), builder(func),
        name((stage.place == Place::mla ? "MLA_" : "APU_") + std::to_string(number)) {
    inside.insert(stage.ops.begin(), stage.ops.end());
  }
  void build();

private:
  void findInterface();
  Block *createSegment();
  void fill(Block *block);
  void sinkConstants(Block *block);
  void createCall();

  func::FuncOp func;
  const Stage &stage;
  OpBuilder builder;
  std::string name;
  llvm::DenseSet<Operation *> inside;
  llvm::SetVector<Value> inputs, outputs;
};

bool isConstant(Value value) {
  Operation *op = value.getDefiningOp();
  return op && placeOf(op) == Place::constant;
}

void SegmentBuilder::findInterface() {
  llvm::SetVector<Value> read;
  for (Operation *op : stage.ops) {
    // Operations with regions (tosa.cond_if) read what their regions capture, too.
    op->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (!isConstant(operand) && !inside.contains(operand.getDefiningOp()) &&
            operand.getParentBlock() == &func.getBody().front())
          read.insert(operand);
    });
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) {
            return !inside.contains(func.getBody().front().findAncestorOpInBlock(*user));
          }))
        outputs.insert(result);
  }
  // Arguments first, in their order.
  for (BlockArgument argument : func.getArguments())
    if (read.contains(argument))
      inputs.insert(argument);
  inputs.insert(read.begin(), read.end());
}

Block *SegmentBuilder::createSegment() {
  TensorNames names(func);
  ArrayAttr inputNames = names.of(inputs.getArrayRef()),
            outputNames = names.of(outputs.getArrayRef());
  auto locations = llvm::map_to_vector(stage.ops, [](Operation *op) { return op->getLoc(); });
  Location loc = func.getLoc();
  Region *region;
  if (stage.place == Place::mla) {
    auto segment = mla::SegmentOp::create(builder, loc, name, inputNames, outputNames,
                                          /*input_dram=*/ArrayAttr(), /*output_dram=*/ArrayAttr());
    region = &segment.getBody();
  } else {
    auto segment = a65::SegmentOp::create(builder, loc, name);
    segment->setAttr("input_names", inputNames);
    segment->setAttr("output_names", outputNames);
    region = &segment.getBody();
  }
  Block *block = &region->emplaceBlock();
  for (Value input : inputs)
    block->addArgument(input.getType(), input.getLoc());
  return block;
}

void SegmentBuilder::fill(Block *block) {
  for (Operation *op : stage.ops)
    op->moveBefore(block, block->end());
  OpBuilder end = OpBuilder::atBlockEnd(block);
  if (stage.place == Place::mla)
    mla::ReturnOp::create(end, func.getLoc(), outputs.getArrayRef());
  else
    a65::ReturnOp::create(end, func.getLoc(), outputs.getArrayRef());
}

/// Gives the segment its own copy of each constant it uses (the attribute is shared).
void SegmentBuilder::sinkConstants(Block *block) {
  OpBuilder begin = OpBuilder::atBlockBegin(block);
  llvm::DenseMap<Value, Value> clones;
  block->walk([&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (!isConstant(value) || value.getParentBlock() != &func.getBody().front())
        continue;
      Value &clone = clones[value];
      if (!clone)
        clone = begin.clone(*value.getDefiningOp())->getResult(0);
      operand.set(clone);
    }
  });
}

void SegmentBuilder::createCall() {
  OpBuilder end(func.getBody().front().getTerminator());
  SmallVector<Type> types(ValueRange(outputs.getArrayRef()).getTypes());
  Operation *call;
  if (stage.place == Place::mla)
    call = mla::CallOp::create(end, func.getLoc(), types, name, inputs.getArrayRef());
  else
    call = a65::CallOp::create(end, func.getLoc(), types, name, inputs.getArrayRef());
  for (auto [index, output] : llvm::enumerate(outputs.getArrayRef()))
    Value(output).replaceUsesWithIf(call->getResult(index), [&](OpOperand &use) {
      return use.getOwner() != call && use.getOwner()->getBlock() == &func.getBody().front();
    });
}

void SegmentBuilder::build() {
  findInterface();
  Block *block = createSegment();
  fill(block);
  sinkConstants(block);
  createCall();
  for (auto [index, input] : llvm::enumerate(inputs.getArrayRef()))
    Value(input).replaceUsesWithIf(block->getArgument(index), [&](OpOperand &use) {
      return block->findAncestorOpInBlock(*use.getOwner()) != nullptr;
    });
}

/// One entry per host operation: what, where, why, and what would help.
ArrayAttr fallbacks(ArrayRef<Stage> stages, MLIRContext *context) {
  Builder builder(context);
  llvm::SetVector<Attribute> entries;
  for (const Stage &stage : stages)
    for (Operation *op : stage.ops) {
      if (stage.place != Place::host)
        continue;
      auto custom = dyn_cast<tosa::CustomOp>(op);
      StringRef kind = custom ? custom.getOperatorName() : op->getName().getStringRef();
      auto text = [&](StringRef attr) {
        auto value = op->getAttrOfType<StringAttr>(attr);
        return value ? value : builder.getStringAttr("");
      };
      entries.insert(builder.getDictionaryAttr(
          {builder.getNamedAttr("operator", builder.getStringAttr(kind)),
           builder.getNamedAttr("location", builder.getStringAttr(describe(op->getLoc()))),
           builder.getNamedAttr("reason", text("a65.reason")),
           builder.getNamedAttr("hint", text("a65.hint"))}));
    }
  return builder.getArrayAttr(entries.getArrayRef());
}

struct PartitionPass : impl::PartitionPassBase<PartitionPass> {
  void runOnOperation() override {
    auto func = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!func || func.isDeclaration())
      return;
    if (failed(checkShapes(func)))
      return signalPassFailure();
    SmallVector<Operation *> outputEdges;
    for (Operation &op : func.getBody().front().without_terminator())
      if (placeOf(&op) == Place::outputEdge)
        outputEdges.push_back(&op);
    SmallVector<Stage> stages = findStages(func);
    getOperation()->setAttr("afe.fallbacks", fallbacks(stages, &getContext()));
    for (auto [number, stage] : llvm::enumerate(stages)) {
      SegmentBuilder(func, stage, number).build();
      (stage.place == Place::mla ? numMLASegments : numA65Segments) += 1;
    }
    for (Operation *op : outputEdges)
      op->moveBefore(func.getBody().front().getTerminator());
    numEdges += convertEdges(func);
    eraseConstants(func);
  }

  static void eraseConstants(func::FuncOp func) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(func.getBody().front())))
      if (op.use_empty() && isa<tosa::ConstOp, tosa::ConstShapeOp, mla::ConstOp>(op))
        op.erase();
  }
};

} // namespace
} // namespace afe

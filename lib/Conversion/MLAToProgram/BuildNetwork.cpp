// Tensors, storages and layers of a segment. A value lies where Homes.h says: in a storage of its
// own, or in that of the value it is a view of or is written into.

#include "Conversion/MLAToProgram/Homes.h"
#include "Conversion/MLAToProgram/Network.h"
#include "Scheduling/PackWeights.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace afe;
using namespace afe::mla;
using sched::kLanes;

ArrayRef<uint8_t> afe::rawBytes(ElementsAttr attr, SegmentNetwork &network) {
  auto bytes = [](ArrayRef<char> data) {
    return ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(data.data()), data.size());
  };
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob ? bytes(blob->getData()) : ArrayRef<uint8_t>();
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense)
    return {};
  if (!dense.isSplat())
    return bytes(dense.getRawData());
  ArrayRef<uint8_t> one = bytes(dense.getRawData());
  std::vector<uint8_t> &all = network.owned.emplace_back();
  for (int64_t i = 0; i < dense.getNumElements(); ++i)
    all.insert(all.end(), one.begin(), one.end());
  return all;
}

bool afe::isLayer(Operation &op) {
  return !mlir::isa<ConstOp, ReturnOp>(op) && !op.hasAttr(kViewAttr) &&
         !op.hasAttr(kWrittenThroughAttr);
}

namespace {

isa::ElementType elementType(Type type) {
  if (type.isF32() || type.isInteger(32))
    return isa::ElementType::I32;
  if (type.isInteger(16))
    return isa::ElementType::I16;
  return type.isUnsignedInteger(8) ? isa::ElementType::U8 : isa::ElementType::I8;
}

class NetworkBuilder {
public:
  NetworkBuilder(SegmentOp segment, SegmentNetwork &result)
      : segment(segment), result(result), network(result.network) {}

  LogicalResult run();

private:
  int storageOf(Value root);
  std::optional<sched::DramTiles> returnedTiles(unsigned index);
  int tensorOf(Value value);
  int constantTensor(Value value);
  int wholeBlocks(Value value);
  LogicalResult addLayer(Operation &op);
  void addResultCopies();
  LogicalResult buildConv(Operation &op, sched::ConvParams &conv);
  template <typename Op> void convCommon(Op op, sched::ConvParams &conv);
  void mergeGroups(sched::ConvParams &conv, int64_t inChannels, int64_t outChannels);

  SegmentOp segment;
  SegmentNetwork &result;
  sched::Network &network;
  llvm::DenseMap<Value, int> storages; ///< by root
  llvm::DenseMap<Value, int> tensors;
  llvm::DenseMap<Value, int> paddedCopies;    ///< by wholeBlocks
  llvm::DenseMap<Value, unsigned> returnedAt; ///< roots that are written straight to an output
  std::vector<unsigned> copies;               ///< results that need a copy
};

std::string nameOf(Operation &op) {
  if (auto layer = op.getAttrOfType<StringAttr>("layer"))
    return layer.str();
  return op.getName().stripDialect().str();
}

std::string resultName(SegmentOp segment, unsigned index) {
  ArrayAttr names = segment.getOutputNamesAttr();
  return names && index < names.size() ? cast<StringAttr>(names[index]).str()
                                       : "output_" + std::to_string(index);
}

std::optional<sched::DramTiles> NetworkBuilder::returnedTiles(unsigned index) {
  Value value = cast<ReturnOp>(segment.getBody().front().getTerminator()).getValues()[index];
  DramAttr dram = outputDram(segment, index);
  sched::Layout layout = outputLayout(value, dram);
  return dramTiles(value, dram, layout);
}

int NetworkBuilder::storageOf(Value root) {
  auto [it, fresh] = storages.try_emplace(root, int(network.storages.size()));
  if (!fresh)
    return it->second;
  sched::Storage storage;
  auto at = returnedAt.find(root);
  if (auto arg = dyn_cast<BlockArgument>(root)) {
    ArrayAttr names = segment.getInputNamesAttr();
    storage.kind = sched::Storage::Kind::Input;
    storage.name = names && arg.getArgNumber() < names.size()
                       ? cast<StringAttr>(names[arg.getArgNumber()]).str()
                       : "input_" + std::to_string(arg.getArgNumber());
  } else if (at != returnedAt.end()) {
    storage.kind = sched::Storage::Kind::Output;
    storage.name = resultName(segment, at->second);
  } else {
    storage.name = nameOf(*root.getDefiningOp());
  }
  storage.bytes = dimsOf(root).n * rootLayout(root).image;
  if (auto arg = dyn_cast<BlockArgument>(root))
    storage.tiles = dramTiles(root, inputDram(arg), rootLayout(root));
  else if (at != returnedAt.end()) // as a tensor it is what the segment returns there
    storage.tiles = returnedTiles(at->second);
  network.storages.push_back(storage);
  return it->second;
}

int NetworkBuilder::constantTensor(Value value) {
  auto constant = value.getDefiningOp<ConstOp>();
  Dims d = dimsOf(value);
  sched::Tensor t;
  t.n = d.n, t.h = d.h, t.w = d.w, t.c = d.c;
  t.type = elementType(cast<RankedTensorType>(value.getType()).getElementType());
  int64_t e = t.elementBytes();
  t.layout = rootLayout(value);
  // Constants are rewritten in planes of 16 channels.
  ArrayRef<uint8_t> raw = rawBytes(constant.getValue(), result);
  std::vector<uint8_t> &bytes = result.owned.emplace_back(d.n * t.layout.image, 0);
  size_t at = 0;
  for (int64_t n = 0; n < d.n; ++n)
    for (int64_t y = 0; y < d.h; ++y)
      for (int64_t x = 0; x < d.w; ++x)
        for (int64_t c = 0; c < d.c; ++c, at += e) {
          int64_t to = n * t.layout.image + y * t.layout.row + x * t.layout.pixel +
                       c / kLanes * t.layout.block + c % kLanes * e;
          if (at + e <= raw.size())
            std::copy_n(raw.begin() + at, e, bytes.begin() + to);
        }
  sched::Storage storage;
  storage.kind = sched::Storage::Kind::Constant;
  storage.name = "constant";
  storage.bytes = bytes.size();
  storage.data = bytes.data();
  network.storages.push_back(storage);
  t.storage = network.storages.size() - 1;
  network.tensors.push_back(t);
  return network.tensors.size() - 1;
}

int NetworkBuilder::tensorOf(Value value) {
  auto it = tensors.find(value);
  if (it != tensors.end())
    return it->second;
  int index;
  if (value.getDefiningOp<ConstOp>()) {
    index = constantTensor(value);
  } else {
    std::optional<Home> home = homeOf(value); // checked at the start of run()
    Dims d = dimsOf(value);
    sched::Tensor t;
    t.storage = storageOf(home->root);
    t.name = network.storages[t.storage].name;
    t.n = d.n, t.h = d.h, t.w = d.w, t.c = d.c;
    t.type = elementType(cast<RankedTensorType>(value.getType()).getElementType());
    // What is no tensor of four strides is read by data movement alone, which knows better.
    t.layout = home->layout.asTensor(/*grouped=*/true).value_or(rootLayout(value));
    network.tensors.push_back(t);
    index = network.tensors.size() - 1;
  }
  tensors[value] = index;
  return index;
}

sched::RequantParams requantOf(RequantAttr attr) {
  sched::RequantParams r;
  r.mode = static_cast<isa::Requant>(attr.getMode());
  if (auto multipliers = attr.getMultipliers())
    r.multipliers.assign(multipliers.asArrayRef().begin(), multipliers.asArrayRef().end());
  if (auto shifts = attr.getShifts())
    r.shifts.assign(shifts.asArrayRef().begin(), shifts.asArrayRef().end());
  r.zp = attr.getZp(), r.lo = attr.getLo(), r.hi = attr.getHi();
  return r;
}

template <typename Op> void NetworkBuilder::convCommon(Op op, sched::ConvParams &conv) {
  conv.inZp = op.getInputZp(), conv.weightZp = op.getWeightZp();
  auto weights = op.getWeights().template getDefiningOp<ConstOp>();
  conv.weights = rawBytes(weights.getValue(), result).data();
  conv.weightsUnsigned =
      cast<RankedTensorType>(op.getWeights().getType()).getElementType().isUnsignedInteger(8);
  if (op.getBias()) {
    ArrayRef<uint8_t> raw =
        rawBytes(op.getBias().template getDefiningOp<ConstOp>().getValue(), result);
    conv.bias.resize(raw.size() / 4);
    std::copy(raw.begin(), raw.end(), reinterpret_cast<uint8_t *>(conv.bias.data()));
  }
  conv.requant = requantOf(op.getRequant());
  if (std::optional<ResidualAttr> r = op.getResidualAdd())
    conv.residual = {static_cast<isa::Residual>(r->getMode()),
                     r->getSelfZp(),
                     r->getSelfMultiplier(),
                     r->getSelfShift(),
                     r->getResidualZp(),
                     r->getResidualMultiplier(),
                     r->getResidualShift(),
                     r->getSumMultiplier(),
                     r->getSumShift(),
                     r->getSumZp(),
                     r->getLeftShift(),
                     r->getLo(),
                     r->getHi()};
  if (std::optional<ArrayRef<int8_t>> table = op.getTable())
    conv.table.assign(table->begin(), table->end());
}

/// Groups whose channels are not whole blocks of 16 are joined into groups that are, with zero
/// weights between channels that do not belong together.
void NetworkBuilder::mergeGroups(sched::ConvParams &conv, int64_t inChannels, int64_t outChannels) {
  int64_t in = inChannels / conv.groups, out = outChannels / conv.groups, join = 1;
  while (conv.groups % join || (join < conv.groups && (in * join % kLanes || out * join % kLanes)))
    ++join;
  if (join == 1)
    return;
  std::vector<uint8_t> &joined = result.owned.emplace_back(
      outChannels * conv.kh * conv.kw * in * join, static_cast<uint8_t>(conv.weightZp));
  for (int64_t oc = 0; oc < outChannels; ++oc)
    for (int64_t tap = 0; tap < conv.kh * conv.kw; ++tap)
      std::copy_n(conv.weights + (oc * conv.kh * conv.kw + tap) * in, in,
                  joined.begin() + (oc * conv.kh * conv.kw + tap) * in * join +
                      oc / out % join * in);
  conv.weights = joined.data();
  conv.groups /= join;
}

/// Output phases of a transposed convolution along one axis: phase r of `stride`.
struct AxisPhase {
  int64_t out, taps, origin, first, step;
};

AxisPhase axisPhase(int64_t r, int64_t stride, int64_t pad, int64_t kernel) {
  int64_t shifted = r - pad, k0 = ((shifted % stride) + stride) % stride;
  int64_t taps = k0 < kernel ? sched::ceilDiv(kernel - k0, stride) : 0;
  int64_t base = (shifted - k0) / stride;
  if (taps == 0) // no weight reaches this phase: one tap that is always outside the input
    return {r, 0, 0, 0, 0};
  return {r, taps, base - (taps - 1), k0 + stride * (taps - 1), -stride};
}

LogicalResult NetworkBuilder::buildConv(Operation &op, sched::ConvParams &conv) {
  if (auto matmul = dyn_cast<MatmulOp>(op)) {
    conv.matmul = true;
    conv.transposeRhs = matmul.getTransposeRhs();
    conv.inZp = matmul.getLhsZp(), conv.weightZp = matmul.getRhsZp();
    conv.weightsUnsigned =
        cast<RankedTensorType>(matmul.getRhs().getType()).getElementType().isUnsignedInteger(8);
    conv.requant = requantOf(matmul.getRequant());
    if (std::optional<ArrayRef<int8_t>> table = matmul.getTable())
      conv.table.assign(table->begin(), table->end());
    conv.phases = {sched::Phase{}};
    return success();
  }
  int64_t inChannels = dimsOf(op.getOperand(0)).c, outChannels = dimsOf(op.getResult(0)).c;
  auto window = [&](auto conv2d, int64_t kh, int64_t kw) {
    conv.kh = kh, conv.kw = kw;
    conv.strideY = conv2d.getStride()[0], conv.strideX = conv2d.getStride()[1];
    conv.dilY = conv2d.getDilation()[0], conv.dilX = conv2d.getDilation()[1];
    sched::Phase phase;
    phase.kh = kh, phase.kw = kw;
    phase.y0 = -conv2d.getPad()[0], phase.x0 = -conv2d.getPad()[2];
    conv.phases = {phase};
  };
  auto weightShape = [](auto o) {
    return cast<RankedTensorType>(o.getWeights().getType()).getShape();
  };
  if (auto conv2d = dyn_cast<Conv2DOp>(op)) {
    convCommon(conv2d, conv);
    window(conv2d, weightShape(conv2d)[1], weightShape(conv2d)[2]);
    conv.groups = conv2d.getGroups();
    mergeGroups(conv, inChannels, outChannels);
  } else if (auto depthwise = dyn_cast<DepthwiseConv2DOp>(op)) {
    convCommon(depthwise, conv);
    window(depthwise, weightShape(depthwise)[0], weightShape(depthwise)[1]);
    conv.depthwise = true;
    conv.multiplier = weightShape(depthwise)[3];
  } else {
    auto transposed = cast<TransposeConv2DOp>(op);
    convCommon(transposed, conv);
    conv.kh = weightShape(transposed)[1], conv.kw = weightShape(transposed)[2];
    for (int64_t r = 0; r < transposed.getStride()[0]; ++r)
      for (int64_t s = 0; s < transposed.getStride()[1]; ++s) {
        AxisPhase y = axisPhase(r, transposed.getStride()[0], transposed.getOutPad()[0], conv.kh);
        AxisPhase x = axisPhase(s, transposed.getStride()[1], transposed.getOutPad()[2], conv.kw);
        sched::Phase p;
        p.outY = r, p.outX = s;
        p.outStepY = transposed.getStride()[0], p.outStepX = transposed.getStride()[1];
        if (y.taps == 0 || x.taps == 0) {
          Dims in = dimsOf(op.getOperand(0));
          p.kh = p.kw = 1, p.y0 = -(in.h + p.outStepY + dimsOf(op.getResult(0)).h), p.x0 = 0;
        } else {
          p.kh = y.taps, p.kw = x.taps, p.y0 = y.origin, p.x0 = x.origin;
          p.ky = y.first, p.kyStep = y.step, p.kx = x.first, p.kxStep = x.step;
        }
        conv.phases.push_back(p);
      }
  }
  return success();
}

ElementLayout elementsOf(const sched::Tensor &t) {
  return ElementLayout(t.layout, {t.n, t.h, t.w, t.c}, t.elementBytes());
}

/// The tensor of a residual or of a transposed matrix: OUTPUT and the transposing LOAD read whole
/// blocks of it, so that a dense one whose channels do not fill their last block is copied into
/// planes first.
int NetworkBuilder::wholeBlocks(Value value) {
  int dense = tensorOf(value);
  sched::Tensor t = network.tensors[dense];
  if (!t.interleaved() || t.layout.pixel % (kLanes * t.elementBytes()) == 0)
    return dense;
  auto [it, fresh] = paddedCopies.try_emplace(value, -1);
  if (!fresh)
    return it->second;
  sched::Storage storage;
  storage.name = t.name + ".padded";
  t.layout = planesOf(dimsOf(value), t.elementBytes());
  storage.bytes = t.n * t.layout.image;
  network.storages.push_back(storage);
  t.name = storage.name;
  t.storage = network.storages.size() - 1;
  network.tensors.push_back(t);
  it->second = network.tensors.size() - 1;
  sched::Layer layer;
  layer.kind = sched::Layer::Kind::Move;
  layer.name = "pad_channels_of_" + network.tensors[dense].name;
  layer.inputs = {dense};
  layer.outputs = {it->second};
  layer.move.fillBytes = t.elementBytes();
  buildCopy(elementsOf(network.tensors[dense]), elementsOf(t), layer.move);
  network.layers.push_back(std::move(layer));
  result.layerOps.push_back(nullptr);
  return it->second;
}

LogicalResult NetworkBuilder::addLayer(Operation &op) {
  sched::Layer layer;
  layer.name = nameOf(op);
  op.getLoc()->walk([&](Location loc) {
    if (auto name = dyn_cast<NameLoc>(loc))
      layer.sources.push_back(name.getName().str());
    return WalkResult::advance();
  });
  bool conv = mlir::isa<Conv2DOp, DepthwiseConv2DOp, TransposeConv2DOp, MatmulOp>(op);
  if (conv) {
    layer.kind = sched::Layer::Kind::Conv;
    layer.inputs = {tensorOf(op.getOperand(0))};
    if (auto matmul = dyn_cast<MatmulOp>(op))
      layer.inputs.push_back(matmul.getTransposeRhs() ? wholeBlocks(matmul.getRhs())
                                                      : tensorOf(matmul.getRhs()));
    auto residual = [&](auto o) {
      if (o && o.getResidual())
        layer.inputs.push_back(wholeBlocks(o.getResidual()));
    };
    residual(dyn_cast<Conv2DOp>(op));
    residual(dyn_cast<DepthwiseConv2DOp>(op));
    residual(dyn_cast<TransposeConv2DOp>(op));
    if (failed(buildConv(op, layer.conv)))
      return failure();
  } else {
    for (OpOperand &operand : op.getOpOperands())
      if (auto concat = dyn_cast<ConcatOp>(op);
          !concat || !isInPlace(concat, operand.getOperandNumber()))
        layer.inputs.push_back(tensorOf(operand.get()));
  }
  for (Value output : op.getResults())
    layer.outputs.push_back(tensorOf(output));
  if (auto vector = dyn_cast<VectorOp>(op)) {
    layer.kind = sched::Layer::Kind::Vector;
    if (failed(buildVector(vector, layer.vector)))
      return failure();
  } else if (!conv) {
    layer.kind = sched::Layer::Kind::Move;
    if (failed(buildMove(&op, layer.move)))
      return op.emitOpError("moves bytes in a way that no strided copy does");
  }
  network.layers.push_back(std::move(layer));
  result.layerOps.push_back(&op);
  return success();
}

/// Every value must have a home, and what layers other than data movement touch must be tensors.
LogicalResult checkHomes(Operation &op) {
  auto check = [&](Value value, bool written) {
    if (value.getDefiningOp<ConstOp>())
      return success();
    std::optional<Home> home = homeOf(value);
    if (!home)
      return op.emitOpError("touches a value that is promised as a view and cannot be one; run "
                            "--mla-choose-layouts first"),
             failure();
    bool fits = written ? canWrite(&op, home->layout) : canRead(&op, home->layout);
    if (isMovement(&op) || fits)
      return success();
    return op.emitOpError("touches a value whose bytes are no tensor of four strides; run "
                          "--mla-choose-layouts first"),
           failure();
  };
  if (mlir::isa<ConstOp, ReturnOp>(op))
    return success();
  for (Value operand : op.getOperands())
    if (failed(check(operand, false)))
      return failure();
  for (Value output : op.getResults())
    if (failed(check(output, true)))
      return failure();
  return success();
}

void NetworkBuilder::addResultCopies() {
  auto terminator = cast<ReturnOp>(segment.getBody().front().getTerminator());
  for (unsigned index : copies) {
    Value value = terminator.getValues()[index];
    int from = tensorOf(value);
    sched::Tensor t = network.tensors[from];
    t.name = resultName(segment, index);
    t.layout = outputLayout(value, outputDram(segment, index));
    sched::Storage storage;
    storage.kind = sched::Storage::Kind::Output;
    storage.name = t.name;
    storage.bytes = t.n * t.layout.image;
    storage.tiles = returnedTiles(index);
    network.storages.push_back(storage);
    t.storage = network.storages.size() - 1;
    network.tensors.push_back(t);
    sched::Layer layer;
    layer.kind = sched::Layer::Kind::Move;
    layer.name = "copy_" + std::to_string(index);
    layer.inputs = {from};
    layer.outputs = {int(network.tensors.size()) - 1};
    layer.move.fillBytes = t.elementBytes();
    ElementLayout source =
        value.getDefiningOp<ConstOp>() ? elementsOf(network.tensors[from]) : homeOf(value)->layout;
    ElementLayout target = value.getDefiningOp<ConstOp>()
                               ? elementsOf(t)
                               : ElementLayout(t.layout, shapeOf(value), t.elementBytes());
    buildCopy(source, target, layer.move);
    network.outputs[index] = layer.outputs[0];
    network.layers.push_back(std::move(layer));
    result.layerOps.push_back(nullptr);
  }
}

LogicalResult NetworkBuilder::run() {
  Block &body = segment.getBody().front();
  network.name = segment.getSymName().str();
  for (Operation &op : body)
    if (failed(checkHomes(op)))
      return failure();
  auto terminator = cast<ReturnOp>(body.getTerminator());
  for (auto [index, value] : llvm::enumerate(terminator.getValues())) {
    Value root = outputRoot(value);
    if (root && !returnedAt.count(root))
      returnedAt[root] = index;
    else
      copies.push_back(index);
  }
  for (BlockArgument arg : body.getArguments())
    network.inputs.push_back(tensorOf(arg));
  network.batch = body.getNumArguments() ? dimsOf(body.getArgument(0)).n : 1;
  for (Operation &op : body)
    if (isLayer(op) && failed(addLayer(op)))
      return failure();
  network.outputs.assign(terminator.getNumOperands(), -1);
  for (auto [index, value] : llvm::enumerate(terminator.getValues()))
    if (!llvm::is_contained(copies, index)) {
      network.outputs[index] = tensorOf(value);
      network.tensors[network.outputs[index]].name = resultName(segment, index);
    }
  addResultCopies();
  return success();
}

} // namespace

FailureOr<std::unique_ptr<SegmentNetwork>> afe::buildNetwork(SegmentOp segment) {
  auto result = std::make_unique<SegmentNetwork>();
  if (failed(NetworkBuilder(segment, *result).run()))
    return failure();
  sched::mergeEqualTensors(result->network);
  return std::move(result);
}

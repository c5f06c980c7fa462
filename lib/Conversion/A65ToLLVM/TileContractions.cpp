// --a65-tile-contractions: convolutions and products of bytes -> loops over tiles in registers.
//
// A product of rows is a convolution of 1 x 1 over an image of one row whose weights differ from
// image to image. LLVM vectorizes the innermost loop: its sums become vectors of partial sums.

#include "Conversion/A65ToLLVM/Passes.h"

using namespace mlir;

namespace afe::a65 {
#define GEN_PASS_DEF_TILECONTRACTIONSPASS
#include "Conversion/A65ToLLVM/Passes.h.inc"

namespace {

/// Eight sums and the six values that they take in one step fit NEON's registers several times.
constexpr int64_t kTilePixels = 2, kTileChannels = 4;

/// out[n, y, x, f] += sum in[n, y * stride + ky * dilation, …, c] * weights[n?, f, ky, kx, c].
struct Contraction {
  Value input, weights, output; ///< [N,H,W,C] [F,KH,KW,C] [N,OH,OW,F]; [N,W,C] [N,F,C] [N,OW,F]
  SmallVector<int64_t> sizes;   ///< N, OH, OW, F, KH, KW, C
  SmallVector<int64_t> strides{1, 1}, dilations{1, 1};
  bool isProduct = false; ///< of rows: no image rows, and weights of their own for each n
  bool isJoined = false;  ///< columns and channels are one dimension

  enum Size { N, OH, OW, F, KH, KW, C };
};

MemRefType typeOf(Value value) { return cast<MemRefType>(value.getType()); }

bool isOfBytes(Value input, Value weights, Value output) {
  return typeOf(input).getElementType().isInteger(8) &&
         typeOf(weights).getElementType().isInteger(8) &&
         typeOf(output).getElementType().isInteger(32);
}

std::optional<Contraction> matchConvolution(Operation *op) {
  auto conv = dyn_cast<linalg::Conv2DNhwcFhwcOp>(op);
  if (!conv || !conv.hasPureBufferSemantics())
    return std::nullopt;
  Contraction found{conv.getInputs()[0], conv.getInputs()[1], conv.getOutputs()[0], {}};
  if (!isOfBytes(found.input, found.weights, found.output))
    return std::nullopt;
  ArrayRef<int64_t> out = typeOf(found.output).getShape();
  found.sizes.assign(out.begin(), out.end());
  llvm::append_range(found.sizes, typeOf(found.weights).getShape().drop_front());
  found.strides = llvm::to_vector(conv.getStrides().getValues<int64_t>());
  found.dilations = llvm::to_vector(conv.getDilations().getValues<int64_t>());
  return found;
}

/// acc + sext(a) * sext(b).
bool isSumOfProducts(linalg::GenericOp op) {
  Block &body = op.getRegion().front();
  auto sum = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddIOp>();
  auto product = sum ? sum.getRhs().getDefiningOp<arith::MulIOp>() : arith::MulIOp();
  if (!product || sum.getLhs() != body.getArgument(2))
    return false;
  auto isOperand = [&](Value value, unsigned number) {
    auto extension = value.getDefiningOp<arith::ExtSIOp>();
    return extension && extension.getIn() == body.getArgument(number);
  };
  return isOperand(product.getLhs(), 0) && isOperand(product.getRhs(), 1);
}

std::optional<Contraction> matchProduct(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || !generic.hasPureBufferSemantics() || generic.getNumLoops() != 4 ||
      generic.getNumDpsInputs() != 2 || generic.getNumDpsInits() != 1 || !isSumOfProducts(generic))
    return std::nullopt;
  AffineExpr n, row, column, k;
  MLIRContext *context = op->getContext();
  bindDims(context, n, row, column, k);
  SmallVector<AffineMap> maps{AffineMap::get(4, 0, {n, row, k}, context),
                              AffineMap::get(4, 0, {n, column, k}, context),
                              AffineMap::get(4, 0, {n, row, column}, context)};
  if (generic.getIndexingMapsArray() != maps)
    return std::nullopt;
  Contraction found{
      generic.getDpsInputs()[0], generic.getDpsInputs()[1], generic.getDpsInits()[0], {}};
  if (!isOfBytes(found.input, found.weights, found.output))
    return std::nullopt;
  ArrayRef<int64_t> out = typeOf(found.output).getShape();
  found.sizes = {out[0], 1, out[1], out[2], 1, 1, typeOf(found.input).getDimSize(2)};
  found.isProduct = true;
  return found;
}

/// Taps of one row that follow each other in memory are one run of bytes.
void joinColumns(Contraction &it, OpBuilder &b, Location loc) {
  bool isDense =
      typeOf(it.input).getLayout().isIdentity() && typeOf(it.weights).getLayout().isIdentity();
  if (it.isProduct || it.dilations[1] != 1 || !isDense)
    return;
  SmallVector<ReassociationIndices> groups{{0}, {1}, {2, 3}};
  it.input = memref::CollapseShapeOp::create(b, loc, it.input, groups);
  it.weights = memref::CollapseShapeOp::create(b, loc, it.weights, groups);
  it.strides[1] *= it.sizes[Contraction::C]; // now counted in bytes
  it.sizes[Contraction::C] *= it.sizes[Contraction::KW];
  it.sizes[Contraction::KW] = 1;
  it.isJoined = true;
}

class TileEmitter {
public:
  TileEmitter(Contraction contraction, Operation *op)
      : it(std::move(contraction)), b(op), loc(op->getLoc()) {}

  /// The whole operation: full tiles, and narrower ones where the sizes leave a rest.
  void emit() {
    joinColumns(it, b, loc);
    int64_t pixels = it.sizes[Contraction::OW], channels = it.sizes[Contraction::F];
    for (auto [firstPixel, numPixels, tilePixels] : ranges(pixels, kTilePixels))
      for (auto [firstChannel, numChannels, tileChannels] : ranges(channels, kTileChannels))
        emitTiles(firstPixel, numPixels, tilePixels, firstChannel, numChannels, tileChannels);
  }

private:
  /// {first, count, tile}: what `tile` divides, and the rest as one tile.
  static SmallVector<std::array<int64_t, 3>> ranges(int64_t size, int64_t tile) {
    SmallVector<std::array<int64_t, 3>> parts;
    int64_t rest = size % tile;
    if (size >= tile)
      parts.push_back({0, size - rest, tile});
    if (rest)
      parts.push_back({size - rest, rest, rest});
    return parts;
  }

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value add(Value x, int64_t y) { return y ? add(x, constant(y)) : x; }
  Value times(Value x, int64_t y) {
    return y == 1 ? x : arith::MulIOp::create(b, loc, x, constant(y));
  }

  void emitTiles(int64_t firstPixel, int64_t numPixels, int64_t tilePixels, int64_t firstChannel,
                 int64_t numChannels, int64_t tileChannels) {
    OpBuilder::InsertionGuard guard(b);
    Value zero = constant(0), one = constant(1);
    SmallVector<Value> lower{zero, zero, constant(firstPixel), constant(firstChannel)};
    SmallVector<Value> upper{constant(it.sizes[Contraction::N]),
                             constant(it.sizes[Contraction::OH]), constant(firstPixel + numPixels),
                             constant(firstChannel + numChannels)};
    SmallVector<Value> steps{one, one, constant(tilePixels), constant(tileChannels)};
    auto loop = scf::ParallelOp::create(b, loc, lower, upper, steps);
    b.setInsertionPointToStart(loop.getBody());
    emitTile(loop.getInductionVars(), tilePixels, tileChannels);
  }

  void emitTile(ValueRange place, int64_t tilePixels, int64_t tileChannels) {
    SmallVector<SmallVector<Value>> targets;
    SmallVector<Value> sums;
    for (int64_t pixel = 0; pixel < tilePixels; ++pixel)
      for (int64_t channel = 0; channel < tileChannels; ++channel) {
        targets.push_back(outputIndices(place, pixel, channel));
        sums.push_back(memref::LoadOp::create(b, loc, it.output, targets.back()));
      }
    auto overRun = [&](Value ky, Value kx, ValueRange carried) {
      return loop(it.sizes[Contraction::C], carried, [&](Value c, ValueRange inner) {
        return multiply(place, ky, kx, c, tilePixels, tileChannels, inner);
      });
    };
    auto overColumns = [&](Value ky, ValueRange carried) {
      return loop(it.sizes[Contraction::KW], carried,
                  [&](Value kx, ValueRange inner) { return overRun(ky, kx, inner); });
    };
    sums = loop(it.sizes[Contraction::KH], sums, overColumns);
    for (auto [sum, target] : llvm::zip(sums, targets))
      memref::StoreOp::create(b, loc, sum, it.output, target);
  }

  using Body = llvm::function_ref<SmallVector<Value>(Value, ValueRange)>;

  /// A loop that carries values; a loop of one iteration is its body.
  SmallVector<Value> loop(int64_t count, ValueRange carried, Body body) {
    Value zero = constant(0);
    if (count == 1)
      return body(zero, carried);
    auto made = scf::ForOp::create(b, loc, zero, constant(count), constant(1), carried);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(made.getBody());
    SmallVector<Value> results = body(made.getInductionVar(), made.getRegionIterArgs());
    scf::YieldOp::create(b, loc, results);
    return SmallVector<Value>(made.getResults());
  }

  /// One step of all sums of the tile; each byte is loaded and extended once.
  SmallVector<Value> multiply(ValueRange place, Value ky, Value kx, Value c, int64_t tilePixels,
                              int64_t tileChannels, ValueRange sums) {
    auto load = [&](Value buffer, ValueRange indices) -> Value {
      Value byte = memref::LoadOp::create(b, loc, buffer, indices);
      return arith::ExtSIOp::create(b, loc, b.getI32Type(), byte);
    };
    SmallVector<Value> pixels, weights, next;
    for (int64_t pixel = 0; pixel < tilePixels; ++pixel)
      pixels.push_back(load(it.input, inputIndices(place, pixel, ky, kx, c)));
    for (int64_t channel = 0; channel < tileChannels; ++channel)
      weights.push_back(load(it.weights, weightIndices(place, channel, ky, kx, c)));
    for (auto [number, sum] : llvm::enumerate(sums)) {
      Value product = arith::MulIOp::create(b, loc, pixels[number / tileChannels],
                                            weights[number % tileChannels]);
      next.push_back(add(sum, product));
    }
    return next;
  }

  SmallVector<Value> outputIndices(ValueRange place, int64_t pixel, int64_t channel) {
    Value x = add(place[2], pixel), f = add(place[3], channel);
    if (it.isProduct)
      return {place[0], x, f};
    return {place[0], place[1], x, f};
  }

  SmallVector<Value> inputIndices(ValueRange place, int64_t pixel, Value ky, Value kx, Value c) {
    Value x = add(place[2], pixel);
    if (it.isProduct)
      return {place[0], x, c};
    Value row = add(times(place[1], it.strides[0]), times(ky, it.dilations[0]));
    Value column = times(x, it.strides[1]);
    if (it.isJoined)
      return {place[0], row, add(column, c)};
    return {place[0], row, add(column, times(kx, it.dilations[1])), c};
  }

  SmallVector<Value> weightIndices(ValueRange place, int64_t channel, Value ky, Value kx, Value c) {
    Value f = add(place[3], channel);
    if (it.isProduct)
      return {place[0], f, c};
    if (it.isJoined)
      return {f, ky, c};
    return {f, ky, kx, c};
  }

  Contraction it;
  OpBuilder b;
  Location loc;
};

struct TileContractionsPass : impl::TileContractionsPassBase<TileContractionsPass> {
  void runOnOperation() override {
    getOperation().walk([&](Operation *op) {
      std::optional<Contraction> found = matchConvolution(op);
      if (!found)
        found = matchProduct(op);
      if (!found)
        return;
      TileEmitter(*found, op).emit();
      op->erase();
      ++contractions;
    });
  }
};

} // namespace
} // namespace afe::a65

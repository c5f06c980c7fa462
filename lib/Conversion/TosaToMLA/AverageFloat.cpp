// f32 average pooling of a dequantized tensor, as the ONNX importer writes it: each column of the
// window is summed from top to bottom, the columns are added from left to right, the sum is divided
// by the number of taps. The order of these additions decides codes, so integer sums would not do:
// each tap is a strided slice of the 8-bit tensor, and vector programs of up to four inputs add
// them in order.

#include "Conversion/TosaToMLA/Constants.h"
#include "Conversion/TosaToMLA/Idioms.h"
#include "Conversion/TosaToMLA/Lanes.h"
#include "Conversion/TosaToMLA/Lowering.h"
#include "Conversion/TosaToMLA/Tensors.h"
#include "Conversion/TosaToMLA/VectorBuilder.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace afe {
namespace {

/// The f32 value of every code of an int8 tensor, by code & 255.
using Values = SmallVector<float>;

std::optional<Values> valuesOf(const CustomOp &op) {
  tosa::CustomOp custom = op.op;
  if (!elementOf(custom->getOperand(0)).isInteger(8))
    return std::nullopt;
  Values values(256);
  if (custom.getOperatorName() == "dequantize") {
    auto scale = op.number("scale");
    auto zp = op.integer("zero_point");
    if (!scale || !zp)
      return std::nullopt;
    for (int index = 0; index < 256; ++index)
      values[index] = static_cast<float>(static_cast<int8_t>(index) - *zp) * *scale;
    return values;
  }
  auto table =
      custom.getOperatorName() == "qdq.lookup" ? readFloats(custom->getOperand(1)) : std::nullopt;
  if (!table || table->size() != 256)
    return std::nullopt;
  for (int index = 0; index < 256; ++index)
    values[index] = (*table)[(index + 128) & 255];
  return values;
}

/// Adds the taps of one pooling; see the file's comment.
class TapSum {
public:
  TapSum(tosa::AvgPool2dOp op, Value codes, const Values &values, ConstantPool &constants)
      : op(op), at(op), codes(codes), constants(constants) {
    for (float value : values)
      bits.push_back(bitsOf(value));
    startProgram();
  }

  Value run();

private:
  int64_t kernelRows() const { return tosa::AvgPool2dOp(op).getKernel()[0]; }
  int64_t kernelCols() const { return tosa::AvgPool2dOp(op).getKernel()[1]; }
  int64_t room() const { return kMaxVectorInputs - int64_t(program->inputs().size()); }
  void startProgram() {
    program = std::make_unique<VectorBuilder>(op.getContext(), op.getLoc());
    total = {};
  }
  /// Ends the program; its f32 result is the first input of the next one.
  bool flush();
  Value emit(Value lane);
  Value tap(int64_t row, int64_t col);
  Value tapLane(VectorBuilder &b, int64_t row, int64_t col) {
    return b.toF32<mla::VTable32Op>(b.input(tap(row, col)), ArrayRef<int32_t>(bits));
  }
  Value longColumn(int64_t col);
  bool addColumn(int64_t col);
  Value divisor();

  tosa::AvgPool2dOp op;
  OpBuilder at;
  Value codes;
  ConstantPool &constants;
  SmallVector<int32_t> bits;
  std::unique_ptr<VectorBuilder> program;
  Value total; ///< lane of the sum so far, in `program`
};

Value TapSum::emit(Value lane) {
  auto type = cast<RankedTensorType>(op.getType()).clone(at.getF32Type());
  return program->close(lane) ? program->create(at, TypeRange(type)).getOutputs()[0] : Value();
}

bool TapSum::flush() {
  Value sum = emit(total);
  startProgram();
  if (sum)
    total = program->input(sum);
  return sum != nullptr;
}

/// The codes that tap (row, col) of every window reads.
Value TapSum::tap(int64_t row, int64_t col) {
  auto shape = llvm::to_vector(cast<RankedTensorType>(op.getType()).getShape());
  auto type = cast<RankedTensorType>(codes.getType()).clone(shape);
  SmallVector<int64_t> strides{1, op.getStride()[0], op.getStride()[1], 1};
  return mla::SliceOp::create(at, op.getLoc(), type, codes, ArrayRef<int64_t>{0, row, col, 0},
                              shape, at.getDenseI64ArrayAttr(strides), StringAttr());
}

/// The sum of a column too long for one program beside a total, as a tensor.
Value TapSum::longColumn(int64_t col) {
  Value sum;
  for (int64_t row = 0; row < kernelRows();) {
    VectorBuilder b(op.getContext(), op.getLoc());
    Value lane = sum ? b.input(sum) : Value();
    while (row < kernelRows() && int64_t(b.inputs().size()) < kMaxVectorInputs) {
      Value next = tapLane(b, row++, col);
      lane = lane ? b.add(lane, next) : next;
    }
    auto type = cast<RankedTensorType>(op.getType()).clone(at.getF32Type());
    sum = b.close(lane) ? b.create(at, TypeRange(type)).getOutputs()[0] : Value();
    if (!sum)
      return {};
  }
  return sum;
}

bool TapSum::addColumn(int64_t col) {
  bool isLong = kernelRows() > kMaxVectorInputs - 1;
  if (room() < (isLong ? 1 : kernelRows()) && !flush())
    return false;
  Value column;
  if (isLong) {
    Value sum = longColumn(col);
    column = sum ? program->input(sum) : Value();
  } else {
    for (int64_t row = 0; row < kernelRows(); ++row) {
      Value next = tapLane(*program, row, col);
      column = column ? program->add(column, next) : next;
    }
  }
  if (!column)
    return false;
  total = total ? program->add(total, column) : column;
  return true;
}

/// The lane of the number of existing taps: a constant, or an input over rows and columns.
Value TapSum::divisor() {
  auto input = cast<RankedTensorType>(op.getInput().getType()).getShape();
  auto output = cast<RankedTensorType>(op.getType()).getShape();
  auto existing = [&](int axis, int64_t out) {
    int64_t first = out * op.getStride()[axis] - op.getPad()[2 * axis];
    int64_t last = std::min(first + op.getKernel()[axis], input[1 + axis]);
    return last - std::max<int64_t>(first, 0);
  };
  SmallVector<float> counts;
  for (int64_t row = 0; row < output[1]; ++row)
    for (int64_t col = 0; col < output[2]; ++col)
      counts.push_back(existing(0, row) * existing(1, col));
  if (llvm::all_equal(counts))
    return program->f32(counts.front());
  if (room() < 1 && !flush())
    return {};
  auto type = RankedTensorType::get({1, output[1], output[2], 1}, at.getF32Type());
  auto elements = DenseElementsAttr::get(type, ArrayRef<float>(counts));
  return program->input(constants.get(op.getLoc(), cast<ElementsAttr>(elements)));
}

Value TapSum::run() {
  for (int64_t col = 0; col < kernelCols(); ++col)
    if (!addColumn(col))
      return {};
  Value count = divisor(); // may end the program, and with it replace `total`
  return count ? emit(program->div(total, count)) : Value();
}

/// The int8 tensor with the padding written out, filled with a code that stands for 0; null where
/// none does.
Value paddedCodes(tosa::AvgPool2dOp op, Value codes, const Values &values) {
  auto pad = op.getPad();
  if (llvm::all_of(pad, [](int64_t n) { return n == 0; }))
    return codes;
  auto zero = llvm::find(values, 0.0f);
  if (zero == values.end())
    return {};
  auto type = cast<RankedTensorType>(codes.getType());
  auto shape = llvm::to_vector(type.getShape());
  shape[1] += pad[0] + pad[1];
  shape[2] += pad[2] + pad[3];
  OpBuilder b(op);
  int32_t code = static_cast<int8_t>(zero - values.begin());
  return mla::PadOp::create(
      b, op.getLoc(), type.clone(shape), codes, ArrayRef<int64_t>{0, pad[0], pad[2], 0},
      ArrayRef<int64_t>{0, pad[1], pad[3], 0}, static_cast<uint32_t>(code), StringAttr());
}

/// Many taps would be many programs: such poolings are left to the host.
constexpr int64_t kMaxTaps = 64;

} // namespace

void lowerFloatAverages(func::FuncOp func, ConstantPool &constants) {
  SmallVector<tosa::AvgPool2dOp> pools(func.getBody().front().getOps<tosa::AvgPool2dOp>());
  for (tosa::AvgPool2dOp op : pools) {
    auto source = matchCustom(op.getInput().getDefiningOp());
    auto values = source ? valuesOf(*source) : std::nullopt;
    bool feedsLanes = llvm::all_of(op->getUsers(), isLaneOp);
    if (!values || !feedsLanes || !getElementTypeOrSelf(op.getType()).isF32() ||
        op.getKernel()[0] * op.getKernel()[1] > kMaxTaps)
      continue;
    if (Value codes = paddedCodes(op, source->op->getOperand(0), *values))
      if (Value mean = TapSum(op, codes, *values, constants).run())
        op.replaceAllUsesWith(mean);
  }
  eraseDead(func);
}

} // namespace afe

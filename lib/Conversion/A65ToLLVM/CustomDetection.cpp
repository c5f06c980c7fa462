// litert.detection_postprocess: boxes from anchors, then non-maximum suppression, as loops.
//
// The kernel sorts the candidates by score (stable) and takes them in that order, dropping those
// that overlap a taken one. Here the best remaining candidate is searched for every detection,
// the first of equal ones: the same choice, without sorting thousands of boxes for ten results.
// A candidate that is out (below the threshold, taken, or suppressed) has the score -infinity.

#include "Conversion/A65ToLLVM/LoopBuilder.h"
#include "Conversion/A65ToLLVM/Lowering.h"

#include <limits>

using namespace mlir;

namespace afe::a65 {
namespace {

using arith::CmpFPredicate;
using arith::CmpIPredicate;

constexpr float kOut = -std::numeric_limits<float>::infinity();

struct Settings {
  int64_t maxDetections, maxClasses, detectionsPerClass, numClasses;
  bool isRegular;
  float scoreThreshold, iouThreshold;
  float yScale, xScale, hScale, wScale;

  static std::optional<Settings> read(const CustomOp &op);
  int64_t numRows() const { return maxDetections * maxClasses; }
};

std::optional<Settings> Settings::read(const CustomOp &op) {
  auto maxDetections = op.integer("max_detections"), maxClasses = op.integer("max_classes");
  auto perClass = op.integer("detections_per_class"), classes = op.integer("num_classes");
  auto score = op.number("score_threshold"), iou = op.number("iou_threshold");
  auto y = op.number("y_scale"), x = op.number("x_scale");
  auto h = op.number("h_scale"), w = op.number("w_scale");
  constexpr int64_t kMost = 1 << 20;
  for (auto count : {maxDetections, maxClasses, perClass, classes})
    if (!count || *count < 1 || *count > kMost)
      return std::nullopt;
  if (!score || !iou || !y || !x || !h || !w)
    return std::nullopt;
  return Settings{*maxDetections,
                  *maxClasses,
                  *perClass,
                  *classes,
                  op.flag("regular"),
                  *score,
                  *iou,
                  *y,
                  *x,
                  *h,
                  *w};
}

/// The operator's code: buffers of the whole batch, and what one image needs.
class Detection {
public:
  Detection(const Settings &settings, Operation *op);
  SmallVector<Value> build();

private:
  void decode(Value image);
  Value decodeCentre(Value image, Value box, int64_t coordinate, float scale);
  Value decodeHalf(Value image, Value box, int64_t coordinate, float scale);
  Value candidate(Value score);
  void suppress(int64_t limit, llvm::function_ref<void(Value, Value, Value)> onSelect);
  void dropOverlapping(Value box);
  Value area(Value box);
  Value overlap(Value box, Value other, Value boxArea);
  void runFast(Value image);
  void fillClasses(Value image, Value box, Value detection);
  void runRegular(Value image);
  void insert(Value score, Value box, Value label);
  void writeRow(Value image, Value row, Value box, Value label, Value score);
  Value score(Value image, Value box, Value label);

  Settings s;
  LoopBuilder b;
  Value encodings, scores, anchors;        ///< operands
  Value boxes, classes, rowScores, counts; ///< results
  Value corners, remaining;                ///< of one image: decoded boxes, candidates' scores
  Value listScores, listBoxes, listLabels, listSize; ///< regular suppression's sorted list
  int64_t batch, numBoxes, labelOffset;
};

Detection::Detection(const Settings &settings, Operation *op) : s(settings), b(op) {
  auto shape = cast<RankedTensorType>(op->getOperand(1).getType()).getShape();
  batch = shape[0], numBoxes = shape[1], labelOffset = shape[2] - s.numClasses;
  encodings = b.bufferOf(op->getOperand(0));
  scores = b.bufferOf(op->getOperand(1));
  anchors = b.bufferOf(op->getOperand(2));
  Type f32 = b.b.getF32Type(), index = b.b.getIndexType();
  boxes = b.allocate({batch, s.numRows(), 4}, f32);
  classes = b.allocate({batch, s.numRows()}, f32);
  rowScores = b.allocate({batch, s.numRows()}, f32);
  counts = b.allocate({batch}, f32);
  corners = b.allocate({numBoxes, 4}, f32);
  remaining = b.allocate({numBoxes}, f32);
  if (!s.isRegular)
    return;
  listScores = b.allocate({s.maxDetections}, f32);
  listBoxes = b.allocate({s.maxDetections}, index);
  listLabels = b.allocate({s.maxDetections}, index);
  listSize = b.allocate({1}, index);
}

/// The centre of a box along one axis: in f64, rounded once.
Value Detection::decodeCentre(Value image, Value box, int64_t coordinate, float scale) {
  Value encoded = b.widen(b.load(encodings, {image, box, b.index(coordinate)}));
  Value anchor = b.widen(b.load(anchors, {box, b.index(coordinate)}));
  Value size = b.widen(b.load(anchors, {box, b.index(coordinate + 2)}));
  Value moved = b.make<arith::MulFOp>(b.make<arith::DivFOp>(encoded, b.f64(scale)), size);
  return b.narrow(b.make<arith::AddFOp>(moved, anchor));
}

/// Half the size of a box along one axis: in f64, rounded once.
Value Detection::decodeHalf(Value image, Value box, int64_t coordinate, float scale) {
  Value encoded = b.widen(b.load(encodings, {image, box, b.index(coordinate + 2)}));
  Value size = b.widen(b.load(anchors, {box, b.index(coordinate + 2)}));
  Value growth = b.make<math::ExpOp>(b.make<arith::DivFOp>(encoded, b.f64(scale)));
  return b.narrow(b.make<arith::MulFOp>(b.make<arith::MulFOp>(b.f64(0.5), growth), size));
}

void Detection::decode(Value image) {
  const float scales[2][2] = {{s.yScale, s.hScale}, {s.xScale, s.wScale}};
  b.forEach(b.index(numBoxes), [&](Value box) {
    for (int64_t axis : {0, 1}) {
      Value centre = decodeCentre(image, box, axis, scales[axis][0]);
      Value half = decodeHalf(image, box, axis, scales[axis][1]);
      b.store(b.make<arith::SubFOp>(centre, half), corners, {box, b.index(axis)});
      b.store(b.make<arith::AddFOp>(centre, half), corners, {box, b.index(axis + 2)});
    }
  });
}

Value Detection::score(Value image, Value box, Value label) {
  Value column = b.make<arith::AddIOp>(label, b.index(labelOffset));
  return b.load(scores, {image, box, column});
}

/// The score, or "out" below the threshold.
Value Detection::candidate(Value score) {
  Value isKept = b.compare(CmpFPredicate::OGE, score, b.f32(s.scoreThreshold));
  return b.make<arith::SelectOp>(isKept, score, b.f32(kOut));
}

/// Takes the best remaining box up to `limit` times; onSelect(box, score, number of the box).
void Detection::suppress(int64_t limit, llvm::function_ref<void(Value, Value, Value)> onSelect) {
  b.forEach(b.index(limit), [&](Value number) {
    auto best = b.fold(b.index(numBoxes), {b.f32(kOut), b.index(0)},
                       [&](Value box, ValueRange sofar) -> SmallVector<Value> {
                         Value score = b.load(remaining, box);
                         Value isBetter = b.compare(CmpFPredicate::OGT, score, sofar[0]);
                         return {b.make<arith::SelectOp>(isBetter, score, sofar[0]),
                                 b.make<arith::SelectOp>(isBetter, box, sofar[1])};
                       });
    b.when(b.compare(CmpFPredicate::OGT, best[0], b.f32(kOut)), [&] {
      onSelect(best[1], best[0], number);
      b.store(b.f32(kOut), remaining, best[1]);
      dropOverlapping(best[1]);
    });
  });
}

Value Detection::area(Value box) {
  auto corner = [&](int64_t index) { return b.load(corners, {box, b.index(index)}); };
  return b.make<arith::MulFOp>(b.make<arith::SubFOp>(corner(2), corner(0)),
                               b.make<arith::SubFOp>(corner(3), corner(1)));
}

/// Whether intersection over union is above the threshold; boxes without an area overlap nothing.
Value Detection::overlap(Value box, Value other, Value boxArea) {
  Value zero = b.f32(0), otherArea = area(other);
  auto corner = [&](Value of, int64_t index) { return b.load(corners, {of, b.index(index)}); };
  auto extent = [&](int64_t axis) {
    Value low = b.make<arith::MaximumFOp>(corner(box, axis), corner(other, axis));
    Value high = b.make<arith::MinimumFOp>(corner(box, axis + 2), corner(other, axis + 2));
    return b.make<arith::MaximumFOp>(b.make<arith::SubFOp>(high, low), zero);
  };
  Value common = b.make<arith::MulFOp>(extent(0), extent(1));
  Value both = b.make<arith::AddFOp>(boxArea, otherArea);
  Value ratio = b.make<arith::DivFOp>(common, b.make<arith::SubFOp>(both, common));
  Value isLarge = b.compare(CmpFPredicate::OGT, ratio, b.f32(s.iouThreshold));
  Value hasArea = b.make<arith::AndIOp>(b.compare(CmpFPredicate::OGT, boxArea, zero),
                                        b.compare(CmpFPredicate::OGT, otherArea, zero));
  return b.make<arith::AndIOp>(isLarge, hasArea);
}

void Detection::dropOverlapping(Value box) {
  Value boxArea = area(box);
  b.forEach(b.index(numBoxes), [&](Value other) {
    Value old = b.load(remaining, other);
    Value now = b.make<arith::SelectOp>(overlap(box, other, boxArea), b.f32(kOut), old);
    b.store(now, remaining, other);
  });
}

void Detection::writeRow(Value image, Value row, Value box, Value label, Value score) {
  for (int64_t corner = 0; corner < 4; ++corner)
    b.store(b.load(corners, {box, b.index(corner)}), boxes, {image, row, b.index(corner)});
  b.store(b.toFloat(label), classes, {image, row});
  b.store(score, rowScores, {image, row});
}

/// Every box once, with its best class's score; its best classes share its place.
void Detection::runFast(Value image) {
  b.forEach(b.index(numBoxes), [&](Value box) {
    auto best = b.fold(b.index(s.numClasses), {b.f32(kOut)},
                       [&](Value label, ValueRange sofar) -> SmallVector<Value> {
                         Value value = score(image, box, label);
                         return {b.make<arith::MaxNumFOp>(sofar[0], value)};
                       });
    b.store(candidate(best[0]), remaining, box);
  });
  suppress(s.maxDetections, [&](Value box, Value, Value number) {
    fillClasses(image, box, number);
    Value count = b.make<arith::AddIOp>(number, b.index(1));
    b.store(b.toFloat(count), counts, image);
  });
}

/// The box's classes by falling score, the smaller class first among equal ones.
void Detection::fillClasses(Value image, Value box, Value detection) {
  Value first = b.make<arith::MulIOp>(detection, b.index(s.maxClasses));
  Value start = b.f32(std::numeric_limits<float>::infinity());
  int64_t count = std::min(s.maxClasses, s.numClasses);
  b.fold(b.index(count), {start, b.index(0)}, [&](Value column, ValueRange last) {
    // Among the classes behind the last one in that order: the first.
    auto best = b.fold(b.index(s.numClasses), {b.f32(kOut), b.index(0)},
                       [&](Value label, ValueRange sofar) -> SmallVector<Value> {
                         Value value = score(image, box, label);
                         Value isLess = b.compare(CmpFPredicate::OLT, value, last[0]);
                         Value isEqual = b.compare(CmpFPredicate::OEQ, value, last[0]);
                         Value isLater = b.compare(CmpIPredicate::ugt, label, last[1]);
                         Value isLeft =
                             b.make<arith::OrIOp>(isLess, b.make<arith::AndIOp>(isEqual, isLater));
                         Value isBetter = b.compare(CmpFPredicate::OGT, value, sofar[0]);
                         Value takes = b.make<arith::AndIOp>(isLeft, isBetter);
                         return {b.make<arith::SelectOp>(takes, value, sofar[0]),
                                 b.make<arith::SelectOp>(takes, label, sofar[1])};
                       });
    writeRow(image, b.make<arith::AddIOp>(first, column), box, best[1], best[0]);
    return best;
  });
}

/// Puts a detection behind all that are at least as good; the list keeps the best of all.
void Detection::insert(Value score, Value box, Value label) {
  Value zero = b.index(0), one = b.index(1), capacity = b.index(s.maxDetections);
  Value size = b.load(listSize, zero);
  auto place = b.fold(size, {zero}, [&](Value entry, ValueRange sofar) -> SmallVector<Value> {
    Value isGood = b.compare(CmpFPredicate::OGE, b.load(listScores, entry), score);
    return {b.make<arith::SelectOp>(isGood, b.make<arith::AddIOp>(entry, one), sofar[0])};
  });
  b.when(b.compare(CmpIPredicate::ult, place[0], capacity), [&] {
    Value grown = b.make<arith::AddIOp>(size, one);
    Value isFull = b.compare(CmpIPredicate::ugt, grown, capacity);
    grown = b.make<arith::SelectOp>(isFull, capacity, grown);
    Value last = b.make<arith::SubIOp>(grown, one);
    b.forEach(b.make<arith::SubIOp>(last, place[0]), [&](Value step) {
      Value to = b.make<arith::SubIOp>(last, step), from = b.make<arith::SubIOp>(to, one);
      for (Value list : {listScores, listBoxes, listLabels})
        b.store(b.load(list, from), list, to);
    });
    b.store(score, listScores, place[0]);
    b.store(box, listBoxes, place[0]);
    b.store(label, listLabels, place[0]);
    b.store(grown, listSize, zero);
  });
}

/// Suppression within every class; the best detections of all classes.
void Detection::runRegular(Value image) {
  b.store(b.index(0), listSize, b.index(0));
  b.forEach(b.index(s.numClasses), [&](Value label) {
    b.forEach(b.index(numBoxes),
              [&](Value box) { b.store(candidate(score(image, box, label)), remaining, box); });
    suppress(std::min(s.detectionsPerClass, s.maxDetections),
             [&](Value box, Value score, Value) { insert(score, box, label); });
  });
  Value size = b.load(listSize, b.index(0));
  b.forEach(size, [&](Value row) {
    writeRow(image, row, b.load(listBoxes, row), b.load(listLabels, row), b.load(listScores, row));
  });
  b.store(b.toFloat(size), counts, image);
}

SmallVector<Value> Detection::build() {
  for (Value result : {boxes, classes, rowScores, counts})
    b.fill(result, b.f32(0));
  b.forEach(b.index(batch), [&](Value image) {
    decode(image);
    s.isRegular ? runRegular(image) : runFast(image);
  });
  SmallVector<Value> tensors;
  for (Value result : {boxes, classes, rowScores, counts})
    tensors.push_back(b.tensorOf(result));
  return tensors;
}

/// Shapes that belong together, f32 everywhere.
bool fits(Operation *op, const Settings &s) {
  if (op->getNumOperands() != 3 || op->getNumResults() != 4)
    return false;
  auto shapeOf = [](Value value) { return cast<RankedTensorType>(value.getType()).getShape(); };
  for (Type type : llvm::concat<Type>(llvm::to_vector(op->getOperandTypes()),
                                      llvm::to_vector(op->getResultTypes())))
    if (!isa<RankedTensorType>(type) || !getElementTypeOrSelf(type).isF32())
      return false;
  auto encodings = shapeOf(op->getOperand(0)), scores = shapeOf(op->getOperand(1));
  auto anchors = shapeOf(op->getOperand(2));
  if (encodings.size() != 3 || scores.size() != 3 || anchors.size() != 2)
    return false;
  int64_t batch = encodings[0], offset = scores[2] - s.numClasses;
  return encodings[2] >= 4 && scores[0] == batch && scores[1] == encodings[1] &&
         anchors == ArrayRef<int64_t>{encodings[1], 4} && (offset == 0 || offset == 1) &&
         shapeOf(op->getResult(0)) == ArrayRef<int64_t>{batch, s.numRows(), 4} &&
         shapeOf(op->getResult(1)) == ArrayRef<int64_t>{batch, s.numRows()} &&
         shapeOf(op->getResult(2)) == ArrayRef<int64_t>{batch, s.numRows()} &&
         shapeOf(op->getResult(3)) == ArrayRef<int64_t>{batch};
}

} // namespace

SmallVector<Value> lowerDetection(const CustomOp &op, std::string &problem) {
  auto settings = Settings::read(op);
  if (!settings || !fits(op.op, *settings)) {
    problem = "needs f32 box encodings, scores and anchors of shapes that belong together, and "
              "positive numbers of detections and classes";
    return {};
  }
  return Detection(*settings, op.op).build();
}

} // namespace afe::a65

// The scheduling problem: a straight list of layers over tensors with byte layouts. Built from a
// segment's layer operations (lib/Transforms), independent of MLIR, read by the planner, the
// placer, the emitter and the lower bound.
#pragma once

#include "Encoding/Codec.h"
#include "Encoding/Isa.h"
#include "Scheduling/DramTiles.h"
#include "Scheduling/StridedCopy.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace afe::sched {

constexpr int64_t kLanes = 16; ///< channels of a block

inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t roundUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }

/// Byte strides of a tensor inside its storage. Where `group` is not 0, images lie in groups of so
/// many, `groupStride` apart (the heads of several images); matrix products alone read such
/// tensors, image by image.
struct Layout {
  int64_t offset = 0, image = 0, row = 0, pixel = 0, block = 0;
  int64_t group = 0, groupStride = 0;

  int64_t imageOffset(int64_t n) const {
    return group ? n / group * groupStride + n % group * image : n * image;
  }
};

/// Bytes that are allocated as one; several tensors may be views of it (concatenation, slices).
struct Storage {
  enum class Kind { Intermediate, Input, Output, Constant };
  Kind kind = Kind::Intermediate;
  std::string name;
  int64_t bytes = 0;
  const uint8_t *data = nullptr;                 ///< Constant: its bytes, owned by the caller
  std::optional<DramTiles> tiles = std::nullopt; ///< Input, Output: as stated by the user
};

struct Tensor {
  std::string name;
  int64_t n = 1, h = 1, w = 1, c = 1;
  isa::ElementType type = isa::ElementType::I8;
  int storage = -1;
  Layout layout;

  int64_t elementBytes() const {
    return type == isa::ElementType::I32 ? 4 : type == isa::ElementType::I16 ? 2 : 1;
  }
  int64_t blocks() const { return ceilDiv(c, kLanes); }
  /// Channels are adjacent across blocks (HWC order), not in planes of 16.
  bool interleaved() const { return layout.block == kLanes * elementBytes(); }
};

struct RequantParams {
  isa::Requant mode = isa::Requant::None;
  std::vector<int32_t> multipliers; ///< one, or one per output channel; F32_RNE: f32 bits
  std::vector<int8_t> shifts;
  int32_t zp = 0, lo = -128, hi = 127;
};

struct ResidualParams {
  isa::Residual mode = isa::Residual::None;
  int32_t selfZp = 0, selfMultiplier = 0, selfShift = 0;
  int32_t residualZp = 0, residualMultiplier = 0, residualShift = 0;
  int32_t sumMultiplier = 0, sumShift = 0, sumZp = 0, leftShift = 0, lo = -128, hi = 127;
};

/// One dense sub-convolution: an ordinary convolution has one, a transposed one has one per output
/// phase. Phase row j is output row outY + j * outStepY; its tap i reads input row
/// y0 + j * strideY + i * dilY with weight row ky + i * kyStep (columns alike).
struct Phase {
  int64_t outY = 0, outX = 0, outStepY = 1, outStepX = 1;
  int64_t kh = 1, kw = 1, y0 = 0, x0 = 0;
  int64_t ky = 0, kx = 0, kyStep = 1, kxStep = 1;
};

/// TENSOR and OUTPUT work: inputs = {input}, or {input, residual}; matmul {lhs, rhs}.
struct ConvParams {
  bool depthwise = false, matmul = false, transposeRhs = false;
  int64_t multiplier = 1, groups = 1;
  int64_t kh = 1, kw = 1; ///< extent of the weights in memory
  int64_t strideY = 1, strideX = 1, dilY = 1, dilX = 1;
  std::vector<Phase> phases;
  int32_t inZp = 0, weightZp = 0;
  bool weightsUnsigned = false;
  const uint8_t *weights = nullptr; ///< [OC][KH][KW][IC/groups], depthwise [KH][KW][C][M]
  isa::SymbolCode code;             ///< of the weights, from makeWeightCodes(); else empty
  std::vector<int32_t> bias;        ///< per output channel, or empty
  RequantParams requant;
  ResidualParams residual;
  std::vector<uint8_t> table; ///< 256 bytes indexed by the value's low byte, or empty
};

/// Where a gather reads operand 0, if that is known: per output row and column the position in
/// units of 2^-bits. The positions are operands; a tile gets those that count from its own part of
/// operand 0.
struct Gather {
  std::vector<int32_t> rows, cols;
  int rowOperand = -1, colOperand = -1; ///< numbers of the operands; -1: positions are not known
  int64_t bits = 0;
};

/// VECTOR work: a micro-program with its tables.
struct VectorParams {
  std::vector<uint8_t> program; ///< micro-operations, then tables, as they lie in L1
  int64_t length = 0, cost = 0, rowCost = 0, channelCost = 0;
  bool window = false, gathers = false, reducesChannels = false, reducesPixels = false;
  bool usesChannelIndex = false; ///< a block must hold all channels
  int64_t kh = 0, kw = 0, strideY = 1, strideX = 1, dilY = 1, dilX = 1, padTop = 0, padLeft = 0;
  Tensor domain; ///< its extents are those the program runs over; it has no storage
  Gather gather;
  int64_t boundWork = 0; ///< elements times cycles of the lower bound's vector term
};

/// Bytes moved from an input's storage to the output's: a run inside loops, innermost in the
/// destination first. Where `padTo` is not 0, the run with the first `laneLoops` loops is continued
/// with `fill` up to so many bytes.
struct MoveCopy {
  int input = 0; ///< index in Layer::inputs, or -1: every byte is `fill`
  StridedCopy copy;
  int64_t laneLoops = 0, padTo = 0;
};
struct MoveParams {
  std::vector<MoveCopy> copies; ///< disjoint in the destination
  int64_t fill = 0;             ///< an element
  int64_t fillBytes = 1;        ///< its size
};

struct Layer {
  enum class Kind { Conv, Vector, Move };
  Kind kind = Kind::Conv;
  std::string name;
  std::vector<std::string> sources;
  std::vector<int> inputs, outputs; ///< tensor indices
  ConvParams conv;
  VectorParams vector;
  MoveParams move;
};

struct Network {
  std::string name;
  int64_t batch = 1;
  std::vector<Storage> storages;
  std::vector<Tensor> tensors;
  std::vector<Layer> layers;        ///< in execution order
  std::vector<int> inputs, outputs; ///< tensors that pass through DRAM
};

/// Layers name one tensor where several are the same box of a storage in the same layout: a reshape
/// in between is nothing to the scheduler.
void mergeEqualTensors(Network &network);

} // namespace afe::sched

// A cascade: consecutive layers computed tile by tile, depth first, so that what they hand to each
// other never leaves L1. Its geometry: which tensors are loaded, kept and stored, and which rows of
// each a tile of the last layer's output needs (halos are computed again by every tile).
#pragma once

#include "Scheduling/ConvShape.h"

#include <climits>
#include <map>
#include <optional>

namespace afe::sched {

/// Which layers make and read each tensor, and which tensors share a storage.
struct TensorUses {
  explicit TensorUses(const Network &network);
  std::vector<int> producer;               ///< per tensor: layer, -1 for inputs and constants
  std::vector<std::vector<int>> consumers; ///< per tensor, ascending
  std::vector<std::vector<int>> views;     ///< per storage: the tensors in it that are used
  /// Per tensor: channel blocks of its storage in front of it, where all views of the storage are
  /// planes of the same pixels (the parts of a concatenation); else -1.
  std::vector<int64_t> plane;
  /// The views of the tensor's storage that have blocks in common with it, itself included.
  std::vector<int> overlapping(const Network &network, int tensor) const;
};

/// Images [n0, n1) and rows [y0, y1) of the last layer's output.
struct CascadeTile {
  int64_t n0, n1, y0, y1;
};

/// Channel blocks [b0, b1).
struct BlockRange {
  int64_t b0, b1;
};

/// A tensor of a cascade: made by a layer of it, or read by one. What is read may be made inside in
/// parts (a concatenation) or be a part of what is made (a slice); the rest of it is loaded.
struct CascadeTensor {
  int tensor = -1;
  int slot = -1;          ///< which of the cascade's slots holds it
  int64_t firstBlock = 0; ///< where its blocks begin in the slot
  int producedAt = 0;     ///< the stage in which its last part is made; 0: all of it is loaded
  bool made = false;      ///< by one layer of the cascade
  bool stored = false;
  std::vector<BlockRange> loads; ///< of its blocks
};

/// Bytes of L1 that a tensor, or all views of a storage, take in turn with their tiles.
struct CascadeSlot {
  std::vector<int> members; ///< in Cascade::tensors
  int64_t b0 = 0, b1 = 0;   ///< blocks of the storage that the members span
  bool planes = false;      ///< members are planes of their storage
  int producedAt = INT_MAX; ///< the first stage that writes it; 0: loaded
  int lastUse = 0;          ///< the last stage that reads it
  bool stored = false;
  int64_t blocks() const { return b1 - b0; }
  /// Tiles of it that are in L1 together.
  int64_t count() const { return std::max(lastUse - producedAt + 1, stored ? 2 : 1); }
};

/// Why the layer's tiles need more than whole channels of neighbouring rows, in words that follow
/// its name; null where it can be part of a cascade.
const char *whyNotInCascade(const Layer &layer);

class Cascade {
public:
  /// The layers [first, first + count), or nothing where they cannot be a cascade.
  static std::optional<Cascade> make(const Network &network, const TensorUses &uses, size_t first,
                                     size_t count);

  /// The boxes of all `tensors` (same order) for a tile: what must be in L1.
  std::vector<Box> boxes(const CascadeTile &tile) const;
  /// The rows and images that all members of a slot need, of all its blocks.
  Box slotBox(size_t slot, const std::vector<Box> &boxes) const;
  /// How that box lies in L1.
  Layout slotLayout(size_t slot, const Box &box) const;
  /// The rows of a stored tensor that this tile stores: the tiles' shares partition it.
  Box storedBox(int tensor, const CascadeTile &tile) const;
  const Tensor &result() const { return network->tensors[network->layers[last()].outputs[0]]; }
  size_t last() const { return first + count - 1; }
  int indexOf(int tensor) const { return index.at(tensor); }
  /// The tiles of a quad, in order.
  std::vector<CascadeTile> tilesOf(const Mapping &mapping, int64_t quad) const;

  const Network *network = nullptr;
  size_t first = 0, count = 0;
  std::vector<int> stages; ///< per layer of the cascade, from 1: at least one after its operands'
  std::vector<CascadeTensor> tensors;
  std::vector<CascadeSlot> slots;
  std::vector<std::optional<ConvShape>> shapes; ///< per layer; vector layers have none

  const Layer &layer(size_t i) const { return network->layers[first + i]; }
  const Tensor &output(size_t i) const { return network->tensors[layer(i).outputs[0]]; }
  /// What a layer needs in L1 for all tiles: weights and parameters, or its micro-program.
  int64_t constantBytes(size_t i) const { return constantBytes(i, 0, output(i).blocks()); }
  /// The same for channel blocks [b0, b1) of its output; a vector layer's cannot be cut.
  int64_t constantBytes(size_t i, int64_t b0, int64_t b1) const;
  isa::TileBytes constants(size_t i, int64_t b0, int64_t b1) const;
  /// What a vector layer iterates over for `box` of its output: reductions read all they reduce.
  Box domain(size_t i, const Box &box) const;
  /// The box of operand `number` that a layer reads for `box` of its output.
  Box operandBox(size_t i, size_t number, const Box &box) const;

private:
  bool build(const TensorUses &uses);
  bool addLayer(const TensorUses &uses, size_t layer);
  int addTensor(const TensorUses &uses, int tensor, bool made);
  bool addInput(const TensorUses &uses, int tensor);
  void addOutput(const TensorUses &uses, int tensor, int stage);
  bool isStored(const TensorUses &uses, int tensor) const;
  std::map<int, int> index;  ///< tensor -> place in `tensors`
  std::map<int, int> madeIn; ///< storage whose views are planes -> slot of what is made of it
};

/// Per storage: whether its bytes never leave the L1 of a cascade of the plan.
std::vector<bool> storagesInL1(const Network &network, const TensorUses &uses,
                               const std::vector<Mapping> &mappings);

} // namespace afe::sched

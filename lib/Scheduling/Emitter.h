// Turns planned layers into instructions with start cycles. Instructions are issued in program
// order per engine and quad, each as early as its engine, its operands' bytes (RAW, WAR, WAW by
// address) and the arrival of its data from DRAM allow: hazards cannot arise, because no start is
// ever chosen before them. L1 tiles and L2 staging get their addresses here, next fit.
#pragma once

#include "Memory/FreeTimes.h"
#include "Memory/RotatingAllocator.h"
#include "Scheduling/Cascade.h"
#include "Scheduling/DramQueue.h"
#include "Scheduling/HazardTracker.h"
#include "Scheduling/Plan.h"
#include "Scheduling/Tile.h"

#include <array>
#include <map>
#include <memory>

namespace afe::sched {

/// Bytes of L1, at one address in some quads, given back when the last reference goes.
struct L1Slot {
  int64_t address = 0;
  uint32_t buffer = isa::kNoBuffer;
  int64_t ready = 0; ///< T from which on no earlier buffer in these bytes is live
};
using L1Ref = std::shared_ptr<L1Slot>;

/// A buffer that a layer or a cascade keeps in L1 while it runs.
struct L1Request {
  int64_t bytes = 0;
  std::string name;
};

/// Bytes of L2 as a LOAD reads them or a STORE writes them: a resident tensor or a staging slot.
struct L2Slot {
  int64_t address = 0;
  uint32_t buffer = isa::kNoBuffer;
  std::vector<uint32_t> requests; ///< fetches whose bytes these are
  int64_t ready = 0;              ///< as in L1Slot
};
using L2Ref = std::shared_ptr<L2Slot>;

/// Constant bytes of the DRAM image.
struct Constant {
  uint64_t dram = 0;
  int64_t bytes = 0;         ///< as the engines read them
  uint32_t encodedBytes = 0; ///< as they are stored, 0: as they are read
};

/// Where the slots of a layer go: where the bytes are free soonest, or in turn through L1.
enum class SlotOrder { Soonest, InTurn };

class Emitter {
public:
  /// `encode`: compressed bytes are worked out, not only how many they are.
  Emitter(const Network &network, const Plan &plan, const Target &target, int64_t prologue,
          SlotOrder slotOrder, bool encode);

  /// Emits every layer and the transfers of the outputs. On failure `error` says what did not fit
  /// and `failedLayer` which layer it was.
  bool run();

  isa::Program program;
  WeightBytes weightBytes;
  std::vector<int64_t> requestDone; ///< per request of the program: T at which it should be done
  std::string error;
  int failedLayer = -1;

  const Network &network;
  const Plan &plan;
  const Target &target;

  // --- what the layer emitters are made of (EmitConv.cpp, EmitVector.cpp, EmitMove.cpp) ---

  /// L1 for `quads`; null (and `error` set) where it does not fit.
  L1Ref allocateL1(int64_t bytes, uint8_t quads, const std::string &name);
  /// L1 for all of `requests`, which are in the order in which they are first written; empty (and
  /// `error` set) where they do not fit.
  std::vector<L1Ref> allocateL1(const std::vector<L1Request> &requests, uint8_t quads);
  /// A box of a tensor, in L2; `copy` becomes the LOAD that brings it to a tile at dst 0.
  L2Ref openTile(const Tensor &tensor, const Box &box, StridedCopy &copy);
  /// `copy.src` counts from the storage's start.
  L2Ref openBytes(int storage, StridedCopy &copy);
  /// Where a STORE puts the bytes of `copy` (dst counts from the storage's start); after the
  /// STOREs call commit.
  L2Ref openResult(int storage, StridedCopy &copy);
  /// The STOREs of `result` are issued: spilled tensors leave for DRAM.
  void commit(int storage, const L2Ref &result, const StridedCopy &original);
  /// Puts bytes of the current layer into the DRAM image, compressed where that is faster.
  Constant addConstant(const isa::TileBytes &tile);
  /// Constant bytes fetched into staging.
  L2Ref fetchConstant(const Constant &constant);

  /// LOAD of `copy` (src in L2 bytes, dst counts from the slot) into all `quads` at once.
  void load(uint8_t quads, const L2Ref &from, StridedCopy copy, const L1Ref &to);
  /// LOAD with 16x16 transposition: `planes` blocks of `rows` rows.
  void loadTransposed(int quad, const L2Ref &from, int64_t src, int64_t rows, int64_t rowStride,
                      int64_t planes, int64_t planeStride, const L1Ref &to, int64_t dst);
  void store(int quad, const L1Ref &from, StridedCopy copy, const L2Ref &to);

  struct Operand {
    L1Ref slot;
    std::vector<Interval> ranges;
  };
  void tensor(int quad, const isa::TensorFields &fields, const Operand &in, const Operand &weights);
  void output(int quad, const isa::OutputFields &fields, const Operand &params,
              const Operand &residual, const Operand &table, const Operand &out);
  void vector(int quad, const isa::VectorFields &fields, const std::vector<Operand> &reads,
              const std::vector<Operand> &writes);

  int quads() const { return static_cast<int>(target.quads); }
  int nextBank(int quad) { return banks[quad].next++ % static_cast<int>(target.accumulator_banks); }
  int64_t stagingBytes() const { return target.l2_bytes - plan.stagingBase; }
  /// The constant `key` of the current layer, made by `make` the first time.
  Constant cachedConstant(const std::string &key, const std::function<isa::TileBytes()> &make);
  bool fail(const std::string &message);
  /// The layer that instructions, requests and errors belong to from now on.
  void setLayer(size_t number) { layer = number; }

private:
  bool emitConv(const Layer &layer, const Mapping &mapping);
  bool emitVector(const Layer &layer, const Mapping &mapping);
  bool emitMove(const Layer &layer, const Mapping &mapping);
  bool emitCascade(const Cascade &cascade, const Mapping &mapping);
  bool emitGroup(size_t first);

  struct BankState {
    int64_t written = 0, read = 0;
  };
  struct Banks {
    int next = 0;
    std::array<BankState, 4> state;
  };

  L1Ref slotAt(int64_t address, int64_t bytes, uint8_t quads, const std::string &name);
  std::vector<L1Ref> allocateSoonest(const std::vector<L1Request> &requests, uint8_t quads);
  void makeRoomL1(const std::vector<L1Request> &requests, uint8_t quads);
  uint32_t addBuffer(isa::Memory memory, uint8_t quads, uint64_t address, uint64_t bytes,
                     const std::string &name);
  void touch(uint32_t buffer, int64_t from, int64_t to);
  L2Ref stage(int64_t bytes, const std::string &name);
  /// A transfer of `request` to the bytes `to` of L2.
  void fetch(const L2Ref &slot, isa::DramRequest request, const std::vector<Interval> &to);
  void fetchRows(const L2Ref &slot, int64_t dramBase, int64_t l2Base, const DramPiece &piece,
                 uint32_t dramBuffer);
  void sendRows(int storage, int64_t l2Base, const DramPiece &piece, uint32_t buffer);
  std::vector<DramPiece> packedPieces(int storage, int64_t first, int64_t rows, int64_t rowBytes,
                                      int64_t stride) const;
  void retire(uint32_t buffer);
  int64_t residentReady(int storage);
  std::vector<uint32_t> fetchInput(int storage, const std::vector<Interval> &ranges);
  /// Engine-free start for `quads` not before `ready`; books the engine.
  int64_t book(uint8_t quads, isa::Engine engine, int64_t ready, int64_t cycles);
  void push(uint8_t quads, int64_t start, isa::Instruction instruction);
  void arrived(const L2Ref &slot, int64_t start);
  void emitTransfers(uint8_t quads, isa::Instruction &instruction);
  void sendOutputs();
  void finish();
  uint8_t loadRate(uint8_t quads) const;

  const SlotOrder slotOrder;
  uint32_t layer = 0;
  TensorUses uses;
  DramQueue dram;
  HazardTracker l2, dramBytes;
  std::vector<HazardTracker> l1;
  std::vector<std::array<int64_t, isa::kNumEngines>> engineFree;
  std::vector<Banks> banks;
  memory::RotatingAllocator l1Allocator, staging;
  memory::FreeTimes l1Free;
  std::vector<uint64_t> storageDram;   ///< DRAM address of storages that have one
  std::vector<uint32_t> storageBuffer; ///< L2 buffer of resident storages
  std::vector<uint32_t> storageDramBuffer;
  std::vector<int64_t> storageReady; ///< resident storages: T from which they may be written
  std::vector<uint32_t> lastLayer;   ///< the last layer that reads a storage
  std::vector<DramTiles> tiles;      ///< of inputs and outputs
  /// Per tile of a resident input: the requests that bring it, none before it is fetched.
  std::vector<std::vector<std::vector<uint32_t>>> tileRequests;
  std::map<std::string, Constant> constantCache;
  const bool encode;
  int64_t lastDone = 0;
};

/// One request fetches constants up to this many bytes: every request costs an entry of the list
/// and part of a burst.
constexpr int64_t kFetchBytes = 32768;

/// Bytes of resident outputs that leave by one request.
constexpr int64_t kOutputPieceBytes = 32768;

/// Bytes of resident inputs fetched by one request.
constexpr int64_t kInputChunkBytes = 8192;

/// Inputs, outputs and spilled tensors lie behind the constants, whose size is known last: until
/// finish() their DRAM addresses count from here.
constexpr uint64_t kDramArea = uint64_t(1) << 40;

} // namespace afe::sched

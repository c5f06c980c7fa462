// The instruction set as plain data: what the scheduler produces, the encoder writes, the decoder
// gives back, and the simulator and the validator read. Field meanings: Isa.def, Micro.def.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace afe::isa {

enum class Engine : uint8_t { Load, Store, Tensor, Output, Vector };
constexpr int kNumEngines = 5;

enum class Memory : uint8_t { Dram, L2, L1 };

#define FIELD(name, bits, sign, doc) int32_t name = 0;
struct LoadFields {
#define LOAD_FIELDS
#include "Encoding/Isa.def"
#undef LOAD_FIELDS
};
struct StoreFields {
#define STORE_FIELDS
#include "Encoding/Isa.def"
#undef STORE_FIELDS
};
struct TensorFields {
#define TENSOR_FIELDS
#include "Encoding/Isa.def"
#undef TENSOR_FIELDS
};
struct OutputFields {
#define OUTPUT_FIELDS
#include "Encoding/Isa.def"
#undef OUTPUT_FIELDS
};
struct VectorFields {
#define VECTOR_FIELDS
#include "Encoding/Isa.def"
#undef VECTOR_FIELDS
};
#undef FIELD

/// Requantization modes of OUTPUT and of the micro-operation `rescale` (ARITHMETIC in docs).
enum class Requant : uint8_t { None = 0, Double = 1, Single = 2, F32Rne = 3 };
enum class Residual : uint8_t { None = 0, LitertAdd = 1, F32Add = 2 };
enum class ElementType : uint8_t { None = 0, I8 = 1, U8 = 2, I16 = 3, I32 = 4 };
enum class TensorMode : uint8_t { Conv = 0, Packed = 1, Depthwise = 2 };

enum class MicroOpcode : uint8_t {
#define MICRO(opcode, name, operands, cycles, doc) k_##name = opcode,
#include "Encoding/Micro.def"
#undef MICRO
};
struct MicroOp {
  uint8_t opcode = 0, d = 0, a = 0, b = 0, c = 0, mode = 0;
  uint16_t zero = 0;
  int32_t x = 0, y = 0, z = 0;
};
static_assert(sizeof(MicroOp) == 20, "layout of a micro-operation in memory");

constexpr uint32_t kNoBuffer = 0xffffffffu;
/// Operand slots, in the order of Instruction::buffers:
///   Load {l2, l1}  Store {l1, l2}  Tensor {in, weights, psum}
///   Output {params, res, table, out}  Vector {program, a0..a3, r0, r1}
struct Instruction {
  uint32_t start = 0; ///< start cycle in deterministic time T
  uint8_t quads = 0;  ///< mask; more than one bit only for a multicast LOAD
  uint32_t layer = 0; ///< index into Program::layers
  std::array<uint32_t, 7> buffers{kNoBuffer, kNoBuffer, kNoBuffer, kNoBuffer,
                                  kNoBuffer, kNoBuffer, kNoBuffer};
  std::variant<LoadFields, StoreFields, TensorFields, OutputFields, VectorFields> fields;

  Engine engine() const { return static_cast<Engine>(fields.index()); }
};

/// How the bytes of a request are stored in DRAM (Codec.h).
enum class Codec : uint8_t { None = 0, Rans = 1 };

/// One transfer of the DRAM controller, in list order.
struct DramRequest {
  enum class Kind : uint8_t { ToL2 = 0, FromL2 = 1, Instructions = 2 };
  Kind kind = Kind::ToL2;
  Codec codec = Codec::None;
  uint32_t issue = 0, due = 0;     ///< in T, due >= issue
  uint64_t dram = 0;               ///< first byte in DRAM; Instructions: filled in by the encoder
  uint32_t l2 = 0;                 ///< first byte in L2; Instructions: the quad
  uint32_t rows = 1, rowBytes = 0; ///< Instructions: rows = block index, rowBytes = its size
  int64_t dramStride = 0;          ///< from row to row
  int32_t l2Stride = 0;
  uint32_t encodedBytes = 0; ///< in DRAM, of the only row of a request with a codec; else 0
  uint32_t layer = 0;        ///< index into Program::layers
  uint32_t dramBuffer = kNoBuffer, l2Buffer = kNoBuffer;

  /// Bytes of a row as they lie in DRAM.
  uint32_t dramRowBytes() const { return codec == Codec::None ? rowBytes : encodedBytes; }
  /// What the decoder gives, 0 where there is none at work.
  int64_t decodedBytes() const { return codec == Codec::None ? 0 : rowBytes; }
};

/// A block of a quad's encoded instruction stream, as layoutStreams (Encoding/Lm.h) finds it and
/// the decoder gives it back. Block 0 of every quad is fetched before T = 0; block k > 0 is a
/// DramRequest of Kind::Instructions with doneAt of block k-2 < issue and due <= neededAt of block
/// k.
struct InstructionBlock {
  uint32_t bytes = 0;    ///< at most the target's instruction_block_bytes
  uint64_t dram = 0;     ///< address of its first byte in DRAM
  uint32_t neededAt = 0; ///< T at which its first instruction is dispatched
  uint32_t doneAt = 0;   ///< T at which its last instruction is dispatched
};

/// A named byte range of one memory. [firstUse, lastUse] in T: from the first write to the last
/// read.
struct Buffer {
  Memory memory = Memory::L2;
  uint8_t quads = 0; ///< L1 only: the quads that hold it, at the same address
  uint64_t address = 0, size = 0;
  uint32_t firstUse = 0, lastUse = 0;
  uint32_t inPlaceOf = kNoBuffer; ///< declared in-place partner whose bytes it may overwrite
  std::string name;
};

/// A tensor that enters or leaves the program through DRAM.
struct IoTensor {
  std::string name;             ///< the tensor's name in the model
  uint64_t dram = 0, bytes = 0; ///< physical bytes of the whole batch
  std::string scalar;           ///< "int8", "uint8", "int32"
  std::vector<int64_t> shape;   ///< logical NHWC shape, batch first
  std::string layout;           ///< "HWC" (dense) or "HWC16" (channels padded to 16)
};

struct Layer {
  std::string name;                 ///< "conv2d_add_relu_3", without the segment's name
  std::vector<std::string> sources; ///< names and locations of the model's operators
};

struct Program {
  std::string name;        ///< the segment, "MLA_0"
  std::string target;      ///< name of the target description
  uint64_t targetHash = 0; ///< Target::hash()
  uint32_t quads = 0;
  uint32_t endCycle = 0; ///< T at which every instruction is complete: at least start +
                         ///< occupancy + latency of each; dues after it count as endCycle
  uint32_t batch = 1;
  std::vector<std::vector<Instruction>> streams; ///< one per quad, ordered by start
  std::vector<DramRequest> requests;
  std::vector<uint8_t> constants; ///< DRAM image at address 0: weights, tables, micro-programs
  uint64_t dramBytes = 0;         ///< extent of the DRAM image incl. inputs, outputs, spill;
                                  ///< instruction blocks and request list come behind it
  std::vector<std::vector<InstructionBlock>> blocks; ///< one list per quad
  std::vector<Buffer> buffers;
  std::vector<IoTensor> inputs, outputs;
  std::vector<Layer> layers;
};

} // namespace afe::isa

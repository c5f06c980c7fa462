// VECTOR: runs a micro-program operation by operation over chunks of a block, each register an
// array of vectors of 16 lanes. A chunk is small enough for the cache, and large enough that every
// reduction of the program finds all it reduces inside one chunk.

#include "Simulator/Access.h"
#include "Simulator/Arithmetic.h"
#include "Simulator/Execute.h"
#include "Simulator/Timing.h"
#include "Simulator/VectorMemory.h"
#include "Simulator/VectorProgram.h"
#include "Simulator/VectorReduce.h"

#include <algorithm>

namespace afe::sim {
namespace {

using isa::MicroOpcode;
using isa::MicroShape;

constexpr int64_t kChunkVectors = 64;
constexpr int64_t kMaxChunkElements = int64_t(1) << 20;

class VectorRun {
public:
  VectorRun(const Kernels &kernels, Quad &quad, const isa::VectorFields &f,
            const VectorProgram &program, int64_t chunkVectors)
      : kernels(kernels), quad(quad), f(f), program(program) {
    for (unsigned r = 0; r < 32; ++r)
      if (program.registers >> r & 1)
        registers[r].values.resize(chunkVectors * 16);
    for (std::vector<int32_t> &t : temporaries)
      t.resize(chunkVectors * 16);
  }

  void run(const Chunk &c) {
    chunk = c;
    for (unsigned i = 0; i < program.length; ++i)
      step(program.ops[i], program.shapes[i]);
  }

private:
  struct Register {
    MicroShape shape = MicroShape::Uniform;
    std::vector<int32_t> values;
  };

  /// The values of register `number` in `shape`; broadcast into temporary `slot` if needed.
  const int32_t *source(unsigned number, MicroShape shape, unsigned slot) {
    const Register &r = registers[number];
    if (r.shape == shape)
      return r.values.data();
    broadcast(chunk, r.shape, r.values.data(), shape, temporaries[slot].data());
    return temporaries[slot].data();
  }

  void store(const isa::MicroOp &op) {
    const int32_t *values = source(op.a, MicroShape::PerElement, 0);
    if (op.mode == 1) {
      int32_t *to = temporaries[1].data();
      for (int64_t i = 0; i < chunk.vectors() * 16; ++i)
        to[i] = std::min(std::max(values[i], op.y), op.z);
      values = to;
    }
    storeResult(f, vectorResult(f, unsigned(op.x)), quad, chunk, values);
  }

  void reduce(const isa::MicroOp &op, MicroShape shape) {
    const int32_t *values = source(op.a, MicroShape::PerElement, 0);
    if (isa::reducesOverChannels(op.opcode))
      reduceChannels(MicroOpcode(op.opcode), f.channels, chunk, values, temporaries[1].data());
    else
      reducePixels(MicroOpcode(op.opcode), chunk, values, temporaries[1].data());
    Register &d = registers[op.d];
    std::copy_n(temporaries[1].data(), vectorsOf(chunk, shape) * 16, d.values.data());
  }

  void gather(const isa::MicroOp &op, int32_t *to) {
    const int32_t *rows = source(op.a, MicroShape::PerElement, 0);
    const int32_t *cols = source(op.b, MicroShape::PerElement, 1);
    gatherTile(f, op, quad, chunk, rows, cols, temporaries[2].data());
    std::copy_n(temporaries[2].data(), chunk.vectors() * 16, to);
  }

  void compute(const isa::MicroOp &op, MicroShape shape, int32_t *to) {
    const isa::MicroInfo info = isa::microInfo(op.opcode);
    MicroTask task{op, to, nullptr, nullptr, nullptr, vectorsOf(chunk, shape) * 16, nullptr};
    if (isa::microUses(info, 'a'))
      task.a = source(op.a, shape, 0);
    if (isa::microUses(info, 'b'))
      task.b = source(op.b, shape, 1);
    if (isa::microUses(info, 'c'))
      task.c = source(op.c, shape, 2);
    if (op.opcode >= uint8_t(MicroOpcode::k_table8) && op.opcode <= uint8_t(MicroOpcode::k_table16))
      task.table = quad.l1.data() + f.program + op.x;
    kernels.micro(task);
  }

  void step(const isa::MicroOp &op, MicroShape shape) {
    const MicroOpcode opcode = MicroOpcode(op.opcode);
    if (opcode == MicroOpcode::k_store)
      return store(op);
    int32_t *to = registers[op.d].values.data();
    switch (opcode) {
    case MicroOpcode::k_load:
      loadOperand(f, vectorOperand(f, unsigned(op.x)), quad, chunk, to);
      for (int64_t i = 0; op.y != 0 && i < chunk.vectors() * 16; ++i)
        to[i] = wrapSub(to[i], op.y);
      break;
    case MicroOpcode::k_imm:
      std::fill_n(to, 16, op.x);
      break;
    case MicroOpcode::k_channel:
    case MicroOpcode::k_row:
    case MicroOpcode::k_col:
    case MicroOpcode::k_win_count:
      indices(f, opcode, chunk, to);
      break;
    case MicroOpcode::k_win_sum:
    case MicroOpcode::k_win_max:
      window(f, opcode, quad, chunk, to);
      break;
    case MicroOpcode::k_bilinear:
    case MicroOpcode::k_linear:
    case MicroOpcode::k_nearest:
      gather(op, to);
      break;
    default:
      if (isa::reducesOverChannels(op.opcode) || isa::reducesOverPixels(op.opcode))
        reduce(op, shape);
      else
        compute(op, shape, to);
    }
    registers[op.d].shape = shape;
  }

  const Kernels &kernels;
  Quad &quad;
  const isa::VectorFields &f;
  const VectorProgram &program;
  Chunk chunk{};
  std::array<Register, 32> registers;
  std::array<std::vector<int32_t>, 3> temporaries;
};

} // namespace

std::string execute(const Kernels &kernels, const Target &target, Quad &quad,
                    const isa::VectorFields &f) {
  VectorProgram program;
  std::string problem = fetchProgram(target, quad, f, program);
  if (!problem.empty())
    return problem;
  const int64_t pixels = int64_t(f.rows) * f.cols, blocks = blocksOf16(f.channels);
  const int64_t chunkBlocks = program.overChannels ? blocks : 1;
  const int64_t chunkPixels =
      program.overPixels ? pixels
                         : std::min(pixels, std::max<int64_t>(kChunkVectors / chunkBlocks, 1));
  if (chunkPixels * chunkBlocks * 16 > kMaxChunkElements)
    return "a reduction needs " + std::to_string(chunkPixels * chunkBlocks * 16) +
           " elements at once, at most " + std::to_string(kMaxChunkElements) + " are possible";
  VectorRun run(kernels, quad, f, program, chunkPixels * chunkBlocks);
  for (int64_t image = 0; image < f.images; ++image)
    for (int64_t block = 0; block < blocks; block += chunkBlocks)
      for (int64_t pixel = 0; pixel < pixels; pixel += chunkPixels)
        run.run({image, pixel, std::min(chunkPixels, pixels - pixel), block,
                 std::min(chunkBlocks, blocks - block)});
  return {};
}

} // namespace afe::sim

// Executes a decoded program for the MLA: the values it computes, and the cycles and stalls it
// takes. Knows the instruction set and the machine model, and nothing of the compiler.
// A program may be hostile: whatever it holds, the simulator answers with outputs or with a fault.
#pragma once

#include "Encoding/Isa.h"
#include "Simulator/Stats.h"
#include "Target/Target.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace afe::sim {

/// Which kernels compute; all give the same bytes. Auto takes the fastest that the CPU has.
enum class KernelSet : uint8_t { Auto, Scalar, Avx2, Avx512 };

struct Options {
  unsigned threads = 1; ///< at most this many threads compute; the result does not depend on it
  KernelSet kernels = KernelSet::Auto;
  int poison = -1; ///< 0..255: what L1, L2 and DRAM hold where nothing was written, else 0
  /// Asked now and then on the calling thread; true stops the simulation.
  std::function<bool()> interrupted;
};

struct InputBytes {
  const uint8_t *data = nullptr;
  size_t size = 0;
};

struct Result {
  std::vector<std::vector<uint8_t>> outputs; ///< in the order of Program::outputs
  Stats stats;                               ///< cycles: of the program, whatever the values
  bool interrupted = false;
};

/// Runs `program` from inputs (in the order of Program::inputs, IoTensor::bytes each) to outputs.
/// On failure returns false and says in `error` which instruction or request faults, and why; or
/// leaves it empty if it was interrupted.
bool simulate(const isa::Program &program, const Target &target,
              const std::vector<InputBytes> &inputs, const Options &options, Result &result,
              std::string &error);

/// The checks that need no execution: shape of the program, ranges of every field, every address
/// inside its memory. Empty, or a sentence naming the first offence. simulate() begins with it.
std::string checkProgram(const isa::Program &program, const Target &target);

/// "quad 1, instruction 17 (tensor at 1200, layer 'conv2d_3')"
std::string describeInstruction(const isa::Program &program, uint32_t quad, size_t index);

/// The kernel sets this CPU can run, slowest first ("scalar", "avx2", "avx512").
std::vector<std::string> availableKernels();

} // namespace afe::sim

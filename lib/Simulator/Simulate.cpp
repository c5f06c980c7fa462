// Puts inputs into DRAM, runs the program in order or epoch by epoch, takes outputs from DRAM.

#include "Simulator/Simulate.h"

#include "Simulator/Execute.h"
#include "Simulator/Kernels/Select.h"
#include "Simulator/Plan.h"
#include "Simulator/Team.h"

#include <algorithm>
#include <chrono>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace afe::sim {
namespace {

/// Default rounding, denormals kept, whatever the calling program had set; restored at the end.
class DefaultFloatMode {
#if defined(__x86_64__)
public:
  DefaultFloatMode() : saved(_mm_getcsr()) { _mm_setcsr(0x1f80); }
  ~DefaultFloatMode() { _mm_setcsr(saved); }

private:
  const unsigned saved;
#endif
};

/// Asks the caller whether to stop, every few milliseconds.
class Interrupt {
public:
  explicit Interrupt(const std::function<bool()> &ask) : ask(ask), last(Clock::now()) {}
  bool poll() {
    if (!ask || Clock::now() - last < std::chrono::milliseconds(20))
      return stopped;
    last = Clock::now();
    return stopped = stopped || ask();
  }

private:
  using Clock = std::chrono::steady_clock;
  const std::function<bool()> &ask;
  Clock::time_point last;
  bool stopped = false;
};

struct Fault {
  PlannedInstruction at{};
  std::string text; ///< empty: none
};

class Runner {
public:
  Runner(const isa::Program &program, Machine &machine, const Kernels &kernels,
         const Options &options)
      : program(program), machine(machine), kernels(kernels), interrupt(options.interrupted),
        order(orderOf(program)) {}

  /// One thread: exactly the global order.
  bool runInOrder() {
    uint32_t request = 0;
    for (const PlannedInstruction &p : order.instructions) {
      while (request < program.requests.size() && order.requestTimes[request] <= p.start)
        execute(machine, program.requests[request++]);
      const isa::Instruction &in = program.streams[p.quad][p.index];
      for (uint32_t quad = 0; quad < program.quads && fault.text.empty(); ++quad)
        if (in.quads >> quad & 1)
          fault = {p, execute(kernels, machine, quad, in)};
      if (!fault.text.empty() || interrupt.poll())
        return false;
    }
    while (request < program.requests.size())
      execute(machine, program.requests[request++]);
    return true;
  }

  bool runEpochs(unsigned threads) {
    const EpochPlan plan = planEpochs(program, order);
    std::vector<Fault> faults(program.quads);
    std::atomic<bool> stop{false};
    size_t epoch = 0;
    uint32_t request = 0;
    auto begin = [&](uint32_t quad) {
      return epoch < 2 ? 0u : plan.epochs[epoch - 2].instructionEnd[quad];
    };
    auto work = [&](unsigned quad, unsigned thread) {
      const uint32_t end = plan.epochs[epoch - 1].instructionEnd[quad];
      for (uint32_t i = begin(quad); i < end && !stop && faults[quad].text.empty(); ++i) {
        const PlannedInstruction &p = plan.lists[quad][i];
        faults[quad] = {p, execute(kernels, machine, quad, program.streams[p.quad][p.index])};
        if (thread == 0 && interrupt.poll())
          stop = true;
      }
    };
    auto alone = [&] {
      for (const Fault &f : faults)
        if (!f.text.empty() && (fault.text.empty() || earlier(f.at, fault.at)))
          fault = f;
      if (!fault.text.empty() || stop || epoch == plan.epochs.size())
        return false;
      while (request < plan.epochs[epoch].requestsEnd)
        execute(machine, program.requests[request++]);
      ++epoch;
      return true;
    };
    Team(threads).run(program.quads,
                      [&](unsigned quad, unsigned thread) {
                        DefaultFloatMode mode;
                        work(quad, thread);
                      },
                      alone);
    return fault.text.empty() && !stop;
  }

  std::string faultText() const {
    if (fault.text.empty())
      return {};
    return describeInstruction(program, fault.at.quad, fault.at.index) + ": " + fault.text;
  }

private:
  static bool earlier(const PlannedInstruction &a, const PlannedInstruction &b) {
    return a.start != b.start ? a.start < b.start : a.quad < b.quad;
  }

  const isa::Program &program;
  Machine &machine;
  const Kernels &kernels;
  Interrupt interrupt;
  const Order order;
  Fault fault;
};

std::string checkInputs(const isa::Program &program, const std::vector<InputBytes> &inputs) {
  if (inputs.size() != program.inputs.size())
    return "the program has " + std::to_string(program.inputs.size()) + " inputs, " +
           std::to_string(inputs.size()) + " were given";
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].size != program.inputs[i].bytes)
      return "input '" + program.inputs[i].name + "' has " +
             std::to_string(program.inputs[i].bytes) + " bytes, " +
             std::to_string(inputs[i].size) + " were given";
  return {};
}

void readOutputs(const isa::Program &program, const Machine &machine, Result &result) {
  result.outputs.clear();
  for (const isa::IoTensor &tensor : program.outputs) {
    std::vector<uint8_t> bytes(tensor.bytes);
    machine.dram.read(tensor.dram, bytes.data(), bytes.size());
    result.outputs.push_back(std::move(bytes));
  }
}

} // namespace

bool simulate(const isa::Program &program, const Target &target,
              const std::vector<InputBytes> &inputs, const Options &options, Result &result,
              std::string &error) {
  error = checkProgram(program, target);
  if (error.empty())
    error = checkInputs(program, inputs);
  if (!error.empty())
    return false;
  // Also without `cycle`: a list that deadlocks has no meaning.
  if (!computeStats(program, target, result.stats, error))
    return false;
  const Kernels *kernels = selectKernels(options.kernels);
  Machine machine;
  if (!kernels || !machine.allocate(program, target, options.poison)) {
    error = kernels ? "not enough memory for the machine" : "this CPU lacks the kernels asked for";
    return false;
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    machine.dram.write(program.inputs[i].dram, inputs[i].data, inputs[i].size);
  const DefaultFloatMode mode;
  Runner runner(program, machine, *kernels, options);
  const unsigned threads = std::min<unsigned>(options.threads, program.quads);
  const bool ok = threads > 1 ? runner.runEpochs(threads) : runner.runInOrder();
  error = runner.faultText();
  result.interrupted = !ok && error.empty();
  if (ok)
    readOutputs(program, machine, result);
  return ok;
}

} // namespace afe::sim

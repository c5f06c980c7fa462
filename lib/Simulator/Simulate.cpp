// Puts inputs into DRAM, runs the program in order or stream by stream, takes outputs from DRAM.

#include "Simulator/Simulate.h"

#include "Simulator/Execute.h"
#include "Simulator/Kernels/Select.h"
#include "Simulator/Plan.h"
#include "Simulator/TaskRunner.h"

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
  uint32_t step = 0;
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
    for (uint32_t step = 0; step < order.size(); ++step)
      for (uint32_t stream = 0; stream <= program.quads; ++stream) {
        if (!belongs(step, stream))
          continue;
        fault = {step, run(stream, step)};
        if (!fault.text.empty() || interrupt.poll())
          return false;
      }
    return true;
  }

  bool runOnThreads(unsigned threads) {
    const TaskPlan plan = planTasks(program, order);
    std::vector<Fault> faults(plan.streams.size());
    bool stopped = false;
    TaskRunner runner(
        plan,
        [&](unsigned stream, uint32_t step) {
          const DefaultFloatMode mode;
          faults[stream] = {step, run(stream, step)};
          return faults[stream].text.empty();
        },
        [&] { return stopped = interrupt.poll(); });
    runner.run(threads);
    for (const Fault &f : faults)
      if (!f.text.empty() && (fault.text.empty() || f.step < fault.step))
        fault = f;
    return fault.text.empty() && !stopped;
  }

  std::string faultText() const {
    if (fault.text.empty())
      return {};
    const Step &at = order[fault.step];
    return (at.quad == program.quads ? "DRAM request " + std::to_string(at.index)
                                     : describeInstruction(program, at.quad, at.index)) +
           ": " + fault.text;
  }

private:
  /// Whether this step is a task of the quad, or of the DRAM controller (stream = quads).
  bool belongs(uint32_t step, uint32_t stream) const {
    const Step &s = order[step];
    if (s.quad == program.quads || stream == program.quads)
      return s.quad == stream;
    return program.streams[s.quad][s.index].quads >> stream & 1;
  }

  std::string run(uint32_t stream, uint32_t step) {
    const Step &s = order[step];
    if (s.quad != program.quads)
      return execute(kernels, machine, stream, program.streams[s.quad][s.index]);
    return execute(machine, program.requests[s.index]);
  }

  const isa::Program &program;
  Machine &machine;
  const Kernels &kernels;
  Interrupt interrupt;
  const std::vector<Step> order;
  Fault fault;
};

std::string checkInputs(const isa::Program &program, const std::vector<InputBytes> &inputs) {
  if (inputs.size() != program.inputs.size())
    return "the program has " + std::to_string(program.inputs.size()) + " inputs, " +
           std::to_string(inputs.size()) + " were given";
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].size != program.inputs[i].bytes)
      return "input '" + program.inputs[i].name + "' has " +
             std::to_string(program.inputs[i].bytes) + " bytes, " + std::to_string(inputs[i].size) +
             " were given";
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
  const bool ok = threads > 1 ? runner.runOnThreads(threads) : runner.runInOrder();
  error = runner.faultText();
  result.interrupted = !ok && error.empty();
  if (ok)
    readOutputs(program, machine, result);
  return ok;
}

} // namespace afe::sim

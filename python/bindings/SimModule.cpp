// The native module `afe._sim`: programs for the MLA decoded, simulated and validated. Links
// neither MLIR nor LLVM, so that running an archive starts in milliseconds. Errors are ValueError
// (a file, program, target or input that is wrong) and RuntimeError (a fault of the running
// program); the simulator runs without the GIL and can be interrupted.

#include "SimMemory.h"
#include "SimProgram.h"

#include "Encoding/Lm.h"
#include "Encoding/MicroCost.h"
#include "Simulator/DramTimeline.h"
#include "Simulator/Simulate.h"
#include "Simulator/Timing.h"
#include "Simulator/Validator.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <new>

namespace nb = nanobind;
using namespace nb::literals;

namespace afe::python {
namespace {

/// A contiguous buffer of any object that has one: bytes, bytearray, memoryview, numpy array.
class BufferView {
public:
  explicit BufferView(nb::handle object) {
    if (PyObject_GetBuffer(object.ptr(), &view, PyBUF_C_CONTIGUOUS) != 0)
      throw nb::python_error();
  }
  BufferView(BufferView &&other) noexcept : view(other.view) { other.view.obj = nullptr; }
  BufferView(const BufferView &) = delete;
  ~BufferView() {
    if (view.obj)
      PyBuffer_Release(&view);
  }
  const uint8_t *data() const { return static_cast<const uint8_t *>(view.buf); }
  size_t size() const { return size_t(view.len); }

private:
  Py_buffer view{};
};

[[noreturn]] void failValue(const std::string &text) { throw nb::value_error(text.c_str()); }

isa::Program load(nb::handle bytes) {
  const BufferView view(bytes);
  isa::Program program;
  std::string error;
  bool ok;
  {
    nb::gil_scoped_release release;
    ok = isa::decodeLm(view.data(), view.size(), program, error);
  }
  if (!ok)
    failValue(error);
  return program;
}

nb::bytes encode(const isa::Program &program, const nb::dict &target) {
  std::string error;
  const std::vector<uint8_t> bytes = isa::encodeLm(program, targetFromDict(target), error);
  if (bytes.empty())
    failValue(error);
  return nb::bytes(bytes.data(), bytes.size());
}

sim::KernelSet kernelSet(const std::string &name) {
  if (name == "auto")
    return sim::KernelSet::Auto;
  if (name == "scalar")
    return sim::KernelSet::Scalar;
  if (name == "avx2")
    return sim::KernelSet::Avx2;
  if (name == "avx512")
    return sim::KernelSet::Avx512;
  failValue("there are no kernels '" + name + "'; known are auto, scalar, avx2, avx512");
}

nb::dict enginesToDict(const std::array<int64_t, isa::kNumEngines> &cycles) {
  static const char *const kNames[] = {"load", "store", "tensor", "output", "vector"};
  nb::dict dict;
  for (int i = 0; i < isa::kNumEngines; ++i)
    dict[kNames[i]] = cycles[i];
  return dict;
}

nb::list layersToList(const isa::Program &program, const sim::Stats &stats) {
  nb::list list;
  for (size_t i = 0; i < program.layers.size(); ++i) {
    const sim::LayerStats &layer = stats.layers[i];
    nb::dict dict;
    dict["name"] = program.layers[i].name;
    dict["start"] = layer.start, dict["end"] = layer.end;
    dict["macs"] = layer.macs, dict["stalls"] = layer.stalls;
    dict["engines"] = enginesToDict(layer.occupancy);
    list.append(dict);
  }
  return list;
}

nb::dict statsToDict(const isa::Program &program, const sim::Stats &stats) {
  nb::dict dict;
  dict["deterministic"] = stats.deterministic, dict["busy"] = stats.busy;
  dict["planned_wait"] = stats.plannedWait, dict["stalls"] = stats.stalls;
  dict["wall"] = stats.wall, dict["prologue"] = stats.prologue;
  dict["dram_bytes"] = stats.dramBytes;
  nb::list engines, causes;
  for (const auto &quad : stats.engines)
    engines.append(enginesToDict(quad));
  for (const sim::StallCause &cause : stats.causes) {
    nb::dict entry;
    entry["request"] = cause.request, entry["at"] = cause.at, entry["cycles"] = cause.cycles;
    entry["kind"] = cause.kind;
    entry["layer"] = cause.request < 0 || cause.layer >= program.layers.size()
                         ? std::string()
                         : program.layers[cause.layer].name;
    causes.append(entry);
  }
  dict["engines"] = engines, dict["causes"] = causes;
  dict["layers"] = layersToList(program, stats);
  return dict;
}

nb::object toArray(std::vector<uint8_t> &&bytes) {
  auto *owned = new std::vector<uint8_t>(std::move(bytes));
  nb::capsule owner(owned, [](void *p) noexcept { delete static_cast<std::vector<uint8_t> *>(p); });
  return nb::cast(nb::ndarray<nb::numpy, uint8_t>(owned->data(), {owned->size()}, owner));
}

/// Asked by the simulator on the calling thread; leaves Python's exception set.
bool signalArrived() {
  nb::gil_scoped_acquire acquire;
  return PyErr_CheckSignals() != 0;
}

nb::object simulate(const isa::Program &program, const nb::dict &targetDict, const nb::list &inputs,
                    bool cycle, unsigned threads, const std::string &kernels, int poison) {
  const Target target = targetFromDict(targetDict);
  std::vector<BufferView> views;
  std::vector<sim::InputBytes> bytes;
  for (nb::handle input : inputs) {
    views.emplace_back(input);
    bytes.push_back({views.back().data(), views.back().size()});
  }
  sim::Options options;
  options.threads = threads, options.poison = poison;
  options.kernels = kernelSet(kernels), options.interrupted = signalArrived;
  sim::Result result;
  std::string error;
  bool ok;
  {
    nb::gil_scoped_release release;
    ok = sim::simulate(program, target, bytes, options, result, error);
  }
  if (result.interrupted)
    throw nb::python_error();
  if (!ok)
    throw std::runtime_error(error);
  nb::list outputs;
  for (std::vector<uint8_t> &output : result.outputs)
    outputs.append(toArray(std::move(output)));
  const nb::object stats = cycle ? nb::object(statsToDict(program, result.stats)) : nb::none();
  return nb::module_::import_("afe._sim").attr("Simulation")(outputs, stats);
}

nb::dict stats(const isa::Program &program, const nb::dict &targetDict) {
  const Target target = targetFromDict(targetDict);
  std::string error = sim::checkProgram(program, target);
  sim::Stats result;
  if (!error.empty() || !sim::computeStats(program, target, result, error))
    throw std::runtime_error(error);
  return statsToDict(program, result);
}

nb::object validate(const isa::Program &program, const nb::dict &target) {
  const Target checked = targetFromDict(target);
  std::optional<sim::Offence> offence;
  {
    nb::gil_scoped_release release;
    offence = sim::validate(program, checked);
  }
  if (!offence)
    return nb::none();
  return nb::cast(std::string(sim::ruleName(offence->rule)) + ": " + offence->message);
}

nb::tuple microProgram(const nb::list &ops, int kh, int kw) {
  const std::vector<isa::MicroOp> program = microProgramFromList(ops);
  const isa::MicroCost cost = isa::microCost(program.data(), unsigned(program.size()), kh, kw);
  if (cost.error)
    failValue("micro-operation " + std::to_string(cost.errorAt) + " " + cost.error);
  nb::dict fields;
  fields["length"] = program.size(), fields["cost"] = cost.cost;
  fields["row_cost"] = cost.rowCost, fields["channel_cost"] = cost.channelCost;
  return nb::make_tuple(nb::bytes(program.data(), program.size() * sizeof(isa::MicroOp)), fields);
}

int64_t occupancyOf(const nb::dict &instruction, const nb::dict &target) {
  return sim::occupancy(targetFromDict(target), instructionFromDict(instruction, 0));
}

nb::dict dramTimeline(const nb::dict &targetDict, int64_t endCycle, int64_t prologueBursts,
                      const std::vector<std::tuple<int64_t, int64_t, int64_t>> &requests) {
  const Target target = targetFromDict(targetDict);
  sim::DramTimeline timeline(target, endCycle, prologueBursts);
  for (const auto &[issue, due, bursts] : requests)
    if (!timeline.push(issue, due, bursts))
      failValue("the request list deadlocks");
  nb::dict dict;
  nb::list transfers, stalls;
  for (const sim::DramTimeline::Transfer &t : timeline.transfers())
    transfers.append(nb::make_tuple(t.startTick, t.doneTick));
  for (const sim::DramTimeline::Stall &s : timeline.stalls())
    stalls.append(nb::make_tuple(s.request, s.at, s.cycles));
  dict["wall"] = timeline.wall(), dict["prologue"] = timeline.prologueCycles();
  dict["transfers"] = transfers, dict["stalls"] = stalls;
  return dict;
}

void bindProgram(nb::module_ &m) {
  nb::class_<isa::Program>(m, "Program", "A decoded program for the MLA (Encoding/Isa.h).")
      .def_ro("name", &isa::Program::name)
      .def_ro("target", &isa::Program::target)
      .def_ro("target_hash", &isa::Program::targetHash)
      .def_ro("quads", &isa::Program::quads)
      .def_ro("batch", &isa::Program::batch)
      .def_ro("end_cycle", &isa::Program::endCycle)
      .def("to_dict", &programToDict, "The whole program as dictionaries; build() reads them back.")
      .def("traffic", &trafficToDict,
           "Its layers and DRAM requests alone, in the form of to_dict(): no instructions, no "
           "constants.");
}

} // namespace

NB_MODULE(_sim, m) {
  m.doc() = "Simulator and validator of programs for the MLA; placement of buffers.";
  bindProgram(m);
  bindMemory(m);
  m.attr("Simulation") =
      nb::module_::import_("collections").attr("namedtuple")("Simulation", "outputs stats");
  m.def("load", &load, "lm"_a, "Decodes an .lm file (bytes-like); ValueError if it is none.");
  m.def("build", &programFromDict, "program"_a, "A program from dictionaries (docs/simulator.md).");
  m.def("encode", &encode, "program"_a, "target"_a, "The bytes of the program's .lm file.");
  m.def("simulate", &simulate, "program"_a, "target"_a, "inputs"_a, nb::kw_only(),
        "cycle"_a = false, "threads"_a = 1, "kernels"_a = "auto", "poison"_a = -1,
        "Runs the program: Simulation(outputs: list of uint8 arrays, stats: dict or None).");
  m.def("stats", &stats, "program"_a, "target"_a, "Cycles and stalls without computing values.");
  m.def("validate", &validate, "program"_a, "target"_a,
        "None, or \"<rule>: <sentence>\" about the first offence of the program "
        "(docs/validator.md).");
  m.def("available_kernels", &sim::availableKernels, "Kernel sets this CPU runs, slowest first.");
  m.def("micro_program", &microProgram, "operations"_a, "kh"_a = 0, "kw"_a = 0,
        "(bytes, {length, cost, row_cost, channel_cost}) of a list of micro-operations.");
  m.def("occupancy", &occupancyOf, "instruction"_a, "target"_a, "Cycles an instruction takes.");
  m.def("dram_timeline", &dramTimeline, "target"_a, "end_cycle"_a, "prologue_bursts"_a,
        "requests"_a, "Times in ticks of (issue, due, bursts) requests (DramTimeline.h).");
}

} // namespace afe::python

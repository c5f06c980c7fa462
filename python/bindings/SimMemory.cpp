// Static memory placement for Python: afe.memory's native half, part of afe._sim.

#include "SimMemory.h"

#include "Memory/Place.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace nb::literals;

namespace afe::python {
namespace {

using BufferTuple = std::tuple<int64_t, int64_t, int64_t, int64_t>;
using PairTuple = std::tuple<size_t, size_t>;

memory::Problem problemOf(const std::vector<BufferTuple> &buffers, int64_t capacity,
                          const std::vector<PairTuple> &inPlace) {
  memory::Problem problem;
  problem.capacity = capacity;
  for (auto [lower, upper, size, alignment] : buffers)
    problem.buffers.push_back({lower, upper, size, alignment});
  for (auto [source, result] : inPlace)
    problem.inPlace.push_back({source, result});
  const std::string error = checkProblem(problem);
  if (!error.empty())
    throw nb::value_error(error.c_str());
  return problem;
}

memory::Method methodOf(const std::string &name) {
  using memory::Method;
  for (Method method : {Method::FirstFit, Method::BestFit, Method::Exact})
    if (name == methodName(method))
      return method;
  throw nb::value_error(("no method is called '" + name + "'").c_str());
}

nb::dict place(const std::vector<BufferTuple> &buffers, int64_t capacity, int64_t steps,
               const std::string &method, bool lowest, const std::vector<PairTuple> &inPlace,
               const std::vector<std::string> &names) {
  const memory::Problem problem = problemOf(buffers, capacity, inPlace);
  memory::PlaceOptions options;
  options.method = methodOf(method);
  options.steps = steps;
  options.lowest = lowest;
  memory::Placement placement;
  {
    nb::gil_scoped_release release;
    placement = memory::place(problem, options);
  }
  const memory::FullestMoment moment = fullestMoment(problem);
  nb::dict result;
  result["offsets"] = nb::cast(placement.offsets);
  result["height"] = placement.height;
  result["max_live_load"] = placement.maxLiveLoad;
  result["lower_bound"] = placement.lowerBound;
  result["steps"] = placement.stepsUsed;
  result["method"] = methodName(placement.method);
  result["fits"] = placement.fits;
  result["fullest_time"] = moment.time;
  result["fullest_buffers"] = nb::cast(moment.buffers);
  result["failure"] = explainFailure(problem, placement, names);
  return result;
}

std::string validate(const std::vector<BufferTuple> &buffers, int64_t capacity,
                     const std::vector<int64_t> &offsets, const std::vector<PairTuple> &inPlace) {
  return memory::validate(problemOf(buffers, capacity, inPlace), offsets);
}

} // namespace

void bindMemory(nb::module_ &m) {
  m.def("place_buffers", &place, "buffers"_a, "capacity"_a, "steps"_a, "method"_a, "lowest"_a,
        "in_place"_a, "names"_a,
        "Offsets of (lower, upper, size, alignment) buffers and a report (afe.memory.place).");
  m.def("validate_placement", &validate, "buffers"_a, "capacity"_a, "offsets"_a, "in_place"_a,
        "\"\" or a sentence about the first offence (afe.memory.validate).");
}

} // namespace afe::python

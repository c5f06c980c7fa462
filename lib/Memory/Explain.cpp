// Which buffers stand in the way of a placement: those that live at the fullest moment.

#include "Memory/Place.h"

#include <algorithm>

namespace afe::memory {

FullestMoment fullestMoment(const Problem &problem) {
  struct Event {
    int64_t time, change;
  };
  std::vector<Event> events;
  for (const BufferSpec &b : problem.buffers) {
    events.push_back({b.lower, b.size});
    events.push_back({b.upper, -b.size});
  }
  std::sort(events.begin(), events.end(), [](const Event &a, const Event &b) {
    return a.time != b.time ? a.time < b.time : a.change < b.change; // ends before beginnings
  });
  FullestMoment moment;
  int64_t load = 0;
  for (const Event &e : events)
    if ((load += e.change) > moment.load) {
      moment.load = load;
      moment.time = e.time;
    }
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const BufferSpec &b = problem.buffers[i];
    if (b.size > 0 && b.lower <= moment.time && moment.time < b.upper)
      moment.buffers.push_back(i);
  }
  std::sort(moment.buffers.begin(), moment.buffers.end(), [&](size_t a, size_t b) {
    const int64_t sizeA = problem.buffers[a].size, sizeB = problem.buffers[b].size;
    return sizeA != sizeB ? sizeA > sizeB : a < b;
  });
  return moment;
}

std::string explainFailure(const Problem &problem, const Placement &placement,
                           const std::vector<std::string> &names) {
  if (placement.fits)
    return {};
  const FullestMoment moment = fullestMoment(problem);
  std::string text;
  if (placement.lowerBound > problem.capacity)
    text = "no placement takes less than " + std::to_string(placement.lowerBound) + " bytes";
  else
    text = "the lowest placement found in " + std::to_string(placement.stepsUsed) +
           " steps takes " + std::to_string(placement.height) + " bytes";
  text += " and the capacity is " + std::to_string(problem.capacity) + ": at time " +
          std::to_string(moment.time) + " " + std::to_string(moment.buffers.size()) +
          " buffers with " + std::to_string(moment.load) + " bytes live";
  constexpr size_t most = 5; // named in a sentence
  for (size_t k = 0; k < std::min(most, moment.buffers.size()); ++k) {
    const size_t i = moment.buffers[k];
    text += k ? ", " : ", the largest of them ";
    text += i < names.size() ? names[i] : "buffer " + std::to_string(i);
    text += " (" + std::to_string(problem.buffers[i].size) + ")";
  }
  return text;
}

} // namespace afe::memory

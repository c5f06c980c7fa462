// Order and estimated times of DRAM requests.

#include "Scheduling/DramQueue.h"

#include "Simulator/DramTimeline.h"

#include <algorithm>

namespace afe::sched {

int64_t DramQueue::startTick(const isa::DramRequest &request) const {
  int64_t ticks = target.dram_decibytes_per_cycle;
  return std::max((prologue + request.issue + target.dram_latency) * ticks, lastDoneTick);
}

int64_t DramQueue::append(isa::DramRequest request) {
  int64_t ticks = target.dram_decibytes_per_cycle;
  int64_t bursts =
      sim::burstsOf(target, request.dram, request.rows, request.dramRowBytes(), request.dramStride);
  lastDoneTick = sim::afterLive(target, startTick(request),
                                sim::liveTicks(target, bursts, request.decodedBytes()));
  int64_t doneCycle = std::max<int64_t>(0, (lastDoneTick + ticks - 1) / ticks - prologue);
  request.due = request.kind == isa::DramRequest::Kind::FromL2 ? doneCycle : UINT32_MAX;
  requests.push_back(request);
  done.push_back(doneCycle);
  if (request.kind == isa::DramRequest::Kind::FromL2)
    onWritten(request, doneCycle);
  return doneCycle;
}

int64_t DramQueue::pushRead(isa::DramRequest request) {
  while (!waiting.empty() && startTick(waiting.front()) <= startTick(request)) {
    isa::DramRequest write = waiting.front();
    waiting.erase(waiting.begin());
    append(write);
  }
  return append(request);
}

void DramQueue::pushWrite(isa::DramRequest request) {
  auto at = std::upper_bound(waiting.begin(), waiting.end(), request,
                             [](const auto &a, const auto &b) { return a.issue < b.issue; });
  waiting.insert(at, request);
}

void DramQueue::flush() {
  for (const isa::DramRequest &write : waiting)
    append(write);
  waiting.clear();
}

} // namespace afe::sched

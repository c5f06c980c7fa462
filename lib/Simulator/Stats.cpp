// Cycles of a program: the DRAM timeline of its requests, and sums over its instructions.

#include "Simulator/Stats.h"

#include "Encoding/Lm.h"
#include "Simulator/DramTimeline.h"
#include "Simulator/Timing.h"

#include <algorithm>

namespace afe::sim {
namespace {

/// The request list and the first instruction block of every quad.
int64_t prologueBursts(const isa::Program &program, const Target &target) {
  int64_t bursts =
      burstsOf(target, 0, 1, program.requests.size() * uint64_t(isa::kRequestBytes), 0);
  for (const auto &blocks : program.blocks)
    if (!blocks.empty())
      bursts += burstsOf(target, 0, 1, blocks[0].bytes, 0);
  return bursts;
}

int64_t requestBursts(const Target &target, const isa::DramRequest &r) {
  if (r.kind == isa::DramRequest::Kind::Instructions)
    return burstsOf(target, 0, 1, r.rowBytes, 0);
  return burstsOf(target, r.dram, r.rows, r.dramRowBytes(), r.dramStride);
}

const char *stallKind(const isa::DramRequest &r) {
  switch (r.kind) {
  case isa::DramRequest::Kind::ToL2:
    return "load";
  case isa::DramRequest::Kind::FromL2:
    return "store";
  case isa::DramRequest::Kind::Instructions:
    break;
  }
  return "instructions";
}

int64_t macsOf(const isa::TensorFields &f) {
  const int64_t pixels = int64_t(f.images) * f.rows * f.cols, taps = int64_t(f.kh) * f.kw;
  if (f.mode == int(isa::TensorMode::Depthwise))
    return pixels * taps * f.oc;
  return pixels * taps * f.ic * f.oc;
}

class Collector {
public:
  Collector(const isa::Program &program, const Target &target, Stats &stats)
      : program(program), target(target), stats(stats) {
    stats = Stats();
    stats.deterministic = program.endCycle;
    stats.engines.resize(program.quads);
    stats.layers.resize(std::max<size_t>(program.layers.size(), 1));
  }

  void instructions() {
    for (uint32_t quad = 0; quad < program.quads; ++quad)
      for (const isa::Instruction &in : program.streams[quad])
        add(quad, in);
    stats.busy = unionLength();
    stats.plannedWait = stats.deterministic - stats.busy;
  }

  bool requests(std::string &error) {
    const int64_t prologue = prologueBursts(program, target);
    DramTimeline timeline(target, program.endCycle, prologue);
    int64_t bursts = prologue;
    for (size_t i = 0; i < program.requests.size(); ++i) {
      const isa::DramRequest &r = program.requests[i];
      const int64_t own = requestBursts(target, r);
      bursts += own;
      if (!timeline.push(r.issue, r.due, own, r.decodedBytes())) {
        error = "DRAM request " + std::to_string(i) + ", issued at " + std::to_string(r.issue) +
                " and due at " + std::to_string(r.due) +
                ": deadlock, T can not reach the issue of it or of an earlier request of the list";
        return false;
      }
    }
    stats.prologue = timeline.prologueCycles();
    stats.wall = timeline.wall();
    stats.stalls = stats.wall - stats.deterministic;
    stats.dramBytes = bursts * target.dram_burst_bytes;
    stats.causes.push_back({-1, 0, stats.prologue, "prologue", 0});
    for (const DramTimeline::Stall &s : timeline.stalls())
      add(s);
    return true;
  }

private:
  void add(uint32_t quad, const isa::Instruction &in) {
    const int64_t cycles = occupancy(target, in), start = in.start;
    const size_t engine = size_t(in.engine());
    LayerStats &layer = stats.layers[program.layers.empty() ? 0 : in.layer];
    stats.engines[quad][engine] += cycles;
    layer.occupancy[engine] += cycles;
    layer.start = layer.start < 0 ? start : std::min(layer.start, start);
    layer.end = std::max(layer.end, start + cycles + latencyOf(target, in.engine()));
    if (auto *f = std::get_if<isa::TensorFields>(&in.fields))
      layer.macs += macsOf(*f);
    if (in.engine() != isa::Engine::Load && in.engine() != isa::Engine::Store)
      active.push_back({start, start + cycles});
  }

  void add(const DramTimeline::Stall &s) {
    const isa::DramRequest &r = program.requests[s.request];
    stats.causes.push_back({int64_t(s.request), s.at, s.cycles, stallKind(r), r.layer});
    stats.layers[program.layers.empty() ? 0 : r.layer].stalls += s.cycles;
  }

  int64_t unionLength() {
    std::sort(active.begin(), active.end());
    int64_t length = 0, end = 0;
    for (const auto &[from, to] : active) {
      length += std::max<int64_t>(0, to - std::max(from, end));
      end = std::max(end, to);
    }
    return length;
  }

  const isa::Program &program;
  const Target &target;
  Stats &stats;
  std::vector<std::pair<int64_t, int64_t>> active; ///< TENSOR, OUTPUT and VECTOR of all quads
};

} // namespace

int64_t prologueCycles(const isa::Program &program, const Target &target) {
  return DramTimeline(target, program.endCycle, prologueBursts(program, target)).prologueCycles();
}

bool computeStats(const isa::Program &program, const Target &target, Stats &stats,
                  std::string &error) {
  Collector collector(program, target, stats);
  collector.instructions();
  return collector.requests(error);
}

} // namespace afe::sim

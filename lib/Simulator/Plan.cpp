// Global order, and the waits between streams.

#include "Simulator/Plan.h"

#include "Simulator/Extent.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>

namespace afe::sim {

std::vector<Step> orderOf(const isa::Program &program) {
  std::vector<Step> instructions, order;
  for (uint32_t quad = 0; quad < program.streams.size(); ++quad)
    for (uint32_t i = 0; i < program.streams[quad].size(); ++i)
      instructions.push_back({program.streams[quad][i].start, quad, i});
  std::sort(instructions.begin(), instructions.end(), [](const Step &a, const Step &b) {
    if (a.time != b.time)
      return a.time < b.time;
    return a.quad != b.quad ? a.quad < b.quad : a.index < b.index;
  });
  uint32_t time = 0;
  size_t next = 0;
  for (uint32_t i = 0; i < program.requests.size(); ++i) {
    time = std::max(time, program.requests[i].issue);
    for (; next < instructions.size() && instructions[next].time < time; ++next)
      order.push_back(instructions[next]);
    order.push_back({time, program.quads, i});
  }
  order.insert(order.end(), instructions.begin() + int64_t(next), instructions.end());
  return order;
}

namespace {

constexpr unsigned kMaxStreams = 9; ///< 8 quads and DRAM
using Counts = std::array<uint32_t, kMaxStreams>;

/// For every byte of L2: after how many tasks of each stream all its reads, and all its writes, are
/// done. A write makes what was before it irrelevant, because the writer waited for all that.
class AccessMap {
public:
  /// Raises `waits` to what an access to these bytes has to wait for, and records the access.
  void access(const Extent &e, bool write, unsigned stream, uint32_t count, Counts &waits) {
    if (e.empty())
      return;
    split(e.lo), split(e.hi);
    const auto first = intervals.lower_bound(e.lo), last = intervals.lower_bound(e.hi);
    for (auto it = first; it != last; ++it) {
      raise(waits, it->second.writes);
      if (write)
        raise(waits, it->second.reads);
      else
        it->second.reads[stream] = count;
    }
    if (!write)
      return;
    State state{};
    state.writes[stream] = count;
    intervals.erase(first, last);
    intervals[e.lo] = state;
  }

private:
  struct State {
    Counts reads{}, writes{};
  };

  static void raise(Counts &waits, const Counts &by) {
    for (unsigned i = 0; i < kMaxStreams; ++i)
      waits[i] = std::max(waits[i], by[i]);
  }
  /// Makes `at` the beginning of an interval.
  void split(int64_t at) { intervals.emplace(at, std::prev(intervals.upper_bound(at))->second); }

  std::map<int64_t, State> intervals{{INT64_MIN, State{}}}; ///< by their first byte
};

constexpr int64_t kMaxPlanes = 64; ///< beyond, one interval stands for all planes of a move

/// A strided move as contiguous ranges, or ranges that contain them.
void appendPlanes(int64_t base, int64_t run, int64_t rows, int64_t stride1, int64_t planes,
                  int64_t stride2, std::vector<Extent> &to) {
  if (planes > kMaxPlanes)
    return to.push_back(extentOf(base, run, {axis(rows, stride1), axis(planes, stride2)}));
  for (int64_t plane = 0; plane < planes; ++plane)
    to.push_back(extentOf(base + plane * stride2, run, {axis(rows, stride1)}));
}

class TaskPlanner {
public:
  TaskPlanner(const isa::Program &program, const std::vector<Step> &order)
      : program(program), order(order) {
    plan.streams.resize(program.quads + 1);
    waited.resize(program.quads + 1);
  }

  TaskPlan run() {
    for (uint32_t i = 0; i < order.size(); ++i)
      if (order[i].quad == program.quads)
        addRequest(i);
      else
        addInstruction(i);
    return std::move(plan);
  }

private:
  void addRequest(uint32_t step) {
    const isa::DramRequest &r = program.requests[order[step].index];
    extents.clear();
    if (r.kind != isa::DramRequest::Kind::Instructions)
      appendPlanes(r.l2, r.rowBytes, 1, 0, r.rows, r.l2Stride, extents);
    addTask(program.quads, step, r.kind == isa::DramRequest::Kind::ToL2);
  }

  void addInstruction(uint32_t step) {
    const isa::Instruction &in = program.streams[order[step].quad][order[step].index];
    extents.clear();
    auto append = [&](const auto &f) {
      appendPlanes(unsignedWord(f.l2), f.run, f.count1, f.l2_stride1, f.count2, f.l2_stride2,
                   extents);
    };
    if (auto *f = std::get_if<isa::LoadFields>(&in.fields))
      append(*f);
    if (auto *f = std::get_if<isa::StoreFields>(&in.fields))
      append(*f);
    for (uint32_t quad = 0; quad < program.quads; ++quad)
      if (in.quads >> quad & 1)
        addTask(quad, step, in.engine() == isa::Engine::Store);
  }

  void addTask(uint32_t stream, uint32_t step, bool write) {
    Counts waits{};
    const uint32_t count = uint32_t(plan.streams[stream].size()) + 1;
    for (const Extent &e : extents)
      l2.access(e, write, stream, count, waits);
    Task task{step, uint32_t(plan.waits.size()), 0};
    for (uint32_t other = 0; other <= program.quads; ++other)
      if (other != stream && waits[other] > waited[stream][other]) {
        plan.waits.push_back({other, waits[other]});
        waited[stream][other] = waits[other];
      }
    task.endWait = uint32_t(plan.waits.size());
    plan.streams[stream].push_back(task);
  }

  const isa::Program &program;
  const std::vector<Step> &order;
  TaskPlan plan;
  AccessMap l2;
  std::vector<Counts> waited; ///< what each stream has waited for already
  std::vector<Extent> extents;
};

} // namespace

TaskPlan planTasks(const isa::Program &program, const std::vector<Step> &order) {
  return TaskPlanner(program, order).run();
}

} // namespace afe::sim

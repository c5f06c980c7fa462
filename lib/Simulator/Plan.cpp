// Global order and epochs.

#include "Simulator/Plan.h"

#include "Simulator/Extent.h"

#include <algorithm>
#include <map>

namespace afe::sim {

Order orderOf(const isa::Program &program) {
  Order order;
  for (uint32_t quad = 0; quad < program.streams.size(); ++quad)
    for (uint32_t i = 0; i < program.streams[quad].size(); ++i)
      order.instructions.push_back({program.streams[quad][i].start, quad, i});
  std::sort(order.instructions.begin(), order.instructions.end(),
            [](const PlannedInstruction &a, const PlannedInstruction &b) {
              if (a.start != b.start)
                return a.start < b.start;
              return a.quad != b.quad ? a.quad < b.quad : a.index < b.index;
            });
  uint32_t latest = 0;
  for (const isa::DramRequest &request : program.requests)
    order.requestTimes.push_back(latest = std::max(latest, request.issue));
  return order;
}

namespace {

/// A set of bytes as disjoint intervals.
class ByteSet {
public:
  bool overlaps(const Extent &e) const {
    auto after = intervals.lower_bound(e.hi);
    return after != intervals.begin() && std::prev(after)->second > e.lo;
  }
  void insert(Extent e) {
    auto it = intervals.upper_bound(e.lo);
    if (it != intervals.begin() && std::prev(it)->second >= e.lo)
      --it;
    while (it != intervals.end() && it->first <= e.hi) {
      e = e.unite({it->first, it->second});
      it = intervals.erase(it);
    }
    intervals[e.lo] = e.hi;
  }
  void clear() { intervals.clear(); }

private:
  std::map<int64_t, int64_t> intervals; ///< begin -> end
};

constexpr int64_t kMaxPlanes = 64; ///< beyond, one interval stands for all planes of a move

/// L2 bytes of a strided move, plane by plane.
void appendPlanes(int64_t base, int64_t run, int64_t rows, int64_t stride1, int64_t planes,
                  int64_t stride2, std::vector<Extent> &to) {
  if (planes > kMaxPlanes)
    return to.push_back(extentOf(base, run, {axis(rows, stride1), axis(planes, stride2)}));
  for (int64_t plane = 0; plane < planes; ++plane)
    to.push_back(extentOf(base + plane * stride2, run, {axis(rows, stride1)}));
}

class EpochPlanner {
public:
  EpochPlanner(const isa::Program &program, const Order &order)
      : program(program), order(order), reads(program.quads), writes(program.quads) {
    plan.lists.resize(program.quads);
  }

  EpochPlan run() {
    for (const PlannedInstruction &p : order.instructions) {
      while (request < program.requests.size() && order.requestTimes[request] <= p.start)
        addRequest();
      addInstruction(p);
    }
    while (request < program.requests.size())
      addRequest();
    close();
    return std::move(plan);
  }

private:
  void close() {
    Epoch epoch;
    epoch.requestsEnd = request;
    for (const auto &list : plan.lists)
      epoch.instructionEnd.push_back(uint32_t(list.size()));
    plan.epochs.push_back(std::move(epoch));
    for (uint32_t quad = 0; quad < program.quads; ++quad)
      reads[quad].clear(), writes[quad].clear();
  }

  bool conflicts(const std::vector<Extent> &extents, bool write, uint32_t quad) const {
    for (uint32_t other = 0; other < program.quads; ++other)
      for (const Extent &e : extents)
        if (other != quad && (writes[other].overlaps(e) || (write && reads[other].overlaps(e))))
          return true;
    return false;
  }

  /// A request joins the epoch's beginning unless an instruction already in the epoch minds.
  void addRequest() {
    const isa::DramRequest &r = program.requests[request];
    const bool toL2 = r.kind == isa::DramRequest::Kind::ToL2;
    extents.clear();
    if (r.kind != isa::DramRequest::Kind::Instructions)
      appendPlanes(r.l2, r.rowBytes, 1, 0, r.rows, r.l2Stride, extents);
    if (conflicts(extents, toL2, program.quads))
      close();
    ++request;
  }

  void addInstruction(const PlannedInstruction &p) {
    const isa::Instruction &in = program.streams[p.quad][p.index];
    extents.clear();
    if (auto *f = std::get_if<isa::LoadFields>(&in.fields))
      appendPlanes(unsignedWord(f->l2), f->run, f->count1, f->l2_stride1, f->count2, f->l2_stride2,
                   extents);
    if (auto *f = std::get_if<isa::StoreFields>(&in.fields))
      appendPlanes(unsignedWord(f->l2), f->run, f->count1, f->l2_stride1, f->count2, f->l2_stride2,
                   extents);
    const bool write = in.engine() == isa::Engine::Store;
    bool conflict = false;
    for (uint32_t quad = 0; quad < program.quads; ++quad)
      conflict |= (in.quads >> quad & 1) && conflicts(extents, write, quad);
    if (conflict)
      close();
    for (uint32_t quad = 0; quad < program.quads; ++quad)
      if (in.quads >> quad & 1) {
        plan.lists[quad].push_back(p);
        for (const Extent &e : extents)
          (write ? writes : reads)[quad].insert(e);
      }
  }

  const isa::Program &program;
  const Order &order;
  EpochPlan plan;
  uint32_t request = 0;
  std::vector<ByteSet> reads, writes; ///< of L2 in the open epoch, per quad
  std::vector<Extent> extents;
};

} // namespace

EpochPlan planEpochs(const isa::Program &program, const Order &order) {
  return EpochPlanner(program, order).run();
}

} // namespace afe::sim

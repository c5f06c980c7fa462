// Rules on the program's shape, on engines and on the L2 read rate.

#include "Simulator/ValidatorStatic.h"
#include "Encoding/Fields.h"
#include "Simulator/Timing.h"

#include <algorithm>
#include <tuple>

namespace afe::sim {
namespace {

constexpr uint64_t kMaxBytes = uint64_t(1) << 40;

MaybeOffence checkTarget(const isa::Program &p, const Target &target) {
  if (std::string problem = target.check(); !problem.empty())
    return offence(Rule::Target, problem);
  if (p.target != target.name || p.targetHash != target.hash())
    return offence(Rule::Target, "the program was made for target '" + p.target +
                                     "', not for this description of '" + target.name + "'");
  if (p.quads < 1 || p.quads > target.quads || p.streams.size() != p.quads)
    return offence(Rule::Target, "the program has " + std::to_string(p.streams.size()) +
                                     " streams for " + std::to_string(p.quads) +
                                     " quads, the target has " + std::to_string(target.quads));
  if (p.dramBytes > kMaxBytes || p.constants.size() > p.dramBytes)
    return offence(Rule::OutOfBounds, "the constants exceed the DRAM image of " +
                                          std::to_string(p.dramBytes) + " bytes");
  return {};
}

MaybeOffence checkBuffers(const isa::Program &p) {
  for (size_t i = 0; i < p.buffers.size(); ++i) {
    const isa::Buffer &b = p.buffers[i];
    if (b.address > kMaxBytes || b.size > kMaxBytes || b.lastUse < b.firstUse ||
        (b.inPlaceOf != isa::kNoBuffer && b.inPlaceOf >= p.buffers.size()))
      return offence(Rule::BufferBounds, nameBuffer(p, uint32_t(i)) +
                                             " has an impossible address, size, live range or "
                                             "in-place partner");
  }
  return {};
}

MaybeOffence checkIndices(const isa::Program &p, uint32_t layer, const uint32_t *buffers,
                          size_t count, const std::string &name) {
  if (layer >= p.layers.size())
    return offence(Rule::FieldRange, name + " names layer " + std::to_string(layer) + " of " +
                                         std::to_string(p.layers.size()));
  for (size_t k = 0; k < count; ++k)
    if (buffers[k] != isa::kNoBuffer && buffers[k] >= p.buffers.size())
      return offence(Rule::BufferBounds, name + " names buffer " + std::to_string(buffers[k]) +
                                             " of " + std::to_string(p.buffers.size()));
  return {};
}

MaybeOffence checkInstruction(const isa::Program &p, const Target &target, size_t q, size_t i) {
  const isa::Instruction &in = p.streams[q][i];
  auto fail = [&](Rule rule, const std::string &what) {
    return offence(rule, nameInstruction(p, q, i) + ": " + what);
  };
  if (i && in.start < p.streams[q][i - 1].start)
    return fail(Rule::UnorderedStream,
                "starts before " + nameInstruction(p, q, i - 1) + ", which stands in front of it");
  unsigned own = 1u << q;
  bool legal = in.engine() == isa::Engine::Load
                   ? (in.quads & own) && !(in.quads & (own - 1)) && !(in.quads >> p.quads)
                   : in.quads == own;
  if (!legal)
    return fail(Rule::QuadMask, "quad mask " + std::to_string(in.quads));
  if (auto o = checkFieldsOf(in, target))
    return fail(o->rule, o->message);
  int64_t ready = in.start + occupancy(target, in) + latencyOf(target, in.engine());
  if (ready > p.endCycle)
    return fail(Rule::EndCycle, "is complete at " + std::to_string(ready) +
                                    ", the program ends at " + std::to_string(p.endCycle));
  if (in.layer >= p.layers.size() ||
      *std::max_element(in.buffers.begin(), in.buffers.end()) >= p.buffers.size())
    return checkIndices(p, in.layer, in.buffers.data(), in.buffers.size(),
                        nameInstruction(p, q, i));
  return {};
}

/// A LOAD on the engines of all its quads.
struct LoadTime {
  int64_t start, end;
  size_t quad, index;
  unsigned mask;
  int64_t rate;

  bool operator<(const LoadTime &o) const {
    return std::tie(start, quad, index) < std::tie(o.start, o.quad, o.index);
  }
};

std::vector<LoadTime> loadsInOrder(const isa::Program &p, const Target &target) {
  std::vector<LoadTime> loads;
  for (size_t q = 0; q < p.streams.size(); ++q)
    for (size_t i = 0; i < p.streams[q].size(); ++i) {
      const isa::Instruction &in = p.streams[q][i];
      if (const auto *f = std::get_if<isa::LoadFields>(&in.fields))
        loads.push_back({in.start, in.start + occupancy(target, *f), q, i, in.quads,
                         f->transpose ? f->rate / 2 : f->rate});
    }
  std::sort(loads.begin(), loads.end());
  return loads;
}

MaybeOffence checkLoads(const isa::Program &p, const Target &target) {
  std::vector<LoadTime> loads = loadsInOrder(p, target);
  std::vector<const LoadTime *> last(p.streams.size(), nullptr);
  for (const LoadTime &load : loads)
    for (size_t q = 0; q < last.size(); ++q) {
      if (!(load.mask >> q & 1))
        continue;
      const LoadTime *before = last[q];
      if (before && load.start < before->end) {
        bool multicast = (load.mask & (load.mask - 1)) || (before->mask & (before->mask - 1));
        return offence(multicast ? Rule::MulticastEngine : Rule::EngineOverlap,
                       nameInstruction(p, load.quad, load.index) + ": the LOAD engine of quad " +
                           std::to_string(q) + " is taken until " + std::to_string(before->end) +
                           " by " + nameInstruction(p, before->quad, before->index));
      }
      last[q] = &load;
    }
  return {};
}

} // namespace

MaybeOffence checkShape(const isa::Program &p, const Target &target) {
  if (auto o = checkTarget(p, target))
    return o;
  if (auto o = checkBuffers(p))
    return o;
  for (size_t q = 0; q < p.streams.size(); ++q)
    for (size_t i = 0; i < p.streams[q].size(); ++i)
      if (auto o = checkInstruction(p, target, q, i))
        return o;
  for (size_t i = 0; i < p.requests.size(); ++i) {
    const isa::DramRequest &r = p.requests[i];
    uint32_t buffers[] = {r.dramBuffer, r.l2Buffer};
    if (auto o = checkIndices(p, r.layer, buffers, 2, nameRequest(p, i)))
      return o;
    bool moves = r.rows >= 1 && r.rowBytes >= 1 && r.rows <= target.l2_bytes / r.rowBytes;
    if (!moves && r.kind != isa::DramRequest::Kind::Instructions)
      return offence(Rule::FieldRange, nameRequest(p, i) + " moves no bytes, or more than L2 has");
  }
  return {};
}

MaybeOffence checkEngines(const isa::Program &p, const Target &target) {
  for (size_t q = 0; q < p.streams.size(); ++q) {
    struct Last {
      int64_t end = 0;
      size_t index = 0;
    } last[isa::kNumEngines];
    for (size_t i = 0; i < p.streams[q].size(); ++i) {
      const isa::Instruction &in = p.streams[q][i];
      if (in.engine() == isa::Engine::Load)
        continue;
      Last &before = last[unsigned(in.engine())];
      if (in.start < before.end)
        return offence(Rule::EngineOverlap, nameInstruction(p, q, i) +
                                                ": the engine is taken until " +
                                                std::to_string(before.end) + " by " +
                                                nameInstruction(p, q, before.index));
      before = {in.start + occupancy(target, in), i};
    }
  }
  return checkLoads(p, target);
}

MaybeOffence checkReadRate(const isa::Program &p, const Target &target) {
  struct Change {
    int64_t at, rate;
    size_t load;
    bool operator<(const Change &o) const { return std::tie(at, rate) < std::tie(o.at, o.rate); }
  };
  std::vector<LoadTime> loads = loadsInOrder(p, target);
  std::vector<Change> changes;
  for (size_t i = 0; i < loads.size(); ++i) {
    changes.push_back({loads[i].start, loads[i].rate, i});
    changes.push_back({loads[i].end, -loads[i].rate, i});
  }
  std::sort(changes.begin(), changes.end());
  int64_t rate = 0;
  for (const Change &change : changes) {
    rate += change.rate;
    if (rate <= target.l2_read_bytes_per_cycle)
      continue;
    const LoadTime &load = loads[change.load];
    return offence(Rule::L2ReadRate,
                   nameInstruction(p, load.quad, load.index) + ": all LOADs together would read " +
                       std::to_string(rate) + " bytes of L2 at cycle " + std::to_string(change.at) +
                       ", at most " + std::to_string(target.l2_read_bytes_per_cycle) +
                       " are possible");
  }
  return {};
}

} // namespace afe::sim

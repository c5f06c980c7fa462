// Which layers can be computed part by part, and how far apart the parts should run.

#include "Scheduling/Stagger.h"

#include "Scheduling/ConvShape.h"
#include "Scheduling/PlanVector.h"

#include <algorithm>
#include <array>
#include <map>

namespace afe::sched {

namespace {

constexpr int64_t kFewestLayers = 4;
/// Below two images a tensor would look as if it were the same for all.
constexpr int64_t kFewestImages = 2;

bool divides(int64_t parts, const Tensor &t) {
  return t.n % parts == 0 && t.n / parts >= kFewestImages &&
         (t.layout.group == 0 || t.n / parts % t.layout.group == 0);
}

bool isSplittable(const Network &network, const Layer &layer, int64_t parts) {
  if (layer.kind == Layer::Kind::Move)
    return false;
  bool vector = layer.kind == Layer::Kind::Vector;
  int64_t images = vector ? layer.vector.domain.n : network.tensors[layer.outputs[0]].n;
  for (int t : layer.outputs)
    if (network.tensors[t].n != images || !divides(parts, network.tensors[t]))
      return false;
  return std::all_of(layer.inputs.begin(), layer.inputs.end(), [&](int t) {
    const Tensor &in = network.tensors[t];
    return (in.n == images && divides(parts, in)) || (vector && in.n == 1);
  });
}

/// Bytes of a storage from the first to the last that images [n0, n1) of a tensor touch.
Interval hullOf(const Tensor &t, int64_t n0, int64_t n1) {
  Interval hull{INT64_MAX, 0};
  const Layout &l = t.layout;
  int64_t block = kLanes * t.elementBytes(), last = l.pixel < block ? t.c % kLanes : 0;
  int64_t image = (t.h - 1) * l.row + (t.w - 1) * l.pixel + (t.blocks() - 1) * l.block +
                  (last ? last * t.elementBytes() : block);
  for (int64_t n = n0; n < n1; ++n) {
    int64_t at = l.offset + l.imageOffset(n);
    hull.lo = std::min(hull.lo, at), hull.hi = std::max(hull.hi, at + image);
  }
  return hull;
}

/// Whether no part touches bytes of a storage that another part's layers write.
bool partsAreApart(const Network &network, const Stagger &s) {
  std::map<int, std::vector<Interval>> hulls; // per storage and part
  std::map<int, bool> written, shared;
  for (size_t l = s.first; l < s.end; ++l) {
    const Layer &layer = network.layers[l];
    for (const std::vector<int> *list : {&layer.inputs, &layer.outputs})
      for (int tensor : *list) {
        const Tensor &t = network.tensors[tensor];
        written[t.storage] |= list == &layer.outputs;
        shared[t.storage] |= t.n == 1;
        std::vector<Interval> &parts = hulls[t.storage];
        parts.resize(s.parts, {INT64_MAX, 0});
        for (int64_t p = 0; p < s.parts && t.n > 1; ++p) {
          Interval own = hullOf(t, t.n * p / s.parts, t.n * (p + 1) / s.parts);
          parts[p].lo = std::min(parts[p].lo, own.lo), parts[p].hi = std::max(parts[p].hi, own.hi);
        }
      }
  }
  for (auto &[storage, parts] : hulls) {
    if (!written[storage])
      continue;
    if (shared[storage])
      return false;
    std::sort(parts.begin(), parts.end(), [](Interval a, Interval b) { return a.lo < b.lo; });
    for (size_t p = 1; p < parts.size(); ++p)
      if (parts[p].lo < parts[p - 1].hi)
        return false;
  }
  return true;
}

} // namespace

Stagger findStagger(const Network &network, int64_t parts) {
  Stagger best;
  size_t first = 0;
  for (size_t l = 0; l <= network.layers.size(); ++l) {
    if (l < network.layers.size() && isSplittable(network, network.layers[l], parts))
      continue;
    if (l - first > best.end - best.first)
      best = {first, l, parts, 0};
    first = l + 1;
  }
  if (best.end - best.first < kFewestLayers || !partsAreApart(network, best))
    return {};
  return best;
}

bool canStagger(const Network &network, const std::vector<Mapping> &mappings,
                const Stagger &stagger) {
  size_t layers = network.layers.size();
  if (stagger.parts < 2 || stagger.lag < 0 || stagger.first >= stagger.end ||
      stagger.end > layers || mappings.size() != layers)
    return false;
  for (size_t at : {stagger.first, stagger.end})
    if (at < layers && mappings[at].cascade == 0)
      return false;
  for (size_t l = stagger.first; l < stagger.end; ++l)
    if (!isSplittable(network, network.layers[l], stagger.parts))
      return false;
  return partsAreApart(network, stagger);
}

Network partOf(const Network &network, const Stagger &stagger, int64_t part) {
  Network result = network;
  std::vector<bool> done(network.tensors.size());
  auto cut = [&](Tensor &t) {
    if (t.n == 1)
      return;
    t.layout.offset += t.layout.imageOffset(t.n / stagger.parts * part);
    t.n /= stagger.parts;
  };
  for (size_t l = stagger.first; l < stagger.end; ++l) {
    Layer &layer = result.layers[l];
    for (const std::vector<int> *list : {&layer.inputs, &layer.outputs})
      for (int t : *list)
        if (!done[t])
          cut(result.tensors[t]), done[t] = true;
    if (layer.kind == Layer::Kind::Vector)
      layer.vector.domain.n /= stagger.parts;
  }
  return result;
}

Network layersOf(const Network &network, size_t first, size_t end) {
  Network result;
  result.name = network.name;
  result.batch = network.batch;
  result.storages = network.storages;
  result.tensors = network.tensors;
  result.inputs = network.inputs;
  result.outputs = network.outputs;
  result.layers.assign(network.layers.begin() + first, network.layers.begin() + end);
  return result;
}

std::vector<GroupTime> groupTimes(const std::vector<Mapping> &mappings, size_t first, size_t end) {
  std::vector<GroupTime> times;
  for (int64_t start = 0; first < end;) {
    const Mapping &m = mappings[first];
    size_t next = first + std::max<int64_t>(1, m.cascade);
    int64_t cycles = std::max<int64_t>(1, m.predictedCycles);
    times.push_back({first, next, start, cycles});
    start += cycles, first = next;
  }
  return times;
}

// --- how far apart -----------------------------------------------------------------------------

namespace {

/// Cycles of a quad's TENSOR, OUTPUT and VECTOR.
using Loads = std::array<double, 3>;

Loads loadsOf(const Network &network, const Layer &layer, const Target &target) {
  Loads loads{};
  double quads = target.quads;
  if (layer.kind == Layer::Kind::Vector) {
    Box domain = wholeBox(layer.vector.domain);
    loads[2] = vectorCycles(layer.vector, domain, target) / quads;
  } else if (layer.kind == Layer::Kind::Conv) {
    const ConvShape shape(network, layer);
    const Tensor &out = shape.out;
    for (const Phase &p : layer.conv.phases)
      loads[0] += double(out.n) * ceilDiv(out.h, p.outStepY) * ceilDiv(out.w, p.outStepX) *
                  out.blocks() * tensorSteps(layer.conv, p, shape.groupIn, shape.packed, target) /
                  (target.tiles * quads);
    loads[1] = double(out.n) * out.h * out.w * out.blocks() * kLanes /
               (target.output_values_per_cycle * quads);
  }
  return loads;
}

/// A group with the share of its time for which each engine is busy.
struct GroupLoad {
  double start, end;
  Loads busy;
};

/// Cycles of all parts, the parts `lag` apart: where an engine is asked for more than it has, all
/// parts go on more slowly.
double staggeredCycles(const std::vector<GroupLoad> &groups, int64_t parts, double lag) {
  std::vector<double> borders;
  for (int64_t p = 0; p < parts; ++p)
    for (const GroupLoad &group : groups)
      borders.push_back(group.start + p * lag), borders.push_back(group.end + p * lag);
  std::sort(borders.begin(), borders.end());
  std::vector<size_t> at(parts, 0); // the group that each part is in
  double cycles = 0;
  for (size_t i = 1; i < borders.size(); ++i) {
    double middle = (borders[i - 1] + borders[i]) / 2, most = 1;
    Loads sum{};
    for (int64_t p = 0; p < parts; ++p) {
      double own = middle - p * lag;
      while (at[p] < groups.size() && groups[at[p]].end <= own)
        ++at[p];
      if (at[p] < groups.size() && groups[at[p]].start <= own)
        for (size_t e = 0; e < sum.size(); ++e)
          sum[e] += groups[at[p]].busy[e];
    }
    for (double load : sum)
      most = std::max(most, load);
    cycles += (borders[i] - borders[i - 1]) * most;
  }
  return cycles;
}

} // namespace

int64_t chooseLag(const Network &part, const Target &target, const std::vector<Mapping> &mappings,
                  Stagger &stagger) {
  constexpr int64_t kSteps = 256;
  std::vector<GroupLoad> groups;
  for (const GroupTime &time : groupTimes(mappings, stagger.first, stagger.end)) {
    GroupLoad group{double(time.start), double(time.start + time.cycles), {}};
    for (size_t l = time.first; l < time.end; ++l) {
      Loads loads = loadsOf(part, part.layers[l], target);
      for (size_t e = 0; e < loads.size(); ++e)
        group.busy[e] += loads[e] / time.cycles;
    }
    groups.push_back(group);
  }
  double best = -1, total = groups.back().end;
  for (int64_t i = 1; i <= kSteps / stagger.parts; ++i) {
    int64_t lag = std::max<int64_t>(1, total * i / kSteps);
    double cycles = staggeredCycles(groups, stagger.parts, lag);
    if (best < 0 || cycles < best)
      best = cycles, stagger.lag = lag;
  }
  return best;
}

std::vector<Moments> issueMoments(const std::vector<Mapping> &mappings, const Stagger &stagger) {
  std::vector<Moments> moments(mappings.size(), {INT64_MAX, -1});
  int64_t now = 0;
  auto note = [&](size_t first, size_t end, int64_t from, int64_t to) {
    for (size_t l = first; l < end; ++l) {
      moments[l].first = std::min(moments[l].first, from);
      moments[l].last = std::max(moments[l].last, to);
    }
  };
  for (size_t l = 0; l < mappings.size();) {
    if (stagger.parts < 2 || l != stagger.first) {
      size_t next = l + std::max<int64_t>(1, mappings[l].cascade);
      note(l, next, now, now);
      ++now, l = next;
      continue;
    }
    std::vector<GroupTime> groups = groupTimes(mappings, stagger.first, stagger.end);
    std::vector<int64_t> starts;
    for (int64_t p = 0; p < stagger.parts; ++p)
      for (const GroupTime &group : groups)
        starts.push_back(group.start + p * stagger.lag);
    std::sort(starts.begin(), starts.end());
    // Groups that begin at the same time may be issued in either order.
    for (int64_t p = 0; p < stagger.parts; ++p)
      for (const GroupTime &group : groups) {
        int64_t start = group.start + p * stagger.lag;
        auto from = std::lower_bound(starts.begin(), starts.end(), start);
        auto to = std::lower_bound(starts.begin(), starts.end(), start + group.cycles);
        note(group.first, group.end, now + (from - starts.begin()),
             now + (to - starts.begin()) - 1);
      }
    now += starts.size(), l = stagger.end;
  }
  return moments;
}

} // namespace afe::sched

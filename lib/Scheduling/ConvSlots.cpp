// The buffers of a convolution in L1: fixed places that its tiles take in turn, as many of each
// kind as the movers need to stay ahead. Fixed, because tiles of several sizes at moving addresses
// cut free memory into gaps too small for the next one, and because equal addresses keep the
// instruction streams short.

#include "Scheduling/ConvEmitter.h"

#include <algorithm>

namespace afe::sched {

constexpr int64_t kMostSlots = 4; ///< of one kind

/// The largest tile of each kind, and whether there is more than one.
void ConvEmitter::measureSlots(const std::vector<std::vector<Work>> &works, size_t steps) {
  bool many = steps > 1, manyInputs = false, manyWeights = false;
  for (size_t q = 0; q < works.size(); ++q) {
    everyQuad |= works[q].empty() ? 0 : 1u << q;
    for (const Work &work : works[q])
      for (int64_t chunk = 0; chunk < shape.chunkCount(); ++chunk) {
        const Work &first = works[q].front();
        Box box = shape.inputBox(work.box, work.group, chunk);
        manyInputs |= !(box == shape.inputBox(first.box, first.group, 0));
        manyWeights |= chunk > 0 || work.box.b0 != first.box.b0 ||
                       (conv.matmul && work.box.n0 != first.box.n0);
        inputSlots.bytes = std::max(inputSlots.bytes, tileBytes(input, box));
        weightSlots.bytes =
            std::max(weightSlots.bytes, shape.weightBytes(work.box.blocks(), chunk));
      }
    for (const Work &work : works[q]) {
      outSlots.bytes = std::max(outSlots.bytes, tileBytes(out, work.box));
      if (const Tensor *second = shape.residual ? shape.residual : shape.factors)
        residualSlots.bytes =
            std::max(residualSlots.bytes, tileBytes(*second, shape.secondBox(work.box)));
    }
  }
  inputSlots.count = manyInputs ? 2 : 1;
  weightSlots.count = manyWeights ? 2 : 1;
  outSlots.count = residualSlots.count = many ? 2 : 1;
}

/// Two of each kind that has more than one tile; one of the kinds that matter least where they do
/// not fit; more where there is room.
void ConvEmitter::countSlots() {
  SlotRing *rings[] = {&residualSlots, &outSlots, &inputSlots, &weightSlots};
  auto total = [&] {
    int64_t bytes = 0;
    for (SlotRing *ring : rings)
      bytes += ring->count * roundUp(ring->bytes, kLanes);
    return bytes;
  };
  for (SlotRing *ring : rings)
    if (total() > e.l1Share())
      ring->count = 1;
  std::vector<SlotRing *> more{&weightSlots, &inputSlots};
  if (e.sharesEngines())
    more.insert(more.begin(), &outSlots);
  for (SlotRing *ring : more)
    while (ring->count >= 2 && ring->count < kMostSlots &&
           total() + ring->bytes <= e.l1Share() * 3 / 4)
      ++ring->count;
}

bool ConvEmitter::allocateSlots() {
  countSlots();
  std::pair<SlotRing *, const char *> rings[] = {{&weightSlots, "weights"},
                                                 {&inputSlots, "input"},
                                                 {&residualSlots, "residual"},
                                                 {&outSlots, "output"}};
  std::vector<L1Request> requests;
  std::vector<SlotRing *> owners;
  auto add = [&](SlotRing *ring, const char *name, int64_t count) {
    for (int64_t i = 0; i < count && ring->bytes > 0; ++i) {
      requests.push_back({ring->bytes, name});
      owners.push_back(ring);
    }
  };
  if (e.style.overlaps) { // turn by turn: in the order of first use
    for (int64_t turn = 0; turn < kMostSlots; ++turn)
      for (auto [ring, name] : rings)
        add(ring, name, turn < ring->count);
  } else {
    for (auto [ring, name] : rings)
      add(ring, name, ring->count);
  }
  std::vector<L1Ref> slots = e.allocateL1(requests, everyQuad);
  if (slots.size() < requests.size())
    return false;
  for (size_t i = 0; i < slots.size(); ++i)
    owners[i]->slots.push_back(slots[i]);
  return true;
}

} // namespace afe::sched

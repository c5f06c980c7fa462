// Tensors that are the same bytes in the same layout are one tensor.

#include "Scheduling/Network.h"

#include <array>
#include <map>

namespace afe::sched {

void mergeEqualTensors(Network &network) {
  std::map<std::array<int64_t, 13>, int> known;
  std::vector<int> same;
  for (size_t i = 0; i < network.tensors.size(); ++i) {
    const Tensor &t = network.tensors[i];
    const Layout &l = t.layout;
    std::array<int64_t, 13> key{t.storage, int64_t(t.type), t.n,          t.h,   t.w,
                                t.c,       l.offset,        l.image,      l.row, l.pixel,
                                l.block,   l.group,         l.groupStride};
    same.push_back(known.try_emplace(key, i).first->second);
  }
  auto merge = [&](std::vector<int> &tensors) {
    for (int &t : tensors)
      t = same[t];
  };
  for (Layer &layer : network.layers) {
    merge(layer.inputs);
    merge(layer.outputs);
  }
}

} // namespace afe::sched

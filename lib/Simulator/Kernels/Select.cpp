// Which kernels run on this CPU.

#include "Simulator/Kernels/Select.h"

namespace afe::sim {

#if defined(__x86_64__)
static bool cpuHasAvx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2");
}
static bool cpuHasAvx512() {
  return cpuHasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512vnni");
}
#endif

const Kernels *selectKernels(KernelSet wanted) {
#if defined(__x86_64__)
  const bool any = wanted == KernelSet::Auto;
  if (any || wanted == KernelSet::Avx512) {
    if (cpuHasAvx512())
      return &kAvx512Kernels;
    if (!any)
      return nullptr;
  }
  if (any || wanted == KernelSet::Avx2) {
    if (cpuHasAvx2())
      return &kAvx2Kernels;
    if (!any)
      return nullptr;
  }
  return &kScalarKernels;
#else
  return wanted == KernelSet::Auto || wanted == KernelSet::Scalar ? &kScalarKernels : nullptr;
#endif
}

std::vector<std::string> availableKernels() {
  std::vector<std::string> names;
  for (KernelSet set : {KernelSet::Scalar, KernelSet::Avx2, KernelSet::Avx512})
    if (const Kernels *kernels = selectKernels(set))
      names.push_back(kernels->name);
  return names;
}

} // namespace afe::sim

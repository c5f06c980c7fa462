// Choice of the kernels at run time.
#pragma once

#include "Simulator/Kernels/Kernels.h"
#include "Simulator/Simulate.h"

namespace afe::sim {

/// The kernels of this set, or nullptr if the CPU cannot run them.
const Kernels *selectKernels(KernelSet wanted);

} // namespace afe::sim

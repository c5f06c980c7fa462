// When the DRAM controller will be done with each request, as far as it is known while instructions
// are being placed. The emitter lets a LOAD start no earlier than its data arrive by this estimate,
// so that the schedule waits by plan and does not stall. The final figures come from DramTimeline.
#pragma once

#include "Encoding/Isa.h"
#include "Target/Target.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace afe::sched {

class DramQueue {
public:
  /// `prologue`: wall cycles before T = 0.
  DramQueue(const Target &target, int64_t prologue) : target(target), prologue(prologue) {}

  /// Appends a transfer into L2 and returns the T at which it is done. Transfers out of L2 that can
  /// run before it are put in front of it.
  int64_t pushRead(isa::DramRequest request);
  /// A transfer out of L2 from `issue` on; it takes its place in the list when it can run, so that
  /// it does not hold up the fetches behind it. `onWritten` then learns when it is done.
  void pushWrite(isa::DramRequest request);
  std::function<void(const isa::DramRequest &, int64_t done)> onWritten;
  /// Is a transfer waiting that `matches`?
  template <typename F> bool anyWaiting(F matches) const {
    for (const isa::DramRequest &request : waiting)
      if (matches(request))
        return true;
    return false;
  }
  /// Puts every waiting transfer out of L2 into the list.
  void flush();

  std::vector<isa::DramRequest> requests; ///< in list order
  std::vector<int64_t> done;              ///< per request: T at which it is done

private:
  int64_t append(isa::DramRequest request);
  int64_t startTick(const isa::DramRequest &request) const;

  const Target &target;
  int64_t prologue, lastDoneTick = 0;
  std::vector<isa::DramRequest> waiting; ///< writes, ascending issue
};

} // namespace afe::sched

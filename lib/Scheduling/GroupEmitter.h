// A layer or a cascade that is being issued, step by step: steps of other groups may be issued in
// between.
#pragma once

#include <cstdint>

namespace afe::sched {

class GroupEmitter {
public:
  virtual ~GroupEmitter() = default;
  /// Takes memory and finds out about the steps.
  virtual bool begin() = 0;
  /// Steps are issued in ascending order, each once.
  virtual bool step(int64_t number) = 0;
  int64_t steps = 0; ///< known after begin()
};

} // namespace afe::sched

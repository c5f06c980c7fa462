// Runs the streams of a TaskPlan on several threads. A stream belongs to one thread at a time,
// which runs its tasks until one has to wait; then the thread takes another stream.
#pragma once

#include "Simulator/Plan.h"

#include <atomic>
#include <functional>
#include <memory>

namespace afe::sim {

class TaskRunner {
public:
  /// execute(stream, step) says whether the task succeeded. After a failure, tasks that come before
  /// it in the order still run, those behind it do not.
  using Execute = std::function<bool(unsigned stream, uint32_t step)>;
  /// Asked on the calling thread between tasks and while it waits; true: no further task begins.
  using Interrupted = std::function<bool()>;

  TaskRunner(const TaskPlan &plan, Execute execute, Interrupted interrupted);

  /// Returns when all tasks are done, or none that may run is left.
  void run(unsigned threads);

private:
  /// A stream's state, on a cache line of its own.
  struct alignas(64) Stream {
    std::atomic<uint32_t> done{0};
    std::atomic<bool> owned{false};
  };

  void work(unsigned thread);
  bool finished(unsigned stream) const;
  bool ready(const Task &task) const;
  bool advance(unsigned stream, unsigned thread);
  void poll(unsigned thread);

  const TaskPlan &plan;
  const Execute execute;
  const Interrupted interrupted;
  std::unique_ptr<Stream[]> streams;
  std::atomic<uint32_t> limit{UINT32_MAX}; ///< tasks from this step on do not run
};

} // namespace afe::sim

// The threads' loop.

#include "Simulator/TaskRunner.h"

#include <chrono>
#include <thread>

namespace afe::sim {
namespace {

/// Waits longer each time nothing could be done: a busy machine's cores are not burnt.
class Patience {
public:
  void reset() { rounds = 0; }
  void wait() {
    ++rounds;
    if (rounds < 200)
      pause();
    else if (rounds < 400)
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(50));
  }

private:
  static void pause() {
#if defined(__x86_64__)
    for (int i = 0; i < 8; ++i)
      __builtin_ia32_pause();
#endif
  }
  unsigned rounds = 0;
};

} // namespace

TaskRunner::TaskRunner(const TaskPlan &plan, Execute execute, Interrupted interrupted)
    : plan(plan), execute(std::move(execute)), interrupted(std::move(interrupted)),
      streams(new Stream[plan.streams.size()]) {}

void TaskRunner::run(unsigned threads) {
  std::vector<std::thread> others;
  for (unsigned thread = 1; thread < threads; ++thread)
    others.emplace_back([this, thread] { work(thread); });
  work(0);
  for (std::thread &thread : others)
    thread.join();
}

void TaskRunner::work(unsigned thread) {
  const unsigned count = unsigned(plan.streams.size());
  Patience patience;
  for (bool left = true; left;) {
    left = false;
    bool advanced = false;
    for (unsigned i = 0; i < count; ++i) {
      const unsigned stream = (i + thread) % count;
      if (finished(stream))
        continue;
      left = true;
      if (streams[stream].owned.exchange(true, std::memory_order_acquire))
        continue;
      advanced |= advance(stream, thread);
      streams[stream].owned.store(false, std::memory_order_release);
    }
    if (advanced)
      patience.reset();
    else if (left)
      patience.wait();
    poll(thread);
  }
}

bool TaskRunner::finished(unsigned stream) const {
  const std::vector<Task> &tasks = plan.streams[stream];
  const uint32_t next = streams[stream].done.load(std::memory_order_acquire);
  return next == tasks.size() || tasks[next].step >= limit.load();
}

bool TaskRunner::ready(const Task &task) const {
  for (uint32_t i = task.firstWait; i < task.endWait; ++i)
    if (streams[plan.waits[i].stream].done.load(std::memory_order_acquire) < plan.waits[i].count)
      return false;
  return true;
}

bool TaskRunner::advance(unsigned stream, unsigned thread) {
  const std::vector<Task> &tasks = plan.streams[stream];
  bool advanced = false;
  while (!finished(stream)) {
    const uint32_t next = streams[stream].done.load(std::memory_order_relaxed);
    if (!ready(tasks[next]))
      break;
    if (!execute(stream, tasks[next].step)) {
      uint32_t old = limit.load();
      while (tasks[next].step < old && !limit.compare_exchange_weak(old, tasks[next].step)) {
      }
      break;
    }
    streams[stream].done.store(next + 1, std::memory_order_release);
    advanced = true;
    poll(thread);
  }
  return advanced;
}

void TaskRunner::poll(unsigned thread) {
  if (thread == 0 && interrupted())
    limit = 0;
}

} // namespace afe::sim

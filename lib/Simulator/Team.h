// Threads that meet at barriers. Between barriers they share out numbered pieces of work; the last
// one to arrive runs what has to happen alone before the next round.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace afe::sim {

class Team {
public:
  explicit Team(unsigned threads) : threads(threads) {}

  /// Rounds of work: each thread calls work(piece, thread) for pieces 0 .. pieces-1, every piece once,
  /// then waits; alone() runs on one thread between rounds and says whether there is another one.
  /// alone() has run once before the first round; thread 0 is the caller.
  void run(unsigned pieces, const std::function<void(unsigned, unsigned)> &work,
           const std::function<bool()> &alone) {
    std::vector<std::thread> others;
    running = alone();
    next = 0;
    for (unsigned t = 1; t < threads; ++t)
      others.emplace_back([&, t] { loop(t, pieces, work, alone); });
    loop(0, pieces, work, alone);
    for (std::thread &thread : others)
      thread.join();
  }

private:
  void loop(unsigned thread, unsigned pieces, const std::function<void(unsigned, unsigned)> &work,
            const std::function<bool()> &alone) {
    while (running) {
      for (unsigned piece; (piece = next.fetch_add(1)) < pieces;)
        work(piece, thread);
      meet(alone);
    }
  }

  void meet(const std::function<bool()> &alone) {
    const unsigned round = generation.load();
    if (arrived.fetch_add(1) + 1 == threads) {
      running = alone();
      next = 0;
      arrived = 0;
      std::lock_guard<std::mutex> lock(mutex);
      generation = round + 1;
      changed.notify_all();
      return;
    }
    for (unsigned spin = 0; spin < kSpins; ++spin) {
      if (generation.load() != round)
        return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return generation.load() != round; });
  }

  static constexpr unsigned kSpins = 2000; ///< some 50 microseconds before a thread sleeps
  const unsigned threads;
  bool running = true;
  std::atomic<unsigned> next{0}, arrived{0}, generation{0};
  std::mutex mutex;
  std::condition_variable changed;
};

} // namespace afe::sim

#include "sim/cli/workers.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace ballast {

Threads::Threads(unsigned jobs)
    : jobs_(std::max(1U, jobs == 0 ? std::thread::hardware_concurrency() : jobs)) {}

void Threads::all(std::size_t pieces, history::Work& work) {
  const std::size_t jobs = std::min(jobs_, pieces);
  if (jobs <= 1) return Workers::all(pieces, work);
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failed;
  std::mutex mutex;
  {
    std::vector<std::jthread> threads;
    for (std::size_t worker = 0; worker < jobs; ++worker) {
      threads.emplace_back([&, worker] {
        try {
          for (std::size_t i = next++; i < pieces; i = next++) work.piece(i, worker);
        } catch (...) {
          const std::scoped_lock lock(mutex);
          failed = std::current_exception();
          next = pieces;
        }
      });
    }
  }
  if (failed) std::rethrow_exception(failed);
}

}  // namespace ballast

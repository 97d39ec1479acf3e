#include "sim/scenario/trials.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace ballast {
namespace {

std::uint64_t steady_milliseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

}  // namespace

Trials::Trials(std::uint32_t jobs, std::uint64_t milliseconds, const volatile int* interrupted)
    : jobs_(jobs != 0 ? jobs : std::max(1U, std::thread::hardware_concurrency())),
      deadline_(milliseconds == 0 ? 0 : steady_milliseconds() + milliseconds),
      interrupted_(interrupted) {}

bool Trials::out_of_time() const {
  if (interrupted_ != nullptr && *interrupted_ != 0) return true;
  return deadline_ != 0 && steady_milliseconds() >= deadline_;
}

std::optional<std::size_t> Trials::first(std::size_t count,
                                         const std::function<bool(std::size_t)>& is_right) {
  for (std::size_t next = 0; next < count; next += jobs_) {
    if (out_of_time()) return std::nullopt;
    const std::size_t batch = std::min<std::size_t>(jobs_, count - next);
    std::vector<char> right(batch, 0);
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < batch; ++i) {
        others.emplace_back([&, i] { right[i] = is_right(next + i); });
      }
      right[0] = is_right(next);
    }
    const auto found = std::find(right.begin(), right.end(), 1);
    if (found != right.end()) return next + static_cast<std::size_t>(found - right.begin());
  }
  return std::nullopt;
}

std::size_t Trials::all(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto take = [&] {
    while (!out_of_time()) {
      const std::size_t mine = next++;
      if (mine >= count) return;
      work(mine);
    }
  };
  {
    std::vector<std::jthread> others;
    const std::size_t workers = std::min<std::size_t>(jobs_, count);
    for (std::size_t i = 1; i < workers; ++i) others.emplace_back(take);
    take();
  }
  return std::min<std::size_t>(next, count);
}

}  // namespace ballast

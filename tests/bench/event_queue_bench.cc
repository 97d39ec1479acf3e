// The event queue on the hold model: pop the first event, push the one that it causes. Beside it,
// in the same run, std::priority_queue of the same 24-byte entries; both must pop the same
// sequence. The ratio is what counts: nanoseconds depend on the machine and on who else uses it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <queue>
#include <vector>

#include "sim/base/distribution.h"
#include "sim/base/random.h"
#include "sim/kernel/event_queue.h"

using namespace ballast;

namespace {

struct Entry {
  std::int64_t at = 0;
  std::uint64_t order = 0;
  std::uint32_t slot = 0;
  friend bool operator>(const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }
};

struct Standard {
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  void push(Time at, std::uint64_t sequence, std::uint32_t slot) {
    queue.push({at.ns, sequence, slot});
  }
  Entry pop() {
    const Entry first = queue.top();
    queue.pop();
    return first;
  }
};

struct Ours {
  EventQueue queue;
  void push(Time at, std::uint64_t sequence, std::uint32_t slot) {
    queue.push(at, 0, sequence, slot);
  }
  Entry pop() {
    const EventQueue::Popped first = queue.pop();
    return {first.at.ns, first.sequence, first.slot};
  }
};

// The times between events, drawn beforehand: the law itself would cost more than the queue.
class Increments {
 public:
  explicit Increments(const Distribution& law) {
    for (std::uint64_t i = 0; i < table_.size(); ++i) table_[i] = law.at((2 * i + 1) << 53).ns;
  }
  Duration at(std::uint64_t word) const {
    return {table_[word % table_.size()] + static_cast<std::int64_t>(word >> 57)};
  }

 private:
  std::array<std::int64_t, 1024> table_{};
};

double elapsed_ns(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - since).count();
}

// Each run() does `operations()` pops and pushes and returns a hash of what was popped.
template <class Queue>
class Hold {
 public:
  Hold(const Increments& increments, std::uint32_t pending)
      : increments_(increments), operations_(std::max(20'000u, pending)) {
    for (std::uint32_t slot = 0; slot < pending; ++slot) {
      queue_.push(Time{} + increments_.at(random_.next()), sequence_++, slot);
    }
  }
  std::uint32_t operations() const { return operations_; }
  std::uint64_t run() {
    for (std::uint32_t i = 0; i < operations_; ++i) {
      const Entry first = queue_.pop();
      popped_ = popped_ * 31 + first.slot;
      queue_.push(Time{first.at} + increments_.at(random_.next()), sequence_++, first.slot);
    }
    return popped_;
  }

 private:
  const Increments& increments_;
  std::uint32_t operations_;
  Queue queue_;
  Stream random_{1, Purpose::delay, 1};
  std::uint64_t sequence_ = 0;
  std::uint64_t popped_ = 0;
};

// All events at one instant, as when a broadcast meets a constant delay.
template <class Queue>
class Burst {
 public:
  Burst(const Increments&, std::uint32_t pending) : pending_(pending) {}
  std::uint32_t operations() const { return pending_; }
  std::uint64_t run() {
    std::uint64_t popped = 0;
    ++instant_;
    for (std::uint32_t slot = 0; slot < pending_; ++slot) {
      queue_.push(Time{instant_}, sequence_++, slot);
    }
    for (std::uint32_t i = 0; i < pending_; ++i) popped = popped * 31 + queue_.pop().slot;
    return popped;
  }

 private:
  std::uint32_t pending_;
  Queue queue_;
  std::uint64_t sequence_ = 0;
  std::int64_t instant_ = 0;
};

// The shortest of many short runs, taken in turns, so that both queues meet the machine at rest.
template <template <class> class Model>
void compare(const char* name, std::uint32_t pending, const Distribution& law) {
  const Increments increments(law);
  Model<Ours> ours(increments, pending);
  Model<Standard> standard(increments, pending);
  double best = 1e18;
  double best_standard = 1e18;
  const int runs = pending > 100'000 ? 8 : pending > 10'000 ? 40 : 200;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t a = ours.run();
    const double ns = elapsed_ns(start);
    const auto start_standard = std::chrono::steady_clock::now();
    const std::uint64_t b = standard.run();
    const double ns_standard = elapsed_ns(start_standard);
    if (a != b) std::printf("THE TWO QUEUES POPPED DIFFERENT SEQUENCES\n");
    if (i < runs / 4) continue;  // until both are warm
    best = std::min(best, ns / ours.operations());
    best_standard = std::min(best_standard, ns_standard / standard.operations());
  }
  std::printf("%-28s %9u %12.1f %22.1f %8.1f\n", name, pending, best, best_standard,
              best_standard / best);
}

double empty_queue_ns() {
  constexpr int queues = 1'000'000;
  std::size_t sizes = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < queues; ++i) {
    EventQueue queue;
    queue.push(Time{i}, 0, 0, 0);
    sizes += queue.size();
  }
  const double ns = elapsed_ns(start) / queues;
  return sizes == queues ? ns : 0;
}

}  // namespace

int main() {
  constexpr Duration us{1'000};
  constexpr Duration ms{1'000'000};
  const Distribution exponential = Distribution::exponential(ms);
  std::printf("ns for a pop and a push\n");
  std::printf("%-28s %9s %12s %22s %8s\n", "increments", "pending", "EventQueue",
              "std::priority_queue", "ratio");
  for (const std::uint32_t pending : {10u, 100u, 1'000u, 10'000u, 100'000u, 1'000'000u}) {
    compare<Hold>("exponential", pending, exponential);
  }
  compare<Hold>("uniform 1 to 20 ms", 10'000, Distribution::uniform(ms, 20 * ms));
  compare<Hold>("bimodal 100 us, 10% 100 ms", 10'000,
                Distribution::bimodal(100 * us, 100 * ms, {1, 10}));
  compare<Hold>("pareto 1 us to 10 s, 1.1", 10'000,
                Distribution::pareto(us, 10'000 * ms, {11, 10}));
  compare<Hold>(
      "clusters of 1 us, 1 s apart", 10'000,
      Distribution::empirical(
          {{{0, 1}, {0}}, {{3, 4}, us}, {{3, 4}, 1'000 * ms}, {{1, 1}, 1'000 * ms + us}}));
  compare<Hold>("nearly constant", 10'000, Distribution::uniform(ms, ms + us));
  compare<Burst>("burst at one instant", 10'000, Distribution());
  compare<Burst>("burst at one instant", 1'000'000, Distribution());
  std::printf("making a queue, one push, and dropping it: %.0f ns\n", empty_queue_ns());
  return 0;
}

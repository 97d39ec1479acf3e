#include <array>

#include "algorithms/balancing/policy.h"
#include "sim/base/ring.h"

namespace ballast::balancing {
namespace {

enum class Idle : std::uint8_t { own, reported };
constexpr auto enumerators(Idle) { return std::array<std::string_view, 2>{"own", "reported"}; }

struct Options {
  Idle idle = Idle::own;
  static constexpr std::string_view name = "join_idle_queue";
  static constexpr auto fields = Fields{
      field("idle", &Options::idle,
            "How it knows who is idle. own: from its own requests, which is all there is to know "
            "for a single balancer. reported: endpoints tell one of their balancers (their option "
            "reports: idle).")};
};

// The queue of endpoints that said they are idle; nobody is in it twice. With several balancers, an
// endpoint that another one gives a request at random stays in it: papers differ in that, and it
// changes the mean response time.
struct JoinIdleQueue {
  using Options = balancing::Options;
  static constexpr std::string_view name = "join_idle_queue";
  static constexpr std::string_view summary =
      "The endpoint that has been idle for longest, as far as known; if none is, any at random.";
  static constexpr std::string_view source =
      "Lu et al., Join-Idle-Queue, Performance Evaluation 2011";
  static constexpr PickRule rule = PickRule::nothing;

  Options options;
  Ring<std::uint32_t> queue;
  std::vector<std::uint8_t> queued;  // by endpoint: whether it is in the queue
  std::vector<std::uint32_t> active;
  static constexpr auto fields =
      Fields{field("queued", &JoinIdleQueue::queued), field("active", &JoinIdleQueue::active)};

  JoinIdleQueue() = default;
  explicit JoinIdleQueue(const Options& given) : options(given) {}

  void changed(const Change& change) {
    const bool begins = queued.empty();
    queued.resize(change.hosts.size());
    active.resize(change.hosts.size());
    if (!begins) return;
    for (const Candidate& candidate : change.candidates) join(candidate.endpoint);
  }
  void finished(const Finish& f) {
    if (--active[f.endpoint] == 0 && options.idle == Idle::own) join(f.endpoint);
  }
  void reported(std::uint32_t endpoint, const LoadReport& report, Time) {
    if (report.in_flight == 0 && options.idle == Idle::reported) join(endpoint);
  }

  const Candidate& pick(const Pick& p) {
    const Candidate* picked = nullptr;
    while (!queue.empty() && picked == nullptr) {
      picked = p.candidates.find(queue.front());
      queued[queue.front()] = 0;
      queue.pop();
    }
    if (picked == nullptr) picked = &p.candidates[p.choose(p.candidates.size())];
    ++active[picked->endpoint];
    return *picked;
  }

 private:
  void join(std::uint32_t endpoint) {
    if (queued[endpoint] != 0) return;
    queue.push(endpoint);
    queued[endpoint] = 1;
  }
};

const RegisterPolicy<JoinIdleQueue> registered;

}  // namespace
}  // namespace ballast::balancing

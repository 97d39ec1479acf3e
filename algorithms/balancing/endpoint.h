// An endpoint: a queue, first in first out unless told otherwise, and the servers that work it off.
// It serves balancers, and clients that ask it directly.
//
// How long a request takes is a property of the request, a quantile of the service law; a faster
// endpoint takes proportionally less. So the same requests are equally hard under every policy, and
// two runs that differ in the policy only can be compared request by request.
//
// Probes are answered at once, however long the queue. A crash loses the queue and the work in
// progress; nobody is told.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "algorithms/balancing/load_meter.h"
#include "algorithms/balancing/messages.h"
#include "algorithms/balancing/stopwatch.h"
#include "sim/base/distribution.h"
#include "sim/base/ring.h"
#include "sim/protocol/step.h"

namespace ballast {

namespace balancing {

// Who is next when a server is free; with processor sharing nobody waits, and all that are in
// progress share the servers evenly.
enum class Discipline : std::uint8_t { fifo, lifo, priority, processor_sharing };
constexpr auto enumerators(Discipline) {
  return std::array<std::string_view, 4>{"fifo", "lifo", "priority", "processor_sharing"};
}

// How an endpoint may be ill while it answers probes as if nothing was wrong.
//   black_hole  fails every request at once, so that it looks idle and attracts more
//   zombie      works on every request, and then fails it
//   slow        takes `factor` times as long for what it begins
enum class Illness : std::uint8_t { black_hole, zombie, slow };
constexpr auto enumerators(Illness) {
  return std::array<std::string_view, 3>{"black_hole", "zombie", "slow"};
}

struct IllnessOptions {
  Illness kind = Illness::black_hole;
  Duration from;
  Duration lasts = Duration::max();
  Ratio share{1, 1};
  std::uint32_t factor = 10;
  static constexpr std::string_view name = "illness";
  static constexpr auto fields = Fields{
      field("kind", &IllnessOptions::kind,
            "black_hole: fails requests at once. zombie: works on them and fails them. slow: takes "
            "longer for them. All answer probes.")
          .needed(),
      field("from", &IllnessOptions::from, "When it begins, by the endpoint's clock."),
      field("for", &IllnessOptions::lasts, "How long it lasts; to the end unless given."),
      field("share", &IllnessOptions::share, "Of the requests, how many it befalls."),
      field("factor", &IllnessOptions::factor, "How many times as long, if it is slow.")
          .at_least(1)
          .at_most(1'000'000)};
};

struct DrainOptions {
  Duration from;
  Duration lasts = Duration::max();
  static constexpr std::string_view name = "drain";
  static constexpr auto fields =
      Fields{field("from", &DrainOptions::from, "When it begins, by the endpoint's clock."),
             field("for", &DrainOptions::lasts, "How long it lasts; to the end unless given.")};
};

// with_answers  beside every answer          idle  when nothing is left to do, to one balancer
// periodic      every interval, to all balancers that it has heard from
enum class ReportWhen : std::uint8_t { with_answers, periodic, idle };
constexpr auto enumerators(ReportWhen) {
  return std::array<std::string_view, 3>{"with_answers", "periodic", "idle"};
}
struct ReportOptions {
  ReportWhen when = ReportWhen::with_answers;
  Duration interval{1'000'000'000};
  Duration window{1'000'000'000};
  static constexpr std::string_view name = "reports";
  static constexpr auto fields = Fields{
      field("when", &ReportOptions::when,
            "with_answers: beside every answer. periodic: every interval, to all balancers that it "
            "has heard from. idle: when nothing is left to do, to one of them."),
      field("interval", &ReportOptions::interval, "See when.").at_least(1'000),
      field("window", &ReportOptions::window,
            "The time over which utilization and rates are taken.")
          .at_least(1'000)};
};

struct EndpointConfig {
  Distribution service = Distribution::exponential({10'000'000});
  Ratio speed{1, 1};
  std::uint32_t concurrency = 1;
  std::uint64_t queue_limit = 1'000'000;
  Discipline discipline = Discipline::fifo;
  std::vector<IllnessOptions> illnesses;
  std::optional<DrainOptions> drain;
  std::optional<ReportOptions> reports;

  std::string problem() const {
    return speed.is_zero() ? "speed must be more than 0, or no request is ever done" : "";
  }
  std::uint64_t capacity() const;

  static constexpr std::string_view name = "endpoint";
  static constexpr auto fields =
      Fields{field("service", &EndpointConfig::service,
                   "How long a request takes at speed 1, once its turn has come."),
             field("speed", &EndpointConfig::speed,
                   "How fast this endpoint works: at 2 every request takes half as long.")
                 .at_most(1'000'000),
             field("concurrency", &EndpointConfig::concurrency,
                   "How many requests it works on at a time, each at full speed.")
                 .at_least(1)
                 .at_most(1'000'000),
             field("queue_limit", &EndpointConfig::queue_limit,
                   "How many more may wait; a request that finds the queue full is refused."),
             field("discipline", &EndpointConfig::discipline,
                   "Who is next: fifo, lifo, or priority (see the balancer's priority_levels). "
                   "processor_sharing: nobody waits, all share the servers."),
             field("illnesses", &EndpointConfig::illnesses,
                   "How it fails while probes find it well; the first that applies counts."),
             field("drain", &EndpointConfig::drain,
                   "When it tells balancers to send nothing new; what it has, it finishes."),
             field("reports", &EndpointConfig::reports,
                   "When it tells balancers of its load; null: only when they ask.")};
};

// done: the work that ends first, of all that is in progress, ends now. report: one is due.
enum class EndpointTimer : std::uint8_t { done, report };
constexpr auto enumerators(EndpointTimer) {
  return std::array<std::string_view, 2>{"done", "report"};
}

struct EndpointState {
  std::uint64_t waiting = 0;
  std::uint64_t in_progress = 0;
  static constexpr std::string_view name = "endpoint";
  static constexpr auto fields = Fields{field("waiting", &EndpointState::waiting),
                                        field("in_progress", &EndpointState::in_progress)};
};

}  // namespace balancing

class Endpoint {
 public:
  using Config = balancing::EndpointConfig;
  using Message = balancing::Message;
  using Record = balancing::Record;
  using Timer = balancing::EndpointTimer;
  using State = balancing::EndpointState;

  static constexpr std::string_view name = "endpoint";
  static constexpr std::string_view summary =
      "A server behind a balancer: one queue, a service-time law, a limit of concurrency.";
  static constexpr std::array operations{Operation::work};

  explicit Endpoint(Config config);

  void on_recover(const Record&) {}  // there are none
  void on_start(Step<Endpoint>& step);
  void on_message(NodeId from, const Message& message, Step<Endpoint>& step);
  void on_timer(Timer timer, Step<Endpoint>& step);
  void on_request(const Request& request, Step<Endpoint>& step);

  State state() const { return {waiting_count(), in_progress_.size()}; }

 private:
  struct Job {
    NodeId balancer;  // none: a client asked directly
    Ticket ticket;
    RequestId request;
    std::uint64_t work = 0;
    std::uint64_t priority = 0;
    Time arrived;                 // these two only for reports
    std::uint32_t in_flight = 0;  // then, itself included
    bool doomed = false;          // it will fail
    bool cancelled = false;       // while it waits
    std::uint32_t slowdown = 1;
  };
  struct Waiting {  // with a discipline of its own
    std::uint64_t rank = 0;
    std::uint64_t number = 0;
    Job job;
    // Heaps have their greatest element on top.
    friend bool operator<(const Waiting& a, const Waiting& b) {
      return a.rank != b.rank ? b.rank < a.rank : b.number < a.number;
    }
  };
  struct Task {
    Time end;                  // by the watch; processor sharing: by the work done for each
    std::uint64_t number = 0;  // of equal ends, the one that began first is first
    Job job;
    // Heaps have their greatest element on top.
    friend bool operator<(const Task& a, const Task& b) {
      return a.end != b.end ? b.end < a.end : b.number < a.number;
    }
  };

  void take(Job& job, Step<Endpoint>& step);
  void refuse(const Job& job, Step<Endpoint>& step);
  void cancel(NodeId balancer, const balancing::Cancel& message, Step<Endpoint>& step);
  void fall_ill(Job& job, Step<Endpoint>& step) const;
  void wait(const Job& job);
  void next(Time now);
  void begin(const Job& job, Time now);
  void finish(const Job& job, Step<Endpoint>& step);
  void answer(const Job& job, bool good, Step<Endpoint>& step);
  void report_to(NodeId balancer, Step<Endpoint>& step);
  void set_timer(Time now, Step<Endpoint>& step);
  Time progress(Time now);
  void meet(NodeId balancer);
  bool draining() const;
  std::size_t waiting_count() const { return waiting_.size() + ranked_.size() - cancelled_; }
  std::size_t in_flight() const { return waiting_count() + in_progress_.size(); }
  bool shares() const { return config_.discipline == balancing::Discipline::processor_sharing; }

  Config config_;
  Ring<Job> waiting_;            // first in, first out
  std::vector<Waiting> ranked_;  // or a heap
  std::size_t cancelled_ = 0;    // of those that wait
  std::uint64_t ranks_ = 0;
  std::vector<Task> in_progress_;  // a heap, the first to end on top
  std::uint64_t begun_ = 0;
  Time timer_set_for_ = Time::max();  // the end that the timer is set for; none: the end of time
  balancing::Stopwatch watch_;

  // Processor sharing: how much work each has been given since the beginning, in 1 / 16 ns.
  Time shared_;
  Time shared_at_;

  // What options measure time by, where there are any.
  balancing::Stopwatch clock_;
  Time now_;                       // of this step
  std::vector<NodeId> balancers_;  // that it has heard from
  balancing::LoadMeter meter_;
  bool metered_ = false;  // it is to report, or was asked
};

}  // namespace ballast

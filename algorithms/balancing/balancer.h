// A balancer: takes requests from clients in charge, passes each on to one of its endpoints as its
// policy says, and answers the client when the endpoint is done. Its members, except itself, are
// its endpoints.
//
//   admitted --> sent to an endpoint --+--> completed   the endpoint is done: the client is told ok
//      |              ^                +--> timed out   no answer within the timeout
//      |              |                +--> lost        the endpoint was found to be down
//      |              +---- a retry ---+--> rejected    the endpoint refused it, or failed
//      +--> rejected   no endpoint is up, or it is not let in (admission.h)
//
// In all cases but the first the client is told that the request failed, although an endpoint that
// is merely slow, or cut off, may still be working on it; what it then answers is ignored.
//
// Every request that arrives is admitted, under a ticket of its own, also when the network
// delivered it twice. A balancer that crashes forgets what it was in charge of, and begins anew.
//
// Health: each probe interval every endpoint is sent a probe. One that has not answered the last
// `probe_failures` of them is down until it answers a later one. All are held to be up at first.
// Endpoints that are draining, ejected as outliers or not in use (autoscaling) get no new requests
// either; those that they have are waited for.
//
// What options add: options.h. A request may then have several attempts out at a time (hedging), or
// none for a while (back-off).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "algorithms/balancing/admission.h"
#include "algorithms/balancing/budget.h"
#include "algorithms/balancing/messages.h"
#include "algorithms/balancing/options.h"
#include "algorithms/balancing/outlier.h"
#include "algorithms/balancing/policy.h"
#include "algorithms/balancing/stopwatch.h"
#include "sim/base/clone_ptr.h"
#include "sim/base/ring.h"
#include "sim/base/slab.h"
#include "sim/protocol/goal.h"
#include "sim/protocol/step.h"

namespace ballast {

namespace balancing {

// Mistakes of popular tutorials, to be switched on on purpose.
//   crashed_requests_vanish   the requests of an endpoint that is found down are forgotten
//   never_counts_completions  an endpoint's load is what was sent to it, and never what it has done
enum class BalancerBug : std::uint8_t { none, crashed_requests_vanish, never_counts_completions };
constexpr auto enumerators(BalancerBug) {
  return std::array<std::string_view, 3>{"none", "crashed_requests_vanish",
                                         "never_counts_completions"};
}

// What a sweep should bring about.
enum class BalancerGoal : std::uint8_t {
  nobody_up,
  endpoint_ejected,
  endpoint_returned,
  request_lost,
  request_timed_out,
  request_retried,
  late_answer_ignored
};
inline constexpr std::array<GoalInfo, 7> balancer_goals{{
    {"nobody_up", "A request came while every endpoint was held down."},
    {"endpoint_ejected", "An endpoint was held down after probes without an answer."},
    {"endpoint_returned", "An endpoint that had been held down was taken back."},
    {"request_lost", "A request was under way to an endpoint when that was held down."},
    {"request_timed_out", "A request was given up at its deadline."},
    {"request_retried", "A request was sent to a second endpoint."},
    {"late_answer_ignored", "An endpoint answered a request that had ended or gone elsewhere."},
}};

struct BalancerConfig {
  PolicyChoice policy{"round_robin"};
  std::vector<std::uint64_t> weights;
  Duration timeout{1'000'000'000};
  std::uint32_t retries = 0;
  Duration probe_interval{100'000'000};
  std::uint64_t probe_failures = 3;
  BalancerBug bug = BalancerBug::none;
  std::optional<BackOff> backoff;
  Duration per_try_timeout;
  std::optional<BudgetOptions> retry_budget;
  std::optional<HedgeOptions> hedge;
  bool cancel = false;
  bool independent_attempts = false;
  std::uint32_t reselections = 0;
  std::uint32_t max_in_flight = 0;
  std::optional<RateLimitOptions> rate_limit;
  std::optional<BreakerOptions> breaker;
  std::optional<ThrottleOptions> throttle;
  std::optional<LimiterOptions> limiter;
  std::optional<OutlierOptions> outlier;
  std::optional<SlowStartOptions> slow_start;
  Ratio panic_threshold;
  std::optional<AutoscaleOptions> autoscale;
  std::uint32_t priority_levels = 1;

  Duration patience() const { return timeout; }
  std::string misfit_with(std::size_t endpoints) const;

  static constexpr std::string_view name = "balancer";
  static constexpr auto fields = Fields{
      field(
          "policy", &BalancerConfig::policy,
          "The policy that picks an endpoint for each request: its name, or an object of its name "
          "and its options. See \"ballast list policies\"."),
      field("weights", &BalancerConfig::weights,
            "One for each endpoint, in ascending order; unless given, all are 1. Only weighted "
            "policies look at them.")
          .at_least(1)
          .at_most(1'000'000),
      field("timeout", &BalancerConfig::timeout,
            "How long after its arrival a request is given up, retries included.")
          .at_least(1),
      field("retries", &BalancerConfig::retries,
            "How often a request that was refused, or lost with its endpoint, is sent again, to "
            "whatever endpoint the policy then picks.")
          .at_most(1'000),
      field("probe_interval", &BalancerConfig::probe_interval,
            "How often every endpoint is probed. A round trip should take less.")
          .at_least(1'000),
      field("probe_failures", &BalancerConfig::probe_failures,
            "How many probes in a row an endpoint must leave unanswered to be held down.")
          .at_least(1)
          .at_most(1'000'000),
      field("bug", &BalancerConfig::bug, "A planted mistake; none for a correct balancer."),
      field("backoff", &BalancerConfig::backoff,
            "How long to wait before each retry; null: not at all."),
      field("per_try_timeout", &BalancerConfig::per_try_timeout,
            "After how long an attempt counts as failed and may be retried; 0: never."),
      field("retry_budget", &BalancerConfig::retry_budget,
            "How many retries, and hedged copies, are allowed; null: any number."),
      field("hedge", &BalancerConfig::hedge,
            "Sends a request a second time when the answer is late; null: never."),
      field("cancel", &BalancerConfig::cancel,
            "Whether endpoints are told of attempts that timed out."),
      field("independent_attempts", &BalancerConfig::independent_attempts,
            "Whether a request that is sent again takes a time of its own there, as when endpoints "
            "are slow by chance; otherwise it is as long as before."),
      field("reselections", &BalancerConfig::reselections,
            "How often the policy picks again when it picks, for a retry or a hedge, an endpoint "
            "that had this request before (Envoy's previous_hosts with "
            "host_selection_retry_max_attempts); 0: what it picks first stands.")
          .at_most(1'000),
      field("max_in_flight", &BalancerConfig::max_in_flight,
            "More requests at a time are rejected (Envoy's max_requests); 0: none are."),
      field("rate_limit", &BalancerConfig::rate_limit,
            "A token bucket; requests beyond it are rejected."),
      field("breaker", &BalancerConfig::breaker,
            "A circuit breaker as resilience4j's: rejects all for a while when too many fail."),
      field("throttle", &BalancerConfig::throttle,
            "Adaptive throttling as in Google's SRE book: rejects a share when too many fail."),
      field("limiter", &BalancerConfig::limiter,
            "A limit of requests at a time that adapts itself; more are rejected."),
      field("outlier", &BalancerConfig::outlier,
            "Ejects endpoints that fail, as Envoy does; null: only probes count."),
      field("slow_start", &BalancerConfig::slow_start,
            "Endpoints that come up have less weight at first. Only weighted policies notice."),
      field("panic_threshold", &BalancerConfig::panic_threshold,
            "While a smaller share of the endpoints is up, health is not looked at: all of them "
            "count as up. Envoy's default is 50 %; 0: never."),
      field("autoscale", &BalancerConfig::autoscale,
            "Uses as many endpoints as the load asks for, the lowest first; null: all."),
      field("priority_levels", &BalancerConfig::priority_levels,
            "A request's key modulo this is its priority, of which 0 is the most urgent; for "
            "endpoints that look at it.")
          .at_least(1)
          .at_most(1'000'000)};
};

// probe: the next round of probes is due. timeout: the oldest request may have waited too long.
// alarm: an attempt timed out, or a retry or a hedged copy is due. sweep: of the outlier detector.
// scale: the autoscaler looks at the load.
enum class BalancerTimer : std::uint8_t { probe, timeout, alarm, sweep, scale };
constexpr auto enumerators(BalancerTimer) {
  return std::array<std::string_view, 5>{"probe", "timeout", "alarm", "sweep", "scale"};
}

struct EndpointView {
  NodeId node;
  bool up = true;
  std::uint32_t active = 0;  // requests that were sent to it and have not ended
  static constexpr std::string_view name = "EndpointView";
  static constexpr auto fields =
      Fields{field("node", &EndpointView::node), field("up", &EndpointView::up),
             field("active", &EndpointView::active)};
};
struct BalancerState {
  std::uint64_t admitted = 0;   // in this life
  std::uint64_t in_charge = 0;  // of these, not ended
  std::uint64_t round = 0;      // of probes
  std::vector<EndpointView> endpoints;
  std::uint64_t policy = 0;  // digest of its state
  std::uint64_t limit = 0;   // of requests at a time, if a limiter sets one
  bool broken = false;       // the circuit breaker is not closed
  static constexpr std::string_view name = "balancer";
  static constexpr auto fields = Fields{
      field("admitted", &BalancerState::admitted), field("in_charge", &BalancerState::in_charge),
      field("round", &BalancerState::round),       field("endpoints", &BalancerState::endpoints),
      field("policy", &BalancerState::policy),     field("limit", &BalancerState::limit),
      field("broken", &BalancerState::broken)};
};

}  // namespace balancing

class Balancer {
 public:
  using Config = balancing::BalancerConfig;
  using Message = balancing::Message;
  using Record = balancing::Record;
  using Timer = balancing::BalancerTimer;
  using State = balancing::BalancerState;

  static constexpr std::string_view name = "balancer";
  static constexpr std::string_view summary =
      "Passes each request on to one of its endpoints, with health probes and a timeout.";
  static constexpr std::array operations{Operation::work};
  static constexpr auto goals = balancing::balancer_goals;

  // REQUIRES config.policy is one that read() accepts.
  explicit Balancer(Config config);

  void on_recover(const Record&) {}  // there are none
  void on_start(Step<Balancer>& step);
  void on_message(NodeId from, const Message& message, Step<Balancer>& step);
  void on_timer(Timer timer, Step<Balancer>& step);
  void on_request(const Request& request, Step<Balancer>& step);

  State state() const;

 private:
  struct Member {
    NodeId node;
    bool up = false;        // it is a candidate
    bool down = false;      // probes say so
    bool draining = false;  // it says so
    bool off = false;       // not in use: the autoscaler says so
    std::uint64_t weight = 1;
    std::uint64_t answered = 0;  // the last round of probes that it has answered
    std::uint64_t ejected = 0;   // the round in which it was last held to be down
    std::size_t place = 0;       // among the candidates, while it is up
    std::uint32_t active = 0;    // while it is not
    Time up_since;
  };
  struct Attempt {
    std::uint32_t endpoint = 0;  // the index of the member
    std::uint32_t next = 0;      // the slot of the next one, plus 1; 0: none
    std::uint32_t number = 0;    // the first one of a request is 1
    bool out = false;            // it has been sent, and is waited for
    Time sent;
  };
  // A request in charge, or one that has ended and still stands between those that have not.
  struct Charge {
    RequestId request;
    std::uint64_t key = 0;
    std::uint64_t work = 0;
    Time due;                    // by the watch
    Time begun;                  // by the clock
    Attempt attempt;             // and, while it is hedged, those that follow
    std::uint32_t attempts = 0;  // so far
    std::uint32_t retries = 0;
    bool ended = false;
    bool shed = false;  // it was not let in
  };
  // What is due at a moment, unless it has been overtaken.
  enum class Due : std::uint8_t { per_try, retry, hedge, started };
  struct Alarm {
    Time at;
    std::uint64_t order = 0;
    Ticket ticket;
    std::uint32_t attempt = 0;  // its number; `started` is of no request
    Due due = Due::per_try;
    // Heaps have their greatest element on top.
    friend bool operator<(const Alarm& a, const Alarm& b) {
      return a.at != b.at ? b.at < a.at : b.order < a.order;
    }
  };
  struct Wanted {  // so many endpoints were wanted, until later
    Time at;
    std::uint64_t count = 0;
  };

  void done(NodeId from, const balancing::Done& message, Step<Balancer>& step);
  template <class Answer>  // Refused or Failed
  void failed(NodeId from, const Answer& message, Step<Balancer>& step);
  void answered(NodeId from, std::uint64_t round, bool draining, Step<Balancer>& step);
  void reported(NodeId from, const balancing::LoadReport& report, Step<Balancer>& step);
  void probe(Step<Balancer>& step);
  void expire(Step<Balancer>& step);
  void ring_alarms(Step<Balancer>& step);
  void sweep(Step<Balancer>& step);
  void scale(Step<Balancer>& step);

  bool let_in(Step<Balancer>& step);
  void lose_requests(Step<Balancer>& step);
  void refresh(Step<Balancer>& step);
  void renew_candidates(Step<Balancer>& step);
  bool belongs(std::size_t i) const;
  std::uint64_t weight_of(Member& member);
  std::uint64_t endpoints_wanted();
  void use(std::uint64_t count, Step<Balancer>& step);
  void measure();
  std::uint32_t index_of(NodeId node) const;

  Charge* find(Ticket ticket, RequestId request);
  Attempt* attempt_at(Charge& charge, NodeId endpoint);
  bool waited_for(const Charge& charge) const;
  bool had(const Charge& charge, std::uint32_t endpoint) const;
  void route(Ticket ticket, Charge& charge, Step<Balancer>& step);
  bool send_hedge(Ticket ticket, Charge& charge, Step<Balancer>& step);
  void fail(Ticket ticket, Charge& charge, Attempt& attempt, Ending ending, Step<Balancer>& step);
  void retry_or_end(Ticket ticket, Charge& charge, Ending ending, Step<Balancer>& step);
  void end(Ticket ticket, Charge& charge, Ending ending, Step<Balancer>& step);
  void give_up(Ticket ticket, Charge& charge, bool ours, Step<Balancer>& step);
  void leave(Attempt& attempt, bool good, bool ours, Step<Balancer>& step);
  void release(Charge& charge);
  void drop_ended();
  void set_timer(Time now, Step<Balancer>& step);
  void set_alarm(Time at, Ticket ticket, std::uint32_t attempt, Due due, Step<Balancer>& step);
  void act(const Alarm& alarm, Charge& charge, Step<Balancer>& step);
  Duration delay_of(std::uint32_t retry, Step<Balancer>& step) const;

  Config config_;
  ClonePtr<balancing::Policy> policy_;
  std::vector<Member> members_;
  std::vector<balancing::Host> hosts_;            // the members, as the policy is told of them
  std::vector<balancing::Candidate> candidates_;  // the members that are up
  std::vector<std::uint32_t> to_probe_;           // what the policy asked for in one pick
  std::uint64_t round_ = 0;

  // The charges in the order of their tickets, which is that of their deadlines too.
  Ring<Charge> charges_;
  Slab<Attempt> hedged_;
  Ticket first_{1};  // the ticket of the first of them
  std::uint64_t in_charge_ = 0;
  std::uint64_t retried_ = 0;  // of these, how many have been sent again

  bool timer_is_set_ = false;
  Time timer_set_for_;  // by the watch
  balancing::Stopwatch watch_;

  std::vector<Alarm> alarms_;  // a heap
  std::uint64_t alarm_count_ = 0;
  Time alarm_set_for_ = Time::max();
  // What options and policies measure time by. It is read in every step, the watch is not.
  balancing::Stopwatch clock_;
  Time now_;  // of this step

  balancing::RetryBudget budget_;
  std::optional<balancing::TokenBucket> rate_limit_;
  std::optional<balancing::Breaker> breaker_;
  std::optional<balancing::Throttle> throttle_;
  std::optional<balancing::Limiter> limiter_;
  std::optional<balancing::OutlierDetector> outlier_;
  bool ramping_ = false;  // some endpoint starts slowly
  std::uint64_t in_use_ = 0;
  std::vector<Wanted> wanted_;
  std::vector<Time> starting_;  // by endpoint: when it will have started
  Wide busy_ = 0;               // requests in charge, times how long
  Time measured_;
  Time scaled_;
};

}  // namespace ballast

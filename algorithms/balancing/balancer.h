// A balancer: takes requests from clients in charge, passes each on to one of its endpoints as its
// policy says, and answers the client when the endpoint is done. Its members, except itself, are
// its endpoints.
//
//   admitted --> sent to an endpoint --+--> completed   the endpoint is done: the client is told ok
//      |              ^                +--> timed out   no answer within the timeout
//      |              |                +--> lost        the endpoint was found to be down
//      |              +---- a retry ---+--> rejected    the endpoint refused it
//      +--> rejected   no endpoint is up
//
// In all cases but the first the client is told that the request failed, although an endpoint that
// is merely slow, or cut off, may still be working on it; what it then answers is ignored.
//
// Every request that arrives is admitted, under a ticket of its own, also when the network
// delivered it twice. A balancer that crashes forgets what it was in charge of, and begins anew.
//
// Health: each probe interval every endpoint is sent a probe. One that has not answered the last
// `probe_failures` of them is down until it answers a later one. All are held to be up at first.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "algorithms/balancing/messages.h"
#include "algorithms/balancing/policy.h"
#include "algorithms/balancing/stopwatch.h"
#include "sim/base/clone_ptr.h"
#include "sim/base/ring.h"
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
  PolicyName policy{"round_robin"};
  std::vector<std::uint64_t> weights;
  Duration timeout{1'000'000'000};
  std::uint32_t retries = 0;
  Duration probe_interval{100'000'000};
  std::uint64_t probe_failures = 3;
  BalancerBug bug = BalancerBug::none;

  Duration patience() const { return timeout; }

  static constexpr std::string_view name = "balancer";
  static constexpr auto fields = std::tuple{
      field("policy", &BalancerConfig::policy,
            "The policy that picks an endpoint for each request."),
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
      field("bug", &BalancerConfig::bug, "A planted mistake; none for a correct balancer.")};
};

// probe: the next round of probes is due. timeout: the oldest request may have waited too long.
enum class BalancerTimer : std::uint8_t { probe, timeout };
constexpr auto enumerators(BalancerTimer) {
  return std::array<std::string_view, 2>{"probe", "timeout"};
}

struct EndpointView {
  NodeId node;
  bool up = true;
  std::uint32_t active = 0;  // requests that were sent to it and have not ended
  static constexpr std::string_view name = "EndpointView";
  static constexpr auto fields =
      std::tuple{field("node", &EndpointView::node), field("up", &EndpointView::up),
                 field("active", &EndpointView::active)};
};
struct BalancerState {
  std::uint64_t admitted = 0;   // in this life
  std::uint64_t in_charge = 0;  // of these, not ended
  std::uint64_t round = 0;      // of probes
  std::vector<EndpointView> endpoints;
  std::uint64_t policy = 0;  // digest of its state
  static constexpr std::string_view name = "balancer";
  static constexpr auto fields = std::tuple{
      field("admitted", &BalancerState::admitted), field("in_charge", &BalancerState::in_charge),
      field("round", &BalancerState::round), field("endpoints", &BalancerState::endpoints),
      field("policy", &BalancerState::policy)};
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

  // REQUIRES config.policy.text is the name of a policy.
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
    bool up = false;
    std::uint64_t weight = 1;
    std::uint64_t answered = 0;  // the last round of probes that it has answered
    std::uint64_t ejected = 0;   // the round in which it was last held to be down
    std::size_t place = 0;       // among the candidates, while it is up
  };
  // A request in charge, or one that has ended and still stands between those that have not.
  struct Charge {
    RequestId request;
    std::uint64_t work = 0;
    Time due;                    // by the watch
    std::uint32_t endpoint = 0;  // the index of the member that it was last sent to
    std::uint32_t retries = 0;
    bool ended = false;
  };

  void done(NodeId from, const balancing::Done& message, Step<Balancer>& step);
  void refused(NodeId from, const balancing::Refused& message, Step<Balancer>& step);
  void answered(NodeId from, std::uint64_t round, Step<Balancer>& step);
  void probe(Step<Balancer>& step);
  void expire(Step<Balancer>& step);

  void lose_requests(Step<Balancer>& step);
  void renew_candidates();

  Charge* find(Ticket ticket, RequestId request, NodeId endpoint);
  void route(Ticket ticket, Charge& charge, Step<Balancer>& step);
  void retry_or_end(Ticket ticket, Charge& charge, Ending ending, Step<Balancer>& step);
  void end(Ticket ticket, Charge& charge, Ending ending, Step<Balancer>& step);
  void forget(Charge& charge);
  void drop_ended();
  void set_timer(Time now, Step<Balancer>& step);

  Config config_;
  ClonePtr<balancing::Policy> policy_;
  std::vector<Member> members_;
  std::vector<balancing::Candidate> candidates_;  // the members that are up
  std::uint64_t round_ = 0;

  // The charges in the order of their tickets, which is that of their deadlines too.
  Ring<Charge> charges_;
  Ticket first_{1};  // the ticket of the first of them
  std::uint64_t in_charge_ = 0;

  bool timer_is_set_ = false;
  Time timer_set_for_;  // by the watch
  balancing::Stopwatch watch_;
};

}  // namespace ballast

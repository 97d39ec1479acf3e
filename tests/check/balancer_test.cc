// The balancer itself, under the eyes of all checks.
#include "algorithms/balancing/balancer.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sim/base/random.h"
#include "sim/check/balancing_checks.h"
#include "tests/support/bench.h"
#include "tests/support/effort.h"

namespace ballast {
namespace {

using namespace literals;
using balancing::BalancerBug;
using balancing::BalancerConfig;
using balancing::BalancerTimer;

constexpr NodeId n1{1};
constexpr NodeId client{10};
const Group balancers{"balancer", {n1}};

// A balancer with eight endpoints that are slow, crash, refuse and come back, under the eyes of all
// checks at once.
class Drive {
 public:
  Drive(std::string policy, BalancerBug bug, std::uint64_t seed)
      : dice_(seed, Purpose::fault, 0), balancer_(n1, nodes(), config(std::move(policy), bug)) {
    for (const auto make :
         {make_conservation, make_healthy_picks, make_weights_honoured, make_picks_least_loaded}) {
      checks_.push_back(make(balancers));
    }
    for (std::uint32_t i = 2; i <= 9; ++i) endpoints_.push_back({{i}});
    obey(balancer_.start());
  }

  // Runs for so long, or up to the first objection. Returns its property, or nothing.
  std::string run(Duration length) {
    const Time end = now_ + length;
    while (objections_.empty() && now_ < end) {
      now_ += Duration{static_cast<std::int64_t>(dice_.below(1'000'000))};
      balancer_.set_clock(now_);
      if (now_ >= probe_at_) {
        obey(balancer_.fire(BalancerTimer::probe));
      } else if (now_ >= timeout_at_) {
        timeout_at_ = Time::max();
        obey(balancer_.fire(BalancerTimer::timeout));
      } else {
        happen();
      }
    }
    for (const auto& check : checks_) {
      if (objections_.empty()) check->finish(now_, event_, objections_);
    }
    return objections_.empty() ? "" : objections_.all()[0].property;
  }
  int endings[4] = {};

 private:
  struct Endpoint {
    NodeId node;
    bool up = true;
    std::vector<balancing::Forward> queue = {};
  };

  static std::vector<NodeId> nodes() {
    std::vector<NodeId> nodes;
    for (std::uint32_t i = 1; i <= 9; ++i) nodes.push_back({i});
    return nodes;
  }
  static BalancerConfig config(std::string policy, BalancerBug bug) {
    BalancerConfig config;
    config.policy = {std::move(policy)};
    config.weights = {7, 5, 3, 2, 2, 1, 1, 1};
    config.retries = 1;
    config.timeout = 300_ms;
    config.probe_interval = 40_ms;
    config.bug = bug;
    return config;
  }

  void happen() {
    Endpoint& endpoint = endpoints_[dice_.below(endpoints_.size())];
    const std::uint64_t what = dice_.below(1'000);
    if (what < 480) {
      obey(balancer_.ask({{client, 0, ++asked_}, {Operation::work, asked_, 0, 0, 0}}));
    } else if (what < 485) {
      endpoint.up = !endpoint.up;
      endpoint.queue.clear();
    } else if (what < 486 && dice_.below(20) == 0) {
      obey(balancer_.crash_and_recover());
    } else if (!endpoint.queue.empty()) {
      const balancing::Forward work = endpoint.queue.front();
      endpoint.queue.erase(endpoint.queue.begin());
      if (what < 500) {
        obey(balancer_.receive(endpoint.node, balancing::Refused{work.ticket, work.request}));
      } else {
        obey(balancer_.receive(endpoint.node, balancing::Done{work.ticket, work.request}));
      }
    }
  }

  template <class Result>
  void obey(const Result& step) {
    REQUIRE(step.broken.empty());
    event_ = event_.next();
    if (step.template stated<PolicySet>() > 0) {  // it has started, once more or for the first time
      timeout_at_ = Time::max();
      for (const auto& check : checks_) check->crashed(n1, now_);
    }
    for (const Fact& fact : step.facts) {
      if (const auto* end = std::get_if<Ended>(&fact)) ++endings[static_cast<int>(end->ending)];
      for (const auto& check : checks_) {
        if ((check->interests() >> fact.index() & 1) == 0) continue;
        check->hear({&fact, event_, {}, now_, n1, {1}}, objections_);
      }
    }
    if (const auto* timer = step.timer(BalancerTimer::probe)) probe_at_ = now_ + timer->min;
    if (const auto* timer = step.timer(BalancerTimer::timeout)) timeout_at_ = now_ + timer->min;
    for (const auto& sent : step.send) {
      Endpoint& endpoint = endpoints_[sent.to.value - 2];
      if (!endpoint.up) continue;
      if (const auto* forward = std::get_if<balancing::Forward>(&sent.message)) {
        endpoint.queue.push_back(*forward);
      } else if (const auto* probe = std::get_if<balancing::Probe>(&sent.message)) {
        replies_.push_back({endpoint.node, {probe->round}});
      }
    }
    const auto replies = std::move(replies_);
    replies_.clear();
    for (const auto& reply : replies) obey(balancer_.receive(reply.from, reply.message));
  }

  struct Reply {
    NodeId from;
    balancing::ProbeReply message;
  };

  Stream dice_;
  Bench<Balancer> balancer_;
  std::vector<Endpoint> endpoints_;
  std::vector<Reply> replies_;
  std::vector<std::unique_ptr<Checker>> checks_;
  Objections objections_;
  EventId event_;
  Time now_;
  Time probe_at_ = Time::max();
  Time timeout_at_ = Time::max();
  std::uint64_t asked_ = 0;
};

TEST_CASE("a correct balancer is never accused, whatever its policy") {
  for (const std::string_view policy : balancing::policy_names()) {
    CAPTURE(policy);
    // Their tables take too long to build without optimisation.
    if (policy == "maglev" || policy == "ring_hash" || policy == "bounded_load") continue;
    const auto made = balancing::make_policy({std::string(policy)});
    if (!made->misfit(8, 8).empty()) continue;  // it must be told of its endpoints
    const bool has_rule = made->rule() != PickRule::nothing;
    for (std::uint64_t seed = 1; seed <= (has_rule ? tries(5) : 1); ++seed) {
      Drive drive(std::string(policy), BalancerBug::none, seed);
      CHECK(drive.run(has_rule ? 20_s : 12_s) == "");
      for (const int count : drive.endings) CHECK(count > 0);
    }
  }
}

TEST_CASE("planted: the requests of crashed endpoints vanish") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Drive drive("round_robin", BalancerBug::crashed_requests_vanish, seed);
    CHECK(drive.run(20_s) == "conservation");
  }
}

TEST_CASE("planted: least loaded never counts completions") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Drive drive("least_loaded", BalancerBug::never_counts_completions, seed);
    CHECK(drive.run(20_s) == "picks_least_loaded");
    Drive other("weighted_random", BalancerBug::never_counts_completions, seed);
    CHECK(other.run(5_s) == "");  // which does not look at the load
  }
}

}  // namespace
}  // namespace ballast

// A policy on a bench: endpoints called a, b, c and so on, nodes 2, 3, 4 of a balancer that is
// node 1.
//
//   Picker picker(R"({"least_request": {"choices": 3}})", {1, 1, 1});
//   picker.load({2, 0, 1});
//   CHECK(picker.pick() == 'b');
//   CHECK(picker.chances() == ...);  // exactly, over all that chance may do
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "algorithms/balancing/policy.h"
#include "sim/base/random.h"
#include "tests/support/read_text.h"

namespace ballast::balancing {

inline PolicyChoice choice(std::string_view text) {
  const auto reading = read_text<PolicyChoice>(text.front() == '{' ? std::string(text)
                                                                   : '"' + std::string(text) + '"');
  REQUIRE(reading.problems == "");
  return reading.value;
}

class Picker {
 public:
  Picker(std::string_view policy, const std::vector<std::uint64_t>& weights)
      : policy_(make_policy(choice(policy))) {
    for (const std::uint64_t weight : weights) {
      const auto i = static_cast<std::uint32_t>(all_.size());
      all_.push_back({i, 0, weight});
      hosts_.push_back({NodeId{i + 2}, weight, true});
    }
    renew();
  }
  // A copy that goes its own way from here.
  Picker(const Picker& other)
      : self(other.self),
        now(other.now),
        key(other.key),
        work(other.work),
        attempt(other.attempt),
        probes(other.probes),
        draws(other.draws),
        policy_(other.policy_->clone()),
        all_(other.all_),
        hosts_(other.hosts_),
        up_(other.up_),
        stream_(other.stream_) {}
  Picker& operator=(const Picker&) = delete;

  NodeId self{1};
  Time now{1'000'000'000'000};
  std::uint64_t key = 0;
  std::uint64_t work = 0;
  std::uint32_t attempt = 0;
  std::vector<std::uint32_t> probes;  // what the last pick asked for
  int draws = 0;

  // The endpoints that the next picks are from; all of them unless said otherwise.
  void up(std::string_view names) {
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      hosts_[i].up = names.find(static_cast<char>('a' + i)) != std::string_view::npos;
    }
    renew();
  }
  void up_to(std::size_t count) {
    for (std::size_t i = 0; i < hosts_.size(); ++i) hosts_[i].up = i < count;
    renew();
  }
  void down(std::size_t endpoint) {
    hosts_[endpoint].up = false;
    renew();
  }
  // Tells the policy of its endpoints again, after a change of `self`.
  void renew() {
    up_.clear();
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (hosts_[i].up) up_.push_back(all_[i]);
    }
    Change change(hosts_, up_, self, *this);
    change.now = now;
    policy_->changed(change);
  }
  // How many requests each endpoint has, in order.
  void load(const std::vector<std::uint32_t>& active) {
    for (std::size_t i = 0; i < active.size(); ++i) all_[i].active = active[i];
    for (Candidate& candidate : up_) candidate.active = all_[candidate.endpoint].active;
  }

  std::size_t pick_endpoint() {
    probes.clear();
    Pick p(up_, *this, &probes);
    p.now = now;
    p.key = key;
    p.work = work;
    p.attempt = attempt;
    return policy_->pick(p).endpoint;
  }
  char pick() { return static_cast<char>('a' + pick_endpoint()); }
  std::string picks(int count) {
    std::string names;
    for (int i = 0; i < count; ++i) names += pick();
    return names;
  }
  std::map<char, int> counts(int count) {
    std::map<char, int> counts;
    for (int i = 0; i < count; ++i) ++counts[pick()];
    return counts;
  }
  // Picks, and the endpoint has one more to do.
  char send() {
    const std::size_t endpoint = pick_endpoint();
    ++all_[endpoint].active;
    load({});
    return static_cast<char>('a' + endpoint);
  }
  std::string sends(int count) {
    std::string names;
    for (int i = 0; i < count; ++i) names += send();
    return names;
  }
  void finish(char name, Duration latency = {}, bool good = true) {
    const auto endpoint = static_cast<std::uint32_t>(name - 'a');
    if (all_[endpoint].active > 0) --all_[endpoint].active;
    load({});
    policy_->finished({endpoint, now, latency, good, false});
  }
  void report(char name, const LoadReport& report) {
    policy_->reported(static_cast<std::uint32_t>(name - 'a'), report, now);
  }

  // The exact probability of each endpoint in the next pick: every way that chance may go is tried
  // once. The policy is left as it was.
  std::map<char, Ratio> chances() const {
    std::map<char, Ratio> all;
    std::vector<std::uint64_t> digits;
    while (true) {
      Picker trial = *this;
      trial.script_ = &digits;
      const char name = trial.pick();
      Ratio& sum = all[name];
      std::uint64_t ways = 1;
      for (const std::uint64_t n : trial.ranges_) ways *= n;
      sum = Ratio{sum.numerator * ways + sum.denominator, sum.denominator * ways}.reduced();
      while (!digits.empty() && digits.back() + 1 == trial.ranges_[digits.size() - 1]) {
        digits.pop_back();
      }
      if (digits.empty()) return all;
      ++digits.back();
    }
  }

  std::uint64_t choose(std::uint64_t n) {
    REQUIRE(n > 0);
    ++draws;
    if (script_ == nullptr) return always_ ? always_value_ % n : stream_.below(n);
    ranges_.push_back(n);
    if (script_->size() < ranges_.size()) script_->push_back(0);
    return (*script_)[ranges_.size() - 1];
  }
  // From now on, chance always says this.
  void rig(std::uint64_t value) {
    always_ = true;
    always_value_ = value;
  }

  const Policy& policy() const { return *policy_; }

 private:
  std::unique_ptr<Policy> policy_;
  std::vector<Candidate> all_;
  std::vector<Host> hosts_;
  std::vector<Candidate> up_;
  Stream stream_{1, Purpose::choice, 1};
  bool always_ = false;
  std::uint64_t always_value_ = 0;
  std::vector<std::uint64_t>* script_ = nullptr;
  std::vector<std::uint64_t> ranges_;
};

inline bool within(std::int64_t count, std::int64_t expected, std::int64_t tolerance) {
  return expected - tolerance <= count && count <= expected + tolerance;
}
using Chances = std::map<char, Ratio>;

}  // namespace ballast::balancing

// Policies: which endpoint takes the next request. A policy is a small copyable value, one file of
// policies/, made known by one line at its end:
//
//   struct Random {
//     static constexpr std::string_view name = "random";
//     static constexpr std::string_view summary = "Each endpoint equally likely.";
//     static constexpr std::string_view source = "Envoy, load_balancers.rst";
//     static constexpr PickRule rule = PickRule::chance;
//     static constexpr auto fields = Fields{};  // its state, described
//
//     const Candidate& pick(const Pick& p) { return p.candidates[p.choose(p.candidates.size())]; }
//   };
//   const RegisterPolicy<Random> registered;
//
// With options it has a described struct `Options` and a constructor that takes it; a scenario
// then says "policy": {"least_request": {"choices": 3}}. What else a policy may do is at the
// concept PickPolicy.
#pragma once

#include <any>
#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "algorithms/balancing/candidates.h"
#include "algorithms/balancing/messages.h"
#include "sim/base/clone_ptr.h"
#include "sim/base/describe.h"
#include "sim/base/read.h"
#include "sim/base/type_info.h"
#include "sim/protocol/fact.h"

namespace ballast::balancing {

// The only door to chance, as Step::choose.
class Chance {
 public:
  template <class Step>
  requires(!std::derived_from<Step, Chance>) explicit Chance(Step& step)
      : step_(&step),
        choose_([](void* s, std::uint64_t n) { return static_cast<Step*>(s)->choose(n); }) {}
  // From 0 to n - 1. REQUIRES n > 0.
  std::uint64_t choose(std::uint64_t n) const { return choose_(step_, n); }

 private:
  void* step_;
  std::uint64_t (*choose_)(void* step, std::uint64_t n);
};

// What a policy is asked.
struct Pick : Chance {
  // REQUIRES a candidate; `step`, and what `offered` views, outlive the pick.
  template <class Step>
  Pick(Candidates offered, Step& step, std::vector<std::uint32_t>* to_probe = nullptr)
      : Chance(step), candidates(offered), probes(to_probe) {}
  // The same question about some of the candidates only.
  Pick(const Pick& whole, Candidates part) : Pick(whole) { candidates = part; }

  Candidates candidates;      // the endpoints that are up, ascending
  Time now;                   // never runs backwards
  std::uint64_t key = 0;      // of the request: equal keys want equal endpoints
  std::uint64_t work = 0;     // how much it is, as Command::work
  std::uint32_t attempt = 0;  // how often this request was sent before
  std::vector<std::uint32_t>* probes = nullptr;

  // Asks this endpoint for a LoadReport, beside the request.
  void probe(std::uint32_t endpoint) const {
    if (probes != nullptr) probes->push_back(endpoint);
  }
};

// An endpoint, whether it is up or not.
struct Host {
  NodeId node;
  std::uint64_t weight = 1;  // as configured
  bool up = true;
};

// The endpoints as they are from now on: told before the first pick, and again whenever one goes
// up or down or weights change.
struct Change : Chance {
  template <class Step>
  Change(std::span<const Host> all, Candidates up, NodeId balancer, Step& step)
      : Chance(step), hosts(all), candidates(up), self(balancer) {}
  // The same about some of the endpoints only; the others are down.
  Change(const Change& whole, std::span<const Host> all, Candidates part) : Change(whole) {
    hosts = all;
    candidates = part;
  }

  std::span<const Host> hosts;  // by endpoint number
  Candidates candidates;
  NodeId self;  // the balancer
  Time now;
  std::uint64_t scale = 1;  // candidates' weights are configured weights times this, and less yet
                            // while an endpoint starts slowly
};

// A request that was sent to an endpoint is waited for no longer. Comes once for each pick.
struct Finish {
  std::uint32_t endpoint = 0;
  Time now;
  Duration latency;   // since it was sent
  bool good = true;   // false: failed, refused, timed out, or lost with the endpoint
  bool ours = false;  // the balancer itself gave up on it, for another copy came first
};

// A policy without its type.
class Policy {
 public:
  virtual ~Policy() = default;
  virtual std::unique_ptr<Policy> clone() const = 0;
  // One of the candidates, by reference.
  virtual const Candidate& pick(const Pick& p) = 0;
  virtual void changed(const Change& change) = 0;
  virtual void finished(const Finish& finish) = 0;
  virtual void reported(std::uint32_t endpoint, const LoadReport& report, Time now) = 0;
  // Why it cannot work with so many endpoints, which weigh so much together; empty if it can.
  virtual std::string misfit(std::size_t endpoints, std::uint64_t weight) const = 0;
  virtual PickRule rule() const = 0;
  virtual std::uint64_t digest() const = 0;  // of its state
};

// What a policy is. `rule` is its promise, to which checks hold it. Besides these it may have
//
//   changed(const Change&)   finished(const Finish&)   reported(endpoint, const LoadReport&, Time)
//   misfit(std::size_t endpoints) const, or misfit(std::size_t endpoints, std::uint64_t weight)
//   const `Options` with its constructor
template <class P>
concept PickPolicy = std::copyable<P> && Described<P> && requires(P policy, const Pick& p) {
  { P::name } -> std::convertible_to<std::string_view>;
  { P::summary } -> std::convertible_to<std::string_view>;
  { P::source } -> std::convertible_to<std::string_view>;
  { P::rule } -> std::convertible_to<PickRule>;
  { policy.pick(p) } -> std::same_as<const Candidate&>;
};

template <PickPolicy P>
class Boxed final : public Policy {
 public:
  explicit Boxed(P policy) : policy_(std::move(policy)) {}
  std::unique_ptr<Policy> clone() const override { return std::make_unique<Boxed>(*this); }
  const Candidate& pick(const Pick& p) override { return policy_.pick(p); }
  void changed(const Change& change) override {
    if constexpr (requires { policy_.changed(change); }) policy_.changed(change);
  }
  void finished(const Finish& finish) override {
    if constexpr (requires { policy_.finished(finish); }) policy_.finished(finish);
  }
  void reported(std::uint32_t endpoint, const LoadReport& report, Time now) override {
    if constexpr (requires { policy_.reported(endpoint, report, now); }) {
      policy_.reported(endpoint, report, now);
    }
  }
  std::string misfit(std::size_t endpoints, std::uint64_t weight) const override {
    if constexpr (requires { policy_.misfit(endpoints, weight); }) {
      return policy_.misfit(endpoints, weight);
    } else if constexpr (requires { policy_.misfit(endpoints); }) {
      return policy_.misfit(endpoints);
    }
    return {};
  }
  PickRule rule() const override { return P::rule; }
  std::uint64_t digest() const override { return ballast::digest(policy_); }

 private:
  P policy_;
};

// A policy by name, with its options, as a scenario chooses it: "random", or
// {"least_request": {"choices": 3}}. read() accepts the names that are registered.
struct PolicyChoice {
  std::string text;       // the name
  std::any options = {};  // none given: its defaults
};
bool read(const Value& v, PolicyChoice& out, Reader& r, const Limits& limits = {});
TypeInfo make_type_info(Type<PolicyChoice>, const Limits&);
void write_json(JsonWriter& w, const PolicyChoice& v);

inline void fold(Fingerprint& f, const ClonePtr<Policy>& policy) { f.fold(policy->digest()); }

// A new policy of this name and these options; null if there is none of this name.
std::unique_ptr<Policy> make_policy(const PolicyChoice& choice);
// The names of all policies, sorted.
std::vector<std::string_view> policy_names();

struct NoOptions {
  static constexpr auto fields = Fields{};
};

struct PolicyEntry {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  ConfigSpec (*options)() = nullptr;
  std::unique_ptr<Policy> (*make)(const std::any& options) = nullptr;
};
void register_policy(const PolicyEntry& entry);

template <PickPolicy P>
struct RegisterPolicy {
  RegisterPolicy() {
    if constexpr (requires { typename P::Options; }) {
      using Options = typename P::Options;
      register_policy({P::name, P::summary, P::source, &config_spec<Options>,
                       [](const std::any& given) -> std::unique_ptr<Policy> {
                         const auto* options = std::any_cast<Options>(&given);
                         return std::make_unique<Boxed<P>>(P(options ? *options : Options{}));
                       }});
    } else {
      register_policy({P::name, P::summary, P::source, &config_spec<NoOptions>,
                       [](const std::any&) -> std::unique_ptr<Policy> {
                         return std::make_unique<Boxed<P>>(P{});
                       }});
    }
  }
};

}  // namespace ballast::balancing

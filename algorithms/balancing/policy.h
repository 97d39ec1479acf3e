// Policies: which endpoint takes the next request. A policy is a small copyable value, one file of
// policies/, made known by one line at its end:
//
//   struct Random {
//     static constexpr std::string_view name = "random";
//     static constexpr std::string_view summary = "Each endpoint equally likely.";
//     static constexpr PickRule rule = PickRule::chance;
//     static constexpr auto fields = std::tuple{};  // its state, described
//
//     const Candidate& pick(const Pick& p) { return p.candidates[p.choose(p.candidates.size())]; }
//   };
//   const RegisterPolicy<Random> registered;
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/read.h"
#include "sim/base/type_info.h"
#include "sim/protocol/fact.h"

namespace ballast::balancing {

// An endpoint that is up, as its balancer knows it.
struct Candidate {
  std::uint32_t endpoint = 0;  // which of all endpoints, up or down, counted from 0
  std::uint32_t active = 0;    // requests that were sent to it and have not ended
  std::uint64_t weight = 1;
};

// What a policy is asked.
class Pick {
 public:
  // REQUIRES a candidate; `step` outlives the pick.
  template <class Step>
  Pick(std::span<const Candidate> offered, Step& step)
      : candidates(offered),
        step_(&step),
        choose_([](void* s, std::uint64_t n) { return static_cast<Step*>(s)->choose(n); }) {}

  // The endpoints that are up, ascending.
  const std::span<const Candidate> candidates;
  // As Step::choose.
  std::uint64_t choose(std::uint64_t n) const { return choose_(step_, n); }

 private:
  void* step_;
  std::uint64_t (*choose_)(void* step, std::uint64_t n);
};

// A policy without its type.
class Policy {
 public:
  virtual ~Policy() = default;
  virtual std::unique_ptr<Policy> clone() const = 0;
  // One of the candidates, by reference.
  virtual const Candidate& pick(const Pick& p) = 0;
  virtual PickRule rule() const = 0;
  virtual std::uint64_t digest() const = 0;  // of its state
};

// What a policy is. `rule` is its promise, to which checks hold it.
template <class P>
concept PickPolicy = std::copyable<P> && std::default_initializable<P> && Described<P> &&
    requires(P policy, const Pick& p) {
  { P::name } -> std::convertible_to<std::string_view>;
  { P::summary } -> std::convertible_to<std::string_view>;
  { P::rule } -> std::convertible_to<PickRule>;
  { policy.pick(p) } -> std::same_as<const Candidate&>;
};

template <PickPolicy P>
class Boxed final : public Policy {
 public:
  std::unique_ptr<Policy> clone() const override { return std::make_unique<Boxed>(*this); }
  const Candidate& pick(const Pick& p) override { return policy_.pick(p); }
  PickRule rule() const override { return P::rule; }
  std::uint64_t digest() const override { return ballast::digest(policy_); }

 private:
  P policy_;
};

// A new policy of this name; null if there is none.
std::unique_ptr<Policy> make_policy(std::string_view name);
// The names of all policies, sorted.
std::vector<std::string_view> policy_names();

void register_policy(std::string_view name, std::string_view summary,
                     std::unique_ptr<Policy> (*make)());

template <PickPolicy P>
struct RegisterPolicy {
  RegisterPolicy() {
    register_policy(P::name, P::summary,
                    []() -> std::unique_ptr<Policy> { return std::make_unique<Boxed<P>>(); });
  }
};

// The name of a policy, as an option: read() accepts those that are registered.
struct PolicyName {
  std::string text;
};
bool read(const Value& v, PolicyName& out, Reader& r, const Limits& limits = {});
TypeInfo make_type_info(Type<PolicyName>, const Limits&);
void write_json(JsonWriter& w, const PolicyName& v);

}  // namespace ballast::balancing

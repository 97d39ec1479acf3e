// Some of the endpoints, with a policy among them: what policies that first choose a zone, a
// priority or a subset are made of.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "algorithms/balancing/policy.h"

namespace ballast::balancing {

class Part {
 public:
  Part() = default;
  explicit Part(const PolicyChoice& choice) : policy_(make_policy(choice)) {}

  // Those with belongs(endpoint) are its endpoints from now on.
  template <class Belongs>
  void changed(const Change& change, Belongs&& belongs) {
    hosts_.assign(change.hosts.begin(), change.hosts.end());
    size_ = 0;
    for (std::uint32_t i = 0; i < hosts_.size(); ++i) {
      const bool mine = belongs(i);
      size_ += mine;
      hosts_[i].up = hosts_[i].up && mine;
    }
    places_.clear();
    for (std::size_t i = 0; i < change.candidates.size(); ++i) {
      if (belongs(change.candidates[i].endpoint)) places_.push_back(change.candidates.place(i));
    }
    policy_->changed(Change(change, hosts_, Candidates(change.candidates, places_)));
  }

  std::size_t size() const { return size_; }         // endpoints, up or down
  std::size_t up() const { return places_.size(); }  // those that are up
  // Of the candidates that the last change told of. REQUIRES up() > 0.
  const Candidate& pick(const Pick& p) {
    return policy_->pick(Pick(p, Candidates(p.candidates, places_)));
  }
  Candidates candidates(const Pick& p) const { return Candidates(p.candidates, places_); }
  Policy& policy() { return *policy_; }

  friend void fold(Fingerprint& f, const Part& part) {
    if (part.policy_) f.fold(part.policy_->digest());
    ballast::fold(f, part.places_);
  }

 private:
  ClonePtr<Policy> policy_;
  std::vector<Host> hosts_;
  std::vector<std::uint32_t> places_;
  std::size_t size_ = 0;
};

// One part for each group of endpoints, by the group's number.
class Parts {
 public:
  static constexpr auto fields = Fields{};

  void changed(const Change& change, const std::vector<std::uint32_t>& groups, std::size_t count,
               const PolicyChoice& choice) {
    if (parts_.empty()) parts_.assign(count, Part(choice));
    group_of_ = groups;
    for (std::uint32_t group = 0; group < parts_.size(); ++group) {
      parts_[group].changed(change, [&](std::uint32_t i) { return groups[i] == group; });
    }
  }
  void finished(const Finish& f) { parts_[group_of_[f.endpoint]].policy().finished(f); }
  void reported(std::uint32_t endpoint, const LoadReport& report, Time now) {
    parts_[group_of_[endpoint]].policy().reported(endpoint, report, now);
  }

  std::size_t size() const { return parts_.size(); }
  Part& operator[](std::size_t group) { return parts_[group]; }
  const Part& operator[](std::size_t group) const { return parts_[group]; }
  friend void fold(Fingerprint& f, const Parts& parts) {
    for (const Part& part : parts.parts_) fold(f, part);
  }

 private:
  std::vector<Part> parts_;
  std::vector<std::uint32_t> group_of_;  // by endpoint
};

// How many groups there are: they are numbered from 0 without a gap.
inline std::size_t group_count(const std::vector<std::uint32_t>& groups) {
  std::uint32_t most = 0;
  for (const std::uint32_t group : groups) most = group > most ? group : most;
  return groups.empty() ? 0 : std::size_t{most} + 1;
}
inline std::string one_for_each(std::string_view what, std::size_t given, std::size_t endpoints) {
  if (given == endpoints) return {};
  return std::string(what) + " says something of " + std::to_string(given) +
         " endpoints, but there are " + std::to_string(endpoints);
}

}  // namespace ballast::balancing

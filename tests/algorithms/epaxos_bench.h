// What the bench tests of EPaxos share: names for replicas and instances, short words for messages.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "algorithms/consensus/epaxos.h"
#include "tests/support/bench.h"
#include "tests/support/print.h"

namespace ballast::epaxos_bench {

using namespace epaxos;

constexpr NodeId n1{1}, n2{2}, n3{3}, n4{4}, n5{5};
constexpr NodeId client{9};

// Requests of different sessions, so that only their keys matter.
inline Request add(std::uint64_t key, std::uint32_t session, std::int64_t value = 1) {
  return {{client, session, 1}, {Operation::add, key, value, 0, 0}};
}
inline Request read(std::uint64_t key, std::uint32_t session) {
  return {{client, session, 1}, {Operation::read, key, 0, 0, 0}};
}
constexpr Instance at(NodeId replica, std::uint64_t number) { return {replica, number}; }
inline Attributes after(Deps deps, std::uint64_t seq) { return {std::move(deps), seq}; }
inline Attributes nothing() { return after({0, 0, 0, 0, 0}, 1); }
constexpr Ballot ballot(std::uint64_t round, NodeId proposer) { return {round, proposer}; }

inline PreAccept pre_accept(Instance instance, Request request, Attributes initial = nothing()) {
  return {instance, Ballot{}, std::move(request), std::move(initial)};
}
inline epaxos::Commit commit(Instance instance, std::optional<Request> request,
                             Attributes attributes = nothing()) {
  return {instance, Ballot{}, std::move(request), std::move(attributes)};
}

// What a replica has pre-accepted in ballot 0: just as it was proposed, or with more.
inline Entry pre_accepted(const Request& request, const Attributes& initial = nothing()) {
  Entry entry;
  entry.status = epaxos::Status::pre_accepted;
  entry.request = request;
  entry.initial = initial;
  entry.attributes = initial;
  return entry;
}
inline Entry pre_accepted_with_more(const Request& request, Attributes attributes) {
  Entry entry = pre_accepted(request);
  entry.attributes = std::move(attributes);
  return entry;
}
inline Entry accepted(const Ballot& in, const Request& request, Attributes attributes) {
  Entry entry = pre_accepted_with_more(request, std::move(attributes));
  entry.status = epaxos::Status::accepted;
  entry.ballot = in;
  entry.voted = in;
  return entry;
}

inline Config of_counters(Bug bug = Bug::none) {
  Config config;
  config.bug = bug;
  config.machine = MachineKind::counter;
  return config;
}

// One of five.
class EpaxosBench : public Bench<Epaxos> {
 public:
  explicit EpaxosBench(NodeId self = n1, Config config = of_counters())
      : Bench(self, {n1, n2, n3, n4, n5}, std::move(config)) {
    start();
  }

  // Has it recover what it knows to be unfinished. Returns the second of two steps.
  Result recover() {
    fire(Timer::recovery);
    return fire(Timer::recovery);
  }
};

}  // namespace ballast::epaxos_bench

// What the bench tests of Fast Paxos share: names for nodes, short words for rounds and messages,
// and one of five nodes brought into a role.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "algorithms/consensus/fast_paxos.h"
#include "tests/support/bench.h"
#include "tests/support/print.h"

namespace ballast::fast_paxos_bench {

using namespace fast_paxos;

constexpr NodeId n1{1}, n2{2}, n3{3}, n4{4}, n5{5};
constexpr NodeId client{9};
inline const std::vector<NodeId> five{n1, n2, n3, n4, n5};

// Rounds come in turns of two, and with uncoordinated recovery of three.
constexpr Ballot round(std::uint64_t number, NodeId coordinator = n1) {
  return {number, coordinator};
}
inline Request propose(std::int64_t value, std::uint64_t sequence = 1, std::uint32_t session = 1) {
  return {{client, session, sequence}, {Operation::propose, 0, value, 0, 0}};
}
inline Config with_bug(Bug bug) {
  Config config;
  config.bug = bug;
  return config;
}
inline Config uncoordinated() {
  Config config;
  config.recovery = Recovery::uncoordinated;
  return config;
}
inline Config classic_only() {
  Config config;
  config.fast_turns = 0;
  return config;
}
inline AcceptAny any(Ballot ballot, std::vector<NodeId> recovery = {n1, n2, n3, n4}) {
  return {ballot, std::move(recovery)};
}

class FastPaxosBench : public Bench<FastPaxos> {
 public:
  explicit FastPaxosBench(NodeId self = n1, const Config& config = {}) : Bench(self, five, config) {
    start();
  }
  Acceptor acceptor() const { return state().acceptor; }
  template <class Phase>
  bool in() const {
    return std::holds_alternative<Phase>(state().coordinator.phase);
  }
  // Reports of phase 1b of one round. Returns the last step.
  Result hear_promises(Ballot ballot, std::initializer_list<PromiseHeard> reports) {
    Result last;
    for (const PromiseHeard& report : reports) {
      last = receive(report.acceptor, Promise{ballot, report.vote});
    }
    return last;
  }
  // n1 opens round 1: four of five promise.
  Result open() { return hear_promises(round(1), {{n1, {}}, {n2, {}}, {n3, {}}, {n4, {}}}); }
  // Votes in one round by n1, n2, ...; 0 is none. Returns the last step.
  Result hear_votes(Ballot ballot, std::initializer_list<std::int64_t> values) {
    Result last;
    NodeId acceptor = n1;
    for (const std::int64_t value : values) {
      if (value != 0) last = receive(acceptor, fast_paxos::Accepted{ballot, value});
      acceptor = NodeId{acceptor.value + 1};
    }
    return last;
  }
};

}  // namespace ballast::fast_paxos_bench

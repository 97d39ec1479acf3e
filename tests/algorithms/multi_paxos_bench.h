// What the bench tests of Multi-Paxos share: names for nodes, short words for messages, and a node
// brought into a role.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "algorithms/consensus/multi_paxos.h"
#include "tests/support/bench.h"
#include "tests/support/print.h"

namespace ballast::multi_paxos_bench {

using namespace multi_paxos;

constexpr NodeId n1{1}, n2{2}, n3{3};
constexpr NodeId client{9};

inline Request add(std::uint64_t sequence, std::int64_t value) {
  return {{client, 1, sequence}, {Operation::add, 7, value, 0, 0}};
}
inline Request read(std::uint64_t sequence) {
  return {{client, 1, sequence}, {Operation::read, 7, 0, 0, 0}};
}
constexpr Ballot ballot(std::uint64_t round, NodeId proposer) { return {round, proposer}; }
// A value that no other number shares.
inline SlotValue value(std::int64_t number) {
  return {add(static_cast<std::uint64_t>(number), number)};
}
inline Vote vote(std::uint64_t slot, Ballot in, std::int64_t number) {
  return {Slot{slot}, in, value(number)};
}
inline multi_paxos::Accept accept(std::uint64_t slot, Ballot in, std::int64_t number,
                                  std::uint64_t executed = 0) {
  return {vote(slot, in, number), Slot{executed}};
}

inline Config with_bug(Bug bug) {
  Config config;
  config.bug = bug;
  config.machine = MachineKind::counter;
  return config;
}

// n1 of three. Its rounds are 3, 6, 9 and so on.
class MultiPaxosBench : public Bench<MultiPaxos> {
 public:
  explicit MultiPaxosBench(Config config = with_bug(Bug::none))
      : Bench(n1, {n1, n2, n3}, std::move(config)) {
    start();
  }

  // Stands for election, and is promised its ballot by n2, with these votes.
  Result be_elected(std::vector<Vote> votes = {}, std::uint64_t checkpoint = 0) {
    fire(Timer::election);
    return receive(n2, Promise{state().promised, Slot{checkpoint}, std::move(votes)});
  }
  // As the leader, hears n2 accept what it asked for.
  Result be_accepted(std::uint64_t slot) {
    return receive(n2, multi_paxos::Accepted{state().promised, Slot{slot}});
  }
  // As a follower of n2, learns and executes slots 1 to `count` of its ballot (1, n2).
  void execute(std::uint64_t count) {
    for (std::uint64_t slot = 1; slot <= count; ++slot) {
      receive(n2, accept(slot, ballot(1, n2), static_cast<std::int64_t>(slot)));
      receive(n2, Decision{ballot(1, n2), Slot{slot}});
    }
  }
};

}  // namespace ballast::multi_paxos_bench

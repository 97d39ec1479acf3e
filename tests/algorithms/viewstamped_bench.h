// What the bench tests of Viewstamped Replication share: names for replicas, short words for
// messages, and a replica brought into a role.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "algorithms/consensus/viewstamped_replication.h"
#include "tests/support/bench.h"
#include "tests/support/print.h"

namespace ballast::viewstamped_bench {

using namespace viewstamped_replication;

constexpr NodeId n1{1}, n2{2}, n3{3};
constexpr NodeId client{9};

inline Request add(std::uint64_t sequence, std::int64_t value = 1) {
  return {{client, 1, sequence}, {Operation::add, 7, value, 0, 0}};
}
inline Request read(std::uint64_t sequence) {
  return {{client, 1, sequence}, {Operation::read, 7, 0, 0, 0}};
}
// The requests 1 to `count`, of one session each.
inline std::vector<Request> requests(std::uint64_t count, std::int64_t value = 1) {
  std::vector<Request> all;
  for (std::uint64_t i = 1; i <= count; ++i) {
    all.push_back({{client, static_cast<std::uint32_t>(i), 1}, {Operation::add, 7, value, 0, 0}});
  }
  return all;
}
constexpr View view(std::uint64_t number) { return View{number}; }
constexpr OpNumber op(std::uint64_t number) { return OpNumber{number}; }

// A log of so many requests, `committed` of them known to be so.
inline Transfer logs(std::uint64_t count, std::uint64_t committed = 0, std::int64_t value = 1) {
  return {{{}, requests(count, value)}, std::nullopt, op(committed)};
}
inline viewstamped_replication::Prepare prepare(std::uint64_t in_view, std::uint64_t first,
                                                std::uint64_t last, std::uint64_t commit = 0) {
  std::vector<Request> some = requests(last);
  some.erase(some.begin(), some.begin() + static_cast<std::ptrdiff_t>(first - 1));
  return {view(in_view), op(first), std::move(some), op(commit)};
}
inline DoViewChange change(std::uint64_t to, std::uint64_t last_normal, Transfer state,
                           Lives lives = {1, 1, 1}) {
  return {view(to), view(last_normal), std::move(state), std::move(lives)};
}

inline Config with_bug(Bug bug) {
  Config config;
  config.bug = bug;
  config.machine = MachineKind::counter;
  return config;
}

// One of three: n1 leads view 1, n2 view 2, n3 view 3, n1 view 4.
class ViewstampedBench : public Bench<ViewstampedReplication> {
 public:
  explicit ViewstampedBench(NodeId self = n1, Config config = with_bug(Bug::none))
      : Bench(self, {n1, n2, n3}, std::move(config)) {
    start();
  }

  // Has n1 log so many requests, as its backup or by being asked.
  void log(std::uint64_t count, std::uint64_t committed = 0) {
    receive(n1, prepare(1, 1, count, committed));
  }
  // As a backup, changes to this view together with n3, or with n1 if it is n3.
  Result change_view(std::uint64_t to, NodeId other = n3) {
    return receive(other, StartViewChange{view(to)});
  }
};

}  // namespace ballast::viewstamped_bench

// What the bench tests of Raft share: five names for nodes, short words for entries and requests,
// and nodes brought into a role.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "algorithms/consensus/raft.h"
#include "tests/support/bench.h"
#include "tests/support/print.h"

namespace ballast {

constexpr NodeId n1{1}, n2{2}, n3{3}, n4{4}, n5{5};
constexpr NodeId client{9};

inline raft::Config with_bug(raft::Bug bug) {
  raft::Config config;
  config.bug = bug;
  return config;
}

// A request of session 1 of the client.
inline Request write(std::uint64_t sequence, std::int64_t value) {
  return {{client, 1, sequence}, {Operation::write, 7, value, 0, 0}};
}
inline Request read(std::uint64_t sequence) {
  return {{client, 1, sequence}, {Operation::read, 7, 0, 0, 0}};
}
inline Request cas(std::uint64_t sequence, std::int64_t expected, std::int64_t value) {
  return {{client, 1, sequence}, {Operation::cas, 7, value, expected, 0}};
}

inline Time at(std::int64_t ms) { return Time{ms * 1'000'000}; }

inline raft::Entry noop(std::uint64_t term) { return {Term{term}, std::nullopt}; }
// An entry that no other term and value shares.
inline raft::Entry entry(std::uint64_t term, std::int64_t value) {
  return {Term{term}, write(static_cast<std::uint64_t>(value), value)};
}

// AppendEntries of a leader in `term`: the new entries follow the one at `previous_index`.
inline raft::AppendEntries append_entries(std::uint64_t term, std::uint64_t previous_index,
                                          std::uint64_t previous_term,
                                          std::vector<raft::Entry> entries,
                                          std::uint64_t commit_index = 0) {
  return {Term{term}, LogIndex{previous_index}, Term{previous_term}, std::move(entries),
          LogIndex{commit_index}};
}
inline raft::AppendReply matched(std::uint64_t term, std::uint64_t previous_index,
                                 std::uint64_t match_index) {
  return {Term{term},
          raft::AppendResult::matched,
          LogIndex{previous_index},
          LogIndex{match_index},
          Term{},
          LogIndex{}};
}
inline raft::AppendReply conflict(std::uint64_t term, std::uint64_t previous_index,
                                  std::uint64_t conflict_term, std::uint64_t conflict_index) {
  return {Term{term}, raft::AppendResult::conflict, LogIndex{previous_index},
          LogIndex{}, Term{conflict_term},          LogIndex{conflict_index}};
}
inline raft::VoteReply granted(std::uint64_t term) { return {Term{term}, raft::Vote::granted}; }

// n1 of three or five nodes.
class RaftBench : public Bench<Raft> {
 public:
  explicit RaftBench(std::vector<NodeId> members = {n1, n2, n3}, raft::Config config = {})
      : Bench(n1, std::move(members), config) {
    start();
  }

  // n2, as leader of the last of these terms, gives n1 this whole log.
  void hold(const std::vector<raft::Entry>& entries, std::uint64_t commit_index = 0) {
    receive(n2, append_entries(entries.back().term.value, 0, 0, entries, commit_index));
  }
  // Stands for election and is elected by n2 and, if there are five, n3. Returns the last step.
  Result be_elected() {
    fire(raft::Timer::election);
    const std::uint64_t term = state().term.value;
    Result won = receive(n2, granted(term));
    if (state().role != raft::Role::leader) won = receive(n3, granted(term));
    return won;
  }
};

}  // namespace ballast

// What the paper tests of Raft share: a group that is moved by hand, and the moves of its stories.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "tests/algorithms/raft_bench.h"
#include "tests/paper/rule.h"
#include "tests/support/cluster.h"
#include "tests/support/raft_log.h"

namespace ballast {

class RaftGroup : public Cluster<Raft> {
 public:
  using Cluster<Raft>::Cluster;
  RaftGroup(std::uint32_t nodes, raft::Bug bug) : Cluster<Raft>(nodes, with_bug(bug)) {}

  // Stands for election. These hear of it, and it hears their answers; the others never do.
  void stand(NodeId node, const std::vector<NodeId>& voters) {
    fire(node, raft::Timer::election);
    for (const NodeId voter : voters) {
      deliver<raft::RequestVote>(node, voter);
      deliver<raft::VoteReply>(voter, node);
    }
    while (drop_if([&](const Letter& letter) {
      return letter.from == node && std::holds_alternative<raft::RequestVote>(letter.message);
    })) {
    }
  }
  // Stands until it is in this term; nobody hears of the times before the last.
  void stand_in(std::uint64_t term, NodeId node, const std::vector<NodeId>& voters) {
    while (state(node).term.value + 1 < term) stand(node, {});
    stand(node, voters);
  }
  // Stands, is elected by all that can hear it, and has its no-op committed and known to be so.
  void lead(NodeId node) {
    fire(node, raft::Timer::election);
    settle();
    beat(node);
  }
  // A round of heartbeats and their answers.
  void beat(NodeId leader) {
    fire(leader, raft::Timer::heartbeat);
    settle();
  }
  // The oldest AppendEntries on its way from one to the other, and the answer to it.
  void replicate(NodeId leader, NodeId follower) {
    deliver<raft::AppendEntries>(leader, follower);
    deliver<raft::AppendReply>(follower, leader);
  }

  using Cluster<Raft>::ask;
  void ask_to_write(NodeId node, std::int64_t value) { ask(node, write(++sequence_, value)); }
  void ask_to_read(NodeId node) { ask(node, read(++sequence_)); }
  void administer(NodeId node, Administration what, std::int64_t whom) {
    Request request{{client, 2, ++changes_}, {}};
    request.command.operation = Operation::administer;
    request.command.key = static_cast<std::uint64_t>(what);
    request.command.value = whom;
    ask(node, request);
  }

  bool leads(NodeId node) const { return state(node).role == raft::Role::leader; }
  std::vector<raft::Entry> log(NodeId node) const { return log_in(journal(node)).entries; }
  bool equal_logs() const {
    for (const NodeId node : nodes()) {
      if (log(node) != log(n1)) return false;
    }
    return true;
  }
  // What the last answer to a client says; failed if there is none.
  Response answer() const {
    return answers().empty() ? Response{Outcome::failed, 0, {}} : answers().back().response;
  }

 private:
  std::uint64_t sequence_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace ballast

// Execution (4.3.2).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "algorithms/consensus/epaxos.h"

namespace ballast {

// Tarjan's search for strongly connected components, without recursion: a hot key makes long
// chains.
struct Epaxos::Search {
  struct Node {
    Instance instance;
    const Entry* entry = nullptr;  // none for what is not to be executed now
    std::size_t index = 0;         // in the order of visits, from 1; 0: not visited
    std::size_t low = 0;
    bool on_stack = false;
  };
  struct Frame {
    Node* node = nullptr;
    std::size_t member = 0;  // the dependency that comes next
    std::size_t place = 0;
  };
  std::vector<std::vector<Node>> nodes;  // by member
  std::vector<std::uint64_t> first;      // the number of the first of them
  std::vector<Node*> stack;
  std::vector<Frame> frames;
  std::size_t visited = 0;

  void enter(Node& node) {
    node.index = node.low = ++visited;
    node.on_stack = true;
    stack.push_back(&node);
    frames.push_back({&node, 0, 0});
  }

  // The dependency of the last one at which the search goes on; null if there is none left.
  Node* next_dependency() {
    Frame& frame = frames.back();
    for (; frame.member < nodes.size(); ++frame.member, frame.place = 0) {
      std::vector<Node>& those = nodes[frame.member];
      const std::uint64_t last = frame.node->entry->attributes.on(frame.member);
      while (frame.place < those.size() && first[frame.member] + frame.place <= last) {
        Node& next = those[frame.place++];
        if (next.entry == nullptr) continue;
        if (next.index == 0) return &next;
        if (next.on_stack) frame.node->low = std::min(frame.node->low, next.index);
      }
    }
    return nullptr;
  }

  // Ends with the last one, and returns its component if that is complete.
  std::vector<Instance> leave() {
    Node& done = *frames.back().node;
    frames.pop_back();
    if (!frames.empty()) {
      Node& before = *frames.back().node;
      before.low = std::min(before.low, done.low);
    }
    std::vector<Instance> component;
    if (done.low != done.index) return component;
    while (done.on_stack) {
      stack.back()->on_stack = false;
      component.push_back(stack.back()->instance);
      stack.pop_back();
    }
    return component;
  }
};

// What has just been committed may be executed, and what has waited for that.
void Epaxos::settle(const Instance& instance, Step_& step) {
  std::uint64_t& settled = settled_[member(instance.replica)];
  for (;;) {
    const auto next = cells_.find({instance.replica, settled + 1});
    if (next == cells_.end() || next->second.entry.status != Status::committed) break;
    ++settled;
  }
  std::vector<Instance> ready{instance};
  if (const auto found = waits_.find(instance); found != waits_.end()) {
    ready.insert(ready.end(), found->second.begin(), found->second.end());
    waits_.erase(found);
  }
  for (const Instance& one : ready) waits_for_.erase(one);
  for (const Instance& one : ready) try_to_execute(one, step);
}

// What depends on what is not committed waits for that: nothing if all that `reached` says is. It
// begins as the dependencies of an instance, and becomes the indirect ones, too. Dependencies are
// all instances of a replica up to some number, so that each instance is looked at once.
std::optional<Instance> Epaxos::missing(Attributes& reached) const {
  std::vector<std::uint64_t> seen = executed_;
  for (bool grows = true; grows;) {
    grows = false;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (settled_[i] < reached.on(i)) return Instance{members_[i], settled_[i] + 1};
      while (seen[i] < reached.on(i)) {
        const Instance next{members_[i], ++seen[i]};
        const auto waits = waits_for_.find(next);
        if (waits != waits_for_.end()) return waits->second;
        reached.merge(cells_.at(next).entry.attributes);
        grows = true;
      }
    }
  }
  return std::nullopt;
}

// 4.3.2: build the dependency graph of a committed command "by adding [it] and all commands in
// instances from [its] dependency list as nodes, ... repeating this process recursively", and wait
// for all of them to be committed.
void Epaxos::try_to_execute(const Instance& root, Step_& step) {
  if (cell(root).executed) return;
  Attributes reached = cells_.at(root).entry.attributes;
  const std::size_t own = member(root.replica);
  reached.deps.resize(members_.size());
  // WRONG if execute_without_waiting. What is not committed may come before this command.
  const bool waits = config_.bug != Bug::execute_without_waiting;
  if (const auto blocking = waits ? missing(reached) : std::nullopt) {
    step.reach(Goal::execution_waited);
    waits_for_[root] = *blocking;
    waits_[*blocking].push_back(root);
    return;
  }
  reached.deps[own] = std::max(reached.deps[own], root.number);
  Search search;
  search.nodes.resize(members_.size());
  for (std::size_t i = 0; i < members_.size(); ++i) {
    search.first.push_back(executed_[i] + 1);
    for (std::uint64_t number = executed_[i] + 1; number <= reached.on(i); ++number) {
      Search::Node& node = search.nodes[i].emplace_back();
      node.instance = {members_[i], number};
      const auto known = cells_.find(node.instance);
      const bool is_ready = known != cells_.end() && !known->second.executed &&
                            known->second.entry.status == Status::committed;
      if (is_ready) node.entry = &known->second.entry;
    }
  }
  search.enter(search.nodes[own][root.number - search.first[own]]);
  while (!search.frames.empty()) {
    if (Search::Node* next = search.next_dependency()) {
      search.enter(*next);
    } else if (std::vector<Instance> component = search.leave(); !component.empty()) {
      execute_together(std::move(component), step);
    }
  }
}

// "For each strongly connected component, in inverse topological order, ... execute every
// un-executed command in increasing sequence number order."
void Epaxos::execute_together(std::vector<Instance> cycle, Step_& step) {
  if (cycle.size() > 1) step.reach(Goal::cycle_executed);
  // WRONG if cycle_in_found_order. Each replica begins where it likes.
  if (config_.bug != Bug::cycle_in_found_order) {
    std::stable_sort(cycle.begin(), cycle.end(), [&](const Instance& a, const Instance& b) {
      const std::uint64_t first = cells_.at(a).entry.attributes.seq;
      const std::uint64_t second = cells_.at(b).entry.attributes.seq;
      return first != second ? first < second : a < b;
    });
  }
  for (const Instance& instance : cycle) execute(instance, step);
}

void Epaxos::execute(const Instance& instance, Step_& step) {
  Cell& known = cell(instance);
  if (known.executed) return;
  known.executed = true;
  ++executed_count_;
  const std::size_t who = member(instance.replica);
  for (;;) {
    const auto next = cells_.find({instance.replica, executed_[who] + 1});
    if (next == cells_.end() || !next->second.executed) break;
    ++executed_[who];
  }
  if (known.entry.no_op) return;
  const Request request = *known.entry.request;
  const bool is_read = request.command.operation == Operation::read;
  step.observe(
      InstanceExecuted{instance, ValueDigest{digest(request)}, request.command.key, is_read});
  if (config_.bug == Bug::retry_executed_again) machine_.forget_sessions();
  const std::optional<Response> response = machine_.apply(request);
  const auto asked = asked_.find(session_of(request.id));
  if (asked == asked_.end() || asked->second != request.id.sequence) return;
  if (response) step.reply(request.id, *response);
  asked_.erase(asked);
}

}  // namespace ballast

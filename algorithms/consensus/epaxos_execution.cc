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
  release(instance, ready);
  for (std::size_t i = 0; i < ready.size(); ++i) try_to_execute(Instance(ready[i]), ready, step);
}

// What has waited for this one need not any more.
void Epaxos::release(const Instance& instance, std::vector<Instance>& ready) {
  const auto found = waits_.find(instance);
  if (found == waits_.end()) return;
  for (const Instance& one : found->second) {
    waits_for_.erase(one);
    ready.push_back(one);
  }
  waits_.erase(found);
}

// Whoever waits for an instance that is not committed, at the end of what this one waits for; none
// if it waits for nothing, or for what is being looked at.
std::optional<Instance> Epaxos::blocked_by(const Instance& instance) const {
  std::optional<Instance> last;
  Instance at = instance;
  for (auto next = waits_for_.find(at); next != waits_for_.end(); next = waits_for_.find(at)) {
    last = at;
    at = next->second;
  }
  const auto end = cells_.find(at);
  const bool is_committed = end != cells_.end() && end->second.entry.status == Status::committed;
  return is_committed ? std::nullopt : last;
}

// What depends on what is not committed waits for that, or with what waits for it already: nothing
// if all that `closure` has reached is committed. Dependencies are all instances of a replica up to
// some number, so that each instance is looked at once.
std::optional<Instance> Epaxos::missing(Closure& closure) const {
  for (bool grows = true; grows;) {
    grows = false;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const std::uint64_t last = closure.reached.on(i);
      if (settled_[i] < last) return Instance{members_[i], settled_[i] + 1};
      closure.seen[i] = std::max(closure.seen[i], executed_[i]);
      while (closure.seen[i] < last) {
        const Instance next{members_[i], closure.seen[i] + 1};
        if (const auto waits = blocked_by(next)) return waits;
        closure.reached.merge(cells_.at(next).entry.attributes);
        ++closure.seen[i];
        grows = true;
      }
    }
  }
  return std::nullopt;
}

// 4.3.2: build the dependency graph of a committed command "by adding [it] and all commands in
// instances from [its] dependency list as nodes, ... repeating this process recursively", and wait
// for all of them to be committed.
void Epaxos::try_to_execute(const Instance& root, std::vector<Instance>& ready, Step_& step) {
  if (cell(root).executed) return;
  const std::size_t own = member(root.replica);
  Closure closure{cells_.at(root).entry.attributes, executed_};
  if (const auto begun = closures_.extract(root)) closure = std::move(begun.mapped());
  closure.reached.deps.resize(members_.size());
  // WRONG if execute_without_waiting. What is not committed may come before this command.
  const bool waits = config_.bug != Bug::execute_without_waiting;
  if (const auto blocking = waits ? missing(closure) : std::nullopt) {
    step.reach(Goal::execution_waited);
    waits_for_[root] = *blocking;
    waits_[*blocking].push_back(root);
    closures_.emplace(root, std::move(closure));
    return;
  }
  Attributes& reached = closure.reached;
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
      execute_together(std::move(component), ready, step);
    }
  }
}

// "For each strongly connected component, in inverse topological order, ... execute every
// un-executed command in increasing sequence number order."
void Epaxos::execute_together(std::vector<Instance> cycle, std::vector<Instance>& ready,
                              Step_& step) {
  if (cycle.size() > 1) step.reach(Goal::cycle_executed);
  // WRONG if cycle_in_found_order. Each replica begins where it likes.
  if (config_.bug != Bug::cycle_in_found_order) {
    std::stable_sort(cycle.begin(), cycle.end(), [&](const Instance& a, const Instance& b) {
      const std::uint64_t first = cells_.at(a).entry.attributes.seq;
      const std::uint64_t second = cells_.at(b).entry.attributes.seq;
      return first != second ? first < second : a < b;
    });
  }
  for (const Instance& instance : cycle) {
    execute(instance, step);
    waits_for_.erase(instance);
    closures_.erase(instance);
    release(instance, ready);
  }
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

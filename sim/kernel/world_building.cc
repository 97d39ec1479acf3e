#include <utility>

#include "sim/kernel/world.h"

// What is done before a world runs, and the chance that it runs on.
namespace ballast {

namespace {

Stream lengths_of(std::uint64_t seed, NodeId node, std::uint32_t timer) {
  return {seed, Purpose::timer, (static_cast<std::uint64_t>(node.value) << 32) | timer};
}

}  // namespace

World::World(std::uint64_t seed, Ties ties)
    : seed_(seed), ties_(ties), tie_key_(stream_key(seed, Purpose::tie, 0)) {}

NodeId World::add_node(NodeSettings settings, std::unique_ptr<Process> process) {
  const NodeId id{node_count() + 1};
  process->attach(pools_);
  Node& node = nodes_.emplace_back();
  node.name = std::move(settings.name);
  node.clock = settings.clock;
  node.own_drift_ppb = settings.clock.drift_ppb();
  node.flush = std::move(settings.flush);
  node.choices = Stream(seed_, Purpose::choice, id.value);
  node.flushes = Stream(seed_, Purpose::flush, id.value);
  node.first_timer = static_cast<std::uint32_t>(timers_.size());
  for (std::uint32_t kind = 0; kind < process->timer_count(); ++kind) {
    Timer& timer = timers_.emplace_back();
    timer.node = id;
    timer.kind = kind;
    timer.lengths = lengths_of(seed_, id, kind);
  }
  node.process = std::move(process);
  return id;
}

void World::set_members(const std::vector<NodeId>& nodes, std::vector<NodeId> members) {
  for (const NodeId node : nodes) at(node).members = static_cast<std::uint32_t>(members_.size());
  members_.push_back(std::move(members));
}

void World::reseed(std::uint64_t seed) {
  seed_ = seed;
  tie_key_ = stream_key(seed, Purpose::tie, 0);
  network_.reseed(seed);
  for (std::uint32_t id = 1; id <= node_count(); ++id) {
    Node& node = at({id});
    node.choices = Stream(seed, Purpose::choice, id);
    node.flushes = Stream(seed, Purpose::flush, id);
    node.process->reseed(seed);
    for (Imposed& imposed : node.conditions) {
      imposed.draws = Stream(seed, Purpose::condition, mix(imposed.number));
    }
  }
  for (Timer& timer : timers_) timer.lengths = lengths_of(seed, timer.node, timer.kind);
}

void World::boot() {
  for (std::uint32_t id = 1; id <= node_count(); ++id) start({id});
}

}  // namespace ballast

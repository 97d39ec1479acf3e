#include "sim/scenario/liveness.h"

#include <algorithm>

#include "sim/base/text.h"
#include "sim/protocol/shape.h"
#include "sim/scenario/misfortune.h"

namespace ballast {

namespace {

// Whether these nodes of a group can go on without the others.
bool holds_quorums(const Group& group, const std::vector<NodeId>& nodes) {
  return group.is_quorum(Phase::one, nodes) && group.is_quorum(Phase::two, nodes);
}

}  // namespace

bool asked_for_members(const Scenario& scenario, const std::vector<FiredFault>& fired) {
  const auto changes = [](Administration what) {
    return what != Administration::transfer_leadership && what != Administration::add_learner;
  };
  const auto asked = [&](const FiredFault& each) {
    const auto* administer = std::get_if<Administer>(&each.fault.action);
    return each.fired && administer != nullptr && changes(administer->what);
  };
  if (std::any_of(fired.begin(), fired.end(), asked)) return true;
  if (!scenario.workload || !scenario.workload->script) return false;
  const auto asks = [&](const ScriptedOperation& each) {
    const auto* administer = std::get_if<scripted::Administer>(&each.action);
    return administer != nullptr && changes(administer->what);
  };
  const std::vector<ScriptedOperation>& script = *scenario.workload->script;
  return std::any_of(script.begin(), script.end(), asks);
}

Core choose_core(const Scenario& scenario, const World& world, bool everyone) {
  Core core;
  Stream dice(scenario.seed, Purpose::core, 0);
  const std::vector<Group> groups = scenario.node_groups();
  std::uint32_t next = 1;
  for (const NodeGroup& group : scenario.groups) {
    std::vector<NodeId> able;
    for (std::uint32_t i = 0; i < group.count; ++i, ++next) {
      if (!world.refuses_to_start({next})) able.push_back({next});
    }
    const std::size_t quorum = quorum_of(group);
    const Group& whole = groups[static_cast<std::size_t>(&group - scenario.groups.data())];
    if (!holds_quorums(whole, able)) {
      core.excuse = "only " + std::to_string(able.size()) + " of the " +
                    std::to_string(group.count) + " nodes of \"" + group.name +
                    "\" can start, the disks of the others being damaged: no quorum";
      return core;
    }
    // Whoever has a say by now may be among the others.
    if (everyone && able.size() < group.count) {
      core.excuse = "only " + std::to_string(able.size()) + " of the " +
                    std::to_string(group.count) + " nodes of \"" + group.name +
                    "\" can start, the disks of the others being damaged, and its membership has "
                    "changed";
      return core;
    }
    std::vector<NodeId> remembering;
    for (const NodeId node : able) {
      if (world.process(node).remembers()) remembering.push_back(node);
    }
    if (!holds_quorums(whole, remembering)) {
      core.excuse = "only " + std::to_string(remembering.size()) + " of the " +
                    std::to_string(group.count) + " nodes of \"" + group.name +
                    "\" know what they knew before they crashed: too few to tell the others";
      return core;
    }
    const std::size_t some = quorum + dice.below(able.size() - quorum + 1);
    std::size_t size = everyone ? able.size() : some;
    for (std::size_t i = 0; i < size; ++i) {
      std::swap(able[i], able[i + dice.below(able.size() - i)]);
    }
    // Not any so many are a quorum of a grid, or of members of different weight.
    // Whoever has forgotten what it knew is told by a quorum of others.
    const auto holds = [&](std::size_t count) {
      std::vector<NodeId> chosen(able.begin(), able.begin() + static_cast<std::ptrdiff_t>(count));
      std::erase_if(chosen, [&](NodeId node) { return !world.process(node).remembers(); });
      return holds_quorums(whole, chosen);
    };
    while (!holds(size)) ++size;
    core.nodes.insert(core.nodes.end(), able.begin(),
                      able.begin() + static_cast<std::ptrdiff_t>(size));
  }
  for (; next <= world.node_count(); ++next) core.nodes.push_back({next});
  std::stable_sort(core.nodes.begin(), core.nodes.end());
  return core;
}

bool may_meddle(const Scenario& scenario) {
  switch (scenario.check.liveness->outsiders) {
    case Outsiders::meddle:
      return true;
    case Outsiders::cut_off:
      return false;
    case Outsiders::declared:
      break;
  }
  return std::all_of(scenario.groups.begin(), scenario.groups.end(), [](const NodeGroup& group) {
    return group.algorithm->bears_meddling(group.config);
  });
}

void heal(const std::vector<NodeId>& core, std::uint32_t servers, bool may_meddle, World& world) {
  for (std::uint32_t n = 1; n <= world.node_count() && !may_meddle; ++n) {
    const NodeId outside{n};
    if (std::binary_search(core.begin(), core.end(), outside)) continue;
    for (const NodeId inside : core) {
      world.cut(outside, inside);
      world.cut(inside, outside);
    }
  }
  for (const NodeId from : core) {
    for (const NodeId to : core) {
      if (from != to) world.mend(from, to);
    }
  }
  // One outside that leads a majority, and rightly, must be able to hear what it is asked for.
  for (std::uint32_t n = 1; n <= servers && may_meddle; ++n) {
    for (std::uint32_t client = servers + 1; client <= world.node_count(); ++client) {
      world.mend({n}, {client});
      world.mend({client}, {n});
    }
  }
  for (const NodeId node : core) {
    world.mend(node);
    while (world.is_paused(node)) world.resume(node);
    world.restart(node);
  }
}

Time clear_from(const std::vector<NodeId>& core, const World& world) {
  Time clear = world.now();
  for (const NodeId from : core) {
    for (const NodeId to : core) {
      if (from != to) clear = std::max(clear, world.network().last_arrival(from, to));
    }
  }
  return clear;
}

// So that what piled up while the world was broken can be worked off.
void calm(std::uint32_t servers, std::uint64_t times, World& world) {
  for (std::uint32_t node = servers + 1; node <= world.node_count(); ++node) {
    condition::Pace slower;
    slower.factor = {1, times};
    world.impose({node}, slower);
  }
}

namespace {

// Whether `chosen` can be extended to nodes that all know each other and can go on without the
// others, which takes so many at least. Groups are small.
bool extends(const std::vector<NodeId>& candidates, std::size_t from, std::vector<NodeId>& chosen,
             std::size_t least, const Group& group, const Network& network) {
  if (chosen.size() >= least && holds_quorums(group, chosen)) return true;
  const std::size_t missing = least > chosen.size() ? least - chosen.size() : 1;
  for (std::size_t i = from; i + missing <= candidates.size(); ++i) {
    const NodeId node = candidates[i];
    const bool fits = std::all_of(chosen.begin(), chosen.end(), [&](NodeId other) {
      return !network.is_cut(node, other) && !network.is_cut(other, node);
    });
    if (!fits) continue;
    chosen.push_back(node);
    if (extends(candidates, i + 1, chosen, least, group, network)) return true;
    chosen.pop_back();
  }
  return false;
}

}  // namespace

bool has_connected_majority(const Scenario& scenario, const World& world) {
  const NodeGroup& group = scenario.groups.front();
  const Group whole = scenario.node_groups().front();
  const auto works = [&](NodeId node) {
    return world.is_up(node) && !world.is_paused(node) && world.process(node).remembers();
  };
  const Network& network = world.network();
  for (std::uint32_t c = scenario.server_count() + 1; c <= world.node_count(); ++c) {
    const NodeId client{c};
    if (!works(client)) continue;
    std::vector<NodeId> candidates;
    for (std::uint32_t n = 1; n <= group.count; ++n) {
      const bool reached = !network.is_cut(client, {n}) && !network.is_cut({n}, client);
      if (works({n}) && reached) candidates.push_back({n});
    }
    std::vector<NodeId> chosen;
    if (extends(candidates, 0, chosen, quorum_of(group), whole, network)) return true;
  }
  return false;
}

void Circles::look(const World& world, std::uint32_t servers) {
  Shape shape;
  for (std::uint32_t node = 1; node <= servers; ++node) {
    shape.add_word(world.is_up({node}));
    world.process({node}).add_shape(shape);
  }
  const std::uint64_t digest = shape.digest();
  if (digest == last_ || seen_.size() >= most_kept) return;
  last_ = digest;
  ++changes_;
  ++seen_[digest];
}

std::string Circles::verdict() const {
  if (changes_ <= 1) return "no node changed its state meanwhile: they are stuck";
  const std::uint64_t rounds = changes_ / seen_.size();
  if (rounds >= 3) {
    return "meanwhile the nodes went through " + with_commas(seen_.size()) + " states " +
           with_commas(changes_) +
           " times, the same but for time and for how high terms had climbed: a livelock";
  }
  return "meanwhile the nodes went through " + with_commas(changes_) + " states, " +
         with_commas(seen_.size()) + " of them different";
}

}  // namespace ballast

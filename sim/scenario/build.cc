#include <algorithm>
#include <map>
#include <utility>

#include "sim/base/assert.h"
#include "sim/load/client.h"
#include "sim/scenario/run.h"

namespace ballast {
namespace {

Clock draw_clock(const ClockSpec& spec, std::uint64_t seed, NodeId node) {
  Stream draws(seed, Purpose::clock, node.value);
  const std::uint64_t offset_word = draws.next();
  const std::uint64_t drift_word = draws.next();
  const auto range = static_cast<std::uint64_t>((spec.offset.max - spec.offset.min).ns) + 1;
  const auto offset = static_cast<std::int64_t>(scale(offset_word, range));
  const auto span = static_cast<std::uint64_t>(spec.drift_ppm) * 2000 + 1;
  const std::int64_t drift =
      static_cast<std::int64_t>(scale(drift_word, span)) - spec.drift_ppm * 1000;
  return {spec.offset.min + Duration{offset}, drift};
}

void add_servers(const Scenario& s, World& world) {
  std::uint32_t number = 1;
  for (const NodeGroup& group : s.groups) {
    for (std::uint32_t i = 0; i < group.count; ++i, ++number) {
      NodeSettings settings;
      settings.name = to_text(NodeId{number});
      settings.clock = draw_clock(group.clock.value_or(s.clock), s.seed, {number});
      settings.flush = group.disk.value_or(s.disk).flush;
      world.add_node(std::move(settings), group.algorithm->make(group.config_of({number})));
    }
  }
}

void add_clients(const Scenario& s, const std::vector<Group>& groups, World& world) {
  if (!s.workload) return;
  const auto target = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
    return group.name == s.workload->target;
  });
  for (std::uint32_t i = 0; i < s.workload->clients; ++i) {
    NodeSettings settings;
    settings.name = "c" + std::to_string(i + 1);
    world.add_node(std::move(settings),
                   std::make_unique<Client>(
                       ClientSettings{*s.workload, s.seed, i, target->nodes, s.server_count()}));
  }
}

void set_members(const Scenario& s, const std::vector<Group>& groups, World& world) {
  for (std::size_t i = 0; i < s.groups.size(); ++i) {
    std::vector<NodeId> members;
    for (const Group& group : groups) {
      const auto& wanted = s.groups[i].members;
      if (std::find(wanted.begin(), wanted.end(), group.name) == wanted.end()) continue;
      members.insert(members.end(), group.nodes.begin(), group.nodes.end());
    }
    world.set_members(groups[i].nodes, std::move(members));
  }
}

std::vector<NodeId> nodes_of(const Selector& selector, const std::vector<Group>& groups) {
  std::vector<NodeId> nodes;
  for (const Selector::Part& part : selector.parts) {
    if (part.node) nodes.push_back(part.node);
    for (const Group& group : groups) {
      if (!part.node && group.name == part.group) {
        nodes.insert(nodes.end(), group.nodes.begin(), group.nodes.end());
      }
    }
  }
  return nodes;
}

void apply_zones(const NetworkSpec& spec, const std::vector<Group>& groups, Network& network) {
  const auto zone = [&](const std::string& name) {
    for (const ZoneSpec& each : spec.zones) {
      if (each.zone == name) return nodes_of(each.nodes, groups);
    }
    return std::vector<NodeId>{};
  };
  for (const ZoneLatency& each : spec.zone_latency) {
    const std::vector<NodeId> a = zone(each.zones.front());
    const std::vector<NodeId> b = zone(each.zones.back());
    const std::uint16_t profile =
        network.add_profile({each.latency, spec.loss, spec.duplicate, spec.fifo});
    for (const NodeId x : a) {
      for (const NodeId y : b) {
        network.use_profile(x, y, profile);
        network.use_profile(y, x, profile);
      }
    }
  }
}

void apply_links(const NetworkSpec& spec, const std::vector<Group>& groups, Network& network) {
  for (const LinkSpec& link : spec.links) {
    // Links that behaved alike still do.
    std::map<std::uint16_t, std::uint16_t> changed;
    const auto change = [&](NodeId from, NodeId to) {
      const auto [number, is_new] = changed.try_emplace(network.profile_number(from, to));
      if (is_new) {
        LinkProfile profile = network.profile(from, to);
        if (link.latency) profile.latency = *link.latency;
        if (link.loss) profile.loss = *link.loss;
        if (link.duplicate) profile.duplicate = *link.duplicate;
        if (link.fifo) profile.fifo = *link.fifo;
        number->second = network.add_profile(std::move(profile));
      }
      network.use_profile(from, to, number->second);
    };
    for (const NodeId from : nodes_of(link.from, groups)) {
      for (const NodeId to : nodes_of(link.to, groups)) {
        if (from == to) continue;
        change(from, to);
        if (link.both_ways) change(to, from);
      }
    }
  }
}

MessageFates fates_of(const NetworkSpec& spec) {
  std::vector<MessageFate> fates;
  for (const MessageSpec& each : spec.messages) {
    fates.push_back({each.from.parts.front().node, each.to.parts.front().node, each.message,
                     each.nth, each.lost, each.delay, each.copy});
  }
  return MessageFates(std::move(fates));
}

}  // namespace

World build_world(const Scenario& s) {
  World world(s.seed, s.ties);
  const std::vector<Group> groups = s.node_groups();
  add_servers(s, world);
  add_clients(s, groups, world);
  set_members(s, groups, world);
  const NetworkSpec& spec = s.network;
  Network network(s.seed, world.node_count(), {spec.latency, spec.loss, spec.duplicate, spec.fifo});
  apply_zones(spec, groups, network);
  lay_out(spec.topology, s.server_count(), s.seed, network);
  apply_links(spec, groups, network);
  world.set_network(std::move(network));
  world.set_message_fates(fates_of(spec));
  return world;
}

}  // namespace ballast

// What the faults of the network do.
#include <algorithm>

#include "sim/fault/act.h"

namespace ballast {
namespace {

void both_ways(std::vector<Link>& links, const std::vector<NodeId>& a,
               const std::vector<NodeId>& b) {
  for (const NodeId x : a) {
    for (const NodeId y : b) {
      if (x == y) continue;
      links.push_back({x, y});
      links.push_back({y, x});
    }
  }
}

Wake cut_links(std::vector<Link> links, Scene& scene) {
  scene.hold().links = std::move(links);
  change_links(scene, true);
  return std::nullopt;
}

}  // namespace

void change_links(Scene& scene, bool cut) {
  Hold& hold = scene.hold();
  if (hold.links_cut == cut) return;
  hold.links_cut = cut;
  for (const Link& link : hold.links) {
    if (cut) {
      scene.world.cut(link.from, link.to);
    } else {
      scene.world.heal(link.from, link.to);
    }
  }
}

Wake begin(const Partition& partition, Scene& scene) {
  std::vector<Link> links;
  for (std::size_t i = 0; i < partition.groups.size(); ++i) {
    for (std::size_t j = i + 1; j < partition.groups.size(); ++j) {
      both_ways(links, nodes_of(partition.groups[i]), nodes_of(partition.groups[j]));
    }
  }
  return cut_links(std::move(links), scene);
}

Wake begin(const Isolate& isolate, Scene& scene) {
  std::vector<Link> links;
  const std::vector<NodeId> inside = nodes_of(isolate.nodes);
  for (const NodeId node : inside) {
    for (std::uint32_t other = 1; other <= scene.world.node_count(); ++other) {
      // A pair of isolated nodes is cut once, from the side of the smaller one.
      const bool twice =
          std::binary_search(inside.begin(), inside.end(), NodeId{other}) && NodeId{other} < node;
      if (!twice) both_ways(links, {node}, {NodeId{other}});
    }
  }
  return cut_links(std::move(links), scene);
}

Wake begin(const Cut& cut, Scene& scene) {
  std::vector<Link> links;
  for (const NodeId from : nodes_of(cut.from)) {
    for (const NodeId to : nodes_of(cut.to)) {
      if (from != to) links.push_back({from, to});
    }
  }
  return cut_links(std::move(links), scene);
}

Wake begin(const Bridge& bridge, Scene& scene) {
  std::vector<Link> links;
  const NodeId middle = bridge.node.parts.front().node;
  std::vector<NodeId> others = group_of(middle, scene.groups);
  others.erase(std::remove(others.begin(), others.end(), middle), others.end());
  const auto half = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
  both_ways(links, {others.begin(), half}, {half, others.end()});
  return cut_links(std::move(links), scene);
}

Wake begin(const Flap& flap, Scene& scene) {
  std::vector<Link> links;
  both_ways(links, nodes_of(flap.between.front()), nodes_of(flap.between.back()));
  cut_links(std::move(links), scene);
  return flap.down;
}

Wake wake(const Flap& flap, Scene& scene) {
  if (scene.hold().links.empty()) return std::nullopt;
  change_links(scene, !scene.hold().links_cut);
  return scene.hold().links_cut ? flap.down : flap.up;
}

}  // namespace ballast

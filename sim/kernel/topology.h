// Which nodes are linked to which: graphs by name, and the shortest paths through them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/distribution.h"
#include "sim/kernel/network.h"

namespace ballast {

struct FullMesh {
  static constexpr std::string_view name = "full";
  static constexpr std::string_view doc = "Every node is linked to every other.";
  static constexpr auto fields = Fields{};
};

struct RingGraph {
  static constexpr std::string_view name = "ring";
  static constexpr std::string_view doc = "Each node is linked to the next, and the last to n1.";
  static constexpr auto fields = Fields{};
};

struct StarGraph {
  NodeId center{1};
  static constexpr std::string_view name = "star";
  static constexpr std::string_view doc = "One node is linked to every other.";
  static constexpr auto fields = Fields{
      field("center", &StarGraph::center, "The number of the node in the middle.").at_least(1)};
};

struct TreeGraph {
  std::uint32_t arity = 2;
  static constexpr std::string_view name = "tree";
  static constexpr std::string_view doc =
      "Node k > 1 is linked to its parent, node (k - 2) / arity + 1, rounded down.";
  static constexpr auto fields =
      Fields{field("arity", &TreeGraph::arity, "Children of each node.").at_least(1).at_most(1000)};
};

struct GridGraph {
  std::uint32_t columns = 3;
  static constexpr std::string_view name = "grid";
  static constexpr std::string_view doc =
      "Nodes stand in rows, by number; each is linked to its neighbours left, right, above, below.";
  static constexpr auto fields =
      Fields{field("columns", &GridGraph::columns, "Nodes in a row.").at_least(1).at_most(100'000)};
};

struct RandomGraph {
  Ratio probability{1, 2};
  static constexpr std::string_view name = "random";
  static constexpr std::string_view doc =
      "Each pair is linked with this probability, independently, as the seed decides (Erdos and "
      "Renyi's G(n, p)). Some nodes may be unreachable.";
  static constexpr auto fields = Fields{
      field("probability", &RandomGraph::probability, "That two given nodes are linked.").needed()};
};

struct Edge {
  NodeId a;
  NodeId b;
  std::optional<Distribution> latency;
  static constexpr std::string_view name = "edge";
  static constexpr auto fields = Fields{
      field("a", &Edge::a, "One end.").at_least(1).needed(),
      field("b", &Edge::b, "The other end.").at_least(1).needed(),
      field("latency", &Edge::latency, "The delay of this link, if not that of the network.")};
};

struct EdgeList {
  std::vector<Edge> edges;
  static constexpr std::string_view name = "edges";
  static constexpr std::string_view doc = "The links, one by one; each works in both directions.";
  static constexpr auto fields = Fields{field("edges", &EdgeList::edges, "The links.").needed()};
};

using TopologySpec =
    std::variant<FullMesh, RingGraph, StarGraph, TreeGraph, GridGraph, RandomGraph, EdgeList>;

// Lays a graph over the nodes 1 to `nodes` of the network, all of which must exist. Pairs without a
// link of their own are routed along the path of the least total latency, each link counted at its
// median; among equal paths the one through smaller node numbers, from the near end on.
// Further nodes keep their links to everybody.
void lay_out(const TopologySpec& spec, std::uint32_t nodes, std::uint64_t seed, Network& network);

}  // namespace ballast

#include "sim/kernel/topology.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <utility>

#include "sim/base/random.h"

namespace ballast {
namespace {

using Weight = std::int64_t;
using Graph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, boost::no_property,
                          boost::property<boost::edge_weight_t, Weight>>;

constexpr std::uint64_t median = std::uint64_t{1} << 63;

// Far more than any path: 2^62 ns. Sums of a path stay below 2^63.
constexpr Weight unreachable = Weight{1} << 62;

std::vector<Edge> edges_of(const TopologySpec& spec, std::uint32_t n, std::uint64_t seed) {
  std::vector<Edge> edges;
  const auto link = [&](std::uint32_t a, std::uint32_t b) { edges.push_back({{a}, {b}, {}}); };
  if (std::holds_alternative<RingGraph>(spec)) {
    for (std::uint32_t k = 1; k < n; ++k) link(k, k + 1);
    if (n > 2) link(n, 1);
  } else if (const auto* star = std::get_if<StarGraph>(&spec)) {
    for (std::uint32_t k = 1; k <= n; ++k) {
      if (k != star->center.value) link(star->center.value, k);
    }
  } else if (const auto* tree = std::get_if<TreeGraph>(&spec)) {
    for (std::uint32_t k = 2; k <= n; ++k) link((k - 2) / tree->arity + 1, k);
  } else if (const auto* grid = std::get_if<GridGraph>(&spec)) {
    for (std::uint32_t k = 1; k <= n; ++k) {
      if (k % grid->columns != 0 && k + 1 <= n) link(k, k + 1);
      if (k + grid->columns <= n) link(k, k + grid->columns);
    }
  } else if (const auto* random = std::get_if<RandomGraph>(&spec)) {
    for (std::uint32_t a = 1; a <= n; ++a) {
      for (std::uint32_t b = a + 1; b <= n; ++b) {
        const std::uint64_t pair = (std::uint64_t{a} << 32) | b;
        if (random->probability.happens(draw(stream_key(seed, Purpose::topology, pair), 0))) {
          link(a, b);
        }
      }
    }
  } else if (const auto* list = std::get_if<EdgeList>(&spec)) {
    edges = list->edges;
  }
  return edges;
}

Weight weight_of(const Network& network, NodeId a, NodeId b) {
  // At least 1, so that every path leads nearer; at most 13 days, so that no sum overflows.
  constexpr Weight most = Weight{1} << 50;
  return std::clamp<Weight>(network.profile(a, b).latency.at(median).ns, 1, most);
}

}  // namespace

void lay_out(const TopologySpec& spec, std::uint32_t nodes, std::uint64_t seed, Network& network) {
  if (std::holds_alternative<FullMesh>(spec)) return;
  Graph graph(nodes);
  std::vector<std::vector<bool>> linked(nodes, std::vector<bool>(nodes, false));
  for (const Edge& edge : edges_of(spec, nodes, seed)) {
    if (edge.latency) {
      LinkProfile profile = network.profile(edge.a, edge.b);
      profile.latency = *edge.latency;
      const std::uint16_t number = network.add_profile(std::move(profile));
      network.use_profile(edge.a, edge.b, number);
      network.use_profile(edge.b, edge.a, number);
    }
    const std::size_t a = edge.a.value - 1;
    const std::size_t b = edge.b.value - 1;
    linked[a][b] = linked[b][a] = true;
    boost::add_edge(a, b, weight_of(network, edge.a, edge.b), graph);
  }
  const auto weights = boost::get(boost::edge_weight, graph);
  std::vector<Weight> distance(nodes);
  for (std::size_t to = 0; to < nodes; ++to) {
    boost::dijkstra_shortest_paths(graph, to,
                                   boost::distance_map(distance.data()).distance_inf(unreachable));
    for (std::size_t from = 0; from < nodes; ++from) {
      if (from == to) continue;
      // The library's own predecessors depend on its version where paths tie.
      std::size_t via = nodes;
      for (auto [edge, end] = boost::out_edges(from, graph); edge != end; ++edge) {
        const std::size_t neighbour = boost::target(*edge, graph);
        if (distance[neighbour] + weights[*edge] == distance[from]) via = std::min(via, neighbour);
      }
      const NodeId here{static_cast<std::uint32_t>(from + 1)};
      const NodeId there{static_cast<std::uint32_t>(to + 1)};
      if (via < nodes) network.set_next_hop(here, there, {static_cast<std::uint32_t>(via + 1)});
      if (!linked[from][to]) network.use_route(here, there);
    }
  }
}

}  // namespace ballast

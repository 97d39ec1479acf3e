#include "sim/history/graph.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "sim/base/random.h"

namespace ballast::history {
namespace {

using Arc = OrderGraph::Arc;
constexpr std::uint32_t plain_kind = 1;
constexpr std::uint32_t rare_kind = 2;

struct RandomGraph {
  OrderGraph graph{9};

  // Some arcs go by way of a node that only saves arcs.
  explicit RandomGraph(std::uint64_t seed) {
    Stream dice(seed, Purpose::operation, 0);
    const std::uint64_t arcs = 6 + dice.below(16);
    for (std::uint64_t i = 0; i < arcs; ++i) {
      const auto from = static_cast<std::uint32_t>(dice.below(9));
      const auto to = static_cast<std::uint32_t>(dice.below(9));
      if (from == to) continue;
      const std::uint32_t kind = dice.below(3) == 0 ? rare_kind : plain_kind;
      if (dice.below(4) > 0) {
        graph.add(from, to, kind);
        continue;
      }
      const std::uint32_t between = graph.add_node();
      const bool first = dice.below(2) == 0;
      graph.add(from, between, first ? kind : OrderGraph::pass);
      graph.add(between, to, first ? OrderGraph::pass : kind);
    }
    graph.finish();
  }
};

std::size_t real(const std::vector<Arc>& walk) {
  return static_cast<std::size_t>(std::count_if(
      walk.begin(), walk.end(), [](const Arc& arc) { return arc.kind != OrderGraph::pass; }));
}

// The fewest arcs, passes not counted, of closed walks through a rare one, over all pairs of nodes
// (Floyd, "Algorithm 97: Shortest path", 1962), by component.
std::vector<std::size_t> shortest(const OrderGraph& graph, const OrderGraph::Components& among) {
  constexpr std::size_t far = 1000;
  const std::size_t n = graph.nodes();
  std::vector<std::vector<std::size_t>> way(n, std::vector<std::size_t>(n, far));
  for (std::size_t i = 0; i < n; ++i) way[i][i] = 0;
  for (const Arc& arc : graph.arcs()) {
    std::size_t& cost = way[arc.from][arc.to];
    cost = std::min<std::size_t>(cost, arc.kind == OrderGraph::pass ? 0 : 1);
  }
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) way[i][j] = std::min(way[i][j], way[i][k] + way[k][j]);
    }
  }
  std::vector<std::size_t> fewest(among.count, far);
  for (const Arc& arc : graph.arcs()) {
    if (arc.kind != rare_kind || !among.inside(arc)) continue;
    std::size_t& least = fewest[among.of[arc.from]];
    least = std::min(least, way[arc.to][arc.from] + 1);
  }
  std::erase(fewest, far);
  std::sort(fewest.begin(), fewest.end());
  return fewest;
}

}  // namespace

TEST_CASE("of each component the shortest cycle is shown, the shortest of all first") {
  std::size_t long_ones = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    const OrderGraph graph = RandomGraph(seed).graph;
    const OrderGraph::Kinds rare = OrderGraph::set_of(rare_kind);
    const OrderGraph::Kinds all = rare | OrderGraph::set_of(plain_kind);
    const OrderGraph::Components among = graph.components(all);
    std::uint64_t budget = 1'000'000;
    const auto cycles = graph.cycles(among, rare, all, 0, 100, budget);
    const std::vector<std::size_t> expected = shortest(graph, among);
    REQUIRE(cycles.size() == expected.size());
    for (std::size_t i = 0; i < cycles.size(); ++i) {
      const std::vector<Arc>& cycle = cycles[i];
      REQUIRE(real(cycle) == expected[i]);
      REQUIRE(cycle.front().kind == rare_kind);
      for (std::size_t k = 0; k < cycle.size(); ++k) {
        REQUIRE(cycle[k].to == cycle[(k + 1) % cycle.size()].from);
      }
      long_ones += expected[i] > 3 ? 1 : 0;
    }
  }
  CHECK(long_ones > 100);
}

}  // namespace ballast::history

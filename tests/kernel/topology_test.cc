// Graphs by name, and the shortest paths through them.
#include "sim/kernel/topology.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/print.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

constexpr std::uint64_t seed = 7;
constexpr int apart = -1;

// Every link takes 1 ms, so that the time between two nodes is the number of hops.
Network laid_out(const TopologySpec& spec, std::uint32_t nodes, std::uint32_t further = 0,
                 std::uint64_t of = seed) {
  Network network(of, nodes + further, {Distribution::constant(1_ms), {}, {}, false});
  lay_out(spec, nodes, of, network);
  return network;
}

int hops(Network& network, std::uint32_t from, std::uint32_t to) {
  const Passage passage = network.send({from}, {to}, {});
  if (passage.arrivals == 0) {
    CHECK(passage.reason == DropReason::unreachable);
    return apart;
  }
  return static_cast<int>((passage.at[0] - Time{}) / 1_ms);
}

// Whether the pair has a link of its own: exactly those that are one hop apart.
std::vector<std::vector<int>> all_hops(const TopologySpec& spec, std::uint32_t nodes,
                                       std::uint64_t of = seed) {
  Network network = laid_out(spec, nodes, 0, of);
  std::vector<std::vector<int>> table(nodes + 1, std::vector<int>(nodes + 1));
  for (std::uint32_t a = 1; a <= nodes; ++a) {
    for (std::uint32_t b = 1; b <= nodes; ++b) table[a][b] = a == b ? 0 : hops(network, a, b);
  }
  return table;
}

int distance(int a, int b) { return std::abs(a - b); }

EdgeList edges(std::vector<Edge> list) { return {std::move(list)}; }
Edge edge(std::uint32_t a, std::uint32_t b, Duration latency) {
  return {{a}, {b}, Distribution::constant(latency)};
}
Time arrival(Network& network, std::uint32_t from, std::uint32_t to) {
  return network.send({from}, {to}, {}).at[0];
}

}  // namespace

TEST_CASE("in a full mesh every pair has a link") {
  for (const auto& row : all_hops(FullMesh{}, 5)) {
    for (const int hops : row) CHECK(hops <= 1);
  }
}

TEST_CASE("in a ring messages go round the shorter way") {
  const int n = 7;
  const auto table = all_hops(RingGraph{}, n);
  for (int a = 1; a <= n; ++a) {
    for (int b = 1; b <= n; ++b) {
      const int way = distance(a, b);
      CHECK(table[static_cast<std::size_t>(a)][static_cast<std::size_t>(b)] ==
            std::min(way, n - way));
    }
  }
}

TEST_CASE("rings of one and two nodes are no trouble") {
  all_hops(RingGraph{}, 1);
  CHECK(all_hops(RingGraph{}, 2)[1][2] == 1);
}

TEST_CASE("in a star all pass through the center") {
  const auto table = all_hops(StarGraph{{3}}, 6);
  for (std::size_t a = 1; a <= 6; ++a) {
    for (std::size_t b = 1; b <= 6; ++b) {
      CHECK(table[a][b] == (a == b ? 0 : a == 3 || b == 3 ? 1 : 2));
    }
  }
}

TEST_CASE("in a tree each node is linked to its parent") {
  const auto table = all_hops(TreeGraph{2}, 7);
  CHECK(table[1][2] == 1);
  CHECK(table[1][3] == 1);
  CHECK(table[2][4] == 1);
  CHECK(table[2][5] == 1);
  CHECK(table[3][7] == 1);
  CHECK(table[4][5] == 2);
  CHECK(table[4][7] == 4);
  CHECK(all_hops(TreeGraph{3}, 5)[1][4] == 1);
  CHECK(all_hops(TreeGraph{1}, 5)[1][5] == 4);  // a line
}

TEST_CASE("in a grid messages walk along rows and columns, also where the last row is short") {
  const int columns = 3;
  const int n = 8;
  const auto table = all_hops(GridGraph{columns}, n);
  for (int a = 1; a <= n; ++a) {
    for (int b = 1; b <= n; ++b) {
      const int rows_apart = distance((a - 1) / columns, (b - 1) / columns);
      const int columns_apart = distance((a - 1) % columns, (b - 1) % columns);
      CHECK(table[static_cast<std::size_t>(a)][static_cast<std::size_t>(b)] ==
            rows_apart + columns_apart);
    }
  }
}

TEST_CASE("a random graph has the expected number of links, and is the seed's") {
  const std::uint32_t n = 60;
  const auto links = [&](std::uint64_t of, Ratio probability) {
    int count = 0;
    const auto table = all_hops(RandomGraph{probability}, n, of);
    for (std::uint32_t a = 1; a <= n; ++a) {
      for (std::uint32_t b = a + 1; b <= n; ++b) count += table[a][b] == 1;
    }
    return count;
  };
  // 1770 pairs; a standard deviation is 18.2 at 1/4.
  const int some = links(seed, {1, 4});
  CHECK(some > 442 - 91);
  CHECK(some < 442 + 91);
  CHECK(all_hops(RandomGraph{{1, 4}}, n, seed) == all_hops(RandomGraph{{1, 4}}, n, seed));
  CHECK(all_hops(RandomGraph{{1, 4}}, n, seed) != all_hops(RandomGraph{{1, 4}}, n, seed + 1));
  CHECK(links(seed, {0, 1}) == 0);
  CHECK(links(seed, {1, 1}) == 1770);
}

TEST_CASE("in a random graph paths are as short as a breadth-first search finds them") {
  for (std::uint64_t of = 1; of <= 20; ++of) {
    const std::uint32_t n = 12;
    const auto table = all_hops(RandomGraph{{1, 5}}, n, of);
    for (std::uint32_t from = 1; from <= n; ++from) {
      std::vector<int> level(n + 1, apart);
      level[from] = 0;
      for (int now = 0; now < static_cast<int>(n); ++now) {
        for (std::uint32_t a = 1; a <= n; ++a) {
          for (std::uint32_t b = 1; b <= n; ++b) {
            if (level[a] == now && table[a][b] == 1 && level[b] == apart) level[b] = now + 1;
          }
        }
      }
      for (std::uint32_t to = 1; to <= n; ++to) CHECK(table[from][to] == level[to]);
    }
  }
}

TEST_CASE("the path of the least latency is taken, however many hops it has") {
  // From 1 to 4: 10 ms through 2, or 6 ms through 3 and 5.
  Network network = laid_out(edges({edge(1, 2, 5_ms), edge(2, 4, 5_ms), edge(1, 3, 2_ms),
                                    edge(3, 5, 2_ms), edge(5, 4, 2_ms)}),
                             5);
  CHECK(arrival(network, 1, 4) == Time{} + 6_ms);
  CHECK(arrival(network, 4, 1) == Time{} + 6_ms);
}

TEST_CASE("a pair with a link of its own uses it, even where a way round is faster") {
  // 2 is linked to 4 by a slow link; what 1 sends to 4 by way of 2 goes round through 3.
  Network network =
      laid_out(edges({edge(1, 2, 1_ms), edge(2, 4, 50_ms), edge(2, 3, 1_ms), edge(3, 4, 1_ms)}), 4);
  CHECK(arrival(network, 2, 4) == Time{} + 50_ms);
  CHECK(arrival(network, 1, 4) == Time{} + 3_ms);
}

TEST_CASE("among equal paths the one through smaller numbers is taken") {
  Network network =
      laid_out(edges({edge(1, 3, 1_ms), edge(3, 4, 1_ms), edge(1, 2, 1_ms), edge(2, 4, 1_ms)}), 4);
  network.cut({3}, {4});
  CHECK(!network.is_cut({1}, {4}));
  network.cut({2}, {4});
  CHECK(network.is_cut({1}, {4}));
}

TEST_CASE("nodes without a path between them cannot reach each other") {
  const auto table = all_hops(edges({edge(1, 2, 1_ms), edge(3, 4, 1_ms)}), 4);
  CHECK(table[1][2] == 1);
  CHECK(table[1][3] == apart);
  CHECK(table[4][2] == apart);
}

TEST_CASE("nodes outside the graph keep their links to everybody") {
  Network network = laid_out(RingGraph{}, 5, 2);
  for (std::uint32_t node = 1; node <= 5; ++node) {
    CHECK(hops(network, 6, node) == 1);
    CHECK(hops(network, node, 7) == 1);
  }
  CHECK(hops(network, 6, 7) == 1);
  CHECK(hops(network, 1, 3) == 2);
}

TEST_CASE("links without delay, and links longer than time, make no path wrong") {
  Network none = laid_out(edges({edge(1, 2, {}), edge(2, 3, {}), edge(3, 4, {})}), 4);
  CHECK(arrival(none, 1, 4) == Time{});
  Network forever = laid_out(edges({edge(1, 2, Duration::max()), edge(2, 3, 1_ms)}), 3);
  CHECK(arrival(forever, 1, 3) == Time::max());
}

TEST_CASE("a large ring routes every pair") {
  const std::uint32_t n = 300;  // more than 65,535 pairs without a link
  Network network = laid_out(RingGraph{}, n);
  for (std::uint32_t to = 2; to <= n; to += 7) {
    CHECK(hops(network, 1, to) == static_cast<int>(std::min(to - 1, n + 1 - to)));
  }
}

// Hash functions by their published vectors; rings and tables by theory; policies that divide
// endpoints among balancers, zones and priorities.
#include <algorithm>
#include <cstdint>

#include "algorithms/balancing/hashing.h"
#include "algorithms/balancing/policies/hash_ring.h"
#include "algorithms/balancing/policies/maglev_table.h"
#include "algorithms/balancing/policies/priority_load.h"
#include "tests/algorithms/picker.h"

namespace ballast::balancing {
namespace {

using namespace literals;

TEST_CASE("hash functions give the values that their authors publish") {
  CHECK(xx_hash("") == 0xEF46DB3751D8E999);
  CHECK(xx_hash("a") == 0xD24EC4F1A98C6E5B);
  CHECK(xx_hash("asdf") == 0x415872F599CEA71E);
  CHECK(xx_hash("Call me Ishmael. Some years ago--never mind how long precisely-") ==
        0x02A2E85470D6FD96);
  CHECK(murmur_hash("foo") == 9631199822919835226u);
  CHECK(murmur_hash("bar") == 11474628671133349555u);
  CHECK(crc32("123456789") == 0xCBF43926);
  CHECK(crc32("6789", crc32("12345")) == 0xCBF43926);
  CHECK(sdbm_hash("ab") == 98 + 97 * 65'599);
  CHECK(full_avalanche(1) == 881230262);
  CHECK(jump_hash(42, 57) == 43);
  CHECK(jump_hash(256, 1024) == 520);
  MersenneTwister twister(5489);
  for (int i = 1; i < 10'000; ++i) twister.next();
  CHECK(twister.next() == 4123659995u);  // the C++ standard, [rand.predef]
}

// --- Rings ---------------------------------------------------------------------------------------

std::vector<RingHost> ring_of(std::size_t count, std::uint64_t seed) {
  std::vector<RingHost> hosts;
  for (std::uint32_t i = 0; i < count; ++i) {
    hosts.push_back({std::to_string(seed) + ".host" + std::to_string(i), i, 1});
  }
  return hosts;
}

// The largest share of a ring of 64-bit hashes, times the number of hosts, in thousandths.
std::uint64_t most_of(const HashRing& ring, std::size_t hosts) {
  std::vector<std::uint64_t> shares(hosts);
  for (std::size_t i = 0; i < ring.size(); ++i) {
    shares[ring[i].endpoint] += (ring[i].hash - ring[i + ring.size() - 1].hash) >> 10;
  }
  const std::uint64_t most = *std::max_element(shares.begin(), shares.end());
  return static_cast<std::uint64_t>(static_cast<Wide>(most) * hosts * 1000 >> 54);
}

TEST_CASE("the largest share of a ring is what the theory of random arcs says") {
  // max / mean over ten seeds; tolerances are about four standard errors.
  struct Row {
    std::size_t hosts;
    std::uint64_t points;
    std::int64_t expected;
    std::int64_t tolerance;
  };
  for (const Row& row : {Row{10, 1, 2640, 900}, Row{10, 100, 1154, 60}, Row{100, 10, 1990, 250},
                         Row{100, 100, 1261, 60}, Row{1000, 10, 2370, 250}}) {
    CAPTURE(row.hosts);
    CAPTURE(row.points);
    std::uint64_t sum = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const HashRing ring = envoy_ring(ring_of(row.hosts, seed), row.hosts * row.points, 8'388'608,
                                       RingHash::xx_hash);
      CHECK(ring.size() == row.hosts * row.points);
      sum += most_of(ring, row.hosts);
    }
    CHECK(within(static_cast<std::int64_t>(sum / 10), row.expected, row.tolerance));
  }
}

TEST_CASE("Envoy's ring has points in proportion to the weights, by running sums") {
  std::vector<RingHost> hosts = {{"a", 0, 1}, {"b", 1, 2}, {"c", 2, 4}};
  const auto points = [](const HashRing& ring) {
    std::vector<std::uint64_t> counts(3);
    for (std::size_t i = 0; i < ring.size(); ++i) ++counts[ring[i].endpoint];
    return counts;
  };
  // ceil(1/7 * 1024) = 147 points for the lightest.
  CHECK(points(envoy_ring(hosts, 1'024, 8'388'608, RingHash::xx_hash)) ==
        std::vector<std::uint64_t>{147, 294, 588});
  // 10 points in all: due 10/7, 30/7 and 10 in sum, each rounded up.
  CHECK(points(envoy_ring(hosts, 10, 10, RingHash::xx_hash)) ==
        std::vector<std::uint64_t>{2, 3, 5});
  CHECK(points(haproxy_ring(hosts)) == std::vector<std::uint64_t>{16, 32, 64});
  const auto nginx = points(nginx_ring(hosts));
  CHECK(within(static_cast<std::int64_t>(nginx[2]), 640, 1));  // but for equal points
}

TEST_CASE("HAProxy takes the nearer point, the one before if both are as near") {
  const HashRing ring({{10, 0}, {20, 1}});
  CHECK(ring.nearest(14) == 0);
  CHECK(ring.nearest(15) == 0);
  CHECK(ring.nearest(16) == 1);
  CHECK(ring.nearest(5) == 0);
  CHECK(ring.nearest(0xFFFFFFFF) == 0);  // 11 to the first, far from the last
  CHECK(ring.at_or_after(10) == 0);
  CHECK(ring.at_or_after(11) == 1);
  CHECK(ring.at_or_after(21) == 0);
}

// How many of so many keys go elsewhere when the endpoint goes down, and how many were its own.
struct Moved {
  int elsewhere = 0;
  int own = 0;
};
Moved moved(std::string_view policy, std::size_t hosts, std::size_t leaves, int keys) {
  Picker before(policy, std::vector<std::uint64_t>(hosts, 1));
  Picker after = before;
  after.down(leaves);
  Moved moved;
  for (int i = 0; i < keys; ++i) {
    before.key = after.key = static_cast<std::uint64_t>(i);
    const std::size_t owner = before.pick_endpoint();
    const std::size_t next = after.pick_endpoint();
    if (owner == leaves) {
      ++moved.own;
    } else if (owner != next) {
      ++moved.elsewhere;
    }
  }
  return moved;
}

TEST_CASE("consistent hashing moves only the keys of the endpoint that leaves") {
  // Envoy's ring has more points for each when there are fewer endpoints; here it has one.
  for (const std::string_view policy :
       {R"({"ring_hash": {"min_ring_size": 19}})", R"({"ring_hash": "nginx"})",
        R"({"ring_hash": "haproxy"})", "rendezvous"}) {
    CAPTURE(policy);
    const Moved keys = moved(policy, 20, 7, 10'000);
    CHECK(keys.elsewhere == 0);
    CHECK(keys.own > 0);
  }
  CHECK(moved("ring_hash", 20, 7, 10'000).elsewhere < 500);
  CHECK(moved("jump_hash", 20, 19, 10'000).elsewhere == 0);
  CHECK(moved("jump_hash", 20, 7, 10'000).elsewhere > 1'000);
  CHECK(moved("map_hash", 20, 7, 10'000).elsewhere > 5'000);
  CHECK(within(moved("maglev", 20, 7, 10'000).elsewhere, 60, 60));
}

TEST_CASE("rendezvous and jump hashing spread keys as chance would") {
  for (const std::string_view policy : {"rendezvous", "jump_hash"}) {
    Picker picker(policy, std::vector<std::uint64_t>(10, 1));
    std::vector<int> counts(10);
    for (std::uint64_t key = 0; key < 20'000; ++key) {
      picker.key = key;
      ++counts[picker.pick_endpoint()];
    }
    // Four standard deviations of a binomial count are 170.
    for (const int count : counts) CHECK(within(count, 2'000, 170));
  }
  Picker weighted("rendezvous", {3, 1});
  int heavy = 0;
  for (std::uint64_t key = 0; key < 20'000; ++key) {
    weighted.key = key;
    heavy += weighted.pick() == 'a';
  }
  CHECK(within(heavy, 15'000, 245));
}

TEST_CASE("hash policies send equal keys to equal endpoints, and a retry elsewhere") {
  for (const std::string_view policy : {"ring_hash", "maglev"}) {
    Picker picker(policy, std::vector<std::uint64_t>(20, 1));
    int elsewhere = 0;
    for (std::uint64_t key = 0; key < 200; ++key) {
      picker.key = key;
      picker.attempt = 0;
      const char first = picker.pick();
      CHECK(picker.pick() == first);
      picker.attempt = 1;
      elsewhere += picker.pick() != first;
    }
    CHECK(elsewhere > 160);
  }
}

// --- Maglev --------------------------------------------------------------------------------------

TEST_CASE("Maglev's table is that of the paper, with and without B1") {
  const std::vector<MaglevEntry> three = {{3, 4, 1}, {0, 2, 1}, {3, 1, 1}};
  CHECK(maglev_table(three, 7) == std::vector<std::uint32_t>{1, 0, 1, 0, 2, 2, 0});
  const std::vector<MaglevEntry> two = {{3, 4, 1}, {3, 1, 1}};  // B0 and B2
  CHECK(maglev_table(two, 7) == std::vector<std::uint32_t>{0, 0, 0, 0, 1, 1, 1});
}

TEST_CASE("Maglev's shares are even, and by weight") {
  const auto shares = [](const std::vector<std::uint64_t>& weights) {
    std::vector<MaglevEntry> entries;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      entries.push_back(maglev_entry("n" + std::to_string(i), weights[i], 65'537));
    }
    std::vector<std::int64_t> counts(weights.size());
    for (const std::uint32_t entry : maglev_table(entries, 65'537)) ++counts[entry];
    return counts;
  };
  // 65537 / 10: each round gives everybody one.
  for (const std::int64_t count : shares(std::vector<std::uint64_t>(10, 1))) {
    CHECK(within(count, 6'553, 1));
  }
  const auto weighted = shares({1, 2, 4});
  CHECK(within(weighted[0], 9'362, 3));
  CHECK(within(weighted[1], 18'725, 3));
  CHECK(within(weighted[2], 37'450, 3));
}

TEST_CASE("Maglev moves a little more than it must when one of a hundred leaves") {
  std::vector<MaglevEntry> entries;
  for (int i = 0; i < 100; ++i) {
    entries.push_back(maglev_entry("n" + std::to_string(i), 1, 65'537));
  }
  const auto before = maglev_table(entries, 65'537);
  entries.erase(entries.begin() + 50);
  const auto after = maglev_table(entries, 65'537);
  int moved = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    moved += before[i] != 50 && before[i] != after[i] + (after[i] >= 50);
  }
  CHECK(moved > 0);
  CHECK(moved < 65'537 / 100);  // less than as much again
}

// --- Bounded loads -------------------------------------------------------------------------------

TEST_CASE("bounded load as HAProxy: slots add up to the factor times all requests") {
  Picker picker(R"({"bounded_load": {"dialect": "haproxy", "balance_factor": 125}})",
                std::vector<std::uint64_t>(10, 1));
  std::map<char, int> counts;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    picker.key = 5;  // one hot key
    ++counts[picker.send()];
  }
  int most = 0;
  for (const auto& each : counts) most = std::max(most, each.second);
  CHECK(most == 125);  // 1000 / 10 * 1.25
}

TEST_CASE("bounded load as Envoy: a hot key spreads in an order of its own") {
  const auto owners = [](std::uint64_t key) {
    Picker picker(R"({"bounded_load": {"balance_factor": 150}})",
                  std::vector<std::uint64_t>(10, 1));
    picker.key = key;
    const std::string first = picker.sends(4);
    return first + std::to_string(picker.sends(996).size());
  };
  CHECK(owners(1) == owners(1));
  CHECK(owners(1) != owners(2));
  Picker cold(R"({"bounded_load": {"balance_factor": 100000}})", {1, 1, 1});
  Picker ring("ring_hash", {1, 1, 1});
  for (std::uint64_t key = 0; key < 100; ++key) {
    cold.key = ring.key = key;
    CHECK(cold.pick() == ring.pick());  // who is not overloaded keeps its keys
  }
}

// --- Apertures and subsets -----------------------------------------------------------------------

TEST_CASE("deterministic aperture: half an endpoint is picked half as often, the larger the ring") {
  // Finagle's table: how often a host of weight 0.5 is picked, as a part of one of weight 1.
  struct Row {
    std::size_t ring;
    std::int64_t expected;
  };
  for (const Row& row : {Row{2, 100}, Row{3, 61}, Row{4, 56}, Row{6, 53}, Row{10, 52}}) {
    CAPTURE(row.ring);
    Picker picker(R"({"deterministic_aperture": {"peers": 2, "aperture": 1}})",
                  std::vector<std::uint64_t>(2 * row.ring - 1, 1));
    picker.self = NodeId{2};  // place 0: whole endpoints from a on, and half of the last
    picker.renew();
    // Both of those drawn are equally often the less loaded.
    const auto half = static_cast<char>('a' + row.ring - 1);
    Ratio part{0, 1};
    std::vector<std::uint32_t> load(2 * row.ring - 1, 1);
    load[row.ring - 1] = 0;  // then it is picked whenever it is drawn
    picker.load(load);
    part = picker.chances().at(half);
    // drawn = part; each other one is drawn (2 - part) / (ring - 1).
    const std::uint64_t times_100 =
        100 * part.numerator * (row.ring - 1) / (2 * part.denominator - part.numerator);
    CHECK(within(static_cast<std::int64_t>(times_100), row.expected, 1));
  }
}

TEST_CASE("deterministic apertures of all peers together cover every endpoint evenly") {
  std::map<char, std::uint64_t> covered;
  for (std::uint32_t peer = 0; peer < 4; ++peer) {
    Picker picker(R"({"deterministic_aperture": {"peers": 4, "aperture": 3}})",
                  std::vector<std::uint64_t>(6, 1));
    picker.self = NodeId{4 + peer};
    picker.renew();
    for (const auto& each : picker.chances()) ++covered[each.first];
  }
  CHECK(covered.size() == 6);
}

TEST_CASE("random aperture widens while each endpoint has more than its band, and narrows again") {
  Picker picker("random_aperture", std::vector<std::uint64_t>(8, 1));
  const char first = picker.send();
  CHECK(picker.send() == first);
  for (int i = 0; i < 40; ++i) {
    picker.now += 15_s;
    picker.send();
  }
  CHECK(picker.counts(100).size() >= 6);
  Picker idle = picker;
  for (int i = 0; i < 142; ++i) idle.finish(static_cast<char>('a' + i % 8));
  for (int i = 0; i < 8; ++i) {
    idle.now += 60_s;
    const char picked = idle.pick();
    idle.finish(picked);
  }
  CHECK(idle.pick() == first);
}

TEST_CASE("random subsets have their size, differ by balancer, and move by one at most") {
  const auto subset = [](std::uint32_t self, std::size_t hosts) {
    Picker picker(R"({"random_subset": {"size": 4}})", std::vector<std::uint64_t>(hosts, 1));
    picker.self = NodeId{self};
    picker.renew();
    std::string names;
    for (const auto& each : picker.counts(40)) names += each.first;
    return names;
  };
  CHECK(subset(1, 12).size() == 4);
  CHECK(subset(1, 12) != subset(2, 12));
  for (std::uint32_t self = 1; self < 20; ++self) {
    const std::string before = subset(self, 12);
    const std::string after = subset(self, 13);
    int kept = 0;
    for (const char name : before) kept += after.find(name) != std::string::npos;
    CHECK(kept >= 3);
  }
}

// --- Zones and priorities ------------------------------------------------------------------------

std::string shares_of(const PriorityLoad& load) {
  std::uint64_t sum = 0;
  for (const std::uint64_t share : load.shares) sum += share;
  std::string text;
  for (const std::uint64_t share : load.shares) {
    text += std::to_string((share * 100 + sum / 2) / sum) + " ";
  }
  return text + "of " + std::to_string(load.total);
}

TEST_CASE("priorities divide traffic as Envoy's table says") {
  const auto load = [](std::uint64_t first, std::uint64_t second) {
    return priority_load({{100, first}, {100, second}}, 140, {1, 2});
  };
  CHECK(shares_of(load(72, 100)) == "100 0 of 100");
  CHECK(shares_of(load(71, 100)) == "99 1 of 100");
  CHECK(shares_of(load(50, 100)) == "70 30 of 100");
  CHECK(shares_of(load(25, 100)) == "35 65 of 100");
  CHECK(shares_of(load(0, 100)) == "0 100 of 100");
  CHECK(shares_of(load(25, 25)) == "50 50 of 70");
  CHECK(load(25, 25).panic == std::vector<bool>{true, true});
  CHECK(shares_of(load(5, 65)) == "7 93 of 98");
  CHECK(load(5, 65).panic == std::vector<bool>{true, false});
  CHECK(load(25, 100).panic == std::vector<bool>{false, false});
}

TEST_CASE("priority picks a level by its health, then within it by the policy named") {
  Picker picker(R"({"priority": {"levels": [0, 0, 1, 1], "policy": "random"}})", {1, 1, 1, 1});
  CHECK(picker.chances() == Chances{{'a', {1, 2}}, {'b', {1, 2}}});
  picker.up("acd");  // 70 % in the first level
  CHECK(picker.chances() == Chances{{'a', {7, 10}}, {'c', {3, 20}}, {'d', {3, 20}}});
  picker.up("d");
  CHECK(picker.chances() == Chances{{'d', {1, 1}}});
}

TEST_CASE("zone aware: all stays here if this zone has its share, else what it can serve") {
  const std::string options =
      R"({"zone_aware": {"zones": [0, 0, 1, 1, 1, 1], "balancers": [BAL], "policy": "random"}})";
  const auto with = [&](const std::string& balancers) {
    std::string text = options;
    return text.replace(text.find("BAL"), 3, balancers);
  };
  CHECK(Picker(with("1, 2"), std::vector<std::uint64_t>(6, 1)).chances() ==
        Chances{{'a', {1, 2}}, {'b', {1, 2}}});
  // Half of the balancers, a third of the endpoints: 2/3 stays, the rest goes to the other zone.
  Picker half(with("1, 1"), std::vector<std::uint64_t>(6, 1));
  const Chances chances = half.chances();
  CHECK(chances.at('a') == Ratio{1, 3});
  CHECK(chances.at('c') == Ratio{1, 12});
  half.up("abcde");  // five: zones are not looked at
  CHECK(half.chances().at('c') == Ratio{1, 5});
}

TEST_CASE("load-aware locality: endpoints times what is idle") {
  std::string zones;
  for (int i = 0; i < 30; ++i) zones += (i > 0 ? ", " : "") + std::to_string(i / 10);
  Picker picker(R"({"locality_load": {"zones": [)" + zones + R"(], "policy": "random"}})",
                std::vector<std::uint64_t>(30, 1));
  for (int i = 0; i < 30; ++i) {
    const std::uint64_t busy[] = {700'000, 300'000, 400'000};
    LoadReport report;
    report.utilization = busy[i / 10];
    picker.report(static_cast<char>('a' + i), report);
  }
  int counts[3] = {};
  for (int i = 0; i < 16'000; ++i) ++counts[picker.pick_endpoint() / 10];
  // 3 : 7 : 6 of 16; four standard deviations of a binomial count are 254.
  CHECK(within(counts[0], 3'000, 254));
  CHECK(within(counts[1], 7'000, 254));
  CHECK(within(counts[2], 6'000, 254));
}

TEST_CASE("load-aware locality: while this zone is not busier than the others, 3 % leave it") {
  Picker picker(R"({"locality_load": {"zones": [0, 1, 1], "policy": "random"}})", {1, 1, 1});
  LoadReport report;
  report.utilization = 500'000;
  picker.report('a', report);
  report.utilization = 400'000;
  picker.report('b', report);
  picker.report('c', report);
  auto counts = picker.counts(10'000);
  CHECK(within(counts['a'], 9'700, 68));
}

}  // namespace
}  // namespace ballast::balancing

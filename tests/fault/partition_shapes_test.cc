// Partitions by their shape: exactly the links that the shape names, and what is written back.
#include <doctest/doctest.h>

#include <set>

#include "tests/fault/play.h"
#include "tests/support/print.h"

using namespace ballast;

namespace {

// Who sees whom among the servers, by node: itself included.
std::vector<std::set<std::uint32_t>> seen_by(const World& world, std::uint32_t nodes) {
  std::vector<std::set<std::uint32_t>> sees(nodes + 1);
  for (std::uint32_t a = 1; a <= nodes; ++a) {
    for (std::uint32_t b = 1; b <= nodes; ++b) {
      if (a == b || !world.network().is_cut({a}, {b})) sees[a].insert(b);
    }
  }
  return sees;
}

// The shape among `nodes` servers, without clients.
struct Troupe {
  explicit Troupe(FaultAction action, std::uint32_t nodes, std::uint64_t seed = 1,
                  std::optional<NodeId> leader = {})
      : stage({.puppets = std::vector<Puppet::Config>(nodes), .seed = seed}),
        director({fault(1_s, std::move(action))}, {{"server", all(nodes)}}, seed) {
    stage.world.advance(Time{} + 1_s);
    const Fact fact = Elected{{1}};
    if (leader) director.hear({&fact, {}, {}, {}, *leader, {1}});
    director.act(stage.world);
  }
  static Nodes all(std::uint32_t nodes) {
    Nodes numbers;
    for (std::uint32_t i = 1; i <= nodes; ++i) numbers.push_back({i});
    return numbers;
  }
  std::vector<std::set<std::uint32_t>> sees() const {
    return seen_by(stage.world, stage.world.node_count());
  }
  // How many others each reaches, the most connected first.
  std::vector<std::size_t> degrees() const {
    std::vector<std::size_t> counts;
    const auto all_seen = sees();
    for (std::size_t i = 1; i < all_seen.size(); ++i) counts.push_back(all_seen[i].size() - 1);
    std::sort(counts.rbegin(), counts.rend());
    return counts;
  }

  Stage stage;
  Director director;
};

using Degrees = std::vector<std::size_t>;

}  // namespace

TEST_CASE("links_only cuts what it does not keep, among its nodes and no others") {
  Play play({fault(1_s, LinksOnly{{only({n1, n2, n3}), only({n3, n4})}}, 1_s),
             fault(3_s, LinksOnly{{only({n1, n2})}, only({n1, n2, n3})}, 1_s)});
  play.run_until(1_s);
  CHECK(play.cuts() == "1-4 1-5 2-4 2-5 3-5 4-5");  // the client keeps its links
  play.run_until(2_s);
  CHECK(play.cuts().empty());
  play.run_until(3_s);
  CHECK(play.cuts() == "1-3 2-3");
  play.run_until(4_s);
  CHECK(play.cuts().empty());
  CHECK(play.director.healed_at() == Time{} + 4_s);
}

TEST_CASE("the deaf are heard and the mute hear, by clients too") {
  Play play({fault(1_s, Deaf{only({n2})}, 1_s), fault(3_s, Mute{by_role({Role::leader})}, 1_s)});
  play.run_until(1_s);
  CHECK(play.cuts() == "1>2 2<3 2<4 2<5 2<6");
  play.elect(n4, 1);
  play.run_until(3_s);
  CHECK(play.cuts() == "1<4 2<4 3<4 4>5 4>6");
  play.run_until(4_s);
  CHECK(play.cuts().empty());
}

TEST_CASE("clients are cut off from the servers, who still reach each other") {
  Play play({fault(1_s, ClientOnly{}, 1_s), fault(3_s, ClientOnly{only({n2})}, 1_s)});
  play.run_until(1_s);
  CHECK(play.cuts() == "1-6 2-6 3-6 4-6 5-6");
  play.run_until(3_s);
  CHECK(play.cuts() == "2-6");
}

TEST_CASE("in a majorities-ring each node sees a bare majority, and no two the same") {
  for (std::uint32_t nodes = 3; nodes <= 13; ++nodes) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      CAPTURE(nodes);
      const Troupe troupe(MajoritiesRing{}, nodes, seed);
      const auto sees = troupe.sees();
      std::set<std::set<std::uint32_t>> different;
      std::size_t larger = 0;
      for (std::uint32_t i = 1; i <= nodes; ++i) {
        CHECK(sees[i].size() >= nodes / 2 + 1);
        larger += sees[i].size() > nodes / 2 + 1;
        different.insert(sees[i]);
      }
      // Where the number of neighbours and that of nodes are both odd one node has one more.
      CHECK(larger == (nodes % 4 == 3 ? 1 : 0));
      CHECK(different.size() == nodes);
    }
  }
}

TEST_CASE("in a ring of five each sees the two beside it, and the order is that of the dice") {
  std::set<std::string> orders;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Troupe troupe(MajoritiesRing{}, 5, seed);
    CHECK(troupe.degrees() == Degrees{2, 2, 2, 2, 2});
    orders.insert(to_json(troupe.director.fired().front().fault));
  }
  CHECK(orders.size() > 5);  // of twelve
}

TEST_CASE("a chain is a path through all nodes") {
  const Troupe troupe(Chain{}, 6);
  CHECK(troupe.degrees() == Degrees{2, 2, 2, 2, 1, 1});
  // A path, not a ring and a pair: from one end everybody can be reached.
  const auto sees = troupe.sees();
  std::set<std::uint32_t> reached{1};
  for (int round = 0; round < 6; ++round) {
    for (const std::uint32_t node : std::set<std::uint32_t>(reached)) {
      reached.insert(sees[node].begin(), sees[node].end());
    }
  }
  CHECK(reached.size() == 6);
}

TEST_CASE("in a star all reach one follower and nobody else; the middle can be named") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Troupe troupe(Star{}, 5, seed, n3);
    CHECK(troupe.degrees() == Degrees{4, 1, 1, 1, 1});
    CHECK(troupe.sees()[3].size() == 2);  // the leader is not in the middle
  }
  const Troupe named(Star{by_role({Role::leader})}, 5, 1, n3);
  CHECK(named.sees()[3].size() == 5);
}

TEST_CASE("in a constrained election the leader reaches nobody, and the laggard all others") {
  Troupe troupe(ConstrainedElection{}, 5, 1, n3);
  CHECK(troupe.degrees() == Degrees{3, 1, 1, 1, 0});
  CHECK(troupe.sees()[3].size() == 1);
  const Troupe named(ConstrainedElection{only({n5})}, 5, 1, n3);
  CHECK(named.sees()[5].size() == 4);
  // By what they have stated, n4 has the shortest log.
  Play play({fault(1_s, ConstrainedElection{})});
  play.elect(n1, 1);
  for (const NodeId node : {n1, n2, n3, n5}) {
    const Fact fact = Appended{{1}, {7}, {}};
    play.director.hear({&fact, {}, {}, {}, node, {1}});
  }
  play.run_until(1_s);
  CHECK(play.cuts() == "1-2 1-3 1-4 1-5 2-3 2-5 3-5");
}

TEST_CASE("an old leader reaches one of a bare majority that reach each other, a fifth nobody") {
  const Troupe troupe(OldLeaderBridge{}, 5, 1, n2);
  CHECK(troupe.degrees() == Degrees{3, 2, 2, 1, 0});
  CHECK(troupe.sees()[2].size() == 2);
  const Troupe three(OldLeaderBridge{}, 3, 1, n2);
  CHECK(three.degrees() == Degrees{2, 1, 1});
}

TEST_CASE("two leaves hang on a triangle, one of them on its leader") {
  const Troupe troupe(TwoLeaf{}, 5, 1, n1);
  CHECK(troupe.degrees() == Degrees{3, 3, 2, 1, 1});
  CHECK(troupe.sees()[1].size() == 4);
}

TEST_CASE("shapes around the leader wait for one, and are not drawn before") {
  for (const FaultAction& action : {FaultAction(TwoLeaf{}), FaultAction(OldLeaderBridge{}),
                                    FaultAction(ConstrainedElection{}), FaultAction(Star{})}) {
    Play play({fault(1_s, action)});
    play.run_until(2_s);
    CHECK(play.director.is_waiting());
    play.elect(n2, 1);
    play.run_until(2_s);
    CHECK(!play.director.is_waiting());
    CHECK(!play.cuts().empty());
  }
}

// --- Splits --------------------------------------------------------------------------------------

namespace {

// The sizes of the parts, in order, and the first part.
std::vector<std::size_t> sizes_of(const Troupe& troupe) {
  std::vector<std::size_t> sizes;
  const auto& partition = std::get<Partition>(troupe.director.fired().front().fault.action);
  for (const Selector& group : partition.groups) sizes.push_back(group.parts.size());
  return sizes;
}

Split split(Sizes sizes, std::uint32_t into = 2, std::optional<Selector> with = {}) {
  Split s;
  s.sizes = sizes;
  s.into = into;
  s.with = std::move(with);
  return s;
}

}  // namespace

TEST_CASE("the parts of a split have the sizes that its word says") {
  using Counts = std::vector<std::size_t>;
  CHECK(sizes_of(Troupe(split(Sizes::halves), 5)) == Counts{2, 3});
  CHECK(sizes_of(Troupe(split(Sizes::halves, 3), 7)) == Counts{2, 3, 2});
  CHECK(sizes_of(Troupe(split(Sizes::minority), 5)) == Counts{2, 3});
  CHECK(sizes_of(Troupe(split(Sizes::minority), 6)) == Counts{2, 4});
  CHECK(sizes_of(Troupe(split(Sizes::majority), 6)) == Counts{4, 2});
  CHECK(sizes_of(Troupe(split(Sizes::majority, 3), 5)) == Counts{3, 1, 1});
  CHECK(sizes_of(Troupe(split(Sizes::one), 5)) == Counts{1, 4});
  std::set<std::size_t> uniform;
  std::set<std::size_t> coin;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Troupe any(split(Sizes::uniform), 5, seed);
    uniform.insert(sizes_of(any).front());
    const Troupe tossed(split(Sizes::coin), 5, seed);
    coin.insert(sizes_of(tossed).front());
  }
  CHECK(uniform == std::set<std::size_t>{1, 2, 3, 4});
  CHECK(coin == std::set<std::size_t>{1, 2, 3, 4});
}

TEST_CASE("a split takes whom it is told into its first part, if they fit") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Troupe minority(split(Sizes::minority, 2, by_role({Role::leader})), 5, seed, n4);
    CHECK(minority.sees()[4].size() == 2);
    const Troupe majority(split(Sizes::majority, 2, by_role({Role::leader})), 5, seed, n4);
    CHECK(majority.sees()[4].size() == 3);
  }
  const Troupe crowded(split(Sizes::one, 2, only({n1, n2})), 5);
  CHECK(crowded.director.is_waiting());
  CHECK(crowded.director.fired().empty());
}

TEST_CASE("clients are on one side of a split only if they are to be") {
  int apart = 0;
  for (const bool clients : {false, true}) {
    Split halves = split(Sizes::halves);
    halves.clients = clients;
    Play play({fault(1_s, halves)});
    play.run_until(1_s);
    for (const NodeId node : {n1, n2, n3, n4, n5}) apart += play.world().network().is_cut(c1, node);
    if (!clients) CHECK(apart == 0);
  }
  CHECK(apart >= 2);
  CHECK(apart <= 3);
}

// --- Replay --------------------------------------------------------------------------------------

TEST_CASE("what a shape came to is written back, and needs neither luck nor a leader") {
  for (const FaultAction& action :
       {FaultAction(MajoritiesRing{}), FaultAction(Chain{}), FaultAction(Star{}),
        FaultAction(ConstrainedElection{}), FaultAction(OldLeaderBridge{}), FaultAction(TwoLeaf{}),
        FaultAction(split(Sizes::uniform)), FaultAction(ClientOnly{})}) {
    Play play({fault(1_s, action, 1_s)}, 3);
    play.elect(n5, 2);
    play.run_until(1_s);
    const std::string cuts = play.cuts();
    CHECK(!cuts.empty());
    const Fault written = play.director.fired().front().fault;
    const std::string_view kind = name_of(written.action);
    CHECK((kind == "links_only" || kind == "partition"));
    Play again({written}, 99);
    again.run_until(1_s);
    CHECK(again.cuts() == cuts);
    CHECK(again.world().fingerprint() == play.world().fingerprint());
    again.run_until(2_s);
    CHECK(again.cuts().empty());
  }
}

// Whom each role means.
#include <doctest/doctest.h>

#include <set>

#include "tests/fault/play.h"

using namespace ballast;

namespace {

Nodes hit_by(const Play& play) {
  REQUIRE(play.director.fired().size() == 1);
  REQUIRE(play.director.fired()[0].fired);
  return crashed_by(play.director.fired()[0]);
}

// Whom a crash of that role hits, for many seeds.
std::set<Nodes> hits(Role role, const std::vector<std::pair<NodeId, Fact>>& stated) {
  std::set<Nodes> seen;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Play play({fault(1_s, Crash{by_role({role})})}, seed);
    for (const auto& [node, fact] : stated) play.say(node, fact);
    play.run_until(2_s);
    seen.insert(hit_by(play));
  }
  return seen;
}

}  // namespace

TEST_CASE("a minority is the largest, a majority the smallest set of its kind, each by chance") {
  const std::set<Nodes> minorities = hits(Role::minority, {});
  CHECK(minorities.size() == 10);
  for (const Nodes& nodes : minorities) CHECK(nodes.size() == 2);
  const std::set<Nodes> majorities = hits(Role::majority, {});
  CHECK(majorities.size() == 10);
  for (const Nodes& nodes : majorities) CHECK(nodes.size() == 3);
}

TEST_CASE("random means any number of nodes, but at least one") {
  std::set<std::size_t> sizes;
  for (const Nodes& nodes : hits(Role::random, {})) sizes.insert(nodes.size());
  CHECK(sizes == std::set<std::size_t>{1, 2, 3, 4, 5});
}

TEST_CASE("a candidate stands for election, until it is elected or gives up") {
  CHECK(hits(Role::candidate, {{n2, Campaigned{{1}}}}) == std::set<Nodes>{{n2}});
  Play elected({fault(1_s, Crash{by_role({Role::candidate})})});
  elected.say(n2, Campaigned{{1}});
  elected.say(n2, Elected{{1}});
  elected.run_until(7_s);
  CHECK_FALSE(elected.director.fired()[0].fired);
}

TEST_CASE("the laggard has the shortest log, as its appends and truncations say") {
  std::vector<std::pair<NodeId, Fact>> logs;
  for (const NodeId node : {n1, n2, n3, n4, n5}) logs.push_back({node, Appended{{9}, {1}, {7}}});
  logs.push_back({n3, Truncated{{4}}});
  CHECK(hits(Role::laggard, logs) == std::set<Nodes>{{n3}});
  logs.push_back({n5, Truncated{{4}}});
  CHECK(hits(Role::laggard, logs) == std::set<Nodes>{{n3}, {n5}});
}

TEST_CASE("a balancer is who set a policy, and a lock's holder whoever was granted it") {
  CHECK(hits(Role::balancer, {{n4, PolicySet{}}}) == std::set<Nodes>{{n4}});
  CHECK(hits(Role::lock_holder, {{n1, LockGranted{1, c1, 1}}}) == std::set<Nodes>{{c1}});
  Play released({fault(1_s, Crash{by_role({Role::lock_holder})})});
  released.say(n1, LockGranted{1, c1, 1});
  released.say(n1, LockReleased{1, c1});
  released.run_until(7_s);
  CHECK_FALSE(released.director.fired()[0].fired);
}

TEST_CASE("the newest node is the one that booted last") {
  Play play({fault(1_s, Crash{by_role({Role::newest})})});
  play.director.booted(n4, Time{} + 500_ms);
  play.run_until(2_s);
  CHECK(hit_by(play) == Nodes{n4});
}

TEST_CASE("pending means a node whose disk has not caught up") {
  Play play({fault(1_s, Crash{by_role({Role::pending})})});
  play.run_until(7_s);
  CHECK_FALSE(play.director.fired()[0].fired);  // puppets that were told nothing write nothing
}

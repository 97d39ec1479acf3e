// The rules of leaders and logs that published specifications of Raft state beside Figure 3.
#include <doctest/doctest.h>

#include "sim/check/raft_checks.h"
#include "tests/support/claims.h"
#include "tests/support/print.h"

using namespace ballast;

namespace {

constexpr NodeId n1{1}, n2{2}, n3{3}, n4{4}, n5{5};
const Group group{"server", {n1, n2, n3, n4, n5}};

Appended appended(std::uint64_t index, std::uint64_t term) {
  return {LogIndex{index}, Term{term}, ValueDigest{100 * term + index}};
}
Committed committed(std::uint64_t index, std::uint64_t term) {
  return {LogIndex{index}, Term{term}};
}
Elected elected(std::uint64_t term) { return {Term{term}}; }
Truncated truncated(std::uint64_t last_kept) { return {LogIndex{last_kept}}; }

// Each of the nodes appends the same entries, of these terms.
void append_on(Claims& claims, const std::vector<NodeId>& nodes, std::uint64_t first_index,
               const std::vector<std::uint64_t>& terms) {
  for (const NodeId node : nodes) {
    std::uint64_t index = first_index;
    for (const std::uint64_t term : terms) claims.state(node, appended(index++, term));
  }
}

bool mentions(const Claims& claims, std::string_view words) {
  return claims.objection().sentence.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("never commit entries of earlier terms: a leader commits by one of its own term") {
  Claims claims(make_never_commit_entry_prev_terms(group));
  append_on(claims, {n1, n2}, 1, {1, 2});
  claims.state(n2, committed(2, 2));  // a follower learns of it
  claims.state(n1, elected(4));
  claims.state(n1, appended(3, 4));
  REQUIRE(claims.accepted());
  SUBCASE("by the one before it") {
    claims.state(n1, committed(2, 4));
    CHECK(claims.objection().property == "never_commit_entry_prev_terms");
    CHECK(mentions(claims, "leader of term 4, committed entry 2 of term 2"));
  }
  SUBCASE("by its own") {
    claims.state(n1, committed(3, 4));
    CHECK(claims.accepted());
  }
  SUBCASE("it does not lead any more") {
    claims.state(n1, SteppedDown{Term{4}});
    claims.state(n1, committed(2, 5));
    CHECK(claims.accepted());
  }
}

TEST_CASE("max one reconfiguration: a leader begins one when the one before is committed") {
  Claims claims(make_max_one_reconfiguration(group));
  claims.state(n1, Reconfigured{LogIndex{}, 7, 0, 0});
  claims.state(n1, elected(1));
  claims.state(n1, Reconfigured{LogIndex{2}, 15, 0, 0});
  REQUIRE(claims.accepted());
  SUBCASE("before") {
    claims.state(n1, Reconfigured{LogIndex{3}, 31, 0, 0});
    CHECK(claims.objection().property == "max_one_reconfiguration");
    CHECK(mentions(claims, "while entry 2"));
  }
  SUBCASE("after") {
    claims.state(n1, committed(2, 1));
    claims.state(n1, Reconfigured{LogIndex{3}, 31, 0, 0});
    CHECK(claims.accepted());
  }
  SUBCASE("a follower takes what it is sent") {
    claims.state(n1, SteppedDown{Term{1}});
    claims.state(n1, Reconfigured{LogIndex{3}, 31, 0, 0});
    CHECK(claims.accepted());
  }
}

TEST_CASE("mono log: terms never fall along a log") {
  Claims claims(make_mono_log(group));
  append_on(claims, {n1}, 1, {1, 3});
  claims.state(n1, truncated(1));
  claims.state(n1, appended(2, 2));  // in the place of the one of term 3
  REQUIRE(claims.accepted());
  claims.state(n1, appended(3, 1));
  CHECK(claims.objection().property == "mono_log");
  CHECK(mentions(claims, "entry 3 of term 1"));
}

TEST_CASE("candidate term not in log: whoever is elected has had no entry of its term before") {
  Claims claims(make_candidate_term_not_in_log(group));
  append_on(claims, {n2}, 1, {2});  // n1's own word may come late
  claims.state(n1, elected(2));
  append_on(claims, {n1}, 1, {2});
  claims.state(n3, elected(3));
  REQUIRE(claims.accepted());
  claims.state(n2, elected(2));
  CHECK(claims.objection().property == "candidate_term_not_in_log");
  CHECK(mentions(claims, "n2 was elected in term 2"));
}

TEST_CASE("quorum log: a committed entry is on the disks of a majority") {
  Claims claims(make_quorum_log(group));
  append_on(claims, {n1, n2, n3}, 1, {1});
  claims.state(n1, committed(1, 1));
  append_on(claims, {n1, n2}, 2, {1});
  append_on(claims, {n3}, 2, {2});
  REQUIRE(claims.accepted());
  SUBCASE("on a minority it is not") {
    claims.state(n1, committed(2, 1));
    CHECK(claims.objection().sentence ==
          "n1 stated entry 2 of term 1 to be committed at 0.008 s, but only n1 and n2 of 5 nodes "
          "have it on disk");
  }
  SUBCASE("those who removed it again do not count") {
    append_on(claims, {n4}, 1, {1, 1});
    claims.state(n2, truncated(1));
    claims.state(n1, committed(2, 1));
    CHECK(mentions(claims, "only n1 and n4 of 5 nodes have it on disk"));
  }
  SUBCASE("nor is it by the word of a node that does not have it") {
    claims.state(n4, committed(2, 1));
    CHECK(mentions(claims, "none of 5 nodes has it on disk"));
  }
  SUBCASE("that none has it does not make them agree") {
    claims.state(n1, committed(9, 1));
    CHECK(mentions(claims, "none of 5 nodes has it on disk"));
  }
  SUBCASE("late word of what was committed long ago is no news") {
    append_on(claims, {n4}, 1, {1, 1});
    claims.state(n1, committed(2, 1));
    claims.state(n5, committed(1, 1));
    CHECK(claims.accepted());
  }
}

// Found by a sweep of correct code with parallel_writes and set_voters: the leader's own disk does
// not have the change yet by which it counts, and a follower is the first to state what follows.
TEST_CASE("quorum log: a leader may count by a change that no follower has heard of") {
  const Reconfigured both = {LogIndex{1}, 0b011, 0, 0};
  Claims claims(make_quorum_log(Group{"server", {n1, n2, n3}}));
  append_on(claims, {n1, n2, n3}, 1, {1});
  for (const NodeId node : {n1, n2, n3}) claims.state(node, both);
  claims.state(n2, elected(1));
  append_on(claims, {n1, n3}, 2, {1});
  SUBCASE("n2 has added n3, so that n1 and n3 are a majority") {
    claims.state(n3, committed(2, 1));
    claims.state(n2, Reconfigured{LogIndex{3}, 0b111, 0, 0});
    append_on(claims, {n2}, 2, {1});
    claims.state(n2, committed(2, 1));
    CHECK(claims.accepted());
  }
  SUBCASE("its own word is judged by what it has said") {
    claims.state(n3, committed(2, 1));
    append_on(claims, {n2}, 2, {1});
    claims.state(n1, truncated(1));
    claims.state(n2, committed(2, 1));
    CHECK(mentions(claims, "only n2 and n3 of 3 nodes have it on disk"));
  }
  SUBCASE("a quorum of the followers' configuration must not do without the holders") {
    claims.state(n1, truncated(1));
    claims.state(n3, committed(2, 1));
    CHECK(mentions(claims, "only n3 of 3 nodes has it on disk"));
  }
}

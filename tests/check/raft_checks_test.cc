// The checkers of Raft: each objects to the planted clash, in full, and accepts what correct runs
// do, however odd it looks.
#include "sim/check/raft_checks.h"

#include <doctest/doctest.h>

#include "sim/check/committed_log.h"
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
TermStarted term_started(std::uint64_t term) { return {Term{term}}; }
VoteGranted vote(std::uint64_t term, NodeId candidate) { return {Term{term}, candidate}; }
Truncated truncated(std::uint64_t last_kept) { return {LogIndex{last_kept}}; }
Decided decided(std::uint64_t slot, std::uint64_t value) {
  return {Slot{slot}, ValueDigest{value}};
}

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

TEST_CASE("a log may lack as many entries as memory holds") {
  ShadowLog log;
  log.append({1}, {1});
  log.append({1'000'000}, {3});
  CHECK(log.term_at({2}) == Term{});
  CHECK(log.term_at({999'999}) == Term{});
  CHECK(log.term_at({1'000'000}) == Term{3});
}

TEST_CASE("election safety: at most one leader can be elected in a given term") {
  Claims claims(make_election_safety(group));
  const EventId first = claims.state(n1, elected(7));
  claims.state(n2, elected(8));
  claims.state(n3, elected(6));  // its disk is slow, and so is its word
  claims.state(n1, elected(7));  // the same claim again is no clash
  REQUIRE(claims.accepted());
  const EventId second = claims.state(n4, elected(7));
  CHECK(claims.objection().property == "election_safety");
  CHECK(claims.objection().sentence ==
        "two leaders in term 7: n1 (elected at 0.001 s) and n4 (elected at 0.005 s)");
  CHECK(claims.objection().witnesses == std::vector<EventId>{first, second});
}

TEST_CASE("leader append-only: a leader never overwrites or deletes entries in its log") {
  Claims claims(make_leader_append_only(group));
  append_on(claims, {n1}, 1, {1, 1});
  claims.state(n1, truncated(1));  // a follower may
  const EventId election = claims.state(n1, elected(3));
  claims.state(n1, appended(2, 3));
  REQUIRE(claims.accepted());
  SUBCASE("it deletes") {
    claims.state(n1, truncated(1));
    CHECK(claims.objection().sentence ==
          "n1, leader of term 3, removed what followed entry 1 of its own log at 0.006 s, when the "
          "log ended at 2");
    CHECK(claims.objection().witnesses.front() == election);
  }
  SUBCASE("it overwrites") {
    claims.state(n1, appended(2, 3));
    CHECK(mentions(claims, "overwrote entry 2"));
  }
  SUBCASE("once it has stepped down it is no leader") {
    claims.state(n1, SteppedDown{Term{3}});
    claims.state(n1, truncated(1));
    CHECK(claims.accepted());
  }
  SUBCASE("nor in a new term") {
    claims.state(n1, term_started(4));
    claims.state(n1, truncated(1));
    CHECK(claims.accepted());
  }
  SUBCASE("nor after a crash") {
    claims.crash(n1);
    claims.state(n1, truncated(1));
    CHECK(claims.accepted());
  }
  SUBCASE("others may, under it") {
    append_on(claims, {n2}, 1, {1, 1});
    claims.state(n2, truncated(1));
    CHECK(claims.accepted());
  }
}

TEST_CASE("log matching: equal index and term mean equal logs up to there") {
  Claims claims(make_log_matching(group));
  append_on(claims, {n1, n2}, 1, {1, 1, 2});
  append_on(claims, {n3}, 1, {1, 3});  // another entry at index 2: nothing is wrong with that
  claims.state(n3, truncated(1));
  append_on(claims, {n3}, 2, {1, 2});
  claims.crash(n3);  // changes nothing in what is durable
  append_on(claims, {n3}, 4, {2});
  REQUIRE(claims.accepted());
  SUBCASE("another value") {
    claims.state(n1, Appended{LogIndex{4}, Term{2}, ValueDigest{9}});
    CHECK(claims.objection().sentence ==
          "entry 4 of term 2 differs: n3 holds 204 after an entry of term 2, n1 holds 9 after an "
          "entry of term 2");
    CHECK(claims.objection().witnesses.size() == 2);
  }
  SUBCASE("another entry before it") {
    append_on(claims, {n4}, 1, {1, 3});
    REQUIRE(claims.accepted());
    claims.state(n4, appended(3, 2));
    CHECK(mentions(claims, "n4 holds 203 after an entry of term 3"));
  }
  SUBCASE("in the entries of a term that came second to this index") {
    append_on(claims, {n4}, 1, {1});
    claims.state(n4, Appended{LogIndex{2}, Term{3}, ValueDigest{9}});
    CHECK(mentions(claims, "entry 2 of term 3 differs"));
  }
  SUBCASE("a log has no gaps") {
    claims.state(n1, appended(5, 2));
    CHECK(claims.objection().sentence == "n1 appended entry 5 to a log that ends at entry 3");
  }
  SUBCASE("a copy goes on where the original was") {
    claims.fork();
    claims.state(n1, Appended{LogIndex{4}, Term{2}, ValueDigest{9}});
    CHECK_FALSE(claims.accepted());
  }
}

TEST_CASE(
    "leader completeness: a committed entry is in the logs of the leaders of all later "
    "terms") {
  Claims claims(make_leader_completeness(group));
  append_on(claims, {n1, n2, n3}, 1, {1, 1});
  append_on(claims, {n4}, 1, {1});
  const EventId commitment = claims.state(n1, committed(2, 1));
  SUBCASE("one that has them") {
    claims.state(n2, elected(2));
    CHECK(claims.accepted());
  }
  SUBCASE("one whose log is shorter") {
    const EventId election = claims.state(n4, elected(2));
    CHECK(claims.objection().sentence ==
          "n4, leader of term 2, lacks entry 2 of term 1, which was committed in term 1 (n1 at "
          "0.008 s): its log ends at entry 1");
    CHECK(claims.objection().witnesses == std::vector<EventId>{commitment, election});
  }
  SUBCASE("one whose log holds something else there") {
    append_on(claims, {n4}, 2, {2});
    claims.state(n4, elected(3));
    CHECK(mentions(claims, "n4, leader of term 3, lacks entry 2 of term 1"));
    CHECK(mentions(claims, "its log holds an entry of term 2 there"));
  }
  SUBCASE("a leader of an earlier term, whose word comes late, need not have them") {
    claims.state(n4, elected(1));
    CHECK(claims.accepted());
  }
  SUBCASE("a node that learns of the commitment in a later term does not shift it") {
    claims.state(n2, committed(2, 5));
    claims.state(n4, elected(2));
    CHECK_FALSE(claims.accepted());
  }
  SUBCASE("a commitment that is first heard of in a later term binds the leaders after that") {
    append_on(claims, {n1, n2, n3}, 3, {1});
    claims.state(n3, committed(3, 4));
    append_on(claims, {n4}, 2, {1});
    claims.state(n4, elected(3));
    CHECK(claims.accepted());
    claims.state(n4, elected(5));
    CHECK_FALSE(claims.accepted());
  }
}

TEST_CASE("leader completeness: a commitment that comes to light after the election counts too") {
  Claims claims(make_leader_completeness(group));
  append_on(claims, {n1, n2, n3}, 1, {1, 1});
  append_on(claims, {n4}, 1, {1});
  const EventId election = claims.state(n4, elected(2));
  claims.state(n4, appended(2, 2));
  REQUIRE(claims.accepted());
  SUBCASE("the leader lacks the entry and did so then") {
    const EventId commitment = claims.state(n1, committed(2, 1));
    CHECK(mentions(claims, "n4, leader of term 2, lacks entry 2 of term 1"));
    CHECK(mentions(claims, "its log holds an entry of term 2 there"));
    CHECK(claims.objection().witnesses == std::vector<EventId>{election, commitment});
  }
  SUBCASE("not after its log was cut: it may have had the entry") {
    claims.state(n4, truncated(0));
    claims.state(n1, committed(2, 1));
    CHECK(claims.accepted());
  }
  SUBCASE("its own commitments concern later leaders only") {
    claims.state(n4, committed(2, 2));
    CHECK(claims.accepted());
  }
}

TEST_CASE("state machine safety: no two nodes apply different entries at one index") {
  Claims claims(make_state_machine_safety(group));
  claims.state(n1, committed(2, 1));
  const EventId first = claims.state(n1, decided(1, 10));
  claims.state(n1, decided(2, 20));
  claims.state(n2, committed(1, 1));
  claims.state(n2, decided(1, 10));
  REQUIRE(claims.accepted());
  SUBCASE("another node differs") {
    claims.state(n3, committed(1, 1));
    const EventId second = claims.state(n3, decided(1, 11));
    CHECK(claims.objection().sentence ==
          "two entries are applied at index 1: n1 applied 10 at 0.002 s, n3 applied 11 at 0.007 s");
    CHECK(claims.objection().witnesses == std::vector<EventId>{first, second});
  }
  SUBCASE("an entry is left out") {
    claims.state(n1, committed(4, 1));
    claims.state(n1, decided(4, 40));
    CHECK(claims.objection().sentence ==
          "n1 applied entry 4 at 0.007 s, although the last entry it applied is 2");
  }
  SUBCASE("an entry is applied twice in a life") {
    claims.state(n1, decided(2, 20));
    CHECK(mentions(claims, "although the last entry it applied is 2"));
  }
  SUBCASE("an entry is applied before it is committed") {
    claims.state(n1, decided(3, 30));
    CHECK(mentions(claims, "although its commit index is 2"));
  }
  SUBCASE("after a crash a node begins anew, or where it was, not beyond") {
    claims.crash(n1);
    claims.state(n1, committed(3, 1));
    SUBCASE("anew") {
      claims.state(n1, decided(1, 10));
      claims.state(n1, decided(2, 20));
      CHECK(claims.accepted());
    }
    SUBCASE("where it was") {
      claims.state(n1, decided(3, 30));
      CHECK(claims.accepted());
    }
    SUBCASE("beyond") {
      claims.state(n1, committed(4, 1));
      claims.state(n1, decided(4, 40));
      CHECK(mentions(claims, "it has applied none in this life and none beyond 2 before"));
    }
  }
  SUBCASE("who states no commit index may learn of decisions in any order") {
    claims.state(n4, decided(9, 90));
    claims.state(n4, decided(5, 50));
    CHECK(claims.accepted());
  }
}

TEST_CASE("terms are monotonic, across all lives") {
  Claims claims(make_term_monotonic(group));
  claims.state(n1, term_started(3));
  claims.state(n1, Campaigned{Term{3}});
  claims.state(n1, vote(3, n1));
  claims.state(n2, term_started(1));  // another node is another matter
  claims.crash(n1);
  claims.state(n1, term_started(3));
  REQUIRE(claims.accepted());
  SUBCASE("a term falls") {
    claims.state(n1, term_started(2));
    CHECK(claims.objection().sentence ==
          "n1 was in term 3 at 0.001 s of its life 1, and is in term 2 at 0.006 s");
    CHECK(claims.objection().witnesses == std::vector<EventId>{EventId{1}, EventId{6}});
  }
  SUBCASE("a vote, an election or a commitment betrays it as well") {
    SUBCASE("vote") { claims.state(n1, vote(2, n2)); }
    SUBCASE("election") { claims.state(n1, elected(2)); }
    SUBCASE("commitment") { claims.state(n1, committed(1, 2)); }
    CHECK(mentions(claims, "and is in term 2"));
  }
}

TEST_CASE("commit indexes are monotonic within a life") {
  Claims claims(make_commit_monotonic(group));
  claims.state(n1, committed(3, 1));
  claims.state(n2, committed(2, 1));
  REQUIRE(claims.accepted());
  SUBCASE("one falls") {
    claims.state(n1, committed(2, 2));
    CHECK(claims.objection().sentence ==
          "the commit index of n1 fell from 3 (at 0.001 s) to 2 (at 0.003 s)");
  }
  SUBCASE("a new life learns it anew") {
    claims.crash(n1);
    claims.state(n1, committed(1, 2));
    CHECK(claims.accepted());
  }
}

TEST_CASE("a node votes for at most one candidate in a term, across all lives") {
  Claims claims(make_vote_once_per_term(group));
  const EventId first = claims.state(n1, vote(3, n2));
  claims.state(n1, vote(3, n2));
  claims.state(n4, vote(3, n5));
  REQUIRE(claims.accepted());
  SUBCASE("twice in one life") {
    const EventId second = claims.state(n1, vote(3, n3));
    CHECK(claims.objection().sentence ==
          "n1 voted twice in term 3: for n2 at 0.001 s and for n3 at 0.004 s");
    CHECK(claims.objection().witnesses == std::vector<EventId>{first, second});
  }
  SUBCASE("after a restart") {
    claims.crash(n1);
    claims.state(n1, vote(3, n3));
    CHECK(mentions(claims, "and, after a restart, for n3"));
  }
  SUBCASE("in a new term") {
    claims.state(n1, vote(4, n3));
    CHECK(claims.accepted());
  }
}

TEST_CASE(
    "no node removes an entry that is committed, once it has reached the term of the "
    "commitment") {
  Claims claims(make_committed_truncated(group));
  for (const NodeId node : group.nodes) claims.state(node, term_started(1));
  append_on(claims, {n1, n2}, 1, {1, 1});
  SUBCASE("what is not committed may go") {
    claims.state(n1, committed(1, 1));
    claims.state(n2, truncated(1));
    CHECK(claims.accepted());
  }
  SUBCASE("what is committed may not") {
    claims.state(n1, committed(2, 1));
    claims.state(n2, term_started(2));
    claims.state(n2, truncated(1));
    CHECK(claims.objection().sentence ==
          "n2 in term 2 removed entry 2 of term 1 at 0.012 s, which was committed in term 1 (n1 at "
          "0.010 s)");
    CHECK(claims.objection().witnesses.size() == 2);
  }
  SUBCASE("not even by writing something else in its place") {
    claims.state(n1, committed(2, 1));
    claims.state(n2, appended(2, 2));
    CHECK(mentions(claims, "removed entry 2 of term 1"));
  }
  SUBCASE("an entry at a committed index that is another entry may go") {
    claims.state(n1, committed(2, 1));
    append_on(claims, {n3}, 1, {1, 2});
    claims.state(n3, term_started(3));
    claims.state(n3, truncated(1));
    CHECK(claims.accepted());
  }
  SUBCASE("an entry that is only committed in a later term than the node's may go") {
    claims.state(n1, committed(1, 1));
    claims.state(n1, committed(2, 5));
    claims.state(n2, term_started(4));
    claims.state(n2, truncated(1));
    CHECK(claims.accepted());
  }
  SUBCASE("a node that is still in an earlier term may obey a leader of that time") {
    // n1 is leader of term 3 by the votes of n4 and n5 and commits entry 2 with them. n3, leader of
    // term 2, knows nothing of it and has n2 replace its copy.
    claims.state(n1, term_started(3));
    append_on(claims, {n1}, 3, {3});
    append_on(claims, {n4, n5}, 1, {1, 1, 3});
    claims.state(n1, committed(3, 3));
    claims.state(n2, term_started(2));
    claims.state(n2, truncated(1));
    CHECK(claims.accepted());
    // Had n2 been in term 3, it would have been wrong.
    claims.state(n4, term_started(3));
    claims.state(n4, truncated(1));
    CHECK(mentions(claims, "n4 in term 3 removed entry 2 of term 1"));
  }
}

TEST_CASE("committed log: what is committed, and by which term at the latest") {
  ShadowLog log;
  for (std::uint64_t i = 1; i <= 9; ++i) log.append(LogIndex{i}, Term{1});
  CommittedLog known;
  const auto learn = [&](std::uint64_t index, std::uint64_t term) {
    const Fact fact = committed(index, term);
    return known.learn({&fact, EventId{index}, {}, {}, n1, {}}, log);
  };
  const auto before = [&](std::uint64_t term) {
    const CommittedLog::Mark* mark = known.before(Term{term});
    return mark == nullptr ? 0 : mark->index.value;
  };
  CHECK(before(9) == 0);
  CHECK(learn(2, 3));
  CHECK(learn(4, 3));
  CHECK_FALSE(learn(1, 3));  // less than is known
  CHECK_FALSE(learn(4, 5));  // nor any news that a later term holds it as well
  CHECK(before(3) == 0);
  CHECK(before(4) == 4);
  CHECK(known.marks().size() == 1);
  CHECK(before(9) == 4);
  CHECK(learn(5, 6));
  CHECK(learn(6, 7));
  CHECK(before(7) == 5);
  // Entry 8 was committed in term 4, which makes the marks of terms 6 and 7 superfluous.
  CHECK(learn(8, 4));
  CHECK(before(4) == 4);
  CHECK(before(5) == 8);
  CHECK(before(8) == 8);
  CHECK(known.marks().size() == 2);
  CHECK_FALSE(learn(7, 2));  // an earlier term than was known
  CHECK(before(3) == 7);
  CHECK(before(4) == 7);
  CHECK(before(5) == 8);
  // Not more than the log of the node that says so.
  CHECK(learn(99, 8));
  CHECK(before(9) == 9);
  CHECK(known.log().last_index() == LogIndex{9});
}

TEST_CASE("shadow log: terms by index, through appends, cuts and copies") {
  ShadowLog log;
  CHECK(log.last_index() == LogIndex{0});
  CHECK(log.term_at(LogIndex{1}) == Term{0});
  const std::uint64_t terms[] = {1, 1, 2, 4, 4, 4};
  for (std::uint64_t i = 0; i < 6; ++i) log.append(LogIndex{i + 1}, Term{terms[i]});
  for (std::uint64_t i = 0; i < 6; ++i) CHECK(log.term_at(LogIndex{i + 1}) == Term{terms[i]});
  CHECK(log.term_at(LogIndex{7}) == Term{0});

  ShadowLog copy;
  for (std::uint64_t last = 1; last <= 9; ++last) {
    copy.extend(log, LogIndex{last});
    CHECK(copy.last_index() == LogIndex{std::min<std::uint64_t>(last, 6)});
    CHECK(copy.first_difference(log, copy.last_index()) == LogIndex{0});
  }
  CHECK(copy.first_difference(log, LogIndex{99}) == LogIndex{0});

  log.truncate(LogIndex{5});
  CHECK(log.last_index() == LogIndex{5});
  CHECK(copy.first_difference(log, LogIndex{5}) == LogIndex{0});
  CHECK(copy.first_difference(log, LogIndex{6}) == LogIndex{6});
  CHECK(log.first_difference(copy, LogIndex{6}) == LogIndex{6});
  log.append(LogIndex{3}, Term{5});  // in the place of all from there on
  CHECK(log.last_index() == LogIndex{3});
  CHECK(copy.first_difference(log, LogIndex{6}) == LogIndex{3});
  log.append(LogIndex{6}, Term{5});  // beyond the end: what is missing has no term
  CHECK(log.term_at(LogIndex{5}) == Term{0});
  log.truncate(LogIndex{0});
  CHECK(log.last_term() == Term{0});
  CHECK(log.first_difference(copy, LogIndex{2}) == LogIndex{1});
}

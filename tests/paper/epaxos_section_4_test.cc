// EPaxos on the bench: the central sentences of section 4 of Moraru, Andersen and Kaminsky, SOSP
// 2013, and what was published since about recovery (S20: Sutra 2020; RGS: Ryabinin, Gotsman and
// Sutra 2025).
#include <doctest/doctest.h>

#include "tests/algorithms/epaxos_bench.h"

namespace ballast::epaxos_bench {

// --- 4.2 and 4.3.1: what interferes --------------------------------------------------------------

TEST_CASE("epaxos, 4.3.1: the command leader sends PreAccept with deps and seq to the others") {
  EpaxosBench node(n2);
  node.ask(add(7, 1));
  const auto step = node.ask(add(7, 2));
  CHECK(step.messages<PreAccept>() == 4);
  CHECK(step.message<PreAccept>().instance == at(n2, 2));
  CHECK(step.message<PreAccept>().ballot == Ballot{});
  CHECK(step.message<PreAccept>().request == add(7, 2));
  // Its own first instance interferes with the second, and so comes before it.
  CHECK(step.message<PreAccept>().initial == after({0, 1, 0, 0, 0}, 2));
  CHECK(step.replies.empty());
}

TEST_CASE(
    "epaxos, 4.3.1: a replica updates deps and seq according to the contents of its own commands, "
    "records the command and replies") {
  EpaxosBench node(n1);
  node.receive(n3, pre_accept(at(n3, 1), add(7, 1)));
  const auto step = node.receive(n2, pre_accept(at(n2, 1), add(7, 2)));
  CHECK(step.message_to<PreAcceptOk>(n2)->attributes == after({0, 0, 1, 0, 0}, 2));
  CHECK(step.record<Known>().instance == at(n2, 1));
  CHECK(step.record<Known>().entry.attributes == after({0, 0, 1, 0, 0}, 2));
  // Asked again, it says the same, though it knows more by now.
  node.receive(n4, pre_accept(at(n4, 1), add(7, 3)));
  const auto again = node.receive(n2, pre_accept(at(n2, 1), add(7, 2)));
  CHECK(again.message_to<PreAcceptOk>(n2)->attributes == after({0, 0, 1, 0, 0}, 2));
}

TEST_CASE("epaxos, 4.2: commands interfere on one key or in one session, unless both are reads") {
  EpaxosBench node(n1);
  node.receive(n3, pre_accept(at(n3, 1), read(7, 1)));
  const auto asked = [&](std::uint64_t number, const Request& request) {
    return node.receive(n2, pre_accept(at(n2, number), request))
        .message_to<PreAcceptOk>(n2)
        ->attributes.deps;
  };
  CHECK(asked(1, read(7, 2)) == Deps{0, 0, 0, 0, 0});
  CHECK(asked(2, add(8, 3)) == Deps{0, 0, 0, 0, 0});
  CHECK(asked(3, add(7, 4)) == Deps{0, 0, 1, 0, 0});
  // The table of sessions is part of what is replicated: the next request of session 1.
  Request next = add(9, 1);
  next.id.sequence = 2;
  CHECK(asked(4, next) == Deps{0, 0, 1, 0, 0});
}

// --- 4.3.1: the fast path and the slow path ------------------------------------------------------

TEST_CASE(
    "epaxos, 4.3: the fast path takes F + floor((F + 1) / 2) replicas, the command leader "
    "included; without the optimised recovery it takes 2F") {
  const auto fast = [](FastQuorum kind, std::size_t n) { return n - missing_from(kind, n); };
  CHECK(fast(FastQuorum::optimized, 3) == 2);
  CHECK(fast(FastQuorum::optimized, 5) == 3);
  CHECK(fast(FastQuorum::optimized, 7) == 5);
  CHECK(fast(FastQuorum::optimized, 9) == 6);
  CHECK(fast(FastQuorum::simple, 3) == 2);
  CHECK(fast(FastQuorum::simple, 5) == 4);
  CHECK(fast(FastQuorum::simple, 7) == 6);
  CHECK(fast(FastQuorum::optimized, 1) == 1);
  CHECK(fast(FastQuorum::optimized, 2) == 2);
}

TEST_CASE(
    "epaxos, 4.3.1: with enough replies that are all the same the command leader commits, notifies "
    "the client and sends Commit to all the others") {
  EpaxosBench node(n1);
  node.ask(add(7, 1, 5));
  CHECK(node.receive(n2, PreAcceptOk{at(n1, 1), {}, nothing()}).silent());
  CHECK(node.receive(n2, PreAcceptOk{at(n1, 1), {}, nothing()}).silent());  // the same replica
  const auto step = node.receive(n5, PreAcceptOk{at(n1, 1), {}, nothing()});
  CHECK(step.fact<InstanceCommitted>().ballot == Ballot{});
  CHECK(step.messages<epaxos::Commit>() == 4);
  CHECK(step.record<Known>().entry.status == epaxos::Status::committed);
  REQUIRE(step.replies.size() == 1);
  CHECK(step.replies[0].response.value == 5);
}

TEST_CASE(
    "epaxos, 4.3.1: else it updates deps with the union of all replies and seq with the highest, "
    "and tells at least a majority to accept them") {
  EpaxosBench node(n1);
  node.ask(add(7, 1));
  CHECK(node.receive(n2, PreAcceptOk{at(n1, 1), {}, after({0, 3, 0, 0, 0}, 4)}).silent());
  const auto step = node.receive(n3, PreAcceptOk{at(n1, 1), {}, after({0, 1, 2, 0, 0}, 3)});
  CHECK(step.messages<Accept>() == 4);
  CHECK(step.message<Accept>().attributes == after({0, 3, 2, 0, 0}, 4));
  CHECK(step.record<Known>().entry.status == epaxos::Status::accepted);
  CHECK(node.receive(n2, AcceptOk{at(n1, 1), {}}).silent());
  CHECK(node.receive(n2, AcceptOk{at(n1, 1), {}}).silent());
  const auto done = node.receive(n4, AcceptOk{at(n1, 1), {}});
  CHECK(done.message<epaxos::Commit>().attributes == after({0, 3, 2, 0, 0}, 4));
}

TEST_CASE("epaxos, 4.3.1: who waits in vain for a fast quorum goes on with a majority") {
  Config simple = of_counters();
  simple.fast_quorum = FastQuorum::simple;
  EpaxosBench node(n1, simple);
  node.ask(add(7, 1));
  node.receive(n2, PreAcceptOk{at(n1, 1), {}, nothing()});
  CHECK(node.receive(n3, PreAcceptOk{at(n1, 1), {}, nothing()}).silent());
  // Who has not answered is asked again.
  const auto waits = node.fire(Timer::resend);
  CHECK(waits.messages<PreAccept>() == 2);
  CHECK(waits.messages<Accept>() == 0);
  CHECK(node.fire(Timer::resend).messages<Accept>() == 4);
}

TEST_CASE("epaxos, 4.3.1: a replica accepts with the attributes that it is told, and says so") {
  EpaxosBench node(n1);
  const auto step =
      node.receive(n2, Accept{at(n2, 1), {}, add(7, 1), after({0, 0, 4, 0, 0}, 5), nothing()});
  CHECK(step.message_to<AcceptOk>(n2) != nullptr);
  CHECK(step.record<Known>().entry.attributes == after({0, 0, 4, 0, 0}, 5));
  // Interfering commands that come later are ordered after it.
  const auto later = node.receive(n3, pre_accept(at(n3, 1), add(7, 2)));
  CHECK(later.message_to<PreAcceptOk>(n3)->attributes == after({0, 1, 0, 0, 0}, 6));
}

// --- 4.3.2: execution ----------------------------------------------------------------------------

TEST_CASE("epaxos, 4.3.2: a command is executed after those that it depends on are committed") {
  EpaxosBench node(n1);
  CHECK(node.receive(n2, commit(at(n2, 1), add(7, 1), after({0, 0, 1, 0, 0}, 2)))
            .stated<InstanceExecuted>() == 0);
  const auto step = node.receive(n3, commit(at(n3, 1), add(7, 2)));
  REQUIRE(step.stated<InstanceExecuted>() == 2);
  CHECK(step.fact<InstanceExecuted>(0).instance == at(n3, 1));
  CHECK(step.fact<InstanceExecuted>(1).instance == at(n2, 1));
}

TEST_CASE(
    "epaxos, 4.3.2: commands of a strongly connected component are executed in increasing sequence "
    "number order") {
  EpaxosBench node(n1);
  node.receive(n2, commit(at(n2, 1), add(7, 1), after({0, 0, 1, 0, 0}, 9)));
  node.receive(n3, commit(at(n3, 1), add(7, 2), after({0, 0, 0, 1, 0}, 3)));
  const auto step = node.receive(n4, commit(at(n4, 1), add(7, 3), after({0, 1, 0, 0, 0}, 6)));
  REQUIRE(step.stated<InstanceExecuted>() == 3);
  CHECK(step.fact<InstanceExecuted>(0).instance == at(n3, 1));
  CHECK(step.fact<InstanceExecuted>(1).instance == at(n4, 1));
  CHECK(step.fact<InstanceExecuted>(2).instance == at(n2, 1));
}

TEST_CASE("epaxos, 4.3.2: a long chain is executed from its end, without recursion") {
  EpaxosBench node(n1);
  constexpr std::uint64_t length = 2000;
  for (std::uint64_t i = length; i >= 1; --i) {
    const auto step = node.receive(n2, commit(at(n2, i), add(7, static_cast<std::uint32_t>(i)),
                                              after({0, i - 1, 0, 0, 0}, i)));
    CHECK(step.stated<InstanceExecuted>() == (i == 1 ? length : 0));
  }
}

// --- 4.7: recovery -------------------------------------------------------------------------------

TEST_CASE(
    "epaxos, 4.7: who recovers an instance takes a ballot above all that it knows of there, and "
    "sends Prepare to all") {
  EpaxosBench node(n1);
  node.receive(n2, pre_accept(at(n2, 1), add(7, 1)));
  node.receive(n3, Prepare{at(n2, 1), ballot(4, n3)});
  // Who was told of a recovery waits the longer, the more of them there were.
  const int looks = (1 << 4) + 4;
  for (int i = 0; i <= looks; ++i) CHECK(node.fire(Timer::recovery).messages<Prepare>() == 0);
  const auto step = node.fire(Timer::recovery);
  CHECK(step.messages<Prepare>() == 4);
  CHECK(step.message<Prepare>().ballot == ballot(5, n1));
  CHECK(step.fact<BallotJoined>().ballot == ballot(5, n1));
  CHECK(step.record<Known>().entry.ballot == ballot(5, n1));
  // A crash before the record takes the fact with it.
  CHECK(step.facts_before.at(0) == 0);
}

TEST_CASE(
    "epaxos, 4.7: a replica replies to Prepare if its ballot is higher than all that it has "
    "accepted or joined, with what it knows") {
  EpaxosBench node(n1);
  node.receive(n2, pre_accept(at(n2, 1), add(7, 1)));
  const auto step = node.receive(n3, Prepare{at(n2, 1), ballot(2, n3)});
  CHECK(step.message_to<PrepareOk>(n3)->entry.is_as_proposed());
  CHECK(step.record<Known>().entry.ballot == ballot(2, n3));
  CHECK(node.receive(n4, Prepare{at(n2, 1), ballot(1, n4)}).messages<Nack>() == 1);
  // It takes part in no lower ballot any more.
  CHECK(node.receive(n2, Accept{at(n2, 1), {}, add(7, 1), nothing(), nothing()}).messages<Nack>() ==
        1);
  CHECK(node.receive(n2, pre_accept(at(n2, 1), add(7, 1))).messages<Nack>() == 1);
}

TEST_CASE("epaxos, 4.7: whoever has committed the instance says so, and it is learnt") {
  EpaxosBench node(n1);
  node.receive(n2, commit(at(n2, 1), add(7, 1)));
  const auto step = node.receive(n3, Prepare{at(n2, 1), ballot(1, n3)});
  CHECK(step.message_to<epaxos::Commit>(n3)->request == add(7, 1));
  CHECK(step.persist.empty());
}

TEST_CASE(
    "epaxos, 4.7, and S20: of what was accepted, that of the highest vote is taken, however "
    "high a ballot its replica has joined since") {
  EpaxosBench node(n1);
  node.receive(n2, pre_accept(at(n2, 1), add(7, 1)));
  node.recover();
  Entry older = accepted(ballot(1, n4), add(7, 1), after({0, 0, 0, 4, 0}, 2));
  older.ballot = ballot(9, n5);
  node.receive(n4, PrepareOk{at(n2, 1), ballot(1, n1), older});
  const Entry newer = accepted(ballot(3, n3), add(7, 1), after({0, 0, 3, 0, 0}, 2));
  const auto step = node.receive(n3, PrepareOk{at(n2, 1), ballot(1, n1), newer});
  CHECK(step.message<Accept>().ballot == ballot(1, n1));
  CHECK(step.message<Accept>().attributes == after({0, 0, 3, 0, 0}, 2));
}

TEST_CASE(
    "epaxos, 4.7, and S20: a replica tells the ballot of its vote, not that which it joined") {
  EpaxosBench node(n1);
  node.receive(n2, Accept{at(n2, 1), {}, add(7, 1), nothing(), nothing()});
  node.receive(n4, Prepare{at(n2, 1), ballot(3, n4)});
  node.crash_and_recover();
  const auto step = node.receive(n5, Prepare{at(n2, 1), ballot(4, n5)});
  CHECK(step.message_to<PrepareOk>(n5)->entry.voted == Ballot{});
  CHECK(step.message_to<PrepareOk>(n5)->entry.ballot == ballot(3, n4));
  // And it has not forgotten the one that it joined.
  node.crash_and_recover();
  CHECK(node.receive(n3, Prepare{at(n2, 1), ballot(2, n3)}).messages<Nack>() == 1);
}

TEST_CASE(
    "epaxos, 4.7: if a majority, the command leader included, have pre-accepted the same as it was "
    "proposed, that is accepted") {
  EpaxosBench node(n1);
  node.receive(n2, pre_accept(at(n2, 1), add(7, 1)));
  node.recover();
  node.receive(n3, PrepareOk{at(n2, 1), ballot(1, n1), Entry{}});
  const auto step = node.receive(n4, PrepareOk{at(n2, 1), ballot(1, n1), pre_accepted(add(7, 1))});
  CHECK(step.message<Accept>().request == add(7, 1));
  CHECK(step.message<Accept>().attributes == nothing());
}

TEST_CASE(
    "epaxos, 4.7: if the command was pre-accepted in any other way, phase 1 is run again, and "
    "the fast path is not taken") {
  EpaxosBench node(n1);
  node.receive(n5, pre_accept(at(n5, 1), add(7, 2)));
  node.receive(n2, pre_accept(at(n2, 1), add(7, 1)));
  node.recover();
  node.receive(n3, PrepareOk{at(n2, 1), ballot(1, n1), Entry{}});
  const Entry more = pre_accepted_with_more(add(7, 1), after({0, 0, 0, 2, 0}, 2));
  const auto step = node.receive(n4, PrepareOk{at(n2, 1), ballot(1, n1), more});
  CHECK(step.messages<PreAccept>() == 4);
  CHECK(step.message<PreAccept>().ballot == ballot(1, n1));
  const Attributes own = after({0, 0, 0, 0, 1}, 3);
  node.receive(n3, PreAcceptOk{at(n2, 1), ballot(1, n1), own});
  const auto answered = node.receive(n4, PreAcceptOk{at(n2, 1), ballot(1, n1), own});
  CHECK(answered.messages<epaxos::Commit>() == 0);
  CHECK(answered.messages<Accept>() == 4);
}

TEST_CASE(
    "epaxos, 4.7: if the command leader answers that it has not committed, it will not: phase "
    "1 is run again") {
  EpaxosBench node(n1);
  node.receive(n2, pre_accept(at(n2, 1), add(7, 1)));
  node.recover();
  node.receive(n3, PrepareOk{at(n2, 1), ballot(1, n1), pre_accepted(add(7, 1))});
  const auto step = node.receive(n2, PrepareOk{at(n2, 1), ballot(1, n1), pre_accepted(add(7, 1))});
  CHECK(step.messages<PreAccept>() == 4);
  // The command leader, for its part, commits nothing in ballot 0 once it has answered.
  EpaxosBench leader(n2);
  leader.ask(add(7, 1));
  leader.receive(n3, PreAcceptOk{at(n2, 1), {}, nothing()});
  leader.receive(n1, Prepare{at(n2, 1), ballot(1, n1)});
  CHECK(leader.receive(n4, PreAcceptOk{at(n2, 1), {}, nothing()}).silent());
}

TEST_CASE("epaxos, 4.7: if nobody has seen the command, a no-op is accepted") {
  EpaxosBench node(n1);
  node.receive(n3, commit(at(n3, 1), add(7, 2), after({0, 1, 0, 0, 0}, 2)));
  CHECK(node.state().executed == 0);
  node.recover();  // n2.1, of which only its dependant tells
  node.receive(n4, PrepareOk{at(n2, 1), ballot(1, n1), Entry{}});
  const auto step = node.receive(n5, PrepareOk{at(n2, 1), ballot(1, n1), Entry{}});
  CHECK_FALSE(step.message<Accept>().request.has_value());
  node.receive(n4, AcceptOk{at(n2, 1), ballot(1, n1)});
  const auto done = node.receive(n5, AcceptOk{at(n2, 1), ballot(1, n1)});
  CHECK(done.fact<InstanceCommitted>().value == ValueDigest{});
  CHECK(done.fact<InstanceExecuted>().instance == at(n3, 1));
}

TEST_CASE("epaxos, 4.7: a command whose instance was filled with a no-op is put into another") {
  EpaxosBench node(n1);
  node.ask(add(7, 1));
  const auto step = node.receive(n2, commit(at(n1, 1), std::nullopt, after({0, 0, 0, 0, 0}, 0)));
  CHECK(step.message<PreAccept>().instance == at(n1, 2));
  CHECK(step.message<PreAccept>().request == add(7, 1));
  node.receive(n2, PreAcceptOk{at(n1, 2), {}, step.message<PreAccept>().initial});
  const auto done = node.receive(n3, PreAcceptOk{at(n1, 2), {}, step.message<PreAccept>().initial});
  CHECK(done.replies.size() == 1);
}

// --- Was the fast path taken? (RGS) --------------------------------------------------------------

namespace {

// n1 recovers n2.1 with n3 and n4, which know nothing of it, so that only n1 itself may have been
// one of a fast quorum, with n5, and n2. It knows n5.1, too, or not.
EpaxosBench in_doubt() {
  EpaxosBench node(n1);
  node.receive(n2, pre_accept(at(n2, 1), add(7, 1)));
  node.recover();
  node.receive(n3, PrepareOk{at(n2, 1), ballot(1, n1), Entry{}});
  return node;
}
const PrepareOk knows_nothing{at(n2, 1), ballot(1, n1), Entry{}};
ValidateOk finds(std::vector<Conflict> conflicts) {
  return {at(n2, 1), ballot(1, n1), std::move(conflicts)};
}

}  // namespace

TEST_CASE(
    "epaxos, RGS: what may have been committed fast is validated by those who answered, and "
    "accepted if nothing interferes") {
  EpaxosBench node = in_doubt();
  const auto step = node.receive(n4, knows_nothing);
  CHECK(step.messages<Validate>() == 2);
  CHECK(step.message_to<Validate>(n3)->support == 1);
  CHECK(step.message_to<Validate>(n3)->initial == nothing());
  CHECK(node.receive(n3, finds({})).silent());
  const auto done = node.receive(n4, finds({}));
  CHECK(done.message<Accept>().request == add(7, 1));
  CHECK(done.message<Accept>().attributes == nothing());
}

TEST_CASE("epaxos, RGS: if what interferes is committed, the fast path was not taken") {
  EpaxosBench node = in_doubt();
  node.receive(n4, knows_nothing);
  node.receive(n3, finds({{at(n3, 1), true, 0}}));
  CHECK(node.receive(n4, finds({})).messages<PreAccept>() == 4);
}

TEST_CASE("epaxos, RGS: nor was it if what interferes is of a replica that must have taken part") {
  EpaxosBench node = in_doubt();
  node.receive(n4, knows_nothing);
  node.receive(n3, finds({{at(n5, 1), false, 0}}));
  CHECK(node.receive(n4, finds({})).messages<PreAccept>() == 4);
}

TEST_CASE("epaxos, RGS: else it is asked again until the other command has come to its end") {
  EpaxosBench node = in_doubt();
  node.receive(n4, knows_nothing);
  node.receive(n3, finds({{at(n3, 1), false, 0}}));
  CHECK(node.receive(n4, finds({})).send.empty());
  CHECK(node.fire(Timer::resend).messages<Validate>() == 2);
  // What has come since knows this command, and does not matter.
  const auto done = node.receive(n3, finds({{at(n3, 2), false, 0}}));
  CHECK(done.messages<Accept>() == 4);
}

TEST_CASE("epaxos, RGS: the command leader's answer, should it come late, ends the doubt") {
  EpaxosBench node = in_doubt();
  node.receive(n4, knows_nothing);
  const auto step = node.receive(n2, PrepareOk{at(n2, 1), ballot(1, n1), pre_accepted(add(7, 1))});
  CHECK(step.messages<PreAccept>() == 4);
}

TEST_CASE(
    "epaxos, RGS: whoever validates a command knows it from then on, and tells what interferes and "
    "neither depends on it nor is a dependency of it") {
  EpaxosBench node(n1);
  node.receive(n3, pre_accept(at(n3, 1), add(7, 2)));
  node.receive(n4, pre_accept(at(n4, 1), add(7, 3), after({0, 1, 0, 0, 0}, 2)));
  node.receive(n5, commit(at(n5, 1), add(7, 4)));
  node.receive(n4, pre_accept(at(n4, 2), add(8, 5)));
  node.receive(n3, commit(at(n3, 2), std::nullopt));
  node.receive(n5, Prepare{at(n2, 1), ballot(1, n5)});
  const auto step = node.receive(n5, Validate{at(n2, 1), ballot(1, n5), add(7, 1), nothing(), 1});
  CHECK(step.message_to<ValidateOk>(n5)->conflicts ==
        std::vector<Conflict>{{at(n3, 1), false, 0}, {at(n5, 1), true, 0}});
  CHECK(step.record<Known>().entry.request == add(7, 1));
  const auto later = node.receive(n3, pre_accept(at(n3, 3), add(7, 6)));
  CHECK(later.message_to<PreAcceptOk>(n3)->attributes.deps[1] == 1);
}

// Found by a sweep of correct code: n2 had heard of n4's second command by Accept only, and told
// that it had missed the first one of n2, which had been committed fast.
TEST_CASE("epaxos, RGS: whoever has only accepted a command knows what it began with, too") {
  for (const Bug bug : {Bug::none, Bug::initial_not_told}) {
    EpaxosBench node(n1, of_counters(bug));
    node.receive(
        n4, Accept{at(n4, 1), {}, add(7, 3), after({0, 1, 1, 0, 0}, 3), after({0, 1, 0, 0, 0}, 2)});
    node.receive(n5, Prepare{at(n2, 1), ballot(1, n5)});
    const auto step = node.receive(n5, Validate{at(n2, 1), ballot(1, n5), add(7, 1), nothing(), 1});
    CHECK(step.message_to<ValidateOk>(n5)->conflicts.empty() == (bug == Bug::none));
  }
}

// --- Durability and retries ----------------------------------------------------------------------

TEST_CASE("epaxos, 4.1: what a replica has said outlives a crash") {
  EpaxosBench node(n1);
  node.ask(add(7, 1));
  node.receive(n2, pre_accept(at(n2, 1), add(7, 2)));
  node.receive(n3, Accept{at(n3, 1), {}, add(7, 3), after({0, 1, 0, 0, 0}, 2), nothing()});
  node.receive(n4, commit(at(n4, 1), add(8, 4)));
  const auto step = node.crash_and_recover();
  CHECK(step.fact<InstanceExecuted>().instance == at(n4, 1));
  CHECK(node.state().known == 4);
  CHECK(node.state().committed == 1);
  // It fills no instance twice.
  CHECK(node.ask(add(9, 5)).message<PreAccept>().instance == at(n1, 2));
  // What it had pre-accepted interferes as before.
  const auto later = node.receive(n5, pre_accept(at(n5, 1), add(7, 6)));
  CHECK(later.message_to<PreAcceptOk>(n5)->attributes == after({1, 1, 1, 0, 0}, 3));
}

TEST_CASE("epaxos: a message that comes again is answered again, and not written again") {
  EpaxosBench node(n1);
  const Accept accept{at(n2, 1), {}, add(7, 1), nothing(), nothing()};
  CHECK(node.receive(n2, accept).records<Known>() == 1);
  const auto again = node.receive(n2, accept);
  CHECK(again.messages<AcceptOk>() == 1);
  CHECK(again.records<Known>() == 0);
  const PreAccept recovery{at(n3, 1), ballot(1, n4), add(7, 2), nothing()};
  const auto first = node.receive(n4, recovery);
  CHECK(first.records<Known>() == 1);
  const auto second = node.receive(n4, recovery);
  CHECK(second.message<PreAcceptOk>() == first.message<PreAcceptOk>());
  CHECK(second.records<Known>() == 0);
}

TEST_CASE("epaxos: a request that another replica was asked before is left to that one") {
  EpaxosBench node(n1);
  node.receive(n2, pre_accept(at(n2, 1), add(7, 1, 5)));
  CHECK(node.ask(add(7, 1, 5)).messages<PreAccept>() == 0);
  SUBCASE("and answered when it is executed") {
    const auto step = node.receive(n2, commit(at(n2, 1), add(7, 1, 5)));
    CHECK(step.replies.at(0).response.value == 5);
  }
  SUBCASE("unless it is recovered without its command") {
    const auto step = node.receive(n3, commit(at(n2, 1), std::nullopt));
    CHECK(step.message<PreAccept>().request == add(7, 1, 5));
  }
}

TEST_CASE(
    "epaxos, 4.7: whoever is refused gives up, and takes a ballot above the one it is told of") {
  EpaxosBench node(n1);
  node.ask(add(7, 1));
  node.receive(n2, Nack{at(n1, 1), ballot(2, n3)});
  CHECK(node.state().leading == 0);
  CHECK(node.receive(n2, PreAcceptOk{at(n1, 1), {}, nothing()}).silent());
  CHECK(node.receive(n4, PreAcceptOk{at(n1, 1), {}, nothing()}).silent());
  // Not at once, for others are at it.
  for (int look = 0; look <= 4; ++look) CHECK(node.fire(Timer::recovery).messages<Prepare>() == 0);
  CHECK(node.fire(Timer::recovery).message<Prepare>().ballot == ballot(3, n1));
  // Whatever it leads it goes on with.
  for (int look = 0; look < 50; ++look) CHECK(node.fire(Timer::recovery).messages<Prepare>() == 0);
}

TEST_CASE("epaxos: an instance of a replica that is heard of is left to it for longer") {
  for (const bool is_heard : {false, true}) {
    EpaxosBench node(n1);
    node.receive(n2, pre_accept(at(n2, 1), add(7, 1)));
    node.fire(Timer::recovery);
    int looks = 1;
    for (bool recovers = false; !recovers && looks < 100; ++looks) {
      if (is_heard) node.receive(n2, pre_accept(at(n2, 1), add(7, 1)));
      recovers = node.fire(Timer::recovery).messages<Prepare>() > 0;
    }
    CHECK(looks == (is_heard ? 10 : 2));
  }
}

TEST_CASE("epaxos: a request that comes again is not executed again, wherever it comes") {
  EpaxosBench node(n1);
  CHECK(node.ask(add(7, 1, 5)).messages<PreAccept>() == 4);
  CHECK(node.ask(add(7, 1, 5)).silent());
  node.receive(n2, commit(at(n2, 1), add(7, 1, 5)));  // asked there, too
  CHECK(node.ask(add(7, 1, 5)).replies.at(0).response.value == 5);
  node.receive(n2, PreAcceptOk{at(n1, 1), {}, nothing()});
  const auto step = node.receive(n3, PreAcceptOk{at(n1, 1), {}, nothing()});
  CHECK(step.stated<InstanceExecuted>() == 1);
  CHECK(node.ask(read(7, 2)).messages<PreAccept>() == 4);
  node.receive(n2, PreAcceptOk{at(n1, 2), {}, after({1, 1, 0, 0, 0}, 2)});
  const auto read = node.receive(n3, PreAcceptOk{at(n1, 2), {}, after({1, 1, 0, 0, 0}, 2)});
  CHECK(read.replies.at(0).response.value == 5);
}

}  // namespace ballast::epaxos_bench

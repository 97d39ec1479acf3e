#include "sim/history/consistency.h"

#include "sim/base/assert.h"
#include "sim/base/describe.h"

namespace ballast::history {
namespace {

constexpr std::string_view terry =
    "Terry, Demers, Petersen, Spreitzer, Theimer and Welch, Session guarantees for weakly "
    "consistent replicated data, 1994; Viotti and Vukolic, Consistency in non-transactional "
    "distributed storage systems, 2016";

constexpr std::array<ConsistencyInfo, 10> infos{{
    {"linearizable", "Each operation takes effect at one instant between its call and its return.",
     "There is one order of the operations on each object that is legal for it and agrees with "
     "real "
     "time: what had returned before another was called comes first.",
     "Herlihy and Wing, Linearizability: a correctness condition for concurrent objects, 1990"},
    {"sequential", "All operations have one legal order that keeps the order of each session.",
     "There is one order of the operations on all objects together that is legal for each object "
     "and in which the operations of each process stand as it called them. Real time does not "
     "count.",
     "Lamport, How to make a multiprocessor computer that correctly executes multiprocess "
     "programs, "
     "1979"},
    {"causal", "What could have led to a write is visible wherever the write is.",
     "Causally before an operation is what its process did before, what wrote the values that it "
     "saw, and what is causally before these. There is one order of all writes that agrees with "
     "that, and each read returns the last write to its object among those that are causally "
     "before it, and perhaps more. Real time does not count, but for that a read sees no write "
     "that "
     "had not begun when it returned. Where values tell writes apart.",
     "Ahamad, Neiger, Burns, Kohli and Hutto, Causal memory, 1995; as causal convergence in "
     "Bouajjani, Enea, Guerraoui and Hamza, On verifying causal consistency, 2017"},
    {"session", "The four session guarantees at once, with one order of all writes.",
     "monotonic-reads, monotonic-writes, read-your-writes and writes-follow-reads, for one and the "
     "same order of all writes. Writes count in the order of time unless --write-order any.",
     terry},
    {"monotonic-reads", "A session never reads an older value after a newer one.",
     "There is an order of the writes to each object such that the writes that the reads of each "
     "process saw never go back in it. Writes count in the order of time, those that overlapped in "
     "any order, unless --write-order any. Where values tell writes apart.",
     terry},
    {"monotonic-writes", "The writes of a session take effect in the order in which it made them.",
     "There is one order of all writes that agrees with the order in which each process wrote, and "
     "in which the reads of no process go back: a read of a register shows one write, so that two "
     "in the wrong order show only to a session with monotonic reads. Where values tell writes "
     "apart.",
     terry},
    {"read-your-writes", "A session sees its own writes, or what came after them.",
     "There is an order of the writes to each object such that each read saw a write that does not "
     "come before one that its process had made. Writes count in the order of time unless "
     "--write-order any. Where values tell writes apart.",
     terry},
    {"writes-follow-reads", "A write comes after the writes that its session had seen.",
     "There is one order of all writes in which each comes after those that its process had seen "
     "before, and in which the reads of no process go back. Where values tell writes apart.",
     terry},
    {"bounded-staleness", "A read is at most so many versions, or so much time, behind.",
     "bounded-staleness=K: there is an order of the operations that agrees with real time and in "
     "which each read returns one of the last K values (K = 1 is linearizable). "
     "bounded-staleness=TIME: each read returns a value that was current at some instant between "
     "TIME before its call and its return.",
     "Aiyer, Alvisi and Bazzi, On the availability of non-strict quorum systems, 2005; Golab, Li "
     "and Shah, Analyzing consistency properties for fun and profit, 2011"},
    {"mutual-exclusion", "Two clients never hold a lock at once, and fencing tokens rise.",
     "A client holds a lock from the return of its acquire to the call of its release; no two such "
     "intervals overlap. The value of an acquire, if it has one, is its fencing token: a token "
     "that "
     "was given out before another was asked for is less than that one, and no two are equal, but "
     "that its holder may be given it again. Of a client that never released, because it crashed "
     "or "
     "its session had expired, nothing is said but that it got the lock. Judges locks.",
     "Dijkstra, Solution of a problem in concurrent programming control, 1965; Burrows, The Chubby "
     "lock service (sequencers), 2006"},
}};

}  // namespace

ConsistencyInfo consistency_info(Consistency model) {
  return infos[static_cast<std::size_t>(model)];
}

bool judges(Consistency consistency, Model model) {
  const bool replaces = model == Model::reg || model == Model::cas_register || model == Model::kv;
  switch (consistency) {
    case Consistency::linearizable:
    case Consistency::sequential:
      return true;
    case Consistency::causal:
    case Consistency::session:
    case Consistency::monotonic_reads:
    case Consistency::monotonic_writes:
    case Consistency::read_your_writes:
    case Consistency::writes_follow_reads:
    case Consistency::bounded_staleness:
      return replaces;
    case Consistency::mutual_exclusion:
      return model == Model::lock || model == Model::fenced_lock;
  }
  return false;
}

std::string in_words(const WantedConsistency& wanted) {
  std::string text(name_of(wanted.model));
  if (wanted.model != Consistency::bounded_staleness) return text;
  return text + "=" + (wanted.versions > 0 ? std::to_string(wanted.versions) : to_text(wanted.age));
}

ConsistencyVerdict judge_consistency(const History& history, Model model,
                                     const WantedConsistency& wanted, const SearchLimits& limits) {
  switch (wanted.model) {
    case Consistency::linearizable:
      break;
    case Consistency::sequential:
      return judge_sequential(history, model, limits);
    case Consistency::causal:
      return judge_causal(history, limits.bytes);
    case Consistency::session:
    case Consistency::monotonic_reads:
    case Consistency::monotonic_writes:
    case Consistency::read_your_writes:
    case Consistency::writes_follow_reads:
      return judge_sessions(history, wanted);
    case Consistency::bounded_staleness:
      return judge_staleness(history, model, wanted, limits);
    case Consistency::mutual_exclusion:
      return judge_exclusion(history);
  }
  SIM_ASSERT(false, "linearizability has a class of its own");
  return {};
}

}  // namespace ballast::history

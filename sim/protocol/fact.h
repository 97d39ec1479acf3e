// Facts: what a node claims in public, heard by checkers, traces and metrics. They are shared by
// all algorithms, so that one agreement checker serves Paxos, Raft and whatever a user writes. A
// fact leaves its node under the same rule as a message: only when what it rests on is durable.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <variant>

#include "sim/protocol/fact_ids.h"
#include "sim/protocol/request.h"

namespace ballast {

// --- Any consensus algorithm -------------------------------------------------------------------

// This node put forward a value for which it has a client's word. Validity: only what was proposed
// may be decided.
struct Proposed {
  ValueDigest value;
  static constexpr std::string_view name = "proposed";
  static constexpr auto fields = Fields{field("value", &Proposed::value)};
};

// This node has learnt that `value` is chosen for `slot`. Agreement: no two nodes, at any times,
// differ. Integrity: once per node, life and slot.
struct Decided {
  Slot slot;
  ValueDigest value;
  static constexpr std::string_view name = "decided";
  static constexpr auto fields =
      Fields{field("slot", &Decided::slot), field("value", &Decided::value)};
};

// --- Leaders and logs (Raft) -------------------------------------------------------------------

struct TermStarted {  // this node's current term is now `term`
  Term term;
  static constexpr std::string_view name = "term_started";
  static constexpr auto fields = Fields{field("term", &TermStarted::term)};
};

struct Campaigned {  // this node stands for election in `term`
  Term term;
  static constexpr std::string_view name = "campaigned";
  static constexpr auto fields = Fields{field("term", &Campaigned::term)};
};

struct VoteGranted {  // this node voted for `candidate`, itself included
  Term term;
  NodeId candidate;
  static constexpr std::string_view name = "vote_granted";
  static constexpr auto fields =
      Fields{field("term", &VoteGranted::term), field("candidate", &VoteGranted::candidate)};
};

struct Elected {  // this node is now the leader of `term`
  Term term;
  static constexpr std::string_view name = "elected";
  static constexpr auto fields = Fields{field("term", &Elected::term)};
};

struct SteppedDown {  // this node, leader or candidate of `term`, is so no longer
  Term term;
  static constexpr std::string_view name = "stepped_down";
  static constexpr auto fields = Fields{field("term", &SteppedDown::term)};
};

struct Appended {  // this node's log now holds this entry at `index`, its last
  LogIndex index;
  Term term;
  ValueDigest value;
  static constexpr std::string_view name = "appended";
  static constexpr auto fields =
      Fields{field("index", &Appended::index), field("term", &Appended::term),
             field("value", &Appended::value)};
};

struct Truncated {  // this node removed everything after `last_kept` from its log
  LogIndex last_kept;
  static constexpr std::string_view name = "truncated";
  static constexpr auto fields = Fields{field("last_kept", &Truncated::last_kept)};
};

struct Committed {  // this node's commit index is now `index`; `term` is its current term
  LogIndex index;
  Term term;
  static constexpr std::string_view name = "committed";
  static constexpr auto fields =
      Fields{field("index", &Committed::index), field("term", &Committed::term)};
};

// The state machine of this node, with all entries up to `index` applied, is kept in a snapshot;
// its last entry is of `term`. The entries are part of its log as before, though it need not hold
// them.
struct SnapshotTaken {
  LogIndex index;
  Term term;
  std::uint64_t content = 0;  // its digest: equal states, equal digests
  static constexpr std::string_view name = "snapshot_taken";
  static constexpr auto fields =
      Fields{field("index", &SnapshotTaken::index), field("term", &SnapshotTaken::term),
             field("content", &SnapshotTaken::content)};
};

// This node has put somebody's snapshot in the place of its state machine, and the entries that it
// stands for in the place of its whole log. They count as applied.
struct SnapshotInstalled {
  LogIndex index;
  Term term;
  std::uint64_t content = 0;
  static constexpr std::string_view name = "snapshot_installed";
  static constexpr auto fields =
      Fields{field("index", &SnapshotInstalled::index), field("term", &SnapshotInstalled::term),
             field("content", &SnapshotInstalled::content)};
};

// Who has a say, as the entry at `index` of this node's log says; 0 is the beginning. A set of
// nodes has a bit for each, n1 the lowest.
struct Reconfigured {
  LogIndex index;
  std::uint64_t voters = 0;
  std::uint64_t outgoing = 0;  // joint consensus: the voters before; else none
  std::uint64_t learners = 0;  // they are sent the log, and have no say
  static constexpr std::string_view name = "reconfigured";
  static constexpr auto fields = Fields{
      field("index", &Reconfigured::index), field("voters", &Reconfigured::voters),
      field("outgoing", &Reconfigured::outgoing), field("learners", &Reconfigured::learners)};
};

// --- Ballots (Paxos) ---------------------------------------------------------------------------

struct Prepared {  // phase 1a: this proposer asks for promises
  Ballot ballot;
  static constexpr std::string_view name = "prepared";
  static constexpr auto fields = Fields{field("ballot", &Prepared::ballot)};
};

struct Promised {  // phase 1b: this acceptor will not accept below `ballot`
  Ballot ballot;
  Ballot accepted;  // the highest ballot it has accepted so far, as it tells the proposer
  ValueDigest value;
  static constexpr std::string_view name = "promised";
  static constexpr auto fields =
      Fields{field("ballot", &Promised::ballot), field("accepted", &Promised::accepted),
             field("value", &Promised::value)};
};

struct AcceptAsked {  // phase 2a: this proposer asks acceptors to accept `value`
  Ballot ballot;
  ValueDigest value;
  static constexpr std::string_view name = "accept_asked";
  static constexpr auto fields =
      Fields{field("ballot", &AcceptAsked::ballot), field("value", &AcceptAsked::value)};
};

struct Accepted {  // phase 2b: this acceptor has accepted `value`
  Ballot ballot;
  ValueDigest value;
  static constexpr std::string_view name = "accepted";
  static constexpr auto fields =
      Fields{field("ballot", &Accepted::ballot), field("value", &Accepted::value)};
};

// --- Balancing ---------------------------------------------------------------------------------

// What a balancer promises of its picks among the endpoints that it holds to be up.
//   nothing          no more than that
//   turns            each in its turn
//   weighted_turns   shares in proportion to the weights, spread as evenly as turns
//   chance           each equally likely, whatever was picked before
//   weighted_chance  each likely in proportion to its weight, whatever was picked before
//   fewest_active    never one that has more unfinished requests than another
enum class PickRule : std::uint8_t {
  nothing,
  turns,
  weighted_turns,
  chance,
  weighted_chance,
  fewest_active
};
constexpr auto enumerators(PickRule) {
  return std::array<std::string_view, 6>{"nothing", "turns",           "weighted_turns",
                                         "chance",  "weighted_chance", "fewest_active"};
}

struct PolicySet {  // this balancer picks by this rule from now on
  PickRule rule = PickRule::nothing;
  static constexpr std::string_view name = "policy_set";
  static constexpr auto fields = Fields{field("rule", &PolicySet::rule)};
};

struct WeightSet {  // this balancer gives `endpoint` this weight
  NodeId endpoint;
  std::uint64_t weight = 1;
  static constexpr std::string_view name = "weight_set";
  static constexpr auto fields =
      Fields{field("endpoint", &WeightSet::endpoint), field("weight", &WeightSet::weight)};
};

struct HealthSet {  // this balancer now holds `endpoint` to be up, or down
  NodeId endpoint;
  bool up = true;
  static constexpr std::string_view name = "health_set";
  static constexpr auto fields =
      Fields{field("endpoint", &HealthSet::endpoint), field("up", &HealthSet::up)};
};

struct Admitted {  // this balancer has taken `request` in charge and will end it within `deadline`
  Ticket ticket;
  RequestId request;
  Duration deadline;  // of its own clock
  static constexpr std::string_view name = "admitted";
  static constexpr auto fields =
      Fields{field("ticket", &Admitted::ticket), field("request", &Admitted::request),
             field("deadline", &Admitted::deadline)};
};

struct Routed {  // this balancer sent `request` to `endpoint`; again, if it was sent before
  Ticket ticket;
  RequestId request;
  NodeId endpoint;
  static constexpr std::string_view name = "routed";
  static constexpr auto fields =
      Fields{field("ticket", &Routed::ticket), field("request", &Routed::request),
             field("endpoint", &Routed::endpoint)};
};

// How a balancer's request ended: completed by an endpoint, rejected because no endpoint would take
// it, timed out without an answer, or lost because its endpoint was found to have crashed.
enum class Ending : std::uint8_t { completed, rejected, timed_out, lost };
constexpr auto enumerators(Ending) {
  return std::array<std::string_view, 4>{"completed", "rejected", "timed_out", "lost"};
}

struct Ended {  // this balancer's request ended, for good
  Ticket ticket;
  RequestId request;
  Ending ending = Ending::completed;
  static constexpr std::string_view name = "ended";
  static constexpr auto fields =
      Fields{field("ticket", &Ended::ticket), field("request", &Ended::request),
             field("ending", &Ended::ending)};
};

// --- Clients -----------------------------------------------------------------------------------

struct Invoked {  // this client has begun an operation; retries are not invocations
  RequestId request;
  Operation operation = Operation::read;
  std::uint64_t key = 0;
  std::int64_t value = 0;
  std::int64_t expected = 0;
  static constexpr std::string_view name = "invoked";
  static constexpr auto fields =
      Fields{field("request", &Invoked::request), field("operation", &Invoked::operation),
             field("key", &Invoked::key), field("value", &Invoked::value),
             field("expected", &Invoked::expected)};
};

// How an operation ended for the client that began it: it took effect, it never will, or the client
// gave up and does not know.
enum class Returning : std::uint8_t { ok, fail, info };
constexpr auto enumerators(Returning) {
  return std::array<std::string_view, 3>{"ok", "fail", "info"};
}

struct Returned {  // this client's operation is over
  RequestId request;
  Returning outcome = Returning::ok;
  std::int64_t value = 0;
  static constexpr std::string_view name = "returned";
  static constexpr auto fields =
      Fields{field("request", &Returned::request), field("outcome", &Returned::outcome),
             field("value", &Returned::value)};
};

// --- Locks -------------------------------------------------------------------------------------

struct LockGranted {  // `holder` now holds `lock`, under a token greater than all before
  std::uint64_t lock = 0;
  NodeId holder;
  std::uint64_t token = 0;
  static constexpr std::string_view name = "lock_granted";
  static constexpr auto fields =
      Fields{field("lock", &LockGranted::lock), field("holder", &LockGranted::holder),
             field("token", &LockGranted::token)};
};

struct LockReleased {  // `holder` holds `lock` no more: given back, expired or taken away
  std::uint64_t lock = 0;
  NodeId holder;
  static constexpr std::string_view name = "lock_released";
  static constexpr auto fields =
      Fields{field("lock", &LockReleased::lock), field("holder", &LockReleased::holder)};
};

// --- Ballots, slot by slot (Multi-Paxos) -------------------------------------------------------
// A promise is for all slots: Promised, without a vote.

struct SlotAsked {  // phase 2a: this leader asks acceptors to accept `value` for `slot`
  Slot slot;
  Ballot ballot;
  ValueDigest value;
  static constexpr std::string_view name = "slot_asked";
  static constexpr auto fields =
      Fields{field("slot", &SlotAsked::slot), field("ballot", &SlotAsked::ballot),
             field("value", &SlotAsked::value)};
};

struct SlotAccepted {  // phase 2b: this acceptor has accepted `value` for `slot`
  Slot slot;
  Ballot ballot;
  ValueDigest value;
  static constexpr std::string_view name = "slot_accepted";
  static constexpr auto fields =
      Fields{field("slot", &SlotAccepted::slot), field("ballot", &SlotAccepted::ballot),
             field("value", &SlotAccepted::value)};
};

struct Executed {  // this node's state machine has executed what was decided for `slot`
  Slot slot;
  ValueDigest value;
  static constexpr std::string_view name = "executed";
  static constexpr auto fields =
      Fields{field("slot", &Executed::slot), field("value", &Executed::value)};
};

// This node's state machine, with all slots up to `slot` executed, is what `content` is the digest
// of. With `taken_over` it has come from another node, in the place of what was there.
struct Checkpointed {
  Slot slot;
  std::uint64_t content = 0;
  bool taken_over = false;
  static constexpr std::string_view name = "checkpointed";
  static constexpr auto fields =
      Fields{field("slot", &Checkpointed::slot), field("content", &Checkpointed::content),
             field("taken_over", &Checkpointed::taken_over)};
};

// Who has a say in the slots from `from` on, until another one counts: a set of nodes has a bit for
// each, n1 the lowest.
struct VotersChanged {
  Slot from;
  std::uint64_t voters = 0;
  static constexpr std::string_view name = "voters_changed";
  static constexpr auto fields =
      Fields{field("from", &VotersChanged::from), field("voters", &VotersChanged::voters)};
};

// --- Viewstamped Replication -------------------------------------------------------------------
// Terms are views, and slots are op-numbers.

struct ViewChangeBegun {  // this replica gives up its view, for `view`
  Term view;
  static constexpr std::string_view name = "view_change_begun";
  static constexpr auto fields = Fields{field("view", &ViewChangeBegun::view)};
};

struct ViewEntered {  // this replica is in `view`, with the log that it has; as its primary?
  Term view;
  bool leads = false;
  static constexpr std::string_view name = "view_entered";
  static constexpr auto fields =
      Fields{field("view", &ViewEntered::view), field("leads", &ViewEntered::leads)};
};

struct Logged {  // this replica's log now holds `value` at `slot`, its last, as one of `view`
  Slot slot;
  ValueDigest value;
  Term view;
  static constexpr std::string_view name = "logged";
  static constexpr auto fields = Fields{
      field("slot", &Logged::slot), field("value", &Logged::value), field("view", &Logged::view)};
};

// This replica's log now ends at `last_kept`, for that of `view`; view 0 says that a crash took it.
// With `taken_over` all of it is gone, and in its place is the state of another one that has
// executed it up to there.
struct LogCut {
  Slot last_kept;
  Term view;
  bool taken_over = false;
  static constexpr std::string_view name = "log_cut";
  static constexpr auto fields =
      Fields{field("last_kept", &LogCut::last_kept), field("view", &LogCut::view),
             field("taken_over", &LogCut::taken_over)};
};

struct CommitAdvanced {  // this replica's commit-number is now `slot`, in `view`
  Slot slot;
  Term view;
  static constexpr std::string_view name = "commit_advanced";
  static constexpr auto fields =
      Fields{field("slot", &CommitAdvanced::slot), field("view", &CommitAdvanced::view)};
};

// --- Fast Paxos ---------------------------------------------------------------------------------
// Ballots are rounds. A vote in a fast round is stated as Accepted, and as Promised of the round
// after it: it says all that a promise would (Lamport 2006, section 3.2).

struct RoundOpened {  // in this ballot acceptors may accept any proposed value, `quorum` choose one
  Ballot ballot;
  std::uint32_t quorum = 0;
  static constexpr std::string_view name = "round_opened";
  static constexpr auto fields =
      Fields{field("ballot", &RoundOpened::ballot), field("quorum", &RoundOpened::quorum)};
};

// --- Leaderless consensus (EPaxos) -------------------------------------------------------------

// A place for one command where there is no common order of places: the number-th, from 1, of those
// that `replica` fills.
struct Instance {
  NodeId replica;
  std::uint64_t number = 0;
  friend constexpr auto operator<=>(const Instance&, const Instance&) = default;
  static constexpr std::string_view name = "Instance";
  static constexpr auto fields =
      Fields{field("replica", &Instance::replica), field("number", &Instance::number)};
};

struct BallotJoined {  // for `instance`, this replica will take part in no ballot below this one
  Instance instance;
  Ballot ballot;
  static constexpr std::string_view name = "ballot_joined";
  static constexpr auto fields =
      Fields{field("instance", &BallotJoined::instance), field("ballot", &BallotJoined::ballot)};
};

// This replica has accepted, for `instance`, a command (0: a no-op) with its attributes, that is
// what it depends on, by their digest.
struct InstanceAccepted {
  Instance instance;
  Ballot ballot;
  ValueDigest value;
  std::uint64_t attributes = 0;
  static constexpr std::string_view name = "instance_accepted";
  static constexpr auto fields = Fields{
      field("instance", &InstanceAccepted::instance), field("ballot", &InstanceAccepted::ballot),
      field("value", &InstanceAccepted::value), field("attributes", &InstanceAccepted::attributes)};
};

struct InstanceCommitted {  // this replica has learnt what `instance` holds, decided in `ballot`
  Instance instance;
  Ballot ballot;
  ValueDigest value;
  std::uint64_t attributes = 0;
  static constexpr std::string_view name = "instance_committed";
  static constexpr auto fields =
      Fields{field("instance", &InstanceCommitted::instance),
             field("ballot", &InstanceCommitted::ballot), field("value", &InstanceCommitted::value),
             field("attributes", &InstanceCommitted::attributes)};
};

// This replica's state machine has executed the command of `instance`, which reads or changes what
// `key` names. No-ops are not executed.
struct InstanceExecuted {
  Instance instance;
  ValueDigest value;
  std::uint64_t key = 0;
  bool reads = false;
  static constexpr std::string_view name = "instance_executed";
  static constexpr auto fields = Fields{
      field("instance", &InstanceExecuted::instance), field("value", &InstanceExecuted::value),
      field("key", &InstanceExecuted::key), field("reads", &InstanceExecuted::reads)};
};

using Fact =
    std::variant<Proposed, Decided, TermStarted, Campaigned, VoteGranted, Elected, SteppedDown,
                 Appended, Truncated, Committed, Prepared, Promised, AcceptAsked, Accepted,
                 PolicySet, WeightSet, HealthSet, Admitted, Routed, Ended, Invoked, Returned,
                 LockGranted, LockReleased, SlotAsked, SlotAccepted, Executed, Checkpointed,
                 SnapshotTaken, SnapshotInstalled, Reconfigured, ViewChangeBegun, ViewEntered,
                 Logged, LogCut, CommitAdvanced, VotersChanged, RoundOpened, BallotJoined,
                 InstanceAccepted, InstanceCommitted, InstanceExecuted>;
static_assert(sizeof(Fact) <= 56, "facts travel through every observer: keep them small");

}  // namespace ballast

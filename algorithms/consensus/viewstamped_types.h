// What the replicas of a group say to each other and write down: see viewstamped_replication.h.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "algorithms/consensus/machine.h"
#include "sim/protocol/fact.h"

namespace ballast::viewstamped_replication {

// The paper numbers views from 0; here the first one is 1, and 0 is none.
using View = Term;
// The number of a request in the log, from 1.
using OpNumber = Slot;

// "An array containing op-number entries" (4.1). Its beginning may be gone: then a checkpoint
// stands for it (5.1).
struct Log {
  OpNumber base;  // the last one that is gone
  std::vector<Request> entries;
  friend auto operator<=>(const Log&, const Log&) = default;
  static constexpr std::string_view name = "Log";
  static constexpr auto fields = Fields{field("base", &Log::base), field("entries", &Log::entries)};

  OpNumber last() const { return {base.value + entries.size()}; }
  // REQUIRES base < op <= last().
  const Request& operator[](OpNumber op) const {
    return entries[static_cast<std::size_t>(op.value - base.value - 1)];
  }
  // Everything after `op`. REQUIRES base <= op <= last().
  std::vector<Request> after(OpNumber op) const { return {place(op), entries.end()}; }
  // At most `most` of them.
  std::vector<Request> after(OpNumber op, std::size_t most) const {
    const auto from = place(op);
    const auto left = static_cast<std::size_t>(entries.end() - from);
    return {from, from + static_cast<std::ptrdiff_t>(std::min(most, left))};
  }
  void cut(OpNumber last_kept) { entries.erase(place(last_kept), entries.end()); }
  void forget_up_to(OpNumber op) {
    entries.erase(entries.begin(), place(op));
    base = op;
  }

 private:
  std::vector<Request>::const_iterator place(OpNumber op) const {
    return entries.begin() + static_cast<std::ptrdiff_t>(op.value - base.value);
  }
};

// What one replica gives another to go on from: its log from somewhere on and, if that is not where
// the other one's ends, the state that the beginning has led to.
struct Transfer {
  Log log;
  std::optional<Machine> checkpoint;  // at log.base
  OpNumber commit;
  friend auto operator<=>(const Transfer&, const Transfer&) = default;
  static constexpr std::string_view name = "Transfer";
  static constexpr auto fields =
      Fields{field("log", &Transfer::log), field("checkpoint", &Transfer::checkpoint),
             field("commit", &Transfer::commit)};
};

// How often each replica has started, as far as somebody knows, in the order of the members: the
// crash vector of Michael et al., "Recovering Shared Objects Without Stable Storage", DISC 2017.
using Lives = std::vector<std::uint64_t>;

// --- Messages ----------------------------------------------------------------------------------

struct Prepare {  // from the primary: log these requests, the first of which is `op`
  View view;
  OpNumber op;
  std::vector<Request> requests;  // one, unless there is batching (6.2)
  OpNumber commit;
  friend auto operator<=>(const Prepare&, const Prepare&) = default;
  static constexpr std::string_view name = "Prepare";
  static constexpr auto fields =
      Fields{field("view", &Prepare::view), field("op", &Prepare::op),
             field("requests", &Prepare::requests), field("commit", &Prepare::commit)};
};

struct PrepareOk {  // to the primary: this request and all before it are in my log
  View view;
  OpNumber op;
  friend constexpr auto operator<=>(const PrepareOk&, const PrepareOk&) = default;
  static constexpr std::string_view name = "PrepareOk";
  static constexpr auto fields =
      Fields{field("view", &PrepareOk::view), field("op", &PrepareOk::op)};
};

struct Commit {  // from the primary, again and again: everything up to `commit` is committed
  View view;
  OpNumber commit;
  Time sent;  // by its clock
  friend constexpr auto operator<=>(const Commit&, const Commit&) = default;
  static constexpr std::string_view name = "Commit";
  static constexpr auto fields = Fields{
      field("view", &Commit::view), field("commit", &Commit::commit), field("sent", &Commit::sent)};
};

struct LeaseGranted {  // to the primary: for a while from then on I keep out of view changes (6.3)
  View view;
  Time sent;  // of the Commit that asked for it
  friend constexpr auto operator<=>(const LeaseGranted&, const LeaseGranted&) = default;
  static constexpr std::string_view name = "LeaseGranted";
  static constexpr auto fields =
      Fields{field("view", &LeaseGranted::view), field("sent", &LeaseGranted::sent)};
};

struct StartViewChange {  // to all: let us go to this view
  View view;
  friend constexpr auto operator<=>(const StartViewChange&, const StartViewChange&) = default;
  static constexpr std::string_view name = "StartViewChange";
  static constexpr auto fields = Fields{field("view", &StartViewChange::view)};
};

struct DoViewChange {  // to the primary of the new view: this is what I know
  View view;
  View last_normal;  // the latest one in which this log was
  Transfer state;
  Lives lives;
  friend auto operator<=>(const DoViewChange&, const DoViewChange&) = default;
  static constexpr std::string_view name = "DoViewChange";
  static constexpr auto fields =
      Fields{field("view", &DoViewChange::view), field("last_normal", &DoViewChange::last_normal),
             field("state", &DoViewChange::state), field("lives", &DoViewChange::lives)};
};

struct StartView {  // from the primary of the new view: this is its log
  View view;
  Transfer state;
  friend auto operator<=>(const StartView&, const StartView&) = default;
  static constexpr std::string_view name = "StartView";
  static constexpr auto fields =
      Fields{field("view", &StartView::view), field("state", &StartView::state)};
};

struct Recovery {  // to all: I have crashed, what should I know?
  std::uint64_t nonce = 0;
  friend constexpr auto operator<=>(const Recovery&, const Recovery&) = default;
  static constexpr std::string_view name = "Recovery";
  static constexpr auto fields = Fields{field("nonce", &Recovery::nonce)};
};

struct RecoveryResponse {  // to whoever recovers
  View view;
  std::uint64_t nonce = 0;
  std::optional<Transfer> state;  // from the primary of this view only
  Lives lives;
  friend auto operator<=>(const RecoveryResponse&, const RecoveryResponse&) = default;
  static constexpr std::string_view name = "RecoveryResponse";
  static constexpr auto fields =
      Fields{field("view", &RecoveryResponse::view), field("nonce", &RecoveryResponse::nonce),
             field("state", &RecoveryResponse::state), field("lives", &RecoveryResponse::lives)};
};

struct GetState {  // to a replica that is in this view, or a later one: what comes after `op`?
  View view;
  OpNumber op;
  friend constexpr auto operator<=>(const GetState&, const GetState&) = default;
  static constexpr std::string_view name = "GetState";
  static constexpr auto fields = Fields{field("view", &GetState::view), field("op", &GetState::op)};
};

struct NewState {  // the answer
  View view;
  Transfer state;
  friend auto operator<=>(const NewState&, const NewState&) = default;
  static constexpr std::string_view name = "NewState";
  static constexpr auto fields =
      Fields{field("view", &NewState::view), field("state", &NewState::state)};
};

using Message =
    std::variant<Prepare, PrepareOk, Commit, LeaseGranted, StartViewChange, DoViewChange, StartView,
                 Recovery, RecoveryResponse, GetState, NewState>;

// --- Records -----------------------------------------------------------------------------------

struct Started {  // for the how-manieth time
  std::uint64_t life = 0;
  friend constexpr auto operator<=>(const Started&, const Started&) = default;
  static constexpr std::string_view name = "Started";
  static constexpr auto fields = Fields{field("life", &Started::life)};
};

using Record = std::variant<Started>;

// --- State -------------------------------------------------------------------------------------

// "The current status, either normal, view-change, or recovering" (4), where a normal status is
// that of a backup or of the primary. Each has what only it needs.
struct Recovering {
  std::map<NodeId, RecoveryResponse> responses;
};
struct Backup {};
struct Primary {
  std::vector<OpNumber> prepared;                     // by member: in its log, in this view
  std::vector<std::optional<Time>> leased;            // by member: when the latest was asked for
  std::map<SessionKey, std::uint64_t> taken;          // the latest request of each session
  std::vector<Request> waiting;                       // for the next batch (6.2)
  OpNumber opened_at;                                 // where the log ended when the view began
  std::map<OpNumber, std::uint64_t> acknowledgments;  // only under a mistake
};
struct ViewChange {
  std::vector<NodeId> agreed;              // others that want it
  bool told = false;                       // the new primary
  std::map<NodeId, DoViewChange> changes;  // the new primary: what it was told
  std::uint64_t heard = 0;                 // how often
};
using Role = std::variant<Recovering, Backup, Primary, ViewChange>;

// The role, as it is shown: the place in the variant.
enum class Status : std::uint8_t { recovering, backup, primary, view_change };
constexpr auto enumerators(Status) {
  return std::array<std::string_view, 4>{"recovering", "backup", "primary", "view_change"};
}

// What traces and explorers see of a replica.
struct State {
  Status status = Status::recovering;
  View view;
  View last_normal;
  OpNumber op;
  OpNumber commit;
  OpNumber checkpoint;
  std::uint64_t life = 0;
  friend constexpr auto operator<=>(const State&, const State&) = default;
  static constexpr std::string_view name = "State";
  static constexpr auto fields = Fields{field("status", &State::status),
                                        field("view", &State::view),
                                        field("last_normal", &State::last_normal),
                                        field("op", &State::op),
                                        field("commit", &State::commit),
                                        field("checkpoint", &State::checkpoint),
                                        field("life", &State::life)};
};

}  // namespace ballast::viewstamped_replication

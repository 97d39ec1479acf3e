// What the members of a Multi-Paxos group say to each other and write down: see multi_paxos.h.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "algorithms/consensus/machine.h"
#include "sim/protocol/fact.h"

namespace ballast::multi_paxos {

// What is decided for a slot: a client's request, or nothing to do: "a special 'no-op' command that
// leaves the state unchanged" (Lamport 2001, section 3).
struct SlotValue {
  std::optional<Request> request;
  friend constexpr auto operator<=>(const SlotValue&, const SlotValue&) = default;
  static constexpr std::string_view name = "Value";
  static constexpr auto fields = Fields{field("request", &SlotValue::request)};
};

// What a value holds, as public facts name it. All no-ops are one value.
inline ValueDigest value_of(const SlotValue& value) {
  return {value.request ? digest(*value.request) : digest(Slot{})};
}

// A proposal that an acceptor has accepted for a slot: the highest-numbered one.
struct Vote {
  Slot slot;
  Ballot ballot;
  SlotValue value;
  friend constexpr auto operator<=>(const Vote&, const Vote&) = default;
  static constexpr std::string_view name = "Vote";
  static constexpr auto fields = Fields{field("slot", &Vote::slot), field("ballot", &Vote::ballot),
                                        field("value", &Vote::value)};
};

// What a node knows of a slot that it has no checkpoint of.
struct SlotState {
  std::optional<Vote> vote;          // durable
  std::optional<SlotValue> decided;  // once it is known
};

// From slot `from` on these members have a say, a bit for each, n1 the lowest; 0 is all members.
struct Configuration {
  static constexpr std::uint32_t most = 63;  // members that a set can name
  Slot from;
  std::uint64_t voters = 0;
  friend constexpr auto operator<=>(const Configuration&, const Configuration&) = default;
  static constexpr std::string_view name = "Configuration";
  static constexpr auto fields =
      Fields{field("from", &Configuration::from), field("voters", &Configuration::voters)};
};

// --- Messages ----------------------------------------------------------------------------------

struct Prepare {  // 1a: promise to accept nothing below `ballot`, and report votes after `executed`
  Ballot ballot;
  Slot executed;  // the candidate knows all decisions up to here
  friend constexpr auto operator<=>(const Prepare&, const Prepare&) = default;
  static constexpr std::string_view name = "Prepare";
  static constexpr auto fields =
      Fields{field("ballot", &Prepare::ballot), field("executed", &Prepare::executed)};
};

struct Promise {  // 1b: promised; these are my votes in later slots than `checkpoint`
  Ballot ballot;
  Slot checkpoint;  // what is decided up to here is in a checkpoint, and the votes are forgotten
  std::vector<Vote> votes;
  friend auto operator<=>(const Promise&, const Promise&) = default;
  static constexpr std::string_view name = "Promise";
  static constexpr auto fields =
      Fields{field("ballot", &Promise::ballot), field("checkpoint", &Promise::checkpoint),
             field("votes", &Promise::votes)};
};

struct Accept {  // 2a: accept this proposal
  Vote proposal;
  Slot executed;  // the leader has executed all slots up to here
  friend constexpr auto operator<=>(const Accept&, const Accept&) = default;
  static constexpr std::string_view name = "Accept";
  static constexpr auto fields =
      Fields{field("proposal", &Accept::proposal), field("executed", &Accept::executed)};
};

struct Accepted {  // 2b, to the leader: accepted
  Ballot ballot;
  Slot slot;
  friend constexpr auto operator<=>(const Accepted&, const Accepted&) = default;
  static constexpr std::string_view name = "Accepted";
  static constexpr auto fields =
      Fields{field("ballot", &Accepted::ballot), field("slot", &Accepted::slot)};
};

struct Refused {  // to whoever asked in `ballot`: I have promised a higher one
  Ballot ballot;
  Ballot promised;
  friend constexpr auto operator<=>(const Refused&, const Refused&) = default;
  static constexpr std::string_view name = "Refused";
  static constexpr auto fields =
      Fields{field("ballot", &Refused::ballot), field("promised", &Refused::promised)};
};

struct Decision {  // from the leader: what I asked for in this ballot and slot is decided
  Ballot ballot;
  Slot slot;
  friend constexpr auto operator<=>(const Decision&, const Decision&) = default;
  static constexpr std::string_view name = "Decision";
  static constexpr auto fields =
      Fields{field("ballot", &Decision::ballot), field("slot", &Decision::slot)};
};

struct Heartbeat {  // from the leader
  Ballot ballot;
  Slot executed;  // as in Accept
  Time sent;      // by its clock
  friend constexpr auto operator<=>(const Heartbeat&, const Heartbeat&) = default;
  static constexpr std::string_view name = "Heartbeat";
  static constexpr auto fields =
      Fields{field("ballot", &Heartbeat::ballot), field("executed", &Heartbeat::executed),
             field("sent", &Heartbeat::sent)};
};

struct HeartbeatReply {  // to the leader: the lease that this heartbeat asked for is granted
  Ballot ballot;
  Time sent;  // of the heartbeat, by the leader's clock
  friend constexpr auto operator<=>(const HeartbeatReply&, const HeartbeatReply&) = default;
  static constexpr std::string_view name = "HeartbeatReply";
  static constexpr auto fields =
      Fields{field("ballot", &HeartbeatReply::ballot), field("sent", &HeartbeatReply::sent)};
};

struct CatchUp {  // to whoever knows more: what was decided after this slot?
  Slot executed;
  friend constexpr auto operator<=>(const CatchUp&, const CatchUp&) = default;
  static constexpr std::string_view name = "CatchUp";
  static constexpr auto fields = Fields{field("executed", &CatchUp::executed)};
};

struct Decisions {  // these values are decided, from slot `first` on
  Slot first;
  std::vector<SlotValue> values;
  friend auto operator<=>(const Decisions&, const Decisions&) = default;
  static constexpr std::string_view name = "Decisions";
  static constexpr auto fields =
      Fields{field("first", &Decisions::first), field("values", &Decisions::values)};
};

// The state machine with all slots up to `slot` executed, for a node that lags behind.
struct Checkpoint {
  Slot slot;
  Machine machine;
  std::vector<Configuration> configurations = {};  // of later slots, as far as this one knows
  friend auto operator<=>(const Checkpoint&, const Checkpoint&) = default;
  static constexpr std::string_view name = "Checkpoint";
  static constexpr auto fields =
      Fields{field("slot", &Checkpoint::slot), field("machine", &Checkpoint::machine),
             field("configurations", &Checkpoint::configurations)};
};

using Message = std::variant<Prepare, Promise, Accept, Accepted, Refused, Decision, Heartbeat,
                             HeartbeatReply, CatchUp, Decisions, Checkpoint>;

// --- Records -----------------------------------------------------------------------------------

struct PromiseGiven {  // this node promised this ballot, its own or another's
  Ballot ballot;
  friend constexpr auto operator<=>(const PromiseGiven&, const PromiseGiven&) = default;
  static constexpr std::string_view name = "PromiseGiven";
  static constexpr auto fields = Fields{field("ballot", &PromiseGiven::ballot)};
};

// The same of this node, with what else its journal held until then, which this record replaces.
struct CheckpointKept {
  Ballot promised;
  Slot slot;
  Machine machine;
  std::vector<Vote> votes;                         // in later slots
  std::vector<Configuration> configurations = {};  // of later slots
  friend auto operator<=>(const CheckpointKept&, const CheckpointKept&) = default;
  static constexpr std::string_view name = "CheckpointKept";
  static constexpr auto fields =
      Fields{field("promised", &CheckpointKept::promised), field("slot", &CheckpointKept::slot),
             field("machine", &CheckpointKept::machine), field("votes", &CheckpointKept::votes),
             field("configurations", &CheckpointKept::configurations)};
};

using Record = std::variant<PromiseGiven, Vote, CheckpointKept>;

// --- Roles -------------------------------------------------------------------------------------

struct Follower {};

struct Candidate {  // in phase 1 of `ballot`
  struct Heard {
    NodeId acceptor;
    Slot checkpoint;
  };
  Ballot ballot;
  std::vector<Heard> promises = {};   // one for each acceptor that has promised
  std::map<Slot, Vote> votes = {};    // reported: the one of each slot that must be taken over
  std::vector<Request> waiting = {};  // of a leader that prepares again
};

struct Leader {  // in phase 2 of `ballot`, slot after slot
  // A proposal that is not decided yet.
  struct Asked {
    SlotValue value;
    std::vector<NodeId> accepted_by = {};
  };
  struct Lease {
    NodeId acceptor;
    Time asked;  // when the heartbeat left that it was granted for
  };
  Ballot ballot;
  Slot next;                           // the next slot to ask for
  std::map<Slot, Vote> reported = {};  // what must be asked for in the slots up to `recovered`
  Slot configured = {};  // from where the last configuration counts that it prepared for
  // Up to here others may have answered clients; and up to `forgotten` an acceptor has only a
  // checkpoint left.
  Slot recovered = {};
  Slot forgotten = {};
  std::map<Slot, Asked> asked = {};
  // The latest request of each session that this leader has taken in.
  FlatMap<SessionKey, std::uint64_t> taken = {};
  std::vector<Request> waiting = {};  // for the window to move on
  std::vector<Lease> leases = {};
};

enum class Role : std::uint8_t { follower, candidate, leader };
constexpr auto enumerators(Role) {
  return std::array<std::string_view, 3>{"follower", "candidate", "leader"};
}

// What traces and explorers see of a node.
struct State {
  Role role = Role::follower;
  Ballot promised;
  NodeId leader;
  Slot executed;
  Slot checkpoint;
  Slot last_voted;
  friend constexpr auto operator<=>(const State&, const State&) = default;
  static constexpr std::string_view name = "State";
  static constexpr auto fields = Fields{field("role", &State::role),
                                        field("promised", &State::promised),
                                        field("leader", &State::leader),
                                        field("executed", &State::executed),
                                        field("checkpoint", &State::checkpoint),
                                        field("last_voted", &State::last_voted)};
};

}  // namespace ballast::multi_paxos

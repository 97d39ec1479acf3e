// What the replicas of a leaderless group say to each other and write down: see epaxos.h.
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

namespace ballast::epaxos {

// What a command depends on, for each replica in the order of the members: all of that replica's
// instances up to this number. That is more than what interferes, as in the authors' program, and
// it stays small however long a group runs. An instance may seem to depend on itself.
using Deps = std::vector<std::uint64_t>;

// "Ordering attributes" (4.3.1): two replicas that agree on them execute in the same order.
struct Attributes {
  Deps deps;
  std::uint64_t seq = 0;
  friend auto operator<=>(const Attributes&, const Attributes&) = default;
  static constexpr std::string_view name = "Attributes";
  static constexpr auto fields =
      Fields{field("deps", &Attributes::deps), field("seq", &Attributes::seq)};

  std::uint64_t on(std::size_t member) const { return member < deps.size() ? deps[member] : 0; }
  void merge(const Attributes& other) {
    deps.resize(std::max(deps.size(), other.deps.size()));
    for (std::size_t i = 0; i < other.deps.size(); ++i) deps[i] = std::max(deps[i], other.deps[i]);
    seq = std::max(seq, other.seq);
  }
};

enum class Status : std::uint8_t { unknown, pre_accepted, accepted, committed };
constexpr auto enumerators(Status) {
  return std::array<std::string_view, 4>{"unknown", "pre_accepted", "accepted", "committed"};
}

// What a replica knows of an instance. The ballot 0 belongs to the replica that the instance is
// named after, every other one to its proposer, who recovers the instance.
struct Entry {
  Ballot ballot;  // the highest that this replica takes part in: it answers nothing below
  Ballot voted;   // the one in which it has pre-accepted or accepted, which may be lower
  Status status = Status::unknown;
  std::optional<Request> request;  // if somebody has told it
  bool no_op = false;              // what is accepted or committed is not the request but nothing
  Attributes initial;              // those that the replica of the instance began with
  Attributes attributes;           // those that are pre-accepted, accepted or committed
  std::uint64_t support = 0;       // of a recovery that has it validated: see Validate
  friend auto operator<=>(const Entry&, const Entry&) = default;
  static constexpr std::string_view name = "Entry";
  static constexpr auto fields =
      Fields{field("ballot", &Entry::ballot),         field("voted", &Entry::voted),
             field("status", &Entry::status),         field("request", &Entry::request),
             field("no_op", &Entry::no_op),           field("initial", &Entry::initial),
             field("attributes", &Entry::attributes), field("support", &Entry::support)};

  // Whether this replica may have been one of a fast quorum.
  bool is_as_proposed() const {
    return status == Status::pre_accepted && voted == Ballot{} && attributes == initial;
  }
};

// --- Messages ----------------------------------------------------------------------------------

struct PreAccept {  // to all: this command wants these attributes; what do you know that
                    // interferes?
  Instance instance;
  Ballot ballot;
  Request request;
  Attributes initial;
  friend auto operator<=>(const PreAccept&, const PreAccept&) = default;
  static constexpr std::string_view name = "PreAccept";
  static constexpr auto fields =
      Fields{field("instance", &PreAccept::instance), field("ballot", &PreAccept::ballot),
             field("request", &PreAccept::request), field("initial", &PreAccept::initial)};
};

struct PreAcceptOk {  // the attributes with what is known here
  Instance instance;
  Ballot ballot;
  Attributes attributes;
  friend auto operator<=>(const PreAcceptOk&, const PreAcceptOk&) = default;
  static constexpr std::string_view name = "PreAcceptOk";
  static constexpr auto fields =
      Fields{field("instance", &PreAcceptOk::instance), field("ballot", &PreAcceptOk::ballot),
             field("attributes", &PreAcceptOk::attributes)};
};

struct Accept {  // to all: accept this command with these attributes
  Instance instance;
  Ballot ballot;
  std::optional<Request> request;  // none: a no-op
  Attributes attributes;
  Attributes initial;  // what the command began with: who validates another one is told by that
  friend auto operator<=>(const Accept&, const Accept&) = default;
  static constexpr std::string_view name = "Accept";
  static constexpr auto fields =
      Fields{field("instance", &Accept::instance), field("ballot", &Accept::ballot),
             field("request", &Accept::request), field("attributes", &Accept::attributes),
             field("initial", &Accept::initial)};
};

struct AcceptOk {
  Instance instance;
  Ballot ballot;
  friend auto operator<=>(const AcceptOk&, const AcceptOk&) = default;
  static constexpr std::string_view name = "AcceptOk";
  static constexpr auto fields =
      Fields{field("instance", &AcceptOk::instance), field("ballot", &AcceptOk::ballot)};
};

struct Commit {  // this is what the instance holds, decided in this ballot
  Instance instance;
  Ballot ballot;
  std::optional<Request> request;  // none: a no-op
  Attributes attributes;
  friend auto operator<=>(const Commit&, const Commit&) = default;
  static constexpr std::string_view name = "Commit";
  static constexpr auto fields =
      Fields{field("instance", &Commit::instance), field("ballot", &Commit::ballot),
             field("request", &Commit::request), field("attributes", &Commit::attributes)};
};

struct Ask {  // to all: commands wait for this instance here; have you committed it?
  Instance instance;
  friend auto operator<=>(const Ask&, const Ask&) = default;
  static constexpr std::string_view name = "Ask";
  static constexpr auto fields = Fields{field("instance", &Ask::instance)};
};

struct Nack {  // I have joined a higher ballot of this instance, and do not do what you ask
  Instance instance;
  Ballot ballot;  // that one
  friend auto operator<=>(const Nack&, const Nack&) = default;
  static constexpr std::string_view name = "Nack";
  static constexpr auto fields =
      Fields{field("instance", &Nack::instance), field("ballot", &Nack::ballot)};
};

struct Prepare {  // to all: I recover this instance; what do you know of it?
  Instance instance;
  Ballot ballot;
  friend auto operator<=>(const Prepare&, const Prepare&) = default;
  static constexpr std::string_view name = "Prepare";
  static constexpr auto fields =
      Fields{field("instance", &Prepare::instance), field("ballot", &Prepare::ballot)};
};

struct PrepareOk {
  Instance instance;
  Ballot ballot;
  Entry entry;  // as it was before
  friend auto operator<=>(const PrepareOk&, const PrepareOk&) = default;
  static constexpr std::string_view name = "PrepareOk";
  static constexpr auto fields =
      Fields{field("instance", &PrepareOk::instance), field("ballot", &PrepareOk::ballot),
             field("entry", &PrepareOk::entry)};
};

struct Validate {  // to those who answered Prepare: may this command have its first attributes?
  Instance instance;
  Ballot ballot;
  Request request;
  Attributes initial;
  std::uint64_t support = 0;  // how many of them had pre-accepted it just so
  friend auto operator<=>(const Validate&, const Validate&) = default;
  static constexpr std::string_view name = "Validate";
  static constexpr auto fields =
      Fields{field("instance", &Validate::instance), field("ballot", &Validate::ballot),
             field("request", &Validate::request), field("initial", &Validate::initial),
             field("support", &Validate::support)};
};

// A command that interferes, and neither of the two depends on the other so far.
struct Conflict {
  Instance instance;
  bool committed = false;
  std::uint64_t support = 0;  // if it is being recovered, too
  friend auto operator<=>(const Conflict&, const Conflict&) = default;
  static constexpr std::string_view name = "Conflict";
  static constexpr auto fields =
      Fields{field("instance", &Conflict::instance), field("committed", &Conflict::committed),
             field("support", &Conflict::support)};
};

struct ValidateOk {
  Instance instance;
  Ballot ballot;
  std::vector<Conflict> conflicts;
  friend auto operator<=>(const ValidateOk&, const ValidateOk&) = default;
  static constexpr std::string_view name = "ValidateOk";
  static constexpr auto fields =
      Fields{field("instance", &ValidateOk::instance), field("ballot", &ValidateOk::ballot),
             field("conflicts", &ValidateOk::conflicts)};
};

using Message = std::variant<PreAccept, PreAcceptOk, Accept, AcceptOk, Commit, Ask, Nack, Prepare,
                             PrepareOk, Validate, ValidateOk>;

// --- Records -----------------------------------------------------------------------------------

struct Known {  // what this replica knows of an instance from now on
  Instance instance;
  Entry entry;
  friend auto operator<=>(const Known&, const Known&) = default;
  static constexpr std::string_view name = "Known";
  static constexpr auto fields =
      Fields{field("instance", &Known::instance), field("entry", &Known::entry)};
};

using Record = std::variant<Known>;

// --- State -------------------------------------------------------------------------------------

// Who has answered; the messages are only counted under a mistake.
struct Answers {
  std::vector<NodeId> from;
  std::size_t messages = 0;
  // False for who had answered before.
  bool add(NodeId node) {
    ++messages;
    if (has(node)) return false;
    from.push_back(node);
    return true;
  }
  bool has(NodeId node) const { return std::find(from.begin(), from.end(), node) != from.end(); }
};

// What a replica does that leads an instance in some ballot, one after the other (4.3, 4.7).
struct PreAccepting {
  Answers answers;
  Attributes merged;
  std::size_t alike = 0;  // of the answers, those that left the attributes as they were
  bool is_late = false;   // no more answers are waited for than a majority
};
struct Accepting {
  Answers answers;
};
struct Preparing {
  std::map<NodeId, Entry> said;
};
struct Validating {
  std::map<NodeId, Entry> said;
  std::vector<NodeId> quorum;  // who had answered Prepare when this began
  std::uint64_t support = 0;
  std::map<NodeId, std::vector<Conflict>> conflicts;
};
struct Leading {
  Ballot ballot;
  std::variant<PreAccepting, Accepting, Preparing, Validating> stage;
  std::uint64_t ticks = 0;  // in this stage
};

// What traces and explorers see of a replica.
struct State {
  std::uint64_t own = 0;  // the instances that it has filled
  std::uint64_t known = 0;
  std::uint64_t committed = 0;
  std::uint64_t executed = 0;
  std::uint64_t leading = 0;
  std::uint64_t preparing = 0;
  std::uint64_t blocked = 0;  // instances that others wait for to be committed
  friend constexpr auto operator<=>(const State&, const State&) = default;
  static constexpr std::string_view name = "State";
  static constexpr auto fields = Fields{field("own", &State::own),
                                        field("known", &State::known),
                                        field("committed", &State::committed),
                                        field("executed", &State::executed),
                                        field("leading", &State::leading),
                                        field("preparing", &State::preparing),
                                        field("blocked", &State::blocked)};
};

}  // namespace ballast::epaxos

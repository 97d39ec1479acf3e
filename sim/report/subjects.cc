#include "sim/report/subjects.h"

#include <array>
#include <charconv>
#include <optional>

namespace ballast {
namespace {

// Takes a number from the front of the text.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  return number;
}

std::optional<NodeId> take_node(std::string_view& text) {
  if (!text.starts_with('n')) return std::nullopt;
  std::string_view rest = text.substr(1);
  const auto number = take_number(rest);
  if (!number || (!rest.empty() && rest[0] != '\'' && rest[0] != '.')) return std::nullopt;
  text = rest;
  return NodeId{static_cast<std::uint32_t>(*number)};
}

std::string_view take_word(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(" ,:;()");
  if (begin == std::string_view::npos) return text = {};
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find_first_of(" ,:;()"));
  text.remove_prefix(word.size());
  return word;
}

struct Adding {
  Subjects& s;
  void operator()(const Decided& f) const { s.entries.insert(f.slot.value); }
  void operator()(const Campaigned& f) const { s.terms.insert(f.term); }
  void operator()(const VoteGranted& f) const {
    s.terms.insert(f.term);
    s.nodes.insert(f.candidate);
  }
  void operator()(const Elected& f) const { s.terms.insert(f.term); }
  void operator()(const SteppedDown& f) const { s.terms.insert(f.term); }
  void operator()(const TermStarted& f) const { s.terms.insert(f.term); }
  void operator()(const Appended& f) const {
    s.entries.insert(f.index.value);
    s.entry_terms.insert(f.term);
  }
  void operator()(const Truncated& f) const { s.entries.insert(f.last_kept.value + 1); }
  void operator()(const Committed& f) const { s.entries.insert(f.index.value); }
  void operator()(const SnapshotTaken& f) const { s.entries.insert(f.index.value); }
  void operator()(const SnapshotInstalled& f) const { s.entries.insert(f.index.value); }
  void operator()(const Reconfigured& f) const { s.entries.insert(f.index.value); }
  void operator()(const ViewChangeBegun& f) const { s.terms.insert(f.view); }
  void operator()(const ViewEntered& f) const { s.terms.insert(f.view); }
  void operator()(const Logged& f) const { s.entries.insert(f.slot.value); }
  void operator()(const LogCut& f) const { s.entries.insert(f.last_kept.value + 1); }
  void operator()(const CommitAdvanced& f) const { s.entries.insert(f.slot.value); }
  void operator()(const VotersChanged& f) const { s.entries.insert(f.from.value); }
  void operator()(const Prepared& f) const { s.ballots.insert(f.ballot); }
  void operator()(const Promised& f) const { s.ballots.insert(f.ballot); }
  void operator()(const AcceptAsked& f) const { s.ballots.insert(f.ballot); }
  void operator()(const Accepted& f) const { s.ballots.insert(f.ballot); }
  void operator()(const RoundOpened& f) const { s.ballots.insert(f.ballot); }
  void operator()(const SlotAsked& f) const { add(f.slot, f.ballot); }
  void operator()(const SlotAccepted& f) const { add(f.slot, f.ballot); }
  void operator()(const Executed& f) const { s.entries.insert(f.slot.value); }
  void operator()(const Checkpointed& f) const { s.entries.insert(f.slot.value); }
  void operator()(const BallotJoined& f) const { s.instances.insert(f.instance); }
  void operator()(const InstanceAccepted& f) const { s.instances.insert(f.instance); }
  void operator()(const InstanceCommitted& f) const { s.instances.insert(f.instance); }
  void operator()(const InstanceExecuted& f) const { s.instances.insert(f.instance); }
  void operator()(const Admitted& f) const { s.tickets.insert(f.ticket); }
  void operator()(const Routed& f) const {
    s.tickets.insert(f.ticket);
    s.nodes.insert(f.endpoint);
  }
  void operator()(const Ended& f) const { s.tickets.insert(f.ticket); }
  void operator()(const Invoked& f) const { s.requests.insert(f.request); }
  void operator()(const Returned& f) const { s.requests.insert(f.request); }
  void operator()(const Proposed&) const {}
  void operator()(const PolicySet&) const {}
  void operator()(const WeightSet& f) const { s.nodes.insert(f.endpoint); }
  void operator()(const HealthSet& f) const { s.nodes.insert(f.endpoint); }
  void operator()(const LockGranted& f) const { s.nodes.insert(f.holder); }
  void operator()(const LockReleased& f) const { s.nodes.insert(f.holder); }
  void add(Slot slot, const Ballot& ballot) const {
    s.entries.insert(slot.value);
    s.ballots.insert(ballot);
  }
};

struct Concerning {
  const Subjects& s;
  bool operator()(const Decided& f) const { return s.entries.contains(f.slot.value); }
  bool operator()(const Campaigned& f) const { return s.terms.contains(f.term); }
  bool operator()(const VoteGranted& f) const { return s.terms.contains(f.term); }
  bool operator()(const Elected& f) const {
    return s.terms.contains(f.term) || s.entry_terms.contains(f.term);
  }
  bool operator()(const SteppedDown& f) const { return s.terms.contains(f.term); }
  bool operator()(const TermStarted&) const { return false; }
  bool operator()(const Appended& f) const { return s.entries.contains(f.index.value); }
  bool operator()(const Truncated&) const { return false; }  // judged with the log in view
  bool operator()(const Committed&) const { return false; }  // likewise
  bool operator()(const SnapshotTaken&) const { return false; }
  bool operator()(const SnapshotInstalled&) const { return true; }
  bool operator()(const Reconfigured&) const { return true; }
  bool operator()(const ViewChangeBegun& f) const { return s.terms.contains(f.view); }
  bool operator()(const ViewEntered& f) const { return s.terms.contains(f.view); }
  bool operator()(const Logged& f) const { return s.entries.contains(f.slot.value); }
  bool operator()(const LogCut&) const { return true; }
  bool operator()(const CommitAdvanced& f) const { return s.entries.contains(f.slot.value); }
  bool operator()(const VotersChanged&) const { return true; }
  bool operator()(const Prepared& f) const { return s.ballots.contains(f.ballot); }
  bool operator()(const Promised& f) const { return s.ballots.contains(f.ballot); }
  bool operator()(const AcceptAsked& f) const { return s.ballots.contains(f.ballot); }
  bool operator()(const Accepted& f) const { return s.ballots.contains(f.ballot); }
  bool operator()(const RoundOpened& f) const { return s.ballots.contains(f.ballot); }
  bool operator()(const SlotAsked& f) const { return s.entries.contains(f.slot.value); }
  bool operator()(const SlotAccepted& f) const { return s.entries.contains(f.slot.value); }
  bool operator()(const Executed& f) const { return s.entries.contains(f.slot.value); }
  bool operator()(const Checkpointed& f) const { return s.entries.contains(f.slot.value); }
  bool operator()(const BallotJoined& f) const { return s.instances.contains(f.instance); }
  bool operator()(const InstanceAccepted& f) const { return s.instances.contains(f.instance); }
  bool operator()(const InstanceCommitted& f) const { return s.instances.contains(f.instance); }
  bool operator()(const InstanceExecuted& f) const { return s.instances.contains(f.instance); }
  bool operator()(const Admitted& f) const { return charge(f.ticket, f.request); }
  bool operator()(const Routed& f) const { return charge(f.ticket, f.request); }
  bool operator()(const Ended& f) const { return charge(f.ticket, f.request); }
  bool operator()(const Invoked& f) const {
    return s.requests.contains(f.request) || s.keys.contains(f.key);
  }
  bool operator()(const Returned& f) const { return s.requests.contains(f.request); }
  bool operator()(const Proposed&) const { return false; }
  bool operator()(const PolicySet&) const { return false; }
  bool operator()(const WeightSet& f) const { return s.nodes.contains(f.endpoint); }
  bool operator()(const HealthSet& f) const { return s.nodes.contains(f.endpoint); }
  bool operator()(const LockGranted& f) const { return s.nodes.contains(f.holder); }
  bool operator()(const LockReleased& f) const { return s.nodes.contains(f.holder); }
  bool charge(Ticket ticket, const RequestId& request) const {
    return s.tickets.contains(ticket) || s.requests.contains(request);
  }
};

}  // namespace

void Subjects::add_sentence(std::string_view sentence) {
  std::array<std::string_view, 3> before;  // the words before, the nearest first
  RequestId request;                       // "request 7 of session 2 of n4", as far as it was read
  for (std::string_view rest = sentence; !rest.empty();) {
    const std::string_view word = take_word(rest);
    std::string_view digits = word;
    if (const auto node = take_node(digits); node) {
      nodes.insert(*node);
      if (before[0] == "instance" && digits.starts_with('.')) {
        digits.remove_prefix(1);
        if (const auto number = take_number(digits)) instances.insert({*node, *number});
      }
      if (request.sequence != 0 && before[0] == "of") {
        request.client = *node;
        requests.insert(request);
      }
      request = {};
    } else if (const auto number = take_number(digits)) {
      if (before[0] == "term" || before[0] == "view") {
        // "entry 3 of term 2" is not about the election in term 2, but about what its leader wrote.
        std::string_view owner = before[2];
        const bool of_entry =
            before[1] == "of" && (owner == "entry" || take_number(owner).has_value());
        (of_entry ? entry_terms : terms).insert({*number});
      }
      if (before[0] == "entry" || before[0] == "index" || before[0] == "slot") {
        entries.insert(*number);
      }
      if (before[0] == "key") keys.insert(*number);
      if (before[0] == "ticket") tickets.insert({*number});
      if (before[0] == "request") request.sequence = *number;
      if (before[0] == "session") request.session = static_cast<std::uint32_t>(*number);
      if (before[0] == "ballot" && digits.starts_with('.')) {
        digits.remove_prefix(1);
        if (const auto proposer = take_node(digits)) ballots.insert({*number, *proposer});
      }
    } else if (word != "of" && word != "session") {
      request = {};
    }
    before = {word, before[0], before[1]};
  }
}

void Subjects::add_fact(const Fact& fact) { std::visit(Adding{*this}, fact); }

bool Subjects::concern(const Fact& fact) const { return std::visit(Concerning{*this}, fact); }

}  // namespace ballast

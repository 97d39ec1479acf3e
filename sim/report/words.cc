#include "sim/report/words.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "sim/base/value.h"
#include "sim/check/words.h"
#include "sim/scenario/json.h"

namespace ballast {
namespace {

std::string number(std::uint64_t n) { return std::to_string(n); }

struct FactWords {
  const Names& names;

  std::string request(const RequestId& id, Ticket ticket) const {
    return names.in(to_text(id)) + " (ticket " + number(ticket.value) + ")";
  }

  std::string operator()(const Proposed& f) const { return "proposed " + to_text(f.value); }
  std::string operator()(const Decided& f) const {
    return "decided " + to_text(f.value) + " for slot " + number(f.slot.value);
  }
  std::string operator()(const TermStarted& f) const {
    return "entered term " + number(f.term.value);
  }
  std::string operator()(const Campaigned& f) const {
    return "stood for election in term " + number(f.term.value);
  }
  std::string operator()(const VoteGranted& f) const {
    return "voted for " + names.of(f.candidate) + " in term " + number(f.term.value);
  }
  std::string operator()(const Elected& f) const {
    return "was elected leader of term " + number(f.term.value);
  }
  std::string operator()(const SteppedDown& f) const {
    return "stepped down in term " + number(f.term.value);
  }
  std::string operator()(const Appended& f) const {
    return "appended entry " + number(f.index.value) + " of term " + number(f.term.value) + " (" +
           to_text(f.value) + ")";
  }
  std::string operator()(const Truncated& f) const {
    return "removed everything after entry " + number(f.last_kept.value);
  }
  std::string operator()(const Committed& f) const {
    return "took the log up to entry " + number(f.index.value) + " for committed, in term " +
           number(f.term.value);
  }
  std::string operator()(const SnapshotTaken& f) const {
    return "took a snapshot up to entry " + number(f.index.value) + " of term " +
           number(f.term.value);
  }
  std::string operator()(const SnapshotInstalled& f) const {
    return "replaced its log by a snapshot up to entry " + number(f.index.value) + " of term " +
           number(f.term.value);
  }
  std::string operator()(const Reconfigured& f) const {
    std::string what = "works with the voters " + nodes(f.voters);
    if (f.outgoing != 0) what += ", jointly with " + nodes(f.outgoing);
    if (f.learners != 0) what += " and the learners " + nodes(f.learners);
    return what + ", by entry " + number(f.index.value);
  }
  // A set with a bit for each node, n1 the lowest.
  std::string nodes(std::uint64_t set) const {
    std::string list;
    for (std::uint32_t node = 1; set != 0; ++node, set >>= 1) {
      if ((set & 1) != 0) list += (list.empty() ? "" : ", ") + names.of({node});
    }
    return list.empty() ? "none" : list;
  }
  std::string operator()(const ViewChangeBegun& f) const {
    return "gave up its view for view " + number(f.view.value);
  }
  std::string operator()(const ViewEntered& f) const {
    return std::string("is ") + (f.leads ? "the primary" : "a backup") + " in view " +
           number(f.view.value);
  }
  std::string operator()(const Logged& f) const {
    return "logged slot " + number(f.slot.value) + " in view " + number(f.view.value) + " (" +
           to_text(f.value) + ")";
  }
  std::string operator()(const LogCut& f) const {
    return f.taken_over ? "replaced its log by another's state at slot " + number(f.last_kept.value)
                        : "removed everything after slot " + number(f.last_kept.value);
  }
  std::string operator()(const VotersChanged& f) const {
    return "gives a say to " + nodes(f.voters) + " from slot " + number(f.from.value) + " on";
  }
  std::string operator()(const CommitAdvanced& f) const {
    return "took the log up to slot " + number(f.slot.value) + " for committed, in view " +
           number(f.view.value);
  }
  std::string operator()(const Prepared& f) const { return "prepared ballot " + to_text(f.ballot); }
  std::string operator()(const Promised& f) const {
    const std::string so_far = f.accepted == Ballot{} ? ", having accepted nothing"
                                                      : ", having accepted " + to_text(f.value) +
                                                            " in ballot " + to_text(f.accepted);
    return "promised ballot " + to_text(f.ballot) + so_far;
  }
  std::string operator()(const AcceptAsked& f) const {
    return "asked to accept " + to_text(f.value) + " in ballot " + to_text(f.ballot);
  }
  std::string operator()(const RoundOpened& f) const {
    return "opened ballot " + to_text(f.ballot) + " to any proposal: " + number(f.quorum) +
           " votes choose one";
  }
  std::string operator()(const Accepted& f) const {
    return "accepted " + to_text(f.value) + " in ballot " + to_text(f.ballot);
  }
  std::string operator()(const SlotAsked& f) const {
    return "asked to accept " + to_text(f.value) + " for slot " + number(f.slot.value) +
           " in ballot " + to_text(f.ballot);
  }
  std::string operator()(const SlotAccepted& f) const {
    return "accepted " + to_text(f.value) + " for slot " + number(f.slot.value) + " in ballot " +
           to_text(f.ballot);
  }
  std::string operator()(const Executed& f) const {
    return "executed slot " + number(f.slot.value) + ": " + to_text(f.value);
  }
  std::string operator()(const Checkpointed& f) const {
    return (f.taken_over ? "took over a checkpoint at slot " : "took a checkpoint at slot ") +
           number(f.slot.value);
  }
  std::string operator()(const BallotJoined& f) const {
    return "joined ballot " + to_text(f.ballot) + " for " + to_text(f.instance);
  }
  std::string operator()(const InstanceAccepted& f) const {
    return "accepted " + command_text(f.value) + " for " + to_text(f.instance) + " in ballot " +
           to_text(f.ballot) + ", with attributes " + to_text(ValueDigest{f.attributes});
  }
  std::string operator()(const InstanceCommitted& f) const {
    return "committed " + command_text(f.value) + " in " + to_text(f.instance) +
           ", with attributes " + to_text(ValueDigest{f.attributes});
  }
  std::string operator()(const InstanceExecuted& f) const {
    return "executed " + to_text(f.instance) + ": " + to_text(f.value) +
           (f.reads ? ", a read of key " : ", on key ") + number(f.key);
  }
  std::string operator()(const PolicySet& f) const {
    return "began to pick by the rule " + std::string(name_of(f.rule));
  }
  std::string operator()(const WeightSet& f) const {
    return "gave " + names.of(f.endpoint) + " the weight " + number(f.weight);
  }
  std::string operator()(const HealthSet& f) const {
    return "took " + names.of(f.endpoint) + " to be " + (f.up ? "up" : "down");
  }
  std::string operator()(const Admitted& f) const {
    return "admitted " + request(f.request, f.ticket) + ", due within " + to_text(f.deadline);
  }
  std::string operator()(const Routed& f) const {
    return "sent " + request(f.request, f.ticket) + " to " + names.of(f.endpoint);
  }
  std::string operator()(const LockGranted& f) const {
    return "granted lock " + number(f.lock) + " to " + names.of(f.holder) + ", token " +
           number(f.token);
  }
  std::string operator()(const LockReleased& f) const {
    return "took lock " + number(f.lock) + " back from " + names.of(f.holder);
  }
  std::string operator()(const Ended& f) const {
    return "ended " + request(f.request, f.ticket) + " as " + std::string(name_of(f.ending));
  }
  std::string operator()(const Invoked& f) const {
    std::string what(name_of(f.operation));
    switch (f.operation) {
      case Operation::propose:
        what += " " + std::to_string(f.value);
        break;
      case Operation::read:
      case Operation::delete_:
      case Operation::dequeue:
      case Operation::acquire:
      case Operation::release:
        what += " key " + number(f.key);
        break;
      case Operation::write:
      case Operation::cas:
      case Operation::add:
      case Operation::enqueue:
        what += " " + std::to_string(f.value) + " to key " + number(f.key);
        if (f.operation == Operation::cas) what += " over " + std::to_string(f.expected);
        break;
      case Operation::administer:
        what += " " + std::string(name_of(static_cast<Administration>(f.key))) + " " +
                std::to_string(f.value);
        break;
      case Operation::work:
        break;
    }
    return "began " + names.in(to_text(f.request)) + ": " + what;
  }
  std::string operator()(const Returned& f) const {
    const std::string how = f.outcome == Returning::ok ? "answered " + std::to_string(f.value)
                                                       : std::string(name_of(f.outcome));
    return "saw " + names.in(to_text(f.request)) + " end: " + how;
  }
};

bool holds_objects(const Value& list) {
  return std::any_of(list.children.begin(), list.children.end(), [](const Value& each) {
    return each.is(Value::Kind::object) || (each.is(Value::Kind::array) && holds_objects(each));
  });
}

std::uint64_t member_number(const Value& object, std::string_view key) {
  const Value* found = object.find(key);
  return found == nullptr ? 0 : std::strtoull(found->text.c_str(), nullptr, 10);
}

std::string text_of(const Value& object, std::string_view key) {
  const Value* found = object.find(key);
  return found == nullptr ? std::string() : found->text;
}

struct JsonWords {
  const Names& names;

  std::string members(const Value& object) const {
    std::string text;
    for (const Value& child : object.children) {
      text += (text.empty() ? "" : ", ") + child.key + " " + any(child);
    }
    return text;
  }

  std::string any(const Value& v) const {
    switch (v.kind) {
      case Value::Kind::null:
        return "none";
      case Value::Kind::boolean:
        return v.truth ? "true" : "false";
      case Value::Kind::number:
      case Value::Kind::string:
        return v.text;
      case Value::Kind::array:
        return list(v);
      case Value::Kind::object:
        return object(v);
    }
    return {};
  }

  std::string list(const Value& v) const {
    if (v.children.empty()) return "none";
    if (holds_objects(v)) return "of " + number(v.children.size());
    std::string text;
    for (const Value& each : v.children) text += (text.empty() ? "" : ", ") + any(each);
    return "[" + text + "]";
  }

  std::string object(const Value& v) const {
    const Value* round = v.find("round");
    const Value* proposer = v.find("proposer");
    if (round != nullptr && proposer != nullptr && v.children.size() == 2) {
      return round->text == "0" ? "0" : round->text + ".n" + proposer->text;
    }
    const Value* id = v.find("id");
    const Value* command = v.find("command");
    if (id != nullptr && command != nullptr) return request(*id, *command);
    // An alternative without members is its name.
    if (v.children.size() == 1 && v.children[0].is(Value::Kind::object) &&
        v.children[0].children.empty()) {
      return v.children[0].key;
    }
    return "(" + members(v) + ")";
  }

  // What clients ask: {"id":{"client":6,...},"command":{"operation":"write",...}}.
  std::string request(const Value& id, const Value& command) const {
    const RequestId request_id{{static_cast<std::uint32_t>(member_number(id, "client"))},
                               static_cast<std::uint32_t>(member_number(id, "session")),
                               member_number(id, "sequence")};
    if (!request_id.client) return "of nobody";  // such as a leader's no-op
    const std::string operation = text_of(command, "operation");
    std::string text = names.in(to_text(request_id)) + " (" + operation;
    if (operation == "write" || operation == "cas" || operation == "propose") {
      text += " " + text_of(command, "value");
    }
    if (operation == "read" || operation == "write" || operation == "cas") {
      text += ", key " + text_of(command, "key");
    }
    return text + ")";
  }
};

std::string cut_short(std::string text, std::size_t longest) {
  if (text.size() > longest) text = text.substr(0, longest - 3) + "...";
  return text;
}

// Cuts the decimals of "0.183117142 s" to microseconds.
std::string with_short_times(const std::string& text) {
  constexpr std::size_t kept = 6;
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", i), text.size());
    const bool decimals = i > 0 && text[i - 1] == '.' && text.compare(end, 2, " s") == 0;
    out.append(text, i, decimals ? std::min(end - i, kept) : end - i);
    if (end < text.size()) out += text[end];
    i = end + 1;
  }
  return out;
}

}  // namespace

std::string in_words(const Fact& fact, const Names& names) {
  return std::visit(FactWords{names}, fact);
}

std::string options_in_words(const FaultAction& action, const Names& names) {
  std::string json;
  JsonWriter w(json);
  w.begin_object();
  const auto write_changed = [&](const auto& held) {
    const std::remove_cvref_t<decltype(held)> usual{};
    for_each_field(held, [&](const auto& field, const auto& value) {
      if (to_json(value) == to_json(usual.*(field.member))) return;
      w.key(field.name);
      write_json(w, value);
    });
  };
  std::visit(write_changed, action);
  w.end_object();
  return members_in_words(json, names);
}

std::string members_in_words(std::string_view json, const Names& names, std::size_t longest) {
  Problems problems;
  const std::optional<Value> value = parse_json(json, "", problems);
  return cut_short(value ? JsonWords{names}.members(*value) : std::string(json), longest);
}

std::string records_in_words(std::string_view json, const Names& names) {
  Problems problems;
  const std::optional<Value> value = parse_json(json, "", problems);
  std::string text;
  for (const Value& record : value ? value->children : std::vector<Value>{}) {
    text += (text.empty() ? "" : ", ") + JsonWords{names}.members(record);
  }
  return cut_short(std::move(text), 160);
}

std::string message_in_words(std::string_view name, std::string_view json, const Names& names) {
  Problems problems;
  const std::optional<Value> value = parse_json(json, "", problems);
  if (!value) return std::string(name);
  const JsonWords words{names};
  const bool is_request = value->find("id") != nullptr && value->find("command") != nullptr;
  if (is_request) return words.object(*value);
  const std::string members = cut_short(words.members(*value), 110);
  return std::string(name) + (members.empty() ? "" : " (" + members + ")");
}

std::string readable(std::string text) {
  constexpr std::size_t length = 16;
  const auto digest_at = [&](std::size_t hash) {
    const std::string_view digits = std::string_view(text).substr(hash + 1, length);
    return digits.size() == length &&
           digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  };
  std::vector<std::string> digests;
  for (std::size_t i = 0; (i = text.find('#', i)) != std::string::npos; ++i) {
    if (digest_at(i)) digests.push_back(text.substr(i + 1, length));
  }
  std::sort(digests.begin(), digests.end());
  digests.erase(std::unique(digests.begin(), digests.end()), digests.end());
  std::size_t kept = 4;
  for (std::size_t i = 1; i < digests.size(); ++i) {
    while (kept < length && digests[i].compare(0, kept, digests[i - 1], 0, kept) == 0) ++kept;
  }
  for (std::size_t i = 0; (i = text.find('#', i)) != std::string::npos; ++i) {
    if (digest_at(i)) text.erase(i + 1 + kept, length - kept);
  }
  return with_short_times(text);
}

}  // namespace ballast

// How traces write what nodes say: "RequestVote term=2 last_index=3 last_term=1". Every value has
// its text from its description; the few that people write shorter stand here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "algorithms/consensus/multi_paxos_types.h"
#include "algorithms/consensus/raft_messages.h"
#include "sim/protocol/fact.h"

namespace ballast::scripts {

namespace detail {
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsVariant : std::false_type {};
template <class... Ts>
struct IsVariant<std::variant<Ts...>> : std::true_type {};
}  // namespace detail

// A set of nodes with a bit for each, n1 the lowest.
inline std::string text_of_set(std::uint64_t set) {
  std::string out;
  for (std::uint32_t i = 0; i < 64; ++i) {
    if ((set >> i & 1) != 0) out += (out.empty() ? "" : ",") + to_text(NodeId{i + 1});
  }
  return out;
}

class Words {
 public:
  Words() {
    for (std::uint64_t term = 1; term < 100; ++term) names_[digest(Term{term})] = "no-op";
    names_[digest(Slot{})] = "no-op";
  }

  // From now on facts that name this value by its digest have a text for it.
  void learn(const Request& request) { names_[digest(request)] = text(request); }
  void learn(const raft::Entry& entry) {
    names_[raft::value_of(entry).value] = text_of_value(entry);
  }

  // "name field=value field=value".
  template <class T>
  std::string sentence(const T& v) const {
    if constexpr (detail::IsVariant<T>::value) {
      return std::visit([&](const auto& held) { return sentence(held); }, v);
    } else {
      const std::string all = members(v);
      return std::string(T::name) + (all.empty() ? "" : " " + all);
    }
  }

  template <class T>
  std::string text(const T& v) const {
    if constexpr (std::is_same_v<T, bool>) {
      return v ? "yes" : "no";
    } else if constexpr (std::is_integral_v<T>) {
      return std::to_string(v);
    } else if constexpr (NamedEnum<T>) {
      return std::string(name_of(v));
    } else if constexpr (std::is_same_v<T, Duration> || std::is_same_v<T, Time>) {
      return to_text(v);
    } else if constexpr (detail::IsOptional<T>::value) {
      return v ? text(*v) : "none";
    } else if constexpr (detail::IsVector<T>::value) {
      return list(v);
    } else if constexpr (detail::IsVariant<T>::value) {
      return sentence(v);
    } else {
      return text_of(v);
    }
  }

 private:
  template <class T>
  std::string members(const T& v) const {
    std::string out;
    for_each_field(v, [&](const auto& f, const auto& value) {
      // A digest tells two states apart, and nothing to people.
      if (f.name == "content" || is_nothing(value)) return;
      if (!out.empty()) out += ' ';
      out += std::string(f.name) + '=' + text(value);
    });
    return out;
  }
  std::string members(const Reconfigured& change) const {
    return "index=" + text(change.index) + " " +
           text_of(raft::Configuration{change.voters, change.outgoing, change.learners});
  }
  std::string members(const VotersChanged& change) const {
    return members(multi_paxos::Configuration{change.from, change.voters});
  }
  std::string members(const multi_paxos::Configuration& c) const {
    return "from=" + text(c.from) + " voters=" + (c.voters == 0 ? "all" : text_of_set(c.voters));
  }

  // What is 0, empty or nobody is left out.
  template <class T>
  static bool is_nothing(const T& v) {
    if constexpr (NamedEnum<T> || detail::IsVariant<T>::value) {
      return false;
    } else if constexpr (std::is_integral_v<T> || std::is_same_v<T, Ballot>) {
      return v == T{};
    } else if constexpr (detail::IsVector<T>::value) {
      return v.empty();
    } else if constexpr (detail::IsOptional<T>::value) {
      return !v.has_value();
    } else if constexpr (requires { v.value + 0; }) {
      return v.value == 0;
    } else {
      return false;
    }
  }

  template <class T>
  std::string list(const std::vector<T>& all) const {
    if (std::is_same_v<T, std::uint64_t> && all.size() > 9) {
      return std::to_string(all.size()) + " words";
    }
    std::string out;
    for (const T& one : all) out += (out.empty() ? "" : ", ") + text(one);
    return '[' + out + ']';
  }

  template <class Tag, class Rep>
  std::string text_of(const Id<Tag, Rep>& id) const {
    return std::to_string(id.value);
  }
  std::string text_of(NodeId node) const { return node ? to_text(node) : "nobody"; }
  std::string text_of(ValueDigest value) const {
    const auto known = names_.find(value.value);
    return known != names_.end() ? known->second : std::to_string(value.value);
  }
  std::string text_of(const Ballot& ballot) const {
    if (ballot == Ballot{}) return "none";
    return std::to_string(ballot.round) + "." + to_text(ballot.proposer);
  }
  // A client's session is s1, and its second request s1.2.
  std::string text_of(const RequestId& id) const {
    if (!id.client) return "nobody";
    return "s" + std::to_string(id.session) + "." + std::to_string(id.sequence);
  }
  std::string text_of(const Request& request) const {
    return text(request.id) + ":" + text_of(request.command);
  }
  std::string text_of(const Command& command) const {
    const auto value = std::to_string(command.value);
    if (command.operation == Operation::administer) {
      const auto what = static_cast<Administration>(command.key);
      const bool set = what == Administration::set_voters;
      const NodeId node{static_cast<std::uint32_t>(command.value)};
      return std::string(name_of(what)) + "(" +
             (set ? text_of_set(static_cast<std::uint64_t>(command.value)) : text_of(node)) + ")";
    }
    std::string out(name_of(command.operation));
    if (command.operation == Operation::propose) return out + "(" + value + ")";
    out += "(" + std::to_string(command.key);
    if (command.operation == Operation::cas) out += "," + std::to_string(command.expected);
    if (command.value != 0) out += "," + value;
    return out + ")";
  }
  // The term, and what is to be done.
  std::string text_of(const raft::Entry& entry) const {
    return std::to_string(entry.term.value) + "|" + text_of_value(entry);
  }
  std::string text_of_value(const raft::Entry& entry) const {
    if (!entry.request) return "no-op";
    if (!raft::is_configuration(entry)) return text(*entry.request);
    return "(" + text_of(raft::configuration_of(entry)) + ")";
  }
  std::string text_of(const raft::Configuration& c) const {
    std::string out = "voters=" + (c.voters == 0 ? "all" : text_of_set(c.voters));
    if (c.outgoing != 0) out += " outgoing=" + text_of_set(c.outgoing);
    if (c.learners != 0) out += " learners=" + text_of_set(c.learners);
    return out;
  }
  std::string text_of(const multi_paxos::SlotValue& value) const {
    return value.request ? text(*value.request) : "no-op";
  }
  std::string text_of(const Machine& machine) const { return to_json(machine); }
  template <Described T>
  std::string text_of(const T& v) const {
    return '(' + members(v) + ')';
  }

  std::map<std::uint64_t, std::string> names_;  // by digest
};

}  // namespace ballast::scripts

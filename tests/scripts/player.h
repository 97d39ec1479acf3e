// Plays the commands of a script to a group, and writes down what each of them causes. README.md
// beside this file lists the commands.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "algorithms/consensus/raft.h"
#include "sim/base/parse.h"
#include "tests/scripts/words.h"
#include "tests/support/cluster.h"
#include "tests/support/raft_log.h"

namespace ballast::scripts {

// A command that no script may have: the test fails.
struct Mistake : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using CommandLine = std::vector<std::string>;  // the words of it

class Player {
 public:
  virtual ~Player() = default;
  // What the command causes, in lines. Throws Mistake.
  virtual std::string play(const CommandLine& line) = 0;
  // What has happened since the last call.
  virtual std::string seen() = 0;
};

inline std::uint64_t number_in(const std::string& word) {
  std::uint64_t number = 0;
  for (const char c : word) {
    if (c < '0' || c > '9') throw Mistake("'" + word + "' is no number");
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

template <Protocol P>
class GroupPlayer final : public Player {
 public:
  GroupPlayer(std::uint32_t nodes, typename P::Config config) : group_(nodes, std::move(config)) {}

  std::string play(const CommandLine& line) override {
    const std::string& verb = line.front();
    const CommandLine words(line.begin() + 1, line.end());
    std::string out;
    if (verb == "deliver" || verb == "drop" || verb == "double") {
      move(verb, words);
    } else if (verb == "settle") {
      settle(words);
    } else if (verb == "flight") {
      for (const auto& letter : group_.in_flight()) out += text_of(letter) + "\n";
    } else if (verb == "status") {
      for (const NodeId node : nodes_or_all(words)) out += status_of(node) + "\n";
    } else if (verb == "journal") {
      for (const auto& record : group_.journal(one_node(words))) {
        out += words_.sentence(record) + "\n";
      }
    } else if (verb == "log") {
      for (const NodeId node : nodes_or_all(words)) out += log_of(node) + "\n";
    } else if (verb == "flush") {
      const std::uint64_t before = last_letter_;
      group_.flush(one_node(words));
      for (const auto& letter : group_.in_flight()) {
        if (letter.number > before) out += "  sends " + text_of(letter) + "\n";
      }
    } else if (!act(verb, words)) {
      throw Mistake("there is no command '" + verb + "'");
    }
    return out + seen();
  }

  std::string seen() override {
    std::string out;
    for (const auto& step : group_.taken()) out += text_of(step) + text_of_broken(step.objections);
    out += text_of_broken(group_.objections().all().size());
    if (!group_.in_flight().empty()) last_letter_ = group_.in_flight().back().number;
    return out;
  }

 private:
  using Letter = typename Cluster<P>::Letter;
  using Taken = typename Cluster<P>::Taken;

  // Commands whose outcome is seen in the steps that they cause. False if there is no such one.
  bool act(const std::string& verb, const CommandLine& words) {
    if (verb == "fire") {
      group_.fire(node_in(words, 0), timer_in(words, 1));
    } else if (verb == "ask") {
      ask(words);
    } else if (verb == "again") {
      group_.ask(node_in(words, 0), asked_);
    } else if (verb == "session") {
      session_ = static_cast<std::uint32_t>(number_in(word_in(words, 0)));
    } else if (verb == "crash") {
      for (const NodeId node : nodes_or_all(words)) group_.crash(node);
    } else if (verb == "restart") {
      for (const NodeId node : nodes_or_all(words)) group_.restart(node);
    } else if (verb == "stall") {
      group_.stall(one_node(words));
    } else if (verb == "isolate") {
      for (const NodeId node : nodes_or_all(words)) group_.isolate(node);
    } else if (verb == "heal") {
      group_.heal();
    } else if (verb == "wait") {
      wait(words);
    } else {
      return false;
    }
    return true;
  }

  // --- Words of commands -----------------------------------------------------------------------

  static std::optional<NodeId> node_of(const std::string& word) {
    if (word.size() < 2 || word[0] != 'n' || word[1] < '0' || word[1] > '9') return std::nullopt;
    return NodeId{static_cast<std::uint32_t>(number_in(word.substr(1)))};
  }
  static const std::string& word_in(const CommandLine& words, std::size_t i) {
    if (i >= words.size()) throw Mistake("a word is missing");
    return words[i];
  }
  NodeId node_in(const CommandLine& words, std::size_t i) const {
    const std::optional<NodeId> node = node_of(word_in(words, i));
    const auto& all = group_.nodes();
    if (!node || std::find(all.begin(), all.end(), *node) == all.end()) {
      throw Mistake("'" + words[i] + "' is no node");
    }
    return *node;
  }
  NodeId one_node(const CommandLine& words) const { return node_in(words, 0); }
  std::vector<NodeId> nodes_or_all(const CommandLine& words) const {
    if (words.empty()) return group_.nodes();
    std::vector<NodeId> some;
    for (std::size_t i = 0; i < words.size(); ++i) some.push_back(node_in(words, i));
    return some;
  }
  static typename P::Timer timer_in(const CommandLine& words, std::size_t i) {
    const auto names = enumerators(typename P::Timer{});
    const auto found = std::find(names.begin(), names.end(), word_in(words, i));
    if (found == names.end()) throw Mistake("'" + words[i] + "' is no timer");
    return static_cast<typename P::Timer>(found - names.begin());
  }

  // --- The network -----------------------------------------------------------------------------

  // "[all] [#3 | n1 [n2]] [Kind]": the oldest letter, or all that are on their way now, by number
  // or by sender and receiver, and by kind.
  void move(const std::string& verb, const CommandLine& words) {
    bool all = false;
    std::uint64_t number = 0;
    NodeId from, to;
    std::string kind;
    for (const std::string& word : words) {
      if (word == "all") {
        all = true;
      } else if (word[0] == '#') {
        number = number_in(word.substr(1));
      } else if (const auto node = node_of(word)) {
        (from ? to : from) = *node;
      } else {
        kind = word;
      }
    }
    std::uint64_t last = 0;
    if (!group_.in_flight().empty()) last = group_.in_flight().back().number;
    const auto which = [&](const Letter& letter) {
      return letter.number <= last && (number == 0 || letter.number == number) &&
             (!from || letter.from == from) && (!to || letter.to == to) &&
             (kind.empty() || name_of(letter.message) == kind);
    };
    if (!move_one(verb, which)) throw Mistake("no such letter is on its way");
    while (all && verb != "double" && move_one(verb, which)) {
    }
  }
  template <class Which>
  bool move_one(const std::string& verb, Which which) {
    if (verb == "deliver") return group_.deliver_if(which);
    if (verb == "double") return group_.double_if(which);
    return group_.drop_if(which);
  }
  void settle(const CommandLine& words) {
    if (words.empty()) return group_.settle();
    group_.settle(nodes_or_all(words));
  }

  // --- Clients and clocks ----------------------------------------------------------------------

  // "n1 write 7 10": the operation, its key, its value and, for cas, what is expected; "n1 propose
  // 10" of Paxos has no key. "n1 add_voter n4" is what an administrator asks.
  void ask(const CommandLine& words) {
    const NodeId node = node_in(words, 0);
    const std::string& what = word_in(words, 1);
    const auto operands = CommandLine(words.begin() + 2, words.end());
    Command command;
    const auto operations = enumerators(Operation{});
    const auto changes = enumerators(Administration{});
    const auto operation = std::find(operations.begin(), operations.end(), what);
    const auto change = std::find(changes.begin(), changes.end(), what);
    if (operation != operations.end()) {
      command.operation = static_cast<Operation>(operation - operations.begin());
      const bool keyed = command.operation != Operation::propose;
      if (keyed) command.key = number_in(word_in(operands, 0));
      const auto operand = [&](std::size_t i) {
        return i < operands.size() ? static_cast<std::int64_t>(number_in(operands[i])) : 0;
      };
      command.value = operand(keyed ? 1 : 0);
      command.expected = operand(2);
    } else if (change != changes.end()) {
      command.operation = Operation::administer;
      command.key = static_cast<std::uint64_t>(change - changes.begin());
      const bool is_set = *change == name_of(Administration::set_voters);
      for (std::size_t i = 0; i < operands.size(); ++i) {
        const NodeId meant = node_in(operands, i);
        command.value |= is_set ? std::int64_t{1} << (meant.value - 1) : meant.value;
      }
    } else {
      throw Mistake("'" + what + "' is no operation");
    }
    asked_ = {{NodeId{99}, session_, ++sequences_[session_]}, command};
    words_.learn(asked_);
    group_.ask(node, asked_);
  }

  void wait(const CommandLine& words) {
    const auto span = parse_duration(word_in(words, 0)).value;
    if (!span) throw Mistake("'" + words[0] + "' is no duration");
    if (words.size() == 1) return group_.wait(*span);
    for (std::size_t i = 1; i < words.size(); ++i) group_.wait(node_in(words, i), *span);
  }

  // --- The trace -------------------------------------------------------------------------------

  std::string text_of(const Letter& letter) const {
    return to_text(letter.from) + "->" + to_text(letter.to) + " #" + std::to_string(letter.number) +
           " " + words_.sentence(letter.message);
  }
  // What was objected to, up to so many objections in all.
  std::string text_of_broken(std::size_t objections) {
    std::string out;
    for (; objections_ < objections; ++objections_) {
      const Violation& broken = group_.objections().all()[objections_];
      out += "  BREAKS " + broken.property + ": " + broken.sentence + "\n";
    }
    return out;
  }

  std::string text_of(const Taken& step) {
    const auto& result = step.result;
    if constexpr (std::is_same_v<P, Raft>) learn(result);
    std::string out = to_text(step.node) + " " + step.why;
    std::string what;
    const auto add = [&](const std::string& part) { what += (what.empty() ? "" : ", ") + part; };
    if (!result.persist.empty()) add("writes " + std::to_string(result.persist.size()));
    for (const TimerChange& change : result.timers) {
      const auto timer = static_cast<typename P::Timer>(change.timer);
      add((change.cancel ? "cancels " : "sets ") + std::string(name_of(timer)));
    }
    if (step.waits) add("waits for its disk");
    out += what.empty() ? "\n" : " (" + what + ")\n";
    for (const Fact& fact : result.facts) out += "  says " + words_.sentence(fact) + "\n";
    for (std::size_t i = 0; i < result.send.size(); ++i) {
      const bool left = !step.waits || i < result.sent_ahead;
      out += "  sends " + to_text(step.node) + "->" + to_text(result.send[i].to) + " " +
             (left ? "#" + std::to_string(step.first_letter + i) + " " : "") +
             words_.sentence(result.send[i].message) + "\n";
    }
    for (std::size_t i = 0; i < result.replies.size(); ++i) {
      const Answer& answer = result.replies[i];
      out += "  tells " + words_.text(answer.request) + " " + text_of(answer.response) +
             (step.waits && i < result.replied_ahead ? " at once" : "") + "\n";
    }
    return out;
  }
  std::string text_of(const Response& response) const {
    const std::string outcome(name_of(response.outcome));
    if (response.outcome == Outcome::ok) return outcome + " " + std::to_string(response.value);
    if (response.outcome == Outcome::redirect) return outcome + " " + words_.text(response.leader);
    return outcome;
  }

  std::string status_of(NodeId node) const {
    if (!group_.up(node)) return to_text(node) + " is down";
    std::string out = to_text(node) + " " + words_.sentence(group_.state(node)).substr(6);
    std::string timers;
    for (const auto timer : enumerators(typename P::Timer{})) {
      if (group_.armed(node, timer_in({std::string(timer)}, 0))) timers += " " + std::string(timer);
    }
    return out + (timers.empty() ? "" : " timers:" + timers);
  }

  void learn(const typename Cluster<P>::Result& result) {
    for (const auto& record : result.persist) {
      if (const auto* added = std::get_if<raft::Append>(&record)) words_.learn(added->entry);
    }
  }

  // The log of a Raft node as its journal has it.
  std::string log_of(NodeId node) const {
    if constexpr (std::is_same_v<P, Raft>) {
      const RaftLog log = log_in(group_.journal(node));
      std::string out = to_text(node);
      if (log.base) out += " snapshot:1-" + std::to_string(log.base.value);
      LogIndex index = log.base;
      for (const raft::Entry& entry : log.entries) {
        index = index.next();
        out += " " + std::to_string(index.value) + ":" + words_.text(entry);
      }
      return out;
    } else {
      throw Mistake("only Raft has a log to show: see journal");
    }
  }

  Cluster<P> group_;
  Words words_;
  std::uint32_t session_ = 1;
  std::map<std::uint32_t, std::uint64_t> sequences_;  // the last of each session
  Request asked_;
  std::size_t objections_ = 0;  // that were written down
  std::uint64_t last_letter_ = 0;
};

}  // namespace ballast::scripts

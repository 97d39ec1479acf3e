// What the search must know of a register whose reads may return one of the last few values; see
// register_rules.h for what the functions mean.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/history/object_rules.h"
#include "sim/history/reads_from.h"
#include "sim/history/table.h"

namespace ballast::history {

// A state is the last `versions` values, the newest first; 0 stands for a value that nobody reads
// any more. A cas looks at the newest.
class StaleRules : public PlainRules {
 public:
  StaleRules(const History& history, const std::vector<std::uint32_t>& operations,
             std::size_t versions)
      : PlainRules(history), versions_(versions) {
    for (const std::uint32_t index : operations) {
      const Operation& op = history.operations[index];
      refusals_ |= rules_out(op) || op.outcome == Outcome::refused;
      if (op.action == Action::read && op.known()) words_.number(op.result);
      if (op.action == Action::cas) words_.number(op.expected);
      if (op.action == Action::erase && op.known()) words_.number(nil);
    }
  }

  bool drops(const Operation& op) const {
    if (op.known()) return false;
    return op.action == Action::read || (!refusals_ && value_of(left_by(op)) == 0);
  }

  void prepare(const Object& object) {
    steps_ = object.steps;
    const std::size_t values = words_.size() + 1;
    last_observed_.assign(values, 0);
    last_called_.assign(values, 0);
    entries_.assign(values, 0);
    last_observed_[0] = Operation::never;
    ++entries_[value_of(nil)];
    for (const Step& step : steps_) {
      const Operation& op = history_.operations[step.operation];
      if (leaves(op)) ++entries_[value_of(left_by(op))];
      if (op.action != Action::read && op.action != Action::cas && !looks(op)) continue;
      const std::uint32_t value = value_of(seen_by(op));
      last_observed_[value] = std::max(last_observed_[value], step.returned);
      if (looks(op)) last_called_[value] = std::max(last_called_[value], step.called);
    }
    std::vector<std::uint32_t> window(versions_, 0);
    window[0] = value_of(nil);
    initial_ = number(window);
  }

  std::uint32_t initial() const { return initial_; }
  bool pure(std::uint32_t step) const {
    return operation(step).action == Action::read || operation(step).outcome == Outcome::refused;
  }
  bool apply(std::uint32_t step, std::uint32_t& state) {
    const Operation& op = operation(step);
    const std::vector<std::uint32_t>& window = windows_[state];
    if (op.action == Action::read) {
      return std::find(window.begin(), window.end(), value_of(op.result)) != window.end();
    }
    if (op.action == Action::cas) {
      const bool same = window[0] == value_of(op.expected);
      if (op.outcome == Outcome::refused) return !same;
      if (!same) return false;
    }
    if (op.action == Action::erase) {
      const bool nothing = window[0] == value_of(nil);
      if (op.outcome == Outcome::refused) return nothing;
      if (rules_out(op) && nothing) return false;
    }
    std::vector<std::uint32_t> next = window;
    next.pop_back();
    next.insert(next.begin(), value_of(left_by(op)));
    state = number(next);
    return true;
  }
  std::uint32_t canonical(std::uint32_t state, std::uint32_t position) {
    if (refusals_) return state;
    std::vector<std::uint32_t> window = windows_[state];
    for (std::uint32_t& value : window) {
      if (last_observed_[value] < position) value = 0;
    }
    return number(window);
  }
  // A value that is written once at most is not pushed out while a read of it is still to come.
  bool may_go(std::uint32_t from, std::uint32_t to, std::uint32_t, std::uint32_t position) const {
    if (from == to) return true;
    const std::uint32_t lost = windows_[from].back();
    return lost == 0 || entries_[lost] > 1 || last_called_[lost] <= position;
  }
  std::uint32_t urgency(std::uint32_t step, std::uint32_t returning) const {
    return step == returning ? 0 : steps_[step].returned;
  }
  std::uint64_t bytes() const {
    return windows_.size() * (versions_ * 8 + 96) + words_.bytes() + steps_.capacity() * 16;
  }
  std::string say(std::uint32_t state) const {
    std::string text;
    for (const std::uint32_t value : windows_[state]) {
      if (value == 0) continue;
      text += (text.empty() ? "" : ", ") + history_.values.say(words_.word(value - 1));
    }
    return text.empty() ? "values that nobody reads" : text;
  }

 private:
  std::uint32_t value_of(Word word) const { return words_.find(word) + 1; }  // none + 1 is 0
  std::uint32_t number(const std::vector<std::uint32_t>& window) {
    const auto [at, fresh] = numbers_.emplace(window, static_cast<std::uint32_t>(windows_.size()));
    if (fresh) windows_.push_back(window);
    return at->second;
  }

  std::size_t versions_;
  WordTable words_;  // that somebody observes
  std::map<std::vector<std::uint32_t>, std::uint32_t> numbers_;
  std::vector<std::vector<std::uint32_t>> windows_;  // by state
  std::uint32_t initial_ = 0;
  // By value.
  std::vector<std::uint32_t> last_observed_;
  std::vector<std::uint32_t> last_called_;
  std::vector<std::uint32_t> entries_;
  bool refusals_ = false;
};

}  // namespace ballast::history

// Random histories and the plain search that judges them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <utility>
#include <vector>

#include "sim/base/random.h"
#include "sim/history/check.h"
#include "sim/history/machine.h"

namespace ballast::history {

// Wing and Gong's search as it stands in their paper, without a memory and without a shortcut:
// tries every order in which each operation comes after all that had returned when it was called.
inline bool plain_search(const History& history, const Machine& machine, std::vector<bool>& taken) {
  const std::vector<Operation>& all = history.operations;
  std::uint32_t first_return = Operation::never;
  bool over = true;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (taken[i] || !all[i].known()) continue;
    over = false;
    first_return = std::min(first_return, all[i].returned);
  }
  if (over) return true;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (taken[i] || all[i].called > first_return) continue;
    Machine next = machine;
    if (!next.apply(all[i])) continue;
    taken[i] = true;
    const bool found = plain_search(history, next, taken);
    taken[i] = false;
    if (found) return true;
  }
  return false;
}

inline bool plainly_linearizable(const History& history, Model model) {
  std::vector<bool> taken(history.operations.size(), false);
  return plain_search(history, Machine(model, history.values), taken);
}

// How many histories of each kind; a night tries more.
inline std::uint64_t rounds() {
  const char* more = std::getenv("BALLAST_FUZZ");
  return more == nullptr ? 2000 : std::strtoull(more, nullptr, 10);
}

inline Linearizability judge(const History& history, Model model) {
  LinearizabilityCheck check(history, model, {});
  check.finish();
  return check.answer();
}

struct Shape {
  std::uint64_t operations = 8;
  std::uint64_t clients = 4;
  std::uint64_t values = 3;   // how many distinct ones; 0 for all different
  std::uint64_t unknown = 4;  // one in so many; 0 for none
  std::uint64_t wrong = 2;    // one result in so many is made up; 0 for none
  bool refusals = true;
  bool answers = false;     // additions tell the sum, deletes what they found, locks give tokens
  std::uint64_t pause = 0;  // between two operations of a client, at least
};

// Operations with times drawn at random, each applied at a random instant of its interval to the
// sequential object; then results are falsified now and then, so that verdicts differ.
class RandomHistory {
 public:
  RandomHistory(Model model, const Shape& shape, std::uint64_t seed)
      : model_(model), shape_(shape), dice_(seed, Purpose::operation, 0) {}

  History make() {
    history_.objects = {""};
    struct Taking {
      std::int64_t at = 0;
      std::size_t index = 0;
    };
    std::vector<Taking> takings;
    std::vector<std::int64_t> free_at(shape_.clients, 0);
    std::vector<std::int64_t> process(shape_.clients, 0);
    for (std::size_t i = 0; i < shape_.operations; ++i) {
      const std::size_t client = dice_.below(shape_.clients);
      Operation op = call(i);
      op.owner = static_cast<Word>(client);
      op.process = static_cast<Word>(client);
      op.invoked = Time{free_at[client] + static_cast<std::int64_t>(shape_.pause + dice_.below(6))};
      op.ended = Time{op.invoked.ns + 1 + static_cast<std::int64_t>(dice_.below(12))};
      op.outcome = Outcome::ok;
      const auto length = static_cast<std::uint64_t>(op.ended.ns - op.invoked.ns);
      takings.push_back({op.invoked.ns + static_cast<std::int64_t>(dice_.below(length + 1)), i});
      if (shape_.unknown > 0 && dice_.below(shape_.unknown) == 0) {
        op.outcome = Outcome::unknown;
        takings.back().at += static_cast<std::int64_t>(dice_.below(20));
      }
      free_at[client] = op.ended.ns;
      history_.operations.push_back(op);
    }
    std::stable_sort(takings.begin(), takings.end(),
                     [](const Taking& a, const Taking& b) { return a.at < b.at; });
    std::uint32_t effects = 0;
    for (const Taking& taking : takings) {
      Operation& op = history_.operations[taking.index];
      if (take_effect(op)) op.effect = effects++;
    }
    std::erase_if(history_.operations, [this](const Operation& op) {
      return op.known() && op.outcome == Outcome::refused && !shape_.refusals;
    });
    put_in_order(history_);
    return std::move(history_);
  }

 private:
  Word value(std::size_t i) {
    if (shape_.values == 0) return static_cast<Word>(i) + 1;
    const Word drawn = static_cast<Word>(dice_.below(shape_.values)) + 1;
    return drawn;
  }

  Operation call(std::size_t i) {
    Operation op;
    const std::uint64_t kind = dice_.below(8);
    switch (model_) {
      case Model::reg:
        op.action = kind < 4 ? Action::read : Action::write;
        break;
      case Model::cas_register:
        op.action = kind < 3 ? Action::read : kind < 5 ? Action::write : Action::cas;
        break;
      case Model::kv:
        op.action = kind < 3   ? Action::read
                    : kind < 5 ? Action::append
                    : kind < 6 ? Action::write
                    : kind < 7 ? Action::erase
                               : Action::cas;
        break;
      case Model::queue:
        op.action = kind < 4 ? Action::enqueue : Action::dequeue;
        break;
      case Model::lock:
      case Model::fenced_lock:
        op.action = kind < 4 ? Action::acquire : Action::release;
        break;
      case Model::counter:
      case Model::set:
        op.action = kind < 4 ? Action::add : Action::read;
        break;
      case Model::consensus:
        op.action = Action::propose;
        break;
      case Model::append_list:
        op.action = kind < 4 ? Action::append : Action::read;
        break;
    }
    op.argument = value(i);
    if (op.action == Action::cas) op.expected = value(i == 0 ? 0 : dice_.below(i));
    // What is appended to must be a list.
    if (model_ == Model::kv && (op.action == Action::write || op.action == Action::cas)) {
      op.argument = history_.values.list(std::array{op.argument});
      if (op.action == Action::cas) op.expected = history_.values.list(std::array{op.expected});
    }
    if (op.action == Action::read || op.action == Action::dequeue || op.action == Action::erase ||
        op.action == Action::acquire || op.action == Action::release) {
      op.argument = nil;
    }
    return op;
  }

  // What the object answers now. An operation that it does not allow is refused, or else unknown.
  // False if an unknown one has not happened.
  bool take_effect(Operation& op) {
    const bool unknown = op.outcome == Outcome::unknown;
    const bool happens = !unknown || dice_.below(2) == 0;
    if (!happens) return false;
    if (op.action == Action::read) {
      op.result = seen();
    } else if (op.action == Action::propose) {
      if (held_ == nil) held_ = op.argument;
      op.result = held_;
    } else if (op.action == Action::dequeue && !queue_.empty()) {
      op.result = queue_.front();
    }
    if (!unknown && shape_.wrong > 0 && dice_.below(shape_.wrong) == 0) falsify(op);
    const bool dequeues_nothing = op.action == Action::dequeue && queue_.empty();
    if (!dequeues_nothing && perform(op)) {
      if (unknown) op.result = nil;
      return true;
    }
    op.result = nil;
    const bool must_succeed = op.action == Action::release && !shape_.answers;
    if (!unknown) op.outcome = must_succeed ? Outcome::unknown : Outcome::refused;
    return op.known();
  }

  // A counterfeit: what an earlier or a later state would have answered, or nothing at all.
  void falsify(Operation& op) {
    if (op.action == Action::read) {
      op.result = pasts_.empty() || dice_.below(3) == 0 ? nil : pasts_[dice_.below(pasts_.size())];
    } else if (op.action == Action::dequeue || op.action == Action::propose) {
      op.result = value(dice_.below(shape_.operations));
    }
    counterfeit_ = true;
  }

  Word seen() {
    if (model_ == Model::set) {
      std::vector<Word> sorted = members_;
      return history_.values.list(sorted);
    }
    if (model_ == Model::counter) return total_;
    return held_;
  }

  bool perform(Operation& op) {
    const bool lie = std::exchange(counterfeit_, false);
    switch (op.action) {
      case Action::read:
      case Action::propose:
        return true;
      case Action::cas:
        if (held_ != op.expected) return lie && op.known();
        held_ = op.argument;
        break;
      case Action::write:
        held_ = op.argument;
        break;
      case Action::append: {
        std::vector<Word> elements = history_.values.elements(held_);
        if (held_ != nil && elements.empty()) return true;
        elements.push_back(op.argument);
        held_ = history_.values.list(elements);
        break;
      }
      case Action::erase:
        if (shape_.answers) {
          op.result = 1;
          if ((held_ == nil) != (lie && op.known())) return false;
        }
        held_ = nil;
        break;
      case Action::enqueue:
        queue_.push_back(op.argument);
        return true;
      case Action::dequeue:
        queue_.pop_front();
        return true;
      case Action::acquire:
        if (owned_ && shape_.answers && owner_ == op.owner) {
          op.result = token_ + (lie ? 1 : 0);
          return true;
        }
        if (owned_) return lie && op.known();
        owned_ = true;
        owner_ = op.owner;
        ++token_;
        if (shape_.answers) op.result = token_ - (lie ? 1 : 0);
        return true;
      case Action::release:
        if (!owned_ || owner_ != op.owner) return lie && op.known();
        owned_ = false;
        return true;
      case Action::add:
        total_ += op.argument;
        if (shape_.answers && model_ == Model::counter) op.result = total_ + (lie ? 1 : 0);
        if (std::find(members_.begin(), members_.end(), op.argument) == members_.end()) {
          members_.push_back(op.argument);
          std::sort(members_.begin(), members_.end());
        }
        break;
    }
    pasts_.push_back(seen());
    return true;
  }

  Model model_;
  Shape shape_;
  Stream dice_;
  History history_;
  Word held_ = nil;
  Word total_ = 0;
  bool owned_ = false;
  Word owner_ = 0;
  Word token_ = 0;
  bool counterfeit_ = false;
  std::vector<Word> members_;
  std::deque<Word> queue_;
  std::vector<Word> pasts_;
};

}  // namespace ballast::history

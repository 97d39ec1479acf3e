#include "sim/history/machine.h"

#include <algorithm>

namespace ballast::history {

bool Machine::apply_to_other(const Operation& operation) {
  switch (model_) {
    case Model::reg:
    case Model::cas_register:
    case Model::kv:
    case Model::append_list:
      return apply_to_value(operation);
    case Model::queue:
      return apply_to_queue(operation);
    case Model::lock:
      return apply_to_lock(operation);
    case Model::fenced_lock:
      return apply_to_fenced_lock(operation);
    case Model::counter:
      return apply_to_counter(operation);
    case Model::set:
      return apply_to_set(operation);
    case Model::consensus:
      return apply_to_consensus(operation);
  }
  return false;
}

bool Machine::apply_to_counter(const Operation& operation) {
  const Word sum = value_ == nil ? 0 : value_;
  if (operation.action == Action::read) {
    return !operation.known() || sum == (operation.result == nil ? 0 : operation.result);
  }
  value_ = static_cast<Word>(static_cast<std::uint64_t>(sum) +
                             static_cast<std::uint64_t>(operation.argument));
  return !operation.known() || operation.result == nil || operation.result == value_;
}

bool Machine::apply_to_consensus(const Operation& operation) {
  if (value_ == nil) value_ = operation.argument;
  return !operation.known() || operation.result == value_;
}

bool Machine::apply_to_queue(const Operation& operation) {
  if (operation.action == Action::enqueue) {
    words_.push_back(operation.argument);
    return true;
  }
  const std::span<const Word> queue = words();
  if (operation.outcome == Outcome::refused) return queue.empty();
  if (queue.empty()) return false;
  if (operation.known() && queue.front() != operation.result) return false;
  // What was taken goes when it is half of all: each word moves once on average.
  if (++taken_ * 2 < words_.size()) return true;
  words_.erase(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(taken_));
  taken_ = 0;
  return true;
}

bool Machine::apply_to_lock(const Operation& operation) {
  const bool owns = held_ && value_ == operation.owner;
  if (operation.action == Action::release) {
    if (operation.outcome == Outcome::refused) return !owns;
    held_ = held_ && !owns;
    return owns;
  }
  if (operation.outcome == Outcome::refused) return held_;
  const Word token = operation.known() ? operation.result : nil;
  if (owns && token != nil && (token_ == nil || token_ == token)) {
    token_ = token;
    return true;
  }
  if (held_) return false;
  held_ = true;
  value_ = operation.owner;
  token_ = token;
  return true;
}

bool Machine::apply_to_fenced_lock(const Operation& operation) {
  const bool owns = held_ && value_ == operation.owner;
  const bool refused = operation.outcome == Outcome::refused;
  if (operation.action == Action::release) {
    if (refused) return !owns;
    held_ = held_ && !owns;
    return owns;
  }
  if (refused) return held_ && !owns;
  if (held_ && !owns) return false;
  if (!owns) {
    held_ = true;
    value_ = operation.owner;
    token_ = token_ == nil ? 1 : token_ + 1;
  }
  return !operation.known() || operation.result == token_;
}

bool Machine::apply_to_set(const Operation& operation) {
  if (operation.action == Action::add) {
    const auto at = std::lower_bound(words_.begin(), words_.end(), operation.argument);
    if (at == words_.end() || *at != operation.argument) words_.insert(at, operation.argument);
    return true;
  }
  if (!operation.known()) return true;
  return words_ == values_->elements(operation.result);
}

bool operator==(const Machine& a, const Machine& b) {
  const std::span<const Word> of_a = a.words();
  const std::span<const Word> of_b = b.words();
  return a.value_ == b.value_ && a.held_ == b.held_ && a.token_ == b.token_ &&
         std::equal(of_a.begin(), of_a.end(), of_b.begin(), of_b.end());
}

std::uint64_t Machine::fingerprint() const {
  std::uint64_t h = mix(static_cast<std::uint64_t>(value_) + (held_ ? 1 : 0));
  h = mix(h ^ static_cast<std::uint64_t>(token_));
  for (const Word word : words()) h = mix(h ^ static_cast<std::uint64_t>(word));
  return h;
}

std::string Machine::say() const {
  if (model_ == Model::lock || model_ == Model::fenced_lock) {
    if (!held_) return "free";
    const std::string text = "held by " + values_->say(value_);
    return token_ == nil ? text : text + " under token " + values_->say(token_);
  }
  if (model_ != Model::queue && model_ != Model::set) return values_->say(value_);
  constexpr std::size_t most_said = 8;
  std::string text;
  const std::span<const Word> all = words();
  for (std::size_t i = 0; i < all.size() && i < most_said; ++i) {
    text += (i > 0 ? " " : "") + values_->say(all[i]);
  }
  if (all.size() > most_said) text += " ...";
  return "[" + text + "]";
}

}  // namespace ballast::history

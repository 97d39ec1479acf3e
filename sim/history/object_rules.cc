#include "sim/history/object_rules.h"

#include <algorithm>

namespace ballast::history {
namespace {

Word sum(Word a, Word b) {
  return static_cast<Word>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace

// --- Queue -----------------------------------------------------------------------------------

QueueRules::QueueRules(const History& history, const std::vector<std::uint32_t>& operations)
    : PlainRules(history) {
  for (const std::uint32_t index : operations) {
    const Operation& op = history.operations[index];
    if (op.action == Action::dequeue && op.outcome == Outcome::ok) values_.number(op.result);
  }
}

bool QueueRules::drops(const Operation& op) const {
  return !op.known() && op.action == Action::enqueue &&
         values_.find(op.argument) == PairTable::none;
}

void QueueRules::prepare(const Object& object) {
  steps_ = object.steps;
  taken_.resize(values_.size());
  std::vector<Word> enqueued;
  for (std::uint32_t i = 0; i < steps_.size(); ++i) {
    const Operation& op = operation(i);
    if (op.action == Action::enqueue) {
      enqueued.push_back(op.argument);
    } else if (!op.known()) {
      ordered_ = false;
    } else if (op.outcome == Outcome::ok) {
      Taken& taken = taken_[values_.number(op.result)];
      ordered_ &= taken.called == Operation::never;
      taken = {steps_[i].called, steps_[i].returned};
    }
  }
  std::sort(enqueued.begin(), enqueued.end());
  ordered_ &= std::adjacent_find(enqueued.begin(), enqueued.end()) == enqueued.end();
}

QueueRules::Taken QueueRules::taken(Word value) const {
  const std::uint32_t number = values_.find(value);
  return number == PairTable::none ? Taken{} : taken_[number];
}

std::uint32_t QueueRules::ancestor(std::uint32_t node, std::uint32_t depth) const {
  while (nodes_[node].depth > depth) {
    const std::uint32_t jump = nodes_[node].jump;
    node = nodes_[jump].depth >= depth ? jump : nodes_[node].parent;
  }
  return node;
}

std::uint32_t QueueRules::state_of(State state) {
  const auto fresh = static_cast<std::uint32_t>(states_.size());
  const std::uint32_t number = state_numbers_.insert(state.node, state.front, fresh);
  if (number == fresh) states_.push_back(state);
  return number;
}

std::uint32_t QueueRules::enqueued(std::uint32_t state, Word value) {
  const State from = states_[state];
  const auto fresh = static_cast<std::uint32_t>(nodes_.size());
  const std::uint32_t node = children_.insert(from.node, static_cast<std::uint64_t>(value), fresh);
  if (node == fresh) {
    Node made;
    made.value = value;
    made.parent = from.node;
    made.depth = nodes_[from.node].depth + 1;
    // Myers, "An applicative random-access stack", 1983: jumps of the lengths of a skew-binary
    // number.
    const std::uint32_t jump = nodes_[from.node].jump;
    const bool join = nodes_[from.node].depth - nodes_[jump].depth ==
                      nodes_[jump].depth - nodes_[nodes_[jump].jump].depth;
    made.jump = join ? nodes_[jump].jump : from.node;
    made.latest = std::max(nodes_[from.node].latest, taken(value).called);
    nodes_.push_back(made);
  }
  return state_of({node, from.front == 0 ? node : from.front});
}

std::uint32_t QueueRules::dequeued(std::uint32_t state) {
  const State from = states_[state];
  // An empty queue is one state, whatever went through it.
  if (from.front == from.node) return 0;
  return state_of({from.node, ancestor(from.node, nodes_[from.front].depth + 1)});
}

bool QueueRules::apply(std::uint32_t step, std::uint32_t& state) {
  const Operation& op = operation(step);
  if (op.action == Action::enqueue) {
    state = enqueued(state, op.argument);
    return true;
  }
  if (op.outcome == Outcome::refused) return state == 0;
  if (state == 0) return false;
  if (op.known() && nodes_[states_[state].front].value != op.result) return false;
  state = dequeued(state);
  return true;
}

bool QueueRules::may_go(std::uint32_t from, std::uint32_t, std::uint32_t step,
                        std::uint32_t) const {
  if (!ordered_ || operation(step).action != Action::enqueue) return true;
  return nodes_[states_[from].node].latest <= taken(operation(step).argument).returned;
}

// What is dequeued first is enqueued first.
std::uint32_t QueueRules::urgency(std::uint32_t step, std::uint32_t returning) const {
  const Operation& op = operation(step);
  if (op.action == Action::enqueue) return taken(op.argument).returned;
  return step == returning ? 0 : steps_[step].returned;
}

std::uint64_t QueueRules::bytes() const {
  return nodes_.capacity() * sizeof(Node) + states_.capacity() * sizeof(State) + children_.bytes() +
         state_numbers_.bytes() + values_.bytes();
}

std::string QueueRules::say(std::uint32_t state) const {
  if (state == 0) return "empty";
  const State at = states_[state];
  std::vector<Word> values;
  for (std::uint32_t node = at.node;; node = nodes_[node].parent) {
    values.push_back(nodes_[node].value);
    if (node == at.front) break;
  }
  std::string text = "[";
  for (std::size_t i = 0; i < values.size() && i < 8; ++i) {
    text += (i > 0 ? " " : "") + history_.values.say(values[values.size() - 1 - i]);
  }
  return text + (values.size() > 8 ? " ...]" : "]");
}

// --- Lock --------------------------------------------------------------------------------------

LockRules::LockRules(const History& history, const std::vector<std::uint32_t>&)
    : PlainRules(history) {}

void LockRules::prepare(const Object& object) {
  steps_ = object.steps;
  for (std::uint32_t i = 0; i < steps_.size(); ++i) {
    holders_.push_back(owners_.number(operation(i).owner) + 1);
  }
}

std::uint32_t LockRules::state_of(State state) {
  if (state.holder == 0 && state.token == nil) return 0;
  const auto fresh = static_cast<std::uint32_t>(states_.size());
  const std::uint32_t number =
      state_numbers_.insert(state.holder, static_cast<std::uint64_t>(state.token), fresh);
  if (number == fresh) states_.push_back(state);
  return number;
}

bool LockRules::release(std::uint32_t step, std::uint32_t& state, State freed) {
  const bool owns = states_[state].holder == holders_[step];
  if (operation(step).outcome == Outcome::refused) return !owns;
  if (owns) state = state_of(freed);
  return owns;
}

bool LockRules::apply(std::uint32_t step, std::uint32_t& state) {
  const Operation& op = operation(step);
  if (op.action == Action::release) return release(step, state, {});
  const State at = states_[state];
  if (op.outcome == Outcome::refused) return at.holder != 0;
  const Word token = op.known() ? op.result : nil;
  const bool again = at.holder == holders_[step] && token != nil;
  if (at.holder != 0 && !(again && (at.token == nil || at.token == token))) return false;
  state = state_of({holders_[step], token});
  return true;
}

bool FencedLockRules::apply(std::uint32_t step, std::uint32_t& state) {
  const Operation& op = operation(step);
  const State at = states_[state];
  if (op.action == Action::release) return release(step, state, {0, at.token});
  const bool owns = at.holder == holders_[step];
  if (op.outcome == Outcome::refused) return at.holder != 0 && !owns;
  // An unknown acquire of the holder would change nothing.
  if (owns) return op.known() && op.result == at.token;
  const Word token = at.token == nil ? 1 : at.token + 1;
  if (at.holder != 0 || (op.known() && op.result != token)) return false;
  state = state_of({holders_[step], token});
  return true;
}

std::string LockRules::say(std::uint32_t state) const {
  const State at = states_[state];
  if (at.holder == 0) return "free";
  const std::string text = "held by " + history_.values.say(owners_.word(at.holder - 1));
  return at.token == nil ? text : text + " under token " + history_.values.say(at.token);
}

// --- Consensus ---------------------------------------------------------------------------------

ConsensusRules::ConsensusRules(const History& history, const std::vector<std::uint32_t>& operations)
    : PlainRules(history) {
  for (const std::uint32_t index : operations) {
    const Operation& op = history.operations[index];
    if (op.known()) values_.number(op.result);
  }
}

// Nobody was told that it decided.
bool ConsensusRules::drops(const Operation& op) const {
  return !op.known() && values_.find(op.argument) == PairTable::none;
}

void ConsensusRules::prepare(const Object& object) {
  steps_ = object.steps;
  for (std::uint32_t i = 0; i < steps_.size(); ++i) {
    const Operation& op = operation(i);
    proposed_.push_back(values_.number(op.argument) + 1);
    told_.push_back(op.known() ? values_.number(op.result) + 1 : 0);
  }
}

bool ConsensusRules::apply(std::uint32_t step, std::uint32_t& state) const {
  if (state == 0) state = proposed_[step];
  return told_[step] == 0 || told_[step] == state;
}

std::string ConsensusRules::say(std::uint32_t state) const {
  return state == 0 ? "undecided" : history_.values.say(values_.word(state - 1));
}

// --- Counter -----------------------------------------------------------------------------------

CounterRules::CounterRules(const History& history, const std::vector<std::uint32_t>&)
    : PlainRules(history) {
  sums_.number(0);
}

bool CounterRules::drops(const Operation& op) const {
  return !op.known() && (op.action == Action::read || op.argument == 0);
}

void CounterRules::prepare(const Object& object) {
  steps_ = object.steps;
  for (std::uint32_t i = 0; i < steps_.size(); ++i) {
    const bool sees = operation(i).known() && operation(i).result != nil;
    if (pure(i) || sees) last_read_ = std::max(last_read_, steps_[i].returned);
    adds_see_ |= sees && !pure(i);
  }
}

bool CounterRules::apply(std::uint32_t step, std::uint32_t& state) {
  const Operation& op = operation(step);
  if (op.action == Action::read) {
    return state != 0 && sums_.word(state - 1) == (op.result == nil ? 0 : op.result);
  }
  if (state == 0) return true;
  const Word after = sum(sums_.word(state - 1), op.argument);
  if (op.known() && op.result != nil && op.result != after) return false;
  state = sums_.number(after) + 1;
  return true;
}

std::string CounterRules::say(std::uint32_t state) const {
  return state == 0 ? "a sum that nobody sees" : std::to_string(sums_.word(state - 1));
}

}  // namespace ballast::history

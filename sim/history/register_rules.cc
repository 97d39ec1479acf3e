#include "sim/history/register_rules.h"

#include <algorithm>
#include <numeric>

namespace ballast::history {

static_assert(PairTable::none + std::uint32_t{1} == 0);

namespace {

// A delete that found nothing is a read of nothing.
bool reads_value(const Operation& op) {
  return op.action == Action::read ||
         (op.action == Action::erase && op.outcome == Outcome::refused);
}
bool found_something(const Operation& op) {
  return op.action == Action::erase && op.outcome == Outcome::ok && op.result != nil;
}
bool contrasts(const Operation& op) {
  return (op.action == Action::cas && op.outcome == Outcome::refused) || found_something(op);
}
Word wanted(const Operation& op) {
  if (op.action == Action::cas) return op.expected;
  return op.action == Action::read ? op.result : nil;
}

}  // namespace

RegisterRules::RegisterRules(const History& history, const std::vector<std::uint32_t>& operations)
    : history_(history) {
  for (const std::uint32_t index : operations) {
    const Operation& operation = history.operations[index];
    appends_ |= operation.action == Action::append;
    contrasts_ |= contrasts(operation);
    grows_only_ &= operation.action == Action::append || operation.action == Action::read;
  }
  for (const std::uint32_t index : operations) {
    const Operation& operation = history.operations[index];
    const bool sees = (reads_value(operation) && operation.known()) || found_something(operation);
    if (sees || operation.action == Action::cas) observe(wanted(operation));
  }
}

void RegisterRules::observe(Word word) {
  // Whoever appends to a value must be able to tell it from others.
  while (words_.find(word) == PairTable::none) {
    words_.number(word);
    if (!Values::is_list(word) && !Values::is_text(word)) break;
    elements_.number(history_.values.last(word));
    if (!appends_) break;
    word = history_.values.parent(word);
  }
}

bool RegisterRules::drops(const Operation& operation) const {
  if (operation.known()) return false;
  if (operation.action == Action::read) return true;
  if (contrasts_) return false;
  if (operation.action == Action::append) {
    Word last = operation.argument;
    if (Values::is_list(last) || Values::is_text(last)) last = history_.values.last(last);
    return elements_.find(last) == PairTable::none;
  }
  return words_.find(operation.action == Action::erase ? nil : operation.argument) ==
         PairTable::none;
}

RegisterRules::Facts RegisterRules::facts_of(const Operation& operation) const {
  Facts facts;
  facts.action = reads_value(operation) ? Action::read : operation.action;
  facts.contrasts = contrasts(operation);
  facts.known = operation.known();
  facts.pure = reads_value(operation) || operation.outcome == Outcome::refused;
  facts.overwrites = facts.action == Action::write || facts.action == Action::erase;
  if (reads_value(operation) || operation.action == Action::cas || facts.contrasts) {
    facts.wanted = state_of(wanted(operation));
  }
  if (operation.action == Action::append) {
    facts.tail = operation.argument;
  } else if (!facts.pure) {
    facts.target = state_of(operation.action == Action::erase ? nil : operation.argument);
  }
  return facts;
}

void RegisterRules::prepare(const Object& object) {
  const std::size_t states = words_.size() + 1;
  last_observed_.assign(states, 0);
  last_called_.assign(states, 0);
  leaver_.assign(states, Operation::never);
  last_observed_[0] = Operation::never;
  for (std::uint32_t i = 0; i < object.steps.size(); ++i) {
    const Step& step = object.steps[i];
    const Operation& operation = history_.operations[step.operation];
    Facts facts = facts_of(operation);
    facts.called = step.called;
    facts.returned = step.returned;
    facts_.push_back(facts);
    if (facts.wanted == 0) continue;
    last_observed_[facts.wanted] = std::max(last_observed_[facts.wanted], step.returned);
    if (!facts.known || facts.contrasts) continue;
    last_called_[facts.wanted] = std::max(last_called_[facts.wanted], step.called);
    if (facts.action == Action::read) last_read_called_ = std::max(last_read_called_, step.called);
    if (facts.action == Action::cas && operation.expected != operation.argument) {
      leaver_[facts.wanted] = i;
    }
  }
  count_entries();
  if (appends_) spread_to_parents();
  index_kinds(object);
  element_observed_.assign(elements_.size() + 1, 0);
  for (std::uint32_t state = 1; state < states; ++state) {
    const Word word = words_.word(state - 1);
    if (!Values::is_list(word) && !Values::is_text(word)) continue;
    std::uint32_t& until = element_observed_[elements_.find(history_.values.last(word)) + 1];
    until = std::max(until, last_observed_[state]);
  }
}

std::uint32_t RegisterRules::useful_until(std::uint32_t step) const {
  const Facts& facts = facts_[step];
  if (contrasts_) return Operation::never;
  if (facts.action != Action::append) return last_observed_[facts.target];
  const bool joins = Values::is_list(facts.tail) || Values::is_text(facts.tail);
  const Word last = joins ? history_.values.last(facts.tail) : facts.tail;
  return element_observed_[elements_.find(last) + 1];
}

// How often each value can be entered at most; the initial one is, before anything happens.
void RegisterRules::count_entries() {
  std::vector<std::uint32_t> entries(words_.size() + 1, 0);
  ++entries[state_of(nil)];
  std::vector<std::uint32_t> by_element(elements_.size() + 1, 0);
  for (const Facts& facts : facts_) {
    if (facts.action == Action::append) {
      const bool joins = Values::is_list(facts.tail) || Values::is_text(facts.tail);
      ++by_element[elements_.find(joins ? history_.values.last(facts.tail) : facts.tail) + 1];
    } else if (!facts.pure) {
      ++entries[facts.target];
    }
  }
  entered_once_.assign(entries.size(), false);
  for (std::uint32_t state = 1; state < entries.size(); ++state) {
    const Word word = words_.word(state - 1);
    if (Values::is_list(word) || Values::is_text(word)) {
      entries[state] += by_element[elements_.find(history_.values.last(word)) + 1];
    }
    entered_once_[state] = entries[state] <= 1;
  }
}

// A list is observed as long as one that grew from it.
void RegisterRules::spread_to_parents() {
  std::vector<std::uint32_t> states;
  for (std::uint32_t state = 1; state < last_observed_.size(); ++state) states.push_back(state);
  std::stable_sort(states.begin(), states.end(), [&](std::uint32_t a, std::uint32_t b) {
    return last_observed_[a] > last_observed_[b];
  });
  for (const std::uint32_t state : states) {
    const std::uint32_t until = last_observed_[state];
    Word word = words_.word(state - 1);
    while (Values::is_list(word) || Values::is_text(word)) {
      word = history_.values.parent(word);
      std::uint32_t& above = last_observed_[state_of(word)];
      if (above >= until) break;
      above = until;
    }
  }
}

// Whether the element is in the list.
bool RegisterRules::contains(Word list, Word element) const {
  for (; Values::is_list(list); list = history_.values.parent(list)) {
    if (history_.values.last(list) == element) return true;
  }
  return false;
}

void RegisterRules::index_kinds(const Object& object) {
  constexpr std::uint32_t none = Operation::never;
  knows_kinds_ = appends_ && grows_only_;
  std::vector<std::uint32_t> kind_of(elements_.size(), none);
  std::vector<std::uint32_t> appended(elements_.size() + 1, 0);  // how often, none at 0
  for (std::uint32_t i = 0; i < facts_.size() && knows_kinds_; ++i) {
    if (facts_[i].action != Action::append) continue;
    const Word tail = facts_[i].tail;
    knows_kinds_ = tail != nil && !Values::is_list(tail) && !Values::is_text(tail);
    if (!knows_kinds_) return;
    const std::uint32_t element = elements_.find(tail);
    ++appended[element + 1];
    if (!facts_[i].known) kind_of[element] = object.steps[i].place;
  }
  for (std::uint32_t element = 0; element < elements_.size(); ++element) {
    knows_kinds_ &= kind_of[element] == none || appended[element + 1] == 1;
  }
  if (!knows_kinds_) return;
  // Which append makes a state of its parent.
  std::vector<std::uint32_t> ends(elements_.size(), 0);  // how many lists each is the last of
  for (std::uint32_t number = 0; number < words_.size(); ++number) {
    const Word word = words_.word(number);
    if (Values::is_list(word)) ++ends[elements_.find(history_.values.last(word))];
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ways;  // parent, kind
  for (std::uint32_t number = 0; number < words_.size(); ++number) {
    const Word word = words_.word(number);
    if (!Values::is_list(word)) continue;
    const Word last = history_.values.last(word);
    const Word parent = history_.values.parent(word);
    const std::uint32_t element = elements_.find(last);
    if (kind_of[element] == none || (ends[element] > 1 && contains(parent, last))) continue;
    ways.emplace_back(state_of(parent), kind_of[element]);
  }
  std::sort(ways.begin(), ways.end());
  kinds_begin_.assign(words_.size() + 2, 0);
  for (const auto& [parent, kind] : ways) {
    kinds_.push_back(kind);
    ++kinds_begin_[parent + 1];
  }
  std::partial_sum(kinds_begin_.begin(), kinds_begin_.end(), kinds_begin_.begin());
}

std::uint32_t RegisterRules::awaited(std::uint32_t state, std::uint32_t position) const {
  std::uint32_t first = Operation::never;
  for (std::uint32_t i = 0; state != 0 && i < facts_.size(); ++i) {
    const Facts& facts = facts_[i];
    if (facts.wanted != state || !facts.known || facts.contrasts) continue;
    if (facts.called <= position || facts.returned == Operation::never) continue;
    if (first == Operation::never || facts.returned < facts_[first].returned) first = i;
  }
  return first;
}

bool RegisterRules::apply(std::uint32_t step, std::uint32_t& state) const {
  const Facts& facts = facts_[step];
  switch (facts.action) {
    case Action::read:
      return state == facts.wanted;
    case Action::cas:
      if (facts.contrasts) return state != facts.wanted;
      if (state != facts.wanted) return false;
      state = facts.target;
      return true;
    case Action::append:
      if (state != 0) {
        state = state_of(history_.values.appended(words_.word(state - 1), facts.tail));
      }
      return true;
    case Action::erase:
      if (facts.contrasts && state == facts.wanted) return false;
      state = facts.target;
      return true;
    case Action::write:
      state = facts.target;
      return true;
    case Action::enqueue:
    case Action::dequeue:
    case Action::acquire:
    case Action::release:
    case Action::add:
    case Action::propose:
      break;
  }
  return false;
}

}  // namespace ballast::history

#include "sim/history/operation.h"

#include <algorithm>

#include "sim/base/describe.h"
#include "sim/base/text.h"

namespace ballast::history {

void put_in_order(History& history) {
  std::vector<Operation>& operations = history.operations;
  const auto earlier = [](const Operation& a, const Operation& b) { return a.invoked < b.invoked; };
  if (!std::is_sorted(operations.begin(), operations.end(), earlier)) {
    std::stable_sort(operations.begin(), operations.end(), earlier);
  }
  struct Return {
    Time at;
    std::uint32_t operation = 0;
  };
  std::vector<Return> returns;
  returns.reserve(operations.size());
  for (std::size_t i = 0; i < operations.size(); ++i) {
    operations[i].returned = Operation::never;
    if (!operations[i].known()) continue;
    returns.push_back({operations[i].ended, static_cast<std::uint32_t>(i)});
  }
  std::stable_sort(returns.begin(), returns.end(),
                   [](const Return& a, const Return& b) { return a.at < b.at; });
  std::uint32_t rank = 0;
  std::size_t next = 0;
  const auto return_until = [&](Time before) {
    for (; next < returns.size() && returns[next].at < before; ++next) {
      operations[returns[next].operation].returned = rank++;
    }
  };
  for (Operation& operation : operations) {
    return_until(operation.invoked);
    operation.called = rank++;
  }
  return_until(Time::max());
  for (; next < returns.size(); ++next) operations[returns[next].operation].returned = rank++;
  history.events = rank;
}

std::string say(const Operation& operation, const Values& values) {
  std::string text(name_of(operation.action));
  const bool says_result = operation.outcome == Outcome::ok && operation.result != nil;
  switch (operation.action) {
    case Action::write:
    case Action::append:
    case Action::enqueue:
      text += " " + values.say(operation.argument);
      break;
    case Action::add:
      text += " " + values.say(operation.argument);
      if (says_result) text += " -> " + values.say(operation.result);
      break;
    case Action::propose:
      text += " " + values.say(operation.argument);
      if (operation.outcome == Outcome::ok) text += " -> " + values.say(operation.result);
      break;
    case Action::cas:
      text += " " + values.say(operation.expected) + " -> " + values.say(operation.argument);
      break;
    case Action::read:
    case Action::dequeue:
      if (operation.outcome == Outcome::ok) text += " -> " + values.say(operation.result);
      break;
    case Action::acquire:
      if (says_result) text += " -> " + values.say(operation.result);
      break;
    case Action::erase:
      if (operation.outcome == Outcome::refused) return text + " (found nothing)";
      if (says_result) text += " (found something)";
      break;
    case Action::release:
      break;
  }
  if (operation.outcome == Outcome::refused) text += " (refused)";
  if (operation.outcome == Outcome::unknown) text += " (unknown)";
  return text;
}

std::string say_process(Word process, const Values& values) {
  return "process " + values.plain(process);
}

std::string say_time(TimeUnit unit, Time at) {
  if (unit == TimeUnit::nanosecond) return to_text(at);
  return std::string(name_of(unit)) + " " + std::to_string(at.ns);
}

}  // namespace ballast::history

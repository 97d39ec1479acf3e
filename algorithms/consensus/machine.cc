#include "algorithms/consensus/machine.h"

#include <algorithm>

namespace ballast {

std::span<const Operation> operations_of(MachineKind kind) {
  static constexpr std::array registers = {Operation::read, Operation::write, Operation::cas};
  static constexpr std::array store = {Operation::read, Operation::write, Operation::cas,
                                       Operation::delete_};
  static constexpr std::array counters = {Operation::read, Operation::add};
  static constexpr std::array queues = {Operation::enqueue, Operation::dequeue};
  static constexpr std::array locks = {Operation::acquire, Operation::release};
  switch (kind) {
    case MachineKind::register_:
      return registers;
    case MachineKind::kv:
      return store;
    case MachineKind::counter:
      return counters;
    case MachineKind::queue:
      return queues;
    case MachineKind::lock:
      return locks;
  }
  return {};
}

bool serves(MachineKind kind, Operation operation) {
  const std::span<const Operation> served = operations_of(kind);
  return std::find(served.begin(), served.end(), operation) != served.end();
}

std::string machine_for(Operation operation) {
  constexpr auto names = enumerators(MachineKind{});
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!serves(static_cast<MachineKind>(i), operation)) continue;
    return "with \"machine\": \"" + std::string(names[i]) + "\" it would";
  }
  return {};
}

Machine::Machine(MachineKind kind) : kind_(kind) {
  switch (kind) {
    case MachineKind::register_:
    case MachineKind::kv:
      content_.emplace<Registers>();
      break;
    case MachineKind::counter:
      content_.emplace<Counters>();
      break;
    case MachineKind::queue:
      content_.emplace<Queues>();
      break;
    case MachineKind::lock:
      content_.emplace<Locks>();
      break;
  }
}

std::int64_t Machine::look(std::uint64_t key) const {
  const std::int64_t* held = nullptr;
  if (const auto* registers = std::get_if<Registers>(&content_)) {
    held = registers->values.find(key);
  } else if (const auto* counters = std::get_if<Counters>(&content_)) {
    held = counters->sums.find(key);
  }
  return held == nullptr ? 0 : *held;
}

Response Machine::execute(const Request& request) {
  if (!serves(kind_, request.command.operation)) return {Outcome::failed, 0, {}};
  if (request.command.operation == Operation::read) {
    return {Outcome::ok, look(request.command.key), {}};
  }
  const auto run = [&](auto& content) { return execute(content, request); };
  return {Outcome::ok, std::visit(run, content_), {}};
}

std::int64_t Machine::execute(Registers& registers, const Request& request) {
  const Command& command = request.command;
  std::int64_t& held = registers.values[command.key];
  if (command.operation == Operation::delete_) {
    const bool was_there = held != 0;
    held = 0;
    return was_there;
  }
  if (command.operation == Operation::cas && held != command.expected) return 0;
  held = command.value;
  return command.operation == Operation::cas;
}

std::int64_t Machine::execute(Counters& counters, const Request& request) {
  // Unsigned, so that a sum of whatever values wraps around instead of being undefined.
  std::int64_t& sum = counters.sums[request.command.key];
  sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum) +
                                  static_cast<std::uint64_t>(request.command.value));
  return sum;
}

std::int64_t Machine::execute(Queues& queues, const Request& request) {
  std::vector<std::int64_t>& items = queues.items[request.command.key];
  if (request.command.operation == Operation::enqueue) {
    items.push_back(request.command.value);
    return 0;
  }
  if (items.empty()) return 0;
  const std::int64_t first = items.front();
  items.erase(items.begin());
  return first;
}

// A session that acquires what it holds already is told its token again.
std::int64_t Machine::execute(Locks& locks, const Request& request) {
  Lock& lock = locks.locks[request.command.key];
  const SessionKey who = session_of(request.id);
  if (request.command.operation == Operation::release) {
    if (lock.holder != who) return 0;
    lock.holder.reset();
    return 1;
  }
  if (!lock.holder) {
    lock.holder = who;
    ++lock.token;
  }
  return lock.holder == who ? lock.token : 0;
}

}  // namespace ballast

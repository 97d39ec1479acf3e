// Histories of several sessions and keys, drawn at random or written by hand.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "sim/base/random.h"
#include "sim/history/read.h"

namespace ballast::history {

// How many histories of each kind; a night tries more.
inline std::uint64_t trials() {
  const char* more = std::getenv("BALLAST_FUZZ");
  return more == nullptr ? 3000 : std::strtoull(more, nullptr, 10);
}

// Sessions that read and write a few keys. A read returns what is there, or something older, or
// anything at all.
struct WeakShape {
  std::uint64_t operations = 7;
  std::uint64_t sessions = 3;
  std::uint64_t keys = 2;
  bool unique = true;
  bool cas = false;
};

inline History weak_history(const WeakShape& shape, std::uint64_t seed) {
  Stream dice(seed, Purpose::operation, 0);
  History history;
  for (std::uint64_t key = 0; key < shape.keys; ++key)
    history.objects.push_back(std::to_string(key));
  std::vector<std::int64_t> free_at(shape.sessions, 1);
  std::vector<std::int64_t> process(shape.sessions, 0);
  std::vector<std::vector<Word>> values(shape.keys, std::vector<Word>{nil});
  for (std::uint64_t s = 0; s < shape.sessions; ++s) process[s] = static_cast<std::int64_t>(s);
  std::int64_t clock = 0;
  for (std::uint64_t i = 0; i < shape.operations; ++i) {
    const std::uint64_t s = dice.below(shape.sessions);
    Operation op;
    op.process = process[s];
    op.owner = op.process;
    op.object = static_cast<std::uint32_t>(dice.below(shape.keys));
    clock += static_cast<std::int64_t>(dice.below(3));
    op.invoked = Time{std::max(clock, free_at[s])};
    op.ended = op.invoked + Duration{1 + static_cast<std::int64_t>(dice.below(6))};
    free_at[s] = op.ended.ns + 1;
    op.outcome = Outcome::ok;
    std::vector<Word>& past = values[op.object];
    const std::uint64_t age = dice.below(4) < 2 ? 0 : dice.below(past.size());
    const Word seen = past[past.size() - 1 - age];
    const std::uint64_t kind = dice.below(8);
    if (kind < 4) {
      op.action = Action::read;
      op.result = seen;
    } else {
      op.action = shape.cas && kind == 4 ? Action::cas : Action::write;
      op.expected = op.action == Action::cas ? seen : nil;
      op.argument = static_cast<Word>(shape.unique ? i + 1 : 1 + dice.below(2));
      past.push_back(op.argument);
      if (dice.below(6) == 0) {
        op.outcome = Outcome::unknown;
        process[s] += static_cast<std::int64_t>(shape.sessions);
      } else if (op.action == Action::cas && dice.below(3) == 0) {
        op.outcome = Outcome::refused;
        past.pop_back();
      }
    }
    history.operations.push_back(op);
  }
  put_in_order(history);
  return history;
}

inline std::string words_of(const History& history) {
  std::string text;
  for (const Operation& op : history.operations) {
    text += "  " + std::to_string(op.invoked.ns) + ".." +
            (op.known() ? std::to_string(op.ended.ns) : "") + " by " + std::to_string(op.process) +
            " on " + history.objects[op.object] + ": " + say(op, history.values) + "\n";
  }
  return text;
}

inline History parsed(const std::string& text, Model model) {
  Problems problems;
  ReadOptions options;
  options.model = model;
  std::optional<History> history = read_history(text, "h", options, problems);
  INFO(problems.to_text());
  REQUIRE(history);
  return std::move(*history);
}

// "process f value", an operation after the other; "+" before it if it overlaps the next.
inline History written(const std::vector<std::string>& operations, Model model = Model::reg) {
  std::string text;
  for (const std::string& each : operations) {
    const std::size_t a = each.find(' ');
    const std::size_t b = each.find(' ', a + 1);
    const std::size_t c = each.find(' ', b + 1);
    const std::string head = "{\"process\":" + each.substr(0, a) + ",\"f\":\"" +
                             each.substr(a + 1, b - a - 1) + "\",\"key\":\"" +
                             each.substr(b + 1, c - b - 1) + "\",\"value\":" + each.substr(c + 1);
    text += head + ",\"type\":\"invoke\"}\n" + head + ",\"type\":\"ok\"}\n";
  }
  return parsed(text, model);
}

}  // namespace ballast::history

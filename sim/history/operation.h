// A history of operations on shared objects, as a checker wants it: who called what, when, and what
// came of it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/time.h"
#include "sim/history/values.h"

namespace ballast::history {

// What an object is, that is, which sequences of operations it allows by itself.
enum class Model : std::uint8_t {
  reg,           // read, write
  cas_register,  // read, write, cas
  kv,            // get or read, put or write, append, delete; of each key by itself
  queue,         // enqueue, dequeue; first in, first out
  lock,          // acquire, release; only its holder releases it. With tokens its holder may take
                 // it again, under the same one
  counter,       // add, read; from 0
  set,           // add, read; from empty
  append_list,   // append, read
  fenced_lock,   // a lock whose tokens count its grants from 1. Its holder is given the same token
                 // again; whoever is refused is not the holder
  consensus,     // propose: the first one decides, and each is told what that one proposed
};
constexpr auto enumerators(Model) {
  return std::array<std::string_view, 10>{"register",    "cas-register", "kv",  "queue",
                                          "lock",        "counter",      "set", "append-list",
                                          "fenced-lock", "consensus"};
}

enum class Action : std::uint8_t {
  read,
  write,
  cas,
  append,
  erase,
  enqueue,
  dequeue,
  acquire,
  release,
  add,
  propose,
};
constexpr auto enumerators(Action) {
  return std::array<std::string_view, 11>{"read",    "write",   "cas",     "append",
                                          "delete",  "enqueue", "dequeue", "acquire",
                                          "release", "add",     "propose"};
}

enum class Outcome : std::uint8_t {
  ok,
  refused,  // it looked, and did nothing: the register was not what the cas expected, there was
            // nothing to delete, the lock was held, or not by who released it, the queue was empty
  unknown,  // it may take effect at any time after its call, or never
};

// Operations that did not happen are not among these.
struct Operation {
  static constexpr std::uint32_t never = 0xFFFFFFFF;

  Word argument = nil;  // written, appended, enqueued, added, proposed
  Word expected = nil;  // by cas
  // Read, dequeued, decided; the fencing token of an acquire; the sum that an add to a counter
  // left; what is not nil if a delete found something. Of the last three, nil where the history
  // does not say.
  Word result = nil;
  Word process = 0;        // an integer or a text
  std::int64_t owner = 0;  // who acquires and releases: the client if the history names it
  Time invoked;
  Time ended = Time::max();  // of an unknown one: when its client gave up, or max()
  // Places among all calls and returns of the history. Intervals are closed: of events at one time,
  // calls come first. An unknown operation never returns.
  std::uint32_t called = 0;
  std::uint32_t returned = never;
  std::uint32_t object = 0;
  std::uint32_t line = 0;  // of its invocation, from 1; 0 if it comes from no file
  // Where it took effect among all of the history, from a log that has them in order: a hint, which
  // may be wrong. `never` where that is not known.
  std::uint32_t effect = never;
  Action action = Action::read;
  Outcome outcome = Outcome::unknown;

  bool known() const { return outcome != Outcome::unknown; }
};

// Something that happened beside the operations, such as a fault.
struct Remark {
  Time at;
  std::string text;
};

// What the times of a history are. One without times tells the order of its events only: they have
// the numbers of their lines or, where a line holds several, numbers of their own from 1.
enum class TimeUnit : std::uint8_t { nanosecond, line, event };
constexpr auto enumerators(TimeUnit) {
  return std::array<std::string_view, 3>{"ns", "line", "event"};
}

struct History {
  std::vector<Operation> operations;  // in the order of their calls
  Values values;
  std::vector<std::string> objects;  // what people call each; "" where there is one without a name
  std::vector<Remark> remarks;
  std::uint32_t events = 0;  // calls and returns
  TimeUnit unit = TimeUnit::nanosecond;
  bool one_instant = false;  // whether all times are equal, so that nothing comes before anything
};

// The operations on one object lie far apart: asks for one that a loop over them will soon come
// to, its first and its last bytes, which may lie in two lines of the cache. Always inline: g++ 12
// takes a function that does nothing but prefetch for one without effect, and drops its calls.
[[gnu::always_inline]] inline void fetch(const Operation& operation) {
  __builtin_prefetch(&operation);
  __builtin_prefetch(&operation.outcome);
}
[[gnu::always_inline]] inline void look_ahead(const History& history,
                                              const std::vector<std::uint32_t>& operations,
                                              std::size_t i) {
  constexpr std::size_t ahead = 32;
  if (i + ahead < operations.size()) fetch(history.operations[operations[i + ahead]]);
}

// Sorts the operations by call and sets `called`, `returned` and `events` from the times.
void put_in_order(History& history);

// "write 5", "read -> [1 2]", "cas 1 -> 2 (refused)"
std::string say(const Operation& operation, const Values& values);
// "process 3", "process client-a"
std::string say_process(Word process, const Values& values);
// "1.204 s", or "line 17" or "event 17" of a history without times.
std::string say_time(TimeUnit unit, Time at);
inline std::string say_time(const History& history, Time at) { return say_time(history.unit, at); }

}  // namespace ballast::history

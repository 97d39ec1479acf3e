// Client operations one by one: a workload without chance.
#pragma once

#include <cstdint>
#include <variant>

#include "sim/base/read.h"
#include "sim/base/type_info.h"
#include "sim/protocol/request.h"

namespace ballast {

// What is asked, under the names that operations have everywhere.
namespace scripted {

struct Read {
  std::uint64_t key = 0;
  static constexpr std::string_view name = "read";
  static constexpr std::string_view doc = "Reads a register or a counter.";
  static constexpr auto fields = Fields{field("key", &Read::key, "Which one.")};
};

struct Write {
  std::int64_t value = 0;
  std::uint64_t key = 0;
  static constexpr std::string_view name = "write";
  static constexpr std::string_view doc = "Writes a register.";
  static constexpr auto fields = Fields{field("value", &Write::value, "What is written.").needed(),
                                        field("key", &Write::key, "Which register.")};
};

struct Cas {
  std::int64_t value = 0;
  std::int64_t expected = 0;
  std::uint64_t key = 0;
  static constexpr std::string_view name = "cas";
  static constexpr std::string_view doc = "Writes a register if it holds what is expected.";
  static constexpr auto fields =
      Fields{field("value", &Cas::value, "What is written.").needed(),
             field("expected", &Cas::expected, "What must be there.").needed(),
             field("key", &Cas::key, "Which register.")};
};

struct Propose {
  std::int64_t value = 0;
  static constexpr std::string_view name = "propose";
  static constexpr std::string_view doc = "Proposes a value.";
  static constexpr auto fields = Fields{field("value", &Propose::value, "The value.").needed()};
};

struct Work {
  std::uint64_t work = 0;
  std::uint64_t key = 0;
  static constexpr std::string_view name = "work";
  static constexpr std::string_view doc = "Has a job done.";
  static constexpr auto fields =
      Fields{field("work", &Work::work,
                   "Its size: this share of 2^64 of all jobs are smaller, by the server's law."),
             field("key", &Work::key, "What it is about, for policies that go by it.")};
};

struct Delete {
  std::uint64_t key = 0;
  static constexpr std::string_view name = "delete";
  static constexpr std::string_view doc = "Deletes a key.";
  static constexpr auto fields = Fields{field("key", &Delete::key, "Which key.")};
};

struct Add {
  std::int64_t value = 0;
  std::uint64_t key = 0;
  static constexpr std::string_view name = "add";
  static constexpr std::string_view doc = "Adds to a counter.";
  // Nobody adds so often that the sum is no whole number of a history any more.
  static constexpr std::int64_t most = 1'000'000'000'000;
  static constexpr auto fields =
      Fields{field("value", &Add::value, "What is added.").at_least(-most).at_most(most).needed(),
             field("key", &Add::key, "Which counter.")};
};

struct Enqueue {
  std::int64_t value = 0;
  std::uint64_t key = 0;
  static constexpr std::string_view name = "enqueue";
  static constexpr std::string_view doc = "Puts a value into a queue.";
  static constexpr auto fields = Fields{
      field("value", &Enqueue::value, "The value; an empty queue answers 0.").at_least(1).needed(),
      field("key", &Enqueue::key, "Which queue.")};
};

struct Dequeue {
  std::uint64_t key = 0;
  static constexpr std::string_view name = "dequeue";
  static constexpr std::string_view doc = "Takes the oldest value out of a queue.";
  static constexpr auto fields = Fields{field("key", &Dequeue::key, "Which queue.")};
};

struct Acquire {
  std::uint64_t key = 0;
  static constexpr std::string_view name = "acquire";
  static constexpr std::string_view doc = "Takes a lock, if it is free.";
  static constexpr auto fields = Fields{field("key", &Acquire::key, "Which lock.")};
};

struct Release {
  std::uint64_t key = 0;
  static constexpr std::string_view name = "release";
  static constexpr std::string_view doc = "Gives a lock back, if this session holds it.";
  static constexpr auto fields = Fields{field("key", &Release::key, "Which lock.")};
};

struct Administer {
  Administration what = Administration::transfer_leadership;
  std::int64_t value = 0;
  static constexpr std::string_view name = "administer";
  static constexpr std::string_view doc = "Has something done about the group that serves.";
  static constexpr auto fields =
      Fields{field("what", &Administer::what, "What is to be done."),
             field("value", &Administer::value,
                   "The number of the node that is meant; for set_voters, the sum of 2^(n-1) "
                   "over all that are to have a say.")};
};

// In the order of Operation.
using Action = std::variant<Read, Write, Cas, Propose, Work, Delete, Add, Enqueue, Dequeue, Acquire,
                            Release, Administer>;

}  // namespace scripted

struct ScriptedOperation {
  Time at;                   // by the client's own clock
  std::uint32_t client = 1;  // its number among the clients, from 1
  scripted::Action action;

  static ScriptedOperation of(Time at, std::uint32_t client, const Command& command);
  Command command() const;
};

// {"at": "1.2s", "client": 2, "write": {"key": 3, "value": 7}}; {"at": "2s", "read": 3}: the first
// member of the body may stand for it.
bool read(const Value& v, ScriptedOperation& out, Reader& r, const Limits& limits = {});
void write_json(JsonWriter& w, const ScriptedOperation& operation);
TypeInfo make_type_info(Type<ScriptedOperation>, const Limits&);

}  // namespace ballast

// Histories from text: JSON Lines in Jepsen's operation convention, EDN as Jepsen and Knossos write
// it, and the history.jsonl of a run.
//
//   {"process":3,"type":"invoke","f":"write","key":"7","value":5,"time":1204000000}
//   {:index 4, :time 1204000000, :process 3, :type :invoke, :f :write, :value 5}
//
// An operation begins with `invoke` and ends with `ok`, `fail` (it did not happen) or `info`
// (nobody knows), or not at all, which is as good as info. After an info its process is retired. A
// cas has the value [from, to]; what was refused is `ok` with "applied":false. A delete with
// "applied":true found something; an add may return the "sum", an acquire its token as the value.
// A process is a number or a name, but for "nemesis", which is no client. `key` names the object;
// `client` and its `session`, else the process, is who holds a lock. `time` is in nanoseconds;
// without it on every line, the order of the lines is the order of events.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/base/problems.h"
#include "sim/history/operation.h"

namespace ballast::history {

// What a failed operation says: it did not happen (Jepsen), or it was refused because of what it
// saw (Porcupine): of a cas, a dequeue and an acquire, for the others there is no difference.
enum class FailReading : std::uint8_t { absent, observed };
constexpr auto enumerators(FailReading) {
  return std::array<std::string_view, 2>{"absent", "observed"};
}

// How a history is split into objects that are judged each by itself: by the member `key`, by the
// first element of values that are [key, value] (jepsen.independent), or not at all.
enum class Partition : std::uint8_t { key, value, none };
constexpr auto enumerators(Partition) {
  return std::array<std::string_view, 3>{"key", "value", "none"};
}

struct ReadOptions {
  Model model = Model::reg;
  FailReading fail = FailReading::absent;
  Partition partition = Partition::key;
};

// The history in `text`, which is EDN if it begins as such (with `{:`, `[` or `#`), an array of
// JSON if it begins with `[{"`, and JSON Lines otherwise; nothing if anything is wrong, with every
// mistake in `problems` under `name`.
std::optional<History> read_history(std::string_view text, const std::string& name,
                                    const ReadOptions& options, Problems& problems);

}  // namespace ballast::history

// What a history can be held to besides linearizability: weaker models, each named and defined.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/history/operation.h"

namespace ballast::history {

enum class Consistency : std::uint8_t {
  linearizable,
  sequential,
  causal,
  session,
  monotonic_reads,
  monotonic_writes,
  read_your_writes,
  writes_follow_reads,
  bounded_staleness,
  mutual_exclusion,
};
constexpr auto enumerators(Consistency) {
  return std::array<std::string_view, 10>{
      "linearizable",      "sequential",       "causal",           "session",
      "monotonic-reads",   "monotonic-writes", "read-your-writes", "writes-follow-reads",
      "bounded-staleness", "mutual-exclusion"};
}

// What a model says, as `ballast describe consistency` shows it.
struct ConsistencyInfo {
  std::string_view name;
  std::string_view summary;
  std::string_view definition;
  std::string_view source;
};
ConsistencyInfo consistency_info(Consistency model);

// Whether the model says anything of such objects.
bool judges(Consistency consistency, Model model);

// In which order writes count where a guarantee speaks of older and newer ones: as they followed
// one another in time, those that overlapped in any order; or in any order at all, as a store is
// free to choose that lets the last writer win by clocks that are not synchronized.
enum class WriteOrder : std::uint8_t { time, any };
constexpr auto enumerators(WriteOrder) { return std::array<std::string_view, 2>{"time", "any"}; }

struct WantedConsistency {
  Consistency model = Consistency::linearizable;
  // Bounded staleness: a read returns one of the last so many values, or else one that was current
  // within such a time before it began.
  std::uint64_t versions = 0;
  Duration age = Duration{0};
  WriteOrder writes = WriteOrder::time;
};
// "bounded-staleness=3", as people write it.
std::string in_words(const WantedConsistency& wanted);

enum class Holds : std::uint8_t { yes, no, unknown };
constexpr auto enumerators(Holds) {
  return std::array<std::string_view, 3>{"holds", "violated", "unknown"};
}

// Operations that contradict the model together.
struct Breach {
  std::uint32_t object = 0;
  std::vector<std::uint32_t> operations;  // by call
  std::string sentence;
};

struct ConsistencyVerdict {
  Holds answer = Holds::unknown;
  std::vector<Breach> breaches;        // not more than `most_breaches`
  std::uint64_t breach_count = 0;      // all that were found
  std::vector<std::string> doubts;     // what could not be judged; empty unless unknown or violated
  std::vector<std::string> notes;      // what else is worth knowing
  std::vector<std::uint32_t> witness;  // sequential, if it holds: such an order, which was verified
  std::uint64_t configurations = 0;
};
constexpr std::size_t most_breaches = 5;

// What a search may use: memory, configurations (0 for no bound), and the patience of whoever
// waits.
class Patience {
 public:
  virtual ~Patience() = default;
  virtual bool lasts() const = 0;
};
struct SearchLimits {
  std::uint64_t bytes = std::uint64_t{1} << 30;
  std::uint64_t nodes = 0;
  const Patience* patience = nullptr;  // none: without end

  bool go_on() const { return patience == nullptr || patience->lasts(); }
};

// Judges the history. REQUIRES judges(wanted.model, model), and another model than linearizable,
// which has a class of its own (see check.h).
ConsistencyVerdict judge_consistency(const History& history, Model model,
                                     const WantedConsistency& wanted, const SearchLimits& limits);

// The parts of it, by model.
ConsistencyVerdict judge_sessions(const History& history, const WantedConsistency& wanted);
ConsistencyVerdict judge_causal(const History& history, std::uint64_t bytes);
ConsistencyVerdict judge_sequential(const History& history, Model model,
                                    const SearchLimits& limits);
ConsistencyVerdict judge_staleness(const History& history, Model model,
                                   const WantedConsistency& wanted, const SearchLimits& limits);
ConsistencyVerdict judge_exclusion(const History& history);

}  // namespace ballast::history

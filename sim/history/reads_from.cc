#include "sim/history/reads_from.h"

#include <algorithm>

#include "sim/history/table.h"

namespace ballast::history {
namespace {

// The writes of each value of each object, by call.
class WritersOf {
 public:
  explicit WritersOf(const History& history) {
    for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
      const Operation& op = history.operations[i];
      if (!leaves(op)) continue;
      const auto fresh = static_cast<std::uint32_t>(lists_.size());
      const std::uint32_t at =
          table_.insert(op.object, static_cast<std::uint64_t>(left_by(op)), fresh);
      if (at == fresh) lists_.emplace_back();
      lists_[at].push_back(i);
    }
  }
  const std::vector<std::uint32_t>& find(std::uint32_t object, Word value) const {
    const std::uint32_t at = table_.find(object, static_cast<std::uint64_t>(value));
    return at == PairTable::none ? none_ : lists_[at];
  }

 private:
  PairTable table_;
  std::vector<std::vector<std::uint32_t>> lists_;
  std::vector<std::uint32_t> none_;
};

std::string line_or_time(const History& history, std::uint32_t index) {
  const Operation& op = history.operations[index];
  return op.line > 0 ? "line " + std::to_string(op.line) : say_time(history, op.invoked);
}

}  // namespace

ReadsFrom find_writers(const History& history, bool by_time) {
  ReadsFrom result;
  const auto n = static_cast<std::uint32_t>(history.operations.size());
  result.writer.assign(n, ReadsFrom::nobody);
  result.skipped.assign(history.objects.size(), false);
  std::vector<bool> doubted(history.objects.size(), false);
  const auto doubt = [&](std::uint32_t object, std::string sentence) {
    if (!doubted[object]) result.doubts.push_back(of_key(history, object) + std::move(sentence));
    doubted[object] = true;
  };
  for (const Operation& op : history.operations) {
    if (op.action != Action::append || result.skipped[op.object]) continue;
    result.skipped[op.object] = true;
    doubt(op.object, "it is appended to, and this model is judged for values that are replaced");
  }
  const WritersOf writers(history);
  for (std::uint32_t i = 0; i < n; ++i) {
    const Operation& op = history.operations[i];
    if (result.skipped[op.object]) continue;
    if (rules_out(op)) {
      doubt(op.object, "that a value was another one than some is not judged (" +
                           say(op, history.values) + ", " + line_or_time(history, i) + ")");
    }
    if (!looks(op)) continue;
    std::uint32_t candidates = seen_by(op) == nil ? 1 : 0;
    std::uint32_t last = ReadsFrom::initial;
    std::uint32_t other = ReadsFrom::initial;
    for (const std::uint32_t write : writers.find(op.object, seen_by(op))) {
      if (by_time && history.operations[write].called > op.returned) break;
      if (write == i) continue;
      ++candidates;
      other = last;
      last = write;
    }
    if (candidates == 1) {
      result.writer[i] = last;
    } else if (candidates == 0) {
      ++result.breach_count;
      if (result.breaches.size() == most_breaches) continue;
      result.breaches.push_back({op.object,
                                 {i},
                                 of_key(history, op.object) + whose(history, i) + " saw " +
                                     history.values.say(seen_by(op)) +
                                     (by_time ? ", which nobody had begun to write when it returned"
                                              : ", which nobody wrote")});
    } else {
      doubt(op.object,
            history.values.say(seen_by(op)) + " was there more than once (" +
                (other == ReadsFrom::initial ? "from the start" : line_or_time(history, other)) +
                ", " + line_or_time(history, last) +
                "), so that nobody can tell which of them the read of " + line_or_time(history, i) +
                " saw");
    }
  }
  return result;
}

std::vector<std::vector<std::uint32_t>> by_session(const History& history) {
  WordTable processes;
  std::vector<std::vector<std::uint32_t>> sessions;
  std::vector<std::uint32_t> current;  // by process
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const std::uint32_t process = processes.number(history.operations[i].process);
    if (process == current.size()) current.push_back(Operation::never);
    if (current[process] == Operation::never) {
      current[process] = static_cast<std::uint32_t>(sessions.size());
      sessions.emplace_back();
    }
    sessions[current[process]].push_back(i);
    if (!history.operations[i].known()) current[process] = Operation::never;
  }
  return sessions;
}

std::string in_brief(const History& history, std::uint32_t index) {
  const Operation& op = history.operations[index];
  return say(op, history.values) + " (" + say_time(history, op.invoked) + " to " +
         (op.known() ? say_time(history, op.ended) : "unknown") + ")";
}

std::string whose(const History& history, std::uint32_t index) {
  return say_process(history.operations[index].process, history.values) + "'s " +
         in_brief(history, index);
}

std::string of_key(const History& history, std::uint32_t object) {
  const std::string& name = history.objects[object];
  return name.empty() ? "" : "key " + name + ": ";
}

void add_breach(ConsistencyVerdict& verdict, Breach breach) {
  ++verdict.breach_count;
  if (verdict.breaches.size() < most_breaches) verdict.breaches.push_back(std::move(breach));
}

void conclude(ConsistencyVerdict& verdict) {
  verdict.answer = verdict.breach_count > 0  ? Holds::no
                   : !verdict.doubts.empty() ? Holds::unknown
                                             : Holds::yes;
}

}  // namespace ballast::history

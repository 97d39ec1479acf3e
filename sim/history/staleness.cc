// Bounded staleness, by versions (k-atomicity: Aiyer, Alvisi and Bazzi, "On the availability of
// non-strict quorum systems", 2005) and by time (Delta-atomicity: Golab, Li and Shah, "Analyzing
// consistency properties for fun and profit", 2011). Both are local. The second is linearizability
// of the history in which each read began by that much earlier.
#include <algorithm>

#include "sim/base/text.h"
#include "sim/history/check.h"
#include "sim/history/explain.h"
#include "sim/history/reads_from.h"
#include "sim/history/stale_rules.h"

namespace ballast::history {
namespace {

// --- By versions ------------------------------------------------------------------------------

class VersionCheck {
 public:
  VersionCheck(const History& history, const SearchLimits& limits)
      : history_(history), limits_(limits), objects_(by_object(history)) {}

  Holds holds(std::uint32_t object, std::uint64_t versions) {
    return search(history_, objects_[object], versions);
  }
  std::size_t objects() const { return objects_.size(); }
  std::uint64_t nodes() const { return nodes_; }

  // The operation by whose return it is certain.
  std::uint32_t stuck(std::uint32_t object, std::uint64_t versions) {
    std::vector<std::uint32_t> returns;
    for (const std::uint32_t i : objects_[object]) {
      if (history_.operations[i].known()) returns.push_back(i);
    }
    std::stable_sort(returns.begin(), returns.end(), [this](std::uint32_t a, std::uint32_t b) {
      return history_.operations[a].returned < history_.operations[b].returned;
    });
    const auto at = std::partition_point(returns.begin(), returns.end(), [&](std::uint32_t last) {
      return holds_until(object, versions, history_.operations[last].returned) != Holds::no;
    });
    return at == returns.end() ? returns.back() : *at;
  }

 private:
  Holds search(const History& history, const std::vector<std::uint32_t>& operations,
               std::uint64_t versions) {
    Search<StaleRules> search(history, operations,
                              StaleRules(history, operations, static_cast<std::size_t>(versions)),
                              false);
    const std::uint64_t most = limits_.bytes == 0 ? ~std::uint64_t{0} : limits_.bytes;
    Answer answer = Answer::running;
    while (answer == Answer::running && limits_.go_on()) {
      std::uint64_t portion = std::uint64_t{1} << 14;
      if (limits_.nodes > 0) portion = std::min(portion, limits_.nodes - search.nodes());
      if (portion == 0) break;
      answer = search.run(portion, most);
    }
    nodes_ += search.nodes();
    return answer == Answer::yes ? Holds::yes : answer == Answer::no ? Holds::no : Holds::unknown;
  }

  // The history up to an event: what was open then may or may not have happened.
  Holds holds_until(std::uint32_t object, std::uint64_t versions, std::uint32_t rank) {
    History part;
    part.values = history_.values;
    part.objects = {""};
    part.events = history_.events;
    std::vector<std::uint32_t> all;
    for (const std::uint32_t i : objects_[object]) {
      Operation op = history_.operations[i];
      if (op.called > rank) break;
      if (op.known() && op.returned > rank) {
        if (op.action == Action::read || op.outcome == Outcome::refused) continue;
        op.outcome = Outcome::unknown;
        op.returned = Operation::never;
      }
      all.push_back(static_cast<std::uint32_t>(part.operations.size()));
      part.operations.push_back(op);
    }
    return search(part, all, versions);
  }

  const History& history_;
  const SearchLimits& limits_;
  std::vector<std::vector<std::uint32_t>> objects_;
  std::uint64_t nodes_ = 0;
};

// The writes that had returned before the read began and began after the one that it saw returned.
std::vector<std::uint32_t> replaced_since(const History& history, const ReadsFrom& reads,
                                          std::uint32_t read, Time before) {
  std::vector<std::uint32_t> found;
  const std::uint32_t writer = reads.writer[read];
  if (writer == ReadsFrom::nobody) return found;
  const Operation& op = history.operations[read];
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const Operation& other = history.operations[i];
    if (other.object != op.object || !other.known() || !leaves(other) || i == read) continue;
    if (other.returned > op.called || !(other.ended < before)) continue;
    if (writer != ReadsFrom::initial && (!history.operations[writer].known() ||
                                         history.operations[writer].returned > other.called)) {
      continue;
    }
    found.push_back(i);
  }
  return found;
}

Breach versions_breach(const History& history, const ReadsFrom& reads, std::uint32_t object,
                       std::uint32_t stuck, std::uint64_t versions) {
  Breach breach;
  breach.object = object;
  std::vector<std::uint32_t> since = replaced_since(history, reads, stuck, Time::max());
  if (looks(history.operations[stuck]) && since.size() >= versions) {
    breach.sentence = of_key(history, object) + whose(history, stuck) + " saw a value that " +
                      with_commas(since.size()) + " writes had replaced before it began";
    since.erase(since.begin(), since.end() - static_cast<std::ptrdiff_t>(versions));
    breach.operations = std::move(since);
    if (reads.writer[stuck] < history.operations.size()) {
      breach.operations.push_back(reads.writer[stuck]);
    }
  } else {
    breach.sentence = of_key(history, object) + "no order of the operations up to the return of " +
                      whose(history, stuck) + " lets each read see one of the last " +
                      with_commas(versions) + " values";
  }
  breach.operations.push_back(stuck);
  std::stable_sort(breach.operations.begin(), breach.operations.end());
  return breach;
}

// --- By time ----------------------------------------------------------------------------------

// The history with reads that began earlier. `original`: its operations in the other one.
History with_earlier_reads(const History& history, Duration age,
                           std::vector<std::uint32_t>& original) {
  History shifted = history;
  for (std::uint32_t i = 0; i < shifted.operations.size(); ++i) {
    Operation& op = shifted.operations[i];
    op.line = i;
    if (op.action == Action::read) op.invoked = op.invoked - age;
  }
  put_in_order(shifted);
  original.clear();
  for (Operation& op : shifted.operations) {
    original.push_back(op.line);
    op.line = history.operations[op.line].line;
  }
  return shifted;
}

Holds holds_by_age(const History& history, Model model, Duration age, const SearchLimits& limits) {
  std::vector<std::uint32_t> original;
  const History shifted = with_earlier_reads(history, age, original);
  LinearizabilityCheck check(shifted, model, {limits.bytes, limits.nodes});
  while (check.advance(std::uint64_t{1} << 14)) {
    if (!limits.go_on()) return Holds::unknown;
  }
  return static_cast<Holds>(check.answer());
}

Breach age_breach(const History& history, const History& shifted, Model model,
                  const ObjectVerdict& found, const std::vector<std::uint32_t>& original,
                  const ReadsFrom& reads, Duration age) {
  const Explanation why = explain(shifted, model, found);
  Breach breach;
  breach.object = found.object;
  for (const std::uint32_t i : why.core) breach.operations.push_back(original[i]);
  std::stable_sort(breach.operations.begin(), breach.operations.end());
  breach.sentence = of_key(history, found.object) +
                    "these operations cannot be explained by reads of values that were current " +
                    "within " + to_text(age) + " before each began";
  for (const std::uint32_t i : breach.operations) {
    const Operation& op = history.operations[i];
    if (op.action != Action::read) continue;
    const std::vector<std::uint32_t> since = replaced_since(history, reads, i, op.invoked - age);
    if (since.empty()) continue;
    breach.sentence = of_key(history, found.object) + whose(history, i) + " saw a value that " +
                      in_brief(history, since.back()) + " had replaced more than " + to_text(age) +
                      " before it began";
    breach.operations.push_back(since.back());
    break;
  }
  std::stable_sort(breach.operations.begin(), breach.operations.end());
  breach.operations.erase(std::unique(breach.operations.begin(), breach.operations.end()),
                          breach.operations.end());
  return breach;
}

void judge_by_age(const History& history, Model model, const WantedConsistency& wanted,
                  const SearchLimits& limits, ConsistencyVerdict& verdict) {
  std::vector<std::uint32_t> original;
  const History shifted = with_earlier_reads(history, wanted.age, original);
  LinearizabilityCheck check(shifted, model, {limits.bytes, limits.nodes});
  while (check.advance(std::uint64_t{1} << 14) && limits.go_on()) {
  }
  verdict.configurations = check.nodes();
  const ReadsFrom reads = find_writers(history);
  for (const ObjectVerdict& each : check.objects()) {
    if (each.answer == Linearizability::unknown) {
      verdict.doubts.push_back(of_key(history, each.object) + "undecided within the limits");
    } else if (each.answer == Linearizability::no) {
      if (verdict.breaches.size() == most_breaches) {
        ++verdict.breach_count;
      } else {
        add_breach(verdict, age_breach(history, shifted, model, each, original, reads, wanted.age));
      }
    }
  }
  if (verdict.breach_count == 0 || history.unit != TimeUnit::nanosecond) return;
  // The least age that would do, to within a hundredth.
  std::int64_t fails = wanted.age.ns;
  std::int64_t holds = history.operations.empty() ? 0
                                                  : history.operations.back().invoked.ns -
                                                        history.operations.front().invoked.ns + 1;
  if (holds <= fails || holds_by_age(history, model, Duration{holds}, limits) != Holds::yes) {
    verdict.notes.push_back("no age would do: it is not a matter of staleness");
    return;
  }
  while (holds - fails > holds / 100 + 1) {
    const std::int64_t middle = fails + (holds - fails) / 2;
    const Holds answer = holds_by_age(history, model, Duration{middle}, limits);
    if (answer == Holds::unknown) return;
    (answer == Holds::yes ? holds : fails) = middle;
  }
  verdict.notes.push_back("it holds for " + to_text(Duration{holds}));
}

void judge_by_versions(const History& history, const WantedConsistency& wanted,
                       const SearchLimits& limits, ConsistencyVerdict& verdict) {
  VersionCheck check(history, limits);
  const ReadsFrom reads = find_writers(history);
  constexpr std::uint64_t most_versions = 64;
  std::uint64_t enough = wanted.versions;
  bool knows_enough = true;
  for (std::uint32_t object = 0; object < check.objects(); ++object) {
    if (reads.skipped[object]) {
      verdict.doubts.push_back(of_key(history, object) +
                               "it is appended to, and this model is judged for values that are "
                               "replaced");
      continue;
    }
    const Holds answer = check.holds(object, wanted.versions);
    if (answer == Holds::yes) continue;
    if (answer == Holds::unknown) {
      verdict.doubts.push_back(of_key(history, object) + "undecided within the limits");
      continue;
    }
    if (verdict.breaches.size() == most_breaches) {
      ++verdict.breach_count;
      continue;
    }
    const std::uint32_t stuck = check.stuck(object, wanted.versions);
    add_breach(verdict, versions_breach(history, reads, object, stuck, wanted.versions));
    while (knows_enough && enough < most_versions && check.holds(object, enough) != Holds::yes) {
      ++enough;
    }
    knows_enough = knows_enough && enough < most_versions;
  }
  verdict.configurations = check.nodes();
  if (verdict.breach_count > 0 && verdict.breach_count <= most_breaches && knows_enough) {
    verdict.notes.push_back("it holds for " + with_commas(enough) + " versions");
  }
}

}  // namespace

ConsistencyVerdict judge_staleness(const History& history, Model model,
                                   const WantedConsistency& wanted, const SearchLimits& limits) {
  ConsistencyVerdict verdict;
  if (wanted.versions > 0) {
    judge_by_versions(history, wanted, limits, verdict);
  } else {
    judge_by_age(history, model, wanted, limits, verdict);
  }
  conclude(verdict);
  return verdict;
}

}  // namespace ballast::history

#include "sim/scenario/shrink.h"

#include <algorithm>
#include <set>
#include <utility>

#include "sim/scenario/fit.h"
#include "sim/scenario/minimal.h"
#include "sim/scenario/shrink_search.h"
#include "sim/scenario/subset.h"

namespace ballast {
namespace {

// A candidate that runs away is no simpler than what it comes from.
constexpr std::uint64_t most_times_events = 4;
constexpr std::uint64_t spare_events = 20'000;
// As many lines are read at a glance; above, more is tried to have fewer.
constexpr std::uint64_t enough_items = 10;
constexpr std::uint64_t most_orders = 3;
constexpr std::uint64_t other_seeds = 16;
// What a part of the search may spend on trials, in events, before another one is tried.
constexpr std::uint64_t most_events = 8'000'000;

Duration rounded_up(Time at, Duration unit) {
  const Duration above = saturating_add(at, {unit.ns - 1}) - Time{};
  return above - Duration{above.ns % unit.ns};
}

template <class T>
std::vector<T> those(const std::vector<T>& all, const std::vector<bool>& kept) {
  std::vector<T> some;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (kept[i]) some.push_back(all[i]);
  }
  return some;
}

// All that can be left out of a schedule, by one number.
class Items {
 public:
  explicit Items(const Scenario& scenario) : scenario_(scenario) {
    if (scenario.workload && scenario.workload->script) {
      operations_ = scenario.workload->script->size();
    }
  }
  std::size_t size() const {
    return scenario_.faults.size() + operations_ + scenario_.network.messages.size();
  }
  std::string text(std::size_t i) const {
    if (i < scenario_.faults.size()) return brief(scenario_.faults[i], scenario_);
    i -= scenario_.faults.size();
    if (i < operations_) return brief((*scenario_.workload->script)[i]);
    return brief(scenario_.network.messages[i - operations_], scenario_);
  }
  // REQUIRES descending numbers.
  Scenario without(const std::vector<std::size_t>& gone) const {
    Scenario s = scenario_;
    const auto erase = [](auto& list, std::size_t i) {
      list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
    };
    for (std::size_t i : gone) {
      if (i < scenario_.faults.size()) {
        erase(s.faults, i);
      } else if (i -= scenario_.faults.size(); i < operations_) {
        erase(*s.workload->script, i);
      } else {
        erase(s.network.messages, i - operations_);
      }
    }
    return s;
  }

 private:
  const Scenario& scenario_;
  std::size_t operations_ = 0;
};

// Whether faults wait for a moment, or look for a victim that there may not be.
bool chooses(const Scenario& scenario) {
  return std::any_of(scenario.faults.begin(), scenario.faults.end(),
                     [](const Fault& fault) { return fault.has_trigger() || fault.optional; });
}

bool fits(Scenario& scenario) {
  Problems problems;
  Reader reader(problems, "candidate");
  return check_fit(scenario, {}, reader);
}

}  // namespace

ShrinkSearch::ShrinkSearch(const Scenario& failing, const RunOutcome& outcome,
                           const ShrinkOptions& options)
    : options_(options), trials_(options.jobs, options.milliseconds, options.interrupted) {
  const Violation& first = outcome.violations.front();
  property_ = first.property;
  if (property_ == "ensure") sentence_ = first.sentence;
  result_.scenario = failing;
  result_.outcome = outcome;
  result_.before = size_of(failing);
  result_.before.operations = outcome.invoked;
  result_.before.drawn = false;
  result_.before.messages += outcome.counters.dropped[static_cast<std::size_t>(DropReason::lost)] +
                             outcome.counters.duplicated;
}

// --- Trying --------------------------------------------------------------------------------------

ShrinkSearch::Trial ShrinkSearch::judge(std::optional<Scenario> candidate) const {
  Trial trial;
  trial.answer = Answer::unfit;
  if (!candidate || !fits(*candidate)) return trial;
  const BudgetSpec budget = candidate->budget;
  candidate->budget.events =
      std::min(budget.events, most_times_events * result_.outcome.counters.events + spare_events);
  RunOutcome outcome = run(*candidate, {nullptr, true, options_.interrupted, {}});
  candidate->budget = budget;
  trial.events = outcome.counters.events;
  trial.answer = Answer::clean;
  if (outcome.verdict != Verdict::violated) return trial;
  const Violation& first = outcome.violations.front();
  const bool same =
      first.property == property_ && (sentence_.empty() || first.sentence == sentence_);
  trial.answer = same ? Answer::same : Answer::diverged;
  trial.outcome = std::move(outcome);
  if (same) trial.scenario = std::move(*candidate);
  return trial;
}

void ShrinkSearch::tally(const std::vector<Trial>& trials, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    result_.runs += trials[i].answer >= Answer::clean;
    spent_ += trials[i].events;
    result_.diverged += trials[i].answer == Answer::diverged;
  }
}

std::optional<std::size_t> ShrinkSearch::attempt(std::size_t count, const Candidate& candidate) {
  if (spent_ >= limit_) return std::nullopt;
  std::vector<Trial> trials(count);
  const std::optional<std::size_t> found = trials_.first(count, [&](std::size_t i) {
    trials[i] = judge(candidate(i));
    return trials[i].answer == Answer::same;
  });
  tally(trials, found ? *found + 1 : count);
  if (!found) return std::nullopt;
  result_.scenario = std::move(trials[*found].scenario);
  result_.outcome = std::move(trials[*found].outcome);
  return found;
}

bool ShrinkSearch::attempt(Scenario candidate) {
  return attempt(seeds_,
                 [&](std::size_t i) {
                   std::optional<Scenario> with_seed = candidate;
                   with_seed->seed += i;
                   return with_seed;
                 })
      .has_value();
}

// Delta debugging (Zeller and Hildebrandt 2002) without its reduction to subsets, which one-minimal
// results do not need: pieces are taken away, first all, then halves, and so on down to single
// items.
void ShrinkSearch::minimize(std::size_t count, const Subset& subset) {
  std::vector<std::size_t> left(count);
  for (std::size_t i = 0; i < count; ++i) left[i] = i;
  const auto without = [&](std::size_t begin, std::size_t size) {
    std::vector<bool> kept(count, false);
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (i < begin || i >= begin + size) kept[left[i]] = true;
    }
    return kept;
  };
  for (std::size_t size = count; size > 0; size = size == 1 ? 0 : (size + 1) / 2) {
    for (std::size_t begin = 0; begin < left.size();) {
      const std::size_t pieces = (left.size() - begin + size - 1) / size;
      const auto found = attempt(pieces * seeds_, [&](std::size_t i) {
        std::optional<Scenario> candidate = subset(without(begin + i / seeds_ * size, size));
        if (candidate) candidate->seed = result_.scenario.seed + i % seeds_;
        return candidate;
      });
      if (!found) break;
      begin += *found / seeds_ * size;
      const auto from = left.begin() + static_cast<std::ptrdiff_t>(begin);
      left.erase(from, from + static_cast<std::ptrdiff_t>(std::min(size, left.size() - begin)));
    }
  }
}

// --- The way -------------------------------------------------------------------------------------

// Faults at their time rather than after a number of events, which changes with everything that is
// taken away. What had waited for an event of the same instant comes a nanosecond later.
bool ShrinkSearch::make_explicit() {
  Scenario happened = as_it_happened(result_.scenario, result_.outcome);
  happened.description.clear();
  happened.expect = ExpectSpec{Verdict::violated, property_};
  const auto at_times = [&](Duration later) {
    Scenario s = happened;
    for (Fault& fault : s.faults) {
      if (fault.after_event) fault.at += later;
      fault.after_event.reset();
    }
    return s;
  };
  return attempt(3,
                 [&](std::size_t i) -> std::optional<Scenario> {
                   if (i == 2) return happened;
                   return at_times({static_cast<std::int64_t>(i)});
                 })
      .has_value();
}

void ShrinkSearch::search() {
  const Scenario failing = result_.scenario;
  const RunOutcome outcome = result_.outcome;
  limit_ = most_events;
  descend();
  if (!result_.reproduced || items() <= enough_items || !chooses(failing)) {
    // There is nothing else to try: on to the end.
    limit_ = no_limit;
    if (result_.reproduced && spent_ >= most_events) settle();
    result_.complete = !trials_.out_of_time();
    return;
  }
  const Found bound = keep();
  adopt({failing, outcome});
  limit_ = spent_ + 3 * most_events;
  resample();
  const Found drawn = keep();
  limit_ = no_limit;
  descend();
  if (!result_.reproduced || size_of(bound.scenario).items() <= items()) adopt(bound);
  // A few faults that choose, and clients that ask at random, are read more easily than a long list
  // of what became of them, and are as exact.
  if (items() > enough_items && size_of(drawn.scenario).items() < items()) adopt(drawn);
  result_.reproduced = true;
  result_.complete = !trials_.out_of_time();
}

// From a schedule that chooses to one that is fixed, and to the least of it.
void ShrinkSearch::descend() {
  result_.reproduced = make_explicit();
  if (!result_.reproduced) return;
  drop_checks();
  truncate();
  script_operations();
  calm_network();
  settle();
}

void ShrinkSearch::settle() {
  seeds_ = 1;
  rounds();
  // Whatever is taken away moves all that comes after it, and with the same luck the rest may come
  // to nothing. A mistake does not need that luck; a few other draws show what it does need.
  if (items() <= enough_items) return;
  seeds_ = other_seeds;
  rounds();
  seeds_ = 1;
}

// What is not judged takes no time.
void ShrinkSearch::drop_checks() {
  const auto drop = [this](auto check) {
    using Check = typename std::remove_cvref_t<decltype(result_.scenario.check.*check)>::value_type;
    if (!(result_.scenario.check.*check) || property_ == Check::name) return;
    attempt_change([check](Scenario& s) { (s.check.*check).reset(); });
  };
  drop(&CheckSpec::liveness);
  drop(&CheckSpec::availability);
  drop(&CheckSpec::linearizable);
  drop(&CheckSpec::progress);
  drop(&CheckSpec::stable_leader);
}

void ShrinkSearch::rounds() {
  std::string before;
  for (std::string now = resolved_json(result_.scenario);
       now != before && spent_ < limit_ && !trials_.out_of_time();
       now = resolved_json(result_.scenario)) {
    before = std::move(now);
    one_round();
  }
}

void ShrinkSearch::one_round() {
  drop_fault_families();
  drop_nodes();
  drop_clients();
  truncate();
  drop_faults();
  drop_operations();
  calm_network();
  pin_messages();
  drop_pairs();
  reset_parts();
  // Last of these: what was pinned for the network of before may have lost its use with it, and is
  // pinned anew in each round.
  drop_messages();
  reset_configs();
  simplify_values();
  round_times();
}

void ShrinkSearch::drop_fault_families() {
  const Scenario base = result_.scenario;
  std::set<std::string_view> names;
  for (const Fault& fault : base.faults) names.insert(name_of(fault.action));
  const std::vector<std::string_view> families(names.begin(), names.end());
  minimize(families.size(), [&](const std::vector<bool>& kept) -> std::optional<Scenario> {
    Scenario s = base;
    std::erase_if(s.faults, [&](const Fault& fault) {
      const auto family = std::find(families.begin(), families.end(), name_of(fault.action));
      return !kept[static_cast<std::size_t>(family - families.begin())];
    });
    return s;
  });
}

// The last node goes first: that leaves the draws of all servers as they were.
void ShrinkSearch::drop_nodes() {
  for (bool dropped = true; dropped;) {
    const Scenario base = result_.scenario;
    const std::uint32_t servers = base.server_count();
    dropped = attempt(servers, [&](std::size_t i) {
                std::vector<bool> kept(servers + base.client_count(), true);
                kept[servers - 1 - i] = false;
                return with_nodes(base, kept);
              }).has_value();
  }
}

void ShrinkSearch::drop_clients() {
  if (result_.scenario.workload && attempt_change([](Scenario& s) { s.workload.reset(); })) {
    return;
  }
  const Scenario base = result_.scenario;
  const std::uint32_t servers = base.server_count();
  minimize(base.client_count(), [&](const std::vector<bool>& kept) {
    std::vector<bool> all(servers, true);
    all.insert(all.end(), kept.begin(), kept.end());
    return with_nodes(base, all);
  });
}

// Most properties are broken at a time; those of the whole history wherever the run ends.
void ShrinkSearch::truncate() {
  const Time at = result_.outcome.violations.front().at;
  const Duration end = result_.scenario.duration;
  if (at < Time{} + end) {
    const Duration sooner = rounded_up(at + Duration{1}, {1'000'000});
    if (sooner < end) attempt_change([&](Scenario& s) { s.end_at(sooner); });
    return;
  }
  for (bool shorter = true; shorter;) {
    const Scenario base = result_.scenario;
    shorter = attempt(3, [&](std::size_t i) -> std::optional<Scenario> {
                Scenario s = base;
                constexpr std::array<std::int64_t, 3> percent{50, 75, 90};
                s.end_at({std::max<std::int64_t>(base.duration.ns / 100 * percent[i], 1)});
                if (s.duration == base.duration) return std::nullopt;
                return s;
              }).has_value();
  }
}

void ShrinkSearch::drop_faults() {
  const Scenario base = result_.scenario;
  minimize(base.faults.size(), [&](const std::vector<bool>& kept) -> std::optional<Scenario> {
    Scenario s = base;
    s.faults = those(base.faults, kept);
    return s;
  });
}

void ShrinkSearch::drop_operations() {
  const Scenario base = result_.scenario;
  if (!base.workload || !base.workload->script) return;
  drop_operations_in_order(0);
  // A minimum depends on the way there, and a property that is judged some time after the deed
  // holds those operations fast that were judged first. So others are tried where this one is
  // large: other orders, and all the time that there was.
  for (std::uint64_t order = 1; order <= most_orders && items() > enough_items; ++order) {
    const Scenario found = result_.scenario;
    const RunOutcome outcome = result_.outcome;
    const std::uint64_t least = items();
    Scenario again = base;
    if (order % 2 == 1) again.duration = result_.before.duration;
    if (attempt(std::move(again))) {
      drop_operations_in_order(order);
      truncate();
      if (items() < least) continue;
    }
    result_.scenario = found;
    result_.outcome = outcome;
  }
}

void ShrinkSearch::drop_operations_in_order(std::uint64_t order) {
  const Scenario all = result_.scenario;
  const auto& script = *all.workload->script;
  const std::size_t count = script.size();
  std::vector<std::size_t> places(count);
  for (std::size_t i = 0; i < count; ++i) places[i] = i;
  if (order > 1) {
    Stream shuffle(order, Purpose::choice, 0);
    for (std::size_t i = count; i > 1; --i) std::swap(places[i - 1], places[shuffle.below(i)]);
  }
  minimize(count, [&](const std::vector<bool>& kept) -> std::optional<Scenario> {
    std::vector<bool> in_place(count);
    for (std::size_t i = 0; i < count; ++i) in_place[places[i]] = kept[i];
    Scenario s = all;
    s.workload->script = those(script, in_place);
    return s;
  });
}

// What is minimal item by item may not be minimal yet.
void ShrinkSearch::drop_pairs() {
  constexpr std::size_t most = 24;
  for (bool dropped = true; dropped;) {
    const Scenario base = result_.scenario;
    const Items all(base);
    if (all.size() < 2 || all.size() > most) return;
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (std::size_t i = 1; i < all.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) pairs.emplace_back(i, j);
    }
    dropped = attempt(pairs.size(), [&](std::size_t p) -> std::optional<Scenario> {
                return all.without({pairs[p].first, pairs[p].second});
              }).has_value();
  }
}

void ShrinkSearch::drop_messages() {
  const Scenario base = result_.scenario;
  minimize(base.network.messages.size(),
           [&](const std::vector<bool>& kept) -> std::optional<Scenario> {
             Scenario s = base;
             s.network.messages = those(base.network.messages, kept);
             return s;
           });
}

// --- Why each item is needed ---------------------------------------------------------------------

void ShrinkSearch::explain() {
  const Items items(result_.scenario);
  const std::size_t count = items.size();
  std::vector<Trial> trials(count);
  trials_.all(count, [&](std::size_t i) { trials[i] = judge(items.without({i})); });
  tally(trials, count);
  std::vector<std::size_t> idle;
  for (std::size_t i = 0; i < count; ++i) {
    if (trials[i].answer == Answer::untried) continue;
    Necessity& need = result_.necessity.emplace_back();
    need.item = items.text(i);
    if (trials[i].answer == Answer::same) {
      need.answer = Necessity::Answer::violated;
      idle.push_back(i);
    } else if (trials[i].answer == Answer::diverged) {
      need.answer = Necessity::Answer::another;
      need.property = trials[i].outcome.violations.front().property;
    }
  }
  // Two of which each could go, but not both.
  for (const std::size_t i : idle) {
    for (const std::size_t j : idle) {
      if (i == j || trials_.out_of_time()) continue;
      const Trial both = judge(items.without({std::max(i, j), std::min(i, j)}));
      ++result_.runs;
      if (both.answer != Answer::same) result_.necessity[i].jointly.push_back(items.text(j));
    }
  }
}

Shrunk shrink(const Scenario& failing, const RunOutcome& outcome, const ShrinkOptions& options) {
  ShrinkSearch search(failing, outcome, options);
  search.search();
  Shrunk result = search.take();
  if (result.reproduced && options.explain) {
    // Explaining has a time of its own: it is short, and without it the search was half in vain.
    result.necessity = necessity(result.scenario, result.outcome, options);
    result.runs += result.necessity.size();
  }
  result.after = size_of(result.scenario);
  return result;
}

std::vector<Necessity> necessity(const Scenario& failing, const RunOutcome& outcome,
                                 const ShrinkOptions& options) {
  ShrinkSearch search(failing, outcome, options);
  search.explain();
  return search.take().necessity;
}

}  // namespace ballast

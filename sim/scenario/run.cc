#include "sim/scenario/run.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"
#include "sim/check/linearizable.h"

namespace ballast {
namespace {

constexpr std::size_t fact_kinds = std::variant_size_v<Fact>;

// Brings what the nodes state to those who judge, count and record it.
class Watch final : public Observer {
 public:
  Watch(const Scenario& scenario, const RunOptions& options, Director& director)
      : recorder_(options.recorder),
        director_(director),
        history_(options.check && scenario.check.linearizable.has_value()) {
    const std::vector<Group> groups = scenario.node_groups();
    std::uint32_t nodes = 0;
    for (const Group& group : groups) nodes += static_cast<std::uint32_t>(group.nodes.size());
    clients_ = scenario.workload ? groups.size() - 1 : groups.size();
    group_of_.resize(nodes + 1);
    listeners_.resize(groups.size());
    heard_.resize(groups.size());
    decided_.resize(groups.size());
    for (std::size_t g = 0; g < groups.size(); ++g) {
      for (const NodeId node : groups[g].nodes) group_of_[node.value] = g;
      if (options.check && g != clients_) add_checkers(scenario, groups[g], g);
    }
  }

  SightMask wants() const override {
    const SightMask own = sight(Sight::stated) | sight(Sight::crashed) | sight(Sight::broke_rule);
    return recorder_ == nullptr ? own : own | recorder_->wants();
  }
  bool wants_states() const override { return recorder_ != nullptr && recorder_->wants_states(); }

  void see(const Occurrence& seen, const World& world) override {
    if (recorder_ != nullptr && (recorder_->wants() & sight(seen.what)) != 0) {
      recorder_->see(seen, world);
    }
    if (seen.what == Sight::stated) {
      hear(seen);
    } else if (seen.what == Sight::crashed) {
      crashed(seen);
    } else if (seen.what == Sight::broke_rule) {
      objections_.raise(
          {"ensure", std::string(seen.sentence), seen.event, seen.at, seen.node, {seen.event}});
    }
  }

  void finish(Time at, EventId last) {
    for (Listener& listener : checkers_) listener.checker->finish(at, last, objections_);
  }

  Objections& objections() { return objections_; }
  const History& history() const { return history_; }
  Histogram& interval_latencies() { return interval_latencies_; }
  std::uint64_t elections() const { return elections_; }
  std::uint64_t routed() const { return routed_; }
  std::uint64_t decisions() const {
    std::uint64_t total = 0;
    for (const std::uint64_t slots : decided_) total += slots;
    return total;
  }
  // When the first operation began after the last fault had ended, and when one of those that did
  // was first answered; Time::max() for never.
  Time first_attempt() const { return first_attempt_; }
  Time first_progress() const { return first_progress_; }
  // How many facts of these kinds were stated.
  std::uint64_t stated(FactMask kinds) const {
    std::uint64_t total = 0;
    for (const auto& of_group : heard_) total += count(of_group, kinds);
    return total;
  }

  std::vector<CheckTally> tallies() const {
    std::vector<CheckTally> all;
    for (const Listener& listener : checkers_) {
      const std::uint64_t heard = count(heard_[listener.group], listener.checker->interests());
      const std::string property(listener.checker->property());
      const auto same = std::find_if(all.begin(), all.end(), [&](const CheckTally& tally) {
        return tally.property == property;
      });
      if (same == all.end()) {
        all.push_back({property, heard});
      } else {
        same->heard += heard;
      }
    }
    return all;
  }

 private:
  struct Listener {
    std::unique_ptr<Checker> checker;
    std::size_t group = 0;
  };
  using Tally = std::array<std::uint64_t, fact_kinds>;

  static std::uint64_t count(const Tally& heard, FactMask kinds) {
    std::uint64_t total = 0;
    for (std::size_t kind = 0; kind < fact_kinds; ++kind) {
      if ((kinds >> kind & 1) != 0) total += heard[kind];
    }
    return total;
  }

  void add_checkers(const Scenario& scenario, const Group& group, std::size_t g) {
    const auto& wanted = scenario.check.safety;
    for (const CheckInfo& info : checks()) {
      if (wanted && std::find(wanted->begin(), wanted->end(), info.name) == wanted->end()) continue;
      checkers_.push_back({info.make(group), g});
      Checker* checker = checkers_.back().checker.get();
      for (std::size_t kind = 0; kind < fact_kinds; ++kind) {
        if ((checker->interests() >> kind & 1) != 0) listeners_[g][kind].push_back(checker);
      }
    }
  }

  void hear(const Occurrence& seen) {
    const HeardFact heard{seen.fact, seen.event, seen.cause, seen.at, seen.node, seen.life};
    const std::size_t group = group_of_[seen.node.value];
    const std::size_t kind = seen.fact->index();
    ++heard_[group][kind];
    for (Checker* checker : listeners_[group][kind]) checker->hear(heard, objections_);
    const FactMask bit = FactMask{1} << kind;
    if ((bit & History::interests()) != 0) {
      if (group == clients_) record(history_.hear(heard));
    } else if ((bit & Roles::interests()) != 0) {
      director_.hear(heard);
      elections_ += std::holds_alternative<Elected>(*seen.fact);
    } else if (const auto* decided = std::get_if<Decided>(seen.fact)) {
      decided_[group] = std::max(decided_[group], decided->slot.value);
    } else if (std::holds_alternative<Routed>(*seen.fact)) {
      ++routed_;
    }
  }

  void record(const HistoryLine& line) {
    if (recorder_ != nullptr) recorder_->line(line);
    const ClientOperation& op = *line.operation;
    if (!line.invocation && op.outcome == Returning::ok && recorder_ != nullptr) {
      interval_latencies_.record(op.returned - op.invoked);
    }
    if (first_progress_ != Time::max()) return;
    const std::optional<Time> healed = director_.healed_at();
    if (!healed || op.invoked < *healed) return;
    first_attempt_ = std::min(first_attempt_, op.invoked);
    if (!line.invocation && op.outcome == Returning::ok) first_progress_ = op.returned;
  }

  void crashed(const Occurrence& seen) {
    for (const Listener& listener : checkers_) {
      if (listener.group == group_of_[seen.node.value]) {
        listener.checker->crashed(seen.node, seen.at);
      }
    }
    director_.crashed(seen.node);
    for (const ClientOperation& op : history_.crashed(seen.node, seen.at)) {
      record({false, &op, seen.event});
    }
  }

  Recorder* recorder_;
  Director& director_;
  History history_;
  std::vector<Listener> checkers_;
  std::vector<std::array<std::vector<Checker*>, fact_kinds>> listeners_;  // by group and kind
  std::vector<Tally> heard_;                                              // by group
  std::vector<std::size_t> group_of_;                                     // by node
  std::vector<std::uint64_t> decided_;                                    // highest slot, by group
  Objections objections_;
  Histogram interval_latencies_;
  std::uint64_t elections_ = 0;
  std::uint64_t routed_ = 0;
  std::size_t clients_ = 0;  // their group
  Time first_attempt_ = Time::max();
  Time first_progress_ = Time::max();
};

// Takes a fingerprint every so many events; when there are too many, every second one is dropped
// and the interval doubled, so that the memory stays the same however long the run is.
class PrefixTaker {
 public:
  void look(const World& world) {
    if (world.counters().events < next_) return;
    prefixes_.hashes.push_back(world.fingerprint());
    if (prefixes_.hashes.size() == most) {
      for (std::size_t i = 0; i < most / 2; ++i) prefixes_.hashes[i] = prefixes_.hashes[2 * i + 1];
      prefixes_.hashes.resize(most / 2);
      prefixes_.interval *= 2;
    }
    next_ = (prefixes_.hashes.size() + 1) * prefixes_.interval;
  }
  PrefixHashes take() { return std::move(prefixes_); }

 private:
  static constexpr std::size_t most = 512;
  PrefixHashes prefixes_;
  std::uint64_t next_ = PrefixHashes{}.interval;
};

class Running {
 public:
  Running(const Scenario& scenario, const RunOptions& options)
      : scenario_(scenario),
        options_(options),
        world_(build_world(scenario)),
        director_(scenario.faults, scenario.node_groups(), scenario.seed),
        watch_(scenario, options, director_) {}

  RunOutcome go() {
    world_.observe(&watch_);
    if (options_.recorder != nullptr) options_.recorder->begin(scenario_, world_);
    end_ = Time{} + scenario_.duration;
    interval_ = Duration{std::max<std::int64_t>(1'000'000, scenario_.duration.ns / 100)};
    next_sample_ = options_.recorder == nullptr ? Time::max() : Time{} + interval_;
    reseed_at_ = options_.reseed ? options_.reseed->after_event : never;
    next_look_ = std::min(next_look_, reseed_at_);
    world_.boot();
    reseed();
    stopped_ = !watch_.objections().empty();
    while (!stopped_) {
      const Time pause = std::min({director_.next_at(), next_sample_, end_});
      if (!execute_until(pause - Duration{1})) continue;
      world_.advance(pause);
      if (pause == next_sample_) take_sample();
      // What happens at the very instant comes after the faults. A pause for a sample is none for
      // faults that wait, or recording a run would change it.
      if (pause == director_.next_at()) {
        director_.act(world_);
        reseed();
      }
      stopped_ = stopped_ || !watch_.objections().empty();
      if (pause < end_ || stopped_) continue;
      if (execute_until(end_)) break;
    }
    return judge();
  }

 private:
  // Executes every event up to `last`. False if the run was stopped, or if a fault that had waited
  // for somebody has fired and has set an earlier date.
  bool execute_until(Time last) {
    while (world_.step(last)) {
      if (director_.is_waiting()) director_.act(world_);
      stopped_ = !watch_.objections().empty();
      if (world_.counters().events >= next_look_) look();
      if (stopped_ || director_.next_at() <= last) return false;
    }
    return true;
  }

  // What need not be looked at after every event.
  void look() {
    const std::uint64_t events = world_.counters().events;
    reseed();
    prefixes_.look(world_);
    if (!stopped_) stopped_ = over_budget(events);
    next_look_ = std::min({(events | 0xFF) + 1, scenario_.budget.events, reseed_at_});
  }

  // Once, as soon as the event has been executed after which it is wanted.
  void reseed() {
    if (world_.counters().events < reseed_at_) return;
    world_.reseed(options_.reseed->seed);
    director_.reseed(options_.reseed->seed);
    reseed_at_ = never;
  }

  bool over_budget(std::uint64_t events) {
    if (events >= scenario_.budget.events) {
      reasons_.push_back("the budget of " + with_commas(scenario_.budget.events) +
                         " events was spent at " + to_text(world_.now()));
      return true;
    }
    if (options_.interrupted != nullptr && *options_.interrupted != 0) {
      reasons_.push_back("interrupted at " + to_text(world_.now()));
      return true;
    }
    if (world_.bytes_held() >> 20 >= scenario_.budget.megabytes) {
      reasons_.push_back("the budget of " + with_commas(scenario_.budget.megabytes) +
                         " MB of memory was spent at " + to_text(world_.now()));
      return true;
    }
    return false;
  }

  void take_sample() {
    Sample sample = totals();
    const Sample now = sample;
    sample.from = last_totals_.to;
    sample.invoked -= last_totals_.invoked;
    sample.ok -= last_totals_.ok;
    sample.fail -= last_totals_.fail;
    sample.info -= last_totals_.info;
    sample.sent -= last_totals_.sent;
    sample.received -= last_totals_.received;
    sample.dropped -= last_totals_.dropped;
    sample.elections -= last_totals_.elections;
    Histogram& latencies = watch_.interval_latencies();
    sample.p50 = latencies.quantile({1, 2});
    sample.p99 = latencies.quantile({99, 100});
    sample.max = latencies.max();
    for (std::uint32_t node = 1; node <= scenario_.server_count(); ++node) {
      sample.nodes_up += world_.is_up({node});
    }
    latencies.clear();
    options_.recorder->sample(sample);
    last_totals_ = now;
    next_sample_ = saturating_add(next_sample_, interval_);
  }

  Sample totals() const {
    Sample s;
    s.to = world_.now();
    s.invoked = watch_.history().invoked();
    s.ok = watch_.history().ended(Returning::ok);
    s.fail = watch_.history().ended(Returning::fail);
    s.info = watch_.history().ended(Returning::info);
    s.sent = world_.counters().sent;
    s.received = world_.counters().received;
    s.dropped = world_.counters().all_dropped();
    s.elections = watch_.elections();
    return s;
  }

  RunOutcome judge();
  void judge_history();
  void judge_progress();
  void judge_work(const RunOutcome& outcome);

  const Scenario& scenario_;
  const RunOptions& options_;
  World world_;
  Director director_;
  Watch watch_;
  PrefixTaker prefixes_;
  Time end_;
  Duration interval_;
  Time next_sample_;
  std::uint64_t next_look_ = 0;  // number of events
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  std::uint64_t reseed_at_ = never;  // number of events
  Sample last_totals_;
  bool stopped_ = false;
  std::vector<std::string> reasons_;
};

RunOutcome Running::judge() {
  if (options_.recorder != nullptr && world_.now() > last_totals_.to) take_sample();
  if (options_.check && watch_.objections().empty()) {
    watch_.finish(world_.now(), world_.last_event());
    judge_history();
    judge_progress();
  }
  director_.give_up();
  RunOutcome outcome;
  outcome.violations = watch_.objections().all();
  outcome.ended = world_.now();
  outcome.counters = world_.counters();
  const Sample all = totals();
  outcome.invoked = all.invoked;
  outcome.ok = all.ok;
  outcome.fail = all.fail;
  outcome.info = all.info;
  outcome.open = watch_.history().open();
  outcome.latencies = watch_.history().latencies();
  outcome.elections = all.elections;
  outcome.decisions = watch_.decisions();
  outcome.routed = watch_.routed();
  outcome.faults = director_.fired();
  outcome.checks = watch_.tallies();
  outcome.prefixes = prefixes_.take();
  judge_work(outcome);
  outcome.reasons = std::move(reasons_);
  outcome.verdict = !outcome.violations.empty() ? Verdict::violated
                    : !outcome.reasons.empty()  ? Verdict::inconclusive
                                                : Verdict::held;
  // A violation is part of what happened; to have looked for one is not.
  Fingerprint whole;
  whole.fold(world_.fingerprint());
  for (const Violation& violation : outcome.violations) fold(whole, violation.property);
  outcome.fingerprint = whole.value();
  if (scenario_.expect) {
    const ExpectSpec& expect = *scenario_.expect;
    outcome.as_expected = outcome.verdict == expect.verdict &&
                          (!expect.property || outcome.violations.empty() ||
                           outcome.violations.front().property == *expect.property);
  }
  return outcome;
}

void Running::judge_history() {
  if (!scenario_.check.linearizable) return;
  std::vector<RegisterOperation> operations;
  for (const ClientOperation& op : watch_.history().operations()) {
    const bool on_register = op.operation == Operation::read || op.operation == Operation::write ||
                             op.operation == Operation::cas;
    if (!on_register || op.outcome == Returning::fail) continue;
    operations.push_back({op.operation, op.key, op.value, op.expected, op.result,
                          op.outcome == Returning::ok, op.invoked, op.returned, op.client});
  }
  const LinearizabilityResult result =
      check_linearizable(operations, scenario_.check.linearizable->budget);
  if (result.answer == Linearizability::unknown) reasons_.push_back(result.sentence);
  if (result.answer == Linearizability::no) {
    watch_.objections().raise({std::string(Linearizable::name),
                               result.sentence,
                               world_.last_event(),
                               result.at,
                               result.client,
                               {}});
  }
}

void Running::judge_progress() {
  if (!scenario_.check.progress) return;
  const Duration within = scenario_.check.progress->within;
  const std::optional<Time> healed = director_.healed_at();
  if (!healed) {
    reasons_.push_back("progress: a fault had not ended when the run did");
    return;
  }
  if (watch_.first_attempt() == Time::max()) {
    reasons_.push_back("progress: no operation began after the last fault ended at " +
                       to_text(*healed));
    return;
  }
  const Time deadline = saturating_add(watch_.first_attempt(), within);
  if (watch_.first_progress() <= deadline) return;
  if (deadline > world_.now()) {
    reasons_.push_back("progress: the run ended at " + to_text(world_.now()) +
                       ", before the deadline at " + to_text(deadline));
    return;
  }
  watch_.objections().raise(
      {std::string(Progress::name),
       "the last fault ended at " + to_text(*healed) + ", but of the operations begun from " +
           to_text(watch_.first_attempt()) + " on none was answered within " + to_text(within),
       world_.last_event(),
       deadline,
       {},
       {}});
}

// A pass must show work: a run in which nothing happened proves nothing.
void Running::judge_work(const RunOutcome& outcome) {
  for (const FiredFault& fault : outcome.faults) {
    if (fault.fired) continue;
    reasons_.push_back("the fault \"" + std::string(name_of(fault.fault.action)) + "\" due at " +
                       to_text(fault.fault.at) + " never fired: nobody was what it waited for");
  }
  if (!reasons_.empty()) return;
  if (scenario_.workload && outcome.ok == 0) {
    reasons_.push_back("no client operation succeeded");
  } else if (!scenario_.workload && outcome.counters.facts == 0) {
    reasons_.push_back("no node stated anything");
  } else if (outcome.elections == 0 && watch_.stated(facts<Campaigned>()) > 0) {
    reasons_.push_back("nodes stood for election, but none was elected");
  }
  if (!options_.check) reasons_.push_back("nothing was checked");
}

}  // namespace

RunOutcome run(const Scenario& scenario, const RunOptions& options) {
  return Running(scenario, options).go();
}

Scenario as_it_happened(const Scenario& scenario, const RunOutcome& outcome) {
  Scenario happened = scenario;
  happened.faults.clear();
  for (const FiredFault& each : outcome.faults) {
    if (each.fired) happened.faults.push_back(each.fault);
  }
  for (const FiredFault& each : outcome.faults) {
    if (!each.fired) happened.faults.push_back(each.fault);
  }
  return happened;
}

}  // namespace ballast

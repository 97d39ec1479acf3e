#include "sim/scenario/run.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "sim/base/assert.h"
#include "sim/check/linearizable.h"
#include "sim/scenario/demand.h"
#include "sim/scenario/liveness.h"
#include "sim/scenario/misfortune.h"
#include "sim/scenario/prefix.h"
#include "sim/scenario/watch.h"

namespace ballast {
namespace {

class Running {
 public:
  Running(const Scenario& scenario, const RunOptions& options)
      : scenario_(scenario),
        options_(options),
        world_(build_world(scenario)),
        director_(scenario.faults, scenario.named_groups(), scenario.seed),
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
    while (!stopped_ && !enough_) {
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
      if (pause < end_ || stopped_ || enough_) continue;
      if (execute_until(end_)) break;
    }
    const bool in_model = stays_in_model();
    if (!stopped_ && in_model && options_.check && scenario_.check.liveness) demand_progress();
    return judge();
  }

 private:
  // Executes every event up to `last`. False if the run was stopped or has measured enough, or if a
  // fault that had waited for somebody has fired and has set an earlier date.
  bool execute_until(Time last) {
    const bool looks_at_connections = scenario_.check.while_faults_stand() && options_.check;
    while (world_.step(last)) {
      if (director_.is_waiting()) director_.act(world_);
      stopped_ = !watch_.objections().empty();
      if (watch_.awaits_followers() != watch_.sees_messages()) world_.observe(&watch_);
      if (world_.counters().events >= next_look_) look();
      if (looks_at_connections) {
        look_at_connections();
        stopped_ = !watch_.objections().empty();
      }
      if (stopped_ || enough_ || director_.next_at() <= last) return false;
    }
    return true;
  }

  // What need not be looked at after every event.
  void look() {
    const std::uint64_t events = world_.counters().events;
    reseed();
    prefixes_.look(world_);
    if (!stopped_) stopped_ = over_budget(events);
    enough_ = enough_ || (watch_.steady() != nullptr && watch_.steady()->enough());
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

  // The second phase, see Liveness.
  void demand_progress();
  bool stays_in_model();
  void look_at_connections();
  void look_for_availability();
  void look_for_stability();
  RunOutcome judge();
  std::vector<GoalTally> count_goals() const;
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
  bool enough_ = false;  // has been measured, for the precision that the scenario asks for
  std::vector<std::string> reasons_;
  std::vector<std::string> notes_;
  std::optional<Duration> recovery_;
  std::uint64_t seen_changes_ = ~std::uint64_t{0};
  Time connected_since_ = Time::max();
  std::uint64_t asked_then_ = 0;
  Time stable_at_;
};

RunOutcome Running::judge() {
  if (options_.recorder != nullptr && world_.now() > last_totals_.to) take_sample();
  if (options_.check && watch_.objections().empty()) {
    watch_.finish(world_.now(), world_.last_event());
    judge_history();
    judge_progress();
  }
  SIM_ASSERT(watch_.balances(world_.now()), "time in the system is the sum of all sojourns");
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
  outcome.leaderless = watch_.leaderless();
  outcome.elections = all.elections;
  outcome.decisions = watch_.decisions();
  outcome.routed = watch_.routed();
  outcome.faults = director_.fired();
  outcome.checks = watch_.tallies();
  outcome.goals = count_goals();
  outcome.prefixes = prefixes_.take();
  if (watch_.steady() != nullptr) outcome.statistics = watch_.steady()->report();
  judge_work(outcome);
  outcome.reasons = std::move(reasons_);
  outcome.notes = std::move(notes_);
  const std::string demand = demand_beyond_capacity(scenario_);
  if (!demand.empty()) outcome.notes.push_back(demand);
  outcome.recovery = recovery_;
  outcome.succession = watch_.leadership().longest();
  outcome.led_since = watch_.leadership().in_office_since();
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

std::vector<GoalTally> Running::count_goals() const {
  std::vector<GoalTally> all;
  std::vector<const AlgorithmInfo*> seen;
  for (const NodeGroup& group : scenario_.groups) {
    if (std::find(seen.begin(), seen.end(), group.algorithm) != seen.end()) continue;
    seen.push_back(group.algorithm);
    for (std::size_t goal = 0; goal < group.algorithm->goals.size(); ++goal) {
      GoalTally tally{group.algorithm->name, group.algorithm->goals[goal].name, 0,
                      (group.algorithm->open_goals(group.config) >> goal & 1) != 0};
      for (std::uint32_t node = 1; node <= scenario_.server_count(); ++node) {
        const auto& reached = world_.reached({node});
        const bool its_own = world_.process({node}).algorithm() == group.algorithm->name;
        if (its_own && !reached.empty()) tally.count += reached[goal];
      }
      all.push_back(tally);
    }
  }
  return all;
}

void Running::judge_history() {
  if (!scenario_.check.linearizable) return;
  const HistoryModel model = scenario_.check.linearizable->model;
  const DecidedLog::Places places = watch_.log().places();
  std::deque<ClientOperation> kept = watch_.take_operations();
  std::vector<SeenOperation> operations;
  operations.reserve(kept.size());
  for (; !kept.empty(); kept.pop_front()) {
    const ClientOperation& op = kept.front();
    if (!knows(model, op.operation) || op.outcome == Returning::fail) continue;
    operations.push_back({op.operation, op.key, op.value, op.expected, op.result,
                          op.outcome == Returning::ok, op.invoked, op.returned, op.client,
                          op.request.session, places.slot_of(op)});
  }
  pass_over_late(operations);
  const LinearizabilityResult result =
      check_linearizable(operations, scenario_.check.linearizable->budget, model);
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

// Says of what kind the run was, if an algorithm was asked for more than it promises. Whether it
// was not: then it is fair to ask for progress.
bool Running::stays_in_model() {
  for (const FiredFault& fault : director_.fired()) {
    if (!fault.outside_model) continue;
    notes_.push_back("the fault \"" + std::string(name_of(fault.fault.action)) + "\" at " +
                     to_text(fault.fault.at) +
                     " left the fault model: liveness is waived, and a violation of safety shows "
                     "what the algorithm relies on");
    return false;
  }
  return true;
}

void Running::demand_progress() {
  director_.freeze();
  const bool changed = watch_.stated(facts<Reconfigured, VotersChanged>()) > 0;
  const bool everyone = changed || asked_for_members(scenario_, director_.fired());
  const Core core = choose_core(scenario_, world_, everyone);
  if (!core.excuse.empty()) {
    reasons_.push_back("liveness: " + core.excuse);
    return;
  }
  heal(core.nodes, scenario_.server_count(), may_meddle(scenario_), world_);
  calm(scenario_.server_count(), 8, world_);
  const Time healed = world_.now();
  watch_.ask_for_progress(healed);
  const Duration budget = patience_of(scenario_) * scenario_.check.liveness->patience;
  Circles circles;
  Patience patience(healed, clear_from(core.nodes, world_), budget,
                    !scenario_.network.loss.is_zero());
  const auto worked_off = [this] { return watch_.decisions() + watch_.stated(work_done); };
  std::uint64_t worked = worked_off();
  std::uint64_t answered = 0;
  bool calmer = false;
  while (answered < scenario_.check.liveness->operations) {
    if (!world_.step(patience.deadline())) {
      if (!patience.puts_off(watch_.asked_for())) break;
      continue;
    }
    stopped_ = !watch_.objections().empty();
    if (world_.counters().events >= next_look_) look();
    if (stopped_) return;
    // A leader outside the core may limp, and more be asked of it than it can do: what it answers
    // is then too late for all. Once they ask less it keeps up, or it is stuck.
    if (!calmer && world_.now() - patience.last_answer() >= budget) {
      calmer = true;
      calm(scenario_.server_count(), 64, world_);
    }
    if (watch_.answered() > answered || worked_off() > worked) {
      if (watch_.answered() > answered) patience.answered(world_.now(), watch_.asked_for());
      answered = watch_.answered();
      worked = worked_off();
      patience.renew(world_.now());
    } else if (patience.deadline() - world_.now() < budget / 2) {
      circles.look(world_, scenario_.server_count());
    }
  }
  if (watch_.answered() > 0) recovery_ = watch_.first_answer() - healed;
  if (answered >= scenario_.check.liveness->operations) return;
  world_.advance(patience.deadline());
  if (watch_.asked_for() == 0) {
    reasons_.push_back("liveness: no operation was begun after the healing at " + to_text(healed));
    return;
  }
  if (patience.too_few(watch_.asked_for())) {
    reasons_.push_back("liveness: too few operations were begun to tell from losses");
    return;
  }
  std::string nodes;
  for (const NodeId node : core.nodes) {
    if (node.value > scenario_.server_count()) break;
    nodes += (nodes.empty() ? "" : ", ") + to_text(node);
  }
  watch_.objections().raise(
      {std::string(Liveness::name),
       "the core " + nodes + " was healed at " + to_text(healed) + " with all clients; of " +
           with_commas(watch_.asked_for()) + " operations begun since, " + with_commas(answered) +
           " were answered, and none for " + to_text(patience.silence()) + "; " + circles.verdict(),
       world_.last_event(),
       patience.deadline(),
       {},
       {}});
}

void Running::look_at_connections() {
  const std::uint64_t changes = watch_.changes();
  if (changes != seen_changes_) {
    seen_changes_ = changes;
    connected_since_ = has_connected_majority(scenario_, world_) ? world_.now() : Time::max();
    asked_then_ = watch_.history().invoked();
  }
  if (connected_since_ == Time::max()) return;
  if (scenario_.check.availability) look_for_availability();
  if (scenario_.check.stable_leader) look_for_stability();
}

// While a connected majority stands unchanged, a leader must stay in office.
void Running::look_for_stability() {
  const StableLeader& check = *scenario_.check.stable_leader;
  const Duration patience = patience_of(scenario_);
  const Time now = world_.now();
  const Time led = watch_.leadership().since();
  if (led < now && now - led >= patience * check.lasts) stable_at_ = now;
  const Time since = std::max(connected_since_, stable_at_);
  if (now - since <= patience * check.patience) return;
  watch_.objections().raise({std::string(StableLeader::name),
                             "a majority has been up and connected since " +
                                 to_text(connected_since_) + ", but no leader was in office for " +
                                 to_text(patience * check.lasts) + " after " + to_text(since) +
                                 "; there were " + with_commas(watch_.elections()) +
                                 " elections in the run",
                             world_.last_event(),
                             now,
                             {},
                             {}});
}

// While a connected majority stands unchanged, operations must go on.
void Running::look_for_availability() {
  const Duration budget = patience_of(scenario_) * scenario_.check.availability->patience;
  const Time since = std::max(connected_since_, watch_.last_ok());
  if (world_.now() - since <= budget || watch_.history().invoked() == asked_then_) return;
  watch_.objections().raise(
      {std::string(Availability::name),
       "a majority has been up and connected since " + to_text(connected_since_) +
           ", but no operation was answered after " + to_text(since) + ", for " + to_text(budget),
       world_.last_event(),
       world_.now(),
       {},
       {}});
}

// A pass must show work: a run in which nothing happened proves nothing.
void Running::judge_work(const RunOutcome& outcome) {
  const bool any_fired = std::any_of(outcome.faults.begin(), outcome.faults.end(),
                                     [](const FiredFault& fault) { return fault.fired; });
  for (const FiredFault& fault : outcome.faults) {
    // One that its bound held back was not to act, unless it was all that there was.
    if (fault.fired || fault.fault.optional || (any_fired && !fault.why.empty())) continue;
    reasons_.push_back("the fault \"" + std::string(name_of(fault.fault.action)) + "\" due at " +
                       to_text(fault.fault.at) + " never fired: " +
                       (fault.why.empty() ? "nobody was what it waited for" : fault.why));
  }
  if (outcome.statistics && !outcome.statistics->converged) {
    reasons_.push_back(outcome.statistics->shortfall());
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
    // What did not act is kept only where the verdict speaks of it: in the same run it would wait
    // again, and might not wait in vain.
    if (!each.fired && !each.fault.optional && each.why.empty()) {
      happened.faults.push_back(each.fault);
    }
  }
  return happened;
}

}  // namespace ballast

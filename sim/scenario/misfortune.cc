#include "sim/scenario/misfortune.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"
#include "sim/protocol/quorum.h"
#include "sim/scenario/json.h"

namespace ballast {
namespace {

// Nearly the longest that a distribution gives.
// Some thirteen days: of what takes longer, a few together would be more than a time can be.
constexpr Duration longest_wait{std::int64_t{1} << 50};

Duration long_tail(const Distribution& law) {
  return std::min(law.at(~std::uint64_t{0} / 100 * 99), longest_wait);
}

// What a message and its answer usually take at most, with a record on either side.
Duration round_trip(const Scenario& s) {
  return (long_tail(s.network.latency) + long_tail(s.disk.flush)) * 2;
}

void vary_options(Scenario& s, Stream& dice) {
  for (NodeGroup& group : s.groups) group.algorithm->vary(group.config, dice, round_trip(s));
}

// Only what the scenario has left as it was: a network that somebody has described is meant so.
// Where no answer can come before the clients give up, no algorithm could be live.
void vary_network(Scenario& s, Stream& dice) {
  const NetworkSpec usual;
  const Duration shortest =
      s.workload ? std::min(patience_of(s), s.workload->timeout) : patience_of(s);
  const auto patience = static_cast<std::uint64_t>(shortest.ns);
  const std::uint64_t longest = std::max<std::uint64_t>(patience / 20, 2'000);
  const auto least = static_cast<std::int64_t>(log_uniform(dice, 1'000, longest));
  const auto most =
      static_cast<std::int64_t>(log_uniform(dice, static_cast<std::uint64_t>(least), longest));
  const std::uint64_t loss = dice.below(2) == 0 ? 0 : log_uniform(dice, 1, 400);
  const std::uint64_t duplicate = dice.below(2) == 0 ? 0 : log_uniform(dice, 1, 100);
  const bool fifo = dice.below(4) == 0;
  if (s.network.latency == usual.latency) {
    s.network.latency = Distribution::uniform({least}, {most});
  }
  // A fault, for no healed network loses a third of what it carries.
  if (s.network.loss.is_zero() && loss > 0) {
    Fault fault;
    LinkLoss lossy;
    lossy.rate = Ratio{loss, 1000}.reduced();
    fault.action = lossy;
    s.faults.push_back(std::move(fault));
  }
  if (s.network.duplicate.is_zero()) s.network.duplicate = Ratio{duplicate, 1000}.reduced();
  if (!s.network.fifo) s.network.fifo = fifo;
}

// Whether a run that ends early still says what its scenario is about.
bool may_end_early(const Scenario& s) {
  if (!s.workload || s.workload->script || s.workload->stop || s.statistics) return false;
  if (s.check.while_faults_stand()) return false;
  const Arrivals& arrivals = s.workload->arrivals;
  return !std::holds_alternative<RateCurve>(arrivals) &&
         !std::holds_alternative<Diurnal>(arrivals) && !std::holds_alternative<Replay>(arrivals);
}

// Most mistakes take an election or two and little time: a long run would repeat what it has shown.
// The faults that the scenario has itself come first, and whoever waits for clients sees them.
void shorten(Scenario& s, Stream& dice) {
  Time least = Time{} + s.workload->start + patience_of(s) * 2;
  for (const Fault& fault : s.faults) {
    const Time begins = saturating_add(fault.at, fault.delay);
    const Time ends = saturating_add(begins, fault.lasts.value_or(Duration{}));
    least = std::max(least, saturating_add(ends, patience_of(s) * 2));
  }
  if (least - Time{} >= s.duration) return;
  s.end_at(
      {static_cast<std::int64_t>(log_uniform(dice, static_cast<std::uint64_t>((least - Time{}).ns),
                                             static_cast<std::uint64_t>(s.duration.ns)))});
}

// A scheduler that knows nothing of time: a random walk over the deliveries that are possible. It
// is a fault, and shrinks like one.
void untime(Scenario& s) {
  const Duration longest{std::max<std::int64_t>(patience_of(s).ns, 2'000)};
  LinkDelay delay;
  delay.add = Distribution::pareto({1'000}, longest, {1, 50});
  Fault fault;
  fault.action = delay;
  fault.lasts = s.duration;  // for all: a leader beyond the core is not to limp for ever
  s.faults.push_back(std::move(fault));
}

}  // namespace

std::optional<Profile> read_profile(const Value& value, Problems& problems) {
  Reader r(problems, "profile");
  Profile profile;
  if (!read(value, profile, r)) return std::nullopt;
  return profile;
}

std::optional<Profile> find_profile(std::string_view name) {
  for (const NamedProfile& known : built_in_profiles()) {
    if (known.name != name) continue;
    Problems problems;
    const std::optional<Value> value =
        parse_json(std::string(known.text), std::string(name), problems);
    const std::optional<Profile> profile = value ? read_profile(*value, problems) : std::nullopt;
    SIM_ASSERT(profile, "the profiles that come with the tool can be read");
    return profile;
  }
  return std::nullopt;
}

Duration patience_of(const Scenario& scenario) {
  Duration longest{1};
  for (const NodeGroup& group : scenario.groups) {
    longest = std::max(longest, group.algorithm->patience(group.config));
  }
  return std::min(longest, longest_wait);
}

std::size_t quorum_of(const NodeGroup& group) {
  return fewest(group.algorithm->quorums(group.config), group.count);
}

Scenario with_misfortune(const Scenario& scenario, const Profile& profile, std::uint64_t seed) {
  Scenario s = scenario;
  s.seed = seed;
  Stream dice(seed, Purpose::swarm, 0);
  const bool other_options = profile.knobs.happens(dice.next());
  const bool other_network = profile.network.happens(dice.next());
  if (other_network) vary_network(s, dice);
  if (other_options) vary_options(s, dice);
  Stream length(seed, Purpose::swarm, 2);
  if (profile.shorter.happens(length.next()) && may_end_early(s)) shorten(s, length);
  Stream schedule(seed, Purpose::swarm, 1);
  if (profile.untimed.happens(schedule.next())) untime(s);
  Arena arena;
  arena.members = s.groups.front().count;
  arena.servers = s.server_count();
  arena.clients = s.client_count();
  arena.patience = patience_of(s);
  arena.duration = s.duration;
  arena.forgets = s.groups.front().algorithm->forgets;
  for (const std::string_view timer : s.groups.front().algorithm->timers) {
    arena.timers.emplace_back(timer);
  }
  for (Fault& fault : nemesis(profile, arena, seed)) s.faults.push_back(std::move(fault));
  if (s.workload && profile.liveness > 0 && !s.check.liveness) {
    s.check.liveness = Liveness{};
    s.check.liveness->patience = profile.liveness;
    s.check.progress.reset();
  }
  return s;
}

}  // namespace ballast

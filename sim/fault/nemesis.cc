#include "sim/fault/nemesis.h"

#include <algorithm>
#include <utility>

namespace ballast {
namespace {

// No run needs more; a family that would strike oftener does so with longer gaps.
constexpr std::int64_t most_strikes = 40;

// One family's luck in one run, and what it has to work with.
class Drawing {
 public:
  Drawing(const Profile& profile, const Arena& arena, std::uint64_t seed, Family family)
      : profile_(profile),
        arena_(arena),
        dice_(seed, Purpose::nemesis, static_cast<std::uint64_t>(family) + 1),
        gap_(scaled(profile.gap)),
        dwell_(scaled(profile.dwell)) {
    if (family == Family::ambush) gap_.ns /= 4;  // most lie there and wait
    gap_ = std::max(gap_, Duration{arena.duration.ns / most_strikes});
  }

  std::vector<Fault> schedule(Family family) {
    std::vector<Fault> faults;
    for (Time at = Time{} + first(); at < Time{} + arena_.duration;) {
      Fault fault;
      fault.at = at;
      fault.optional = true;
      fault.action = strike(family);
      const Duration lasts = dwell();
      if (has_duration(fault.action) && !chance(profile_.endless)) fault.lasts = lasts;
      fit(fault, lasts);
      if (family == Family::ambush) lie_in_wait(fault);
      faults.push_back(std::move(fault));
      at = saturating_add(saturating_add(at, lasts), wait());
    }
    return faults;
  }

 private:
  bool chance(Ratio p) { return p.happens(dice_.next()); }
  bool one_in(std::uint64_t n) { return dice_.below(n) == 0; }
  std::uint64_t between(std::uint64_t least, std::uint64_t most) {
    return log_uniform(dice_, least, most);
  }
  Duration times(Duration d, Ratio factor) {
    return {static_cast<std::int64_t>(factor.of(static_cast<std::uint64_t>(d.ns)))};
  }
  Duration scaled(const Multiples& range) {
    const Duration least = std::max(times(arena_.patience, range.min), Duration{1'000});
    const Duration most = std::max(times(arena_.patience, range.max), least);
    return {static_cast<std::int64_t>(
        between(static_cast<std::uint64_t>(least.ns), static_cast<std::uint64_t>(most.ns)))};
  }
  // Healthy states and faults each last from half to twice this family's own mean: long enough to
  // matter, and never the same.
  Duration around(Duration mean) {
    const auto half = static_cast<std::uint64_t>(mean.ns / 2);
    return {static_cast<std::int64_t>(half + dice_.below(3 * half + 1))};
  }
  Duration wait() { return around(gap_); }
  // Some things happen once, at the beginning: a first election, a single decision. Half of the
  // families are there for them.
  Duration first() {
    if (one_in(2)) return wait();
    return {static_cast<std::int64_t>(
        dice_.below(static_cast<std::uint64_t>(std::min(gap_, arena_.patience).ns) + 1))};
  }
  Duration dwell() { return around(dwell_); }
  // A part of the algorithm's patience: from a hundredth of it to three times.
  Duration part_of_patience() {
    const auto patience = static_cast<std::uint64_t>(arena_.patience.ns);
    return {static_cast<std::int64_t>(between(patience / 100 + 1, patience * 3))};
  }
  Ratio share() { return Ratio{between(10, 500), 1000}.reduced(); }

  Selector one() {
    if (!chance(profile_.targeted)) return Selector::of(Role::any);
    constexpr std::array roles{Role::leader, Role::leader, Role::follower, Role::pending,
                               Role::laggard};
    return Selector::of(roles[dice_.below(roles.size())]);
  }
  NodeId client() {
    return {arena_.servers + 1 + static_cast<std::uint32_t>(dice_.below(arena_.clients))};
  }
  // One, some or a minority; where the profile lets it, more.
  Selector some() {
    switch (dice_.below(4)) {
      case 0:
        return Selector::of(arena_.members > 2 ? Role::minority : Role::any);
      case 1:
        if (chance(profile_.all_down)) {
          constexpr std::array roles{Role::majority, Role::random, Role::all};
          return Selector::of(roles[dice_.below(roles.size())]);
        }
        return one();
      default:
        return one();
    }
  }

  FaultAction strike(Family family);
  FaultAction network(Family family);
  FaultAction split();
  FaultAction shape();
  FaultAction crash();
  FaultAction torn();
  FaultAction disk();
  FaultAction clocks();
  FaultAction pause();
  FaultAction slow();
  FaultAction flap();
  FaultAction ambush();
  FaultAction amnesia();

  // From then on, again and again: in the right moment a short blow is enough, and a bug that takes
  // several leaders to fall in a row is not left to chance alone.
  void lie_in_wait(Fault& fault) {
    fault.lasts = part_of_patience();
    constexpr std::array moments{Cue::uncommitted, Cue::uncommitted, Cue::leaderless,
                                 Cue::two_leaders, Cue::candidates,  Cue::stated,
                                 Cue::stated,      Cue::persisted,   Cue::persisted};
    When& when = fault.when.emplace();
    if (!moment_ || one_in(4)) moment_ = moments[dice_.below(moments.size())];
    when.what = *moment_;
    const bool often = when.what == Cue::stated || when.what == Cue::persisted;
    when.nth = between(1, often ? 40 : 4);
    when.repeated = true;
    if (one_in(2)) {
      const auto longest = static_cast<std::uint64_t>(arena_.patience.ns / 10 + 2);
      fault.delay = {
          static_cast<std::int64_t>(between(1'000, std::max<std::uint64_t>(longest, 1'000)))};
    }
  }

  // What some faults need besides, once it is known how long they last.
  void fit(Fault& fault, Duration lasts) {
    if (auto* at_write = std::get_if<CrashAtWrite>(&fault.action)) at_write->down = lasts;
    if (auto* crash = std::get_if<Crash>(&fault.action)) crash->keep_memory = arena_.forgets;
    if (auto* loop = std::get_if<CrashLoop>(&fault.action)) loop->keep_memory = arena_.forgets;
    if (auto* failing = std::get_if<WriteError>(&fault.action)) failing->down = lasts;
    if (auto* swizzle = std::get_if<Swizzle>(&fault.action)) {
      swizzle->over = std::max(lasts, Duration{2});
      fault.lasts.reset();
    }
  }

  const Profile& profile_;
  const Arena& arena_;
  Stream dice_;
  Duration gap_;
  Duration dwell_;
  std::optional<Cue> moment_;  // what ambushes wait for in this run, most of the time
};

template <class Action>
Action on(Selector nodes) {
  Action action;
  action.nodes = std::move(nodes);
  return action;
}

FaultAction Drawing::split() {
  if (one_in(3)) return on<Isolate>(one());
  Split split;
  constexpr std::array sizes{Sizes::halves, Sizes::minority, Sizes::majority, Sizes::uniform,
                             Sizes::coin};
  split.sizes = sizes[dice_.below(sizes.size())];
  if (arena_.members > 4 && one_in(4)) split.into = 3;
  if (chance(profile_.targeted)) split.with = Selector::of(Role::leader);
  split.clients = one_in(2);
  return split;
}

FaultAction Drawing::shape() {
  switch (dice_.below(7)) {
    case 0:
      return MajoritiesRing{};
    case 1:
      return Chain{};
    case 2:
      return Star{};
    case 3:
      return ConstrainedElection{};
    case 4:
      return OldLeaderBridge{};
    case 5:
      return TwoLeaf{};
    default: {
      Bridge bridge;
      bridge.node = one();
      return bridge;
    }
  }
}

FaultAction Drawing::network(Family family) {
  // All links, or those of some nodes.
  std::optional<Selector> where;
  if (!one_in(3)) where = one();
  const auto at = [&](auto action) {
    action.nodes = where;
    return action;
  };
  if (family == Family::delay) {
    LinkDelay delay;
    delay.add = one_in(2) ? Distribution::constant(part_of_patience())
                          : Distribution::uniform({}, part_of_patience());
    return at(delay);
  }
  if (family == Family::loss) {
    LinkLoss loss;
    loss.rate = share();
    if (one_in(2)) loss.correlation = Ratio{between(100, 950), 1000}.reduced();
    return at(loss);
  }
  if (family == Family::duplicate) {
    if (one_in(2)) {
      LinkReplay replay;
      replay.rate = share();
      replay.hold = Distribution::uniform({}, {part_of_patience().ns * 10});
      return at(replay);
    }
    LinkDuplicate duplicate;
    duplicate.rate = share();
    return at(duplicate);
  }
  if (family == Family::reorder) {
    LinkReorder reorder;
    reorder.share = share();
    reorder.window = part_of_patience();
    return at(reorder);
  }
  if (family == Family::bandwidth) {
    LinkBandwidth thin;
    thin.rate = {between(2'000, 2'000'000), {1'000'000'000}};
    thin.queue = static_cast<std::uint32_t>(between(2, 64));
    return at(thin);
  }
  if (family == Family::corruption) {
    LinkCorrupt corrupt;
    corrupt.rate = share();
    corrupt.detected = false;
    return at(corrupt);
  }
  if (arena_.members > 2 && one_in(3)) return Swizzle{};
  return at(LinkClog{});
}

FaultAction Drawing::crash() {
  if (one_in(8)) {
    CrashLoop loop = on<CrashLoop>(one());
    loop.times = between(2, 8);
    loop.down = part_of_patience();
    loop.up = part_of_patience();
    return loop;
  }
  Crash crash = on<Crash>(some());
  if (one_in(2)) crash.unflushed = Unflushed::prefix;
  if (one_in(4)) crash.stagger = part_of_patience();
  return crash;
}

FaultAction Drawing::torn() {
  if (one_in(3)) {
    Crash crash = on<Crash>(Selector::of(Role::pending));
    crash.unflushed = one_in(2) ? Unflushed::subset : Unflushed::prefix;
    crash.torn = Torn::detected;
    return crash;
  }
  CrashAtWrite at_write = on<CrashAtWrite>(one());
  at_write.nth = between(1, 20);
  at_write.keep = dice_.below(4);
  return at_write;
}

FaultAction Drawing::disk() {
  switch (dice_.below(4)) {
    case 0:
      return on<DiskFull>(one());
    case 1: {
      WriteError failing = on<WriteError>(one());
      failing.nth = between(1, 20);
      return failing;
    }
    case 2:
      return on<DiskStall>(one());
    default:
      return on<BitRot>(Selector::of(Role::any));
  }
}

FaultAction Drawing::clocks() {
  switch (dice_.below(5)) {
    case 0: {
      ClockJump jump = on<ClockJump>(one());
      jump.by = part_of_patience();
      if (one_in(2)) jump.by = -jump.by;
      return jump;
    }
    case 1: {
      ClockStrobe strobe = on<ClockStrobe>(one());
      strobe.by = part_of_patience();
      strobe.period = part_of_patience();
      return strobe;
    }
    case 2:
      return on<ClockFreeze>(one());
    case 3: {
      LateTimers late = on<LateTimers>(one());
      late.late = Distribution::uniform({}, part_of_patience());
      return late;
    }
    default: {
      ClockDrift drift = on<ClockDrift>(one());
      drift.ppm = static_cast<std::int64_t>(between(10, 200'000));
      if (one_in(2)) drift.ppm = -drift.ppm;
      return drift;
    }
  }
}

FaultAction Drawing::ambush() {
  // The leader, the node that has just written something, or anybody.
  constexpr std::array roles{Role::leader, Role::leader, Role::pending, Role::any};
  const Selector whom = Selector::of(roles[dice_.below(roles.size())]);
  switch (dice_.below(4)) {
    case 0:
      return on<Isolate>(whom);
    case 1:
      return on<Pause>(whom);
    case 2:
      return on<Mute>(whom);
    default:
      return on<Crash>(whom);
  }
}

FaultAction Drawing::amnesia() {
  if (one_in(2)) return on<Wipe>(Selector::of(Role::any));
  return on<Rollback>(Selector::of(Role::any));
}

FaultAction Drawing::flap() {
  Flap flap;
  flap.between = {one(), Selector::of(Role::random)};
  flap.down = part_of_patience();
  flap.up = part_of_patience();
  return flap;
}

FaultAction Drawing::pause() {
  Pause pause = on<Pause>(some());
  pause.clock_jump = !one_in(4);
  return pause;
}

FaultAction Drawing::slow() {
  if (one_in(2)) {
    SlowDisk disk = on<SlowDisk>(some());
    disk.flush = Distribution::uniform({}, part_of_patience());
    return disk;
  }
  // Slow, and not swamped: a backlog without end is the fault of the load.
  SlowNode node = on<SlowNode>(one());
  node.service = Distribution::uniform({}, {part_of_patience().ns / 300 + 1});
  return node;
}

FaultAction Drawing::strike(Family family) {
  switch (family) {
    case Family::partition:
      return split();
    case Family::one_way:
      if (one_in(3)) {
        Cut cut;
        cut.from = one();
        cut.to = Selector::of(Role::random);
        return cut;
      }
      if (one_in(2)) return on<Deaf>(one());
      return on<Mute>(one());
    case Family::partial:
      return shape();
    case Family::flapping:
      return flap();
    case Family::delay:
    case Family::loss:
    case Family::duplicate:
    case Family::reorder:
    case Family::clog:
    case Family::bandwidth:
      return network(family);
    case Family::crash:
      return crash();
    case Family::torn:
      return torn();
    case Family::pause:
      return pause();
    case Family::slow:
      return slow();
    case Family::disk:
      return disk();
    case Family::clock:
      return clocks();
    case Family::leadership: {
      Disturb disturb = on<Disturb>(Selector::of(Role::any));
      if (!arena_.timers.empty()) disturb.timer = arena_.timers[dice_.below(arena_.timers.size())];
      return disturb;
    }
    case Family::load: {
      RateChange rate;
      rate.factor = {between(2, 20), 1};
      return rate;
    }
    case Family::client:
      if (one_in(2)) return on<Crash>(Selector::of({client()}));
      return DoubleSubmit{};
    case Family::ambush:
      return ambush();
    case Family::amnesia:
      return amnesia();
    case Family::lies:
      return on<LyingDisk>(some());
    case Family::corruption:
      if (one_in(3)) {
        BitRot rot = on<BitRot>(Selector::of(Role::any));
        rot.finding = Finding::undetected;
        return rot;
      }
      return network(family);
  }
  return Restart{};
}

}  // namespace

std::string Multiples::problem() const { return max < min ? "max must not be less than min" : ""; }

std::vector<Family> swarm(const Profile& profile, std::uint64_t seed) {
  Stream dice(seed, Purpose::nemesis, 0);
  std::vector<Family> families = profile.families;
  // Ambushes go with anything.
  const bool ambushed = std::erase(families, Family::ambush) > 0;
  if (profile.few.happens(dice.next()) && families.size() > 3) {
    const std::size_t count = 1 + dice.below(3);
    for (std::size_t i = 0; i < count; ++i) {
      std::swap(families[i], families[i + dice.below(families.size() - i)]);
    }
    families.resize(count);
  } else {
    std::erase_if(families, [&](Family) { return !profile.chance.happens(dice.next()); });
  }
  if (ambushed && profile.ambushes.happens(dice.next())) families.push_back(Family::ambush);
  std::sort(families.begin(), families.end());
  return families;
}

std::vector<Fault> nemesis(const Profile& profile, const Arena& arena, std::uint64_t seed) {
  std::vector<Fault> all;
  for (const Family family : swarm(profile, seed)) {
    const bool for_clients = family == Family::load || family == Family::client;
    if (for_clients && arena.clients == 0) continue;
    std::vector<Fault> faults = Drawing(profile, arena, seed, family).schedule(family);
    all.insert(all.end(), std::make_move_iterator(faults.begin()),
               std::make_move_iterator(faults.end()));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Fault& a, const Fault& b) { return a.at < b.at; });
  return all;
}

}  // namespace ballast

// Which endpoints a balancer uses: probes, draining, outliers, slow start, autoscaling.
#include <algorithm>

#include "algorithms/balancing/balancer.h"
#include "sim/base/fixed_math.h"

namespace ballast {

using balancing::BalancerBug;
using balancing::LoadReport;
using balancing::Probe;
using Goal = balancing::BalancerGoal;

namespace {
// What weights are multiplied by where endpoints start slowly.
constexpr std::uint64_t slow_start_scale = 256;
}  // namespace

void Balancer::on_start(Step<Balancer>& step) {
  now_ = clock_.read(step.now());
  for (const NodeId node : step.members()) {
    if (node == step.self()) continue;
    members_.push_back({});
    members_.back().node = node;
  }
  ensure(config_.weights.empty() || config_.weights.size() == members_.size(),
         "a balancer that is given weights is given one for each of its endpoints");
  ensure(policy_->misfit(members_.size(), members_.size()).empty(),
         "a policy that is told of each endpoint is told of all of them");
  in_use_ = members_.size();
  if (config_.autoscale) in_use_ = std::min<std::uint64_t>(config_.autoscale->initial, in_use_);
  starting_.resize(members_.size());
  // A hedged request is at two endpoints, and a weight that grows is none to hold anyone to.
  // Who picks again takes a turn that nobody sees.
  const bool bends = config_.hedge || config_.slow_start || config_.reselections > 0;
  step.observe(PolicySet{bends ? PickRule::nothing : policy_->rule()});
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[i];
    member.up = i < in_use_;
    member.off = !member.up;
    if (!config_.weights.empty()) member.weight = config_.weights[i];
    step.observe(WeightSet{member.node, member.weight});
    step.observe(HealthSet{member.node, member.up});
    hosts_.push_back({member.node, member.weight, member.up});
    const bool ramps = config_.slow_start && config_.slow_start->at_start;
    member.up_since = ramps ? now_ : Time{} - Duration::max();
    ramping_ = ramping_ || ramps;
  }
  if (config_.outlier) {
    outlier_.emplace(*config_.outlier, members_.size());
    step.set_timer(Timer::sweep, config_.outlier->interval);
  }
  if (config_.autoscale) {
    measured_ = scaled_ = now_;
    step.set_timer(Timer::scale, config_.autoscale->interval);
  }
  renew_candidates(step);
  probe(step);
}

std::uint32_t Balancer::index_of(NodeId node) const {
  const auto member = std::lower_bound(members_.begin(), members_.end(), node,
                                       [](const Member& m, NodeId n) { return m.node < n; });
  ensure(member != members_.end() && member->node == node, "only endpoints answer probes");
  return static_cast<std::uint32_t>(member - members_.begin());
}

// --- Probes --------------------------------------------------------------------------------------

void Balancer::probe(Step<Balancer>& step) {
  const std::uint64_t sent = round_;
  ++round_;
  bool any_down = false;
  for (Member& member : members_) {
    if (member.down || sent - member.answered < config_.probe_failures) continue;
    member.down = true;
    member.ejected = round_;
    any_down = true;
    step.reach(Goal::endpoint_ejected);
  }
  if (any_down) {
    refresh(step);
    lose_requests(step);
  } else if (ramping_) {
    renew_candidates(step);
  }
  step.broadcast(Probe{round_});
  step.set_timer(Timer::probe, config_.probe_interval);
}

void Balancer::answered(NodeId from, std::uint64_t round, bool draining, Step<Balancer>& step) {
  if (round > round_) return;  // to a probe of an earlier life
  Member& member = members_[index_of(from)];
  member.answered = std::max(member.answered, round);
  // What it answered before it went down says nothing about now.
  const bool returns = member.down && round >= member.ejected;
  if (!returns && member.draining == draining) return;
  if (returns) {
    member.down = false;
    step.reach(Goal::endpoint_returned);
  }
  member.draining = draining;
  refresh(step);
}

void Balancer::reported(NodeId from, const LoadReport& report, Step<Balancer>&) {
  policy_->reported(index_of(from), report, now_);
}

// The requests that were sent to an endpoint that is down.
void Balancer::lose_requests(Step<Balancer>& step) {
  for (std::size_t i = 0; i < charges_.size(); ++i) {
    Charge& charge = charges_[i];
    if (charge.ended) continue;
    bool lost = false;
    for (Attempt* attempt = &charge.attempt; true; attempt = &hedged_[attempt->next - 1]) {
      const Member& member = members_[attempt->endpoint];
      if (attempt->out && member.down && !member.up) {
        leave(*attempt, false, false, step);
        lost = true;
      }
      if (attempt->next == 0) break;
    }
    if (!lost) continue;
    // Bug: a client whose request is dropped without a word waits until it gives up by itself, and
    // the books no longer balance: more was admitted than ever ends.
    if (config_.bug == BalancerBug::crashed_requests_vanish) {
      charge.ended = true;
      --in_charge_;
      release(charge);
      continue;
    }
    step.reach(Goal::request_lost);
    budget_.failed();
    const Ticket ticket{first_.value + i};
    if (!waited_for(charge)) retry_or_end(ticket, charge, Ending::lost, step);
  }
  drop_ended();
}

// --- Candidates ----------------------------------------------------------------------------------

// Whether requests may be sent there.
bool Balancer::belongs(std::size_t i) const {
  const Member& member = members_[i];
  if (member.down || member.draining || member.off) return false;
  return !outlier_ || !outlier_->ejected(static_cast<std::uint32_t>(i));
}

// Says who has come up or gone down, and picks among those that are up from now on.
void Balancer::refresh(Step<Balancer>& step) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < members_.size(); ++i) count += belongs(i);
  const bool panic =
      Ratio{count, std::max<std::size_t>(members_.size(), 1)} < config_.panic_threshold;
  bool changed = false;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[i];
    const bool up = (panic && !member.off) || belongs(i);
    if (up == member.up) continue;
    changed = true;
    // Its requests stay with it. The place is still that of the old candidates.
    if (!up) {
      member.active = candidates_[member.place].active;
    } else if (config_.slow_start) {
      member.up_since = now_;
      ramping_ = true;
    }
    member.up = hosts_[i].up = up;
    step.observe(HealthSet{member.node, up});
  }
  if (changed) renew_candidates(step);
}

void Balancer::renew_candidates(Step<Balancer>& step) {
  std::vector<balancing::Candidate> renewed;
  ramping_ = false;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[i];
    if (!member.up) continue;
    const bool stays = member.place < candidates_.size() && candidates_[member.place].endpoint == i;
    const std::uint32_t active = stays ? candidates_[member.place].active : member.active;
    member.place = renewed.size();
    renewed.push_back({static_cast<std::uint32_t>(i), active, weight_of(member)});
  }
  candidates_ = std::move(renewed);
  balancing::Change change(hosts_, candidates_, step.self(), step);
  change.now = now_;
  change.scale = config_.slow_start ? slow_start_scale : 1;
  policy_->changed(change);
}

// With slow start: weight * max(min_weight, (t / window)^(1 / aggression)), scaled.
std::uint64_t Balancer::weight_of(Member& member) {
  if (!config_.slow_start) return member.weight;
  const balancing::SlowStartOptions& options = *config_.slow_start;
  const Duration up = member.up_since.ns < 0 ? options.window : now_ - member.up_since;
  const std::uint64_t full = member.weight * slow_start_scale;
  if (up >= options.window) return full;
  ramping_ = true;
  // -log2(t / window) in Q56, divided by the aggression. Envoy takes a second for the least t.
  const std::int64_t least = std::min(balancing::second_ns, options.window.ns);
  const auto t = static_cast<std::uint64_t>(std::max(up.ns, least));
  const auto share = static_cast<std::uint64_t>((static_cast<Wide>(t) << 63) /
                                                static_cast<std::uint64_t>(options.window.ns));
  const Wide bits = static_cast<Wide>(fixed::minus_log2(share) - (std::uint64_t{1} << 56)) *
                    options.aggression.denominator / options.aggression.numerator;
  const auto exponent = static_cast<std::int64_t>(std::min<Wide>(bits, Wide{63} << 56));
  const auto ramp = static_cast<std::uint64_t>(
      fixed::times_power_of_two(static_cast<std::int64_t>(full), -exponent));
  return std::max({ramp, options.min_weight.of(full), std::uint64_t{1}});
}

void Balancer::sweep(Step<Balancer>& step) {
  if (outlier_->sweep(now_)) refresh(step);
  step.set_timer(Timer::sweep, config_.outlier->interval);
}

// --- Autoscaling ---------------------------------------------------------------------------------

// Adds what the requests in charge come to since the last change of their number.
void Balancer::measure() {
  busy_ += static_cast<Wide>(in_charge_) * static_cast<std::uint64_t>((now_ - measured_).ns);
  measured_ = now_;
}

// Kubernetes' horizontal pod autoscaler: ceil(in use * measured / target), unless the two are close
// to each other.
std::uint64_t Balancer::endpoints_wanted() {
  const balancing::AutoscaleOptions& options = *config_.autoscale;
  measure();
  const auto span = static_cast<std::uint64_t>(std::max<std::int64_t>((now_ - scaled_).ns, 1));
  const Wide load = busy_ * options.target.denominator;  // of `in_use_` endpoints, times span
  const Wide aim = static_cast<Wide>(span) * options.target.numerator;
  busy_ = 0;
  scaled_ = now_;
  const Wide full = aim * std::max<std::uint64_t>(in_use_, 1);
  const Wide off = load > full ? load - full : full - load;
  if (off * options.tolerance.denominator <= full * options.tolerance.numerator) return in_use_;
  const Wide wanted = (load + aim - 1) / aim;
  const std::uint64_t most = members_.size();
  return static_cast<std::uint64_t>(
      std::clamp<Wide>(wanted, std::min<std::uint64_t>(options.min, most), most));
}

void Balancer::scale(Step<Balancer>& step) {
  const balancing::AutoscaleOptions& options = *config_.autoscale;
  wanted_.push_back({now_, endpoints_wanted()});
  wanted_.erase(std::remove_if(wanted_.begin(), wanted_.end() - 1,
                               [&](const Wanted& w) { return now_ - w.at >= options.settle; }),
                wanted_.end() - 1);
  std::uint64_t most = 0;
  for (const Wanted& wanted : wanted_) most = std::max(most, wanted.count);
  use(most, step);
  step.set_timer(Timer::scale, options.interval);
}

// An endpoint that is new takes a while; those beyond the count finish what they have.
void Balancer::use(std::uint64_t count, Step<Balancer>& step) {
  for (std::uint64_t i = in_use_; i < count; ++i) {
    starting_[i] = saturating_add(now_, config_.autoscale->start_up);
    set_alarm(starting_[i], {}, 0, Due::started, step);
  }
  in_use_ = count;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    members_[i].off = i >= in_use_ || now_ < starting_[i];
  }
  refresh(step);
}

}  // namespace ballast

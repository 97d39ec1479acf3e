#include "algorithms/balancing/balancer.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"
#include "sim/protocol/register.h"

namespace ballast {

using balancing::BalancerBug;
using Goal = balancing::BalancerGoal;
using balancing::Candidate;
using balancing::Done;
using balancing::Forward;
using balancing::Probe;
using balancing::ProbeReply;
using balancing::Refused;

namespace {
const Register<Balancer> registered;
}

Balancer::Balancer(Config config)
    : config_(std::move(config)), policy_(balancing::make_policy(config_.policy.text)) {
  SIM_ASSERT(policy_, "the name of a policy is checked when it is read");
}

void Balancer::on_start(Step<Balancer>& step) {
  for (const NodeId node : step.members()) {
    if (node != step.self()) members_.push_back({node});
  }
  ensure(config_.weights.empty() || config_.weights.size() == members_.size(),
         "a balancer that is given weights is given one for each of its endpoints");
  step.observe(PolicySet{policy_->rule()});
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[i];
    member.up = true;
    if (!config_.weights.empty()) member.weight = config_.weights[i];
    step.observe(WeightSet{member.node, member.weight});
    step.observe(HealthSet{member.node, true});
  }
  renew_candidates();
  probe(step);
}

void Balancer::on_message(NodeId from, const Message& message, Step<Balancer>& step) {
  if (const auto* done_message = std::get_if<Done>(&message)) {
    done(from, *done_message, step);
  } else if (const auto* refused_message = std::get_if<Refused>(&message)) {
    refused(from, *refused_message, step);
  } else if (const auto* reply = std::get_if<ProbeReply>(&message)) {
    answered(from, reply->round, step);
  } else {
    ensure(false, "a balancer is only sent answers of endpoints");
  }
}

void Balancer::on_timer(Timer timer, Step<Balancer>& step) {
  switch (timer) {
    case Timer::probe:
      probe(step);
      return;
    case Timer::timeout:
      expire(step);
      return;
  }
}

// --- Requests ------------------------------------------------------------------------------------

void Balancer::on_request(const Request& request, Step<Balancer>& step) {
  const Time now = watch_.read(step.now());
  const Ticket ticket{first_.value + charges_.size()};
  charges_.push({request.id, request.command.work, saturating_add(now, config_.timeout)});
  ++in_charge_;
  step.observe(Admitted{ticket, request.id, config_.timeout});
  Charge& charge = charges_[charges_.size() - 1];
  if (candidates_.empty()) {
    step.reach(Goal::nobody_up);
    end(ticket, charge, Ending::rejected, step);
    drop_ended();
    return;
  }
  route(ticket, charge, step);
  set_timer(now, step);
}

void Balancer::done(NodeId from, const Done& message, Step<Balancer>& step) {
  Charge* charge = find(message.ticket, message.request, from);
  if (charge == nullptr) return step.reach(Goal::late_answer_ignored);
  // Bug: without this, what an endpoint has done counts as its load for ever. "Least loaded" then
  // means "least often picked", and a slow endpoint gets as much as any other.
  if (config_.bug != BalancerBug::never_counts_completions) forget(*charge);
  end(message.ticket, *charge, Ending::completed, step);
  drop_ended();
}

void Balancer::refused(NodeId from, const Refused& message, Step<Balancer>& step) {
  Charge* charge = find(message.ticket, message.request, from);
  if (charge == nullptr) return;
  forget(*charge);
  retry_or_end(message.ticket, *charge, Ending::rejected, step);
  drop_ended();
}

void Balancer::expire(Step<Balancer>& step) {
  timer_is_set_ = false;
  const Time now = watch_.reach(timer_set_for_, step.now());
  for (std::size_t i = 0; i < charges_.size() && charges_[i].due <= now; ++i) {
    Charge& charge = charges_[i];
    if (charge.ended) continue;
    forget(charge);
    step.reach(Goal::request_timed_out);
    end({first_.value + i}, charge, Ending::timed_out, step);
  }
  drop_ended();
  set_timer(now, step);
}

// The charge that an answer of `endpoint` is about; null if that has ended, or gone elsewhere.
Balancer::Charge* Balancer::find(Ticket ticket, RequestId request, NodeId endpoint) {
  const std::uint64_t place = ticket.value - first_.value;  // below first_ it wraps: too large
  if (place >= charges_.size()) return nullptr;
  Charge& charge = charges_[place];
  if (charge.ended || charge.request != request) return nullptr;
  return members_[charge.endpoint].node == endpoint ? &charge : nullptr;
}

// REQUIRES a candidate.
void Balancer::route(Ticket ticket, Charge& charge, Step<Balancer>& step) {
  const Candidate& picked = policy_->pick({candidates_, step});
  const auto place = static_cast<std::size_t>(&picked - candidates_.data());
  ensure(place < candidates_.size(), "a policy picks one of the candidates");
  ++candidates_[place].active;
  charge.endpoint = picked.endpoint;
  const NodeId node = members_[picked.endpoint].node;
  step.observe(Routed{ticket, charge.request, node});
  step.send(node, Forward{ticket, charge.request, charge.work});
}

void Balancer::retry_or_end(Ticket ticket, Charge& charge, Ending ending, Step<Balancer>& step) {
  if (charge.retries == config_.retries || candidates_.empty()) {
    end(ticket, charge, ending, step);
    return;
  }
  ++charge.retries;
  step.reach(Goal::request_retried);
  route(ticket, charge, step);
}

void Balancer::end(Ticket ticket, Charge& charge, Ending ending, Step<Balancer>& step) {
  charge.ended = true;
  --in_charge_;
  step.observe(Ended{ticket, charge.request, ending});
  const Outcome outcome = ending == Ending::completed ? Outcome::ok : Outcome::failed;
  step.reply(charge.request, {outcome, 0, {}});
}

// The endpoint that the request was sent to is no longer waited for.
void Balancer::forget(Charge& charge) {
  const Member& member = members_[charge.endpoint];
  if (member.up) --candidates_[member.place].active;
}

void Balancer::drop_ended() {
  while (!charges_.empty() && charges_.front().ended) {
    charges_.pop();
    first_ = first_.next();
  }
}

// The timer is set for the oldest charge. It is left alone when that one ends, and finds the next.
void Balancer::set_timer(Time now, Step<Balancer>& step) {
  if (timer_is_set_ || charges_.empty()) return;
  timer_is_set_ = true;
  timer_set_for_ = charges_.front().due;
  step.set_timer(Timer::timeout, timer_set_for_ - now);
}

// --- Health --------------------------------------------------------------------------------------

void Balancer::probe(Step<Balancer>& step) {
  const std::uint64_t sent = round_;
  ++round_;
  bool any_down = false;
  for (Member& member : members_) {
    if (!member.up || sent - member.answered < config_.probe_failures) continue;
    member.up = false;
    member.ejected = round_;
    any_down = true;
    step.reach(Goal::endpoint_ejected);
    step.observe(HealthSet{member.node, false});
  }
  if (any_down) {
    renew_candidates();
    lose_requests(step);
  }
  step.broadcast(Probe{round_});
  step.set_timer(Timer::probe, config_.probe_interval);
}

void Balancer::answered(NodeId from, std::uint64_t round, Step<Balancer>& step) {
  if (round > round_) return;  // to a probe of an earlier life
  const auto member = std::lower_bound(members_.begin(), members_.end(), from,
                                       [](const Member& m, NodeId node) { return m.node < node; });
  ensure(member != members_.end() && member->node == from, "only endpoints answer probes");
  member->answered = std::max(member->answered, round);
  // What it answered before it went down says nothing about now.
  if (member->up || round < member->ejected) return;
  member->up = true;
  step.reach(Goal::endpoint_returned);
  step.observe(HealthSet{from, true});
  renew_candidates();
}

// The requests that were sent to an endpoint that is not up.
void Balancer::lose_requests(Step<Balancer>& step) {
  for (std::size_t i = 0; i < charges_.size(); ++i) {
    Charge& charge = charges_[i];
    if (charge.ended || members_[charge.endpoint].up) continue;
    // Bug: a client whose request is dropped without a word waits until it gives up by itself, and
    // the books no longer balance: more was admitted than ever ends.
    if (config_.bug == BalancerBug::crashed_requests_vanish) {
      charge.ended = true;
      --in_charge_;
      continue;
    }
    step.reach(Goal::request_lost);
    retry_or_end({first_.value + i}, charge, Ending::lost, step);
  }
  drop_ended();
}

// Those that stay up keep their load; one that comes up has none, for its requests were lost.
void Balancer::renew_candidates() {
  std::vector<Candidate> renewed;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[i];
    if (!member.up) continue;
    const bool stays = member.place < candidates_.size() && candidates_[member.place].endpoint == i;
    const std::uint32_t active = stays ? candidates_[member.place].active : 0;
    member.place = renewed.size();
    renewed.push_back({static_cast<std::uint32_t>(i), active, member.weight});
  }
  candidates_ = std::move(renewed);
}

// -------------------------------------------------------------------------------------------------

Balancer::State Balancer::state() const {
  State state;
  state.admitted = first_.value - 1 + charges_.size();
  state.in_charge = in_charge_;
  state.round = round_;
  for (const Member& member : members_) {
    const std::uint32_t active = member.up ? candidates_[member.place].active : 0;
    state.endpoints.push_back({member.node, member.up, active});
  }
  state.policy = policy_->digest();
  return state;
}

}  // namespace ballast

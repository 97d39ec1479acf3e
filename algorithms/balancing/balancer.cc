#include "algorithms/balancing/balancer.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "sim/base/assert.h"
#include "sim/protocol/register.h"

namespace ballast {

using balancing::BalancerBug;
using Goal = balancing::BalancerGoal;
using balancing::AskLoad;
using balancing::Cancel;
using balancing::Candidate;
using balancing::Done;
using balancing::Draining;
using balancing::Failed;
using balancing::Finish;
using balancing::Forward;
using balancing::ForwardUrgent;
using balancing::LoadReport;
using balancing::ProbeReply;
using balancing::Refused;

namespace {
const Register<Balancer> registered;
}

std::string balancing::BalancerConfig::misfit_with(std::size_t endpoints) const {
  if (endpoints == 0) return "policy has no endpoint to pick: members names no group but its own";
  if (!weights.empty() && weights.size() != endpoints) {
    return "weights has " + std::to_string(weights.size()) + " weights for " +
           std::to_string(endpoints) + " endpoints";
  }
  const std::uint64_t weight =
      weights.empty() ? endpoints
                      : std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  const std::string problem = make_policy(policy)->misfit(endpoints, weight);
  return problem.empty() ? "" : "policy." + problem;
}

Balancer::Balancer(Config config)
    : config_(std::move(config)),
      policy_(balancing::make_policy(config_.policy)),
      budget_(config_.retry_budget) {
  SIM_ASSERT(policy_, "the name of a policy is checked when it is read");
  if (config_.rate_limit) rate_limit_.emplace(*config_.rate_limit);
  if (config_.breaker) breaker_.emplace(*config_.breaker);
  if (config_.throttle) throttle_.emplace(*config_.throttle);
  if (config_.limiter) limiter_.emplace(*config_.limiter);
}

void Balancer::on_message(NodeId from, const Message& message, Step<Balancer>& step) {
  now_ = clock_.read(step.now());
  if (const auto* done_message = std::get_if<Done>(&message)) {
    done(from, *done_message, step);
  } else if (const auto* refused = std::get_if<Refused>(&message)) {
    failed(from, *refused, step);
  } else if (const auto* failure = std::get_if<Failed>(&message)) {
    failed(from, *failure, step);
  } else if (const auto* reply = std::get_if<ProbeReply>(&message)) {
    answered(from, reply->round, false, step);
  } else if (const auto* draining = std::get_if<Draining>(&message)) {
    answered(from, draining->round, true, step);
  } else if (const auto* report = std::get_if<LoadReport>(&message)) {
    reported(from, *report, step);
  } else {
    ensure(false, "a balancer is only sent answers of endpoints");
  }
}

void Balancer::on_timer(Timer timer, Step<Balancer>& step) {
  now_ = timer == Timer::alarm ? clock_.reach(alarm_set_for_, step.now()) : clock_.read(step.now());
  switch (timer) {
    case Timer::probe:
      probe(step);
      return;
    case Timer::timeout:
      expire(step);
      return;
    case Timer::alarm:
      ring_alarms(step);
      return;
    case Timer::sweep:
      sweep(step);
      return;
    case Timer::scale:
      scale(step);
      return;
  }
}

// --- Requests ------------------------------------------------------------------------------------

void Balancer::on_request(const Request& request, Step<Balancer>& step) {
  const Time now = watch_.read(step.now());
  now_ = clock_.read(step.now());
  if (config_.autoscale) measure();
  const Ticket ticket{first_.value + charges_.size()};
  Charge& charge = charges_.push();
  charge.request = request.id;
  charge.key = request.command.key;
  charge.work = request.command.work;
  charge.due = saturating_add(now, config_.timeout);
  charge.begun = now_;
  ++in_charge_;
  step.observe(Admitted{ticket, request.id, config_.timeout});
  const bool nobody_up = candidates_.empty();
  if (nobody_up) step.reach(Goal::nobody_up);
  if (nobody_up || !let_in(step)) {
    charge.shed = true;
    end(ticket, charge, Ending::rejected, step);
    drop_ended();
    return;
  }
  budget_.requested(now_);
  route(ticket, charge, step);
  set_timer(now, step);
}

bool Balancer::let_in(Step<Balancer>& step) {
  if (config_.max_in_flight > 0 && in_charge_ > config_.max_in_flight) return false;
  if (limiter_ && in_charge_ > limiter_->limit()) return false;
  if (rate_limit_ && !rate_limit_->take(now_)) return false;
  if (throttle_) {
    constexpr std::uint64_t range = std::uint64_t{1} << 32;
    const std::uint64_t rejections = throttle_->rejections(range, now_);
    if (rejections > 0 && step.choose(range) < rejections) return false;
  }
  return !breaker_ || breaker_->admit(now_);
}

void Balancer::done(NodeId from, const Done& message, Step<Balancer>& step) {
  Charge* charge = find(message.ticket, message.request);
  Attempt* attempt = charge == nullptr ? nullptr : attempt_at(*charge, from);
  if (attempt == nullptr) return step.reach(Goal::late_answer_ignored);
  // Bug: without this, what an endpoint has done counts as its load for ever. "Least loaded" then
  // means "least often picked", and a slow endpoint gets as much as any other.
  if (config_.bug == BalancerBug::never_counts_completions) {
    attempt->out = false;
  } else {
    leave(*attempt, true, false, step);
  }
  budget_.succeeded();
  give_up(message.ticket, *charge, true, step);
  end(message.ticket, *charge, Ending::completed, step);
  drop_ended();
}

template <class Answer>
void Balancer::failed(NodeId from, const Answer& message, Step<Balancer>& step) {
  Charge* charge = find(message.ticket, message.request);
  Attempt* attempt = charge == nullptr ? nullptr : attempt_at(*charge, from);
  if (attempt == nullptr) return;
  fail(message.ticket, *charge, *attempt, Ending::rejected, step);
  drop_ended();
}

void Balancer::expire(Step<Balancer>& step) {
  timer_is_set_ = false;
  const Time now = watch_.reach(timer_set_for_, step.now());
  for (std::size_t i = 0; i < charges_.size() && charges_[i].due <= now; ++i) {
    Charge& charge = charges_[i];
    if (charge.ended) continue;
    const Ticket ticket{first_.value + i};
    give_up(ticket, charge, false, step);
    step.reach(Goal::request_timed_out);
    end(ticket, charge, Ending::timed_out, step);
  }
  drop_ended();
  set_timer(now, step);
}

// The charge that an answer is about; null if it has ended.
Balancer::Charge* Balancer::find(Ticket ticket, RequestId request) {
  const std::uint64_t place = ticket.value - first_.value;  // below first_ it wraps: too large
  if (place >= charges_.size()) return nullptr;
  Charge& charge = charges_[place];
  return charge.ended || charge.request != request ? nullptr : &charge;
}

// The attempt that `endpoint` has of it; null if that is not waited for.
Balancer::Attempt* Balancer::attempt_at(Charge& charge, NodeId endpoint) {
  for (Attempt* attempt = &charge.attempt; true; attempt = &hedged_[attempt->next - 1]) {
    if (attempt->out && members_[attempt->endpoint].node == endpoint) return attempt;
    if (attempt->next == 0) return nullptr;
  }
}

bool Balancer::waited_for(const Charge& charge) const {
  for (const Attempt* attempt = &charge.attempt; true; attempt = &hedged_[attempt->next - 1]) {
    if (attempt->out) return true;
    if (attempt->next == 0) return false;
  }
}

// Whether the endpoint is one that the request was sent to.
bool Balancer::had(const Charge& charge, std::uint32_t endpoint) const {
  if (charge.attempts == 0) return false;
  for (const Attempt* attempt = &charge.attempt; true; attempt = &hedged_[attempt->next - 1]) {
    if (attempt->endpoint == endpoint) return true;
    if (attempt->next == 0) return false;
  }
}

// REQUIRES a candidate.
void Balancer::route(Ticket ticket, Charge& charge, Step<Balancer>& step) {
  to_probe_.clear();
  balancing::Pick pick(candidates_, step, &to_probe_);
  pick.now = now_;
  pick.key = charge.key;
  const bool redrawn = config_.independent_attempts && charge.attempts > 0;
  pick.work = redrawn ? mix(charge.work + charge.attempts) : charge.work;
  pick.attempt = charge.attempts;
  const Candidate* choice = &policy_->pick(pick);
  for (std::uint32_t i = 0; i < config_.reselections && had(charge, choice->endpoint); ++i) {
    choice = &policy_->pick(pick);
  }
  const Candidate& picked = *choice;
  const auto place = static_cast<std::size_t>(&picked - candidates_.data());
  ensure(place < candidates_.size(), "a policy picks one of the candidates");
  ++candidates_[place].active;
  Attempt* attempt = &charge.attempt;
  if (attempt->out || (charge.attempts > 0 && config_.reselections > 0)) {
    const std::uint32_t slot = hedged_.acquire();
    hedged_[slot].next = attempt->next;
    attempt->next = slot + 1;
    attempt = &hedged_[slot];
  }
  attempt->endpoint = picked.endpoint;
  attempt->number = ++charge.attempts;
  attempt->out = true;
  attempt->sent = now_;
  const NodeId node = members_[picked.endpoint].node;
  step.observe(Routed{ticket, charge.request, node});
  if (config_.priority_levels > 1) {
    const std::uint64_t priority = charge.key % config_.priority_levels;
    step.send(node, ForwardUrgent{ticket, charge.request, pick.work, priority});
  } else {
    step.send(node, Forward{ticket, charge.request, pick.work});
  }
  for (const std::uint32_t endpoint : to_probe_) step.send(members_[endpoint].node, AskLoad{});
  if (config_.per_try_timeout.ns > 0) {
    set_alarm(saturating_add(now_, config_.per_try_timeout), ticket, charge.attempts, Due::per_try,
              step);
  }
  if (config_.hedge && charge.attempts < config_.hedge->max_attempts) {
    set_alarm(saturating_add(now_, config_.hedge->delay), ticket, charge.attempts, Due::hedge,
              step);
  }
}

bool Balancer::send_hedge(Ticket ticket, Charge& charge, Step<Balancer>& step) {
  if (!config_.hedge || charge.attempts >= config_.hedge->max_attempts) return false;
  if (candidates_.empty() || !budget_.take(now_, in_charge_, retried_)) return false;
  retried_ += charge.attempts == 1;
  route(ticket, charge, step);
  return true;
}

// An attempt failed. Others that are out may yet succeed; when hedging, the next copy is due now.
void Balancer::fail(Ticket ticket, Charge& charge, Attempt& attempt, Ending ending,
                    Step<Balancer>& step) {
  leave(attempt, false, false, step);
  budget_.failed();
  if (send_hedge(ticket, charge, step) || waited_for(charge)) return;
  retry_or_end(ticket, charge, ending, step);
}

void Balancer::retry_or_end(Ticket ticket, Charge& charge, Ending ending, Step<Balancer>& step) {
  if (charge.retries == config_.retries || candidates_.empty() ||
      !budget_.take(now_, in_charge_, retried_)) {
    give_up(ticket, charge, false, step);
    end(ticket, charge, ending, step);
    return;
  }
  retried_ += charge.attempts == 1;
  ++charge.retries;
  step.reach(Goal::request_retried);
  if (config_.backoff) {
    const Duration delay = delay_of(charge.retries, step);
    set_alarm(saturating_add(now_, delay), ticket, charge.attempts, Due::retry, step);
    return;
  }
  route(ticket, charge, step);
}

Duration Balancer::delay_of(std::uint32_t retry, Step<Balancer>& step) const {
  const balancing::BackOff& options = *config_.backoff;
  Wide delay = static_cast<Wide>(static_cast<std::uint64_t>(options.base.ns));
  const auto most = static_cast<std::uint64_t>(std::max(options.max, options.base).ns);
  for (std::uint32_t i = 1; i < retry && delay < most; ++i) delay *= options.multiplier;
  const auto whole = static_cast<std::uint64_t>(std::min<Wide>(delay, most));
  std::uint64_t least = whole;
  std::uint64_t range = 1;
  switch (options.jitter) {
    case balancing::Jitter::none:
      break;
    case balancing::Jitter::full:
      least = 0;
      range = whole + 1;
      break;
    case balancing::Jitter::equal:
      least = whole / 2;
      range = whole - least + 1;
      break;
    case balancing::Jitter::proportional:
      least = whole / 5 * 4;
      range = whole / 5 * 2 + 1;
      break;
  }
  return {static_cast<std::int64_t>(least + (range > 1 ? step.choose(range) : 0))};
}

void Balancer::end(Ticket ticket, Charge& charge, Ending ending, Step<Balancer>& step) {
  if (config_.autoscale) measure();
  const bool good = ending == Ending::completed;
  if (!charge.shed) {
    if (limiter_) limiter_->ended({good, now_ - charge.begun, in_charge_});
    if (breaker_) breaker_->ended(good, now_);
    if (throttle_ && good) throttle_->accepted(now_);
    retried_ -= charge.attempts > 1 || charge.retries > 0;
  }
  charge.ended = true;
  --in_charge_;
  release(charge);
  step.observe(Ended{ticket, charge.request, ending});
  const Outcome outcome = good ? Outcome::ok : Outcome::failed;
  step.reply(charge.request, {outcome, 0, {}});
}

// None of its attempts is waited for any longer; by the balancer's own choice, or because they took
// too long.
void Balancer::give_up(Ticket ticket, Charge& charge, bool ours, Step<Balancer>& step) {
  const bool tell = ours ? config_.hedge && config_.hedge->cancel : config_.cancel;
  for (Attempt* attempt = &charge.attempt; true; attempt = &hedged_[attempt->next - 1]) {
    if (attempt->out) {
      leave(*attempt, false, ours, step);
      if (tell) step.send(members_[attempt->endpoint].node, Cancel{ticket, charge.request});
    }
    if (attempt->next == 0) return;
  }
}

// The endpoint is no longer waited for.
void Balancer::leave(Attempt& attempt, bool good, bool ours, Step<Balancer>& step) {
  attempt.out = false;
  Member& member = members_[attempt.endpoint];
  std::uint32_t& active = member.up ? candidates_[member.place].active : member.active;
  --active;
  policy_->finished({attempt.endpoint, now_, now_ - attempt.sent, good, ours});
  if (outlier_ && !ours && outlier_->ended(attempt.endpoint, good, now_)) refresh(step);
}

// Gives the slots of its hedged attempts back.
void Balancer::release(Charge& charge) {
  std::uint32_t next = charge.attempt.next;
  charge.attempt.next = 0;
  while (next != 0) {
    const std::uint32_t slot = next - 1;
    next = hedged_[slot].next;
    hedged_[slot] = {};
    hedged_.release(slot);
  }
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

// --- Alarms --------------------------------------------------------------------------------------

void Balancer::set_alarm(Time at, Ticket ticket, std::uint32_t attempt, Due due,
                         Step<Balancer>& step) {
  alarms_.push_back({at, alarm_count_++, ticket, attempt, due});
  std::push_heap(alarms_.begin(), alarms_.end());
  if (at >= alarm_set_for_) return;
  alarm_set_for_ = at;
  step.set_timer(Timer::alarm, at - now_);
}

void Balancer::ring_alarms(Step<Balancer>& step) {
  while (!alarms_.empty() && alarms_.front().at <= now_) {
    std::pop_heap(alarms_.begin(), alarms_.end());
    const Alarm alarm = alarms_.back();
    alarms_.pop_back();
    const std::uint64_t place = alarm.ticket.value - first_.value;
    const bool ended = place >= charges_.size() || charges_[place].ended;
    if (alarm.due == Due::started) {
      use(in_use_, step);
    } else if (!ended) {
      act(alarm, charges_[place], step);
    }
  }
  drop_ended();
  alarm_set_for_ = Time::max();
  if (alarms_.empty()) return;
  alarm_set_for_ = alarms_.front().at;
  step.set_timer(Timer::alarm, alarm_set_for_ - now_);
}

void Balancer::act(const Alarm& alarm, Charge& charge, Step<Balancer>& step) {
  switch (alarm.due) {
    case Due::per_try:
      for (Attempt* attempt = &charge.attempt; true; attempt = &hedged_[attempt->next - 1]) {
        if (attempt->out && attempt->number == alarm.attempt) {
          const NodeId node = members_[attempt->endpoint].node;
          if (config_.cancel) step.send(node, Cancel{alarm.ticket, charge.request});
          return fail(alarm.ticket, charge, *attempt, Ending::timed_out, step);
        }
        if (attempt->next == 0) return;
      }
    case Due::retry:
      if (candidates_.empty()) return end(alarm.ticket, charge, Ending::rejected, step);
      return route(alarm.ticket, charge, step);
    case Due::hedge:
      if (charge.attempts == alarm.attempt && waited_for(charge)) {
        send_hedge(alarm.ticket, charge, step);
      }
      return;
    case Due::started:
      return;
  }
}

// -------------------------------------------------------------------------------------------------

Balancer::State Balancer::state() const {
  State state;
  state.admitted = first_.value - 1 + charges_.size();
  state.in_charge = in_charge_;
  state.round = round_;
  for (const Member& member : members_) {
    const std::uint32_t active = member.up ? candidates_[member.place].active : member.active;
    state.endpoints.push_back({member.node, member.up, active});
  }
  state.policy = policy_->digest();
  state.limit = limiter_ ? limiter_->limit() : 0;
  state.broken = breaker_ && breaker_->state() != balancing::Breaker::State::closed;
  return state;
}

}  // namespace ballast

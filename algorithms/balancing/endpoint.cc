#include "algorithms/balancing/endpoint.h"

#include <algorithm>

#include "sim/protocol/register.h"

namespace ballast {

using balancing::Done;
using balancing::Forward;
using balancing::Probe;
using balancing::ProbeReply;
using balancing::Refused;

namespace {

// The service time of a job at this speed; no job takes longer than ten years.
Duration at_speed(Duration service, const Ratio& speed) {
  constexpr Wide longest = Wide{10} * 365 * 86'400 * 1'000'000'000;
  const Wide ns = static_cast<Wide>(service.ns) * speed.denominator / speed.numerator;
  return {static_cast<std::int64_t>(std::min(ns, longest))};
}

const Register<Endpoint> registered;

}  // namespace

void Endpoint::on_message(NodeId from, const Message& message, Step<Endpoint>& step) {
  if (const auto* forward = std::get_if<Forward>(&message)) {
    take({from, forward->ticket, forward->request, forward->work}, step);
  } else if (const auto* probe = std::get_if<Probe>(&message)) {
    step.send(from, ProbeReply{probe->round});
  } else {
    ensure(false, "an endpoint is only sent work and probes");
  }
}

void Endpoint::on_request(const Request& request, Step<Endpoint>& step) {
  take({{}, {}, request.id, request.command.work}, step);
}

void Endpoint::on_timer(Timer, Step<Endpoint>& step) {
  const Time now = watch_.reach(timer_set_for_, step.now());
  timer_set_for_ = Time::max();
  while (!in_progress_.empty() && in_progress_.front().end <= now) {
    std::pop_heap(in_progress_.begin(), in_progress_.end());
    finish(in_progress_.back().job, step);
    in_progress_.pop_back();
    if (waiting_.empty()) continue;
    begin(waiting_.front(), now);
    waiting_.pop();
  }
  set_timer(now, step);
}

void Endpoint::take(const Job& job, Step<Endpoint>& step) {
  if (in_progress_.size() < config_.concurrency) {
    const Time now = watch_.read(step.now());
    begin(job, now);
    set_timer(now, step);
  } else if (waiting_.size() < config_.queue_limit) {
    waiting_.push(job);
  } else {
    refuse(job, step);
  }
}

void Endpoint::refuse(const Job& job, Step<Endpoint>& step) {
  if (job.balancer) {
    step.send(job.balancer, Refused{job.ticket, job.request});
  } else {
    step.reply(job.request, {Outcome::failed, 0, {}});
  }
}

void Endpoint::begin(const Job& job, Time now) {
  const Duration service = at_speed(config_.service.at(job.work), config_.speed);
  in_progress_.push_back({saturating_add(now, service), begun_++, job});
  std::push_heap(in_progress_.begin(), in_progress_.end());
}

void Endpoint::finish(const Job& job, Step<Endpoint>& step) {
  if (job.balancer) {
    step.send(job.balancer, Done{job.ticket, job.request});
  } else {
    step.reply(job.request, {Outcome::ok, 0, {}});
  }
}

// One timer is enough: it is set for the first end, and set again if a new task ends before that.
void Endpoint::set_timer(Time now, Step<Endpoint>& step) {
  if (in_progress_.empty() || in_progress_.front().end >= timer_set_for_) return;
  timer_set_for_ = in_progress_.front().end;
  step.set_timer(Timer::done, timer_set_for_ - now);
}

}  // namespace ballast

#include "algorithms/balancing/endpoint.h"

#include <algorithm>

#include "sim/base/mean.h"
#include "sim/protocol/register.h"

namespace ballast {

using balancing::AskLoad;
using balancing::Cancel;
using balancing::Discipline;
using balancing::Done;
using balancing::Draining;
using balancing::Failed;
using balancing::Forward;
using balancing::ForwardUrgent;
using balancing::Illness;
using balancing::IllnessOptions;
using balancing::Probe;
using balancing::ProbeReply;
using balancing::Refused;
using balancing::ReportWhen;

namespace {

// No job takes longer than ten years.
constexpr Duration longest{std::int64_t{10} * 365 * 86'400 * 1'000'000'000};

// The service time of a job at this speed.
Duration at_speed(Duration service, const Ratio& speed, std::uint32_t slowdown) {
  if (slowdown == 1 && speed == Ratio{1, 1}) return std::min(service, longest);
  const Wide ns = static_cast<Wide>(service.ns) * speed.denominator / speed.numerator * slowdown;
  return {static_cast<std::int64_t>(std::min<Wide>(ns, static_cast<Wide>(longest.ns)))};
}

bool within(Time now, Duration from, Duration lasts) {
  const Time begins = Time{} + from;
  return begins <= now && now < saturating_add(begins, lasts);
}

constexpr int share_bits = 4;  // of the work done for each, with processor sharing

const Register<Endpoint> registered;

}  // namespace

std::uint64_t balancing::EndpointConfig::capacity() const {
  const Duration mean = at_speed(mean_of(service), speed, 1);
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(mean.ns, 1));
  constexpr std::uint64_t milli = std::uint64_t{1'000} * 1'000'000'000;
  return static_cast<std::uint64_t>(static_cast<Wide>(milli) * concurrency / ns);
}

Endpoint::Endpoint(Config config) : config_(std::move(config)) {
  const balancing::ReportOptions defaults;
  meter_ = {config_.reports ? config_.reports->window : defaults.window, config_.concurrency};
  metered_ = config_.reports.has_value();
}

void Endpoint::on_start(Step<Endpoint>& step) {
  if (config_.reports && config_.reports->when == ReportWhen::periodic) {
    step.set_timer(Timer::report, config_.reports->interval);
  }
}

void Endpoint::on_message(NodeId from, const Message& message, Step<Endpoint>& step) {
  now_ = clock_.read(step.now());
  if (const auto* forward = std::get_if<Forward>(&message)) {
    Job job;
    job.balancer = from;
    job.ticket = forward->ticket;
    job.request = forward->request;
    job.work = forward->work;
    take(job, step);
  } else if (const auto* urgent = std::get_if<ForwardUrgent>(&message)) {
    Job job;
    job.balancer = from;
    job.ticket = urgent->ticket;
    job.request = urgent->request;
    job.work = urgent->work;
    job.priority = urgent->priority;
    take(job, step);
  } else if (const auto* probe = std::get_if<Probe>(&message)) {
    if (config_.reports) meet(from);
    if (draining()) {
      step.send(from, Draining{probe->round});
    } else {
      step.send(from, ProbeReply{probe->round});
    }
  } else if (const auto* unwanted = std::get_if<Cancel>(&message)) {
    cancel(from, *unwanted, step);
  } else if (std::holds_alternative<AskLoad>(message)) {
    metered_ = true;
    report_to(from, step);
  } else {
    ensure(false, "an endpoint is only sent work and probes");
  }
}

void Endpoint::on_request(const Request& request, Step<Endpoint>& step) {
  now_ = clock_.read(step.now());
  Job job;
  job.request = request.id;
  job.work = request.command.work;
  take(job, step);
}

void Endpoint::on_timer(Timer timer, Step<Endpoint>& step) {
  now_ = clock_.read(step.now());
  if (timer == Timer::report) {
    for (const NodeId balancer : balancers_) report_to(balancer, step);
    step.set_timer(Timer::report, config_.reports->interval);
    return;
  }
  const Time now = watch_.reach(timer_set_for_, step.now());
  timer_set_for_ = Time::max();
  while (!in_progress_.empty() && in_progress_.front().end <= progress(now)) {
    std::pop_heap(in_progress_.begin(), in_progress_.end());
    const Job job = in_progress_.back().job;
    in_progress_.pop_back();
    finish(job, step);
    next(now);
  }
  set_timer(now, step);
}

// --- Work ----------------------------------------------------------------------------------------

void Endpoint::take(Job& job, Step<Endpoint>& step) {
  if (metered_) {
    job.arrived = now_;
    job.in_flight = static_cast<std::uint32_t>(in_flight() + 1);
    if (job.balancer) meet(job.balancer);
  }
  if (!config_.illnesses.empty()) {
    fall_ill(job, step);
    if (job.doomed && job.slowdown == 0) return answer(job, false, step);
  }
  const bool free = in_progress_.size() < config_.concurrency;
  if (free || (shares() && in_progress_.size() < config_.concurrency + config_.queue_limit)) {
    const Time now = watch_.read(step.now());
    begin(job, now);
    set_timer(now, step);
  } else if (!shares() && waiting_count() < config_.queue_limit) {
    wait(job);
  } else {
    refuse(job, step);
  }
}

// A slowdown of 0 stands for no work at all.
void Endpoint::fall_ill(Job& job, Step<Endpoint>& step) const {
  for (const IllnessOptions& illness : config_.illnesses) {
    if (!within(now_, illness.from, illness.lasts)) continue;
    const Ratio& share = illness.share;
    if (share.is_zero()) continue;
    if (share < Ratio{1, 1} && step.choose(share.denominator) >= share.numerator) continue;
    switch (illness.kind) {
      case Illness::black_hole:
        job.doomed = true;
        job.slowdown = 0;
        return;
      case Illness::zombie:
        job.doomed = true;
        return;
      case Illness::slow:
        job.slowdown = illness.factor;
        return;
    }
  }
}

void Endpoint::wait(const Job& job) {
  switch (config_.discipline) {
    case Discipline::fifo:
    case Discipline::processor_sharing:
      waiting_.push(job);
      return;
    case Discipline::lifo:
      ++ranks_;
      ranked_.push_back({~ranks_, ranks_, job});
      break;
    case Discipline::priority:
      ++ranks_;
      ranked_.push_back({job.priority, ranks_, job});
      break;
  }
  std::push_heap(ranked_.begin(), ranked_.end());
}

// Begins the next of those that wait, if any.
void Endpoint::next(Time now) {
  while (!waiting_.empty()) {
    const bool cancelled = waiting_.front().cancelled;
    if (!cancelled) begin(waiting_.front(), now);
    waiting_.pop();
    if (!cancelled) return;
    --cancelled_;
  }
  while (!ranked_.empty()) {
    std::pop_heap(ranked_.begin(), ranked_.end());
    const Job job = ranked_.back().job;
    ranked_.pop_back();
    if (!job.cancelled) return begin(job, now);
    --cancelled_;
  }
}

void Endpoint::refuse(const Job& job, Step<Endpoint>& step) {
  if (job.balancer) {
    step.send(job.balancer, Refused{job.ticket, job.request});
  } else {
    step.reply(job.request, {Outcome::failed, 0, {}});
  }
}

// What waits is only marked, for it may stand anywhere; what is in progress makes room at once.
void Endpoint::cancel(NodeId balancer, const Cancel& message, Step<Endpoint>& step) {
  const auto meant = [&](const Job& job) {
    return job.balancer == balancer && job.ticket == message.ticket &&
           job.request == message.request && !job.cancelled;
  };
  for (std::size_t i = 0; i < in_progress_.size(); ++i) {
    if (!meant(in_progress_[i].job)) continue;
    const Time now = watch_.read(step.now());
    progress(now);
    // The ends are whole values without equals: a sorted list is a heap, too.
    in_progress_.erase(in_progress_.begin() + static_cast<std::ptrdiff_t>(i));
    std::sort(in_progress_.begin(), in_progress_.end());
    std::reverse(in_progress_.begin(), in_progress_.end());
    if (metered_)
      meter_.busy(std::min<std::size_t>(in_progress_.size(), config_.concurrency), now_);
    next(now);
    // The timer may be set for an end that has come or gone with this one; it then finds the next.
    return set_timer(now, step);
  }
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (!meant(waiting_[i])) continue;
    waiting_[i].cancelled = true;
    ++cancelled_;
    return;
  }
  for (Waiting& waiting : ranked_) {
    if (!meant(waiting.job)) continue;
    waiting.job.cancelled = true;
    ++cancelled_;
    return;
  }
}

void Endpoint::begin(const Job& job, Time now) {
  const Duration service =
      at_speed(config_.service.at(job.work), config_.speed, std::max(job.slowdown, 1u));
  const Duration units = shares() ? service * (1 << share_bits) : service;
  const Time end = saturating_add(progress(now), units);
  Task& task = in_progress_.emplace_back();
  task.end = end;
  task.number = begun_++;
  task.job = job;
  if (in_progress_.size() > 1) std::push_heap(in_progress_.begin(), in_progress_.end());
  if (metered_) {
    meter_.busy(std::min<std::size_t>(in_progress_.size(), config_.concurrency), now_);
  }
}

void Endpoint::finish(const Job& job, Step<Endpoint>& step) {
  if (metered_) {
    meter_.busy(std::min<std::size_t>(in_progress_.size(), config_.concurrency), now_);
  }
  answer(job, !job.doomed, step);
}

void Endpoint::answer(const Job& job, bool good, Step<Endpoint>& step) {
  if (job.in_flight > 0) meter_.ended(good, now_ - job.arrived, job.in_flight, now_);
  if (config_.reports) {
    const ReportWhen when = config_.reports->when;
    if (when == ReportWhen::with_answers && job.balancer) report_to(job.balancer, step);
    if (when == ReportWhen::idle && in_flight() == 0 && !balancers_.empty()) {
      report_to(balancers_[step.choose(balancers_.size())], step);
    }
  }
  if (!job.balancer) {
    step.reply(job.request, {good ? Outcome::ok : Outcome::failed, 0, {}});
  } else if (good) {
    step.send(job.balancer, Done{job.ticket, job.request});
  } else {
    step.send(job.balancer, Failed{job.ticket, job.request});
  }
}

// How far the work has come: the time itself; with processor sharing, what has been done for each
// of those in progress, who get min(1, servers / jobs) of a server's time.
Time Endpoint::progress(Time now) {
  if (!shares()) return now;
  const auto jobs = static_cast<std::int64_t>(in_progress_.size());
  const auto servers = static_cast<std::int64_t>(config_.concurrency);
  const Duration elapsed = (now - shared_at_) * (1 << share_bits);
  shared_at_ = now;
  if (jobs > servers) {
    shared_ += {static_cast<std::int64_t>(static_cast<Wide>(elapsed.ns) *
                                          static_cast<std::uint64_t>(servers) /
                                          static_cast<std::uint64_t>(jobs))};
  } else {
    shared_ += elapsed;
  }
  return shared_;
}

// One timer is enough: it is set for the first end, and set again if a new task ends before that,
// or if those in progress now get on faster or slower.
void Endpoint::set_timer(Time now, Step<Endpoint>& step) {
  if (in_progress_.empty()) return;
  Time end = in_progress_.front().end;
  if (shares()) {
    const Duration left = end - progress(now);
    const auto jobs = std::max<Wide>(in_progress_.size(), config_.concurrency);
    const Wide unit = Wide{config_.concurrency} << share_bits;
    const Wide wait =
        (static_cast<Wide>(static_cast<std::uint64_t>(std::max<std::int64_t>(left.ns, 0))) * jobs +
         unit - 1) /
        unit;
    end = saturating_add(now, {static_cast<std::int64_t>(wait)});
    if (end == timer_set_for_) return;
  } else if (end >= timer_set_for_) {
    return;
  }
  timer_set_for_ = end;
  step.set_timer(Timer::done, timer_set_for_ - now);
}

// --- Reports -------------------------------------------------------------------------------------

void Endpoint::report_to(NodeId balancer, Step<Endpoint>& step) {
  step.send(balancer, meter_.report(in_flight(), now_));
}

void Endpoint::meet(NodeId balancer) {
  const auto place = std::lower_bound(balancers_.begin(), balancers_.end(), balancer);
  if (place == balancers_.end() || *place != balancer) balancers_.insert(place, balancer);
}

bool Endpoint::draining() const {
  return config_.drain && within(now_, config_.drain->from, config_.drain->lasts);
}

}  // namespace ballast

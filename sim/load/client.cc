#include "sim/load/client.h"

#include <algorithm>
#include <utility>

namespace ballast {

Client::Client(ClientSettings settings)
    : settings_(std::move(settings)),
      weight_total_(settings_.workload.operations.total()),
      preferred_(settings_.number % static_cast<std::uint32_t>(settings_.targets.size())) {
  reseed(settings_.seed);
  const Workload& workload = settings_.workload;
  if (workload.script) {
    for (const ScriptedOperation& each : *workload.script) {
      if (each.client == settings_.number + 1) script_.push_back(each);
    }
    std::stable_sort(script_.begin(), script_.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    settings_.workload.script->clear();  // what other clients ask
    return;
  }
  // The time of `count` arrivals of all clients together; never none, or they would all be at once.
  const auto time_of = [](std::uint64_t count, const Rate& rate) {
    const Wide ns = static_cast<Wide>(static_cast<std::uint64_t>(rate.per.ns)) * count;
    const Wide rounded = (ns + rate.count / 2) / rate.count;
    const auto longest = static_cast<Wide>(Duration::max().ns);
    return Duration{static_cast<std::int64_t>(std::clamp<Wide>(rounded, 1, longest))};
  };
  // Each client brings its share of the rate.
  if (const auto* poisson = std::get_if<Poisson>(&workload.arrivals)) {
    gaps_ = Distribution::exponential(time_of(workload.clients, poisson->rate));
  } else if (const auto* periodic = std::get_if<Periodic>(&workload.arrivals)) {
    gaps_ = Distribution::constant(time_of(workload.clients, periodic->rate));
    first_gap_ = time_of(settings_.number + std::uint64_t{1}, periodic->rate);
  } else {
    sessions_.resize(std::get<Closed>(workload.arrivals).sessions);
  }
  if (workload.operations.cas > 0) last_seen_.resize(workload.keys);
}

void Client::reseed(std::uint64_t seed) {
  arrivals_ = Stream(seed, Purpose::arrival, settings_.number);
  operations_ = Stream(seed, Purpose::operation, settings_.number);
  keys_ = Stream(seed, Purpose::key, settings_.number);
  works_ = Stream(seed, Purpose::work, settings_.number);
  submits_ = Stream(seed, Purpose::submit, settings_.number);
}

std::uint32_t Client::timer_count() const {
  const Closed* closed_loop = closed();
  return first_session_timer + (closed_loop == nullptr ? 0 : closed_loop->sessions);
}

std::string_view Client::timer_name(std::uint32_t timer) const {
  if (timer == arrival_timer) return "arrival";
  return timer == deadline_timer ? "deadline" : "think";
}

std::uint64_t Client::state_digest() const { return sessions_.size() - idle_.size(); }

void Client::write_state(JsonWriter& w) const {
  std::uint64_t outstanding = 0;
  for (const Session& session : sessions_) outstanding += session.busy;
  w.member("outstanding", outstanding);
}

void Client::start(StepContext& context) {
  if (settings_.workload.script) {
    // What was due while the client was down is not asked.
    next_scripted_ = 0;
    while (next_scripted_ < script_.size() && script_[next_scripted_].at < context.local_now) {
      ++next_scripted_;
    }
    play_script(context);
    return;
  }
  const Duration wait = std::max(Time{} + settings_.workload.start - context.local_now, Duration{});
  if (const Closed* closed_loop = closed()) {
    for (std::uint32_t i = 0; i < closed_loop->sessions; ++i) {
      set_timer(first_session_timer + i, wait + think(*closed_loop), context);
    }
  } else {
    const Duration gap = gaps_.at(arrivals_.next());
    set_timer(arrival_timer, wait + first_gap_.value_or(gap), context);
  }
}

// At least a nanosecond: an operation that begins at the instant at which another one returns would
// count as concurrent with it, though the session's own order says otherwise.
Duration Client::think(const Closed& closed_loop) {
  return std::max(paced(closed_loop.think.at(arrivals_.next())), Duration{1});
}

// Twice the pace is half the pause.
Duration Client::paced(Duration pause) const {
  if (load_.pace == Ratio{1, 1}) return pause;
  const Wide ns = static_cast<Wide>(static_cast<std::uint64_t>(pause.ns)) * load_.pace.denominator /
                  load_.pace.numerator;
  const auto longest = static_cast<Wide>(Duration::max().ns);
  return {static_cast<std::int64_t>(std::min(ns, longest))};
}

// A restarted client is a new one as far as servers can tell: what it asked before stays unknown,
// and its sessions get numbers that were never used.
void Client::crash(std::uint64_t) {
  first_session_ += static_cast<std::uint32_t>(sessions_.size());
  const std::size_t kept = closed() != nullptr ? sessions_.size() : 0;
  sessions_.assign(kept, {});
  idle_.clear();
  timeouts_.clear();
  retries_.clear();
  armed_ = Time::max();
}

void Client::fire(std::uint32_t timer, StepContext& context) {
  if (timer == deadline_timer) {
    expire(context);
    return;
  }
  if (settings_.workload.script) {
    play_script(context);
    return;
  }
  const std::optional<Duration>& stop = settings_.workload.stop;
  if (stop && context.local_now >= Time{} + *stop) return;
  if (timer >= first_session_timer) {
    begin(timer - first_session_timer, next_command(), context);
    return;
  }
  // Never none: a client that asks without end at one instant would stop the time.
  set_timer(arrival_timer, std::max(next_gap(), Duration{1}), context);
  begin(free_session(), next_command(), context);
}

std::uint32_t Client::free_session() {
  if (idle_.empty()) {
    idle_.push_back(static_cast<std::uint32_t>(sessions_.size()));
    sessions_.emplace_back();
  }
  const std::uint32_t session = idle_.back();
  idle_.pop_back();
  return session;
}

// Asks everything that is due and waits for the next.
void Client::play_script(StepContext& context) {
  while (next_scripted_ < script_.size() && script_[next_scripted_].at <= context.local_now) {
    begin(free_session(), script_[next_scripted_++].command(), context);
  }
  if (next_scripted_ == script_.size()) return;
  set_timer(arrival_timer, script_[next_scripted_].at - context.local_now, context);
}

void Client::deliver(NodeId from, PayloadRef payload, StepContext& context) {
  if (payload.type != Pools::answer_type) {  // a mistake of the algorithm that sent it
    context.effects->broken_rule = "clients are sent nothing but answers";
    return;
  }
  const Answer& answer = context.pools->answers()[payload.slot];
  const std::uint32_t index = answer.request.session - first_session_;
  if (index >= sessions_.size()) return;  // asked in an earlier life
  Session& session = sessions_[index];
  if (!session.busy || session.sequence != answer.request.sequence) return;  // late, or a copy
  switch (answer.response.outcome) {
    case Outcome::ok:
      if (!spread(session)) prefer(from, session);
      end(index, Returning::ok, answer.response.value, context);
      return;
    case Outcome::failed:
      end(index, Returning::fail, 0, context);
      return;
    case Outcome::redirect:
      break;
  }
  const auto& targets = settings_.targets;
  const auto leader = std::find(targets.begin(), targets.end(), answer.response.leader);
  if (leader == targets.end()) {
    return;  // nobody knows a leader: the next one is asked when the retry is due
  }
  session.target = static_cast<std::uint32_t>(leader - targets.begin());
  if (session.redirections++ < most_redirections) send(index, context);
}

// Whoever answered will be asked first from now on; the answer may be to an earlier attempt.
void Client::prefer(NodeId answered, const Session& session) {
  const auto& targets = settings_.targets;
  preferred_ = session.target;
  if (targets[session.target] == answered) return;
  const auto at = std::find(targets.begin(), targets.end(), answered);
  if (at != targets.end()) preferred_ = static_cast<std::uint32_t>(at - targets.begin());
}

RequestId Client::id(std::uint32_t session, StepContext& context) const {
  return {context.self, first_session_ + session, sessions_[session].sequence};
}

bool Client::retries(const Session& session) const {
  return settings_.workload.retry_after && session.command.operation != Operation::work;
}

// Draws the same number of words whatever the operation turns out to be, so that a change of the
// mix leaves keys and work as they were.
Command Client::next_command() {
  Command command;
  std::uint64_t pick = operations_.below(weight_total_);
  const auto weights = settings_.workload.operations.weights();
  std::size_t kind = 0;
  while (pick >= weights[kind]) pick -= weights[kind++];
  command.operation = static_cast<Operation>(kind);
  const std::uint64_t key = keys_.below(settings_.workload.keys);
  const std::uint64_t work = works_.next();
  switch (command.operation) {
    case Operation::read:
    case Operation::delete_:
    case Operation::dequeue:
    case Operation::acquire:
    case Operation::release:
      command.key = key;
      break;
    case Operation::cas:
      command.expected = last_seen_[key];
      [[fallthrough]];
    case Operation::write:
    case Operation::add:
    case Operation::enqueue:
      command.key = key;
      [[fallthrough]];
    case Operation::propose:
      // Every write is distinguishable: what a read returns names the write that it saw.
      command.value = next_value_++ * settings_.workload.clients + settings_.number + 1;
      break;
    case Operation::work:
      command.key = key;
      command.work = work;
      break;
    case Operation::administer:
      break;  // only in a script
  }
  return command;
}

void Client::begin(std::uint32_t index, const Command& asked, StepContext& context) {
  Session& session = sessions_[index];
  session.busy = true;
  ++session.sequence;
  session.command = asked;
  session.target = preferred_;
  if (spread(session)) {
    const auto turn = static_cast<std::uint32_t>(session.sequence) + settings_.number;
    session.target = (index + turn) % static_cast<std::uint32_t>(settings_.targets.size());
  }
  session.redirections = 0;
  const Command& command = session.command;
  context.effects->facts.push_back(
      Invoked{id(index, context), command.operation, command.key, command.value, command.expected});
  const Time now = context.local_now;
  const Workload& workload = settings_.workload;
  timeouts_.push({saturating_add(now, workload.timeout), index, session.sequence});
  Time due = timeouts_.front().at;
  if (retries(session)) {
    retries_.push({saturating_add(now, *workload.retry_after), index, session.sequence});
    due = std::min(due, retries_.front().at);
  }
  arm(due, context);
  send(index, context);
}

void Client::send(std::uint32_t index, StepContext& context) {
  const Session& session = sessions_[index];
  const PayloadRef payload{Pools::request_type, context.pools->requests().put(
                                                    Request{id(index, context), session.command})};
  const auto& targets = settings_.targets;
  context.pools->requests().retain(payload.slot, 1);
  context.effects->sends.push_back({targets[session.target], payload});
  if (load_.twice.is_zero() || !load_.twice.happens(submits_.next())) return;
  const std::size_t second = (session.target + (load_.elsewhere ? 1u : 0u)) % targets.size();
  context.pools->requests().retain(payload.slot, 1);
  context.effects->sends.push_back({targets[second], payload});
}

void Client::end(std::uint32_t index, Returning outcome, std::int64_t value, StepContext& context) {
  Session& session = sessions_[index];
  const Command& command = session.command;
  session.busy = false;
  if (outcome == Returning::ok && !last_seen_.empty()) {
    if (command.operation == Operation::read) last_seen_[command.key] = value;
    if (command.operation == Operation::write) last_seen_[command.key] = command.value;
    if (command.operation == Operation::cas && value != 0) last_seen_[command.key] = command.value;
    if (command.operation == Operation::delete_) last_seen_[command.key] = 0;
  }
  context.effects->facts.push_back(Returned{id(index, context), outcome, value});
  if (const Closed* closed_loop = closed()) {
    set_timer(first_session_timer + index, think(*closed_loop), context);
  } else {
    idle_.push_back(index);
  }
}

bool Client::over(const Due& due) const {
  const Session& session = sessions_[due.session];
  return !session.busy || session.sequence != due.sequence;
}

// Both queues hold constant spans, so that their fronts are the earliest. Entries of requests that
// are over are dropped here, not when the answer comes.
void Client::expire(StepContext& context) {
  armed_ = Time::max();
  const Time now = context.local_now;
  while (!timeouts_.empty() && (timeouts_.front().at <= now || over(timeouts_.front()))) {
    const Due due = timeouts_.front();
    timeouts_.pop();
    if (!over(due)) end(due.session, Returning::info, 0, context);
  }
  while (!retries_.empty() && (retries_.front().at <= now || over(retries_.front()))) {
    const Due due = retries_.front();
    retries_.pop();
    if (over(due)) continue;
    Session& session = sessions_[due.session];
    session.redirections = 0;
    session.target = (session.target + 1) % static_cast<std::uint32_t>(settings_.targets.size());
    retries_.push(
        {saturating_add(now, *settings_.workload.retry_after), due.session, due.sequence});
    send(due.session, context);
  }
  Time due = Time::max();
  if (!timeouts_.empty()) due = std::min(due, timeouts_.front().at);
  if (!retries_.empty()) due = std::min(due, retries_.front().at);
  if (due != Time::max()) arm(due, context);
}

void Client::arm(Time at, StepContext& context) {
  if (armed_ <= at) return;
  armed_ = at;
  set_timer(deadline_timer, at - context.local_now, context);
}

void Client::set_timer(std::uint32_t timer, Duration after, StepContext& context) {
  context.effects->timers.push_back({timer, false, after, after});
}

}  // namespace ballast

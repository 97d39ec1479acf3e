#include "sim/load/client.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace ballast {

Client::Client(ClientSettings settings)
    : settings_(std::move(settings)),
      picker_(settings_.workload.popularity, settings_.workload.keys),
      weights_(settings_.workload.operations.weights()),
      weight_total_(settings_.workload.operations.total()),
      preferred_(settings_.number % static_cast<std::uint32_t>(settings_.targets.size())) {
  set_pacer();
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
  // Each client brings its share of the rate.
  if (const auto* poisson = std::get_if<Poisson>(&workload.arrivals)) {
    gaps_ = Distribution::exponential(poisson->rate.time_of(workload.clients));
  } else if (const auto* periodic = std::get_if<Periodic>(&workload.arrivals)) {
    gaps_ = Distribution::constant(periodic->rate.time_of(workload.clients));
    first_gap_ = periodic->rate.time_of(settings_.number + std::uint64_t{1});
  } else if (const Closed* closed_loop = closed()) {
    sessions_.resize(closed_loop->sessions);
  } else if (auto* replay = std::get_if<Replay>(&settings_.workload.arrivals)) {
    take_replay(*replay);
  }
  if (workload.operations.cas > 0) last_seen_.resize(workload.keys);
}

void Client::set_pacer() {
  if (settings_.workload.script) return;
  const auto with = [&](const auto& law) {
    if constexpr (std::is_constructible_v<Pacer, decltype(law), std::uint32_t>) {
      pacer_.emplace(law, settings_.workload.clients);
    }
  };
  std::visit(with, settings_.workload.arrivals);
}

// Every so manieth request is this client's. How hard one is, is the rank of its service time among
// all: the middle of the words that a law of the same times reads as this one.
void Client::take_replay(Replay& replay) {
  const std::vector<ReplayedRequest>& all = replay.requests;
  std::vector<Duration> times;
  for (const ReplayedRequest& each : all) {
    if (each.service) times.push_back(*each.service);
  }
  std::sort(times.begin(), times.end());
  for (std::size_t i = settings_.number; i < all.size(); i += settings_.workload.clients) {
    Replayed mine{all[i].at, all[i].key, std::nullopt};
    if (all[i].service) {
      const auto place = std::lower_bound(times.begin(), times.end(), *all[i].service);
      const auto twice_rank = static_cast<std::uint64_t>(place - times.begin()) * 2 + 1;
      mine.work = static_cast<std::uint64_t>((static_cast<Wide>(twice_rank) << 63) / times.size());
    }
    replayed_.push_back(mine);
  }
  replay.requests.clear();  // what other clients ask
}

void Client::reseed(std::uint64_t seed) {
  if (pacer_) pacer_->reseed(seed);
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
  } else if (replays()) {
    // What was due while the client was down is not asked.
    next_replayed_ = 0;
    const Duration since = since_start(context);
    while (next_replayed_ < replayed_.size() && replayed_[next_replayed_].at < since) {
      ++next_replayed_;
    }
    await_arrival(context);
  } else if (pacer_) {
    await_arrival(context);
  } else {
    const Duration gap = gaps_.at(arrivals_.next());
    set_timer(arrival_timer, wait + first_gap_.value_or(gap), context);
  }
}

void Client::await_arrival(StepContext& context) {
  const Duration since = since_start(context);
  if (replays()) {
    if (next_replayed_ == replayed_.size()) return;
    set_timer(arrival_timer, std::max(replayed_[next_replayed_].at - since, Duration{}), context);
  } else if (pacer_) {
    const std::uint64_t word = arrivals_.next();
    const auto due = pacer_->next(std::max(since, Duration{}), word, load_.pace);
    if (due) set_timer(arrival_timer, *due - since, context);
  } else {
    // Never none: a client that asks without end at one instant would stop the time.
    const Duration gap = paced(gaps_.at(arrivals_.next()));
    set_timer(arrival_timer, std::max(gap, Duration{1}), context);
  }
}

// Asks everything that is due and waits for the next.
void Client::play_replay(StepContext& context) {
  const Duration since = since_start(context);
  while (next_replayed_ < replayed_.size() && replayed_[next_replayed_].at <= since) {
    const Replayed& replayed = replayed_[next_replayed_++];
    Command command = next_command();
    command.key = replayed.key.value_or(command.key);
    command.work = replayed.work.value_or(command.work);
    begin(free_session(), command, context);
  }
  await_arrival(context);
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
  if (replays()) {
    play_replay(context);
    return;
  }
  await_arrival(context);
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
  const std::uint64_t part = answer.request.sequence - session.sequence;
  if (!session.busy || part >= parts(session)) {  // late, or a copy
    const bool late = answer.request.sequence == session.given_up;
    if (late && answer.response.outcome == Outcome::ok) prefer(from);
    return;
  }
  switch (answer.response.outcome) {
    case Outcome::ok:
      if (!spread(session)) {
        preferred_ = session.target;
        prefer(from);
      }
      if (!settle(session, part)) return;
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
  if (leader != targets.end()) {
    session.target = static_cast<std::uint32_t>(leader - targets.begin());
    session.leader = {};
  } else if (answer.response.leader && answer.response.leader.value <= settings_.servers) {
    // Whoever was asked stands before a group, and the leader is in it.
    session.leader = answer.response.leader;
  } else {
    return;  // nobody knows a leader: the next one is asked when the retry is due
  }
  if (session.redirections++ < most_redirections) send(index, context);
}

// Whoever answered will be asked first from now on; the answer may be to an earlier attempt, and
// may be late: who is given up on shortly before it answers would else be asked last for ever.
void Client::prefer(NodeId answered) {
  const auto& targets = settings_.targets;
  if (targets[preferred_] == answered) return;
  const auto at = std::find(targets.begin(), targets.end(), answered);
  if (at != targets.end()) preferred_ = static_cast<std::uint32_t>(at - targets.begin());
}

RequestId Client::id(std::uint32_t session, StepContext& context, std::uint32_t part) const {
  return {context.self, first_session_ + session, sessions_[session].sequence + part};
}

bool Client::settle(Session& session, std::uint64_t part) const {
  if (session.answered.empty()) return true;
  if (!session.answered[part]) --session.open;
  session.answered[part] = true;
  return session.open == 0;
}

bool Client::retries(const Session& session) const {
  const Workload& workload = settings_.workload;
  return workload.retry_after &&
         (session.command.operation != Operation::work || workload.attempts > 1);
}

bool Client::may_retry() {
  const std::optional<Ratio>& budget = settings_.workload.retry_budget;
  if (!budget) return true;
  if (retry_credit_ < budget->denominator) return false;
  retry_credit_ -= budget->denominator;
  return true;
}

// Draws the same number of words whatever the operation turns out to be, so that a change of the
// mix leaves keys and work as they were.
Command Client::next_command() {
  Command command;
  std::uint64_t pick = operations_.below(weight_total_);
  std::size_t kind = 0;
  while (pick >= weights_[kind]) pick -= weights_[kind++];
  command.operation = static_cast<Operation>(kind);
  const std::uint64_t key = picker_.pick(keys_.next());
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
  session.sequence += session.sequence == 0 ? 1 : settings_.workload.fan_out;
  session.command = asked;
  session.attempts = 1;
  session.open = parts(session);
  if (session.open > 1 || !session.answered.empty()) {
    session.answered.assign(session.open > 1 ? session.open : 0, false);
  }
  if (const std::optional<Ratio>& budget = settings_.workload.retry_budget) {
    constexpr std::uint64_t in_a_row = 10;
    const Wide most = static_cast<Wide>(budget->denominator) * in_a_row;
    retry_credit_ = std::min(retry_credit_ + budget->numerator, most);
  }
  session.target = preferred_;
  if (spread(session)) {
    const auto turn = static_cast<std::uint32_t>(session.sequence) + settings_.number;
    session.target = (index + turn) % static_cast<std::uint32_t>(settings_.targets.size());
  }
  session.first = session.target;
  session.redirections = 0;
  session.leader = {};
  const Command& command = session.command;
  append(context.effects->facts, Invoked{id(index, context), command.operation, command.key,
                                         command.value, command.expected});
  const Time now = context.local_now;
  const Workload& workload = settings_.workload;
  const Time given_up = saturating_add(now, workload.timeout);
  // What is over need not be kept until it would have been due. The timer stays as it is: it is not
  // set for later than what is left.
  while (!timeouts_.empty() && timeouts_.front().at <= given_up && over(timeouts_.front())) {
    timeouts_.pop();
  }
  timeouts_.push({given_up, index, session.sequence});
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
  for (std::uint32_t part = 0; part < parts(session); ++part) {
    if (session.answered.empty() || !session.answered[part]) send_part(index, part, context);
  }
}

void Client::send_part(std::uint32_t index, std::uint32_t part, StepContext& context) {
  const Session& session = sessions_[index];
  Command command = session.command;
  if (part > 0) command.work = draw(session.command.work, part);
  const PayloadRef payload{Pools::request_type, context.pools->requests().put(
                                                    Request{id(index, context, part), command}, 1)};
  const auto& targets = settings_.targets;
  const NodeId to = session.leader ? session.leader : targets[session.target];
  append(context.effects->sends, to, payload);
  if (load_.twice.is_zero() || !load_.twice.happens(submits_.next())) return;
  const std::size_t second = (session.target + (load_.elsewhere ? 1u : 0u)) % targets.size();
  context.pools->requests().retain(payload.slot, 1);
  append(context.effects->sends, targets[second], payload);
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
  append(context.effects->facts, Returned{id(index, context), outcome, value});
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
    if (over(due)) continue;
    // Or a client that gives up before it has tried all asks for ever the same ones in vain.
    Session& session = sessions_[due.session];
    if (session.first == preferred_ && !spread(session)) preferred_ = after(session.target);
    session.given_up = due.sequence;
    end(due.session, Returning::info, 0, context);
  }
  while (!retries_.empty() && (retries_.front().at <= now || over(retries_.front()))) {
    const Due due = retries_.front();
    retries_.pop();
    if (over(due)) continue;
    Session& session = sessions_[due.session];
    const bool job = session.command.operation == Operation::work;
    session.redirections = 0;
    session.leader = {};
    session.target = after(session.target);
    if (!job || ++session.attempts < settings_.workload.attempts) {
      retries_.push(
          {saturating_add(now, *settings_.workload.retry_after), due.session, due.sequence});
    }
    if (may_retry()) send(due.session, context);
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

// A test bench for one node: no network, no disk, no time. A handler is called with one event, and
// what it asks for comes back as data.
//
//   Bench<Raft> node{n1, {n1, n2, n3}};
//   node.start();
//   const auto step = node.receive(n2, RequestVote{...});
//   CHECK(step.message<VoteReply>().vote == Vote::granted);
//   CHECK(step.record<TermAndVote>().voted_for == n2);
//   CHECK(step.fact<VoteGranted>().candidate == n2);
//
// Every step is run a second time on a copy of the node, and the effects must be the same: a
// handler that reads anything but its own state and its input throws ImpureStep, which fails the
// test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/protocol/step.h"

namespace ballast {

struct ImpureStep : std::logic_error {
  ImpureStep() : std::logic_error("equal state and equal input gave different effects") {}
};

template <Protocol P>
class Bench {
 public:
  using Config = typename P::Config;
  using Message = typename P::Message;
  using Record = typename P::Record;
  using Timer = typename P::Timer;

  struct Sent {
    NodeId to;
    Message message;
  };
  struct Forwarded {
    NodeId to;
    Request request;
  };

  // The effects of one step, each list in the order in which the handler asked. The host lets
  // facts, messages and replies leave only when `persist` is durable; timers act at once.
  struct Result {
    std::vector<Record> persist;
    std::vector<std::uint32_t> facts_before;  // each record: how many facts do not rest on it
    std::vector<Sent> send;
    std::size_t sent_ahead = 0;     // how many of them, the first, wait for no record
    std::size_t replied_ahead = 0;  // and of the replies
    std::vector<Forwarded> forward;
    std::vector<Answer> replies;
    std::vector<TimerChange> timers;
    std::vector<Fact> facts;
    std::size_t stated_ahead = 0;  // how many of them, the first, wait for no record
    std::string_view broken;       // the sentence of a failed ensure(), or empty

    // The i-th message, record or fact of one kind, counted from 0. Throws std::out_of_range if
    // there are not so many.
    template <class M>
    const M& message(std::size_t i = 0) const {
      for (const Sent& sent : send) {
        if (const M* found = std::get_if<M>(&sent.message); found != nullptr && i-- == 0) {
          return *found;
        }
      }
      throw std::out_of_range("no such message was sent");
    }
    template <class R>
    const R& record(std::size_t i = 0) const {
      return nth<R>(persist, i);
    }
    template <class F>
    const F& fact(std::size_t i = 0) const {
      return nth<F>(facts, i);
    }

    // The message of one kind that went to one node, or null.
    template <class M>
    const M* message_to(NodeId to) const {
      for (const Sent& sent : send) {
        if (sent.to != to) continue;
        if (const M* found = std::get_if<M>(&sent.message)) return found;
      }
      return nullptr;
    }

    // How many messages, records or facts of one kind there are.
    template <class M>
    std::size_t messages() const {
      std::size_t count = 0;
      for (const Sent& sent : send) count += std::holds_alternative<M>(sent.message) ? 1 : 0;
      return count;
    }
    template <class R>
    std::size_t records() const {
      return count<R>(persist);
    }
    template <class F>
    std::size_t stated() const {
      return count<F>(facts);
    }

    // The last change of one timer in this step, or null if the step did not touch it.
    const TimerChange* timer(Timer which) const {
      const TimerChange* last = nullptr;
      for (const TimerChange& change : timers) {
        if (change.timer == static_cast<std::uint32_t>(which)) last = &change;
      }
      return last;
    }
    bool timer_set(Timer which) const {
      const TimerChange* change = timer(which);
      return change != nullptr && !change->cancel;
    }
    bool timer_cancelled(Timer which) const {
      const TimerChange* change = timer(which);
      return change != nullptr && change->cancel;
    }

    // True if the step asked for nothing at all.
    bool silent() const {
      return persist.empty() && send.empty() && forward.empty() && replies.empty() &&
             timers.empty() && facts.empty() && broken.empty();
    }

   private:
    template <class T, class V>
    static const T& nth(const std::vector<V>& all, std::size_t i) {
      for (const V& one : all) {
        if (const T* found = std::get_if<T>(&one); found != nullptr && i-- == 0) return *found;
      }
      throw std::out_of_range("the step has no such record or fact");
    }
    template <class T, class V>
    static std::size_t count(const std::vector<V>& all) {
      std::size_t n = 0;
      for (const V& one : all) n += std::holds_alternative<T>(one) ? 1 : 0;
      return n;
    }
  };

  // REQUIRES members in ascending order. `seed` feeds Step::choose and nothing else.
  Bench(NodeId self, std::vector<NodeId> members, Config config = {}, std::uint64_t seed = 1)
      : self_(self),
        members_(std::move(members)),
        config_(std::move(config)),
        node_(config_),
        choices_(seed, Purpose::choice, self.value),
        message_type_(pools_.template index_of<Message>()) {}

  // Boots the node: what is in the journal is given to on_recover, then on_start runs.
  Result start() {
    return run([this](P& node, Step<P>& step) {
      for (const Record& record : journal_) node.on_recover(record);
      node.on_start(step);
    });
  }
  Result receive(NodeId from, const Message& message) {
    return run([&](P& node, Step<P>& step) { node.on_message(from, message, step); });
  }
  Result fire(Timer timer) {
    return run([&](P& node, Step<P>& step) { node.on_timer(timer, step); });
  }
  Result ask(const Request& request) {
    return run([&](P& node, Step<P>& step) { node.on_request(request, step); });
  }

  // Crashes: what is volatile is gone, of the journal the first `durable` records are left, and the
  // node boots again.
  Result crash_and_recover(std::size_t durable) {
    if (durable < journal_.size()) {
      journal_.erase(journal_.begin() + static_cast<std::ptrdiff_t>(durable), journal_.end());
    }
    node_ = P{config_};
    return start();
  }
  Result crash_and_recover() { return crash_and_recover(journal_.size()); }

  // What this node's own clock shows from now on.
  void set_clock(Time now) { now_ = now; }

  const P& node() const { return node_; }
  typename P::State state() const { return node_.state(); }
  const std::vector<Record>& journal() const { return journal_; }

 private:
  struct Performed {
    Result result;
    std::uint64_t digest = 0;  // of the effects and of the state after them
  };

  template <class Handler>
  Result run(Handler handler) {
    P twin = node_;
    Stream twin_choices = choices_;
    const Performed copy = perform(twin, twin_choices, handler);
    Performed done = perform(node_, choices_, handler);
    if (done.digest != copy.digest) throw ImpureStep();
    journal_.insert(journal_.end(), done.result.persist.begin(), done.result.persist.end());
    return std::move(done.result);
  }

  template <class Handler>
  Performed perform(P& node, Stream& choices, Handler handler) {
    Performed done;
    Result& result = done.result;
    Effects effects;
    StepContext context{self_, members_, now_, &choices, &pools_, &effects};
    Step<P> step(context, message_type_, result.persist);
    try {
      handler(node, step);
    } catch (const BrokenRule& rule) {
      result.broken = rule.sentence;
    }
    Fingerprint all;
    fold(all, effects.records_digest);
    fold(all, effects.facts);
    fold(all, result.broken);
    fold(all, digest(node.state()));
    for (const TimerChange& change : effects.timers) {
      fold(all, change.timer);
      fold(all, change.cancel);
      fold(all, DurationRange{change.min, change.max});
    }
    result.facts_before = std::move(effects.facts_before);
    for (const Outgoing& outgoing : effects.ahead) {
      ++(outgoing.payload.type == Pools::answer_type ? result.replied_ahead : result.sent_ahead);
    }
    effects.sends.insert(effects.sends.begin(), effects.ahead.begin(), effects.ahead.end());
    result.stated_ahead = effects.facts_ahead.size();
    effects.facts.insert(effects.facts.begin(), effects.facts_ahead.begin(),
                         effects.facts_ahead.end());
    fold(all, result.sent_ahead);
    fold(all, result.replied_ahead);
    for (const Outgoing& outgoing : effects.sends) {
      fold(all, outgoing.to);
      fold(all, pools_[outgoing.payload].digest(outgoing.payload.slot));
      take(outgoing, result);
    }
    result.timers = std::move(effects.timers);
    result.facts = std::move(effects.facts);
    done.digest = all.value();
    return done;
  }

  // Copies a payload out of its pool and gives the pool its place back.
  void take(const Outgoing& outgoing, Result& result) {
    const PayloadRef payload = outgoing.payload;
    if (payload.type == message_type_) {
      const auto& pool = pools_.template typed<Message>(message_type_);
      result.send.push_back({outgoing.to, pool[payload.slot]});
    } else if (payload.type == Pools::request_type) {
      result.forward.push_back({outgoing.to, pools_.requests()[payload.slot]});
    } else {
      result.replies.push_back(pools_.answers()[payload.slot]);
    }
    pools_[payload].release(payload.slot);
  }

  NodeId self_;
  std::vector<NodeId> members_;
  Config config_;
  P node_;
  Stream choices_;
  Pools pools_;
  std::uint32_t message_type_;
  std::vector<Record> journal_;
  Time now_;
};

}  // namespace ballast

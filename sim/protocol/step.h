// The one door between an algorithm and the world. A handler is given an event and a Step: it reads
// the world through the Step, changes its own fields, and says through the Step what should happen.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/random.h"
#include "sim/protocol/effects.h"

namespace ballast {

// What the host lends to a step, without the types of the algorithm.
struct StepContext {
  NodeId self;
  std::span<const NodeId> members;
  Time local_now;
  Stream* choices = nullptr;
  Pools* pools = nullptr;
  Effects* effects = nullptr;
  std::uint32_t node_count = std::numeric_limits<std::uint32_t>::max();  // in the whole world
};

template <class P>
class Step {
 public:
  using Message = typename P::Message;
  using Record = typename P::Record;
  using Timer = typename P::Timer;

  Step(StepContext& context, std::uint32_t message_type, std::vector<Record>& journal)
      : context_(context), message_type_(message_type), journal_(journal) {}
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  NodeId self() const { return context_.self; }

  // The nodes this one works with: the members of its group, itself included, or the groups that
  // the scenario names. In ascending order, the same for the whole run.
  std::span<const NodeId> members() const { return context_.members; }

  // This node's own clock. It may be off, drift and jump, also backwards; 0 is its origin.
  Time now() const { return context_.local_now; }

  // Writes a record to the journal. It is durable before anything that this step says leaves the
  // node; after a crash on_recover() is given every durable record again, in order.
  void persist(Record record) {
    Fingerprint content;
    fold(content, record);
    Effects& effects = *context_.effects;
    effects.records_digest = mix(effects.records_digest ^ content.value());
    effects.record_bytes += content.words() * 8;
    ++effects.records;
    effects.facts_before.push_back(static_cast<std::uint32_t>(effects.facts.size()));
    journal_.push_back(std::move(record));
  }

  // Writes a record that stands for the whole journal before it, as a snapshot does: once it is
  // durable, and not before, the records before it are gone. A crash until then leaves them as they
  // were; whether it does also leave this one, on_recover() is given all that is left in order, and
  // has to forget what came before this one.
  void replace_journal(Record record) {
    persist(std::move(record));
    context_.effects->replacing = context_.effects->records;
  }

  // Sends to one node; to oneself too, which arrives as an event of its own.
  template <class M = Message>
  [[gnu::always_inline]] void send(NodeId to, M message) {
    send(to, message_type_, pool(), std::move(message), context_.effects->sends);
  }

  // Sends a message that leaves at once, without waiting for any record. Only for what is true
  // whatever becomes of them, see Raft's parallel writes.
  template <class M = Message>
  void send_ahead(NodeId to, M message) {
    send(to, message_type_, pool(), std::move(message), context_.effects->ahead);
  }

  // The same for a claim that rests on no record.
  template <class F>
  void observe_ahead(const F& fact) {
    append(context_.effects->facts_ahead, fact);
  }

  // Sends the same message to all members but oneself.
  template <class M = Message>
  void broadcast(M message) {
    const PayloadRef payload{message_type_, pool().put(std::move(message))};
    std::uint32_t copies = 0;
    for (const NodeId to : members()) {
      if (to == self()) continue;
      append(context_.effects->sends, to, payload);
      ++copies;
    }
    // A group of one has nobody to send to: the message is taken back at once.
    pool().retain(payload.slot, copies == 0 ? 1 : copies);
    if (copies == 0) pool().release(payload.slot);
  }

  // Passes a client's request on to another node, as if the client had asked there; that node's
  // reply goes straight to the client.
  void forward(NodeId to, const Request& request) {
    send(to, Pools::request_type, context_.pools->requests(), Request{request},
         context_.effects->sends);
  }

  // Sets a timer to fire once, after a duration between min and max on this node's own clock that
  // the host draws. Setting it again replaces it. Timers do not survive a crash.
  void set_timer(Timer timer, Duration min, Duration max) {
    context_.effects->timers.push_back({static_cast<std::uint32_t>(timer), false, min, max});
  }
  void set_timer(Timer timer, Duration after) { set_timer(timer, after, after); }
  void set_timer(Timer timer, DurationRange range) { set_timer(timer, range.min, range.max); }
  void cancel_timer(Timer timer) {
    context_.effects->timers.push_back({static_cast<std::uint32_t>(timer), true, {}, {}});
  }

  // Answers a client. Not answering is allowed: the client will not know. Who administers the group
  // from outside of the world (client 0) waits for no answer.
  void reply(RequestId request, Response response) {
    if (!request.client) return;
    send(request.client, Pools::answer_type, context_.pools->answers(), Answer{request, response},
         context_.effects->sends);
  }

  // The same at once, without waiting for any record. Only for what the records of others make
  // true, see send_ahead().
  void reply_ahead(RequestId request, Response response) {
    if (!request.client) return;
    send(request.client, Pools::answer_type, context_.pools->answers(), Answer{request, response},
         context_.effects->ahead);
  }

  // Makes a claim in public, for checkers, traces and metrics. A claim about a record comes after
  // its persist(): if the node dies in between, what the disk holds is claimed and no more.
  template <class F>
  [[gnu::always_inline]] void observe(const F& fact) {
    append(context_.effects->facts, fact);
  }

  // Says that this node is in a situation that tests should bring about: P::goals[goal]. Counted,
  // and nothing else.
  template <class Goal>
  void reach(Goal goal) {
    context_.effects->reached |= std::uint64_t{1} << static_cast<unsigned>(goal);
  }

  // A number from 0 to n - 1: the only door to chance, where an exhaustive search branches.
  // REQUIRES n > 0.
  std::uint64_t choose(std::uint64_t n) { return context_.choices->below(n); }

 private:
  Pool<Message>& pool() { return context_.pools->template typed<Message>(message_type_); }
  template <class Sent, class M>
  [[gnu::always_inline]] void send(NodeId to, std::uint32_t type, Pool<Sent>& of_type, M&& message,
                                   std::vector<Outgoing>& way) {
    ensure(to && to.value <= context_.node_count, "a message is sent to a node that exists");
    const PayloadRef payload{type, of_type.put(std::forward<M>(message), 1)};
    append(way, to, payload);
  }

  StepContext& context_;
  std::uint32_t message_type_;
  std::vector<Record>& journal_;
};

// What every algorithm is: a copyable value with five handlers. Equal state and equal input give
// equal effects; there is no other input.
//
//   P::name        how scenarios call it ("raft")
//   P::summary     one sentence for people, with the source
//   P::operations  the requests it serves
//   P::Config      described options (describe.h), with defaults
//   P::Message, P::Record   std::variant of named, described structs
//   P::Timer       an enumeration with its words
//   P::goals       optional: situations that sweeps should reach, GoalInfo (goal.h)
//   P::State, state()       what traces and explorers may see of it, described
template <class P>
concept Protocol = std::copyable<P> && Described<typename P::Config> &&
    Described<typename P::State> && NamedEnum<typename P::Timer> &&
    std::constructible_from<P, typename P::Config> &&
    requires(P node, const P& view, Step<P>& step, NodeId from, const Request& request,
             const typename P::Message& message, const typename P::Record& record,
             typename P::Timer timer) {
  { P::name } -> std::convertible_to<std::string_view>;
  { P::summary } -> std::convertible_to<std::string_view>;
  { P::operations[0] } -> std::convertible_to<Operation>;
  { view.state() } -> std::same_as<typename P::State>;
  node.on_recover(record);
  node.on_start(step);
  node.on_message(from, message, step);
  node.on_timer(timer, step);
  node.on_request(request, step);
};

}  // namespace ballast

// A group of nodes in the hands of a test: it says which message arrives, is lost or comes twice,
// which timer fires, whose disk is slow, who crashes, and what clocks show. Nothing happens by
// itself, and there is no kernel. All checks of safety listen.
//
//   Cluster<Raft> group(3);
//   group.fire(n1, raft::Timer::election);
//   group.deliver(n1, n2);                        // the oldest message on its way from n1 to n2
//   group.drop<raft::RequestVote>(n1, n3);
//   group.settle();                               // until nothing is on its way any more
//   CHECK(group.state(n1).role == raft::Role::leader);
//   CHECK(group.broken() == "");
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/check/checker.h"
#include "tests/support/bench.h"

namespace ballast {

template <Protocol P>
class Cluster {
 public:
  using Config = typename P::Config;
  using Message = typename P::Message;
  using Timer = typename P::Timer;
  using Result = typename Bench<P>::Result;

  // A message on its way; numbered from 1 in the order in which they left.
  struct Letter {
    std::uint64_t number = 0;
    NodeId from;
    NodeId to;
    Message message;
  };
  // A step that a node has taken, and why. The letters that left are numbered from `first_letter`.
  struct Taken {
    NodeId node;
    std::string why;
    Result result;
    bool waits = false;  // what it says waits for the disk
    std::uint64_t first_letter = 0;
    std::size_t objections = 0;  // so many in all, after it
  };

  explicit Cluster(std::uint32_t nodes, Config config = {}) {
    for (std::uint32_t i = 1; i <= nodes; ++i) group_.nodes.push_back({i});
    if constexpr (requires { config.quorums; }) group_.quorums = config.quorums;
    for (const CheckInfo& check : checks()) checkers_.push_back(check.make(group_));
    for (const NodeId node : group_.nodes) places_.emplace_back(node, group_.nodes, config);
    for (const NodeId node : group_.nodes) take(node, "starts", at(node).bench.start());
  }

  // --- The network -----------------------------------------------------------------------------

  // Hands over the oldest letter for which `which` holds, or loses it, or hands over a copy and
  // leaves it on its way. False if there is none. A node that is down or isolated receives nothing.
  template <class Which>
  bool deliver_if(Which which) {
    const auto found = std::find_if(flight_.begin(), flight_.end(), which);
    if (found == flight_.end()) return false;
    const Letter letter = std::move(*found);
    flight_.erase(found);
    hand_over(letter);
    return true;
  }
  template <class Which>
  bool drop_if(Which which) {
    const auto found = std::find_if(flight_.begin(), flight_.end(), which);
    if (found == flight_.end()) return false;
    flight_.erase(found);
    return true;
  }
  template <class Which>
  bool double_if(Which which) {
    const auto found = std::find_if(flight_.begin(), flight_.end(), which);
    if (found == flight_.end()) return false;
    hand_over(Letter(*found));
    return true;
  }

  // The same by sender and receiver and, if it is given, by kind. Throws std::logic_error if there
  // is no such letter.
  template <class... Kind>
  void deliver(NodeId from, NodeId to) {
    expect(deliver_if(on_way<Kind...>(from, to)), "there is no such letter to deliver");
  }
  template <class... Kind>
  void drop(NodeId from, NodeId to) {
    expect(drop_if(on_way<Kind...>(from, to)), "there is no such letter to drop");
  }
  template <class... Kind>
  void deliver_twice(NodeId from, NodeId to) {
    expect(double_if(on_way<Kind...>(from, to)), "there is no such letter to double");
  }
  void drop_all() { flight_.clear(); }
  // A message that nobody has sent here: of another time, or of another world.
  void hear(NodeId node, NodeId from, const Message& message) {
    take(node, "<- " + to_text(from), at(node).bench.receive(from, message));
  }

  // Hands letters over, oldest first, until none is on its way; with names, only those between
  // these nodes. Throws std::logic_error if there is no end to it.
  void settle() {
    settle_if([](const Letter&) { return true; });
  }
  void settle(const std::vector<NodeId>& among) {
    const auto has = [&](NodeId node) {
      return std::find(among.begin(), among.end(), node) != among.end();
    };
    settle_if([&](const Letter& letter) { return has(letter.from) && has(letter.to); });
  }
  const std::deque<Letter>& in_flight() const { return flight_; }

  // From now on, and for what is on its way, nothing goes in or out.
  void isolate(NodeId node) { at(node).isolated = true; }
  void heal() {
    for (Place& place : places_) place.isolated = false;
  }

  // --- Nodes -----------------------------------------------------------------------------------

  // Throws std::logic_error unless the node is up and has set this timer.
  void fire(NodeId node, Timer timer) {
    bool& armed = at(node).armed[static_cast<std::size_t>(timer)];
    expect(at(node).up && armed, "this timer is not set");
    armed = false;
    take(node, "timer " + std::string(name_of(timer)), at(node).bench.fire(timer));
  }
  void ask(NodeId node, const Request& request) {
    expect(at(node).up, "the node is down");
    take(node, "is asked", at(node).bench.ask(request));
  }
  // What was not written is lost, and nothing arrives until it restarts.
  void crash(NodeId node) {
    Place& place = at(node);
    expect(place.up, "the node is down");
    place.up = place.stalled = false;
    place.unwritten.clear();
    place.armed = {};
    for (const auto& checker : checkers_) checker->crashed(node, now_);
  }
  void restart(NodeId node) {
    Place& place = at(node);
    expect(!place.up, "the node is up");
    place.up = true;
    place.life = place.life.next();
    take(node, "restarts", place.bench.crash_and_recover(place.durable));
  }
  void crash_and_restart(NodeId node) {
    crash(node);
    restart(node);
  }
  // Its disk writes nothing until it is flushed: what rests on records waits, a crash loses it.
  void stall(NodeId node) { at(node).stalled = true; }
  void flush(NodeId node) {
    Place& place = at(node);
    place.stalled = false;
    while (!place.unwritten.empty()) write_next(node);
  }
  // Every clock, or that of one node, goes on.
  void wait(Duration span) {
    now_ += span;
    for (const NodeId node : group_.nodes) wait(node, span);
  }
  void wait(NodeId node, Duration span) {
    at(node).clock += span;
    at(node).bench.set_clock(at(node).clock);
  }

  // --- What can be seen ------------------------------------------------------------------------

  const std::vector<NodeId>& nodes() const { return group_.nodes; }
  bool up(NodeId node) const { return at(node).up; }
  bool armed(NodeId node, Timer timer) const {
    return at(node).armed[static_cast<std::size_t>(timer)];
  }
  typename P::State state(NodeId node) const { return at(node).bench.state(); }
  // Written or about to be.
  const std::vector<typename P::Record>& journal(NodeId node) const {
    return at(node).bench.journal();
  }
  // What clients were told, in order.
  const std::vector<Answer>& answers() const { return answers_; }
  // The steps that were taken since the last call.
  std::vector<Taken> taken() { return std::exchange(taken_, {}); }
  // The step that was taken last.
  const Result& last() const { return last_; }
  const Objections& objections() const { return objections_; }
  // The property that was broken first, "ensure" for a rule of the algorithm's own, or nothing.
  std::string broken() const {
    return objections_.empty() ? std::string() : objections_.all().front().property;
  }

 private:
  static constexpr std::size_t timers = enumerators(Timer{}).size();

  struct Unwritten {
    Result result;
    std::size_t records;  // in the journal, this step's included
    EventId event;
  };
  struct Place {
    Place(NodeId node, const std::vector<NodeId>& members, const Config& config)
        : bench(node, members, config) {}
    Bench<P> bench;
    bool up = true;
    bool stalled = false;
    bool isolated = false;
    Life life{1};
    Time clock;
    std::deque<Unwritten> unwritten;
    std::size_t durable = 0;  // records
    std::array<bool, timers> armed = {};
  };

  static void expect(bool condition, const char* otherwise) {
    if (!condition) throw std::logic_error(otherwise);
  }
  Place& at(NodeId node) { return places_.at(node.value - 1); }
  const Place& at(NodeId node) const { return places_.at(node.value - 1); }

  template <class... Kind>
  static auto on_way(NodeId from, NodeId to) {
    return [=](const Letter& letter) {
      return letter.from == from && letter.to == to &&
             (std::holds_alternative<Kind>(letter.message) && ...);
    };
  }

  template <class Which>
  void settle_if(Which which) {
    for (int letters = 0; deliver_if(which); ++letters) {
      expect(letters < 10'000, "the group does not come to rest");
    }
  }

  void hand_over(const Letter& letter) {
    const bool arrives = at(letter.to).up && !at(letter.to).isolated && !at(letter.from).isolated;
    const std::string why = "<- " + to_text(letter.from) + " #" + std::to_string(letter.number) +
                            " " + std::string(name_of(letter.message));
    if (!arrives) {
      taken_.push_back({letter.to, why + " (lost)", {}, false, 0, objections_.all().size()});
      return;
    }
    take(letter.to, why, at(letter.to).bench.receive(letter.from, letter.message));
  }

  // The write-ahead rule: timers act at once, and so does what is sent ahead; the rest waits for
  // the records of this and of all earlier steps.
  void take(NodeId node, std::string why, Result result) {
    event_ = event_.next();
    Place& place = at(node);
    expect(result.forward.empty(), "nobody forwards requests here");
    if (!result.broken.empty()) {
      objections_.raise({"ensure", std::string(result.broken), event_, now_, node, {event_}});
    }
    for (const TimerChange& change : result.timers) place.armed[change.timer] = !change.cancel;
    const bool waits = place.stalled && (!result.persist.empty() || !place.unwritten.empty());
    last_ = result;
    taken_.push_back({node, std::move(why), result, waits, letters_ + 1, 0});
    hear(node, result, 0, result.stated_ahead, event_);
    send(node, result, 0, result.sent_ahead);
    answer(result, 0, result.replied_ahead);
    place.unwritten.push_back({std::move(result), place.bench.journal().size(), event_});
    if (!waits) write_next(node);
    taken_.back().objections = objections_.all().size();
  }
  void write_next(NodeId node) {
    Place& place = at(node);
    Unwritten done = std::move(place.unwritten.front());
    place.unwritten.pop_front();
    place.durable = done.records;
    hear(node, done.result, done.result.stated_ahead, done.result.facts.size(), done.event);
    send(node, done.result, done.result.sent_ahead, done.result.send.size());
    answer(done.result, done.result.replied_ahead, done.result.replies.size());
  }
  void send(NodeId from, const Result& result, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      flight_.push_back({++letters_, from, result.send[i].to, result.send[i].message});
    }
  }

  void hear(NodeId node, const Result& result, std::size_t begin, std::size_t end, EventId event) {
    for (std::size_t i = begin; i < end; ++i) {
      const Fact& fact = result.facts[i];
      for (const auto& checker : checkers_) {
        if ((checker->interests() >> fact.index() & 1) == 0) continue;
        checker->hear({&fact, event, {}, now_, node, at(node).life}, objections_);
      }
    }
  }
  void answer(const Result& result, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) answers_.push_back(result.replies[i]);
  }

  Group group_{"server", {}};
  std::vector<std::unique_ptr<Checker>> checkers_;
  std::vector<Place> places_;
  std::deque<Letter> flight_;
  std::uint64_t letters_ = 0;
  std::vector<Answer> answers_;
  std::vector<Taken> taken_;
  Result last_;
  Objections objections_;
  EventId event_;
  Time now_;
};

}  // namespace ballast

// A group of nodes in a world that does its worst, without the kernel: messages are lost, doubled
// and delivered in any order, links are cut, timers fire whenever they like, disks are slow, and
// nodes crash with what they had not written. No time passes that would tell likely from unlikely,
// so that rare interleavings come soon.
//
//   Ordeal<Raft>::Settings settings;
//   settings.seed = 7;
//   settings.checkers = {make_log_matching};
//   settings.request = some_request;
//   Ordeal<Raft> ordeal(settings);
//   ordeal.run(1000);
//   CHECK(ordeal.objections().empty());
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "sim/check/checker.h"
#include "tests/support/bench.h"

namespace ballast {

template <Protocol P>
class Ordeal {
 public:
  struct Settings {
    std::uint64_t seed = 0;  // everything that happens is drawn from it
    std::uint32_t nodes = 3;
    typename P::Config config;
    std::vector<std::unique_ptr<Checker> (*)(const Group&)> checkers;
    Request (*request)(std::uint64_t number, Stream& random) = nullptr;  // the next one, from 1
  };

  // The seed also decides how likely each kind of misfortune is in this run (swarm testing).
  explicit Ordeal(const Settings& settings)
      : random_(settings.seed, Purpose::fault, 0), request_(settings.request) {
    for (std::uint32_t i = 1; i <= settings.nodes; ++i) group_.nodes.push_back({i});
    for (const auto make : settings.checkers) checkers_.push_back(make(group_));
    for (const NodeId node : group_.nodes) {
      places_.emplace_back(node, group_.nodes, settings.config);
      cut_.emplace_back(settings.nodes, false);
    }
    draw_weights();
    for (const NodeId node : group_.nodes) take(node, at(node).bench.start());
  }

  // Lets so many things happen, or fewer if a check objects. Returns how many.
  std::uint64_t run(std::uint64_t steps) {
    std::uint64_t done = 0;
    while (done < steps && objections_.empty()) {
      act(static_cast<Action>(draw(weights_)));
      ++done;
    }
    return done;
  }

  // From now on nothing goes wrong any more, and timers fire only when nothing else happens. Ends
  // when `done` says so of the nodes, or after `rounds`; returns which.
  template <class Done>
  bool recovers(int rounds, Done done) {
    for (auto& links : cut_) links.assign(links.size(), false);
    for (const NodeId node : group_.nodes) restart(node);
    for (int round = 0; round < rounds && objections_.empty(); ++round) {
      for (const NodeId node : group_.nodes) {
        while (!at(node).unwritten.empty()) write_next(node);
      }
      std::vector<Letter> arriving;
      arriving.swap(network_);
      for (const Letter& letter : arriving) deliver_letter(letter);
      if (!arriving.empty()) continue;
      if (done(*this)) return true;
      fire(random_node(), random_.below(timers));
    }
    return false;
  }

  void ask(NodeId node) { take(node, at(node).bench.ask(request_(++requests_, random_))); }

  const std::vector<NodeId>& nodes() const { return group_.nodes; }
  typename P::State state(NodeId node) const { return places_[node.value - 1].bench.state(); }
  const Objections& objections() const { return objections_; }
  // How many facts of one kind were heard, by their place in the variant.
  template <class F>
  std::uint64_t heard() const {
    return heard_[Fact(F{}).index()];
  }

 private:
  using Node = Bench<P>;
  enum Action { deliver, lose, duplicate, fire_timer, flush, crash, boot, request, cut, actions };
  static constexpr std::size_t timers = enumerators(typename P::Timer{}).size();

  struct Letter {
    NodeId from;
    NodeId to;
    typename P::Message message;
  };
  // What a step asked for, until all that was written before is durable.
  struct Unwritten {
    typename Node::Result result;
    std::size_t records;  // in the journal, this step's included
    EventId event;
  };
  struct Place {
    Place(NodeId node, const std::vector<NodeId>& members, const typename P::Config& config)
        : bench(node, members, config) {}
    Node bench;
    bool up = true;
    Life life{1};
    std::deque<Unwritten> unwritten;
    std::size_t durable = 0;  // records
    std::array<bool, timers> armed = {};
  };

  Place& at(NodeId node) { return places_[node.value - 1]; }
  NodeId random_node() { return group_.nodes[random_.below(group_.nodes.size())]; }
  std::uint64_t between(std::uint64_t min, std::uint64_t max) {
    return min + random_.below(max - min + 1);
  }

  void draw_weights() {
    weights_[deliver] = between(50, 200);
    weights_[lose] = between(0, 15);
    weights_[duplicate] = between(0, 10);
    weights_[fire_timer] = between(1, 8);
    weights_[flush] = between(20, 150);
    weights_[crash] = between(0, 3);
    weights_[boot] = between(3, 10);
    weights_[request] = between(2, 20);
    weights_[cut] = between(0, 3);
  }
  std::size_t draw(const std::array<std::uint64_t, actions>& weights) {
    std::uint64_t drawn =
        random_.below(std::accumulate(weights.begin(), weights.end(), std::uint64_t{0}));
    std::size_t index = 0;
    while (drawn >= weights[index]) drawn -= weights[index++];
    return index;
  }

  void act(Action action) {
    const NodeId node = random_node();
    switch (action) {
      case deliver:
        return deliver_letter(take_letter());
      case lose:
        take_letter();
        return;
      case duplicate:
        // The network holds only so many: copies of copies must not drown everything else.
        if (network_.empty() || network_.size() > 200) return;
        return deliver_letter(Letter(network_[random_.below(network_.size())]));
      case fire_timer:
        return fire(node, random_.below(timers));
      case flush:
        if (!at(node).unwritten.empty()) write_next(node);
        return;
      case crash:
        if (!may_crash(node)) return;
        at(node).up = false;
        at(node).unwritten.clear();
        at(node).armed = {};
        for (const auto& checker : checkers_) checker->crashed(node, now());
        return;
      case boot:
        return restart(node);
      case request:
        if (at(node).up) ask(node);
        return;
      case cut: {
        const NodeId other = random_node();
        cut_[node.value - 1][other.value - 1] = random_.below(2) == 0;
        return;
      }
      case actions:
        return;
    }
  }

  // An algorithm that keeps nothing on disk bears no more than a minority that has forgotten.
  bool may_crash(NodeId node) {
    if constexpr (requires(const P& process) { process.remembers(); }) {
      std::size_t remembering = 0;
      for (const NodeId other : group_.nodes) {
        remembering += other != node && at(other).up && at(other).bench.node().remembers();
      }
      return remembering >= majority(group_.nodes.size());
    }
    return true;
  }

  // A letter out of the network; to nobody if it holds none.
  Letter take_letter() {
    if (network_.empty()) return {};
    const std::size_t which = random_.below(network_.size());
    std::swap(network_[which], network_.back());
    Letter letter = std::move(network_.back());
    network_.pop_back();
    return letter;
  }
  void deliver_letter(const Letter& letter) {
    if (!letter.to || !at(letter.to).up || cut_[letter.from.value - 1][letter.to.value - 1]) return;
    take(letter.to, at(letter.to).bench.receive(letter.from, letter.message));
  }
  void fire(NodeId node, std::size_t timer) {
    if (!at(node).armed[timer]) return;
    at(node).armed[timer] = false;
    take(node, at(node).bench.fire(static_cast<typename P::Timer>(timer)));
  }
  void restart(NodeId node) {
    Place& place = at(node);
    if (place.up) return;
    place.up = true;
    place.life = place.life.next();
    take(node, place.bench.crash_and_recover(place.durable));
  }

  // The write-ahead rule: timers act at once, the rest waits for the records of this and of all
  // earlier steps.
  void take(NodeId node, typename Node::Result result) {
    event_ = event_.next();
    Place& place = at(node);
    if (!result.broken.empty()) {
      objections_.raise({"ensure", std::string(result.broken), event_, now(), node, {event_}});
    }
    for (const TimerChange& change : result.timers) place.armed[change.timer] = !change.cancel;
    const bool waits = !result.persist.empty() || !place.unwritten.empty();
    place.unwritten.push_back({std::move(result), place.bench.journal().size(), event_});
    if (!waits) write_next(node);
  }
  void write_next(NodeId node) {
    Place& place = at(node);
    Unwritten done = std::move(place.unwritten.front());
    place.unwritten.pop_front();
    place.durable = done.records;
    for (const Fact& fact : done.result.facts) {
      ++heard_[fact.index()];
      for (const auto& checker : checkers_) {
        if ((checker->interests() >> fact.index() & 1) == 0) continue;
        checker->hear({&fact, done.event, {}, now(), node, place.life}, objections_);
      }
    }
    for (auto& sent : done.result.send)
      network_.push_back({node, sent.to, std::move(sent.message)});
  }

  Time now() const { return {static_cast<std::int64_t>(event_.value) * 1'000'000}; }

  Stream random_;
  Request (*request_)(std::uint64_t, Stream&);
  Group group_{"server", {}};
  std::array<std::uint64_t, actions> weights_ = {};
  std::vector<Place> places_;
  std::vector<Letter> network_;
  std::vector<std::vector<bool>> cut_;  // by sender, then by receiver
  std::vector<std::unique_ptr<Checker>> checkers_;
  Objections objections_;
  std::array<std::uint64_t, std::variant_size_v<Fact>> heard_ = {};
  EventId event_;
  std::uint64_t requests_ = 0;
};

// For counters: four sessions add to three of them; each repeats its last request now and then.
inline Request some_addition(std::uint64_t number, Stream& random) {
  const auto session = static_cast<std::uint32_t>(random.below(4));
  const std::uint64_t sequence = 1 + number / (8 + random.below(2));
  const auto value = static_cast<std::int64_t>(number);
  return {{NodeId{99}, session, sequence}, {Operation::add, random.below(3), value, 0, 0}};
}

// The property that is first seen broken within so many steps, in runs of 1,000 whose settings are
// made from the seeds 1, 2, ...; empty if none is.
template <Protocol P, class MakeSettings>
std::string first_broken(MakeSettings make, std::uint64_t budget) {
  std::uint64_t steps = 0;
  for (std::uint64_t seed = 1; steps < budget; ++seed) {
    Ordeal<P> ordeal(make(seed));
    steps += ordeal.run(1000);
    if (!ordeal.objections().empty()) return ordeal.objections().all().front().property;
  }
  return {};
}

}  // namespace ballast

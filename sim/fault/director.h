// Carries out a schedule of faults: waits for their time, resolves whom they hit, acts on the
// world, undoes what ends, and writes down what really happened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/fault/act.h"
#include "sim/fault/bound.h"

namespace ballast {

// A fault as it came about: when it really acted, with its nodes by number.
struct FiredFault {
  Fault fault;
  bool fired = false;  // false: its selector matched nobody in time, or `why` says why not
  // It took from an algorithm what algorithms assume of their disks: what follows need not be
  // anybody's mistake.
  bool outside_model = false;
  std::string why{};
};

class Director {
 public:
  // How long a fault waits for a node in the role that it wants before it counts as not fired.
  static constexpr Duration patience{5'000'000'000};

  // `groups` are those of the scenario, the first one being meant by a bare role.
  Director(std::vector<Fault> schedule, std::vector<Group> groups, std::uint64_t seed);

  // What it must be shown while the world runs, and which facts it must hear.
  SightMask sights() const { return sights_; }
  FactMask facts() const { return facts_; }
  // Something happened that a fault may lie in wait for; it acts when act() is called next. Facts
  // are heard first.
  void see(const Occurrence& seen, const World& world);
  // From now on random selectors choose by this seed.
  void reseed(std::uint64_t seed);

  // When the next fault begins, ends or flaps; Time::max() if none does any more. Faults that wait
  // for a role, or for an event, are looked at again whenever act() is called.
  Time next_at() const { return due_.empty() ? Time::max() : due_.back().at; }
  bool is_waiting() const { return !waiting_.empty() || !sprung_.empty(); }
  // Does everything that is due at world.now().
  void act(World& world);

  // No fault begins, ends or changes any more: whatever is broken stays so until somebody else
  // heals it.
  void freeze();

  // The run is over: what still waits, or never came to wait, has not fired.
  void give_up();

  void hear(const HeardFact& heard) { standing_.hear(heard); }
  void crashed(NodeId node) { standing_.crashed(node); }
  void booted(NodeId node, Time at) { standing_.booted(node, at); }
  const Standing& standing() const { return standing_; }

  // The schedule as it happened so far, in the order of acting: explicit nodes and times, and the
  // number of events that came before. As a schedule of its own it makes the same run again.
  const std::vector<FiredFault>& fired() const { return fired_; }
  // When the last fault ended, if all have: from then on the world is whole.
  std::optional<Time> healed_at() const;

 private:
  // At one instant what ends comes before what begins: a fault lasts up to its end, not through it.
  enum class Step : std::uint8_t { end, wake, begin };
  struct Due {
    Time at;
    std::uint64_t order = 0;
    Step step = Step::begin;
    std::size_t index = 0;  // into schedule_ or holds_
  };

  void push(Time at, Step step, std::size_t index);
  struct Waiting {
    std::size_t index = 0;
    Time since;
  };
  // A fault that lies in wait for something.
  struct Lurking {
    std::size_t index = 0;
    Ambush ambush;
  };

  void miss(const Waiting& waiting);
  void make_explicit(Fault& fault, Time at, std::size_t index) const;
  Duration gap(std::size_t index);  // to its next strike
  void begin(std::size_t index, World& world);
  bool try_begin(std::size_t index, World& world);
  void follow(std::size_t index, FaultEnd point, Time now);
  bool is_over(std::size_t index) const;
  void try_waiting(World& world);
  void end(std::size_t index, World& world);
  void wake(std::size_t index, World& world);
  void count_ends(Time now);

  std::vector<Fault> schedule_;
  std::vector<Group> groups_;
  Standing standing_;
  DamageBound bound_;
  std::vector<Stream> dice_;  // by index into schedule_
  std::vector<Due> due_;      // sorted, the next one last
  std::uint64_t next_order_ = 0;
  std::vector<Waiting> waiting_;
  std::vector<Lurking> lurking_;
  std::vector<std::size_t> sprung_;    // whose moment has come during the event under way
  std::vector<bool> needs_leader_;     // by index into schedule_
  std::vector<std::uint64_t> struck_;  // how often, by index into schedule_
  SightMask sights_ = 0;
  FactMask facts_ = Standing::leadership();
  std::vector<Hold> holds_;
  std::vector<std::size_t> origins_;  // of the holds, in schedule_
  std::size_t unended_ = 0;           // faults, those to come included
  Time last_end_;
  std::vector<FiredFault> fired_;
};

}  // namespace ballast

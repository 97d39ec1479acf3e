// Carries out a schedule of faults: waits for their time, resolves whom they hit, acts on the
// world, undoes what ends, and writes down what really happened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/random.h"
#include "sim/check/checker.h"
#include "sim/fault/fault.h"
#include "sim/kernel/world.h"

namespace ballast {

// Who leads, by what the nodes have stated: the leader of a group is the node that is up, was
// elected in the highest term of all, and has not said that it stepped down.
class Roles {
 public:
  static constexpr FactMask interests() { return facts<Elected, SteppedDown>(); }
  void hear(const HeardFact& heard);
  void crashed(NodeId node);
  // Among these nodes; none if nobody leads.
  NodeId leader(const std::vector<NodeId>& among) const;

 private:
  std::vector<Term> leading_;  // by node: the term it leads, or zero
};

// A fault as it came about: when it really acted, with its nodes by number.
struct FiredFault {
  Fault fault;
  bool fired = false;  // false: its selector matched nobody in time
};

class Director {
 public:
  // How long a fault waits for a node in the role that it wants before it counts as not fired.
  static constexpr Duration patience{5'000'000'000};

  // `groups` are those of the scenario, the first one being meant by a bare role.
  Director(std::vector<Fault> schedule, std::vector<Group> groups, std::uint64_t seed);

  // From now on random selectors choose by this seed.
  void reseed(std::uint64_t seed);

  // When the next fault begins, ends or flaps; Time::max() if none does any more. Faults that wait
  // for a role, or for an event, are looked at again whenever act() is called.
  Time next_at() const;
  bool is_waiting() const { return !waiting_.empty(); }
  // Does everything that is due at world.now().
  void act(World& world);

  // The run is over: what still waits has not fired.
  void give_up();

  void hear(const HeardFact& heard) { roles_.hear(heard); }
  void crashed(NodeId node) { roles_.crashed(node); }
  const Roles& roles() const { return roles_; }

  // The schedule as it happened so far, in the order of acting: explicit nodes and times, and the
  // number of events that came before. As a schedule of its own it makes the same run again.
  const std::vector<FiredFault>& fired() const { return fired_; }
  // When the last fault ended, if all have: from then on the world is whole.
  std::optional<Time> healed_at() const;

 private:
  struct Link {
    NodeId from;
    NodeId to;
  };
  // What must be undone when a fault ends.
  struct Active {
    FaultAction action;  // resolved
    bool ends = false;   // by itself
    bool ended = false;
    std::vector<Link> links;
    std::vector<NodeId> nodes;              // crash, pause, slow_disk, clock_drift
    bool links_cut = false;                 // flap: at the moment
    std::vector<Life> lives;                // pause: whom it stopped; 0 if the node was down
    std::vector<Distribution> old_flushes;  // slow_disk, by node
    std::vector<std::int64_t> old_drifts;   // clock_drift, by node
  };
  // At one instant what ends comes before what begins: a fault lasts up to its end, not through it.
  enum class Step : std::uint8_t { end, toggle, begin };
  struct Due {
    Time at;
    std::uint64_t order = 0;
    Step step = Step::begin;
    std::size_t index = 0;  // into schedule_ or active_
  };

  void push(Time at, Step step, std::size_t index);
  void begin(std::size_t index, World& world);
  bool try_begin(std::size_t index, World& world);
  void try_waiting(World& world);
  void end(std::size_t index, World& world);
  void toggle(std::size_t index, World& world);
  bool resolve(FaultAction& action, Stream& picks, const World& world);
  static bool separate(Partition& partition);
  std::vector<NodeId> nodes_of(const Selector& selector) const;
  bool resolve_part(const Selector::Part& part, bool up, Stream& picks, const World& world,
                    std::vector<NodeId>& out) const;
  std::vector<Link> links_of(const FaultAction& action, const World& world) const;
  void apply(Active& active, World& world);
  void restart(NodeId node, World& world);
  void end_crash(const Active& active, World& world);
  Active* heir(std::size_t index, NodeId node, std::size_t& place);
  void change_links(Active& active, bool cut, World& world);
  const std::vector<NodeId>& group_of(NodeId node) const;

  std::vector<Fault> schedule_;
  std::vector<Group> groups_;
  Roles roles_;
  std::vector<Stream> picks_;  // by index into schedule_
  std::vector<Due> due_;       // sorted, the next one last
  std::uint64_t next_order_ = 0;
  std::vector<std::size_t> waiting_;
  std::vector<Active> active_;
  std::size_t unended_ = 0;
  Time last_end_;
  std::vector<FiredFault> fired_;
};

}  // namespace ballast

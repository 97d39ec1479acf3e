// The world: nodes, their clocks and disks, the network between them, and the queue of what will
// happen. A value: copying it forks time. It knows processes, not algorithms.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "sim/base/clone_ptr.h"
#include "sim/base/distribution.h"
#include "sim/base/fingerprint.h"
#include "sim/base/random.h"
#include "sim/base/ring.h"
#include "sim/base/slab.h"
#include "sim/kernel/clock.h"
#include "sim/kernel/condition.h"
#include "sim/kernel/event_queue.h"
#include "sim/kernel/message_fates.h"
#include "sim/kernel/network.h"
#include "sim/kernel/observer.h"
#include "sim/protocol/process.h"

namespace ballast {

// The order of events at one instant: as they were scheduled, or shuffled by the seed.
enum class Ties : std::uint8_t { fifo, shuffled };
constexpr auto enumerators(Ties) { return std::array<std::string_view, 2>{"fifo", "shuffled"}; }

struct NodeSettings {
  std::string name;  // as people see it: "n1", "c2"
  Clock clock;
  Distribution flush;  // how long the disk takes to make a step's records durable
};

// How often things happened; never read by the simulation.
struct Counters {
  std::uint64_t events = 0;  // executed, faults included
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t duplicated = 0;
  std::array<std::uint64_t, enumerators(DropReason{}).size()> dropped{};  // by DropReason
  // By kind of LinkCondition: messages on which a condition of this kind acted. A clog acts on each
  // arrival that it holds back.
  std::array<std::uint64_t, link_condition_kinds> conditions_acted{};
  std::uint64_t timers = 0;
  std::uint64_t flushes = 0;
  std::uint64_t records = 0;
  std::uint64_t records_lost = 0;  // written, and lost in a crash before they were durable
  std::uint64_t facts = 0;
  std::uint64_t crashes = 0;
  std::uint64_t restarts = 0;
  NodeMisfortunes misfortunes;

  std::uint64_t all_dropped() const {
    return std::accumulate(dropped.begin(), dropped.end(), std::uint64_t{0});
  }
};

class World {
 public:
  World(std::uint64_t seed, Ties ties);

  // --- Building, before boot() -----------------------------------------------------------------

  // The node gets the next number, from 1.
  NodeId add_node(NodeSettings settings, std::unique_ptr<Process> process);
  // Whom these nodes work with, ascending.
  void set_members(const std::vector<NodeId>& nodes, std::vector<NodeId> members);
  void set_network(Network network) { network_ = std::move(network); }
  // What happens to single messages, whatever the network draws for them.
  void set_message_fates(MessageFates fates) { message_fates_ = std::move(fates); }
  // Boots every node, in order, at time 0.
  void boot();

  // --- Running ---------------------------------------------------------------------------------

  // Executes the next event if there is one at or before `limit`. Events are ordered by time, then
  // by tie key, then by sequence; no two are equal. now() is then the time of the event, and never
  // later than `limit`.
  bool step(Time limit);
  // Moves time forward to `at`. REQUIRES that no event before it is left: step(at) returned false,
  // or step of the instant before did.
  void advance(Time at);

  // From now on all chance comes from this seed: another future of the same past. What is under way
  // or armed already stays as it was drawn.
  void reseed(std::uint64_t seed);

  // --- Faults, effective at now() --------------------------------------------------------------

  // Everything volatile is lost, and of the records that are not durable yet those that the style
  // says. No effect while down, except that a node which was to restart by itself will not.
  void crash(NodeId node, CrashStyle style = {});
  // Boots a crashed node: its durable records are recovered, then it starts. No effect while up. A
  // node that finds a record of its journal unreadable refuses, and stays down.
  void restart(NodeId node);
  // A paused node handles nothing and its disk completes nothing; all of that waits, in order,
  // until it resumes, and comes before whatever else is due at that instant. Its clock goes on.
  // Pauses are counted, and end with a crash. No effect while down.
  void pause(NodeId node);
  void resume(NodeId node);
  // Cuts and heals one directed link; counted, see Network.
  void cut(NodeId from, NodeId to);
  void heal(NodeId from, NodeId to);
  // A condition of one directed link, until it is lifted; any number at once, see
  // link_conditions.h. REQUIRES from != to, and of lift() that it is in force.
  LinkConditionId impose(NodeId from, NodeId to, LinkCondition condition);
  void lift(const LinkConditionId& id);
  void jump_clock(NodeId node, Duration step);
  // Makes a timer of the node fire now, out of turn. False if it is not armed, or the node is down.
  bool fire_now(NodeId node, std::uint32_t timer);
  // Has the node handle a command, next, as if a client had sent it; nobody hears the answer.
  void administer(NodeId node, const Command& command);

  // What holds of a node until it is lifted, see condition.h. A condition that changes nothing,
  // such as a delay of zero, is not imposed and has no number; lifting none has no effect.
  ConditionId impose(NodeId node, NodeCondition what);
  void lift(ConditionId condition);

  // Heals one directed link of every cut and condition, or lifts every condition of a node.
  void mend(NodeId from, NodeId to);
  void mend(NodeId node);

  // Damages the journal where it is durable. A node that is up does not notice before it recovers.
  // `record` counts from 0; false, and nothing happened, unless it is durable.
  bool rot(NodeId node, std::uint64_t record, Finding finding);
  // The write of `record` went to the place of `onto`, an earlier one: both are damaged.
  // Undetected, the one is recovered in place of the other, and the journal ends where it should
  // have been.
  bool misdirect(NodeId node, std::uint64_t record, std::uint64_t onto, Finding finding);
  // The node's disk becomes an older copy of itself, with `keep` records; 0 wipes it. REQUIRES that
  // the node is down.
  void roll_back(NodeId node, std::uint64_t keep);

  Network& network() { return network_; }

  // --- Looking ---------------------------------------------------------------------------------

  // One observer, or none. It is not part of the value: a copy of the world has none.
  void observe(Observer* observer);

  Time now() const { return now_; }
  EventId last_event() const { return {counters_.events}; }
  const Counters& counters() const { return counters_; }
  std::uint64_t fingerprint() const { return fingerprint_.value(); }
  std::uint64_t seed() const { return seed_; }

  std::uint32_t node_count() const { return static_cast<std::uint32_t>(nodes_.size()); }
  const std::string& name(NodeId node) const { return at(node).name; }
  const Process& process(NodeId node) const { return *at(node).process; }
  bool is_up(NodeId node) const { return at(node).up; }
  bool is_paused(NodeId node) const { return at(node).pauses > 0; }
  Life life(NodeId node) const { return at(node).life; }
  Time local_time(NodeId node) const { return local_time(at(node)); }
  // Whether it has written records that are not durable yet.
  bool is_writing(NodeId node) const {
    return at(node).up && at(node).process->journal_size() > at(node).durable;
  }
  // How often the node reached each of its algorithm's goals; empty if it never reached any.
  const std::vector<std::uint64_t>& reached(NodeId node) const { return at(node).reached; }
  const Pools& pools() const { return pools_; }
  const Network& network() const { return network_; }
  // How long a flush of the node takes now, and at which rate its clock runs.
  const Distribution& flush(NodeId node) const;
  std::int64_t clock_drift(NodeId node) const { return at(node).clock.drift_ppb(); }
  // How many of the journal's records are durable.
  std::uint64_t durable(NodeId node) const { return at(node).durable; }
  // The first of them that no later one has replaced; all of them count from 0.
  std::uint64_t first_record(NodeId node) const { return at(node).process->first_record(); }
  // When a timer of the node will go off, unless it is not armed.
  std::optional<Time> timer_due(NodeId node, std::uint32_t timer) const {
    const Timer& t = timers_[at(node).first_timer + timer];
    return t.armed ? std::optional(t.deadline) : std::nullopt;
  }
  bool refuses_to_start(NodeId node) const { return at(node).unreadable_from != intact; }
  // What the run holds in memory, in bytes of a fixed-width encoding: messages that wait for a disk
  // or are under way, events to come, and journals. The same on every machine.
  std::uint64_t bytes_held() const {
    return pools_.bytes() + bytes_journalled_ + queue_.size() * 64;
  }

 private:
  // moved: it has another slot now, and comes up there.
  enum class Kind : std::uint8_t { deliver, flushed, restart, moved };

  struct Event {
    Kind kind = Kind::deliver;
    NodeId node;
    NodeId from;  // deliver
    // flushed: of the step; restart: of the crash; deliver: in which it arrived at a node that was
    // paused or busy, or 0
    Life life;
    PayloadRef payload;         // deliver
    std::uint64_t message = 0;  // flushed: the pace of the disk that it was queued at
    EventId cause;
  };

  // A timer owns its place for good. Pushing it back only stores the new deadline; the entry in the
  // queue is put back for the rest when its old time comes.
  struct Timer {
    NodeId node;
    std::uint32_t kind = 0;
    bool armed = false;
    bool queued = false;
    Time deadline;
    std::uint64_t sequence = 0;
    Time queued_at;
    std::uint64_t queued_sequence = 0;
    EventId cause;
    Stream lengths;
  };

  // The effects of a step that wait for its records, or for earlier ones, to be durable.
  struct Held {
    Effects effects;
    EventId step;
    std::uint64_t journal_size = 0;  // what is durable once these effects may leave
    bool writes = false;             // has records of its own
    std::uint64_t luck = 0;          // from which the time of their flush is drawn
    Time since;                      // when they were written
    Time begun;                      // when the disk comes to them
    Time due;                        // when they are durable
    std::string state;
  };

  // A condition that holds.
  struct Imposed {
    std::uint64_t number = 0;
    NodeCondition what;
    Time since;
    Stream draws;
  };

  // What a slow node has yet to handle: an entry of the queue, and for a timer its number there.
  struct Backlog {
    std::uint32_t entry = 0;
    std::uint64_t sequence = 0;
  };

  struct Node {
    // First what every event of the node touches, so that it lies together.
    ClonePtr<Process> process;
    // What is not as usual: a bit for each kind of condition that holds, and those below. All that
    // a node without troubles costs is to see that this is 0.
    std::uint32_t troubles = 0;
    std::uint32_t pauses = 0;
    Life life;
    bool up = false;
    std::uint32_t members = 0;  // index into members_
    std::uint32_t first_timer = 0;
    Time disk_free;            // when the disk will have made all writes durable
    Ring<std::uint32_t> held;  // waiting effects, oldest first
    Clock clock;
    Stream choices;
    std::uint64_t pace = 0;     // of the disk: how often the writes that wait got other times
    std::uint64_t durable = 0;  // records
    std::uint64_t journal_bytes = 0;
    std::uint64_t replaced_by = intact;  // the last record written that stands for those before it
    std::vector<std::uint32_t> waiting;  // queue slots that came up while paused, in order
    std::vector<std::uint64_t> reached;
    Stream flushes;
    Distribution flush;
    std::string name;

    std::vector<Imposed> conditions;  // oldest first
    std::int64_t own_drift_ppb = 0;
    Time busy_until;                     // SlowSteps: when all that has arrived is handled,
    Ring<Backlog> backlog;               // and what that is, in order
    Time frozen_at;                      // FrozenClock: what the clock shows
    std::uint64_t said_durable = 0;      // LyingFlush: records
    std::vector<std::uint32_t> stalled;  // queue slots of flushes, in order
    std::uint64_t fallen_by = 0;         // FullDisk: the condition at which the node crashed itself
    bool restarts_itself = false;
    std::uint64_t unreadable_from = intact;  // the first record that makes it refuse to start,
    std::uint64_t truncated_from = intact;   // or that a recovery stops at
  };

  static constexpr std::uint64_t intact = ~std::uint64_t{0};
  // A trouble that is no condition: it is paused.
  static constexpr std::uint32_t paused_bit = 0x80000000u;

  // What a queue entry names: a timer or an event, and whether a slow node is done with it.
  static constexpr std::uint32_t timer_bit = 0x80000000u;
  static constexpr std::uint32_t served_bit = 0x40000000u;
  // The tie key of what a paused node resumes with; all others are greater.
  static constexpr std::uint32_t resumed_tie = 0;

  Node& at(NodeId node) { return nodes_[node.value - 1]; }
  const Node& at(NodeId node) const { return nodes_[node.value - 1]; }

  std::uint32_t tie_of(std::uint64_t sequence) const {
    constexpr std::uint32_t least = resumed_tie + 1;
    if (ties_ != Ties::shuffled) return least;
    const std::uint64_t word = draw(tie_key_, sequence) >> (64 - EventQueue::tie_bits);
    return std::max(least, static_cast<std::uint32_t>(word));
  }
  void schedule(Time at, std::uint64_t sequence, std::uint32_t slot);
  // Numbers an event and folds it into the fingerprint. Effects are folded as they leave.
  [[gnu::always_inline]] inline EventId begin_event(Sight what, NodeId node,
                                                    std::uint64_t content) {
    ++counters_.events;
    fingerprint_.fold(static_cast<std::uint64_t>(now_.ns));
    fingerprint_.fold((static_cast<std::uint64_t>(what) << 32) | node.value);
    fingerprint_.fold(content);
    return {counters_.events};
  }
  // What is inline here every event passes, and all of it is in world.cc: there it becomes a few
  // functions that call each other once.
  inline bool fire(std::uint32_t entry, std::uint64_t sequence);
  inline bool execute(std::uint32_t entry);
  inline void deliver(const Event& event, bool cut);
  inline void flush_completed(const Event& event);
  void start(NodeId id);

  // --- Conditions, world_conditions.cc ---
  template <class C>
  static constexpr std::uint32_t bit_of() {
    return 1u << index_in<C, NodeCondition>;
  }
  template <class C>
  static bool holds(const Node& node) {
    return (node.troubles & bit_of<C>()) != 0;
  }
  template <class C>
  static Imposed* newest(Node& node);
  Stream draws_of(Purpose purpose, NodeId node, std::uint64_t more) const;
  void show_condition(Sight what, NodeId id, const NodeCondition& condition);
  void refresh_drift(Node& node, NodeId id);
  void refresh_load(Node& node);
  void end_condition(Node& node, NodeId id, const Imposed& imposed);
  Time local_time(const Node& node) const {
    return holds<condition::FrozenClock>(node) ? node.frozen_at : node.clock.local(now_);
  }
  bool hold_back(Node& node, std::uint32_t entry);
  bool serve(Node& node, std::uint32_t entry);
  bool is_queued(const Backlog& waiting) const;
  void leave_backlog(Node& node, std::uint32_t entry);
  void clear_backlog(Node& node);
  void put_back(std::uint32_t entry, Time at);
  Time delayed(Node& node, Time deadline);
  void count_double_submits();

  // --- Disks, world_disks.cc ---
  Duration flush_time(Node& node, std::uint64_t luck);
  void queue_flush(const Node& node, NodeId id, EventId step, Time due);
  void hasten(Node& node, NodeId id);
  void settle(Node& node, std::uint64_t records);
  bool write_fails(Node& node, NodeId id, EventId step);
  void state_survivors(Node& node, NodeId id);
  void survive(Node& node, NodeId id, CrashStyle style);
  void truncate(Node& node, std::uint64_t records);
  void drop_replaced(Node& node);
  void recount(Node& node);
  bool recover(Node& node, NodeId id);
  void damaged(NodeId id, std::uint64_t record, std::string_view how);

  inline StepContext begin_step(Node& node, NodeId id);
  inline void finish_step(Node& node, NodeId id, EventId step);
  inline void apply_timers(Node& node, EventId step);
  inline void write_ahead(Node& node, NodeId id, EventId step);
  void write(Node& node, NodeId id, EventId step);
  void release_ahead(NodeId id, EventId step);
  Held& hold(Node& node, EventId step);
  void release(NodeId id, const Effects& effects, EventId step, std::string_view state_after);
  void state(NodeId id, const Effects& effects, std::size_t facts, EventId step,
             std::string_view state_after);
  inline void transmit(NodeId from, Outgoing outgoing, EventId step, std::string_view state);
  inline void put_under_way(NodeId from, Outgoing outgoing, std::uint64_t message, Time arrival);
  void drop(NodeId from, NodeId to, PayloadRef payload, std::uint64_t message, DropReason reason,
            EventId cause);
  void discard(const Effects& effects);
  void change_link(Sight what, NodeId from, NodeId to, const LinkCondition* condition = nullptr);
  void damage(NodeId from, Outgoing& outgoing, std::uint64_t message, std::uint64_t word);
  void count_conditions(std::uint16_t acted);

  bool watched(Sight s) const { return (watcher_.wanted & sight(s)) != 0; }
  Occurrence occurrence(Sight what, NodeId node, EventId cause) const;
  void show(const Occurrence& occurrence) { watcher_.observer->see(occurrence, *this); }
  static void count_goals(Node& node, std::uint64_t reached);
  inline void capture_state(const Node& node);
  void put_together_state(const Node& node);

  std::uint64_t seed_;
  Ties ties_;
  std::uint64_t tie_key_;
  Time now_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t next_message_ = 1;
  std::uint64_t next_condition_ = 1;
  std::vector<Node> nodes_;
  std::vector<std::vector<NodeId>> members_{{}};  // lists that nodes share; the first is empty
  std::vector<Timer> timers_;
  Network network_;
  MessageFates message_fates_;
  Pools pools_;
  EventQueue queue_;
  Slab<Event> events_;
  Slab<Held> held_;
  Effects effects_;  // of the step under way
  Fingerprint fingerprint_;
  Counters counters_;
  std::uint64_t bytes_journalled_ = 0;

  // Not part of the value.
  struct Watcher {
    Observer* observer = nullptr;
    SightMask wanted = 0;
    bool states = false;
    Occurrence stated;  // filled in for each fact, for these are most of all
    Watcher() { stated.what = Sight::stated; }
    Watcher(const Watcher&) : Watcher() {}
    Watcher& operator=(const Watcher&) { return *this; }
  };
  Watcher watcher_;
  std::string state_;  // of the step under way, if the observer wants it
};

}  // namespace ballast

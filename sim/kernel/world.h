// The world: nodes, their clocks and disks, the network between them, and the queue of what will
// happen. A value: copying it forks time. It knows processes, not algorithms.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/clone_ptr.h"
#include "sim/base/distribution.h"
#include "sim/base/fingerprint.h"
#include "sim/base/random.h"
#include "sim/base/ring.h"
#include "sim/base/slab.h"
#include "sim/kernel/clock.h"
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
  std::array<std::uint64_t, 4> dropped{};  // by DropReason
  std::uint64_t timers = 0;
  std::uint64_t flushes = 0;
  std::uint64_t records = 0;
  std::uint64_t records_lost = 0;  // written, and lost in a crash before they were durable
  std::uint64_t facts = 0;
  std::uint64_t crashes = 0;
  std::uint64_t restarts = 0;

  std::uint64_t all_dropped() const { return dropped[0] + dropped[1] + dropped[2] + dropped[3]; }
};

class World {
 public:
  World(std::uint64_t seed, Ties ties);

  // --- Building, before boot() -----------------------------------------------------------------

  // The node gets the next number, from 1.
  NodeId add_node(NodeSettings settings, std::unique_ptr<Process> process);
  // Whom the node works with, ascending.
  void set_members(NodeId node, std::vector<NodeId> members);
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

  // Everything volatile is lost, and the records that are not durable yet. No effect while down.
  void crash(NodeId node);
  // Boots a crashed node: its durable records are recovered, then it starts. No effect while up.
  void restart(NodeId node);
  // A paused node handles nothing and its disk completes nothing; all of that waits, in order,
  // until it resumes, and comes before whatever else is due at that instant. Its clock goes on.
  // Pauses are counted, and end with a crash. No effect while down.
  void pause(NodeId node);
  void resume(NodeId node);
  // Cuts and heals one directed link; counted, see Network.
  void cut(NodeId from, NodeId to);
  void heal(NodeId from, NodeId to);
  void jump_clock(NodeId node, Duration step);
  void set_clock_drift(NodeId node, std::int64_t drift_ppb);
  void set_flush(NodeId node, Distribution flush) { at(node).flush = std::move(flush); }
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
  Time local_time(NodeId node) const { return at(node).clock.local(now_); }
  const Pools& pools() const { return pools_; }
  const Network& network() const { return network_; }
  const Distribution& flush(NodeId node) const { return at(node).flush; }
  std::int64_t clock_drift(NodeId node) const { return at(node).clock.drift_ppb(); }
  // What the run holds in memory, in bytes of a fixed-width encoding: messages that wait for a disk
  // or are under way, events to come, and journals. The same on every machine.
  std::uint64_t bytes_held() const {
    return pools_.bytes() + bytes_journalled_ + queue_.size() * 64;
  }

 private:
  enum class Kind : std::uint8_t { deliver, flushed };

  struct Event {
    Kind kind = Kind::deliver;
    NodeId node;
    NodeId from;  // deliver
    Life life;    // flushed: of the step; deliver: in which it arrived at a paused node, or 0
    PayloadRef payload;  // deliver
    std::uint64_t message = 0;
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
    std::uint64_t journal_bytes = 0;
    std::string state;
  };

  struct Node {
    ClonePtr<Process> process;
    std::vector<NodeId> members;
    bool up = false;
    std::uint32_t pauses = 0;
    Life life;
    Clock clock;
    Stream choices;
    Time disk_free;             // when the disk will have made all writes durable
    std::uint64_t durable = 0;  // records
    std::uint64_t durable_bytes = 0;
    std::uint64_t journal_bytes = 0;
    Ring<std::uint32_t> held;            // waiting effects, oldest first
    std::vector<std::uint32_t> waiting;  // queue slots that came up while paused, in order
    std::uint32_t first_timer = 0;
    Stream flushes;
    Distribution flush;
    std::string name;
  };

  static constexpr std::uint32_t timer_bit = 0x80000000u;
  // The tie key of what a paused node resumes with; all others are greater.
  static constexpr std::uint32_t resumed_tie = 0;

  Node& at(NodeId node) { return nodes_[node.value - 1]; }
  const Node& at(NodeId node) const { return nodes_[node.value - 1]; }

  void schedule(Time at, std::uint64_t sequence, std::uint32_t slot);
  EventId begin_event(Sight what, NodeId node, std::uint64_t content);
  bool fire(std::uint32_t index, std::uint64_t sequence);
  bool execute(std::uint32_t slot);
  void deliver(const Event& event, bool cut);
  void flush_completed(const Event& event);
  void start(NodeId id);

  StepContext begin_step(Node& node, NodeId id);
  void finish_step(Node& node, NodeId id, EventId step);
  void apply_timers(Node& node, EventId step);
  void write_ahead(Node& node, NodeId id, EventId step);
  void release(NodeId id, const Effects& effects, EventId step, std::string_view state);
  void transmit(NodeId from, Outgoing outgoing, EventId step, std::string_view state);
  void drop(NodeId from, NodeId to, PayloadRef payload, std::uint64_t message, DropReason reason,
            EventId cause);
  void discard(const Effects& effects);
  void change_link(Sight what, NodeId from, NodeId to);

  bool watched(Sight s) const { return (watcher_.wanted & sight(s)) != 0; }
  Occurrence occurrence(Sight what, NodeId node, EventId cause) const;
  void show(const Occurrence& occurrence) { watcher_.observer->see(occurrence, *this); }
  void capture_state(const Node& node);

  std::uint64_t seed_;
  Ties ties_;
  std::uint64_t tie_key_;
  Time now_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t next_message_ = 1;
  std::vector<Node> nodes_;
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
    Watcher() = default;
    Watcher(const Watcher&) {}
    Watcher& operator=(const Watcher&) { return *this; }
  };
  Watcher watcher_;
  std::string state_;  // of the step under way, if the observer wants it
};

}  // namespace ballast

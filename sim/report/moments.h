// Everything that happened in a run, kept so that one can ask afterwards what led to what.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/check/checker.h"
#include "sim/kernel/observer.h"
#include "sim/scenario/run.h"

namespace ballast {

struct Moment {
  std::uint64_t number = 0;  // among all moments of the run, from 0
  Sight what = Sight::booted;
  EventId event;
  EventId cause;
  Time at;
  NodeId node;
  Life life;
  NodeId peer;
  std::uint64_t message = 0;
  std::uint64_t lost = 0;    // crashed: records
  std::optional<Fact> fact;  // stated
  std::string name;          // of the message, of the timer, or the sentence of a broken rule
  std::string state;         // received: of the node, before it handled the message
  std::string json;          // the message; booted: the state; persisted, crashed: the records
};

// Remembers the last `most` moments of a run, and what every check that there is objected to first,
// whether the scenario asks for that check or not: an early objection of one explains a late one of
// another.
class Moments final : public Recorder {
 public:
  explicit Moments(const Scenario& scenario);

  SightMask wants() const override { return all_sights; }
  bool wants_states() const override { return true; }
  void see(const Occurrence& seen, const World& world) override;
  void begin(const Scenario&, const World&) override {}
  void line(const HistoryLine&) override {}
  void sample(const Sample&) override {}

  // What each node showed of its state last, as JSON; empty if it never did.
  const std::string& state(NodeId node) const { return states_[node.value]; }

  // In the order in which they came; their events never decrease.
  const std::deque<Moment>& all() const { return moments_; }
  const Moment& operator[](std::uint64_t number) const { return moments_[number - forgotten_]; }
  const std::vector<Violation>& objections() const { return first_objections_; }

  // The moments of an event.
  std::vector<const Moment*> of(EventId event) const;
  // What set off a step: the message that arrived, the timer that fired, or the boot. Null if that
  // was too long ago, or if the event is no step.
  const Moment* start_of(EventId step) const;
  // The sending of a message.
  const Moment* sending(std::uint64_t message) const;
  // What the step wrote; null if nothing.
  const Moment* written_by(EventId step) const;

 private:
  static constexpr std::size_t most = 400'000;
  static constexpr std::size_t most_records = 64;
  struct Listener {
    std::unique_ptr<Checker> checker;
    std::size_t group = 0;
  };

  void keep_records(Moment& moment, const Occurrence& seen, const World& world);
  void hear(const Occurrence& seen);

  std::deque<Moment> moments_;
  std::uint64_t forgotten_ = 0;
  std::map<std::uint64_t, std::uint64_t> sendings_;  // number of the moment, by message
  std::vector<std::deque<std::string>> records_;     // the newest of each node, as JSON
  std::vector<std::string> states_;                  // by node
  std::vector<Listener> listeners_;
  std::vector<std::size_t> group_of_;  // by node
  std::vector<Violation> first_objections_;
};

}  // namespace ballast

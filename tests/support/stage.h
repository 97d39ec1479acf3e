// Puppets on a stage: nodes that do what a test tells them, in a real world, and a log of what is
// seen there.
//
//   Puppet::Config puppet;
//   puppet.start = [](Puppet&, Step<Puppet>& step) { step.send(n2, Note{7}); };
//   Stage stage({.puppets = {puppet, {}}});
//   stage.run_until(5_ms);
//   CHECK(stage.seen() == "0s n1 booted\n0s n1 sent 7 to n2\n0s n2 booted\n1ms n2 received 7 ...");
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/kernel/world.h"
#include "sim/protocol/hosted.h"

namespace ballast {

struct Note {
  std::uint64_t number = 0;
  static constexpr std::string_view name = "Note";
  static constexpr auto fields = Fields{field("number", &Note::number)};
};
struct Kept {
  std::uint64_t number = 0;
  static constexpr std::string_view name = "Kept";
  static constexpr auto fields = Fields{field("number", &Kept::number)};
};
enum class Bell : std::uint8_t { first, second };
constexpr auto enumerators(Bell) { return std::array<std::string_view, 2>{"first", "second"}; }

// An algorithm whose handlers are written in the test. What is not written does nothing.
class Puppet {
 public:
  struct Config {
    std::function<void(Puppet&, Step<Puppet>&)> start;
    std::function<void(Puppet&, NodeId from, std::uint64_t number, Step<Puppet>&)> note;
    std::function<void(Puppet&, Bell, Step<Puppet>&)> bell;
    static constexpr std::string_view name = "puppet";
    static constexpr auto fields = Fields{};
  };
  struct State {
    std::uint64_t count = 0;
    std::vector<std::uint64_t> recovered;
    static constexpr std::string_view name = "State";
    static constexpr auto fields =
        Fields{field("count", &State::count), field("recovered", &State::recovered)};
  };
  using Message = std::variant<Note>;
  using Record = std::variant<Kept>;
  using Timer = Bell;
  static constexpr std::string_view name = "puppet";
  static constexpr std::string_view summary = "Does what a test says.";
  static constexpr std::array operations = {Operation::work};

  explicit Puppet(Config config) : config_(std::move(config)) {}

  void on_recover(const Record& record) { recovered.push_back(std::get<Kept>(record).number); }
  void on_start(Step<Puppet>& step) {
    if (config_.start) config_.start(*this, step);
  }
  void on_message(NodeId from, const Message& message, Step<Puppet>& step) {
    if (config_.note) config_.note(*this, from, std::get<Note>(message).number, step);
  }
  void on_timer(Bell bell, Step<Puppet>& step) {
    if (config_.bell) config_.bell(*this, bell, step);
  }
  void on_request(const Request&, Step<Puppet>&) {}
  State state() const { return {count, recovered}; }

  std::uint64_t count = 0;  // for the handlers to use
  std::vector<std::uint64_t> recovered;

 private:
  Config config_;
};

// Writes a line for everything that happens: when, where, what.
class Log final : public Observer {
 public:
  explicit Log(SightMask wanted = all_sights, bool states = false)
      : wanted_(wanted), states_(states) {}
  SightMask wants() const override { return wanted_; }
  bool wants_states() const override { return states_; }

  void see(const Occurrence& seen, const World& world) override {
    text_ += to_text(seen.at - Time{}) + " " + world.name(seen.node) + " " +
             std::string(name_of(seen.what)) + detail_of(seen, world) + "\n";
    all.push_back(seen);
  }
  // What was seen since the last call.
  std::string take() { return std::exchange(text_, {}); }

  std::vector<Occurrence> all;  // payloads, facts and texts in it are gone

 private:
  static std::string number_of(PayloadRef payload, const World& world) {
    std::string members;
    JsonWriter w(members);
    w.begin_object();
    world.pools()[payload].write_members(payload.slot, w);
    w.end_object();
    const std::size_t from = members.find(':') + 1;
    return members.substr(from, members.find_first_of(",}") - from);
  }
  static std::string detail_of(const Occurrence& seen, const World& world) {
    switch (seen.what) {
      case Sight::received:
        return " " + number_of(seen.payload, world) + " from " + world.name(seen.peer);
      case Sight::sent:
        return " " + number_of(seen.payload, world) + " to " + world.name(seen.peer);
      case Sight::dropped:
        return " " + number_of(seen.payload, world) + " to " + world.name(seen.peer) + ": " +
               std::string(name_of(seen.reason));
      case Sight::fired:
        return " " + std::string(name_of(static_cast<Bell>(seen.timer)));
      case Sight::persisted:
      case Sight::crashed:
        return " " + std::to_string(seen.records);
      case Sight::stated:
        return " " + std::to_string(std::get<Proposed>(*seen.fact).value.value);
      case Sight::cut:
      case Sight::healed:
        return " to " + world.name(seen.peer);
      case Sight::imposed:
      case Sight::lifted:
        if (seen.condition == nullptr) return " " + std::string(seen.sentence);
        return " " + std::string(name_of(*seen.condition)) + " to " + world.name(seen.peer);
      case Sight::corrupted:
        return " to " + number_of(seen.payload, world) + " for " + world.name(seen.peer);
      case Sight::clock_set:
        return " " + to_text(seen.step);
      case Sight::damaged:
        return " " + std::to_string(seen.records) + " " + std::string(seen.sentence);
      case Sight::refused:
        return " " + std::to_string(seen.records);
      case Sight::broke_rule:
        return " " + std::string(seen.sentence);
      case Sight::booted:
      case Sight::flushed:
      case Sight::paused:
      case Sight::resumed:
        return {};
    }
    return {};
  }

  SightMask wanted_;
  bool states_;
  std::string text_;
};

struct StageSettings {
  std::vector<Puppet::Config> puppets;  // one for each node
  Distribution flush = Distribution::constant({});
  LinkProfile link = {Distribution::constant({1'000'000}), {}, {}, false};
  std::uint64_t seed = 1;
  Ties ties = Ties::fifo;
  SightMask wanted = all_sights;
  std::vector<Clock> clocks = {};  // of the first nodes
};

// A world of puppets, each a member of one group, booted at time 0.
class Stage {
 public:
  explicit Stage(StageSettings settings)
      : log(settings.wanted), world(settings.seed, settings.ties) {
    std::vector<NodeId> members;
    for (std::uint32_t i = 0; i < settings.puppets.size(); ++i) {
      NodeSettings node;
      node.name = to_text(NodeId{i + 1});
      node.flush = settings.flush;
      if (i < settings.clocks.size()) node.clock = settings.clocks[i];
      members.push_back(world.add_node(
          std::move(node), std::make_unique<Hosted<Puppet>>(std::move(settings.puppets[i]))));
    }
    world.set_members(members, members);
    world.set_network(Network(settings.seed, world.node_count(), settings.link));
    world.observe(&log);
    world.boot();
  }

  // Everything up to this time, itself included, happens.
  void run_until(Duration end) {
    while (world.step(Time{} + end)) {
    }
    world.advance(Time{} + end);
  }
  std::string seen() { return log.take(); }
  const Puppet& puppet(NodeId node) const {
    return static_cast<const Hosted<Puppet>&>(world.process(node)).node();
  }

  Log log;
  World world;
};

}  // namespace ballast

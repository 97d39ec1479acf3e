// A client: asks, waits, follows redirections, retries, gives up, and states what it saw. It is a
// process like any other, but belongs to the simulator: it may draw from streams of its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/base/ring.h"
#include "sim/load/pacer.h"
#include "sim/load/workload.h"
#include "sim/protocol/process.h"

namespace ballast {

struct ClientSettings {
  Workload workload;
  std::uint64_t seed = 0;
  std::uint32_t number = 0;  // of this client, from 0
  std::vector<NodeId> targets;
  std::uint32_t servers = 0;  // nodes 1 to so many are none of the clients
};

// States Invoked when an operation begins and Returned when it is over, for the history. An
// operation begins when it is due; retries repeat its request id and are not operations.
class Client final : public Process {
 public:
  explicit Client(ClientSettings settings);

  std::unique_ptr<Process> clone() const override { return std::make_unique<Client>(*this); }
  void attach(Pools&) override {}
  void start(StepContext& context) override;
  void deliver(NodeId from, PayloadRef payload, StepContext& context) override;
  void fire(std::uint32_t timer, StepContext& context) override;
  void crash(std::uint64_t durable) override;
  void reseed(std::uint64_t seed) override;
  std::uint64_t journal_size() const override { return 0; }
  void set_load(const Load& load) override { load_ = load; }

  std::string_view algorithm() const override { return "client"; }
  std::uint32_t timer_count() const override;
  std::string_view timer_name(std::uint32_t timer) const override;
  std::uint64_t state_digest() const override;
  void write_state(JsonWriter& w) const override;
  std::string_view record_name(std::uint64_t) const override { return {}; }
  void write_record(std::uint64_t, JsonWriter&) const override {}

 private:
  // Timers: the next arrival, the earliest deadline, and one for each session of a closed loop.
  static constexpr std::uint32_t arrival_timer = 0;
  static constexpr std::uint32_t deadline_timer = 1;
  static constexpr std::uint32_t first_session_timer = 2;
  // A redirection is followed at once, but two servers that point at each other must not be.
  static constexpr std::uint32_t most_redirections = 4;

  struct Session {
    bool busy = false;
    std::uint64_t sequence = 0;  // of its first part; the others follow
    Command command;
    std::uint32_t attempts = 0;      // so far
    std::uint32_t open = 0;          // parts that are not answered
    std::vector<bool> answered;      // by part, if there is more than one
    std::uint32_t first = 0;         // index into targets: who was asked first
    std::uint32_t target = 0;        // and who was asked last
    NodeId leader;                   // asked instead, if redirected past the targets
    std::uint32_t redirections = 0;  // since the last timer
    std::uint64_t given_up = 0;      // the latest request that was
  };

  // When something is due for a session, unless its request is over by then.
  struct Due {
    Time at;
    std::uint32_t session = 0;
    std::uint64_t sequence = 0;
  };

  // A recorded request. What it does not say is drawn.
  struct Replayed {
    Duration at;
    std::optional<std::uint64_t> key;
    std::optional<std::uint64_t> work;
  };

  // The law of a closed loop; null for an open one and for a script.
  const Closed* closed() const {
    return settings_.workload.script ? nullptr : std::get_if<Closed>(&settings_.workload.arrivals);
  }
  bool replays() const {
    return !settings_.workload.script &&
           std::holds_alternative<Replay>(settings_.workload.arrivals);
  }
  void play_script(StepContext& context);
  std::uint32_t free_session();
  bool retries(const Session& session) const;
  // Takes one retry out of the budget, if there is one left.
  bool may_retry();
  std::uint32_t parts(const Session& session) const {
    return session.command.operation == Operation::work ? settings_.workload.fan_out : 1;
  }
  // Marks a part as answered; whether it was the last.
  bool settle(Session& session, std::uint64_t part) const;
  std::uint32_t after(std::uint32_t target) const {
    return (target + 1) % static_cast<std::uint32_t>(settings_.targets.size());
  }
  bool spread(const Session& session) const {
    return settings_.workload.spread_reads && session.command.operation == Operation::read;
  }
  void begin(std::uint32_t session, const Command& command, StepContext& context);
  void send(std::uint32_t session, StepContext& context);
  void send_part(std::uint32_t session, std::uint32_t part, StepContext& context);
  void end(std::uint32_t session, Returning outcome, std::int64_t value, StepContext& context);
  void expire(StepContext& context);
  void arm(Time at, StepContext& context);
  void prefer(NodeId answered);
  Duration think(const Closed& closed_loop);
  // Sets the timer for the next arrival of an open loop, if there is one.
  void await_arrival(StepContext& context);
  void play_replay(StepContext& context);
  void take_replay(Replay& replay);
  void set_pacer();
  Duration since_start(StepContext& context) const {
    return context.local_now - (Time{} + settings_.workload.start);
  }
  Duration paced(Duration pause) const;
  bool over(const Due& due) const;
  Command next_command();
  RequestId id(std::uint32_t session, StepContext& context, std::uint32_t part = 0) const;
  static void set_timer(std::uint32_t timer, Duration after, StepContext& context);

  ClientSettings settings_;
  std::vector<ScriptedOperation> script_;  // of this client, in the order of time
  std::size_t next_scripted_ = 0;
  Distribution gaps_;                  // open loop: between arrivals
  std::optional<Duration> first_gap_;  // periodic: this client's turn among all clients
  std::optional<Pacer> pacer_;         // open loop whose rate changes
  std::vector<Replayed> replayed_;     // of this client
  std::size_t next_replayed_ = 0;
  KeyPicker picker_;
  Wide retry_credit_ = 0;  // retries that the budget allows, times its denominator
  std::array<std::uint32_t, 11> weights_{};  // of operations
  std::uint64_t weight_total_ = 0;
  Stream arrivals_;
  Stream operations_;
  Stream keys_;
  Stream works_;
  Stream submits_;  // which requests are sent twice
  Load load_;
  std::int64_t next_value_ = 0;
  std::vector<std::int64_t> last_seen_;  // by key, for cas

  std::vector<Session> sessions_;
  std::vector<std::uint32_t> idle_;
  std::uint32_t first_session_ =
      0;  // number of sessions_[0]; grows at a crash, for ids stay unique
  Ring<Due> timeouts_;
  Ring<Due> retries_;
  Time armed_ = Time::max();
  std::uint32_t preferred_ = 0;  // index of the target that answered last, or is asked next
};

}  // namespace ballast

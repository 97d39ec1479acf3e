// What clients do: how many, how often, which operations on which keys, and how patiently.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/distribution.h"
#include "sim/base/rate.h"
#include "sim/load/arrivals.h"
#include "sim/load/popularity.h"
#include "sim/load/script.h"
#include "sim/protocol/request.h"

namespace ballast {

// Open loop: requests come whether or not earlier ones were answered, so that a slow server is seen
// as slow. Latency counts from the moment a request was due, which is when it is sent.
struct Poisson {
  Rate rate{10, {1'000'000'000}};
  static constexpr std::string_view name = "poisson";
  static constexpr std::string_view doc = "Requests arrive independently of each other.";
  static constexpr auto fields =
      Fields{field("rate", &Poisson::rate, "Mean arrivals per time, over all clients together.")};
};

struct Periodic {
  Rate rate{10, {1'000'000'000}};
  static constexpr std::string_view name = "periodic";
  static constexpr std::string_view doc = "Requests arrive at equal distances.";
  static constexpr auto fields =
      Fields{field("rate", &Periodic::rate, "Arrivals per time, over all clients together.")};
};

// Closed loop: each session waits for its answer, thinks, and asks again. A slow server is asked
// less often, which hides its slowness: latencies of open and closed loops do not compare.
struct Closed {
  std::uint32_t sessions = 1;
  Distribution think;
  static constexpr std::string_view name = "closed";
  static constexpr std::string_view doc =
      "Each session asks, waits for the answer, thinks, and asks again.";
  static constexpr auto fields = Fields{
      field("sessions", &Closed::sessions, "Sessions of each client.").at_least(1).at_most(10'000),
      field("think", &Closed::think, "Time from an answer to the next request.")};
};

using Arrivals = std::variant<Poisson, Periodic, Closed, Bursts, Mmpp, RateCurve, Diurnal, Replay>;

// How often each operation is chosen, in proportion to the others.
struct OperationMix {
  std::uint32_t read = 0;
  std::uint32_t write = 0;
  std::uint32_t cas = 0;
  std::uint32_t propose = 0;
  std::uint32_t work = 0;
  std::uint32_t delete_ = 0;
  std::uint32_t add = 0;
  std::uint32_t enqueue = 0;
  std::uint32_t dequeue = 0;
  std::uint32_t acquire = 0;
  std::uint32_t release = 0;
  static constexpr std::string_view name = "operations";
  static constexpr auto fields = Fields{
      field("read", &OperationMix::read, "Reads a register or a counter.").at_most(1'000'000),
      field("write", &OperationMix::write, "Writes a value that no other write uses.")
          .at_most(1'000'000),
      field("cas", &OperationMix::cas,
            "Writes if the register still holds what this client last saw there.")
          .at_most(1'000'000),
      field("propose", &OperationMix::propose, "Proposes a value that no other client proposes.")
          .at_most(1'000'000),
      field("work", &OperationMix::work, "Has a job done by whoever the target chooses.")
          .at_most(1'000'000),
      field("delete", &OperationMix::delete_, "Deletes a key.").at_most(1'000'000),
      field("add", &OperationMix::add, "Adds to a counter a number that no other addition adds.")
          .at_most(1'000'000),
      field("enqueue", &OperationMix::enqueue, "Puts a value into a queue that no other does.")
          .at_most(1'000'000),
      field("dequeue", &OperationMix::dequeue, "Takes the oldest value out of a queue.")
          .at_most(1'000'000),
      field("acquire", &OperationMix::acquire, "Takes a lock for its session, if it is free.")
          .at_most(1'000'000),
      field("release", &OperationMix::release, "Gives a lock back, if its session holds it.")
          .at_most(1'000'000)};

  // By the number of the operation.
  std::array<std::uint32_t, 11> weights() const {
    return {read, write, cas, propose, work, delete_, add, enqueue, dequeue, acquire, release};
  }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const std::uint32_t weight : weights()) sum += weight;
    return sum;
  }
};

struct Workload {
  std::uint32_t clients = 1;
  std::string target;
  Arrivals arrivals;
  OperationMix operations;
  std::optional<std::vector<ScriptedOperation>> script;
  bool spread_reads = false;
  std::uint64_t keys = 1;
  Popularity popularity;
  std::uint32_t fan_out = 1;
  Duration timeout{5'000'000'000};
  std::optional<Duration> retry_after = Duration{250'000'000};
  std::uint32_t attempts = 1;
  std::optional<Ratio> retry_budget;
  Duration start;
  std::optional<Duration> stop;
  std::string problem() const {
    const auto* replay = std::get_if<Replay>(&arrivals);
    if (replay == nullptr) return {};
    for (const ReplayedRequest& each : replay->requests) {
      if (!each.key || *each.key < keys) continue;
      return "a replayed request is about key " + std::to_string(*each.key) + ", but keys is " +
             std::to_string(keys);
    }
    return {};
  }
  static constexpr std::string_view name = "workload";
  static constexpr auto fields = Fields{
      field("clients", &Workload::clients, "Client nodes; they are called c1, c2 and so on.")
          .at_least(1)
          .at_most(10'000),
      field("target", &Workload::target,
            "The group of nodes that they ask. Unless given, the first group of the scenario."),
      field("arrivals", &Workload::arrivals, "When requests come."),
      field(
          "operations", &Workload::operations,
          "Which operations, in proportion. Unless given, those that the target serves, equally."),
      field("script", &Workload::script,
            "The operations one by one, instead of arrivals, operations, start and stop."),
      field("spread_reads", &Workload::spread_reads,
            "Whether reads are asked of all servers in turn, for algorithms whose followers serve "
            "them, and not of the one that answered last."),
      field("keys", &Workload::keys, "How many keys there are.").at_least(1).at_most(1'000'000),
      field("popularity", &Workload::popularity, "How often each key is chosen."),
      field("fan_out", &Workload::fan_out,
            "How many requests a job (operation work) is, sent at once and each as hard as chance "
            "says; it is done when the last of them is, and fails when one does.")
          .at_least(1)
          .at_most(10'000),
      field("timeout", &Workload::timeout, "When a client gives up; the outcome is then unknown.")
          .at_least(1),
      field("retry_after", &Workload::retry_after,
            "When a client without an answer repeats its request, elsewhere if it can; null for "
            "never. Jobs (operation work) are repeated only as far as attempts says.")
          .at_least(1),
      field("attempts", &Workload::attempts,
            "How often a job (operation work) is asked for at most, once each retry_after. Servers "
            "do a job as often as they are asked.")
          .at_least(1)
          .at_most(1'000),
      field(
          "retry_budget", &Workload::retry_budget,
          "The share of its operations that a client may ask for again, ten in a row at most; null "
          "for no such limit."),
      field("start", &Workload::start, "When the first request may come."),
      field("stop", &Workload::stop, "When the last request may come; null for the end.")};
};

}  // namespace ballast

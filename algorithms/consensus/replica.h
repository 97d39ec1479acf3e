// What the replicas of all the replicated logs here have in common.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "algorithms/consensus/machine.h"
#include "sim/base/assert.h"
#include "sim/base/random.h"
#include "sim/base/time.h"
#include "sim/base/wide.h"
#include "sim/protocol/step.h"

namespace ballast {

// The place of a node among the members, which are in ascending order.
inline std::size_t position_of(NodeId node, std::span<const NodeId> members) {
  const auto at = std::lower_bound(members.begin(), members.end(), node);
  ensure(at != members.end() && *at == node, "nodes hear from members of their group only");
  return static_cast<std::size_t>(at - members.begin());
}

// Whether a request was executed before: then its client is told again what came of it, and `again`
// is reached. Nobody waits for one that its session has left behind.
template <class P, class Goal>
bool answered_again(const Machine& machine, const Request& request, Goal again, Step<P>& step) {
  const Machine::Session* session = machine.session(request.id);
  if (session == nullptr || session->sequence < request.id.sequence) return false;
  if (session->sequence == request.id.sequence) {
    step.reach(again);
    step.reply(request.id, session->response);
  }
  return true;
}

// Draws how often a leader says that it is there, from `least` to 160 ms, and how long the others
// wait for that: from just above it to rarely, but never so often that votes could not be counted
// in between: "broadcastTime << electionTimeout" (Raft 5.6).
inline void vary_timing(Duration& heartbeat, Duration least, DurationRange& timeout, Stream& dice,
                        Duration round_trip) {
  heartbeat.ns = static_cast<std::int64_t>(
      log_uniform(dice, static_cast<std::uint64_t>(least.ns), 159'999'999));
  const auto shortest = static_cast<std::uint64_t>(std::max(heartbeat.ns * 2, round_trip.ns * 5));
  timeout.min.ns = static_cast<std::int64_t>(log_uniform(dice, shortest, 5 * shortest));
  const auto from = static_cast<std::uint64_t>(timeout.min.ns);
  timeout.max.ns = static_cast<std::int64_t>(log_uniform(dice, from + from / 4, 3 * from));
}

// How long a lease lasts at least, by the clock of its holder: the clock of the one who granted it
// may be faster, by so many parts per million.
inline Duration shortest(Duration lease, std::uint64_t drift_ppm) {
  return {
      static_cast<std::int64_t>(static_cast<Wide>(lease.ns) * (1'000'000 - drift_ppm) / 1'000'000)};
}

}  // namespace ballast

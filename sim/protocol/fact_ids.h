// What facts number: terms, places in logs, ballots, values.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/base/describe.h"
#include "sim/base/ids.h"

namespace ballast {

// A leadership number in Raft's word; 0 is "before the first".
using Term = Id<struct TermTag>;
// A position in a replicated log, from 1; 0 is "before the first entry".
using LogIndex = Id<struct LogIndexTag>;
// The number of one decision among many; single-decree algorithms use 1.
using Slot = Id<struct SlotTag>;
// What was decided, appended or proposed, by the digest of its content: equal values, equal
// digests.
using ValueDigest = Id<struct ValueDigestTag>;
// The number of an admission, counted from 1 in each life of a balancer. A request that arrives
// twice is admitted twice, under two tickets.
using Ticket = Id<struct TicketTag>;

// A proposal number in Paxos's word: unique to its proposer, ordered by round, then by proposer.
// The default is below every ballot that a proposer can choose.
struct Ballot {
  std::uint64_t round = 0;
  NodeId proposer;
  friend constexpr auto operator<=>(const Ballot&, const Ballot&) = default;
  static constexpr std::string_view name = "Ballot";
  static constexpr auto fields =
      Fields{field("round", &Ballot::round), field("proposer", &Ballot::proposer)};
};

}  // namespace ballast

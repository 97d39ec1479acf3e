// Whether the members that elect a leader always meet others that do.
#pragma once

#include <cstddef>
#include <string>

#include "sim/protocol/quorum.h"

namespace ballast {

// Why two quorums of phase 1 need not share a member; empty if they always do. Ballots of Paxos
// belong to one proposer each, so that its electors need not meet; terms of Raft belong to whoever
// wins them, and two that win the same one break Election Safety (Raft, Figure 3).
std::string electors_apart(const QuorumSystem& system, std::size_t members);

}  // namespace ballast

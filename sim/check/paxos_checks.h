// The invariants of Paxos, by the names of Lamport's specification Voting.tla. Every node of the
// group is taken to be an acceptor, and every majority of them to be a quorum. The checks hear
// Promised, AcceptAsked and Accepted. A fact may come late, because a disk is slow, but it comes
// before the messages that rest on it; so what the checks have heard is enough to judge by.
#pragma once

#include <memory>

#include "sim/check/checker.h"

namespace ballast {

// OneValuePerBallot: in one ballot, no two different values are asked for or accepted.
std::unique_ptr<Checker> make_one_value_per_ballot(const Group& group);

// VotesSafe: when a value is asked for or accepted in a ballot, no other value has been or can
// still be chosen in a lower one; and no vote is cast later that would make it so.
std::unique_ptr<Checker> make_votes_safe(const Group& group);

// An acceptor never promises a lower ballot than it has promised or accepted before, and accepts
// none below its promise; a crash is no excuse.
std::unique_ptr<Checker> make_promise_never_lowered(const Group& group);

}  // namespace ballast

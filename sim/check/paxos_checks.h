// The invariants of Paxos, by the names of Lamport's specification Voting.tla. Every node of the
// group is taken to be an acceptor; what a quorum is, the group says. The checks hear Promised,
// AcceptAsked and Accepted, and judge SlotAsked and SlotAccepted in the same way, slot by slot. A
// fact may come late, because a disk is slow, but it comes
// before the messages that rest on it; so what the checks have heard is enough to judge by.
#pragma once

#include <memory>

#include "sim/check/checker.h"

namespace ballast {

// OneValuePerBallot: in one ballot, no two different values are asked for or accepted. The fast
// rounds of Fast Paxos (RoundOpened) are free to differ.
std::unique_ptr<Checker> make_one_value_per_ballot(const Group& group);

// VotesSafe: when a value is asked for or accepted in a ballot, no other value has been or can
// still be chosen in a lower one; and no vote is cast later that would make it so.
std::unique_ptr<Checker> make_votes_safe(const Group& group);

// An acceptor accepts one value in a fast round; a crash is no excuse. In other ballots nobody
// accepts a second one anyway.
std::unique_ptr<Checker> make_one_vote_per_ballot(const Group& group);

// An acceptor never promises a lower ballot than it has promised or accepted before, and accepts
// none below its promise; a crash is no excuse.
std::unique_ptr<Checker> make_promise_never_lowered(const Group& group);

// Multi-Paxos: a node executes slots in order, each once in a life and none left out, and executes
// what is decided (invariants R2 and R3 of van Renesse and Altinbuken, "Paxos Made Moderately
// Complex", 2015).
std::unique_ptr<Checker> make_gap_free_apply(const Group& group);

// The state machines of any two nodes are equal at equal slots, as far as checkpoints show.
std::unique_ptr<Checker> make_checkpoints_agree(const Group& group);

}  // namespace ballast

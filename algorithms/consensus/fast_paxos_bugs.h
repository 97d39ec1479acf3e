// Mistakes that a node of Fast Paxos can be told to make, one visible branch each, and what sweeps
// should bring about: see fast_paxos.h. Numbers are sections of Lamport, "Fast Paxos", 2006.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sim/protocol/goal.h"

namespace ballast::fast_paxos {

// Each breaks safety unless it says otherwise.
//   largest_value               a coordinator takes the largest value of V, without asking O4
//                               (Figure 2)
//   highest_round_ignored       a coordinator takes the largest value reported for any round
//                               (Figure 2: V is of round k)
//   any_over_votes              a coordinator sends "any" whatever was reported (3.1)
//   fast_majority               a learner takes a classic quorum for enough in a fast round (3.1)
//   second_vote                 an acceptor votes in a fast round for each proposal it hears (3.1)
//   late_vote                   an acceptor votes in a fast round although it has promised a
//                               higher one (2.2.1, phase 2b)
//   accept_below_promise        an acceptor accepts whatever a coordinator asks for (2.2.1, 2b)
//   promise_not_persisted       a promise is given without being written down (2.4.2)
//   vote_not_persisted          a vote is cast without being written down (2.4.2)
//   round_not_persisted         a coordinator begins a round again after a crash (2.2.1, 1a)
//   promises_counted_twice      a coordinator counts promises, not acceptors (2.2.1, 2a)
//   votes_counted_twice         a learner counts votes, not acceptors (2.2.1)
//   votes_of_all_rounds         a learner counts votes for a value, whatever their round (2.2.1)
//   recovery_in_same_round      a coordinator recovers in the round that collided, and acceptors
//                               vote there again (3.2)
//   recovery_in_later_round     a coordinator takes votes of round i for promises of a round after
//                               i + 1: there are rounds of others between (3.2)
//   recovery_without_quorum     a coordinator recovers as soon as it sees two values (3.2)
//   own_pick_in_classic_round   acceptors recover by themselves in a classic round, where a classic
//                               quorum chooses (3.2)
//   only_fast_rounds            coordinators never turn to classic rounds: nothing is chosen once
//                               a fast quorum is not there (3.3, CA4; liveness)
//   most_votes                  a coordinator takes the value of V with most votes (equivalent: the
//                               Quorum Requirement makes that the one that satisfies O4, if any)
enum class Bug : std::uint8_t {
  none,
  largest_value,
  highest_round_ignored,
  any_over_votes,
  fast_majority,
  second_vote,
  late_vote,
  accept_below_promise,
  promise_not_persisted,
  vote_not_persisted,
  round_not_persisted,
  promises_counted_twice,
  votes_counted_twice,
  votes_of_all_rounds,
  recovery_in_same_round,
  recovery_in_later_round,
  recovery_without_quorum,
  own_pick_in_classic_round,
  only_fast_rounds,
  most_votes
};
constexpr auto enumerators(Bug) {
  return std::array<std::string_view, 20>{"none",
                                          "largest_value",
                                          "highest_round_ignored",
                                          "any_over_votes",
                                          "fast_majority",
                                          "second_vote",
                                          "late_vote",
                                          "accept_below_promise",
                                          "promise_not_persisted",
                                          "vote_not_persisted",
                                          "round_not_persisted",
                                          "promises_counted_twice",
                                          "votes_counted_twice",
                                          "votes_of_all_rounds",
                                          "recovery_in_same_round",
                                          "recovery_in_later_round",
                                          "recovery_without_quorum",
                                          "own_pick_in_classic_round",
                                          "only_fast_rounds",
                                          "most_votes"};
}

// What a sweep should bring about.
enum class Goal : std::uint8_t {
  chosen_fast,
  chosen_classic,
  collision,
  recovered_by_coordinator,
  recovered_by_acceptor,
  several_values_reported,
  value_saved,
  classic_round_after_fast,
  request_refused,
  vote_recovered
};
inline constexpr std::array<GoalInfo, 10> goals{{
    {"chosen_fast", "A fast round chose a value (3.1)."},
    {"chosen_classic", "A classic round chose a value."},
    {"collision", "A fast round could choose no value any more (3.2)."},
    {"recovered_by_coordinator", "A coordinator took votes for promises (3.2)."},
    {"recovered_by_acceptor", "An acceptor recovered by itself (3.2)."},
    {"several_values_reported", "V held several values (Figure 2)."},
    {"value_saved", "One of several values of V satisfied O4 (Figure 2)."},
    {"classic_round_after_fast", "A coordinator gave up its fast round for a classic one (3.3)."},
    {"request_refused", "An acceptor had promised more (CA1)."},
    {"vote_recovered", "An acceptor restarted with a vote."},
}};

}  // namespace ballast::fast_paxos

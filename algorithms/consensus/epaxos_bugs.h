// Mistakes that a replica can be told to make, one visible branch each: see epaxos.h.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ballast::epaxos {

// Each breaks safety unless it says otherwise.
//   one_ballot_variable          who recovers is told the highest ballot joined as that of the
//                                vote: as published, and wrong
//   vote_ballot_after_restart    a replica takes the ballot of its vote for that of its promise
//   preaccept_reply_not_durable  a replica does not write down what it pre-accepts
//   commit_not_durable           a leader does not write down what it commits
//   ballot_not_durable           a replica does not write down which ballot it joins
//   accept_below_ballot          a replica accepts in a ballot below the one that it has joined
//   execute_before_commit        what is accepted is executed
//   execute_without_waiting      dependencies that are not committed are not waited for
//   cycle_in_found_order         commands of a cycle are executed as they were found
//   conflicts_not_recorded       what a replica pre-accepts for others does not interfere later
//   reads_do_not_interfere       reads depend on nothing
//   deps_not_merged              the slow path goes on with what the leader knew
//   fast_path_with_majority      a majority is taken for a fast quorum
//   fast_path_with_others        answers that add dependencies count for the fast path
//   fast_path_after_joining      a leader commits although it has joined another's ballot
//   answers_counted_twice        a leader counts messages, not replicas
//   preaccepted_ignored          who recovers takes what nobody has accepted for a no-op
//   fast_path_forgotten          who recovers does not look whether the fast path was taken
//   validation_skipped           who recovers does not ask what interferes
//   deps_lost_in_recovery        who recovers an accepted command forgets its dependencies
//   initial_not_told             who accepts is not told what the command began with, and takes it
//                                for one that missed others
//   any_accepted_taken           who recovers takes any accepted command, not that of the highest
//                                ballot
//   retry_executed_again         the client table is not looked at
//   sessions_do_not_interfere    requests of one session interfere only by their keys
//   unseen_not_recovered         nobody recovers an instance of which it knows nothing: nothing
//                                wrong is done, but what depends on it waits for ever
//   seq_not_updated              a replica leaves seq as it is (equivalent: all agree on it, and
//                                clients are answered after the execution)
enum class Bug : std::uint8_t {
  none,
  one_ballot_variable,
  vote_ballot_after_restart,
  preaccept_reply_not_durable,
  commit_not_durable,
  ballot_not_durable,
  accept_below_ballot,
  execute_before_commit,
  execute_without_waiting,
  cycle_in_found_order,
  conflicts_not_recorded,
  reads_do_not_interfere,
  deps_not_merged,
  fast_path_with_majority,
  fast_path_with_others,
  fast_path_after_joining,
  answers_counted_twice,
  preaccepted_ignored,
  fast_path_forgotten,
  validation_skipped,
  deps_lost_in_recovery,
  initial_not_told,
  any_accepted_taken,
  retry_executed_again,
  sessions_do_not_interfere,
  unseen_not_recovered,
  seq_not_updated
};
constexpr auto enumerators(Bug) {
  return std::array<std::string_view, 27>{"none",
                                          "one_ballot_variable",
                                          "vote_ballot_after_restart",
                                          "preaccept_reply_not_durable",
                                          "commit_not_durable",
                                          "ballot_not_durable",
                                          "accept_below_ballot",
                                          "execute_before_commit",
                                          "execute_without_waiting",
                                          "cycle_in_found_order",
                                          "conflicts_not_recorded",
                                          "reads_do_not_interfere",
                                          "deps_not_merged",
                                          "fast_path_with_majority",
                                          "fast_path_with_others",
                                          "fast_path_after_joining",
                                          "answers_counted_twice",
                                          "preaccepted_ignored",
                                          "fast_path_forgotten",
                                          "validation_skipped",
                                          "deps_lost_in_recovery",
                                          "initial_not_told",
                                          "any_accepted_taken",
                                          "retry_executed_again",
                                          "sessions_do_not_interfere",
                                          "unseen_not_recovered",
                                          "seq_not_updated"};
}

}  // namespace ballast::epaxos

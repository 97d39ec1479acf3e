// Mistakes that a replica can be told to make, one visible branch each: see
// viewstamped_replication.h.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ballast::viewstamped_replication {

// Each breaks safety unless it says otherwise.
//   state_transfer_truncates     who hears of a later view goes to it at once, and drops what it
//                                does not know to be committed, before it has the new log: as
//                                published (5.2), and wrong
//   earlier_lives_count          what a replica said before it crashed counts in view changes: as
//                                published (4.3), and wrong
//   nonce_ignored                who recovers takes answers to an earlier Recovery
//   recovery_skipped             who crashed goes on as if it had never been there before
//   recovering_replica_takes_part  who recovers answers in view changes meanwhile
//   recovery_from_any            who recovers takes the log of any replica of the latest view
//   recovery_from_one            who recovers takes the word of the first primary that answers
//   longest_log_wins             a new primary takes the longest log, whatever view it is of
//   view_instead_of_last_normal  DoViewChange tells of the view that the replica leaves, although
//   it
//                                may never have been normal in it
//   first_log_of_view_wins       of the logs of the latest view, a new primary takes the first
//   view_started_by_half         a new primary waits for one DoViewChange too few
//   do_view_change_counted_twice a new primary counts messages, not replicas
//   start_view_taken_again       a StartView that comes again, or late, puts the log back
//   prepare_in_view_change       a replica logs and acknowledges while it changes views
//   prepare_of_earlier_view      a replica obeys the primary of a view that it has left
//   prepare_gap_ignored          a replica logs a request behind whatever it has
//   prepare_ok_counted_twice     a primary counts messages, not replicas
//   prepare_ok_of_earlier_view   a primary counts what was acknowledged in an earlier view
//   committed_when_logged        a primary takes for committed what it has just logged
//   commit_of_later_view         a replica takes for committed what it has logged in an earlier
//   view retry_executed_again         the client table is not looked at
//   checkpoint_without_client_table  who is given a checkpoint forgets which requests it had seen
//   read_without_lease           a primary answers reads although it holds no leases
//   own_commit_number_kept       a new primary goes on from its own commit-number (equivalent: what
//                                others know to be committed is in its log, and is prepared again)
enum class Bug : std::uint8_t {
  none,
  state_transfer_truncates,
  earlier_lives_count,
  nonce_ignored,
  recovery_skipped,
  recovering_replica_takes_part,
  recovery_from_any,
  recovery_from_one,
  longest_log_wins,
  view_instead_of_last_normal,
  first_log_of_view_wins,
  view_started_by_half,
  do_view_change_counted_twice,
  start_view_taken_again,
  prepare_in_view_change,
  prepare_of_earlier_view,
  prepare_gap_ignored,
  prepare_ok_counted_twice,
  prepare_ok_of_earlier_view,
  committed_when_logged,
  commit_of_later_view,
  retry_executed_again,
  checkpoint_without_client_table,
  read_without_lease,
  own_commit_number_kept
};
constexpr auto enumerators(Bug) {
  return std::array<std::string_view, 25>{"none",
                                          "state_transfer_truncates",
                                          "earlier_lives_count",
                                          "nonce_ignored",
                                          "recovery_skipped",
                                          "recovering_replica_takes_part",
                                          "recovery_from_any",
                                          "recovery_from_one",
                                          "longest_log_wins",
                                          "view_instead_of_last_normal",
                                          "first_log_of_view_wins",
                                          "view_started_by_half",
                                          "do_view_change_counted_twice",
                                          "start_view_taken_again",
                                          "prepare_in_view_change",
                                          "prepare_of_earlier_view",
                                          "prepare_gap_ignored",
                                          "prepare_ok_counted_twice",
                                          "prepare_ok_of_earlier_view",
                                          "committed_when_logged",
                                          "commit_of_later_view",
                                          "retry_executed_again",
                                          "checkpoint_without_client_table",
                                          "read_without_lease",
                                          "own_commit_number_kept"};
}

}  // namespace ballast::viewstamped_replication

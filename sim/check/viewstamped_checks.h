// The properties of Viewstamped Replication (Liskov and Cowling, "Viewstamped Replication
// Revisited", 2012) under the names that Vanlightly's specification gives them (vsr-tlaplus). They
// hear what replicas state of views and logs, which a crash takes away: what a replica held counts
// until it has recovered, since until then it has no say in anything. Its other two invariants have
// other names here: NoAppStateDivergence is checkpoints_agree, and CommitNumberMatchesAppState is
// gap_free_apply.
#pragma once

#include <memory>

#include "sim/check/checker.h"

namespace ballast {

// NoLogDivergence, and more: of two replicas in one view the log of one is the beginning of the
// other's, whether it is committed or not.
std::unique_ptr<Checker> make_no_log_divergence(const Group& group);

// Within a view the log of a replica only grows, whether it crashes or not: "its state is at least
// as recent as when it failed" (section 8.2). For another view it removes nothing that is
// committed.
std::unique_ptr<Checker> make_log_grows_in_view(const Group& group);

// AcknowledgedWriteNotLost: whoever becomes the primary of a view has in its log what was committed
// in any view before.
std::unique_ptr<Checker> make_acknowledged_write_not_lost(const Group& group);

// AcknowledgedWritesExistOnMajority: what is stated to be committed is in the logs of a majority.
std::unique_ptr<Checker> make_acknowledged_writes_exist_on_majority(const Group& group);

// CommitNumberNeverHigherThanOpNumber: no replica takes for committed what its log does not hold.
std::unique_ptr<Checker> make_commit_number_never_higher(const Group& group);

}  // namespace ballast

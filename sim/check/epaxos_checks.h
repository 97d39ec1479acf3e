// The properties of EPaxos (Moraru, Andersen and Kaminsky, "There Is More Consensus in Egalitarian
// Parliaments", SOSP 2013), section 4.2, and what has to hold within an instance so that they do.
#pragma once

#include <memory>

#include "sim/check/checker.h"

namespace ballast {

// Nontriviality: any command committed by any replica must have been proposed by a client. A no-op
// is no command.
std::unique_ptr<Checker> make_nontriviality(const Group& group);

// Stability: what a replica has committed it commits in no other way later, and it accepts nothing
// for that instance any more, in any of its lives.
std::unique_ptr<Checker> make_stability(const Group& group);

// Consistency: two replicas never have different commands committed for the same instance. As in
// the specification, their attributes are equal, too.
std::unique_ptr<Checker> make_consistency(const Group& group);

// Execution consistency: if two interfering commands are committed, every replica executes them in
// the same order. Commands interfere here if they are about one key and one of them changes it. And
// nothing is executed that nobody has committed.
std::unique_ptr<Checker> make_execution_consistency(const Group& group);

// A replica's ballot for an instance never falls, and it accepts nothing below it.
std::unique_ptr<Checker> make_ballot_monotonic(const Group& group);

// What is committed in a ballot is all that replicas accept in that and in later ballots.
std::unique_ptr<Checker> make_committed_is_final(const Group& group);

}  // namespace ballast

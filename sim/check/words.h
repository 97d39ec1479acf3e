// What the sentences of violations are made of.
#pragma once

#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/protocol/fact.h"

namespace ballast {

// "3.n2", or "0" for the ballot that is below all others.
std::string to_text(const Ballot& ballot);

// A value by its digest. A small number is taken to be the value itself, as in Paxos, and written
// as it is ("-7"); a hash, as in a replicated log, by its hexadecimal digits ("#00c3...").
std::string to_text(ValueDigest value);

// "instance n2.3", the third one of n2.
std::string to_text(const Instance& instance);
// What an instance holds: a value by its digest, or "a no-op".
std::string command_text(ValueDigest value);

// "request 7 of n4", or "request 7 of session 2 of n4" for any session but number 0.
std::string to_text(const RequestId& request);

// "n1", "n1 and n2", "n1, n2 and n3".
std::string to_text(const std::vector<NodeId>& nodes);

// An acceptance as one in a slot: slot 0 stands for the only decision of a single-decree algorithm.
// REQUIRES that the fact is one of the two.
SlotAccepted in_slot(const Fact& accepted);
// " for slot 7"; nothing for slot 0.
std::string slot_words(Slot slot);

}  // namespace ballast

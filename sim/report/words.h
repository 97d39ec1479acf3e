// What nodes did, in words, for people who read a violation.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sim/fault/fault.h"
#include "sim/protocol/fact.h"
#include "sim/report/names.h"

namespace ballast {

// What a node did by stating the fact, without the node: "voted for n3 in term 7".
std::string in_words(const Fact& fact, const Names& names);

// The members of a JSON object without its punctuation: {"term":7,"vote":"granted"} becomes
// "term 7, vote granted". Lists of objects are counted, and longer text is cut short.
std::string members_in_words(std::string_view json, const Names& names, std::size_t longest = 110);

// What a fault says besides its defaults: "nodes 3, unflushed prefix".
std::string options_in_words(const FaultAction& action, const Names& names);

// [{"TermAndVote":{"term":7,"voted_for":1}}] becomes "TermAndVote (term 7, voted_for 1)".
std::string records_in_words(std::string_view json, const Names& names);

// "RequestVote (term 7, last_index 3)". What clients ask is said as their history says it.
std::string message_in_words(std::string_view name, std::string_view json, const Names& names);

// The same text, easier on the eye: times in microseconds ("0.183117 s"), and every "#" with
// sixteen hexadecimal digits cut to as few digits as still tell all of them apart.
std::string readable(std::string text);

}  // namespace ballast
